// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * throttle.c - auto-converge: when vCPUs are slowed down, and what that does to a guest (PURE)
 *
 * migration_trigger_throttle() and mig_throttle_guest_down() (migration/ram.c) decide at syncs, of
 * which they look at those more than a second after the last one that was looked at. The vCPUs then
 * run 10 ms and sleep 10 ms x percent / (100 - percent), by turns: cpu_throttle_thread()
 * (softmmu/cpu-throttle.c).
 */
#include "state.h"

#define SLICE_MS	10.0	/* CPU_THROTTLE_TIMESLICE_NS */

/*
 * A guest with something to do at certain times does after its sleep what it missed, as far as it
 * can.
 */
static double speed_of(const struct sim *s, double sleep_ms)
{
	double period_ms = SLICE_MS + sleep_ms, made_up_ms = 0, speed, top;

	if (s->trace)
		made_up_ms = fmin(sleep_ms, (double)s->trace->makes_up_ns / NS_PER_MS);
	speed = (SLICE_MS + made_up_ms) / period_ms;
	if (!s->trace || s->trace->top_speed <= 0)
		return speed;
	top = s->trace->top_speed * SLICE_MS / period_ms;
	return fmin(speed, top);
}

void sim_throttle_set(struct sim *s, unsigned percent)
{
	double sleep_ms;

	sim_advance(s);
	percent = percent > 99 ? 99 : percent;
	sleep_ms = SLICE_MS * percent / (100 - percent);
	s->throttle_percent = percent;
	s->speed = percent ? speed_of(s, sleep_ms) : 1;
	if (percent > s->r->throttle_percent)
		s->r->throttle_percent = percent;
	sim_heard(s, sleep_ms * NS_PER_MS);
}

void sim_throttle(struct sim *s)
{
	const struct mt_sim_params *p = s->p;
	double sent = (double)(s->r->transferred_bytes - s->period_bytes);
	double dirtied = (double)s->period_dirtied * PAGE_BYTES;
	unsigned percent;

	if (!p->method.auto_converge || dirtied <= sent * p->throttle_trigger_percent / 100)
		return;
	if (++s->rate_high < 2)
		return;
	s->rate_high = 0;
	percent = s->throttle_percent ? s->throttle_percent + p->throttle_increment_percent :
					p->throttle_initial_percent;
	sim_throttle_set(s, percent < p->throttle_max_percent ? percent : p->throttle_max_percent);
}
