// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_plan.c - from a specification to every migration, in order (PURE)
 */
#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "base/units.h"
#include "campaign.h"

/* Inferred, until there is something to measure. */
#define OVERHEAD_S	3.0	/* of a run: libvirt before and after the migration, verification */
#define START_S		4.0	/* of a guest */
#define TOUCHED		0.7	/* share of a guest's memory that is not zero */
#define PASSES		1.6	/* what a migration sends, in passes over that */

static void shuffle(void *array, size_t n, size_t size, struct mt_rng *random)
{
	char *a = array, swap[128];

	for (size_t i = n; i > 1; i--) {
		size_t k = mt_rng_next(random) % i;

		memcpy(swap, a + k * size, size);
		memcpy(a + k * size, a + (i - 1) * size, size);
		memcpy(a + (i - 1) * size, swap, size);
	}
}

/* What is drawn from: all pairs of bandwidth and limit, in random order, then again. */
struct deck {
	size_t n, next;
	size_t card[1024];
};

static size_t draw(struct deck *d, struct mt_rng *random)
{
	size_t card;

	if (!d->next)
		shuffle(d->card, d->n, sizeof(d->card[0]), random);
	card = d->card[d->next++];
	d->next %= d->n;
	return card;
}

struct build {
	const struct campaign_spec *spec;
	struct campaign_plan *plan;
	struct mt_rng random;		/* the same order on every machine */
	size_t room, room_starts;
};

static struct campaign_run *add_run(struct build *b)
{
	struct campaign_plan *p = b->plan;

	if (p->n_runs == b->room) {
		size_t room = b->room ? 2 * b->room : 256;
		struct campaign_run *runs = realloc(p->runs, room * sizeof(*runs));

		if (!runs)
			return NULL;
		p->runs = runs;
		b->room = room;
	}
	return &p->runs[p->n_runs++];
}

static int add_start(struct build *b, const struct campaign_start *start)
{
	struct campaign_plan *p = b->plan;

	if (p->n_starts == b->room_starts) {
		size_t room = b->room_starts ? 2 * b->room_starts : 64;
		struct campaign_start *starts = realloc(p->starts, room * sizeof(*starts));

		if (!starts)
			return -ENOMEM;
		p->starts = starts;
		b->room_starts = room;
	}
	p->starts[p->n_starts++] = *start;
	return 0;
}

static const struct campaign_method *method(const struct campaign_spec *s, const char *name)
{
	for (size_t i = 0; i < s->n_methods; i++)
		if (!strcmp(s->methods[i].name, name))
			return &s->methods[i];
	return NULL;
}

static bool has(const struct spec_words *words, const char *name)
{
	for (size_t i = 0; i < words->n; i++)
		if (!strcmp(words->v[i], name))
			return true;
	return false;
}

static int combine(struct build *b, const struct campaign_table *t)
{
	size_t n = t->bandwidths.n * t->limits.n;
	struct deck *deck = calloc(1, sizeof(*deck));
	int rc = 0;

	if (!deck)
		return -ENOMEM;
	deck->n = n < MT_ARRAY_SIZE(deck->card) ? n : MT_ARRAY_SIZE(deck->card);
	for (size_t i = 0; i < deck->n; i++)
		deck->card[i] = i;
	for (size_t m = 0; m < t->methods.n && !rc; m++)
		for (size_t k = 0; k < (t->all ? n : 1) * t->repeat && !rc; k++) {
			size_t card = t->all ? k % n : draw(deck, &b->random);
			struct campaign_run *run = add_run(b);

			if (!run)
				rc = -ENOMEM;
			else
				*run = (struct campaign_run){
					.round = (unsigned)(t->all ? k / n : k),
					.method = method(b->spec, t->methods.v[m]),
					.bandwidth_bytes_per_s =
						t->bandwidths.v[card % t->bandwidths.n],
					.limit_ms = t->limits.v[card / t->bandwidths.n],
				};
		}
	free(deck);
	return rc;
}

/*
 * All tables' runs of one guest with one workload, in random order, dealt out to as many starts as
 * they need.
 */
static int add_pair(struct build *b, const struct campaign_guest *g,
		    const struct campaign_workload *w)
{
	const struct campaign_spec *s = b->spec;
	size_t first = b->plan->n_runs, n, starts;
	int rc = 0;

	for (size_t i = 0; i < s->n_tables && !rc; i++)
		if (has(&s->tables[i].guests, g->name) && has(&s->tables[i].workloads, w->name))
			rc = combine(b, &s->tables[i]);
	n = b->plan->n_runs - first;
	if (rc || !n)
		return rc;
	shuffle(b->plan->runs + first, n, sizeof(*b->plan->runs), &b->random);
	starts = (n + s->runs_per_start - 1) / s->runs_per_start;
	for (size_t i = 0; i < starts && !rc; i++) {
		size_t from = n * i / starts, to = n * (i + 1) / starts;

		/* The runs may still move: for now their index stands for them. */
		rc = add_start(b, &(struct campaign_start){
			.guest = g, .workload = w, .runs = (void *)(uintptr_t)(first + from),
			.n_runs = to - from,
		});
	}
	return rc;
}

/* In the order of the starts, and numbered. */
static int settle(struct build *b)
{
	struct campaign_plan *p = b->plan;
	struct campaign_run *ordered = calloc(p->n_runs ? p->n_runs : 1, sizeof(*ordered));
	size_t n = 0;

	if (!ordered)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_starts; i++) {
		struct campaign_start *start = &p->starts[i];
		size_t from = (uintptr_t)start->runs;

		start->runs = ordered + n;
		for (size_t k = 0; k < start->n_runs; k++, n++) {
			ordered[n] = p->runs[from + k];
			ordered[n].number = (unsigned)n + 1;
		}
	}
	free(p->runs);
	p->runs = ordered;
	return 0;
}

int campaign_plan_make(struct campaign_plan *p, const struct campaign_spec *s)
{
	struct build b = { .spec = s, .plan = p, .random = { s->seed } };
	int rc = 0;

	memset(p, 0, sizeof(*p));
	for (size_t g = 0; g < s->n_guests && !rc; g++)
		for (size_t w = 0; w < s->n_workloads && !rc; w++)
			rc = add_pair(&b, &s->guests[g], &s->workloads[w]);
	if (!rc)
		shuffle(p->starts, p->n_starts, sizeof(*p->starts), &b.random);
	if (!rc)
		rc = settle(&b);
	if (rc)
		campaign_plan_fini(p);
	return rc;
}

void campaign_plan_fini(struct campaign_plan *p)
{
	free(p->starts);
	free(p->runs);
	memset(p, 0, sizeof(*p));
}

double campaign_run_estimate_s(const struct campaign_spec *s, const struct campaign_start *start,
			       const struct campaign_run *run)
{
	return (double)start->guest->memory_bytes * TOUCHED / run->bandwidth_bytes_per_s * PASSES +
	       OVERHEAD_S + s->pause_ms / 1e3;
}

double campaign_start_estimate_s(const struct campaign_spec *s)
{
	return START_S + s->profile_ms / 1e3;
}

uint64_t campaign_cap_ms(const struct campaign_spec *s, const struct campaign_run *run,
			 uint64_t bytes)
{
	uint64_t pass_ms = (uint64_t)((double)bytes / run->bandwidth_bytes_per_s * 1e3);

	/* A policy's deadline does not depend on the guest. */
	if (run->method->policy && run->method->cap_ms)
		return run->method->cap_ms;
	return (run->method->cap_ms ? run->method->cap_ms : s->cap_ms) + s->cap_passes * pass_ms;
}

uint64_t campaign_link_bytes_per_s(const struct campaign_spec *s, const struct campaign_run *run)
{
	return run->bandwidth_bytes_per_s * 1000 / s->link_permille;
}
