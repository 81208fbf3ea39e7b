// SPDX-License-Identifier: GPL-2.0-only
/*
 * records.c - the ring of records that user space maps
 *
 * Only the session's thread writes. The mapping is shared with user space, so nothing read
 * from it is believed: positions live in struct migtrace_records, the reader's tail is only
 * compared with them. When the ring is full the new record is dropped and counted: what the
 * reader may be looking at is never overwritten.
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "records.h"

#define RECORDS_DEFAULT	1024

static_assert(sizeof(struct migtrace_ring) <= PAGE_SIZE);

/* Zeroed pages that user space may map; vfree() gives them back. */
static void *alloc_mappable(size_t bytes)
{
	size_t n = bytes >> PAGE_SHIFT, i;
	struct page **pages = kvcalloc(n, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	void *area = NULL;

	if (!pages)
		return NULL;
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
		if (!pages[i])
			goto free;
	}
	area = vmap(pages, n, VM_MAP | VM_USERMAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (area)
		return area;
free:
	while (i--)
		__free_page(pages[i]);
	kvfree(pages);
	return NULL;
}

int migtrace_records_init(struct migtrace_records *r, u32 count, u32 vcpus, size_t bytes_max)
{
	struct migtrace_ring *ring;

	if (!count)
		count = RECORDS_DEFAULT;
	if (count > MIGTRACE_RECORDS_MAX || !is_power_of_2(count) || vcpus > MIGTRACE_VCPUS_MAX)
		return -EINVAL;

	r->count = count;
	r->record_bytes =
		ALIGN(sizeof(struct migtrace_record) + vcpus * sizeof(struct migtrace_vcpu), 64);
	r->map_bytes = PAGE_ALIGN(PAGE_SIZE + (size_t)count * r->record_bytes);
	if (r->map_bytes > bytes_max)
		return -ENOMEM;
	ring = alloc_mappable(r->map_bytes);
	if (!ring)
		return -ENOMEM;

	ring->abi_version = MIGTRACE_ABI_VERSION;
	ring->records_offset = PAGE_SIZE;
	ring->record_bytes = r->record_bytes;
	ring->record_count = count;
	r->ring = ring;
	return 0;
}

void migtrace_records_fini(struct migtrace_records *r)
{
	vfree(r->ring);
	r->ring = NULL;
}

int migtrace_records_mmap(struct migtrace_records *r, struct vm_area_struct *vma)
{
	unsigned long bytes = vma->vm_end - vma->vm_start;

	if (vma->vm_pgoff || bytes != r->map_bytes || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return remap_vmalloc_range(vma, r->ring, 0);
}

u64 migtrace_records_pending(const struct migtrace_records *r)
{
	return READ_ONCE(r->ring->head) - READ_ONCE(r->ring->tail);
}

struct migtrace_record *migtrace_records_begin(struct migtrace_records *r)
{
	/* A record is not written before the reader has let go of its place. */
	u64 tail = smp_load_acquire(&r->ring->tail);

	if (r->head - tail >= r->count) {
		WRITE_ONCE(r->ring->lost, ++r->lost);
		return NULL;
	}
	return (void *)r->ring + PAGE_SIZE + (size_t)(r->head & (r->count - 1)) * r->record_bytes;
}

void migtrace_records_commit(struct migtrace_records *r)
{
	smp_store_release(&r->ring->head, ++r->head);
}
