/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * records.h - reading the ring of records that the module maps (PURE)
 */
#ifndef MIGTRACE_SOURCE_RECORDS_H
#define MIGTRACE_SOURCE_RECORDS_H

#include "source.h"

struct mt_records {
	struct migtrace_ring *ring;	/* shared: head and lost change under us */
	size_t map_bytes;
	/* Checked once, and never read from the mapping again: */
	size_t record_bytes, records_offset;
	uint64_t mask;			/* of a record's number */
	uint64_t tail;
};

/*
 * @map: what was mapped, page aligned. @record_bytes: what attaching promised. Return: 0;
 * -EPROTO what does not fit together, with a line in @err.
 */
MT_MUST_CHECK int mt_records_init(struct mt_records *r, void *map, size_t map_bytes,
				  size_t record_bytes, struct mt_err *err);

/*
 * The oldest record that was not read, as far as it fits into @room_bytes: vCPUs are
 * cut, and ->vcpus with them. Return: 1; 0 there is none; -EPROTO a head that cannot be.
 */
MT_MUST_CHECK int mt_records_read(struct mt_records *r, struct migtrace_record *record,
				  size_t room_bytes);

#endif
