// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pagecost.c - what a dirty page costs: nanoseconds a page, writing and harvesting apart
 *
 * A machine of one vCPU writes pages in rounds, and harvests after each round. Under
 * -icount a nanosecond is an instruction, on all of the one CPU's threads, and the figure is
 * the same at each boot. The collector whose cost is wanted runs meanwhile: the module by
 * --tick, anything else beside this program.
 *
 *	pagecost [--mode ring|bitmap] [--tick NS] [--rounds N] [--pages N] [--slot-pages N]
 *
 * Prints one JSON object.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../kmod/watch.h"
#include "../../kvm/vm.h"

struct options {
	enum vm_mode mode;
	uint64_t tick_ns, rounds, pages, slot_pages;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "mode", required_argument, NULL, 'm' },
		{ "tick", required_argument, NULL, 't' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "pages", required_argument, NULL, 'p' },
		{ "slot-pages", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t *number[] = { ['t'] = &o->tick_ns, ['r'] = &o->rounds, ['p'] = &o->pages, ['s'] = &o->slot_pages };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		char *end = "";

		if (c == 'm' && !strcmp(optarg, "ring"))
			o->mode = VM_RING;
		else if (c == 'm' && !strcmp(optarg, "bitmap"))
			o->mode = VM_BITMAP_MANUAL;
		else if (c == '?' || c == 'm')
			return -EINVAL;
		else
			*number[c] = strtoull(optarg, &end, 10);
		if (*end)
			return -EINVAL;
	}
	return optind == argc && o->pages ? 0 : -EINVAL;
}

static int measure(struct vm *vm, const struct options *o, uint64_t *write_ns, uint64_t *harvest_ns)
{
	uint64_t t0, t1, t2;
	int err;

	*write_ns = *harvest_ns = 0;
	for (uint64_t round = 0; round < o->rounds; round++) {
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 1, 0), .count = o->pages, .rate = VM_RATE_MAX };

		pattern_init(&run.pattern, PATTERN_SEQUENTIAL, o->slot_pages, 1);
		/* Each round goes on where the last one stopped. */
		run.pattern.cursor = round * o->pages % o->slot_pages;
		t0 = now_ns();
		err = vm_run_begin(vm, 0, &run);
		if (!err)
			err = vm_wait(vm, 0, -1);
		if (err)
			return err;
		t1 = now_ns();
		err = vm_harvest(vm, NULL, 0);
		if (err)
			return err;
		t2 = now_ns();
		*write_ns += t1 - t0;
		*harvest_ns += t2 - t1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .mode = VM_RING, .rounds = 50, .pages = 2000, .slot_pages = 32768 };
	uint64_t write_ns, harvest_ns, total;
	struct watch w = { .fd = -1 };
	struct vm *vm;
	int err = parse(argc, argv, &o);

	if (err) {
		fprintf(stderr, "usage: pagecost [--mode ring|bitmap] [--tick NS] [--rounds N] [--pages N] [--slot-pages N]\n");
		return 2;
	}
	err = vm_open(&vm, &(struct vm_params) {
		.mode = o.mode, .vcpus = 1, .ring_entries = 4096,
		.slot = { { .id = 1, .pages = o.slot_pages, .logging = true } },
	});
	if (!err)
		err = vm_start(vm);
	/* Every page once, so that none is faulted in later. */
	for (uint64_t i = 0; !err && i < o.slot_pages; i += 2000) {
		err = vm_run_pattern(vm, 0, 1, PATTERN_SEQUENTIAL, o.slot_pages - i < 2000 ? o.slot_pages - i : 2000, 1,
				     VM_RATE_MAX);
		if (!err)
			err = vm_harvest(vm, NULL, 0);
	}
	if (!err) {
		uint64_t warm_write, warm_harvest;
		struct options warm = o;

		warm.rounds = (o.slot_pages + o.pages - 1) / o.pages;
		err = measure(vm, &warm, &warm_write, &warm_harvest);
	}
	if (!err && o.tick_ns)
		err = watch_open(&w, vm_vm_fd(vm), o.tick_ns, 0);
	if (!err)
		err = measure(vm, &o, &write_ns, &harvest_ns);
	if (!err && w.fd >= 0)
		err = watch_settle(&w);
	if (err) {
		fprintf(stderr, "pagecost: %s\n", strerror(-err));
		return 1;
	}
	total = o.rounds * o.pages;
	printf("{\"mode\": \"%s\", \"tick_ns\": %llu, \"pages\": %llu, \"write_ns_per_page\": %.2f, "
	       "\"harvest_ns_per_page\": %.2f, \"total_ns_per_page\": %.2f, \"events\": %llu, \"overruns\": %llu}\n",
	       o.mode == VM_RING ? "ring" : "bitmap", (unsigned long long)o.tick_ns, (unsigned long long)total,
	       (double)write_ns / total, (double)harvest_ns / total, (double)(write_ns + harvest_ns) / total,
	       (unsigned long long)w.sum.events, (unsigned long long)w.sum.overruns);
	if (w.fd >= 0)
		watch_close(&w);
	vm_close(vm);
	return 0;
}
