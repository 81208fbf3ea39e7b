// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate.c - what simulating costs: ten minutes of a guest of 1 TiB that does not converge
 *
 *	simulate [PATTERN]
 *
 * Over a link of 40 Gbit/s, while the guest writes to two million pages a second, most of them in
 * its hot 50 GiB. What it costs goes with the number of writes, and to a lesser part with that of
 * pages sent. Prints one JSON object: CPU seconds of one core, and how much was simulated in them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "sim/sim.h"

#define PATTERN	"hotcold:region=1000GiB,rate=2000000/s,hot=5%,hotshare=95%"
#define LINK_BYTES_PER_S	5e9
#define MEMORY_BYTES		(1ULL << 40)

static double cpu_s(long *max_kib)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	*max_kib = u.ru_maxrss;
	return (double)u.ru_utime.tv_sec + (double)u.ru_utime.tv_usec / 1e6 +
	       (double)u.ru_stime.tv_sec + (double)u.ru_stime.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : PATTERN;
	struct mt_sim_params p;
	struct mt_sim_result r;
	struct mt_err err = { 0 };
	struct mt_trace trace;
	double begin_s, used_s;
	long kib;

	mt_sim_defaults(&p);
	p.memory_bytes = MEMORY_BYTES;
	p.cap_ms = 600e3;
	p.look_ms = 0;
	p.host.link_bytes_per_s = LINK_BYTES_PER_S;
	/* Faster than the link: it is the number of pages that costs. */
	p.host.page_ns = p.host.there_page_ns = 300;
	p.host.zero_page_ns = p.host.there_zero_page_ns = 200;
	begin_s = cpu_s(&kib);
	if (mt_trace_pattern(&trace, text, &err) || mt_sim_check(&p, &err)) {
		fprintf(stderr, "simulate: %s\n", err.msg);
		return 2;
	}
	if (mt_sim_run(&p, &trace, NULL, &r)) {
		fprintf(stderr, "simulate: failed\n");
		return 1;
	}
	used_s = cpu_s(&kib) - begin_s;
	printf("{\"pattern\":\"%s\",\"memory_bytes\":%llu,\"simulated_s\":%.1f,\"end\":\"%s\",\"passes\":%" PRIu64
	       ",\"pages_sent\":%" PRIu64 ",\"cpu_s\":%.1f,\"resident_mib\":%.0f}\n",
	       text, MEMORY_BYTES, r.total_ms / 1e3, mt_sim_end_name(r.end), r.passes,
	       r.normal_pages + r.zero_pages, used_s, (double)kib / 1024);
	mt_trace_fini(&trace);
	return 0;
}
