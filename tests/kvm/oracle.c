// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oracle.c - the pages that must be dirty
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle.h"

#define COMPLAINTS_MAX	5

struct oracle oracle_new(const struct vm *vm, uint32_t slot)
{
	struct oracle o = { .slot = slot, .pages = vm_slot_pages(vm, slot) };

	o.marked = calloc(o.pages ? o.pages : 1, 1);
	if (!o.marked)
		abort();
	return o;
}

void oracle_free(struct oracle *o)
{
	free(o->marked);
	o->marked = NULL;
}

void oracle_mark(struct oracle *o, uint64_t offset)
{
	if (offset >= o->pages)
		abort();
	o->count += !o->marked[offset];
	o->marked[offset] = 1;
}

void oracle_pattern(struct oracle *o, struct pattern pattern, uint64_t first, uint64_t count)
{
	while (count--)
		oracle_mark(o, first + pattern_next(&pattern, NULL));
}

static void complain(uint32_t slot, uint64_t offset, const char *what, unsigned int *wrong)
{
	if (++*wrong <= COMPLAINTS_MAX)
		printf("# slot %" PRIu32 " page %" PRIu64 ": %s\n", slot, offset, what);
}

bool oracle_is_seen(const struct oracle *o, const struct vm *vm)
{
	unsigned int wrong = 0;

	for (uint64_t i = 0; i < o->pages; i++) {
		bool seen = vm_seen(vm, o->slot, i);

		if (seen != o->marked[i])
			complain(o->slot, i,
				 seen ? "harvested, never written" : "written, never harvested",
				 &wrong);
	}
	return !wrong;
}

bool oracle_is_harvest(const struct oracle *o, const struct vm_harvest *h)
{
	uint8_t *had = calloc(o->pages, 1);
	unsigned int wrong = 0;

	if (!had)
		abort();
	for (uint64_t i = 0; i < h->total; i++)
		if (h->page[i].slot == o->slot)
			had[h->page[i].offset] = 1;
	for (uint64_t i = 0; i < o->pages; i++)
		if (had[i] != o->marked[i])
			complain(o->slot, i,
				 had[i] ? "in the harvest, not written" :
					  "written, not in the harvest",
				 &wrong);
	free(had);
	return !wrong;
}
