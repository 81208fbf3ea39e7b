// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recorded_guest.c - the guest and the link, as a recording tells of them
 */
#include <math.h>
#include <string.h>

#include "source/iteration.h"
#include "recorded.h"

#define PAGE_BYTES	4096.0		/* of a kernel source */

struct seen {
	struct mt_iterations iterations;
	double sent_bytes, duration_s;		/* in finished passes */
	double zero_bytes;			/* in the first pass */
	bool first_over;
};

static void take_guest(struct mt_recorded_guest *g, const struct mt_record_guest *e)
{
	g->memory_bytes = (double)e->memory_bytes;
	g->resident_bytes = (double)(e->nonzero_bytes ? e->nonzero_bytes : e->resident_bytes);
	g->vcpus = (double)e->vcpus;
	g->cpu_share = e->cpu_share;
}

static void take_sample(struct mt_recorded_guest *g, struct seen *seen, const struct mt_sample *s)
{
	/* Post-copy begins to count anew. */
	if (mt_sample_has(s, memory_bytes) && s->status == MT_STATUS_ACTIVE)
		g->memory_bytes = (double)s->memory_bytes;
	if (!seen->first_over && mt_sample_has(s, zero_pages) && s->zero_pages)
		seen->zero_bytes =
			(double)s->zero_pages *
			(mt_sample_has(s, page_size_bytes) ? s->page_size_bytes : PAGE_BYTES);
	if (mt_sample_has(s, iteration) && s->iteration > 1)
		seen->first_over = true;
	if (!mt_iterations_feed(&seen->iterations, s))
		return;
	seen->sent_bytes += mt_iterations_last(&seen->iterations)->sent_bytes;
	seen->duration_s += mt_iterations_last(&seen->iterations)->duration_s;
	g->passes++;
}

static void take_source(struct mt_recorded_guest *g, const struct mt_record_source *s)
{
	g->source = s->mode ? s->source : NULL;
	g->mode = s->mode;
}

static bool is_ring(const struct mt_entry *e)
{
	if (e->type == MT_ENTRY_SOURCE)
		return e->source.mode && !strcmp(e->source.mode, "ring");
	return e->type == MT_ENTRY_DIRTYRATE && e->dirtyrate.mode &&
	       !strcmp(e->dirtyrate.mode, "dirty-ring");
}

bool mt_recorded_clears_chunks(const struct mt_recording *rec)
{
	if (!rec->header.domain_type || strcmp(rec->header.domain_type, "kvm"))
		return false;
	for (size_t i = 0; i < rec->n_entries; i++)
		if (is_ring(&rec->entries[i]))
			return false;
	return true;
}

void mt_recorded_guest(struct mt_recorded_guest *g, const struct mt_recording *rec)
{
	struct seen seen = { .first_over = false };
	double logged_bytes = 0;

	*g = (struct mt_recorded_guest){ .cpu_share = NAN,
					 .clears_chunks = mt_recorded_clears_chunks(rec) };
	if (rec->header.limits.qemu_limit_ms != MT_LIMIT_UNSET)
		g->downtime_limit_ms = (double)rec->header.limits.qemu_limit_ms;
	mt_iterations_init(&seen.iterations);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type == MT_ENTRY_SAMPLE)
			take_sample(g, &seen, &e->sample);
		else if (e->type == MT_ENTRY_GUEST)
			take_guest(g, &e->guest);
		else if (e->type == MT_ENTRY_SOURCE)
			take_source(g, &e->source);
		else if (e->type == MT_ENTRY_PROFILE)
			g->windows = (unsigned)e->profile.windows;
		else if (e->type == MT_ENTRY_DIRTYRATE)
			g->calculations++;
		else if (e->type == MT_ENTRY_TICK && mt_tick_has(&e->tick, logged_pages))
			logged_bytes = fmax(logged_bytes, e->tick.logged_pages * PAGE_BYTES);
	}
	if (!(g->memory_bytes > 0))
		g->memory_bytes = logged_bytes;
	if (!(g->resident_bytes > 0) && seen.first_over && seen.zero_bytes > 0 &&
	    seen.zero_bytes < g->memory_bytes)
		g->resident_bytes = g->memory_bytes - seen.zero_bytes;
	if (seen.duration_s > 0)
		g->bandwidth_bytes_per_s = seen.sent_bytes / seen.duration_s;
}
