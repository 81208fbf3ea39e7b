// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ucurve.c - what U(T) costs on line: nanoseconds for an update and for a forecast
 *
 * Prints one JSON object. Medians of ROUNDS rounds, each of CALLS calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/quantile.h"
#include "base/units.h"
#include "curve/ucurve.h"

#define ROUNDS	21
#define CALLS	100000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * MT_NS_PER_S + t.tv_nsec;
}

int main(void)
{
	double update[ROUNDS], forecast[ROUNDS], windows[64], bytes[64];
	volatile double sink = 0;
	struct mt_ucurve o;

	srand(1);
	for (int i = 0; i < 64; i++) {
		windows[i] = 0.2 + 0.5 * rand() / RAND_MAX;
		bytes[i] = (60 + 40.0 * rand() / RAND_MAX) * MT_MIB * windows[i];
	}
	mt_ucurve_init(&o, 8192.0 * MT_MIB);
	for (int r = 0; r < ROUNDS; r++) {
		uint64_t t0 = now_ns(), t1;

		for (int i = 0; i < CALLS; i++)
			mt_ucurve_pass(&o, windows[i % 64], bytes[i % 64], false);
		t1 = now_ns();
		for (int i = 0; i < CALLS; i++)
			sink += mt_ucurve_next(&o, windows[i % 64], 0.9);
		update[r] = (double)(t1 - t0) / CALLS;
		forecast[r] = (double)(now_ns() - t1) / CALLS;
	}
	mt_sort(update, ROUNDS);
	mt_sort(forecast, ROUNDS);
	printf("{\"update_ns\": %.0f, \"forecast_ns\": %.0f}\n", update[ROUNDS / 2],
	       forecast[ROUNDS / 2]);
	return 0;
}
