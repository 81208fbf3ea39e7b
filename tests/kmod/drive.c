// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * drive.c - a machine that writes while its session is read
 */
#include <errno.h>
#include <poll.h>

#include "drive.h"

#define POLL_MS	50

static int begin(struct vm *vm, unsigned int vcpus, const struct drive *d)
{
	int err = 0;

	for (unsigned int v = 0; !err && v < vcpus; v++) {
		struct vm_run run = {
			.first_gfn = vm_slot_gfn(vm, d->slot, 0), .count = d->count,
			.rate = d->rate, .table = d->table,
		};

		pattern_init(&run.pattern, d->kind, vm_slot_pages(vm, d->slot), d->seed * 16 + v);
		err = vm_run_begin(vm, v, &run);
	}
	return err;
}

static bool all_written(struct vm *vm, unsigned int vcpus, int *err)
{
	for (unsigned int v = 0; v < vcpus; v++) {
		*err = vm_wait(vm, v, 0);
		if (*err)
			break;
	}
	if (*err != -ETIMEDOUT)
		return true;
	*err = 0;
	return false;
}

int drive(struct vm *vm, unsigned int vcpus, struct watch *w, const struct drive *d)
{
	uint64_t until = watch_now_ns() + d->limit_ms * WATCH_MS,
		 events = w->sum.events + d->events;
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	int err = begin(vm, vcpus, d), ended;

	while (!err && !all_written(vm, vcpus, &err)) {
		poll(&p, 1, POLL_MS);
		watch_drain(w);
		if ((d->events && w->sum.events >= events) ||
		    (d->limit_ms && watch_now_ns() > until))
			break;
	}
	for (unsigned int v = 0; v < vcpus; v++)
		vm_cancel(vm, v);
	for (unsigned int v = 0; v < vcpus; v++) {
		/* One in front of its full ring needs somebody to harvest. */
		while ((ended = vm_wait(vm, v, POLL_MS)) == -ETIMEDOUT && !vm_harvest(vm, NULL, 0))
			watch_drain(w);
		err = err ? err : ended;
	}
	ended = vm_harvest(vm, NULL, 0);
	err = err ? err : ended;
	ended = watch_settle(w);
	return err ? err : ended;
}
