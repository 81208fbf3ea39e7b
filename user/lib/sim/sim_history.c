// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sim_history.c - what a profile would have told of a trace (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "sim.h"

#define WINDOW_S	1.0	/* about when QEMU resets its rings as it measures */

struct window {
	unsigned char *seen;	/* a byte a page */
	uint64_t pages, distinct;
};

static void on_writes(void *to, const uint64_t *pages, size_t n)
{
	struct window *w = to;

	for (size_t i = 0; i < n; i++) {
		if (pages[i] >= w->pages || w->seen[pages[i]])
			continue;
		w->seen[pages[i]] = 1;
		w->distinct++;
	}
}

static void take(double amount, void *opaque)
{
	struct mt_history *h = opaque;

	h->bytes[h->n++] = amount;
}

int mt_sim_history(struct mt_trace *trace, double duration_s, double slot_s, struct mt_history *h)
{
	struct window w = { .pages = trace->pages };
	double windows = floor(duration_s / WINDOW_S);
	struct mt_slots slots;

	*h = (struct mt_history){ .slot_s = slot_s };
	if (!(windows >= 1) || !(slot_s > 0))
		return -ENODATA;
	h->bytes = calloc((size_t)(windows * WINDOW_S / slot_s) + 2, sizeof(*h->bytes));
	w.seen = calloc(w.pages ? w.pages : 1, 1);
	if (!h->bytes || !w.seen) {
		free(w.seen);
		free(h->bytes);
		h->bytes = NULL;
		return -ENOMEM;
	}
	mt_slots_init(&slots, slot_s);
	trace->ops->rewind(trace->opaque);
	for (; windows >= 1; windows--) {
		memset(w.seen, 0, w.pages);
		w.distinct = 0;
		trace->ops->advance(trace->opaque, (uint64_t)(WINDOW_S * 1e9),
				    (uint64_t)(WINDOW_S * 1e9), on_writes, &w);
		mt_slots_add(&slots, WINDOW_S, (double)w.distinct * MT_TRACE_PAGE_BYTES, take, h);
	}
	free(w.seen);
	return h->n ? 0 : -ENODATA;
}
