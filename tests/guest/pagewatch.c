// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pagewatch.c - which pages of its guest a QEMU writes to, tick by tick, without KVM
 *
 * Preloaded into an emulator: its guest's memory is write-protected through userfaultfd, whose
 * faults the kernel resolves by itself (UFFD_FEATURE_WP_ASYNC, Linux 6.7), and PAGEMAP_SCAN asks at
 * each tick which pages were written to and protects these again. What comes out is a recording's
 * lines, not compressed. See pagewatch.sh, which does the rest.
 *
 *	PAGEWATCH_MEMORY	bytes of the guest: the mapping of that size is its memory
 *	PAGEWATCH_OUT		the file; written once it and PAGEWATCH_START are there
 *	PAGEWATCH_START		begins when this file appears
 *	PAGEWATCH_TICK_MS, PAGEWATCH_TICKS	how long and how many
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* linux/fs.h and linux/userfaultfd.h of 6.7; Debian 12 has older ones. */
struct scan_region {
	uint64_t start, end, categories;
};
struct scan {
	uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN			_IOWR('f', 16, struct scan)
#define SCAN_PROTECT		(1 << 0)
#define SCAN_CHECK_ASYNC	(1 << 1)
#define IS_WRITTEN		(1 << 1)
#define WP_UNPOPULATED		(1 << 13)
#define WP_ASYNC		(1 << 15)

#define PAGE	4096
#define REGIONS	4096

static uint64_t base, memory;
static int pagemap;
static FILE *out;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void nap(uint64_t until_ns)
{
	struct timespec t = { .tv_sec = (time_t)(until_ns / 1000000000ULL),
			      .tv_nsec = (long)(until_ns % 1000000000ULL) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL))
		;
}

static void fail(const char *what)
{
	perror(what);
	_exit(1);
}

static uint64_t number(const char *name)
{
	const char *text = getenv(name);

	if (!text)
		fail(name);
	return strtoull(text, NULL, 10);
}

static void find_memory(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx rw-p", &from, &to) == 2 && to - from == memory)
			base = from;
	}
	if (!maps || !base)
		fail("guest's memory");
	fclose(maps);
}

static void protect(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API, .features = WP_ASYNC | WP_UNPOPULATED };
	struct uffdio_register r = { .range = { base, memory },
				     .mode = UFFDIO_REGISTER_MODE_WP };

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &r))
		fail("userfaultfd");
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		fail("pagemap");
}

/* Writes down what was written to since the last time, unless @silent. */
static void look(int silent)
{
	static struct scan_region regions[REGIONS];
	struct scan s = {
		.size = sizeof(s), .flags = SCAN_PROTECT | SCAN_CHECK_ASYNC, .start = base,
		.end = base + memory, .vec = (uintptr_t)regions, .vec_len = REGIONS,
		.category_mask = IS_WRITTEN, .return_mask = IS_WRITTEN,
	};
	uint64_t end = 0;
	const char *gap = "";

	while (s.start < s.end) {
		int n = ioctl(pagemap, SCAN, &s);

		if (n < 0)
			fail("PAGEMAP_SCAN");
		for (int i = 0; i < n && !silent; i++) {
			uint64_t first = (regions[i].start - base) / PAGE,
				 past = (regions[i].end - base) / PAGE, count;

			/* where a scan goes on, it may see a page again that is written to */
			if (past <= end)
				continue;
			first = first < end ? end : first;
			count = past - first;
			fprintf(out, "%s%llu", gap, (unsigned long long)(first - end));
			if (count > 1)
				fprintf(out, "+%llu", (unsigned long long)(count - 1));
			end = first + count;
			gap = " ";
		}
		s.start = s.walk_end;
	}
}

static void *watch(void *unused)
{
	uint64_t tick_ns = number("PAGEWATCH_TICK_MS") * 1000000, ticks = number("PAGEWATCH_TICKS");
	uint64_t before, due;

	while (access(getenv("PAGEWATCH_START"), F_OK))
		usleep(50000);
	find_memory();
	protect();
	out = fopen(getenv("PAGEWATCH_OUT"), "w");
	if (!out)
		fail(getenv("PAGEWATCH_OUT"));
	look(1);
	before = due = now_ns();
	while (ticks--) {
		uint64_t at;

		due += tick_ns;
		nap(due);
		at = now_ns();
		fprintf(out, "{\"type\":\"pages\",\"t_ns\":%llu,\"start_ns\":%llu,\"begins\":true,\"pages\":\"",
			(unsigned long long)at, (unsigned long long)before);
		look(0);
		fprintf(out, "\"}\n");
		before = at;
	}
	fclose(out);
	kill(getpid(), SIGTERM);
	return unused;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;
	sigset_t all, before;

	memory = number("PAGEWATCH_MEMORY");
	unsetenv("LD_PRELOAD");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);	/* pages of 4 KiB */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&thread, NULL, watch, NULL))
		fail("thread");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
