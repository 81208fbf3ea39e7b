// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace_from.c - the trace of a recorded guest
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "store/recorded.h"
#include "trace_from.h"

#define POINTS_MAX	64

/*
 * A guest page's number skips what the chipset keeps free below 4 GiB, the memory that QEMU sends
 * does not. Inferred: machine `pc`, which puts 3 GiB below.
 */
#define ABOVE_4G	(1ULL << 20)
#define BELOW_4G	(3ULL << 18)

/* --- sets of pages ---------------------------------------------------------- */
struct sets {
	struct mt_trace_recorder *r;
	uint64_t start_ns, end_ns;
};

static int add_run(void *opaque, uint64_t first, uint64_t count)
{
	struct sets *sets = opaque;
	uint64_t low = first < ABOVE_4G && first + count > ABOVE_4G ? ABOVE_4G - first : 0;
	int rc = 0;

	if (low) {			/* over the boundary: no memslot is */
		rc = mt_trace_record_run(sets->r, first, low);
		first += low;
		count -= low;
	}
	if (rc)
		return rc;
	return mt_trace_record_run(sets->r, first < ABOVE_4G ? first : first - ABOVE_4G + BELOW_4G,
				   count);
}

/* A large set comes in several entries of one tick. What goes back in time is left out. */
static int add_set(struct sets *sets, const struct mt_record_pages *p)
{
	int rc;

	if (p->start_ns == sets->start_ns && p->t_ns == sets->end_ns)
		return mt_record_pages_read(p->pages, add_run, sets);
	if (p->t_ns <= p->start_ns || p->start_ns < sets->end_ns)
		return 0;
	sets->start_ns = p->start_ns;
	sets->end_ns = p->t_ns;
	rc = mt_trace_record_tick(sets->r, p->start_ns, p->t_ns, p->begins);
	return rc ? rc : mt_record_pages_read(p->pages, add_run, sets);
}

/* Return: 0; -ENODATA there are none. */
static int from_sets(struct mt_trace *t, const struct mt_recording *rec, uint64_t memory_bytes,
		     struct mt_err *err)
{
	struct sets sets = { .r = mt_trace_record(memory_bytes / MT_TRACE_PAGE_BYTES) };
	int rc = sets.r ? 0 : -ENOMEM;

	for (size_t i = 0; i < rec->n_entries && !rc; i++)
		if (rec->entries[i].type == MT_ENTRY_PAGES)
			rc = add_set(&sets, &rec->entries[i].pages);
	if (rc == -EINVAL) {
		mt_trace_record_abandon(sets.r);
		return mt_err_set(
			err, rc, "%s: its sets of pages are damaged, or of a guest beyond %llu GiB",
			rec->path, MT_TRACE_RECORDED_PAGES_MAX * MT_TRACE_PAGE_BYTES >> 30);
	}
	if (rc) {
		mt_trace_record_abandon(sets.r);
		return mt_err_set(err, rc, "%s: its sets of pages are damaged: %s", rec->path,
				  strerror(-rc));
	}
	rc = mt_trace_recorded(t, sets.r);
	if (rc == -ERANGE)
		return mt_err_set(err, rc,
				  "%s: its sets of pages are damaged: more than %d pages a second",
				  rec->path, MT_TRACE_PAGES_PER_S_MAX);
	return rc && rc != -ENODATA ?
		       mt_err_set(err, rc, "%s: its sets of pages: %s", rec->path, strerror(-rc)) :
		       rc;
}

/* --- curves --------------------------------------------------------------- */
struct points {
	struct mt_trace_point v[POINTS_MAX];
	unsigned of[POINTS_MAX];	/* how many windows of that length it is the mean of */
	size_t n;
};

static void add_point(struct points *p, double window_s, double pages)
{
	size_t at = 0;

	if (!(window_s > 0) || !isfinite(pages) || pages < 0)
		return;
	while (at < p->n && p->v[at].window_s < window_s)
		at++;
	if (at < p->n && p->v[at].window_s == window_s) {
		p->v[at].pages += (pages - p->v[at].pages) / ++p->of[at];
		return;
	}
	if (p->n == POINTS_MAX)
		return;
	memmove(&p->v[at + 1], &p->v[at], (p->n - at) * sizeof(p->v[0]));
	memmove(&p->of[at + 1], &p->of[at], (p->n - at) * sizeof(p->of[0]));
	p->v[at] = (struct mt_trace_point){ window_s, pages };
	p->of[at] = 1;
	p->n++;
}

static void curve_points(struct points *p, const struct mt_entry *e)
{
	if (e->type == MT_ENTRY_CURVE)
		add_point(p, e->curve.window_ms / 1e3, e->curve.mean_pages);
}

static void measured_points(struct points *p, const struct mt_entry *e)
{
	if (e->type == MT_ENTRY_DIRTYRATE)
		add_point(p, (double)e->dirtyrate.window_ms / 1e3,
			  (double)e->dirtyrate.bytes_per_s * (double)e->dirtyrate.window_ms / 1e3 /
				  MT_TRACE_PAGE_BYTES);
}

static void pass_points(struct points *p, const struct mt_recording *rec)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_iteration *last;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE ||
		    rec->entries[i].sample.status != MT_STATUS_ACTIVE ||
		    !mt_iterations_feed(&its, &rec->entries[i].sample))
			continue;
		last = mt_iterations_last(&its);
		add_point(p, last->duration_s, last->dirtied_bytes / MT_TRACE_PAGE_BYTES);
	}
}

static void find_points(struct points *p, const struct mt_recording *rec)
{
	static void (*const kinds[])(struct points * p,
				     const struct mt_entry *e) = { curve_points, measured_points };

	for (size_t k = 0; k < MT_ARRAY_SIZE(kinds) && !p->n; k++)
		for (size_t i = 0; i < rec->n_entries; i++)
			kinds[k](p, &rec->entries[i]);
	if (!p->n)
		pass_points(p, rec);
}

int mt_trace_from_recording(struct mt_trace *t, const struct mt_recording *rec,
			    uint64_t memory_bytes, uint64_t seed, struct mt_err *err)
{
	struct points points = { .n = 0 };
	struct mt_recorded_guest guest;
	int rc = from_sets(t, rec, memory_bytes, err);

	if (rc != -ENODATA)
		return rc;
	find_points(&points, rec);
	if (!points.n)
		return mt_err_set(
			err, -ENODATA,
			"%s does not say which pages the guest writes to: it has neither a profile nor passes",
			rec->path);
	if (!memory_bytes) {
		mt_recorded_guest(&guest, rec);
		memory_bytes = (uint64_t)guest.memory_bytes;
	}
	if (!memory_bytes)
		return mt_err_set(err, -EINVAL,
				  "%s does not say how large the guest is: --memory does",
				  rec->path);
	return mt_trace_fitted(t, points.v, points.n, memory_bytes / MT_TRACE_PAGE_BYTES, seed,
			       err);
}
