// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - a session of the module, as tests use it
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "watch.h"

#define SETTLE_MS	600000	/* a hang */
#define PAGES_TRIES	1000

uint64_t watch_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

const char *watch_unsupported(void)
{
	if (access(WATCH_DEVICE, F_OK))
		return "migtrace.ko is not loaded";
	if (access(WATCH_DEVICE, R_OK | W_OK))
		return "no permission for /dev/migtrace";
	return NULL;
}

int watch_open(struct watch *w, int vm_fd, uint64_t tick_ns, uint64_t window_ns)
{
	return watch_open_as(w, &(struct migtrace_attach){ .vm_fd = vm_fd,
							   .tick_ns = tick_ns,
							   .window_ns = window_ns });
}

int watch_open_as(struct watch *w, const struct migtrace_attach *args)
{
	memset(w, 0, sizeof(*w));
	w->args = *args;
	w->args.abi_version = MIGTRACE_ABI_VERSION;
	w->args.record_count = 4096;
	w->args.vcpu_count = WATCH_VCPUS;
	w->fd = open(WATCH_DEVICE, O_RDWR | O_CLOEXEC);
	if (w->fd < 0)
		return -errno;
	if (ioctl(w->fd, MIGTRACE_IOC_ATTACH, &w->args)) {
		int err = -errno;

		close(w->fd);
		return err;
	}
	w->ring = mmap(NULL, w->args.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd, 0);
	if (w->ring == MAP_FAILED) {
		int err = -errno;

		close(w->fd);
		return err;
	}
	return 0;
}

void watch_close(struct watch *w)
{
	munmap(w->ring, w->args.map_bytes);
	close(w->fd);
}

static void add(struct watch *w, const struct migtrace_record *r)
{
	struct watch_sum *s = &w->sum;

	if (s->records && r->tick != w->last.record.tick + 1)
		s->missed += r->tick - w->last.record.tick - 1;
	s->records++;
	s->pages += r->pages;
	s->events += r->events;
	s->overruns += r->overruns;
	s->other_events += r->other_events;
	s->resets += r->resets;
	s->cleared_pages += r->cleared_pages;
	s->ring_full_exits += r->ring_full_exits;
	for (unsigned int i = 0; i < WATCH_VCPUS; i++) {
		s->vcpu_events[i] += r->vcpu[i].events;
		if (r->vcpu[i].ring_used > s->vcpu_ring_used[i])
			s->vcpu_ring_used[i] = r->vcpu[i].ring_used;
	}
	memcpy(&w->last, r, sizeof(w->last));
}

int watch_drain(struct watch *w)
{
	struct migtrace_ring *ring = w->ring;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), tail = ring->tail;
	int n = 0;

	for (; tail != head; tail++, n++) {
		const struct migtrace_record *r = (void *)((char *)ring + ring->records_offset +
				(tail & (ring->record_count - 1)) * ring->record_bytes);

		add(w, r);
		if (w->on_record)
			w->on_record(w, r, w->arg);
	}
	__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
	return n;
}

int watch_settle(struct watch *w)
{
	uint64_t from = watch_now_ns(), until = from + SETTLE_MS * WATCH_MS;
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	do {
		watch_drain(w);
		if (w->sum.records && w->last.record.start_ns >= from)
			return 0;
		if (w->sum.records && w->last.record.state & MIGTRACE_STATE_GONE)
			return -ESRCH;
		if (poll(&p, 1, SETTLE_MS) < 0 && errno != EINTR)
			return -errno;
	} while (watch_now_ns() < until);
	return -ETIMEDOUT;
}

int watch_new_window(struct watch *w)
{
	int err = watch_settle(w);

	if (err)
		return err;
	return ioctl(w->fd, MIGTRACE_IOC_WINDOW) ? -errno : 0;
}

int watch_pages(struct watch *w, uint64_t tick, enum migtrace_set_kind kind, uint32_t slot,
		uint64_t pages, uint64_t *words)
{
	struct migtrace_pages args = {
		.tick = tick,
		.kind = kind,
		.as_id = slot >> 16,
		.id = slot,
		.page_count = pages,
		.bitmap_ptr = (uintptr_t)words,
	};
	int err, tries = 0;

	/* On a slow machine a short tick ends while it is read. */
	do {
		args.tick = tick;
		err = ioctl(w->fd, MIGTRACE_IOC_PAGES, &args) ? -errno : 0;
	} while (err == -ESTALE && !tick && ++tries < PAGES_TRIES);
	return err;
}

uint64_t watch_popcount(const uint64_t *words, uint64_t pages)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < (pages + 63) / 64; i++)
		n += __builtin_popcountll(words[i]);
	return n;
}
