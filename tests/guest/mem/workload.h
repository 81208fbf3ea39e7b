/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory workload: which page next, and how many are due. */
#ifndef MEMGUEST_WORKLOAD_H
#define MEMGUEST_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "cmdline.h"

struct workload_stats {
	uint64_t skipped;		/* writes due but given up */
	uint64_t reads;
	uint64_t keepalives;
	uint32_t phases;		/* phases begun */
};

/* Lays out memory up to mem_bytes and fills it; false if it does not fit. */
bool workload_init(const struct config *config, uint32_t mem_bytes);
/* The most pages a region can have; after a failed workload_init() */
uint32_t workload_room_pages(void);
/* Starts the clockwork. */
void workload_start(uint64_t now);
/* Does some of what is due, true if there is more. */
bool workload_run(uint64_t now);
/* Time does not count while the workload is held. */
void workload_hold(uint64_t now);
/* A time before which nothing will be due, if nothing is now */
uint64_t workload_next(uint64_t now);
/* Are the keepalive pages as they should be? */
bool workload_keepalive_ok(void);
const struct workload_stats *workload_stats(void);

#endif
