/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mutate.h - a valid recording's lines, and how what is valid becomes hostile
 */
#ifndef MUTATE_H
#define MUTATE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/cleanup.h"

#define MAX_BYTES	(64 * 1024)

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(state >> 33) % below;
}

static const char lines_seed[] =
	"{\"type\":\"header\",\"schema\":1,\"domain\":\"guest\",\"uuid\":\"x\",\"start_wall_ms\":1700000000000,"
	"\"start_t_ns\":5,\"limits\":{\"max_downtime_ms\":300,\"postcopy_allowed\":true}}\n"
	"{\"type\":\"sample\",\"t_ns\":6,\"status\":\"active\",\"boundary\":true,\"total_ms\":100,\"iteration\":2,"
	"\"remaining_bytes\":1000000,\"transferred_bytes\":5000000,\"normal_pages\":7,\"page_size_bytes\":4096}\n"
	"{\"type\":\"decision\",\"t_ns\":7,\"iteration\":2,\"total_ms\":100,\"action\":\"stop\",\"reason\":\"because \\u00fc\","
	"\"implied_downtime_ms\":12.5,\"applied\":\"done\",\"latency_ns\":5,\"prediction\":{\"model\":\"precopy/1\","
	"\"verdict\":\"converges\",\"iterations_left\":2,\"total_p10_ms\":1.5,\"stop_now_ms\":3e2}}\n"
	"{\"type\":\"event\",\"t_ns\":8,\"event\":\"lifecycle\",\"detail\":\"paused\"}\n"
	"{\"type\":\"dirtyrate\",\"t_ns\":9,\"window_ms\":1000,\"bytes_per_s\":1,\"mode\":\"dirty-ring\"}\n"
	"{\"type\":\"source\",\"t_ns\":9,\"source\":\"kmod\",\"mode\":\"ring\",\"tick_ns\":1000000,\"detail\":\"d\"}\n"
	"{\"type\":\"tick\",\"t_ns\":9,\"start_ns\":8,\"state\":1,\"ticks\":10,\"lost_ticks\":1,\"pages\":5,\"events\":6,"
	"\"window\":2,\"window_ns\":100,\"window_pages\":7}\n"
	"{\"type\":\"pass\",\"t_ns\":9,\"start_ns\":8,\"iteration\":2,\"pages\":77,\"events\":78}\n"
	"{\"type\":\"curve\",\"t_ns\":9,\"window_ms\":0.5,\"windows\":3,\"mean_pages\":1.5,\"p10_pages\":1,\"p90_pages\":2}\n"
	"{\"type\":\"pages\",\"t_ns\":9,\"start_ns\":8,\"begins\":true,\"pages\":\"4096+511 3 1+7\"}\n"
	"{\"type\":\"work\",\"t_ns\":9,\"start_ns\":8,\"exits\":7,\"page_waits\":1}\n"
	"{\"type\":\"vcpu\",\"t_ns\":9,\"vcpu\":1,\"events\":3,\"duration_ns\":5}\n"
	"{\"type\":\"profile\",\"t_ns\":9,\"duration_ns\":8,\"windows\":3,\"s_pages\":10.5,\"mw_pages\":20,\"mw_lower_bound\":true,"
	"\"hot_share\":0.5,\"total\":{\"t_ns\":9,\"start_ns\":1,\"events\":4}}\n"
	"{\"type\":\"outcome\",\"t_ns\":10,\"outcome\":\"completed\",\"detail\":\"d\",\"final\":{\"t_ns\":1,"
	"\"status\":\"completed\",\"downtime_ms\":3}}\n";

static const char *const words[] = {
	"-1",
	"1e999",
	"NaN",
	"null",
	"true",
	"{}",
	"[]",
	"\"\"",
	"9223372036854775807",
	"9223372036854775808",
	"18446744073709547520",
	"-Infinity",
	"99999999999999999999999999999999999999999",
	"0.5",
	"\"\\u0000\"",
	"\"\\ud800\"",
	"\n",
	"{",
	"}",
	"[",
	"]",
	",",
	":",
	"\"",
	"\\",
	"\xff",
	"\xc3",
	"1e308",
};

static size_t mutate(char *bytes, size_t len)
{
	for (uint32_t n = 1 + rnd(4); n; n--) {
		uint32_t at = len ? rnd((uint32_t)len) : 0, run;
		const char *word;

		switch (rnd(6)) {
		case 0:		/* a bit */
			if (len)
				bytes[at] ^= (char)(1 << rnd(8));
			break;
		case 1:		/* a byte */
			if (len)
				bytes[at] = (char)rnd(256);
			break;
		case 2:		/* cut */
			len = at;
			break;
		case 3:		/* remove */
			run = len > at ? rnd((uint32_t)(len - at)) % 40 : 0;
			memmove(bytes + at, bytes + at + run, len - at - run);
			len -= run;
			break;
		case 4:		/* double */
			run = len > at ? rnd((uint32_t)(len - at)) : 0;
			if (len + run > MAX_BYTES)
				break;
			memmove(bytes + at + run, bytes + at, len - at);
			len += run;
			break;
		case 5:		/* a telling word over what is there */
			word = words[rnd(MT_ARRAY_SIZE(words))];
			run = (uint32_t)strlen(word);
			if (at + run <= len)
				memcpy(bytes + at, word, run);
			break;
		}
	}
	return len;
}

static void fail(const char *what)
{
	printf("# %s\n", what);
	abort();
}

static size_t compress(char *into, const char *lines, size_t len)
{
	size_t n = ZSTD_compress(into, 2 * MAX_BYTES, lines, len, 3);

	if (ZSTD_isError(n))
		fail("zstd");
	return n;
}

#endif
