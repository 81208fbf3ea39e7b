// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * markov.c - what FM and AM cost
 *
 *	markov [SLOTS]
 *
 * Prints one JSON object: microseconds of CPU, on the average, for a slot that is learnt from, a
 * forecast of 300 slots, and FindFinishTime on it with and without waiting; on a series with little
 * noise, and on one with so much that patterns are merged at almost every slot. 64 patterns of 50
 * slots; then of the other lengths n that Documentation/evaluation/markov.md compares.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "model/markov/finishtime.h"
#include "model/markov/markov.h"
#include "model/markov/phases.h"

#define AHEAD		300
#define FORECASTS	100
#define FINDS		5000

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int measure(const char *name, unsigned window, double noise, size_t slots, const char *end)
{
	struct mt_markov_params params = MT_MARKOV_DEFAULTS;
	const struct mt_phases phases = { MT_PHASE_TWO_LEVEL, 60, 200, 1000, noise, 3 };
	mt_autofree double *s = calloc(slots, sizeof(*s));
	double ahead[AHEAD], from, feed, forecast, find, chain;
	static struct mt_markov m;
	struct mt_finish out;
	const struct mt_finish_input in = {
		.slots = AHEAD, .increments = ahead, .base_bytes = 20 * 700, .bytes_per_slot = 700
	};

	params.window = window;
	if (!s || mt_phases_make(&phases, s, slots) || mt_markov_init(&m, &params))
		return -1;
	from = now_us();
	for (size_t i = 0; i < slots; i++)
		mt_markov_feed(&m, s[i]);
	feed = (now_us() - from) / (double)slots;
	from = now_us();
	for (int i = 0; i < FORECASTS; i++)
		if (mt_markov_forecast(&m, AHEAD, ahead, NULL))
			return -1;
	forecast = (now_us() - from) / FORECASTS;
	from = now_us();
	for (int i = 0; i < FINDS; i++)
		if (mt_finish_find(&in, &out))
			return -1;
	find = (now_us() - from) / FINDS;
	from = now_us();
	for (int i = 0; i < FINDS; i++)
		if (mt_finish_chain(&in, &out))
			return -1;
	chain = (now_us() - from) / FINDS;
	printf("\"%s\":{\"slot_us\":%.1f,\"forecast_us\":%.1f,\"find_us\":%.2f,\"chain_us\":%.2f,\"merged\":%u}%s",
	       name, feed, forecast, find, chain, m.merged, end);
	return 0;
}

int main(int argc, char **argv)
{
	static const unsigned windows[] = { 5, 10, 20, 30, 60 };
	long slots = argc > 1 ? atol(argv[1]) : 4000;

	if (slots < 100) {
		fprintf(stderr, "usage: markov [SLOTS], 100 at the least\n");
		return 2;
	}
	printf("{\"slots\":%ld,", slots);
	for (size_t i = 0; i < MT_ARRAY_SIZE(windows); i++) {
		char name[32];

		snprintf(name, sizeof(name), "noise_5_percent_n_%u", windows[i]);
		if (measure(name, windows[i], 0.05, (size_t)slots, ","))
			return 1;
	}
	if (measure("noise_5_percent", 50, 0.05, (size_t)slots, ",") ||
	    measure("noise_20_percent", 50, 0.2, (size_t)slots, "}\n"))
		return 1;
	return 0;
}
