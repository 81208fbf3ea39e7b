/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * source.h - a kernel source of the tests: a tick each 10 ms of the world's time
 */
#ifndef FAKE_SOURCE_OF_TICKS_H
#define FAKE_SOURCE_OF_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_TICK_NS	10000000ULL

/* From now on mt_domain_source_open() opens it; @events: that each tick counts. */
void fake_source_use(bool on, unsigned events);
/* QEMU is gone: the last tick has come. */
void fake_source_end(void);
/* For poll(): @fd is a source's, and a tick waits. */
bool fake_source_ready(int fd);
/* Those that are open. */
unsigned fake_sources_open(void);

#endif
