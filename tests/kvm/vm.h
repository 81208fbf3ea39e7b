/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm.h - a KVM machine of our own, whose dirty pages are known exactly
 *
 * The guest writes the pages it is told to write, by plain stores, and dirties
 * nothing else in logged memory. So what this machine harvests is what anybody
 * else who watches its dirty log must see.
 *
 * Functions return 0 or -errno unless they say otherwise. The memory slots and
 * the harvest may be used from any thread; one command at a time per vCPU.
 */
#ifndef VM_H
#define VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pattern.h"

#define VM_VCPUS_MAX		16
#define VM_SLOTS_MAX		32
#define VM_PAGE_SIZE		4096UL
#define VM_FIRST_GFN		0x1000UL	/* below are the guest's own things */
#define VM_SLOT_LOW		500		/* slot ids taken: code, stacks, page tables ... */
#define VM_SLOT_TABLE		501		/* ... and the weights of PATTERN_ALIAS */

enum vm_mode {
	VM_RING,
	VM_BITMAP,			/* KVM_GET_DIRTY_LOG reads, clears and protects */
	VM_BITMAP_MANUAL,		/* it reads; KVM_CLEAR_DIRTY_LOG clears and protects */
	VM_BITMAP_INITIALLY_SET,	/* the same, and all pages start dirty: the first harvest
					 * has them all */
};

/* What a vCPU does whose ring is full */
enum vm_full {
	VM_FULL_HARVEST,		/* its thread harvests all rings, the other vCPUs run on */
	VM_FULL_STOP_WORLD,		/* its thread stops all the vCPUs, harvests, lets them
					 * run */
	VM_FULL_WAIT,			/* it waits until somebody has harvested */
	VM_FULL_RETRY,			/* it tries to go on, time and again: a storm of exits
					 * without progress */
};

struct vm_slot_params {
	uint32_t id;			/* any but the two above */
	uint64_t pages;			/* 0 ends the list in vm_params */
	uint64_t gfn;			/* 0: behind the slot before, after a gap */
	bool logging;
	bool huge;			/* MADV_HUGEPAGE; else nothing but pages of 4 KiB */
};

struct vm_params {
	enum vm_mode mode;
	unsigned int vcpus;		/* 1 to VM_VCPUS_MAX */
	uint32_t ring_entries;		/* VM_RING: a power of two, 1024 to 65536 (KVM on AMD takes
					 * 256 as well) */
	enum vm_full full;
	uint32_t clear_pages;		/* a piece for KVM_CLEAR_DIRTY_LOG, a multiple of 64; 0:
					 * 4096 */
	struct vm_slot_params slot[VM_SLOTS_MAX];
};

struct vm;

/* Why this mode is not to be had here, for a SKIP; NULL if it is */
const char *vm_unsupported(enum vm_mode mode);

/* Makes the machine; no vCPU runs yet. */
int vm_open(struct vm **vm, const struct vm_params *params);
/* Ends the vCPUs wherever they are, even in front of a full ring. */
void vm_close(struct vm *vm);
int vm_vm_fd(const struct vm *vm);
int vm_vcpu_fd(const struct vm *vm, unsigned int vcpu);

/* ---- memory ---- */
int vm_slot_add(struct vm *vm, const struct vm_slot_params *slot);
/* Harvest first: what the rings still hold of the slot is then counted as stray. */
int vm_slot_remove(struct vm *vm, uint32_t id);
int vm_slot_set_logging(struct vm *vm, uint32_t id, bool on);
/* The guest page of a slot's page: what vm_write() takes */
uint64_t vm_slot_gfn(const struct vm *vm, uint32_t id, uint64_t offset);
uint64_t vm_slot_pages(const struct vm *vm, uint32_t id);
/*
 * The value last written to the page by this vCPU: its count of writes then, from 1; 0 if it never
 * did
 */
uint64_t vm_slot_value(const struct vm *vm, uint32_t id, uint64_t offset, unsigned int vcpu);

/* ---- writes ---- */
/* Starts the thread of a vCPU, of all by vm_start() */
int vm_vcpu_start(struct vm *vm, unsigned int vcpu);
int vm_start(struct vm *vm);

/* One word to each of these guest pages, in this order; returns when all are written. */
int vm_write(struct vm *vm, unsigned int vcpu, const uint64_t *gfns, size_t n);
/* The same, but returns at once; gfns must stay until vm_wait(). */
int vm_write_begin(struct vm *vm, unsigned int vcpu, const uint64_t *gfns, size_t n);

#define VM_RATE_MAX		0
#define VM_COUNT_ENDLESS	UINT64_MAX

struct vm_run {
	uint64_t first_gfn;		/* page 0 of the pattern */
	struct pattern pattern;		/* of pattern_init() */
	uint64_t count;			/* writes; VM_COUNT_ENDLESS: until vm_cancel() */
	double rate;			/* pages/s, kept up in batches of 1 ms; VM_RATE_MAX */
	const struct pattern_alias *table;	/* PATTERN_ALIAS: one entry a page, the same for all
						 * vCPUs; */
						/* NULL: the table given last */
};

int vm_run_begin(struct vm *vm, unsigned int vcpu, const struct vm_run *run);
/* The writes of a slot (its page 0 is page 0 of the pattern); returns when all are written. */
int vm_run_pattern(struct vm *vm, unsigned int vcpu, uint32_t slot, enum pattern_kind kind,
		   uint64_t count, uint64_t seed, double rate);

/* -ETIMEDOUT: the command goes on (or waits in front of its full ring). timeout_ms < 0: no limit */
int vm_wait(struct vm *vm, unsigned int vcpu, int timeout_ms);
/*
 * Ends the command after the write it is at; then vm_wait(). A vCPU in front of
 * its full ring is in the middle of a write, so it ends only once somebody has
 * harvested: its page is in the ring already, the store comes after.
 */
void vm_cancel(struct vm *vm, unsigned int vcpu);
/* Writes done by this vCPU since vm_open() */
uint64_t vm_written(const struct vm *vm, unsigned int vcpu);

/* All the vCPUs are outside the guest between these two (by a signal and immediate_exit). */
void vm_pause(struct vm *vm);
void vm_resume(struct vm *vm);

/* ---- dirty pages ---- */
struct vm_page {
	uint32_t slot;
	uint32_t vcpu;			/* 0 but for VM_RING */
	uint64_t offset;
};

/*
 * How often is a page in the log? Once for its first write after each harvest,
 * with exceptions that an observer sees alike:
 * - A vCPU that leaves the guest with a page marked and its store still to come (as
 *   at each ring-full exit) marks it once more if it was harvested in between.
 * - vCPUs that write the same page at the same moment may each mark it.
 * - vm_slot_remove() unmaps all the guest's memory, and with it what was writable.
 * - Under PVM, where stores are emulated, a ring has an entry for every write.
 */
struct vm_harvest {
	uint64_t vcpu[VM_VCPUS_MAX];	/* VM_RING: entries of each ring */
	uint64_t total;
	struct vm_page *page;		/* all of them, rings one after the other in their order */
};

/*
 * Collects and re-arms. max: no more than this many of each ring, or of each slot
 * (rounded up to whole pieces; VM_BITMAP always does them all); 0: all.
 * h may be NULL: all harvests, by whomever, are also added up in what follows.
 */
int vm_harvest(struct vm *vm, struct vm_harvest *h, uint64_t max);
void vm_harvest_free(struct vm_harvest *h);

/* Harvests each period, from a thread of its own. vm_reaper_stop(): its first error, if any */
int vm_reaper_start(struct vm *vm, unsigned int period_ms);
int vm_reaper_stop(struct vm *vm);

struct vm_stats {
	uint64_t pushed[VM_VCPUS_MAX];	/* VM_RING: entries harvested of each ring */
	uint64_t harvested;		/* pages, by all harvests; a page counts in each harvest
					 * that had it */
	uint64_t harvested_hash;	/* sum of vm_page_hash() over them */
	uint64_t distinct;		/* pages that were in any harvest ... */
	uint64_t distinct_hash;		/* ... and the sum of their hashes */
	uint64_t harvests;
	uint64_t ring_full[VM_VCPUS_MAX];	/* exits */
	uint64_t stray;			/* entries of no slot that is there, or beyond its end */
};

void vm_stats(struct vm *vm, struct vm_stats *stats);
/* All of it starts anew, from 0. */
void vm_stats_reset(struct vm *vm);
/* Has any harvest had this page since vm_open() or vm_forget()? */
bool vm_seen(const struct vm *vm, uint32_t id, uint64_t offset);
/* Forgets which pages were seen, in all slots or one; not the counts of harvests */
void vm_forget(struct vm *vm);
void vm_slot_forget(struct vm *vm, uint32_t id);

/* Sums of this do not depend on the order, and equal sums mean equal sets. */
static inline uint64_t vm_page_hash(uint32_t slot, uint64_t offset)
{
	return pattern_mix(pattern_mix(slot) + offset);
}

#endif
