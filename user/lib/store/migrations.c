// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * migrations.c - where one migration in a recording ends and the next begins
 */
#include <migtrace/record.h>

/* What @newer does not tell is as before: the last answers about a migration often have no figures. */
static void follow(struct mt_sample *known, const struct mt_sample *newer)
{
	uint64_t v;

	known->t_ns = newer->t_ns;
	known->status = newer->status;
	for (int f = 0; f < MT_FIELD_COUNT; f++)
		if (mt_sample_get(newer, f, &v))
			mt_sample_put(known, f, v);
}

size_t mt_recording_migration(const struct mt_recording *rec, size_t from)
{
	struct mt_sample known = { 0 };
	bool seen = false;	/* under way; before, QEMU may still tell of one that was over when the recording began */

	for (size_t i = from; i < rec->n_entries; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE)
			continue;
		if (seen && mt_sample_begins(&known, s))
			return i;
		seen |= mt_status_is_under_way(s->status);
		follow(&known, s);
	}
	return rec->n_entries;
}
