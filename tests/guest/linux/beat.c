// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heartbeat of the Linux guest: prints "hb N writes=M" on a serial port every
 * 5 ms; N counts heartbeats, M the pages that this program has filled.
 *
 * It also fills one fresh page every 20 ms, in rotation over a few hundred,
 * so that the guest never stops dirtying memory, and keeps comparing all of
 * them with what they must hold: a page that a migration lost or set back
 * shows. The status file always holds one line of decimal numbers,
 *
 *	BEATS CHECKED BAD
 *
 * heartbeats printed, pages compared so far, and how many of those were wrong.
 *
 * Usage: beat TTY STATUSFILE
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC	1000000000L
#define PERIOD_NS	5000000L
#define DIRTY_EVERY	4	/* beats, so 20 ms */
#define CHECK_PER_BEAT	4	/* pages: all of them every 320 ms */
#define PAGES		256
#define WORDS		512	/* 64-bit words of a 4 KiB page */

static uint64_t pages[PAGES][WORDS] __attribute__((aligned(4096)));

/* Differs between pages, between rounds and between the words of a page. */
static uint64_t pattern(uint64_t stamp, unsigned int word)
{
	return (stamp * WORDS + word + 1) * 0x9e3779b97f4a7c15ULL;
}

static void fill_page(uint64_t stamp)
{
	uint64_t *page = pages[stamp % PAGES];
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		page[i] = pattern(stamp, i);
}

static int page_is_good(uint64_t stamp)
{
	const uint64_t *page = pages[stamp % PAGES];
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		if (page[i] != pattern(stamp, i))
			return 0;
	return 1;
}

/* The last stamp below next that was written to this page. */
static uint64_t last_stamp(uint64_t next, unsigned int page)
{
	return next - 1 - (next - 1 - page) % PAGES;
}

static int is_later(const struct timespec *a, const struct timespec *b)
{
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec > b->tv_sec;
	return a->tv_nsec > b->tv_nsec;
}

static void add_period(struct timespec *t)
{
	t->tv_nsec += PERIOD_NS;
	if (t->tv_nsec >= NSEC_PER_SEC) {
		t->tv_nsec -= NSEC_PER_SEC;
		t->tv_sec++;
	}
}

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	/* Above the workload: a gap is then the machine's, not the scheduler's. */
	struct sched_param param = { .sched_priority = 10 };
	uint64_t next_stamp, beats = 0, checked = 0, bad = 0;
	struct timespec due, now;
	int tty, status, len, i;
	char line[80];

	if (argc != 3) {
		fputs("usage: beat TTY STATUSFILE\n", stderr);
		return 2;
	}
	tty = open(argv[1], O_WRONLY | O_NOCTTY);
	if (tty < 0)
		die(argv[1]);
	status = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (status < 0)
		die(argv[2]);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall");
	if (sched_setscheduler(0, SCHED_FIFO, &param))
		die("sched_setscheduler");

	for (next_stamp = 0; next_stamp < PAGES; next_stamp++)
		fill_page(next_stamp);

	clock_gettime(CLOCK_MONOTONIC, &due);
	for (;;) {
		len = snprintf(line, sizeof(line), "hb %llu writes=%llu\n",
			       (unsigned long long)++beats,
			       (unsigned long long)next_stamp);
		if (write(tty, line, len) != len)
			die(argv[1]);

		for (i = 0; i < CHECK_PER_BEAT; i++, checked++)
			if (!page_is_good(last_stamp(next_stamp, checked % PAGES)))
				bad++;
		if (beats % DIRTY_EVERY == 0) {
			/* About to be overwritten: its last chance to be seen. */
			if (!page_is_good(next_stamp - PAGES))
				bad++;
			fill_page(next_stamp++);
		}

		/* Fixed width: a line never shrinks, so none needs truncating. */
		len = snprintf(line, sizeof(line), "%010llu %010llu %010llu\n",
			       (unsigned long long)beats,
			       (unsigned long long)checked,
			       (unsigned long long)bad);
		if (pwrite(status, line, len, 0) != len)
			die(argv[2]);

		/* Late by more than a period: go on from now, no burst. */
		add_period(&due);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (is_later(&now, &due))
			due = now;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
	}
}
