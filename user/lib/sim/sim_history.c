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

static uint64_t count(struct mt_trace *trace, struct window *w, double window_s)
{
	uint64_t ns = (uint64_t)(window_s * 1e9);

	memset(w->seen, 0, w->pages);
	w->distinct = 0;
	trace->ops->advance(trace->opaque, ns, ns, on_writes, w);
	return w->distinct;
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
		double bytes = (double)count(trace, &w, WINDOW_S) * MT_TRACE_PAGE_BYTES;

		mt_slots_add(&slots, WINDOW_S, bytes, take, h);
	}
	free(w.seen);
	return h->n ? 0 : -ENODATA;
}

/* Windows of one length: enough of them to have quantiles, as many as the profile holds. */
#define WINDOWS_MIN	4
#define WINDOWS_MAX	20

static void measure(struct mt_trace *trace, struct window *w, double window_s, double duration_s,
		    struct mt_ucurve *u)
{
	double windows = fmin(floor(duration_s / window_s), WINDOWS_MAX);
	double sum = 0, least = INFINITY, most = 0;

	trace->ops->rewind(trace->opaque);
	for (double i = 0; i < windows; i++) {
		double bytes = (double)count(trace, w, window_s) * MT_TRACE_PAGE_BYTES;

		sum += bytes;
		least = fmin(least, bytes);
		most = fmax(most, bytes);
	}
	mt_ucurve_windows(u, window_s, windows, sum / windows, least, most);
}

int mt_sim_profile(struct mt_trace *trace, const struct mt_sim_params *p, double duration_s,
		   struct mt_beforehand *before)
{
	struct window w = { .pages = trace->pages };
	uint64_t resident = (trace->resident_end - trace->resident_first) * MT_TRACE_PAGE_BYTES;

	if (!(duration_s >= WINDOW_S))
		return -ENODATA;
	w.seen = calloc(w.pages ? w.pages : 1, 1);
	if (!w.seen)
		return -ENOMEM;
	mt_ucurve_init(&before->u, (double)p->memory_bytes);
	for (double window_s = WINDOW_S / 8; window_s * WINDOWS_MIN <= duration_s; window_s *= 2)
		measure(trace, &w, window_s, duration_s, &before->u);
	trace->ops->rewind(trace->opaque);
	mt_ucurve_union(&before->u, duration_s,
			(double)count(trace, &w, duration_s) * MT_TRACE_PAGE_BYTES, false);
	before->nonzero_bytes = (double)(p->resident_bytes ? p->resident_bytes : resident);
	free(w.seen);
	return 0;
}
