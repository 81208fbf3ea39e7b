/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpftest.h - a source read by a test: ticks added up, sets of pages collected
 */
#ifndef BPFTEST_H
#define BPFTEST_H

#include <poll.h>

#include "../kvm/vmtest.h"
#include "source/source.h"

#define MS		1000000ULL
#define TICK_NS		(2 * MS)

/* What all records so far had */
struct watch {
	struct mt_source *source;
	struct migtrace_record *last;
	size_t bytes;
	uint64_t events, pages, overruns, resets, cleared_pages, ring_full,
		vcpu_events[VM_VCPUS_MAX];
	unsigned records;
	char why[512];			/* it cannot be had */
};

static inline int watch_open(struct watch *w, uint64_t tick_ns, uint64_t window_ns)
{
	const struct mt_source_params params = {
		.vmm_pid = getpid(), .tick_ns = tick_ns, .window_ns = window_ns,
		.vcpus = VM_VCPUS_MAX,
	};
	struct mt_err err = { 0 };
	int rc;

	memset(w, 0, sizeof(*w));
	rc = mt_source_open("bpf", &params, &w->source, &err);
	if (rc) {
		snprintf(w->why, sizeof(w->why), "%s", err.msg);
		return rc;
	}
	w->bytes = sizeof(*w->last) + VM_VCPUS_MAX * sizeof(struct migtrace_vcpu);
	w->last = calloc(1, w->bytes);
	return 0;
}

static inline void watch_close(struct watch *w)
{
	mt_source_close(w->source);
	free(w->last);
}

/* Waits for a record and adds it up. */
static inline int watch_tick(struct watch *w)
{
	struct pollfd p = { .fd = w->source->ops->fd(w->source), .events = POLLIN };
	int rc;

	do {
		if (poll(&p, 1, 600000) != 1)	/* a hang */
			return -ETIMEDOUT;
		rc = mt_source_read(w->source, w->last, w->bytes);
	} while (!rc);
	if (rc < 0)
		return rc;
	w->records++;
	w->events += w->last->events;
	w->pages += w->last->pages;
	w->overruns += w->last->overruns;
	w->resets += w->last->resets;
	w->cleared_pages += w->last->cleared_pages;
	w->ring_full += w->last->ring_full_exits;
	for (unsigned v = 0; v < w->last->vcpus; v++)
		w->vcpu_events[v] += w->last->vcpu[v].events;
	return 0;
}

/* Everything that has happened is in the records after this. */
static inline int watch_settle(struct watch *w)
{
	for (int i = 0; i < 2; i++) {
		int rc = watch_tick(w);

		if (rc)
			return rc;
	}
	return 0;
}

static inline int watch_pages(struct watch *w, uint32_t slot, uint64_t pages,
			      enum migtrace_set_kind kind, uint64_t *bits)
{
	struct migtrace_pages p = {
		.id = (uint16_t)slot, .kind = kind, .page_count = pages,
		.bitmap_ptr = (uintptr_t)bits,
	};

	return w->source->ops->pages(w->source, &p);
}

/* A case goes on with an open source, or is skipped with the reason. */
#define BPFTEST_WATCH(vm, w, tick_ns, window_ns) do { \
	int bpftest_rc = watch_open(&(w), tick_ns, window_ns); \
	if (bpftest_rc == -EPERM || bpftest_rc == -EOPNOTSUPP) { \
		static char bpftest_why[512]; \
		snprintf(bpftest_why, sizeof(bpftest_why), "%s", (w).why); \
		vm_close(vm); \
		SKIP(bpftest_why); \
	} \
	if (bpftest_rc) \
		printf("# %s\n", (w).why); \
	CHECK_INT(bpftest_rc, 0); \
} while (0)

#define BPFTEST_CLOSE(vm, w) do { \
	watch_close(&(w)); \
	vm_close(vm); \
} while (0)

#endif
