// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epr_series.c - recordings into series of slots
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "model/markov/slots.h"
#include "research/folder.h"
#include "epr_series.h"

#define TICK_SLOT_MS	100
/* What is longer than this is no tick: it is left out, and the series goes on after it. */
#define GAP_S		2.0
#define PAGE_BYTES	4096.0
/* R in each slot: the state of the devices, as sim/params.c has it. */
#define STATE_PAGES	(100e3 / PAGE_BYTES)
/*
 * D of a made-up series: a journal that is committed every 5 s, ext4's interval, and is being
 * written for half of that; a quarter of what is dirtied. Both shares inferred.
 */
#define DISK_PERIOD_S	5.0
#define DISK_SHARE	0.25

struct filling {
	struct epr_series *s;
	struct mt_slots slots;
	int rc;
};

static int append(struct epr_series *s, double amount)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		double *more = reallocarray(s->slots, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->slots = more;
		s->room = room;
	}
	s->slots[s->n++] = amount;
	return 0;
}

static void on_slot(double amount, void *opaque)
{
	struct filling *f = opaque;

	if (!f->rc)
		f->rc = append(f->s, amount);
}

static void begin(struct filling *f, struct epr_series *s, const char *source, unsigned slot_ms)
{
	*f = (struct filling){ .s = s };
	s->source = source;
	s->slot_ms = slot_ms;
	mt_slots_init(&f->slots, slot_ms / 1e3);
}

/* What the disk probe counts as written, at even rates between its readings. */
struct disk {
	const struct mt_recording *rec;
	size_t at;			/* no earlier entry ends later than what was asked for */
};

static const struct mt_work *written(const struct disk *d, size_t i)
{
	const struct mt_entry *e = &d->rec->entries[i];
	uint64_t bytes;

	return e->type == MT_ENTRY_WORK && e->work.t_ns > e->work.start_ns &&
			       mt_work_get(&e->work, MT_WORK_disk_written_bytes, &bytes) ?
		       &e->work :
		       NULL;
}

/* Pages from @from_ns to @to_ns; < 0: the probe does not cover that. */
static double written_pages(struct disk *d, uint64_t from_ns, uint64_t to_ns)
{
	uint64_t covered_ns = 0;
	double bytes = 0;

	for (size_t i = d->at; i < d->rec->n_entries; i++) {
		const struct mt_work *w = written(d, i);
		uint64_t begin, end;

		if (!w)
			continue;
		if (w->start_ns >= to_ns)
			break;
		begin = w->start_ns > from_ns ? w->start_ns : from_ns;
		end = w->t_ns < to_ns ? w->t_ns : to_ns;
		if (end <= begin) {
			d->at = i + 1;
			continue;
		}
		bytes += (double)w->disk_written_bytes * (double)(end - begin) /
			 (double)(w->t_ns - w->start_ns);
		covered_ns += end - begin;
	}
	return covered_ns == to_ns - from_ns ? bytes / PAGE_BYTES : -1;
}

/* Besides memory, over a tick; < 0: not known. */
static double besides(struct disk *d, const struct mt_tick *t)
{
	double pages = written_pages(d, t->start_ns, t->t_ns);

	return pages < 0 ? pages :
			   pages + STATE_PAGES * (double)(t->t_ns - t->start_ns) / MT_NS_PER_MS /
					   TICK_SLOT_MS;
}

static void add_ticks(struct filling *f, const struct mt_recording *rec, bool storage)
{
	struct disk disk = { .rec = rec };
	uint64_t last_ns = 0;

	for (size_t i = 0; i < rec->n_entries && !f->rc; i++) {
		const struct mt_tick *t = &rec->entries[i].tick;
		double s, more;

		if (rec->entries[i].type != MT_ENTRY_TICK || !mt_tick_has(t, pages) ||
		    t->t_ns <= t->start_ns)
			continue;
		/* Ticks in which logging was not on all the time say less than they seem to. */
		if (!(t->state & MIGTRACE_STATE_LOGGING) || t->start_ns < last_ns)
			continue;
		s = (double)(t->t_ns - t->start_ns) / MT_NS_PER_S;
		more = storage ? besides(&disk, t) : 0;
		if (s < GAP_S && more >= 0)
			mt_slots_add(&f->slots, s, (double)t->pages + more, on_slot, f);
		last_ns = t->t_ns;
	}
}

/* What is dirtied each second, once for each time that QEMU says so. */
static void add_rates(struct filling *f, const struct mt_recording *rec)
{
	const struct mt_sample *last = NULL;
	uint64_t first_ns = 0;

	for (size_t i = 0; i < rec->n_entries && !f->rc; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE || s->status != MT_STATUS_ACTIVE ||
		    !mt_sample_has(s, dirty_pages_per_s))
			continue;
		/* 0 until the first sync that tells. */
		if (s->dirty_pages_per_s == (last ? last->dirty_pages_per_s : 0))
			continue;
		f->rc = append(f->s, (double)s->dirty_pages_per_s);
		first_ns = last ? first_ns : s->t_ns;
		last = s;
	}
	if (f->s->n > 1)
		f->s->slot_ms = (unsigned)((last->t_ns - first_ns) / (f->s->n - 1) / MT_NS_PER_MS);
}

int epr_series_load(struct epr_series *s, const struct mt_recording *rec, bool storage)
{
	mt_autofree char *folder = folder_of(rec->path);
	struct filling f;

	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", rec->path);
	snprintf(s->folder, sizeof(s->folder), "%s", folder ? folder : "");
	begin(&f, s, EPR_TICKS, TICK_SLOT_MS);
	add_ticks(&f, rec, storage);
	/* It tells of memory alone. */
	if (!f.rc && !s->n && !storage) {
		begin(&f, s, EPR_RATE, 0);
		add_rates(&f, rec);
	}
	if (!f.rc && !s->n)
		f.rc = -ENODATA;
	if (f.rc)
		epr_series_fini(s);
	return f.rc;
}

static int add_storage(double *slots, size_t n, const struct mt_phases *memory)
{
	struct mt_phases journal = {
		.kind = MT_PHASE_SQUARE,
		.period_slots = DISK_PERIOD_S * 1e3 / TICK_SLOT_MS,
		.high = DISK_SHARE * (memory->low + memory->high),	/* for half of the time */
		.noise_share = memory->noise_share,
		.seed = ~memory->seed,
	};
	mt_autofree double *more = calloc(n, sizeof(*more));
	int rc = more ? mt_phases_make(&journal, more, n) : -ENOMEM;

	for (size_t i = 0; i < n && !rc; i++)
		slots[i] += more[i] + STATE_PAGES;
	return rc;
}

int epr_series_make(struct epr_series *s, const struct mt_phases *phases, size_t n, bool storage)
{
	int rc;

	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s, period %g slots, noise %g %%",
		 mt_phase_kind_name(phases->kind), phases->period_slots, 100 * phases->noise_share);
	s->source = EPR_MADE;
	s->slot_ms = TICK_SLOT_MS;
	s->slots = calloc(n, sizeof(*s->slots));
	if (!s->slots)
		return -ENOMEM;
	s->n = s->room = n;
	rc = mt_phases_make(phases, s->slots, n);
	return rc || !storage ? rc : add_storage(s->slots, n, phases);
}

int epr_series_copy(struct epr_series *s, const struct epr_series *from)
{
	*s = *from;
	s->room = from->n;
	s->slots = calloc(from->n ? from->n : 1, sizeof(*s->slots));
	if (!s->slots)
		return -ENOMEM;
	memcpy(s->slots, from->slots, from->n * sizeof(*s->slots));
	return 0;
}

bool epr_series_beside(const struct epr_series *a, const struct epr_series *b)
{
	return !strcmp(a->source, b->source) && !strcmp(a->folder, b->folder);
}

void epr_series_coarsen(struct epr_series *s, unsigned n)
{
	size_t to = 0;

	if (n < 2)
		return;
	for (size_t from = 0; from + n <= s->n; from += n, to++) {
		double sum = 0;

		for (unsigned k = 0; k < n; k++)
			sum += s->slots[from + k];
		s->slots[to] = sum;
	}
	s->n = to;
	s->slot_ms *= n;
}

void epr_series_fini(struct epr_series *s)
{
	free(s->slots);
	s->slots = NULL;
	s->n = 0;
}
