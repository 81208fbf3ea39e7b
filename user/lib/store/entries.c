// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * entries.c - a recording in memory, while it is being read
 */
#include <errno.h>

#include "entries.h"

/*
 * What a writer keeps (thin.c), a reader has room for: entries, and text in blocks that are at
 * least half full.
 */
_Static_assert(MT_RECORDING_MAX_ENTRIES * sizeof(struct mt_entry) +
			       2ULL * MT_RECORDING_MAX_TEXT_BYTES <=
		       MT_RECORDING_MEMORY_BYTES,
	       "a recording would be written that is not read");

struct mt_recording *mt_recording_new(const char *path, const struct mt_recording_limits *limits)
{
	struct mt_recording *rec = calloc(1, sizeof(*rec));

	if (!rec)
		return NULL;
	rec->priv = calloc(1, sizeof(struct mt_recording_store));
	if (rec->priv)
		mt_recording_store(rec)->memory_bytes =
			limits->memory_bytes ? limits->memory_bytes : MT_RECORDING_MEMORY_BYTES;
	if (rec->priv)
		rec->path = mt_strings_add(&mt_recording_store(rec)->strings, path);
	if (!rec->path) {
		mt_recording_free(rec);
		return NULL;
	}
	return rec;
}

void mt_recording_free(struct mt_recording *rec)
{
	if (!rec)
		return;
	if (rec->priv)
		mt_strings_fini(&mt_recording_store(rec)->strings);
	free(rec->priv);
	free(rec->entries);
	free(rec);
}

/* How many entries fit beside the strings. */
static size_t most_entries(const struct mt_recording_store *store)
{
	if (store->strings.bytes >= store->memory_bytes)
		return 0;
	return (store->memory_bytes - store->strings.bytes) / sizeof(struct mt_entry);
}

int mt_recording_add(struct mt_recording *rec, const struct mt_entry *e, struct mt_err *err)
{
	struct mt_recording_store *store = rec->priv;
	size_t most = most_entries(store);

	if (rec->n_entries >= most)
		return MT_RECORDING_FULL;
	if (rec->n_entries == store->room) {
		size_t room = store->room ? 2 * store->room : 64;
		struct mt_entry *more;

		room = room < most ? room : most;
		more = reallocarray(rec->entries, room, sizeof(*more));
		if (!more)
			return mt_err_set(err, -ENOMEM, "out of memory");
		rec->entries = more;
		store->room = room;
	}
	rec->entries[rec->n_entries++] = *e;
	return 0;
}

void mt_recording_cut(struct mt_recording *rec, const char *bound)
{
	rec->truncated = true;
	rec->bound = bound;
}
