// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_carry.c - all of a campaign's migrations that have no line yet, one after the other
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "campaign.h"

#define TRIES_MAX	3	/* of a guest, without one migration: it is left out */
#define FAILURES_MAX	3	/* guests in a row that were left out: something is broken */

static void on_interrupt(int count, void *opaque)
{
	struct campaign *c = opaque;

	__atomic_store_n(&c->stop, 1, __ATOMIC_RELAXED);
	if (count > 1)
		__atomic_store_n(&c->cancel, 1, __ATOMIC_RELAXED);
	cmd_warn(count > 1 ? "cancelling this migration; it will be made again" :
		 "ending after this migration; once more: cancel it");
}

/* --- what is to be done ------------------------------------------------------- */
static unsigned left(const struct campaign_start *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_runs; i++)
		n += !s->runs[i].done;
	return n;
}

static double start_estimate_s(const struct campaign *c, const struct campaign_start *s)
{
	double sum = campaign_start_estimate_s(&c->spec);

	for (size_t i = 0; i < s->n_runs; i++)
		if (!s->runs[i].done)
			sum += campaign_run_estimate_s(&c->spec, s, &s->runs[i]);
	return left(s) ? sum : 0;
}

void campaign_count(struct campaign *c)
{
	c->planned_s = 0;
	c->runs_left = 0;
	for (size_t i = 0; i < c->plan.n_starts; i++) {
		c->planned_s += start_estimate_s(c, &c->plan.starts[i]);
		c->runs_left += left(&c->plan.starts[i]);
	}
}

/* --- doing it --------------------------------------------------------------------- */
static const char *duration(char *buf, bool known, double ms)
{
	return known && isfinite(ms) ? mt_format_duration_ms(buf, ms) : "-";
}

/* What it was that QEMU did not end by itself. */
static const char *ended_by(const struct campaign_result *r)
{
	return strncmp(r->reason, "stop", strlen("stop")) ? " by a flip" : " by a stop";
}

static void tell(struct campaign *c, const struct campaign_result *r)
{
	double spent_s = (mt_now_ns() - c->begun_ns) / 1e9;
	double pace = c->planned_done_s > 0 ? spent_s / c->planned_done_s : 1;
	bool completed = r->outcome == MT_OUTCOME_COMPLETED;
	char total[MT_UNIT_STR], down[MT_UNIT_STR], felt[MT_UNIT_STR], rest[MT_UNIT_STR];

	fprintf(stderr,
		"%u/%zu %s %s %s: %s%s, total %s, downtime %s, felt %s%s%s%s; %u left, about %s\n",
		r->run->number, c->plan.n_runs, r->start->guest->name, r->start->workload->name,
		r->run->method->policy ? r->run->method->label : r->run->method->name,
		mt_outcome_name(r->outcome),
		completed && !r->converged ? ended_by(r) : "",
		duration(total, mt_sample_has(&r->final, total_ms), r->final.total_ms),
		duration(down, completed && mt_sample_has(&r->final, downtime_ms),
			 r->final.downtime_ms),
		duration(felt, true, r->felt_ms), *r->note ? " [" : "", r->note,
		*r->note ? "]" : "", c->runs_left,
		mt_format_duration_ms(rest,
				      fmax(0, c->planned_s - c->planned_done_s) * pace * 1e3));
}

/* Return: 0; 1 the guest cannot go on; -errno this run could not be made. */
static int run_one(struct campaign *c, const struct campaign_start *s, struct campaign_run *run,
		   struct mt_err *err)
{
	static struct campaign_result result;
	mt_autofree char *line = NULL;
	bool usable;
	int rc = campaign_run(c, run, &result, &usable, err);

	if (rc)
		return rc;
	line = campaign_line(&result);
	rc = line ? campaign_state_add(&c->state, line, err) :
		    mt_err_set(err, -ENOMEM, "out of memory");
	if (rc)
		return rc;
	run->done = true;
	c->runs_left--;
	c->planned_done_s += campaign_run_estimate_s(&c->spec, s, run);
	tell(c, &result);
	return !usable;
}

/* A started guest's runs, until all are done or it cannot go on. Return: 0 or -errno. */
static int run_guest(struct campaign *c, struct campaign_start *s, struct mt_err *err)
{
	int rc = campaign_guest_start(c, s, err);

	if (!rc && !c->stop)
		rc = campaign_guest_profile(c, err);
	if (!rc)
		c->planned_done_s += campaign_start_estimate_s(&c->spec);
	for (size_t i = 0; i < s->n_runs && !rc && !c->stop; i++) {
		if (s->runs[i].done)
			continue;
		rc = run_one(c, s, &s->runs[i], err);
		usleep((useconds_t)c->spec.pause_ms * 1000);
	}
	campaign_guest_stop(c);
	if (rc == 1)
		fprintf(stderr, "the guest cannot go on: starting it anew\n");
	return rc < 0 ? rc : 0;
}

/* Until all of a guest's runs are done, or it cannot be helped. Return: 0; -errno. */
static int run_start(struct campaign *c, struct campaign_start *s, struct mt_err *err)
{
	unsigned tries = 0;

	while (left(s) && !c->stop) {
		struct mt_err why = { 0 };
		unsigned before = left(s);
		int rc = run_guest(c, s, &why);

		if (rc && !c->stop)
			cmd_warn("%s %s: %s", s->guest->name, s->workload->name, why.msg);
		tries = left(s) < before ? 0 : tries + 1;
		if (rc && (tries == TRIES_MAX || rc == -ENOSPC || rc == -EROFS))
			return mt_err_set(err, rc, "%s", why.msg);
	}
	return 0;
}

static int run_all(struct campaign *c, struct mt_err *err)
{
	unsigned failures = 0;

	for (size_t i = 0; i < c->plan.n_starts && !c->stop; i++) {
		struct campaign_start *s = &c->plan.starts[i];
		struct mt_err why = { 0 };
		int rc = run_start(c, s, &why);

		failures = rc ? failures + 1 : 0;
		if (failures == FAILURES_MAX || rc == -ENOSPC || rc == -EROFS)
			return mt_err_set(err, rc, "giving up: %s", why.msg);
		if (rc)
			cmd_warn("left out: %u migrations of %s %s", left(s), s->guest->name,
				 s->workload->name);
	}
	return 0;
}

int campaign_carry_out(struct campaign *c, struct mt_err *err)
{
	struct interrupt interrupt = { .notify = on_interrupt, .opaque = c };
	int rc = interrupt_watch(&interrupt);

	if (rc)
		return mt_err_set(err, rc, "cannot watch for signals: %s", strerror(-rc));
	campaign_commit(c->commit);
	rc = mt_loop_start(err);
	if (!rc)
		rc = campaign_up(c, err);
	c->begun_ns = mt_now_ns();
	if (!rc)
		rc = run_all(c, err);
	for (unsigned i = 0; i < 2; i++)
		mt_conn_close(c->hosts[i].conn);
	return rc;
}
