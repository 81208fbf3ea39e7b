/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's options, as given on the kernel command line. */
#ifndef MEMGUEST_CMDLINE_H
#define MEMGUEST_CMDLINE_H

#include <stdbool.h>
#include <stdint.h>

#define RATE_MAX	UINT32_MAX	/* rate=max: as fast as possible */

enum pattern {
	PATTERN_SEQ,
	PATTERN_UNIFORM,
	PATTERN_ZIPF,
	PATTERN_HOTCOLD,
	PATTERN_PHASES,
	PATTERN_READONLY,
};

enum idle { IDLE_HALT, IDLE_SPIN };
enum fill { FILL_SPARSE, FILL_RANDOM };

struct config {
	uint32_t region_pages;
	uint32_t region2_pages;		/* phases: the quiet phase's */
	uint32_t rate;			/* page writes per second */
	uint32_t rate2;
	uint32_t pattern;
	uint32_t sub;			/* phases: pattern within a phase */
	uint32_t seed;
	uint32_t s_q16;			/* zipf: exponent */
	uint32_t hot_q16;		/* hotcold: share of the pages */
	uint32_t hotshare_q16;		/* hotcold: their share of the writes */
	uint32_t period_us;		/* phases: heavy + quiet */
	uint32_t duty_q16;		/* phases: the heavy one's share */
	uint32_t keepalive;		/* writes per second */
	uint32_t keepalive_pages;
	uint32_t heartbeat_us;
	uint32_t tcg_flush_us;		/* interval of TLB flushes under TCG */
	uint32_t backlog_us;		/* most time made up for after a stall */
	uint32_t idle;
	uint32_t fill;
};

extern const char *const pattern_names[];

/*
 * Parses the line's words over the defaults. On failure returns false and *bad
 * is the offending word.
 */
bool cmdline_parse(const char *line, struct config *config, const char **bad);

#endif
