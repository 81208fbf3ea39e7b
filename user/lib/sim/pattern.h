/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pattern.h - a described pattern of writes: the words of the test guest (tests/guest/README)
 * (PURE)
 */
#ifndef MIGTRACE_SIM_PATTERN_H
#define MIGTRACE_SIM_PATTERN_H

#include "base/err.h"
#include "trace.h"

enum mt_pattern_kind {
	MT_PATTERN_UNIFORM, MT_PATTERN_SEQ, MT_PATTERN_ZIPF, MT_PATTERN_HOTCOLD, MT_PATTERN_PHASES,
	MT_PATTERN_READONLY, MT_PATTERN_IDLE, MT_PATTERN_COUNT
};
extern const char *const mt_pattern_names[MT_PATTERN_COUNT + 1];

#define MT_PATTERN_RATE_MAX	INFINITY	/* rate=max */

struct mt_pattern {
	unsigned kind, sub;		/* enum mt_pattern_kind */
	uint64_t region_pages, region2_pages, at_pages, resident_pages;
	uint64_t seed, keepalive_pages;
	double rate, rate2, keepalive, top;	/* writes/s; top 0: no limit */
	double s, hot, hotshare;
	double period_s, phase_s, duty, backlog_s;
	unsigned tables, random_fill;	/* yes, no */
};

int mt_pattern_parse(struct mt_pattern *p, const char *text, struct mt_err *err);

#endif
