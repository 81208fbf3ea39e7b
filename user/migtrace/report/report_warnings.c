// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_warnings.c - what a person should know of a recorded migration, beside its figures
 */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "curve/ringsize.h"
#include "report.h"

/* A time in which something held, and the sample that began it. */
struct span {
	uint64_t from_ns, to_ns;
	bool open;
};

struct seen {
	struct span miscounted, paused;
	struct span still;		/* the longest */
	unsigned n_miscounted, n_unknown;
	uint64_t last_ns;
	enum mt_status last;
};

__attribute__((format(printf, 2, 3)))
static void warn(struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->n_warnings == REPORT_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(r->warnings[r->n_warnings++], sizeof(r->warnings[0]), fmt, ap);
	va_end(ap);
}

static void span_feed(struct span *span, bool holds, uint64_t t_ns)
{
	if (holds && !span->open)
		span->from_ns = t_ns;
	if (holds)
		span->to_ns = t_ns;
	span->open = holds;
}

static double span_ms(const struct span *span)
{
	return span->to_ns > span->from_ns ? (double)(span->to_ns - span->from_ns) / 1e6 : 0;
}

static void look(struct seen *seen, struct mt_iterations *its, const struct mt_sample *s)
{
	struct span still;

	mt_iterations_feed(its, s);
	still = (struct span){ .from_ns = its->moved.t_ns, .to_ns = s->t_ns };
	if (its->still_s * 1e3 >= MT_STALL_TELL_MS && span_ms(&still) > span_ms(&seen->still))
		seen->still = still;
	if (!seen->n_miscounted && s->miscounted)
		seen->miscounted.from_ns = s->t_ns;
	seen->n_miscounted += s->miscounted;
	seen->n_unknown += s->status == MT_STATUS_UNKNOWN;
	span_feed(&seen->paused, s->status == MT_STATUS_POSTCOPY_PAUSED, s->t_ns);
	seen->last = s->status;
}

/* In all ticks of the migrations, or of a profile. */
static void warn_of_rings(struct report *r)
{
	struct mt_tick all = { 0 };
	uint64_t exits = 0;

	for (size_t i = 0; i < r->rec->n_entries; i++) {
		const struct mt_tick *t = &r->rec->entries[i].tick;

		if (r->rec->entries[i].type != MT_ENTRY_TICK || !mt_tick_has(t, ring_entries))
			continue;
		all.ring_used = t->ring_used > all.ring_used ? t->ring_used : all.ring_used;
		all.ring_entries = t->ring_entries;
		if (mt_tick_has(t, ring_full_exits))
			exits += t->ring_full_exits;
	}
	if (!exits || all.ring_entries >= MT_RING_ENTRIES_MAX)
		return;
	warn(r, "dirty rings of %llu entries were full %llu time%s, and their vCPUs stood still: ask for %llu, as <dirty-ring state='on' size=.../> in the guest's <kvm> features",
	     (unsigned long long)all.ring_entries, (unsigned long long)exits, exits > 1 ? "s" : "",
	     (unsigned long long)mt_ring_entries_wanted(all.ring_used, all.ring_entries, true));
}

void report_warn(struct report *r)
{
	char a[MT_UNIT_STR], b[MT_UNIT_STR];
	struct mt_iterations its;
	struct seen seen = { 0 };
	size_t next = mt_recording_migration(r->rec, 0);

	mt_iterations_init(&its);
	for (size_t i = 0; i < r->rec->n_entries; i++) {
		if (i == next) {
			mt_iterations_init(&its);
			next = mt_recording_migration(r->rec, i);
		}
		if (r->rec->entries[i].type == MT_ENTRY_SAMPLE)
			look(&seen, &its, &r->rec->entries[i].sample);
	}
	if (r->n_migrations > 1)
		warn(r, "%zu migrations are in it, told apart below; the outcome is the last one's",
		     r->n_migrations);
	if (seen.n_miscounted)
		warn(r,
		     "from %s on QEMU has lost count of what is left to send (%u answer%s; a RAM block was resized meanwhile?): cancel such a migration, it may never end",
		     mt_format_duration_ms(a, report_ms(r, seen.miscounted.from_ns)),
		     seen.n_miscounted, seen.n_miscounted > 1 ? "s" : "");
	if (span_ms(&seen.still) > 0)
		warn(r,
		     "nothing was sent for %s, from %s on: the link or the destination had stalled; --stall-timeout says when to give up",
		     mt_format_duration_ms(a, span_ms(&seen.still)),
		     mt_format_duration_ms(b, report_ms(r, seen.still.from_ns)));
	if (seen.paused.to_ns)
		warn(r, "post-copy %s (status postcopy-paused) for %s, from %s on%s",
		     seen.last == MT_STATUS_POSTCOPY_PAUSED ? "stands still" : "stood still",
		     mt_format_duration_ms(a, span_ms(&seen.paused)),
		     mt_format_duration_ms(b, report_ms(r, seen.paused.from_ns)),
		     seen.last == MT_STATUS_POSTCOPY_PAUSED ?
			     ": the guest waits for its memory; recover it by virsh migrate --postcopy --postcopy-resume" :
			     "");
	if (seen.n_unknown)
		warn(r,
		     "%u answer%s a status that is not known here: nothing was concluded from it",
		     seen.n_unknown, seen.n_unknown > 1 ? "s have" : " has");
	warn_of_rings(r);
}
