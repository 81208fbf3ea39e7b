// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * learn.c - what training a model, and asking it, costs
 *
 *	learn [LESSONS]
 *
 * A world of so many migrations (10,000) of eight methods, of which three targets are known, all of
 * which depend on what the rules do not know of. Prints one JSON object: seconds that training
 * takes, and microseconds of one prediction of all targets and methods, the analytic forecasts that
 * it sits on included: median, 90th and 99th percentile over 1000 guests. One thread.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/quantile.h"
#include "base/rng.h"
#include "learn/train.h"

#define MIB	(1024.0 * 1024)
#define GUESTS	1000

static struct mt_rng rng = { 1 };

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

struct guest {
	struct mt_ucurve u;
	struct mt_measures measured;
	struct mt_forecast_input in;
};

static void make(struct guest *g)
{
	double set = (8 + 120 * mt_rng_unit(&rng)) * MIB, rate = (1 + 80 * mt_rng_unit(&rng)) * MIB;

	mt_ucurve_init(&g->u, 1024 * MIB);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++)
		mt_ucurve_point(&g->u, mt_profile_grid_s[i],
				set * -expm1(-rate * mt_profile_grid_s[i] / set), 0.05);
	g->measured = (struct mt_measures)MT_MEASURES_UNKNOWN;
	g->measured.vcpus = 1 + (double)mt_rng_below(&rng, 8);
	g->measured.entropy_working = mt_rng_unit(&rng);
	g->in = (struct mt_forecast_input){
		.curve = &g->u, .memory_bytes = 1024 * MIB, .cpu_share = mt_rng_unit(&rng),
		.resident_bytes = (200 + 800 * mt_rng_unit(&rng)) * MIB,
		.bandwidth_bytes_per_s = (40 + 200 * mt_rng_unit(&rng)) * MIB,
		.downtime_limit_ms = 100 + 900 * mt_rng_unit(&rng),
		.options.flip_after_passes = 1,
	};
}

static void live(struct mt_lesson *l, size_t i)
{
	struct mt_forecast f;
	struct guest g;
	int rc;

	make(&g);
	g.in.method = (enum mt_method)(i % MT_METHOD_COUNT);
	rc = mt_forecast(NULL, &g.in, &f);
	*l = (struct mt_lesson){ .method = g.in.method, .workload = (unsigned)i / 16 };
	mt_features_of(l->x, &g.in, &g.measured, rc ? NULL : &f);
	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		double noise = 0.9 + 0.2 * mt_rng_unit(&rng);

		l->base[k] = rc ? NAN : mt_target_base(k, &f);
		l->real[k] = l->base[k] * noise * (0.7 + 0.6 * g.measured.entropy_working);
	}
}

static double ask_us(const struct mt_trained *t, double *us)
{
	volatile double sink = 0;

	for (size_t i = 0; i < GUESTS; i++) {
		struct guest g;
		double from;

		make(&g);
		from = now_us();
		for (int m = 0; m < MT_METHOD_COUNT; m++) {
			struct mt_expected said;

			g.in.method = m;
			if (!mt_trained_expect(t, &g.in, &g.measured, &said))
				sink = sink + said.target[0].p50;
		}
		us[i] = now_us() - from;
	}
	mt_sort(us, GUESTS);
	return sink;
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000, rows = 0;
	struct mt_lesson *lessons = calloc(n + 1, sizeof(*lessons));
	struct mt_training how = { .trainer = mt_trainer_find(MT_TRAINER_DEFAULT), .seed = 1,
				   .lessons = lessons, .n = n, .methods = ~0U };
	struct mt_trained *t;
	double us[GUESTS], from;

	if (!lessons)
		return 1;
	for (size_t i = 0; i < n; i++)
		live(&lessons[i], i);
	from = now_us();
	if (mt_train(&t, &how)) {
		fprintf(stderr, "learn: too few lessons\n");
		return 1;
	}
	from = now_us() - from;
	for (int m = 0; m < MT_METHOD_COUNT; m++)
		rows += t->method[m].n_rows;
	ask_us(t, us);
	printf("{\"lessons\":%zu,\"trainer\":\"%s\",\"train_s\":%.1f,\"rows\":%zu,"
	       "\"predict_all_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f}}\n",
	       n, how.trainer->name, from / 1e6, rows, us[GUESTS / 2], us[GUESTS * 9 / 10],
	       us[GUESTS * 99 / 100]);
	mt_trained_free(t);
	free(lessons);
	return 0;
}
