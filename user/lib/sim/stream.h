/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream.h - which page is sent next, and what it costs (PURE)
 */
#ifndef MIGTRACE_SIM_STREAM_H
#define MIGTRACE_SIM_STREAM_H

#include "state.h"

/* Pages that go together. */
struct sim_group {
	size_t word;
	uint64_t bits;			/* of the last word that pages were taken from */
	uint64_t zero, normal;
	uint64_t pages;			/* as QEMU counts: without those that XBZRLE found
					 * unchanged */
};

/* The next pages, @most of them, all in one word. Return: false: nothing is dirty. */
bool sim_send(struct sim *s, uint64_t most, struct sim_group *group);

#endif
