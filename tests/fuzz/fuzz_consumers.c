// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_consumers.c - hostile recordings as files, for the commands that read them
 *
 * fuzz_consumers DIR COUNT SEED: DIR/0.mtrec, ... Unlike those of fuzz_recording.c all can be read:
 * their lines are well formed, and what they say is not. consumers.t has each command read each of
 * them.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "source/sample.h"
#include "source/tick.h"
#include "../unit/chance.h"

#define MAX_BYTES	(24U << 20)

static unsigned long long number(void)
{
	static const uint64_t edges[] = {
		0, 1, 4095, 4096, 1 << 20, INT32_MAX, UINT32_MAX, 1ULL << 40, 1ULL << 53, INT64_MAX
	};

	switch (any() % 5) {
	case 0:
		return edges[any() % (sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return (any() >> any() % 64) & INT64_MAX;
	default:
		return any() % 1000000;
	}
}

static const char *real(void)
{
	static const char *const edges[] = { "0",   "1e-300", "1e300", "0.5", "1",
					     "100", "1e6",    "1e15",  "3.25" };

	return edges[any() % (sizeof(edges) / sizeof(edges[0]))];
}

/* What a terminal would obey, and what is long. */
static const char *text(void)
{
	static const char *const all[] = { "guest",	 "",	       "\\u001b[2J",
					   "\\u009b31m", "\\u202egnp", "a\\nb",
					   "%s%n",	 "../../x",    "ring" };

	return all[any() % (sizeof(all) / sizeof(all[0]))];
}

static char *out;
static size_t len;

__attribute__((format(printf, 1, 2)))
static void put(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	len += (size_t)vsnprintf(out + len, MAX_BYTES - len, fmt, ap);
	va_end(ap);
}

static unsigned long long t_ns;
static bool strange;	/* with words of a later version */

static void begin(const char *type)
{
	static const unsigned long long steps[] = { 0,	      1,	  1000,	     1000000,
						    50000000, 1000000000, 1ULL << 50 };

	if (any() % 64)
		t_ns = (t_ns + steps[any() % 6]) & INT64_MAX;
	else
		t_ns = number();
	put("{\"type\":\"%s\",\"t_ns\":%llu", type, t_ns);
}

static void sample(void)
{
	static const char *const statuses[] = { "active",   "active",	 "active", "active",
						"postcopy", "completed", "setup",  "new" };

	begin("sample");
	put(",\"status\":\"%s\",\"boundary\":%s", statuses[any() % (strange ? 8 : 7)],
	    any() % 2 ? "true" : "false");
	for (int f = 0; f < MT_FIELD_COUNT; f++)
		if (any() % 4)
			put(",\"%s\":%llu", mt_sample_schema[f].name, number());
}

static void tick(void)
{
	begin("tick");
	put(",\"start_ns\":%llu,\"state\":%u",
	    any() % 4 ? (t_ns > 1000000 ? t_ns - 1000000 : 0) : number(), (unsigned)(any() % 16));
	for (int f = 0; f < MT_TICK_COUNT; f++)
		if (any() % 4)
			put(",\"%s\":%llu", mt_tick_schema[f].name, number());
}

static void pages(void)
{
	unsigned long long length_ns = any() % 4 ? 1000000 * (1 + any() % 1000) : number();

	t_ns = (t_ns + length_ns) & INT64_MAX;
	put("{\"type\":\"pages\",\"t_ns\":%llu", t_ns);
	put(",\"start_ns\":%llu,\"begins\":%s,\"pages\":\"",
	    t_ns > length_ns ? t_ns - length_ns : 0, any() % 3 ? "false" : "true");
	for (unsigned n = any() % 20, i = 0; i <= n; i++)
		put("%s%llu+%llu", i ? " " : "",
		    any() % 8 ? (unsigned long long)(any() % 1000) : number(),
		    any() % 8 ? (unsigned long long)(any() % 5000) : number());
	put("\"");
}

static void curve(void)
{
	begin("curve");
	put(",\"window_ms\":%s,\"windows\":%llu,\"mean_pages\":%s,\"p10_pages\":%s,\"p50_pages\":%s,\"p90_pages\":%s", real(), number(),
	    real(), real(), real(), real());
}

static void other(void)
{
	switch (any() % 7) {
	case 0:
		begin("decision");
		put(",\"action\":\"%s\",\"reason\":\"%s\",\"applied\":\"done\",\"prediction\":{\"verdict\":\"converges\",\"total_p50_ms\":%s}",
		    any() % 2 ? "stop" : "set-downtime", text(), real());
		break;
	case 1:
		begin("event");
		put(",\"event\":\"%s\",\"detail\":\"%s\"", text(), text());
		break;
	case 2:
		begin("dirtyrate");
		put(",\"window_ms\":%llu,\"bytes_per_s\":%llu,\"mode\":\"%s\"", number(), number(),
		    text());
		break;
	case 3:
		begin("pass");
		put(",\"start_ns\":%llu,\"iteration\":%llu,\"pages\":%s,\"events\":%llu", number(),
		    number(), real(), number());
		break;
	case 4:
		begin("profile");
		put(",\"duration_ns\":%llu,\"windows\":%llu,\"s_pages\":%s,\"mw_pages\":%s,\"hot_share\":%s",
		    number(), number(), real(), real(), real());
		break;
	case 5:
		begin("guest");
		put(",\"memory_bytes\":%llu,\"vcpus\":%llu,\"nonzero_bytes\":%llu,\"cpu_share\":%s",
		    number(), number(), number(), real());
		break;
	default:
		begin("source");
		put(",\"source\":\"%s\",\"mode\":\"%s\",\"tick_ns\":%llu,\"detail\":\"%s\"", text(),
		    text(), number(), text());
	}
}

/* Which of them a file has most of. */
static void (*const kinds[])(void) = { sample, sample, tick, pages, curve, other };

static void lines(void)
{
	void (*most)(void) = kinds[any() % 6];

	for (unsigned n = any() % 300, i = 0; i <= n; i++) {
		if (any() % 3)
			most();
		else
			kinds[any() % 6]();
		put("}\n");
	}
}

/* So little, and so much. */
static void bomb(void)
{
	while (len < MAX_BYTES - 2000)
		put("{\"type\":\"event\",\"t_ns\":1,\"event\":\"x\",\"detail\":\"%01000d\"}\n", 0);
}

int main(int argc, char **argv)
{
	unsigned count = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
	char *packed = malloc(ZSTD_compressBound(MAX_BYTES));
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;

	out = malloc(MAX_BYTES);
	if (!count || !out || !packed)
		return 2;
	for (unsigned i = 0; i < count; i++) {
		char name[512];
		size_t n;
		FILE *f;

		rng.state = seed + i;
		any();
		len = 0;
		strange = i % 4 == 3;
		t_ns = 1000000000;
		put("{\"type\":\"header\",\"schema\":1,\"domain\":\"%s\",\"uuid\":\"%s\",\"policy\":\"%s\",\"start_wall_ms\":%llu,\"start_t_ns\":%llu,"
		    "\"limits\":{\"max_downtime_ms\":%llu,\"qemu_limit_ms\":%llu,\"deadline_ms\":%llu}}\n",
		    text(), text(), text(), number(), any() % 2 ? t_ns : number(), number(),
		    number(), number());
		if (i % 10 == 9)
			bomb();
		else
			lines();
		n = ZSTD_compress(packed, ZSTD_compressBound(MAX_BYTES), out, len, 3);
		/* A bomb as it comes: a frame after another. */
		snprintf(name, sizeof(name), "%s/%u.mtrec", argv[1], i);
		f = fopen(name, "w");
		for (unsigned k = 0; f && k < (i % 10 == 9 ? 40 : 1); k++)
			fwrite(packed, 1, n, f);
		if (!f || fclose(f))
			return 1;
	}
	free(out);
	free(packed);
	return 0;
}
