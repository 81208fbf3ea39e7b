// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lossless.c - are the events that the module counts those that the guest's log had?
 *
 *	lossless [--log ring|bitmap] [--events N] [--seconds S] [--tick-ms MS] [--seed N]
 *		 [--json FILE]
 *
 * Rings of three sizes, or three kinds of bitmaps, or both; 1, 2 and 4 vCPUs; a few pages a
 * second, a thousand, and as many as it can. The cases that are as fast as they can have N events
 * together (1e5 unless told), each of the others lasts S seconds (0.2). The oracle is the
 * machine's own harvests: entries of each ring, or bits of each bitmap.
 */
#include <errno.h>
#include <getopt.h>
#include <time.h>

#include "drive.h"
#include "kmodtest.h"

#define PAGES		20011
#define LIMIT_PART_S	600		/* of a case that gets nowhere */

static const unsigned int vcpu_counts[] = { 1, 2, 4 };
static const uint32_t ring_sizes[] = { 1024, 4096, 65536 };
static const double rates[] = { 10, 1000, VM_RATE_MAX };

static uint64_t wanted = 100000, tick_ns = 10 * WATCH_MS, seed = 1;
static double seconds = 0.2;

struct outcome {
	enum vm_mode mode;
	uint32_t ring_entries;
	unsigned int vcpus;
	double rate, elapsed_s;
	uint64_t log, events, overruns, missed, resets, ring_full, pages;
	bool exact;
};

static struct outcome outcomes[64];
static unsigned int count, number;

/* Entries of the rings, or pages of the bitmaps, that the machine has harvested */
static uint64_t log_of(const struct vm_stats *s, enum vm_mode mode)
{
	uint64_t n = 0;

	if (mode != VM_RING)
		return s->harvested;
	for (unsigned int v = 0; v < VM_VCPUS_MAX; v++)
		n += s->pushed[v];
	return n;
}

static void measure(struct vm *vm, struct watch *w, struct outcome *o, uint64_t events)
{
	struct drive d = {
		.slot = 3, .kind = PATTERN_UNIFORM, .count = VM_COUNT_ENDLESS,
		.rate = o->rate / o->vcpus, .seed = seed,
		.events = o->rate ? 0 : events,
		.limit_ms = o->rate ? seconds * 1000 : LIMIT_PART_S * 1000,
	};
	struct vm_stats before, after;
	uint64_t from = watch_now_ns();
	bool parts = true;

	vm_stats(vm, &before);
	CHECK_INT(vm_reaper_start(vm, 50), 0);
	CHECK_INT(drive(vm, o->vcpus, w, &d), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(w), 0);
	vm_stats(vm, &after);
	o->elapsed_s = (watch_now_ns() - from) / 1e9;
	o->log = log_of(&after, o->mode) - log_of(&before, o->mode);
	o->events = w->sum.events;
	o->overruns = w->sum.overruns;
	o->missed = w->sum.missed + w->ring->lost;
	o->resets = w->sum.resets;
	o->ring_full = w->sum.ring_full_exits;
	o->pages = w->sum.pages;
	for (unsigned int v = 0; o->mode == VM_RING && v < o->vcpus; v++)
		parts &= w->sum.vcpu_events[v] == after.pushed[v] - before.pushed[v];
	o->exact = parts && o->events == o->log && !o->missed;
}

static void run(enum vm_mode mode, uint32_t ring_entries, unsigned int vcpus, double rate,
		uint64_t events)
{
	struct vm_params params = {
		.mode = mode, .vcpus = vcpus, .ring_entries = ring_entries,
		.slot = { { .id = 3, .pages = PAGES, .logging = true } },
	};
	struct outcome *o = &outcomes[count];
	struct watch w;
	struct vm *vm;

	*o = (struct outcome){
		.mode = mode, .ring_entries = ring_entries, .vcpus = vcpus, .rate = rate
	};
	VMTEST_OPEN_EXACT(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	KMODTEST_WATCH(vm, w, tick_ns, 0);
	CHECK_INT(watch_settle(&w), 0);
	measure(vm, &w, o, events);
	KMODTEST_CLOSE(vm, w);
	count += !ktap_failed;
}

static void print_table(FILE *out)
{
	fprintf(out, "# %-21s %5s %6s %8s %9s %9s %8s %8s %9s %8s %7s\n", "log", "ring", "vcpus",
		"pages/s", "events", "in log", "overruns", "seconds", "events/s", "resets", "full");
	for (unsigned int i = 0; i < count; i++) {
		const struct outcome *o = &outcomes[i];
		char rate[16] = "max";

		if (o->rate)
			snprintf(rate, sizeof(rate), "%.0f", o->rate);
		fprintf(out, "# %-21s %5u %6u %8s %9lu %9lu %8lu %8.1f %9.0f %8lu %7lu%s\n",
			vmtest_mode_name[o->mode], o->ring_entries, o->vcpus, rate, o->events,
			o->log, o->overruns, o->elapsed_s, o->events / o->elapsed_s, o->resets,
			o->ring_full, o->exact ? "" : "  LOST");
	}
}

static int print_json(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	fprintf(f, "[\n");
	for (unsigned int i = 0; i < count; i++) {
		const struct outcome *o = &outcomes[i];

		fprintf(f,
			"  {\"log\": \"%s\", \"ring_entries\": %u, \"vcpus\": %u, \"rate\": %.0f, \"events\": %lu, "
			"\"in_log\": %lu, \"overruns\": %lu, \"lost_records\": %lu, \"resets\": %lu, \"ring_full_exits\": %lu, "
			"\"seconds\": %.3f, \"exact\": %s}%s\n",
			vmtest_mode_name[o->mode], o->ring_entries, o->vcpus, o->rate, o->events,
			o->log, o->overruns, o->missed, o->resets, o->ring_full, o->elapsed_s,
			o->exact ? "true" : "false", i + 1 < count ? "," : "");
	}
	fprintf(f, "]\n");
	return fclose(f) ? -errno : 0;
}

static bool report(const char *name, uint64_t before)
{
	uint64_t events = 0, overruns = 0;

	for (unsigned int i = before; i < count; i++) {
		events += outcomes[i].events;
		overruns += outcomes[i].overruns;
		if (!outcomes[i].exact) {
			printf("# %u vCPUs, %.0f pages/s: %lu events, %lu in the log, %lu records lost\n",
			       outcomes[i].vcpus, outcomes[i].rate, outcomes[i].events,
			       outcomes[i].log, outcomes[i].missed);
			ktap_failed = true;
		}
	}
	printf("%sok %u - %s: %lu events, %lu of them overruns%s%s\n", ktap_failed ? "not " : "",
	       ++number, name, events, overruns, ktap_skip_reason ? " # SKIP " : "",
	       ktap_skip_reason ? ktap_skip_reason : "");
	return !ktap_failed;
}

/* All rates and numbers of vCPUs of one kind of log */
static bool run_all(enum vm_mode mode, uint32_t ring_entries, uint64_t events)
{
	unsigned int before = count;
	char name[64];

	ktap_failed = false;
	ktap_skip_reason = NULL;
	for (unsigned int v = 0; v < 3; v++)
		for (unsigned int r = 0; r < 3 && !ktap_failed && !ktap_skip_reason; r++)
			run(mode, ring_entries, vcpu_counts[v], rates[r], events);
	if (mode == VM_RING)
		snprintf(name, sizeof(name), "ring of %u", ring_entries);
	else
		snprintf(name, sizeof(name), "%s", vmtest_mode_name[mode]);
	return report(name, before);
}

static const struct option options[] = {
	{ "log", required_argument, NULL, 'l' },
	{ "events", required_argument, NULL, 'e' },
	{ "seconds", required_argument, NULL, 's' },
	{ "tick-ms", required_argument, NULL, 't' },
	{ "seed", required_argument, NULL, 'r' },
	{ "json", required_argument, NULL, 'j' },
	{ 0 },
};

int main(int argc, char **argv)
{
	bool good = true, rings = true, bitmaps = true;
	const char *json = NULL;
	uint64_t events = 0, share;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 'l':
			rings = !strcmp(optarg, "ring");
			bitmaps = !strcmp(optarg, "bitmap");
			break;
		case 'e': wanted = strtod(optarg, NULL); break;
		case 's': seconds = strtod(optarg, NULL); break;
		case 't': tick_ns = strtod(optarg, NULL) * WATCH_MS; break;
		case 'r': seed = strtoull(optarg, NULL, 0); break;
		case 'j': json = optarg; break;
		default: return 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!rings && !bitmaps)
		return 2;
	share = wanted / (9 * (rings + bitmaps)) + 1;
	printf("TAP version 13\n1..%d\n# seed %lu, ticks of %lu ms\n", 3 * (rings + bitmaps), seed,
	       (unsigned long)(tick_ns / WATCH_MS));
	alarm(0);
	for (unsigned int i = 0; rings && i < 3; i++)
		good &= run_all(VM_RING, ring_sizes[i], share);
	for (enum vm_mode m = VM_BITMAP; bitmaps && m <= VM_BITMAP_INITIALLY_SET; m++)
		good &= run_all(m, 0, share);
	print_table(stdout);
	for (unsigned int i = 0; i < count; i++)
		events += outcomes[i].events;
	printf("# %lu events in all\n", events);
	if (json && print_json(json)) {
		fprintf(stderr, "lossless: %s: %s\n", json, strerror(errno));
		return 1;
	}
	return !good;
}
