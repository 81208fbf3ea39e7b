// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tsc.c - the frequency of this machine's time stamp counter, in kHz
 *
 * An emulated CPU's counter is this one. Its kernel finds out how fast that is by comparing it with
 * emulated timers as it boots, and where the emulator has to wait for a processor it errs by any
 * factor, and with it all its clocks. So it is told. scripts/lab compiles this.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES	1000
#define SPAN_NS	200000000

struct moment {
	uint64_t ns, tsc;
};

/*
 * The two clocks at one moment: of many tries the one in which least time passed between readings
 */
static struct moment now(void)
{
	uint64_t least = UINT64_MAX;
	struct moment m = { 0 };

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		after = __rdtsc();
		if (after - before < least) {
			least = after - before;
			m = (struct moment){ t.tv_sec * 1000000000ULL + t.tv_nsec,
					     before + (after - before) / 2 };
		}
	}
	return m;
}

int main(void)
{
	struct timespec span = { .tv_nsec = SPAN_NS };
	struct moment a = now(), b;

	nanosleep(&span, NULL);
	b = now();
	printf("%.0f\n", (b.tsc - a.tsc) * 1e6 / (b.ns - a.ns));
	return 0;
}
