// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * fitted.c - a trace that has a given U(T) (PURE)
 *
 * Classes of pages, each written to evenly: n pages at r writes a page and second dirty n (1 -
 * e^(-r T)) of them in a window T. Rates are those of a grid, three a decade, from three times the
 * shortest window's to a tenth of the longest's; the n are the sizes, not below 0, with which the
 * sum comes nearest to the curve, in relative terms (least squares, one size after the other until
 * they stand still). It is a fit: any guest whose pages are written to independently has such a
 * curve, but which pages these are, and whether they really come independently, a curve cannot
 * tell.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "scatter.h"
#include "trace.h"

#define CLASSES_MAX	32
#define POINTS_MAX	64
#define ROUNDS		4000
#define BATCH		1024

struct class {
	double rate, size;		/* writes a page and second; pages */
	uint64_t first, pages;		/* ranks */
	double part;
};

struct fitted {
	struct class classes[CLASSES_MAX];
	unsigned n;
	struct mt_scatter scatter;
	struct mt_rng rng;
	uint64_t seed, memory_pages;
	char told[192];
	uint64_t steps;
};

static double share(const struct class *c, double window_s)
{
	return -expm1(-c->rate * window_s);
}

static void make_grid(struct fitted *f, double shortest_s, double longest_s)
{
	double step = pow(10, 1.0 / 3), rate = 3 / shortest_s;

	for (f->n = 0; f->n < CLASSES_MAX && rate > 0.09 / longest_s; rate /= step)
		f->classes[f->n++].rate = rate;
}

/* Coordinate descent on sum over points of ((sum of classes - U) / U)^2. */
static void fit(struct fitted *f, const struct mt_trace_point *points, size_t n)
{
	double off[POINTS_MAX];		/* sum of classes - U */

	for (size_t i = 0; i < n; i++)
		off[i] = -points[i].pages;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned k = 0; k < f->n; k++) {
			struct class *c = &f->classes[k];
			double gradient = 0, curvature = 0, size;

			for (size_t i = 0; i < n; i++) {
				double x = share(c, points[i].window_s),
				       w = 1 / (points[i].pages * points[i].pages);

				gradient += w * x * off[i];
				curvature += w * x * x;
			}
			size = curvature > 0 ? fmax(0, c->size - gradient / curvature) : 0;
			for (size_t i = 0; i < n; i++)
				off[i] += (size - c->size) * share(c, points[i].window_s);
			c->size = size;
		}
	}
}

/* Whole pages, and no more than there are. */
static void lay_out(struct fitted *f)
{
	uint64_t next = 0;
	unsigned used = 0;

	for (unsigned k = 0; k < f->n; k++) {
		struct class c = f->classes[k];

		c.pages = (uint64_t)(c.size + 0.5);
		if (c.pages > f->memory_pages - next)
			c.pages = f->memory_pages - next;
		c.first = next;
		next += c.pages;
		if (c.pages)
			f->classes[used++] = c;
	}
	f->n = used;
}

static void advance(void *opaque, uint64_t wall_ns, uint64_t work_ns, mt_trace_emit_fn emit,
		    void *to)
{
	struct fitted *f = opaque;
	uint64_t batch[BATCH];

	for (unsigned k = 0; k < f->n; k++) {
		struct class *c = &f->classes[k];
		double due = c->rate * (double)c->pages * (double)work_ns / 1e9 + c->part;
		uint64_t left;

		if (f->steps > MT_TRACE_STEPS_MAX || !(due <= (double)MT_TRACE_STEPS_MAX)) {
			f->steps = MT_TRACE_STEPS_MAX + 1;
			return;
		}
		left = (uint64_t)due;

		f->steps += left;
		c->part = due - (double)left;
		while (left) {
			size_t n = left < BATCH ? left : BATCH;

			for (size_t i = 0; i < n; i++)
				batch[i] = mt_scatter_page(
					&f->scatter, c->first + mt_rng_below(&f->rng, c->pages));
			emit(to, batch, n);
			left -= n;
		}
	}
}

static void restart(void *opaque)
{
	struct fitted *f = opaque;

	f->rng.state = f->seed * 0x2545f4914f6cdd1dULL;
	mt_scatter_init(&f->scatter, f->memory_pages, mt_rng_next(&f->rng));
	for (unsigned k = 0; k < f->n; k++)
		f->classes[k].part = 0;
	f->steps = 0;
}

static bool gave_up(const void *opaque)
{
	const struct fitted *f = opaque;

	return f->steps > MT_TRACE_STEPS_MAX;
}

static const struct mt_trace_ops fitted_ops = { "fitted", advance, restart, free, gave_up };

static int check(const struct mt_trace_point *points, size_t n, uint64_t memory_pages,
		 struct mt_err *err)
{
	if (!n || n > POINTS_MAX || !memory_pages || memory_pages > UINT32_MAX)
		return mt_err_set(err, -EINVAL, "no curve to fit, or none of this guest's");
	for (size_t i = 0; i < n; i++)
		if (!(points[i].window_s > 0) || !(points[i].pages >= 0) ||
		    (i && points[i].window_s <= points[i - 1].window_s))
			return mt_err_set(
				err, -EINVAL,
				"the curve's windows are not in order, or have less than no page");
	return 0;
}

int mt_trace_fitted(struct mt_trace *t, const struct mt_trace_point *points, size_t n,
		    uint64_t memory_pages, uint64_t seed, struct mt_err *err)
{
	struct mt_trace_point positive[POINTS_MAX];
	struct fitted *f;
	size_t n_positive = 0;
	int rc = check(points, n, memory_pages, err);

	memset(t, 0, sizeof(*t));
	if (rc)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < n; i++)
		if (points[i].pages > 0)
			positive[n_positive++] = points[i];
	f->seed = seed;
	f->memory_pages = memory_pages;
	if (n_positive) {
		make_grid(f, positive[0].window_s, positive[n_positive - 1].window_s);
		fit(f, positive, n_positive);
	}
	lay_out(f);
	restart(f);
	snprintf(f->told, sizeof(f->told),
		 "%u classes of pages fitted to U(T) at %zu windows of up to %.3g s; "
		 "which pages they are is made up",
		 f->n, n, points[n - 1].window_s);
	*t = (struct mt_trace){
		.ops = &fitted_ops,
		.opaque = f,
		.pages = memory_pages,
		.resident_end = UINT64_MAX,
		.content = { .compressed_bytes = MT_TRACE_PAGE_BYTES * 0.5, .delta_fixed_bytes = 16,
			     .delta_write_bytes = 128, .delta_writes_max = 16 },
		.told = f->told,
	};
	return 0;
}
