// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * harvest.c - collecting dirty pages: ring or bitmap, on request or by the reaper
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include "vm_int.h"

#define LIST_MIN		1024

static int list_add(struct vm_harvest *h, uint32_t slot, uint64_t offset, uint32_t vcpu)
{
	/* The list's room is the next power of two. */
	if (!h->page || (h->total >= LIST_MIN && !(h->total & (h->total - 1)))) {
		uint64_t room = h->total ? 2 * h->total : LIST_MIN;
		struct vm_page *page = realloc(h->page, room * sizeof(*page));

		if (!page)
			return -ENOMEM;
		h->page = page;
	}
	h->page[h->total] = (struct vm_page){ .slot = slot, .vcpu = vcpu, .offset = offset };
	return 0;
}

static int record(struct vm *vm, struct vm_slot *slot, uint64_t offset, uint32_t vcpu,
		  struct vm_harvest *h)
{
	uint64_t hash = vm_page_hash(slot->p.id, offset), bit = 1UL << offset % 64;
	int err = h ? list_add(h, slot->p.id, offset, vcpu) : 0;

	if (err)
		return err;
	if (h)
		h->total++;
	vm->stats.harvested++;
	vm->stats.harvested_hash += hash;
	if (!(slot->seen[offset / 64] & bit)) {
		slot->seen[offset / 64] |= bit;
		vm->stats.distinct++;
		vm->stats.distinct_hash += hash;
	}
	return 0;
}

static int ring_collect(struct vm_vcpu *vcpu, struct vm_harvest *h, uint64_t max,
			uint64_t *collected)
{
	struct vm *vm = vcpu->vm;
	struct vm_slot *slot = NULL;
	int err = 0;

	for (uint64_t n = 0; !err && n < max; n++) {
		struct kvm_dirty_gfn *gfn =
			&vcpu->ring[vcpu->fetch & (vm->params.ring_entries - 1)];

		/* Pairs with the kernel, which publishes slot and offset by setting the flag. */
		if (!(__atomic_load_n(&gfn->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY))
			break;
		if (!slot || slot->p.id != gfn->slot)
			slot = vm_slot_find(vm, gfn->slot);
		if (slot && gfn->offset < slot->p.pages)
			err = record(vm, slot, gfn->offset, vcpu->index, h);
		else
			vm->stats.stray++;
		if (err)
			break;
		__atomic_store_n(&gfn->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
		vcpu->fetch++;
		vcpu->pushed++;
		(*collected)++;
		if (h)
			h->vcpu[vcpu->index]++;
	}
	return err;
}

static int harvest_rings(struct vm *vm, struct vm_harvest *h, uint64_t max)
{
	uint64_t collected = 0, reset = 0;
	int err = 0;

	for (unsigned int i = 0; !err && i < vm->params.vcpus; i++)
		err = ring_collect(&vm->vcpu[i], h, max, &collected);
	/* A signal may end the ioctl early, on newer kernels with a part of the entries reset. */
	while (reset < collected) {
		int n = ioctl(vm->fd, KVM_RESET_DIRTY_RINGS, 0);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return err ? err : -EPROTO;
		if (n > 0)
			reset += n;
	}
	return err ? err : reset == collected ? 0 : -EPROTO;
}

static int record_words(struct vm *vm, struct vm_slot *slot, uint64_t first, uint64_t end,
			struct vm_harvest *h, uint64_t *collected)
{
	int err = 0;

	for (uint64_t i = first / 64; !err && i < (end + 63) / 64; i++) {
		for (uint64_t word = slot->dirty[i]; !err && word; word &= word - 1) {
			uint64_t offset = i * 64 + __builtin_ctzl(word);

			if (offset < slot->p.pages)
				err = record(vm, slot, offset, 0, h);
			else
				vm->stats.stray++;
			(*collected)++;
		}
	}
	return err;
}

static int clear_piece(struct vm *vm, struct vm_slot *slot, uint64_t first, uint64_t end)
{
	struct kvm_clear_dirty_log clear = {
		.slot = slot->p.id,
		.first_page = first,
		.num_pages = end - first,	/* no multiple of 64 only at the slot's end */
		.dirty_bitmap = slot->dirty + first / 64,
	};

	return ioctl(vm->fd, KVM_CLEAR_DIRTY_LOG, &clear) ? -errno : 0;
}

static int harvest_bitmap(struct vm *vm, struct vm_slot *slot, struct vm_harvest *h, uint64_t max)
{
	struct kvm_dirty_log log = { .slot = slot->p.id, .dirty_bitmap = slot->dirty };
	uint64_t piece = vm->params.clear_pages, collected = 0, end;
	int err = 0;

	if (ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log))
		return -errno;
	if (vm->params.mode == VM_BITMAP)
		return record_words(vm, slot, 0, slot->p.pages, h, &collected);

	for (uint64_t first = 0; !err && first < slot->p.pages && collected < max; first = end) {
		uint64_t before = collected;

		end = slot->p.pages - first > piece ? first + piece : slot->p.pages;
		err = record_words(vm, slot, first, end, h, &collected);
		if (!err && collected > before)
			err = clear_piece(vm, slot, first, end);
	}
	return err;
}

int vm_harvest(struct vm *vm, struct vm_harvest *h, uint64_t max)
{
	int err = 0;

	if (h)
		*h = (struct vm_harvest){ 0 };
	if (!max)
		max = UINT64_MAX;
	pthread_mutex_lock(&vm->harvest_lock);
	if (vm->params.mode == VM_RING)
		err = harvest_rings(vm, h, max);
	for (int i = 0; !err && vm->params.mode != VM_RING && i < VM_SLOTS_MAX; i++)
		if (vm->slot[i].p.pages && vm->slot[i].p.logging)
			err = harvest_bitmap(vm, &vm->slot[i], h, max);
	vm->stats.harvests++;
	pthread_mutex_lock(&vm->lock);
	vm->harvests++;
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
	pthread_mutex_unlock(&vm->harvest_lock);
	if (err && h)
		vm_harvest_free(h);
	return err;
}

void vm_harvest_free(struct vm_harvest *h)
{
	free(h->page);
	h->page = NULL;
}

static void *reaper_main(void *arg)
{
	struct vm *vm = arg;
	struct timespec next;

	vm_deadline_after_ms(&next, vm->reap_ms);
	pthread_mutex_lock(&vm->lock);
	while (!vm->reaper_quit) {
		int err;

		if (pthread_cond_timedwait(&vm->changed, &vm->lock, &next) != ETIMEDOUT)
			continue;
		vm_deadline_after_ms(&next, vm->reap_ms);
		pthread_mutex_unlock(&vm->lock);
		err = vm_harvest(vm, NULL, 0);
		pthread_mutex_lock(&vm->lock);
		if (err && !vm->reaper_error)
			vm->reaper_error = err;
	}
	pthread_mutex_unlock(&vm->lock);
	return NULL;
}

int vm_reaper_start(struct vm *vm, unsigned int period_ms)
{
	int err;

	if (vm->reaping || !period_ms)
		return -EINVAL;
	vm->reap_ms = period_ms;
	vm->reaper_quit = false;
	vm->reaper_error = 0;
	err = -pthread_create(&vm->reaper, NULL, reaper_main, vm);
	vm->reaping = !err;
	return err;
}

int vm_reaper_stop(struct vm *vm)
{
	if (!vm->reaping)
		return 0;
	pthread_mutex_lock(&vm->lock);
	vm->reaper_quit = true;
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
	pthread_join(vm->reaper, NULL);
	vm->reaping = false;
	return vm->reaper_error;
}

void vm_stats(struct vm *vm, struct vm_stats *stats)
{
	pthread_mutex_lock(&vm->harvest_lock);
	*stats = vm->stats;
	for (unsigned int i = 0; i < vm->params.vcpus; i++) {
		stats->pushed[i] = vm->vcpu[i].pushed;
		stats->ring_full[i] = __atomic_load_n(&vm->vcpu[i].ring_full, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&vm->harvest_lock);
}

void vm_stats_reset(struct vm *vm)
{
	vm_forget(vm);
	pthread_mutex_lock(&vm->harvest_lock);
	vm->stats = (struct vm_stats){ 0 };
	for (unsigned int i = 0; i < vm->params.vcpus; i++) {
		vm->vcpu[i].pushed = 0;
		__atomic_store_n(&vm->vcpu[i].ring_full, 0, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&vm->harvest_lock);
}

bool vm_seen(const struct vm *vm, uint32_t id, uint64_t offset)
{
	const struct vm_slot *slot = vm_slot_find(vm, id);

	return slot && offset < slot->p.pages && slot->seen[offset / 64] >> offset % 64 & 1;
}

static void slot_forget(struct vm *vm, struct vm_slot *slot)
{
	for (uint64_t i = 0; i < (slot->p.pages + 63) / 64; i++) {
		for (uint64_t word = slot->seen[i]; word; word &= word - 1) {
			vm->stats.distinct--;
			vm->stats.distinct_hash -=
				vm_page_hash(slot->p.id, i * 64 + __builtin_ctzl(word));
		}
		slot->seen[i] = 0;
	}
}

void vm_slot_forget(struct vm *vm, uint32_t id)
{
	struct vm_slot *slot;

	pthread_mutex_lock(&vm->harvest_lock);
	slot = vm_slot_find(vm, id);
	if (slot)
		slot_forget(vm, slot);
	pthread_mutex_unlock(&vm->harvest_lock);
}

void vm_forget(struct vm *vm)
{
	pthread_mutex_lock(&vm->harvest_lock);
	for (int i = 0; i < VM_SLOTS_MAX; i++)
		if (vm->slot[i].p.pages)
			slot_forget(vm, &vm->slot[i]);
	/* Slots that are gone had their pages, too. */
	vm->stats.distinct = vm->stats.distinct_hash = 0;
	pthread_mutex_unlock(&vm->harvest_lock);
}
