// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * decision.c - what one decision costs, for each policy, on recordings
 *
 *	decision [--rounds N] RECORDING...
 *
 * Every look of the recordings is fed to mt_engine_feed(), and every tick to mt_engine_tick(), as
 * the supervisor of a live migration does: iterations, U(T), the outlook and the policy's step. One
 * that has asked for something final is asked on, as after a refusal, so that it goes on deciding.
 *
 * Prints one JSON object: microseconds of this thread's own processor time, the clock's own cost
 * taken off, and instructions where the machine counts them (null where it does not).
 */
#include <linux/perf_event.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/quantile.h"
#include "base/units.h"
#include "store/record.h"

#define ROUNDS_DEFAULT	20
#define CALIBRATIONS	1001

struct series {
	double *v;
	size_t n, room;
};

static void push(struct series *s, double v)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 4096;
		s->v = realloc(s->v, s->room * sizeof(*s->v));
		if (!s->v)
			abort();
	}
	s->v[s->n++] = v;
}

static double time_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* --- instructions: of user space, this thread's ------------------------------------------- */
static int counter = -1;

static void open_counter(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_HARDWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_HW_INSTRUCTIONS,
					.exclude_kernel = 1,
					.exclude_hv = 1 };

	counter = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static double instructions(void)
{
	uint64_t n = 0;

	return counter >= 0 && read(counter, &n, sizeof(n)) == sizeof(n) ? (double)n : 0;
}

/* What a measure of nothing is: the middle of many. */
static double nothing(double (*now)(void))
{
	double v[CALIBRATIONS];

	for (size_t i = 0; i < CALIBRATIONS; i++) {
		double before = now();

		v[i] = now() - before;
	}
	mt_sort(v, CALIBRATIONS);
	return v[CALIBRATIONS / 2];
}

/* --- one policy ------------------------------------------------------------------------------- */
struct measure {
	double (*now)(void);
	double nothing;
	struct series looks, ticks;
};

static void feed(struct mt_engine *e, const struct mt_entry *entry, struct measure *m)
{
	bool tick = entry->type == MT_ENTRY_TICK;
	struct mt_plan plan;
	double before, took;

	before = m->now();
	if (tick)
		mt_engine_tick(e, &entry->tick, &plan);
	else
		mt_engine_feed(e, &entry->sample, &plan);
	took = m->now() - before - m->nothing;
	push(tick ? &m->ticks : &m->looks, took > 0 ? took : 0);
	e->state.last = MT_ACTION_CONTINUE;
}

static void play(const struct mt_recording *rec, const struct mt_policy *policy, struct measure *m)
{
	struct mt_limits limits = rec->header.limits;
	static struct mt_engine e;

	limits.postcopy_allowed = true;
	for (size_t from = 0, to; from < rec->n_entries; from = to) {
		to = mt_recording_migration(rec, from);
		mt_engine_init(&e, policy, &limits);
		for (size_t i = from; i < to; i++)
			if (rec->entries[i].type == MT_ENTRY_TICK ||
			    (rec->entries[i].type == MT_ENTRY_SAMPLE &&
			     rec->entries[i].sample.status == MT_STATUS_ACTIVE))
				feed(&e, &rec->entries[i], m);
	}
}

static void print_spread(const char *name, struct series *s, const char *unit, bool whole)
{
	if (!s->n) {
		printf("\"%s_p50%s\":null,\"%s_p99%s\":null", name, unit, name, unit);
		return;
	}
	mt_sort(s->v, s->n);
	printf("\"%s_p50%s\":%.*f,\"%s_p99%s\":%.*f", name, unit, whole ? 0 : 2,
	       s->v[s->n / 2], name, unit, whole ? 0 : 2, s->v[s->n * 99 / 100]);
}

static void print(const struct mt_policy *policy, struct measure *us, struct measure *ins)
{
	printf("\"%s\":{\"looks\":%zu,\"ticks\":%zu,", policy->name, us->looks.n, us->ticks.n);
	print_spread("look", &us->looks, "_us", false);
	printf(",");
	print_spread("tick", &us->ticks, "_us", false);
	printf(",\"look_max_us\":%.2f,", us->looks.n ? us->looks.v[us->looks.n - 1] : 0);
	print_spread("look", &ins->looks, "_instructions", true);
	printf("}");
}

static void measure(const struct mt_policy *policy, struct mt_recording *const *recs, size_t n,
		    unsigned rounds)
{
	struct measure us = { .now = time_us, .nothing = nothing(time_us) };
	struct measure ins = { .now = instructions, .nothing = nothing(instructions) };

	for (unsigned round = 0; round < rounds; round++)
		for (size_t i = 0; i < n; i++) {
			play(recs[i], policy, &us);
			if (!round && counter >= 0)
				play(recs[i], policy, &ins);
		}
	print(policy, &us, &ins);
	free(us.looks.v);
	free(us.ticks.v);
	free(ins.looks.v);
	free(ins.ticks.v);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "rounds", required_argument, NULL, 'r' },
						 { 0 } };
	unsigned rounds = ROUNDS_DEFAULT;
	struct mt_recording **recs;
	struct mt_err err = { 0 };
	size_t n = 0;
	int letter;

	while ((letter = getopt_long(argc, argv, "", options, NULL)) == 'r')
		rounds = (unsigned)strtoul(optarg, NULL, 10);
	if (letter != -1 || optind == argc || !rounds) {
		fprintf(stderr, "usage: decision [--rounds N] RECORDING...\n");
		return 2;
	}
	recs = calloc((size_t)argc, sizeof(struct mt_recording *));
	if (!recs)
		return 1;
	for (int i = optind; i < argc; i++)
		if (mt_recording_load(&recs[n++], argv[i], &err)) {
			fprintf(stderr, "decision: %s\n", err.msg);
			return 1;
		}
	open_counter();
	printf("{\"recordings\":%zu,\"rounds\":%u,\"policies\":{", n, rounds);
	for (size_t i = 0; mt_policy_at(i); i++) {
		if (i)
			printf(",");
		measure(mt_policy_at(i), recs, n, rounds);
		fflush(stdout);
	}
	printf("}}\n");
	while (n)
		mt_recording_free(recs[--n]);
	free(recs);
	return 0;
}
