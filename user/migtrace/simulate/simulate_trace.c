// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate_trace.c - the trace that a simulation plays: from a recording, or from words
 *
 * Sets of pages in a recording are played as they are; to anything else a trace is fitted, see
 * trace_from.h.
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cli/recording_load.h"
#include "sim/trace_from.h"
#include "simulate.h"

/* What a file says is not believed beyond 1 TiB: simulating that takes memory, and minutes. */
#define MEMORY_MAX_BYTES	(1ULL << 40)

static int from_words(struct mt_trace *t, const char *what, const struct simulate *q,
		      struct mt_err *err)
{
	mt_autofree char *text = NULL;

	if (asprintf(&text, q->seed_given ? "%s%sseed=%llu" : "%s", what,
		     strchr(what, ':') ? "," : ":", (unsigned long long)q->seed) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_trace_pattern(t, text, err);
}

/* --- from a file ------------------------------------------------------------- */
static uint64_t memory_of(const struct mt_recording *rec)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_SAMPLE &&
		    mt_sample_has(&rec->entries[i].sample, memory_bytes))
			bytes = rec->entries[i].sample.memory_bytes;
	return bytes;
}

static int from_file(struct mt_trace *t, const char *path, struct simulate *q,
		     uint64_t *memory_bytes, struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = recording_load(&rec, path, err);

	if (rc)
		return rc;
	*memory_bytes = memory_of(rec);
	if (*memory_bytes > MEMORY_MAX_BYTES && !q->memory_bytes) {
		rc = mt_err_set(
			err, -EINVAL,
			"%s says that the guest has %llu GiB; if that is true, say so by --memory",
			path, (unsigned long long)(*memory_bytes >> 30));
		mt_recording_free(rec);
		return rc;
	}
	q->ended_early = rec->truncated;
	rc = mt_trace_from_recording(t, rec, q->memory_bytes ? q->memory_bytes : *memory_bytes,
				      q->seed_given ? q->seed : 1, err);
	mt_recording_free(rec);
	return rc;
}

/* A recorded guest is at least as large as what it wrote to. */
static int set_memory(const struct mt_trace *t, const char *what, struct simulate *q,
		      uint64_t known_bytes, struct mt_err *err)
{
	uint64_t written_bytes = t->pages * MT_TRACE_PAGE_BYTES;

	q->params.memory_bytes = q->memory_bytes ? q->memory_bytes :
				 known_bytes	 ? known_bytes :
						   written_bytes;
	q->params.resident_bytes = q->resident_bytes;
	if (written_bytes <= q->params.memory_bytes || !t->ops || !mt_trace_is_pattern(what))
		return 0;
	return mt_err_set(err, -EINVAL, "%s does not fit into --memory: it takes %llu MiB", what,
			  (unsigned long long)(written_bytes / MT_MIB + 1));
}

int simulate_trace(struct mt_trace *t, const char *what, struct simulate *q, struct mt_err *err)
{
	uint64_t memory_bytes = 0;
	int rc;

	q->ended_early = false;
	rc = mt_trace_is_pattern(what) ? from_words(t, what, q, err) :
					 from_file(t, what, q, &memory_bytes, err);
	if (rc)
		return rc;
	rc = set_memory(t, what, q, memory_bytes, err);
	if (rc)
		mt_trace_fini(t);
	return rc;
}
