/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diskmove.h - a disk that moves with its guest, by plain copying or by its working sets (PURE)
 *
 * Extents of 1 MiB over a link, in slots of 100 ms, while the guest reads and writes. Plain, as
 * QEMU mirrors a disk: all extents by address, then what was written again, round and round, and
 * memory once little is left; what is dirty then goes while the guest is stopped. By
 * working sets, MLLM's way as it is inferred: the read working set goes first, then memory; the
 * guest is switched over, and the rest follows, what was written last of all. A read of what is not
 * there waits until it is pulled. What is written before the switch and was not sent is not sent
 * twice. The load is drawn by a seed. Memory is so many bytes: see sim.h for what that takes.
 */
#ifndef MT_DISKMOVE_H
#define MT_DISKMOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

struct mt_diskmove {
	uint64_t extents;
	double link_bytes_per_s, rtt_ms;
	double memory_bytes;
	double stop_ms;			/* without any disk: devices, and memory's last pages */
	double reads_per_s, writes_per_s;	/* of request_bytes, each in one extent */
	double request_bytes;
	/* So much of the disk gets so much of the reads, and the rest the others. */
	double read_set_share, read_set_reads;
	double write_set_share;		/* so much of it is written to at all */
	double watched_s;		/* before; what working sets are known from */
	double cap_s;
	uint64_t seed;
	bool ordered;			/* by working sets */
};

struct mt_diskmove_result {
	bool ended;			/* before the cap */
	double total_ms, switch_ms;	/* until all is there; until the guest is */
	double downtime_ms;
	double sent_bytes;
	uint64_t waits;			/* reads that had to be pulled for */
	double waited_ms, longest_wait_ms;
	uint64_t read_set;		/* extents that went first */
};

/* Return: 0; -EINVAL, -ENOMEM. */
MT_MUST_CHECK int mt_diskmove(const struct mt_diskmove *p, struct mt_diskmove_result *r);

#endif
