// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pagecost.c - what a dirty page costs: nanoseconds a page, writing and harvesting apart
 *
 * A machine of one vCPU writes pages in rounds, and harvests after each round. Under
 * -icount a nanosecond is an instruction, on all of the one CPU's threads, and the figure is
 * the same at each boot. The collector whose cost is wanted runs meanwhile: a source of ours
 * by its name, anything else beside this program.
 *
 *	pagecost [--mode ring|bitmap|off] [--source kmod|bpf] [--tick NS] [--rounds N]
 *		 [--pages N] [--slot-pages N] [--idle-ms N]
 *
 * --mode off: dirty logging is off. --idle-ms: afterwards write nothing for so long, and tell
 * what the module's thread used meanwhile. Prints one JSON object.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../kvm/vm.h"
#include "source/source.h"

struct options {
	enum vm_mode mode;
	bool logging;
	const char *source;
	uint64_t tick_ns, rounds, pages, slot_pages, idle_ms;
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
		{ "source", required_argument, NULL, 'o' },
		{ "tick", required_argument, NULL, 't' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "pages", required_argument, NULL, 'p' },
		{ "slot-pages", required_argument, NULL, 's' },
		{ "idle-ms", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t *number[] = {
		['t'] = &o->tick_ns,	['r'] = &o->rounds,  ['p'] = &o->pages,
		['s'] = &o->slot_pages, ['i'] = &o->idle_ms,
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		char *end = "";

		if (c == 'm' && !strcmp(optarg, "ring"))
			o->mode = VM_RING;
		else if (c == 'm' && !strcmp(optarg, "bitmap"))
			o->mode = VM_BITMAP_MANUAL;
		else if (c == 'm' && !strcmp(optarg, "off"))
			o->logging = false;
		else if (c == 'o')
			o->source = optarg;
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
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 1, 0),
				      .count = o->pages,
				      .rate = VM_RATE_MAX };

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

/* The first number that follows a word in a file; 0 if there is none */
static uint64_t number_after(const char *path, const char *word)
{
	FILE *f = fopen(path, "r");
	unsigned long long value = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)) &&
		    sscanf(line + strlen(word), "%llu", &value) == 1)
			break;
	if (f)
		fclose(f);
	return value;
}

/* CPU time of the module's thread for this process */
static uint64_t thread_ns(void)
{
	char path[300], name[32], want[32];
	struct dirent *entry;
	uint64_t ns = 0;
	DIR *proc = opendir("/proc");

	snprintf(want, sizeof(want), "migtrace/%d\n", getpid());
	while (proc && (entry = readdir(proc))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "r");
		if (f && fgets(name, sizeof(name), f) && !strcmp(name, want)) {
			snprintf(path, sizeof(path), "/proc/%s/schedstat", entry->d_name);
			ns = number_after(path, "");
		}
		if (f)
			fclose(f);
	}
	if (proc)
		closedir(proc);
	return ns;
}

static int prepare(struct vm *vm, const struct options *o)
{
	uint64_t write_ns, harvest_ns, chunk;
	struct options warm = *o;
	int err = vm_start(vm);

	/* Every page once, so that none is faulted in later. */
	for (uint64_t i = 0; !err && i < o->slot_pages; i += chunk) {
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 1, 0), .rate = VM_RATE_MAX };

		chunk = o->slot_pages - i < 2000 ? o->slot_pages - i : 2000;
		run.count = chunk;
		pattern_init(&run.pattern, PATTERN_SEQUENTIAL, o->slot_pages, 1);
		run.pattern.cursor = i;
		err = vm_run_begin(vm, 0, &run);
		if (!err)
			err = vm_wait(vm, 0, -1);
		if (!err)
			err = vm_harvest(vm, NULL, 0);
	}
	warm.rounds = 5;
	return err ? err : measure(vm, &warm, &write_ns, &harvest_ns);
}

int main(int argc, char **argv)
{
	struct options o = {
		.mode = VM_RING, .logging = true, .tick_ns = MT_SOURCE_TICK_DEFAULT_NS,
		.rounds = 50, .pages = 2000, .slot_pages = 32768,
	};
	uint64_t write_ns, harvest_ns, total, vmalloc_kib, idle_ns = 0;
	struct mt_source *source = NULL;
	struct mt_err why = { 0 };
	struct vm *vm;
	int err = parse(argc, argv, &o);

	if (err) {
		fprintf(stderr, "usage: pagecost [--mode ring|bitmap|off] [--source kmod|bpf] [--tick NS] [--rounds N]\n"
				"       [--pages N] [--slot-pages N] [--idle-ms N]\n");
		return 2;
	}
	err = vm_open(&vm, &(struct vm_params) {
		.mode = o.mode, .vcpus = 1, .ring_entries = o.mode == VM_RING ? 4096 : 0,
		.slot = { { .id = 1, .pages = o.slot_pages, .logging = o.logging } },
	});
	if (!err)
		err = prepare(vm, &o);
	vmalloc_kib = number_after("/proc/meminfo", "VmallocUsed:");
	if (!err && o.source)
		err = mt_source_open(o.source, &(struct mt_source_params) {
			.vmm_pid = getpid(), .tick_ns = o.tick_ns, .vcpus = 1,
		}, &source, &why);
	vmalloc_kib = number_after("/proc/meminfo", "VmallocUsed:") - vmalloc_kib;
	if (!err)
		err = measure(vm, &o, &write_ns, &harvest_ns);
	if (!err && o.idle_ms) {
		usleep(50000);
		idle_ns = thread_ns();
		usleep(o.idle_ms * 1000);
		idle_ns = thread_ns() - idle_ns;
	}
	if (err) {
		fprintf(stderr, "pagecost: %s\n", why.code ? why.msg : strerror(-err));
		return 1;
	}
	total = o.rounds * o.pages;
	printf("{\"mode\": \"%s\", \"source\": \"%s\", \"tick_ns\": %llu, \"slot_pages\": %llu, \"pages\": %llu, "
	       "\"write_ns_per_page\": %.2f, \"harvest_ns_per_page\": %.2f, \"total_ns_per_page\": %.2f, "
	       "\"vmalloc_kib\": %llu, \"idle_ns_per_tick\": %.1f}\n",
	       !o.logging	 ? "off" :
	       o.mode == VM_RING ? "ring" :
				   "bitmap",
	       o.source ? o.source : "none", (unsigned long long)o.tick_ns,
	       (unsigned long long)o.slot_pages, (unsigned long long)total,
	       (double)write_ns / total, (double)harvest_ns / total,
	       (double)(write_ns + harvest_ns) / total, (unsigned long long)vmalloc_kib,
	       o.idle_ms ? (double)idle_ns * o.tick_ns / (o.idle_ms * 1e6) : 0.0);
	mt_source_close(source);
	vm_close(vm);
	return 0;
}
