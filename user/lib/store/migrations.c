// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * migrations.c - where one migration in a recording ends and the next begins
 */
#include "record.h"

size_t mt_recording_migration(const struct mt_recording *rec, size_t from)
{
	struct mt_sample known = { 0 };
	bool seen = false;	/* under way; before, QEMU may still tell of one that was over when
				 * the recording began */

	for (size_t i = from; i < rec->n_entries; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE)
			continue;
		if (seen && mt_sample_begins(&known, s))
			return i;
		seen |= mt_status_is_under_way(s->status);
		mt_sample_follow(&known, s);
	}
	return rec->n_entries;
}
