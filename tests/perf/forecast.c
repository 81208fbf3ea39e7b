// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forecast.c - what a prediction and an update of U(T) cost
 *
 *	forecast [ROUNDS]
 *
 * Prints one JSON object: microseconds of a forecast of all methods, with and without what it would
 * take where one does not end; and of one tick of a profile, by its dirty pages and where they lie.
 * Medians, the 90th and the 99th percentile over so many rounds, and a quarter of them for what it
 * would take.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/quantile.h"
#include "curve/pageset.h"
#include "model/learned.h"

#define MIB		(1024.0 * 1024)
#define GUEST_PAGES	(4u << 18)	/* 4 GiB */
#define TICKS		100		/* of 10 ms: a window */

struct spread {
	double p50, p90, p99;
};

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}

static struct spread spread(double *v, size_t n)
{
	mt_sort(v, n);
	return (struct spread){ v[n / 2], v[n * 9 / 10], v[n * 99 / 100] };
}

static void guest(struct mt_ucurve *d, double set_bytes, double bytes_per_s)
{
	mt_ucurve_init(d, 4096 * MIB);
	for (size_t i = 0; i < MT_PROFILE_POINTS; i++) {
		double u = set_bytes * -expm1(-bytes_per_s * mt_profile_grid_s[i] / set_bytes);

		mt_ucurve_point(d, mt_profile_grid_s[i], u, 0.1);
	}
}

/* All methods for one guest; @needed: and with what pre-copy would end. */
static double forecast_all_us(const struct mt_ucurve *d, bool needed)
{
	struct mt_forecast_input in = {
		.curve = d, .memory_bytes = 4096 * MIB, .resident_bytes = 3000 * MIB,
		.cpu_share = NAN,
		.bandwidth_bytes_per_s = 120 * MIB, .downtime_limit_ms = 300,
	};
	struct mt_forecast f;
	double from = now_us();
	volatile double sink = 0;

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		in.method = m;
		if (!mt_forecast(NULL, &in, &f))
			sink = sink + f.ends;
	}
	in.method = MT_METHOD_PRECOPY;
	if (needed)
		sink = sink + mt_forecast_needed_bandwidth(&in, 0) +
		       mt_forecast_needed_limit_ms(&in, 0);
	return now_us() - from;
}

static struct spread forecasts(unsigned rounds, bool needed)
{
	double *us = calloc(rounds, sizeof(*us));
	struct spread s = { NAN, NAN, NAN };

	for (unsigned i = 0; us && i < rounds; i++) {
		struct mt_ucurve d;

		/* From what converges at once to what never does. */
		guest(&d, (64 + i % 512) * MIB, (1 + i % 300) * MIB);
		us[i] = forecast_all_us(&d, needed);
	}
	if (us)
		s = spread(us, rounds);
	free(us);
	return s;
}

/* --- ticks of a profile ------------------------------------------------------ */
enum where { RANDOM, IN_ORDER, AGAIN };

/* A bitmap of the guest, as a source hands it. */
static uint64_t bitmap[GUEST_PAGES / 64];

/*
 * So many pages: anywhere, the next ones of a writer that goes through memory, or the same ones
 * each time.
 */
static void write_pages(enum where where, unsigned pages, uint64_t *state)
{
	uint64_t seed = where == AGAIN ? 1 : *state;

	memset(bitmap, 0, sizeof(bitmap));
	for (unsigned k = 0; k < pages; k++) {
		uint64_t page = seed % GUEST_PAGES;

		if (where == IN_ORDER) {
			seed++;
		} else {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			page = (seed >> 33) % GUEST_PAGES;
		}
		bitmap[page / 64] |= 1ULL << page % 64;
	}
	*state = seed;
}

static double tick_us(struct mt_profile_builder *b, const struct migtrace_record *r,
		      const struct mt_pageset *set, bool begins)
{
	double from = now_us();

	mt_profile_tick(b, r);
	mt_profile_pages(b, r,
			 &(struct mt_tick_pages){
				 .logged = set, .whole = true, .begun = begins ? set : NULL });
	return now_us() - from;
}

/* @fill: what it took to fill their sets from the bitmap. */
static struct spread ticks(unsigned rounds, enum where where, unsigned pages, struct spread *fill)
{
	struct mt_profile_builder *b = mt_profile_begin(0);
	struct mt_pageset *set = mt_pageset_new();
	double *us = calloc(rounds, sizeof(*us)), *fill_us = calloc(rounds, sizeof(*fill_us));
	struct migtrace_record r = { .valid = MIGTRACE_VALID_PAGES | MIGTRACE_VALID_WINDOW,
				     .state = MIGTRACE_STATE_LOGGING };
	uint64_t state = 1;
	struct spread s = { NAN, NAN, NAN };

	for (unsigned i = 0; us && fill_us && b && set && i < rounds; i++) {
		double from;

		write_pages(where, pages, &state);
		if (i % TICKS == 0) {
			r.window++;
			r.window_start_ns = 1000000000 + i * 10000000ULL;
			r.window_pages = 0;
		}
		r.tick = i + 1;
		r.start_ns = 1000000000 + i * 10000000ULL;
		r.end_ns = r.start_ns + 10000000;
		r.pages = r.events = pages;
		r.window_pages += pages;
		from = now_us();
		mt_pageset_clear(set);
		if (mt_pageset_add_words(set, 0, bitmap, GUEST_PAGES / 64))
			break;
		fill_us[i] = now_us() - from;
		us[i] = tick_us(b, &r, set, i % TICKS == 0);
	}
	mt_profile_abandon(b);
	mt_pageset_free(set);
	if (us)
		s = spread(us, rounds);
	if (fill_us)
		*fill = spread(fill_us, rounds);
	free(us);
	free(fill_us);
	return s;
}

/* -------------------------------------------------------------------------- */
static struct spread windows(unsigned rounds)
{
	double *us = calloc(rounds, sizeof(*us));
	struct spread s = { NAN, NAN, NAN };
	struct mt_ucurve d;

	guest(&d, 64 * MIB, 40 * MIB);
	for (unsigned i = 0; us && i < rounds; i++) {
		double from = now_us();

		mt_ucurve_pass(&d, 0.2 + 0.01 * (i % 300), 20 * MIB, !i);
		us[i] = now_us() - from;
	}
	if (us)
		s = spread(us, rounds);
	free(us);
	return s;
}

static void print(const char *name, struct spread s)
{
	printf(",\"%s\":{\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f}", name, s.p50, s.p90,
	       s.p99);
}

static const struct {
	const char *tick, *fill;
	enum where where;
	unsigned pages;
} rows[] = {
	{ "tick_0_pages", "set_of_0_pages", RANDOM, 0 },
	{ "tick_1000_pages", "set_of_1000_pages", RANDOM, 1000 },
	{ "tick_10000_pages", "set_of_10000_pages", RANDOM, 10000 },
	{ "tick_1000_pages_in_order", "set_of_1000_pages_in_order", IN_ORDER, 1000 },
	{ "tick_10000_pages_in_order", "set_of_10000_pages_in_order", IN_ORDER, 10000 },
	{ "tick_1000_pages_again", NULL, AGAIN, 1000 },
	{ "tick_10000_pages_again", NULL, AGAIN, 10000 },
};

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;

	if (!rounds) {
		fprintf(stderr, "usage: forecast [ROUNDS]\n");
		return 2;
	}
	printf("{\"rounds\":%u", rounds);
	print("all_methods", forecasts(rounds, false));
	print("all_methods_and_what_it_takes", forecasts((rounds + 3) / 4, true));
	print("window_of_a_migration", windows(rounds));
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct spread fill = { NAN, NAN, NAN };

		print(rows[i].tick, ticks(rounds, rows[i].where, rows[i].pages, &fill));
		if (rows[i].fill)
			print(rows[i].fill, fill);
	}
	printf("}\n");
	return 0;
}
