// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vm.c - the machine and its memory
 *
 * The vCPUs start in 64-bit mode with everything mapped one to one by pages of
 * 2 MiB whose accessed and dirty bits are set already.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vm_int.h"

#define HUGE_PAGE		(2UL << 20)
#define GAP_PAGES		37	/* between slots that choose no place */
#define CPUID_ENTRIES		256

#define PTE_TABLE		0x23UL	/* present, writable, accessed */
#define PTE_HUGE		0xe3UL	/* the same, dirty, 2 MiB */
#define CR0_LONG		0x80000031UL	/* PG, NE, ET, PE */
#define CR4_PAE			0x20UL
#define EFER_LONG		0x500UL	/* LMA, LME */

extern const char vm_guest_start[], vm_guest_end[];

/* KVM names the capability of the ring by its memory model; x86 has both. */
static int ring_cap(int kvm_fd)
{
	if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING) > 0)
		return KVM_CAP_DIRTY_LOG_RING;
	if (ioctl(kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING_ACQ_REL) > 0)
		return KVM_CAP_DIRTY_LOG_RING_ACQ_REL;
	return 0;
}

const char *vm_unsupported(enum vm_mode mode)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	const char *why = NULL;
	int manual;

	if (fd < 0)
		return errno == ENOENT ? "no /dev/kvm" : "/dev/kvm cannot be opened";
	manual = ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2);
	if (ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
		why = "no KVM_CAP_IMMEDIATE_EXIT";
	else if (mode == VM_RING && !ring_cap(fd))
		why = "no KVM_CAP_DIRTY_LOG_RING";
	else if (mode == VM_BITMAP_MANUAL && !(manual & KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE))
		why = "no KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2";
	else if (mode == VM_BITMAP_INITIALLY_SET && !(manual & KVM_DIRTY_LOG_INITIALLY_SET))
		why = "no KVM_DIRTY_LOG_INITIALLY_SET";
	close(fd);
	return why;
}

static int enable_mode(struct vm *vm)
{
	struct kvm_enable_cap cap = { 0 };

	switch (vm->params.mode) {
	case VM_BITMAP:
		return 0;
	case VM_RING:
		cap.cap = ring_cap(vm->kvm_fd);
		cap.args[0] = vm->params.ring_entries * sizeof(struct kvm_dirty_gfn);
		break;
	case VM_BITMAP_MANUAL:
	case VM_BITMAP_INITIALLY_SET:
		cap.cap = KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2;
		cap.args[0] = KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE;
		if (vm->params.mode == VM_BITMAP_INITIALLY_SET)
			cap.args[0] |= KVM_DIRTY_LOG_INITIALLY_SET;
		break;
	}
	return ioctl(vm->fd, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

static void *map_memory(size_t bytes)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

static int set_region(struct vm *vm, uint32_t id, uint64_t gpa, uint64_t bytes, void *mem,
		      bool logging)
{
	struct kvm_userspace_memory_region region = {
		.slot = id,
		.flags = logging ? KVM_MEM_LOG_DIRTY_PAGES : 0,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)mem,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static int make_low_slot(struct vm *vm)
{
	uint64_t *pml4, *pdpt, *pd;

	vm->low = map_memory(GUEST_LOW_BYTES);
	if (!vm->low)
		return -errno;
	memcpy(vm->low + GUEST_CODE, vm_guest_start, vm_guest_end - vm_guest_start);
	pml4 = (uint64_t *)(vm->low + GUEST_PML4);
	pdpt = (uint64_t *)(vm->low + GUEST_PDPT);
	pd = (uint64_t *)(vm->low + GUEST_PD);
	pml4[0] = GUEST_PDPT | PTE_TABLE;
	for (uint64_t i = 0; i < 512; i++)
		pdpt[i] = (GUEST_PD + i * VM_PAGE_SIZE) | PTE_TABLE;
	for (uint64_t i = 0; i < GUEST_BYTES / HUGE_PAGE; i++)
		pd[i] = i * HUGE_PAGE | PTE_HUGE;
	return set_region(vm, VM_SLOT_LOW, 0, GUEST_LOW_BYTES, vm->low, false);
}

int vm_table_set(struct vm *vm, const struct pattern_alias *table, uint64_t pages)
{
	size_t used = pages * sizeof(*table);
	size_t bytes = (used + VM_PAGE_SIZE - 1) & -VM_PAGE_SIZE;
	int err;

	if (table == vm->table_from && bytes == vm->table_bytes)
		return 0;
	if (bytes > GUEST_TABLE_PAGES_MAX * VM_PAGE_SIZE)
		return -E2BIG;
	if (vm->table) {
		set_region(vm, VM_SLOT_TABLE, GUEST_TABLE, 0, NULL, false);
		munmap(vm->table, vm->table_bytes);
	}
	vm->table = map_memory(bytes);
	if (!vm->table)
		return -errno;
	vm->table_bytes = bytes;
	vm->table_from = table;
	memcpy(vm->table, table, used);
	err = set_region(vm, VM_SLOT_TABLE, GUEST_TABLE, bytes, vm->table, false);
	return err;
}

struct vm_slot *vm_slot_find(const struct vm *vm, uint32_t id)
{
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		if (vm->slot[i].p.pages && vm->slot[i].p.id == id)
			return (struct vm_slot *)&vm->slot[i];
	return NULL;
}

static uint64_t place_for(const struct vm *vm, bool huge)
{
	uint64_t gfn = VM_FIRST_GFN;

	for (int i = 0; i < VM_SLOTS_MAX; i++) {
		const struct vm_slot_params *p = &vm->slot[i].p;

		if (p->pages && p->gfn + p->pages + GAP_PAGES > gfn)
			gfn = p->gfn + p->pages + GAP_PAGES;
	}
	return huge ? (gfn + 511) & -512UL : gfn;
}

static void slot_free(struct vm_slot *slot)
{
	if (slot->map)
		munmap(slot->map, slot->map_bytes);
	free(slot->seen);
	free(slot->dirty);
	*slot = (struct vm_slot){ 0 };
}

static int slot_add(struct vm *vm, const struct vm_slot_params *p)
{
	size_t words = (p->pages + 63) / 64;
	struct vm_slot *slot = NULL;
	int err;

	if (!p->pages || p->pages > GUEST_TABLE / VM_PAGE_SIZE || p->id == VM_SLOT_LOW ||
	    p->id == VM_SLOT_TABLE || p->id > UINT16_MAX || vm_slot_find(vm, p->id))
		return -EINVAL;
	for (int i = 0; !slot && i < VM_SLOTS_MAX; i++)
		if (!vm->slot[i].p.pages)
			slot = &vm->slot[i];
	if (!slot)
		return -ENOSPC;

	*slot = (struct vm_slot){ .p = *p };
	slot->p.pages = 0;
	if (!p->gfn)
		slot->p.gfn = place_for(vm, p->huge);
	slot->p.pages = p->pages;
	slot->map_bytes = p->pages * VM_PAGE_SIZE + HUGE_PAGE;
	slot->map = map_memory(slot->map_bytes);
	slot->seen = calloc(words, sizeof(uint64_t));
	slot->dirty = calloc(words, sizeof(uint64_t));
	err = -ENOMEM;
	if (!slot->map || !slot->seen || !slot->dirty)
		goto fail;
	slot->mem = (uint8_t *)(((uintptr_t)slot->map + HUGE_PAGE - 1) & -HUGE_PAGE);
	/*
	 * A page that khugepaged moves is unmapped from the guest, and its next write counts once
	 * more.
	 */
	madvise(slot->map, slot->map_bytes, p->huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);

	err = -EINVAL;
	if (slot->p.gfn < VM_FIRST_GFN || slot->p.gfn + p->pages > GUEST_TABLE / VM_PAGE_SIZE)
		goto fail;
	err = set_region(vm, p->id, slot->p.gfn * VM_PAGE_SIZE, p->pages * VM_PAGE_SIZE, slot->mem,
			 p->logging);
	if (!err)
		return 0;
fail:
	slot_free(slot);
	return err;
}

int vm_slot_add(struct vm *vm, const struct vm_slot_params *params)
{
	int err;

	pthread_mutex_lock(&vm->harvest_lock);
	err = slot_add(vm, params);
	pthread_mutex_unlock(&vm->harvest_lock);
	return err;
}

int vm_slot_remove(struct vm *vm, uint32_t id)
{
	struct vm_slot *slot;
	int err = -ENOENT;

	pthread_mutex_lock(&vm->harvest_lock);
	slot = vm_slot_find(vm, id);
	if (slot)
		err = set_region(vm, id, slot->p.gfn * VM_PAGE_SIZE, 0, slot->mem, false);
	if (!err)
		slot_free(slot);
	pthread_mutex_unlock(&vm->harvest_lock);
	return err;
}

int vm_slot_set_logging(struct vm *vm, uint32_t id, bool on)
{
	struct vm_slot *slot;
	int err = -ENOENT;

	pthread_mutex_lock(&vm->harvest_lock);
	slot = vm_slot_find(vm, id);
	if (slot)
		err = set_region(vm, id, slot->p.gfn * VM_PAGE_SIZE, slot->p.pages * VM_PAGE_SIZE,
				 slot->mem, on);
	if (!err)
		slot->p.logging = on;
	pthread_mutex_unlock(&vm->harvest_lock);
	return err;
}

uint64_t vm_slot_gfn(const struct vm *vm, uint32_t id, uint64_t offset)
{
	const struct vm_slot *slot = vm_slot_find(vm, id);

	return slot ? slot->p.gfn + offset : 0;
}

uint64_t vm_slot_pages(const struct vm *vm, uint32_t id)
{
	const struct vm_slot *slot = vm_slot_find(vm, id);

	return slot ? slot->p.pages : 0;
}

uint64_t vm_slot_value(const struct vm *vm, uint32_t id, uint64_t offset, unsigned int vcpu)
{
	const struct vm_slot *slot = vm_slot_find(vm, id);

	if (!slot || offset >= slot->p.pages || vcpu >= VM_VCPUS_MAX)
		return 0;
	return *(volatile uint64_t *)(slot->mem + offset * VM_PAGE_SIZE + vcpu * sizeof(uint64_t));
}

static int set_cpuid(struct vm *vm, int fd)
{
	struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	int err = 0;

	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = CPUID_ENTRIES;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) || ioctl(fd, KVM_SET_CPUID2, cpuid))
		err = -errno;
	free(cpuid);
	return err;
}

static int set_long_mode(struct vm_vcpu *vcpu)
{
	struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1,
		.g = 1,
	};
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1,
		.g = 1,
	};
	struct kvm_regs regs = {
		.rip = GUEST_CODE,
		.rsp = GUEST_STACK_TOP(vcpu->index) - 8,	/* as if called */
		.rdi = GUEST_MAILBOX(vcpu->index),
		.rflags = 2,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = CR0_LONG;
	sregs.cr3 = GUEST_PML4;
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LONG;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) || ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return -errno;
	return 0;
}

static int make_vcpu(struct vm *vm, unsigned int i)
{
	struct vm_vcpu *vcpu = &vm->vcpu[i];
	size_t ring_bytes = vm->params.ring_entries * sizeof(*vcpu->ring);
	int err;

	vcpu->box = (struct guest_mailbox *)(vm->low + GUEST_MAILBOX(i));
	vcpu->box->word = i * sizeof(uint64_t);
	vcpu->box->list = GUEST_LIST(i);
	vcpu->box->table = GUEST_TABLE;
	vcpu->list = (uint64_t *)(vm->low + GUEST_LIST(i));
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, i);
	if (vcpu->fd < 0)
		return -errno;
	vcpu->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return -errno;
	}
	if (vm->params.mode == VM_RING) {
		vcpu->ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
				  KVM_DIRTY_LOG_PAGE_OFFSET * VM_PAGE_SIZE);
		if (vcpu->ring == MAP_FAILED) {
			vcpu->ring = NULL;
			return -errno;
		}
	}
	err = set_cpuid(vm, vcpu->fd);
	return err ? err : set_long_mode(vcpu);
}

static int make_machine(struct vm *vm)
{
	int err, run_bytes;

	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return -errno;
	run_bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (run_bytes < 0 || vm->fd < 0)
		return -errno;
	vm->run_bytes = run_bytes;
	err = enable_mode(vm);
	if (!err)
		err = make_low_slot(vm);
	for (int i = 0; !err && i < VM_SLOTS_MAX && vm->params.slot[i].pages; i++)
		err = slot_add(vm, &vm->params.slot[i]);
	for (unsigned int i = 0; !err && i < vm->params.vcpus; i++)
		err = make_vcpu(vm, i);
	return err;
}

int vm_open(struct vm **out, const struct vm_params *params)
{
	pthread_condattr_t attr;
	struct vm *vm;
	int err;

	if (params->vcpus < 1 || params->vcpus > VM_VCPUS_MAX || params->clear_pages % 64)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->params = *params;
	if (!vm->params.clear_pages)
		vm->params.clear_pages = 4096;
	vm->kvm_fd = vm->fd = -1;
	for (unsigned int i = 0; i < VM_VCPUS_MAX; i++) {
		vm->vcpu[i].vm = vm;
		vm->vcpu[i].index = i;
		vm->vcpu[i].fd = -1;
	}
	pthread_mutex_init(&vm->lock, NULL);
	pthread_mutex_init(&vm->harvest_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vm->changed, &attr);
	pthread_condattr_destroy(&attr);

	err = make_machine(vm);
	if (err) {
		vm_close(vm);
		return err;
	}
	*out = vm;
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void vm_close(struct vm *vm)
{
	if (!vm)
		return;
	vm_reaper_stop(vm);
	vm_vcpus_end(vm);
	for (unsigned int i = 0; i < VM_VCPUS_MAX; i++) {
		struct vm_vcpu *vcpu = &vm->vcpu[i];

		if (vcpu->ring)
			munmap(vcpu->ring, vm->params.ring_entries * sizeof(*vcpu->ring));
		if (vcpu->run)
			munmap(vcpu->run, vm->run_bytes);
		close_fd(vcpu->fd);
	}
	close_fd(vm->fd);
	close_fd(vm->kvm_fd);
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		slot_free(&vm->slot[i]);
	if (vm->table)
		munmap(vm->table, vm->table_bytes);
	if (vm->low)
		munmap(vm->low, GUEST_LOW_BYTES);
	pthread_cond_destroy(&vm->changed);
	pthread_mutex_destroy(&vm->harvest_lock);
	pthread_mutex_destroy(&vm->lock);
	free(vm);
}

int vm_vm_fd(const struct vm *vm)
{
	return vm->fd;
}

int vm_vcpu_fd(const struct vm *vm, unsigned int vcpu)
{
	return vm->vcpu[vcpu].fd;
}
