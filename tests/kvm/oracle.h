/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * oracle.h - the pages that must be dirty, from the known sequence of writes
 *
 * A plain bitmap per slot that the test fills itself. It knows nothing of rings,
 * logs or harvests.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "vm.h"

struct oracle {
	uint32_t slot;
	uint64_t pages;
	uint64_t count;			/* marked */
	uint8_t *marked;		/* a byte for each page */
};

struct oracle oracle_new(const struct vm *vm, uint32_t slot);
void oracle_free(struct oracle *o);
void oracle_mark(struct oracle *o, uint64_t offset);
/* What a vm_run with this pattern (whose page 0 is the slot's page first) writes */
void oracle_pattern(struct oracle *o, struct pattern pattern, uint64_t first, uint64_t count);

/* All harvests so far had exactly these pages of the slot. Says on stdout where not. */
bool oracle_is_seen(const struct oracle *o, const struct vm *vm);
/* This harvest had exactly these pages of the slot. */
bool oracle_is_harvest(const struct oracle *o, const struct vm_harvest *h);

#endif
