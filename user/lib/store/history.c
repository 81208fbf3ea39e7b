// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * history.c - a recording's passes, or its ticks, as a series of slots
 */
#include <errno.h>

#include "base/units.h"
#include "history.h"

#define PAGE_BYTES	4096.0
/* Longer than this is no pass and no tick that says anything of its slots. */
#define LONGEST_S	600.0
/* A day: what was before is not needed. */
#define SLOTS_MAX	(1U << 20)

struct filling {
	struct mt_history *h;
	struct mt_slots slots;
	size_t room;
	int rc;
};

static void on_slot(double amount, void *opaque)
{
	struct filling *f = opaque;

	if (f->rc || f->h->n == SLOTS_MAX)
		return;
	if (f->h->n == f->room) {
		size_t room = f->room ? 2 * f->room : 256;
		double *more = reallocarray(f->h->bytes, room, sizeof(*more));

		if (!more) {
			f->rc = -ENOMEM;
			return;
		}
		f->h->bytes = more;
		f->room = room;
	}
	f->h->bytes[f->h->n++] = amount;
}

static void add_passes(struct filling *f, const struct mt_recording *rec)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_iteration *it;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE ||
		    !mt_iterations_feed(&its, &rec->entries[i].sample))
			continue;
		it = mt_iterations_last(&its);
		if (it->duration_s < LONGEST_S)
			mt_slots_add(&f->slots, it->duration_s, it->dirtied_bytes, on_slot, f);
	}
}

/*
 * What one window dirtied, spread over it: the first slots after a reset have more than the later
 * ones, since a page counts once, and that is no phase of the guest's.
 */
static void add_ticks(struct filling *f, const struct mt_recording *rec)
{
	uint64_t window = 0;
	double s = 0, bytes = 0;

	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_tick *t = &rec->entries[i].tick;

		if (rec->entries[i].type != MT_ENTRY_TICK || !mt_tick_has(t, pages) ||
		    !(t->state & MIGTRACE_STATE_LOGGING) || t->t_ns <= t->start_ns ||
		    t->t_ns - t->start_ns > (uint64_t)LONGEST_S * MT_NS_PER_S)
			continue;
		if (!mt_tick_has(t, window) || t->window != window) {
			mt_slots_add(&f->slots, s, bytes, on_slot, f);
			s = bytes = 0;
		}
		window = t->window;
		s += (double)(t->t_ns - t->start_ns) / MT_NS_PER_S;
		bytes += (double)t->pages * PAGE_BYTES;
	}
	mt_slots_add(&f->slots, s, bytes, on_slot, f);
}

int mt_history_of(struct mt_history *h, const struct mt_recording *rec, double slot_s)
{
	struct filling f = { .h = h };

	*h = (struct mt_history){ .slot_s = slot_s };
	mt_slots_init(&f.slots, slot_s);
	add_passes(&f, rec);
	if (!h->n && !f.rc) {
		mt_slots_init(&f.slots, slot_s);
		add_ticks(&f, rec);
	}
	if (!h->n && !f.rc)
		f.rc = -ENODATA;
	if (f.rc)
		mt_history_fini(h);
	return f.rc;
}

void mt_history_fini(struct mt_history *h)
{
	free(h->bytes);
	*h = (struct mt_history){ .slot_s = h->slot_s };
}
