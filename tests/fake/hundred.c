// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hundred.c - what migtraced takes to supervise a hundred migrations
 *
 *	hundred [SECONDS [GUESTS]]
 *
 * migtraced, all but its main(), on the hypervisors of the tests, with threads side by side and in
 * the machine's own time: guests that write more than their links carry, all under way, recorded,
 * decided about at each look (4 a second, and each pass) and let run. Prints one JSON object: the
 * share of one core that the daemon's threads take, and what of that goes into calls of the
 * hypervisor's, which cost otherwise with libvirt; the largest memory of the whole process, the
 * hypervisors in it included; and how long a scrape of its metrics takes, from asking for the
 * status on.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/quantile.h"
#include "migtraced/metrics.h"
#include "process.h"
#include "trace.h"
#include "truth.h"

#define SETTLE_MS	5000

static void make_guest(unsigned i)
{
	static const char *const patterns[] = {
		"uniform:region=4M,rate=3000/s,seed=1",
		"hotcold:region=6M,rate=3000/s,hot=0.1,hotshare=0.9,seed=2",
		"seq:region=4M,rate=2500/s",
	};
	struct fake_guest *g;
	struct fake_how *how;
	char name[16];

	snprintf(name, sizeof(name), "guest%u", i);
	g = fake_guest_new(name);
	g->pattern = patterns[i % MT_ARRAY_SIZE(patterns)];
	g->memory_bytes = 12 << 20;
	g->link_bytes_per_s = 4e6;
	g->limit_ms = 1;
	how = &fake_hows[g->index];
	how->policy = mt_policy_find("timeout");
	how->limits = (struct mt_limits)MT_LIMITS_UNSET;
	how->limits.max_downtime_ms = 100;
	how->limits.fixed_ms = 50;
	how->limits.deadline_ms = MT_LIMIT_NONE;
	fake_param(how, "timeout", 3600 * MT_MS_PER_S);
}

static unsigned under_way(void)
{
	unsigned n = 0;

	fake_lock();
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		n += fake_hv.guests[i].job.active;
	fake_release();
	return n;
}

#define SCRAPES	51

static double scrape_ms(struct fake_process *p)
{
	double ms[SCRAPES];

	for (size_t i = 0; i < SCRAPES; i++) {
		uint64_t begin_ns = mt_now_ns();
		mt_autofree char *text = fake_daemon_status(p), *out = NULL;
		json_t *status = text ? json_loads(text, 0, NULL) : NULL;
		size_t size;
		FILE *f = open_memstream(&out, &size);

		metrics_write(status, METRICS_OPEN, f);
		fclose(f);
		json_decref(status);
		ms[i] = (double)(mt_now_ns() - begin_ns) / 1e6;
	}
	return mt_median(ms, SCRAPES);
}

static void print(unsigned guests, double seconds, const struct fake_cpu *a,
		  const struct fake_cpu *b, unsigned threads,
		  double scrape)
{
	struct rusage used = { .ru_maxrss = 0 };

	double all = (double)(b->all_ns - a->all_ns) / 1e9,
	       calls = (double)(b->call_ns - a->call_ns) / 1e9;

	getrusage(RUSAGE_SELF, &used);
	printf("{\"guests\":%u,\"seconds\":%.1f,\"under_way_at_the_end\":%u,\"threads\":%u,"
	       "\"core_percent\":%.2f,\"core_percent_in_calls\":%.2f,"
	       "\"core_percent_of_its_own\":%.2f,\"process_max_rss_mib\":%.1f,\"scrape_ms\":%.2f}\n",
	       guests, seconds, under_way(), threads, all / seconds * 100, calls / seconds * 100,
	       (all - calls) / seconds * 100, used.ru_maxrss / 1024.0, scrape);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20;
	unsigned guests = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 100, threads;
	struct fake_cpu before, after;
	struct fake_process *p;
	uint64_t begin_ns;

	if (!seconds || !guests || guests > FAKE_GUESTS || argc > 3) {
		fprintf(stderr, "usage: hundred [SECONDS [GUESTS]], at most %d\n", FAKE_GUESTS);
		return 2;
	}
	/* What it tells is for nobody. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	fake_world_begin_real(1, 1);
	fake_hv_begin();
	fake_processes_reset();
	fake_directory_make();
	fake_setup.max_stopped = 2;
	fake_setup.record = true;
	truth_reset(2);
	for (unsigned i = 0; i < guests; i++)
		make_guest(i);
	p = fake_daemon_start("migtraced");
	mt_sleep_ms(1000);
	for (unsigned i = 0; i < guests; i++)
		fake_guest_migrate(&fake_hv.guests[i], NULL, NULL);
	mt_sleep_ms(SETTLE_MS);
	begin_ns = mt_now_ns();
	fake_real_cpu(p->group, &before);
	mt_sleep_ms(seconds * MT_MS_PER_S);
	fake_real_cpu(p->group, &after);
	threads = fake_group_threads(p->group);
	print(guests, (double)(mt_now_ns() - begin_ns) / 1e9, &before, &after, threads,
	      scrape_ms(p));
	fflush(stdout);
	fake_directory_remove();
	_exit(truth_violation() ? 1 : 0);
}
