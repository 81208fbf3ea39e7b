// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * advance.c - what the guest does meanwhile: its writes, into the log, and how long it is silent
 * (PURE)
 */
#include "state.h"

#define AHEAD	32		/* pages; fetched from memory meanwhile */

static void count_write(struct sim *s, uint64_t page)
{
	if (s->writes && s->writes[page] < UINT8_MAX)
		s->writes[page]++;
	if (s->ticks.seen.n)
		sim_ticks_written(s, page);
	if (s->hooks.written)
		s->hooks.written(s->hooks.opaque, page);
}

static void log_write(struct sim *s, uint64_t page)
{
	uint64_t *word = &s->log.words[page >> 6], old = *word, bit = 1ULL << (page & 63);

	if (old & bit)
		return;
	*word = old | bit;
	if (!old)
		s->log.summary[page >> 12] |= 1ULL << (page >> 6 & 63);
	if ((page >= s->resident_end || page < s->resident_first) && mt_bits_has(&s->zero, page))
		mt_bits_clear(&s->zero, page);
}

static void written(void *to, const uint64_t *pages, size_t n)
{
	struct sim *s = to;
	bool each = s->writes || s->ticks.seen.n || s->hooks.written;

	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n && pages[i + AHEAD] < s->pages)
			__builtin_prefetch(&s->log.words[pages[i + AHEAD] >> 6], 1);
		if (pages[i] >= s->pages)
			continue;
		log_write(s, pages[i]);
		if (each)
			count_write(s, pages[i]);
	}
}

void sim_advance(struct sim *s)
{
	double wall_ns = s->now_ns - s->traced_ns;

	if (wall_ns < 1 || !s->trace)
		return;
	s->traced_ns = s->now_ns;
	s->trace->ops->advance(s->trace->opaque, (uint64_t)wall_ns,
			       s->guest_stopped ? 0 : (uint64_t)(wall_ns * s->speed), written, s);
}

void sim_heard(struct sim *s, double silence_ns)
{
	if (silence_ns / NS_PER_MS > s->r->stall_ms)
		s->r->stall_ms = silence_ns / NS_PER_MS;
}
