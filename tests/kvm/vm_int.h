/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_int.h - the machine's own state, for its three files: vm.c (the machine and
 * its memory), vcpu.c (threads and commands), harvest.c (the dirty log)
 */
#ifndef VM_INT_H
#define VM_INT_H

#include <linux/kvm.h>
#include <pthread.h>

#include "guest_abi.h"
#include "vm.h"

struct vm_slot {
	struct vm_slot_params p;	/* pages 0: not in use */
	void *map;			/* as mmap() gave it, to unmap */
	size_t map_bytes;
	uint8_t *mem;			/* page 0, on a boundary of 2 MiB */
	uint64_t *seen;			/* in any harvest so far */
	uint64_t *dirty;		/* what KVM_GET_DIRTY_LOG fills in */
};

enum vm_command {
	VM_COMMAND_NONE,
	VM_COMMAND_LIST,
	VM_COMMAND_RUN,
};

struct vm_vcpu {
	struct vm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	volatile struct guest_mailbox *box;
	uint64_t *list;			/* the guest's list of pages */
	pthread_t thread;
	bool started;

	/* The ring. Its indices run free, as the kernel's do. */
	struct kvm_dirty_gfn *ring;
	uint32_t fetch;
	uint64_t pushed;
	uint64_t ring_full;

	/* Under vm->lock */
	bool in_guest;
	uint64_t harvests_at_entry;
	enum vm_command command;
	bool cancel;
	int error;
	const uint64_t *gfns;
	size_t ngfns;
	struct vm_run pattern;
};

struct vm {
	struct vm_params params;
	int kvm_fd;
	int fd;
	size_t run_bytes;
	struct vm_vcpu vcpu[VM_VCPUS_MAX];
	uint8_t *low;
	void *table;
	size_t table_bytes;
	const struct pattern_alias *table_from;

	/* The vCPUs' states. Never wait for harvest_lock with this one held. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	bool quit;
	uint64_t harvests;		/* for those who wait for the next */

	/* Memory slots, rings, and what was harvested */
	pthread_mutex_t harvest_lock;
	struct vm_slot slot[VM_SLOTS_MAX];
	struct vm_stats stats;

	pthread_t reaper;
	bool reaping;
	bool reaper_quit;
	unsigned int reap_ms;
	int reaper_error;
};

struct vm_slot *vm_slot_find(const struct vm *vm, uint32_t id);
int vm_table_set(struct vm *vm, const struct pattern_alias *table, uint64_t pages);
void vm_vcpus_end(struct vm *vm);

static inline void vm_deadline_after_ms(struct timespec *ts, unsigned int ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += ms % 1000 * 1000000L;
	if (ts->tv_nsec >= 1000000000L) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000L;
	}
}

#endif
