/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * records.h - the ring of records that user space maps
 */
#ifndef MIGTRACE_RECORDS_H
#define MIGTRACE_RECORDS_H

#include <linux/mm_types.h>
#include <linux/migtrace.h>

struct migtrace_records {
	struct migtrace_ring *ring;	/* the mapping; user space may scribble over it */
	u64 head, lost;			/* ours; the mapping only gets copies */
	u32 count, record_bytes;
	size_t map_bytes;
};

/* -ENOMEM: it may not be more than @bytes_max, or cannot be had. */
int migtrace_records_init(struct migtrace_records *r, u32 count, u32 vcpus, size_t bytes_max);
void migtrace_records_fini(struct migtrace_records *r);
int migtrace_records_mmap(struct migtrace_records *r, struct vm_area_struct *vma);
/* How many the reader has not read, if its tail is to be believed. */
u64 migtrace_records_pending(const struct migtrace_records *r);

/* One writer. The record is written in place: NULL when the reader has left no room. */
struct migtrace_record *migtrace_records_begin(struct migtrace_records *r);
void migtrace_records_commit(struct migtrace_records *r);

#endif
