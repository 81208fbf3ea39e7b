/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drive.h - a machine that writes while its session is read
 */
#ifndef DRIVE_H
#define DRIVE_H

#include "../kvm/vm.h"
#include "watch.h"

struct drive {
	uint32_t slot;
	enum pattern_kind kind;
	const struct pattern_alias *table;
	uint64_t count;			/* writes of each vCPU; VM_COUNT_ENDLESS: until events */
	uint64_t events;		/* ends once the records have so many; 0: when all is
					 * written */
	double rate;			/* of each vCPU; VM_RATE_MAX */
	uint64_t seed;
	unsigned int limit_ms;		/* of time; 0: none */
};

/* Runs all the vCPUs, reads records meanwhile, harvests what is left and settles. 0 or -errno */
int drive(struct vm *vm, unsigned int vcpus, struct watch *w, const struct drive *d);

#endif
