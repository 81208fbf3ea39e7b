/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - a session of the module, as tests use it: by the ABI and nothing else
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/migtrace.h>

#define WATCH_DEVICE	"/dev/migtrace"
#define WATCH_VCPUS	4
#define WATCH_MS	1000000ULL

/* What the records read so far add up to */
struct watch_sum {
	uint64_t records, pages, events, overruns, other_events, resets, cleared_pages,
		ring_full_exits, missed;
	uint64_t vcpu_events[WATCH_VCPUS];
	uint32_t vcpu_ring_used[WATCH_VCPUS];	/* the largest */
};

struct watch {
	int fd;
	struct migtrace_attach args;
	struct migtrace_ring *ring;
	struct watch_sum sum;
	struct {
		struct migtrace_record record;
		struct migtrace_vcpu vcpu[WATCH_VCPUS];
	} last;
	void (*on_record)(struct watch *w, const struct migtrace_record *r, void *arg);
	void *arg;
};

/* Why there is no module here, for a SKIP; NULL if there is */
const char *watch_unsupported(void);

/* The clock of the records */
uint64_t watch_now_ns(void);

/* 0 or -errno */
int watch_open(struct watch *w, int vm_fd, uint64_t tick_ns, uint64_t window_ns);
/* The same, with all that there is to be asked for; version and counts are set here. */
int watch_open_as(struct watch *w, const struct migtrace_attach *args);
void watch_close(struct watch *w);
/* Reads what is there. How many, or -errno */
int watch_drain(struct watch *w);
/* Reads until a whole tick has passed since the call: all that happened before is in the sum. */
int watch_settle(struct watch *w);
/* The same, and then a window that begins with the next reset or clear */
int watch_new_window(struct watch *w);

/* A set of a slot's pages: room for (pages + 63) / 64 words. tick 0: the last. */
int watch_pages(struct watch *w, uint64_t tick, enum migtrace_set_kind kind, uint32_t slot,
		uint64_t pages, uint64_t *words);
uint64_t watch_popcount(const uint64_t *words, uint64_t pages);

#endif
