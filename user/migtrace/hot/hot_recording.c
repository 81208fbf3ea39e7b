// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hot_recording.c - hot pages by what a kernel source has logged
 */
#include <errno.h>
#include <string.h>

#include "cli/recording_load.h"
#include "hot.h"

#define PAGE_BYTES	4096
/* A machine of type pc has its memory above 3 GiB from 4 GiB on. */
#define BELOW_4G	(3ULL << 18)
#define ABOVE_4G	(1ULL << 20)

/*
 * Pages of guest-physical memory; no memslot lies on both sides of 4 GiB. What is beyond its RAM is
 * a device's.
 */
static int mark(void *opaque, uint64_t first, uint64_t count)
{
	int rc = mt_heatmap_mark(opaque, first < ABOVE_4G ? first : first - ABOVE_4G + BELOW_4G,
				 count);

	return rc == -ERANGE ? 0 : rc;
}

static int take(struct mt_heatmap *m, const struct mt_recording *rec)
{
	uint64_t begun_ns = 0;
	bool any = false;

	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_record_pages *p = &rec->entries[i].pages;
		int rc;

		if (rec->entries[i].type != MT_ENTRY_PAGES)
			continue;
		/* A large set takes several entries, which begin but once. */
		if (!any || (p->begins && p->start_ns != begun_ns))
			mt_heatmap_begin(m);
		if (p->begins)
			begun_ns = p->start_ns;
		any = true;
		rc = mt_record_pages_read(p->pages, mark, m);
		if (rc)
			return rc;
	}
	return any ? 0 : -ENODATA;
}

static uint64_t memory_of(const struct mt_recording *rec)
{
	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_GUEST)
			return rec->entries[i].guest.memory_bytes;
	return 0;
}

int hot_of_recording(struct mt_heatmap *m, const char *path, struct mt_err *err)
{
	struct mt_recording *rec = NULL;
	int rc = recording_load(&rec, path, err);
	uint64_t pages;

	if (rc)
		return rc;
	*m = (struct mt_heatmap){ 0 };
	pages = memory_of(rec) / PAGE_BYTES;
	rc = pages ? mt_heatmap_init(m, pages) : -ENODATA;
	if (!rc)
		rc = take(m, rec);
	mt_recording_free(rec);
	if (!rc)
		return 0;
	mt_heatmap_fini(m);
	return mt_err_set(err, rc, "%s: %s", path,
			  rc == -ENODATA ?
				  "no sets of pages in it: make a profile by migtrace record --pages" :
				  rc == -EBADMSG ? "its sets of pages are damaged" :
						   strerror(-rc));
}
