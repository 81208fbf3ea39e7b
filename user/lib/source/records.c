// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * records.c - reading the ring of records that the module maps (PURE)
 *
 * What is in the mapping is the kernel's, and still checked: a size out of it must not
 * lead outside of it, whatever went wrong on the other side.
 */
#include <errno.h>
#include <string.h>

#include "records.h"

int mt_records_init(struct mt_records *r, void *map, size_t map_bytes, size_t record_bytes,
		    struct mt_err *err)
{
	const struct migtrace_ring *ring = map;
	uint64_t count, needed;

	memset(r, 0, sizeof(*r));
	if (map_bytes < sizeof(*ring))
		return mt_err_set(err, -EPROTO,
				  "the module's mapping of %zu bytes has no room for its header",
				  map_bytes);
	if (ring->abi_version != MIGTRACE_ABI_VERSION)
		return mt_err_set(err, -EPROTO,
				  "the module's ring has ABI version %u, this migtrace has %d",
				  ring->abi_version, MIGTRACE_ABI_VERSION);
	count = ring->record_count;
	if (!count || count > MIGTRACE_RECORDS_MAX || count & (count - 1))
		return mt_err_set(err, -EPROTO, "the module's ring claims %u records",
				  ring->record_count);
	if (ring->record_bytes != record_bytes || record_bytes < sizeof(struct migtrace_record) ||
	    record_bytes > 2 * MT_SOURCE_RECORD_MAX_BYTES || record_bytes % sizeof(uint64_t))
		return mt_err_set(
			err, -EPROTO,
			"the module's ring claims records of %u bytes, attaching said %zu",
			ring->record_bytes, record_bytes);
	needed = ring->records_offset + count * record_bytes;
	if (ring->records_offset < sizeof(*ring) || ring->records_offset % sizeof(uint64_t) ||
	    needed > map_bytes)
		return mt_err_set(err, -EPROTO, "the module's ring needs %llu bytes and has %zu",
				  (unsigned long long)needed, map_bytes);
	*r = (struct mt_records){
		.ring = map,
		.map_bytes = map_bytes,
		.record_bytes = record_bytes,
		.records_offset = ring->records_offset,
		.mask = count - 1,
		.tail = ring->tail,
	};
	return 0;
}

int mt_records_read(struct mt_records *r, struct migtrace_record *record, size_t room_bytes)
{
	uint64_t head = __atomic_load_n(&r->ring->head, __ATOMIC_ACQUIRE);
	const size_t counts_max = (r->record_bytes - sizeof(*record)) / sizeof(record->vcpu[0]);
	size_t bytes = r->record_bytes < room_bytes ? r->record_bytes : room_bytes;
	size_t counts_here = (bytes - sizeof(*record)) / sizeof(record->vcpu[0]);

	if (head == r->tail)
		return 0;
	if (head - r->tail > r->mask + 1)
		return -EPROTO;
	memcpy(record,
	       (const char *)r->ring + r->records_offset + (r->tail & r->mask) * r->record_bytes,
	       bytes);
	__atomic_store_n(&r->ring->tail, ++r->tail, __ATOMIC_RELEASE);
	if (record->vcpus > counts_max)
		record->vcpus = (uint32_t)counts_max;
	if (record->vcpus > counts_here)
		record->vcpus = (uint32_t)counts_here;
	return 1;
}
