// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_hold.c - the migrations of a tournament, until each has its line
 *
 * On a testbed it is a campaign. Elsewhere nothing has to be waited for, and each is made by
 * itself.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "tournament.h"

#define TELL_EVERY_NS	(5 * MT_NS_PER_S)

bool tournament_is_hindsight(const struct campaign_run *run)
{
	return !strcmp(run->method->label, TOURNAMENT_HINDSIGHT);
}

void tournament_choose(struct tournament_bout *b, struct score_point *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (score_met(&v[i], &b->objectives))
			v[kept++] = v[i];
	kept = score_frontier(v, kept);
	b->line->n_choices = kept < MT_RUN_CHOICES_MAX ? kept : MT_RUN_CHOICES_MAX;
	/* Too many: evenly spread ones, both ends among them. */
	for (size_t i = 0; i < b->line->n_choices; i++) {
		const struct score_point *p =
			&v[b->line->n_choices > 1 ? i * (kept - 1) / (b->line->n_choices - 1) : 0];

		b->line->choices[i] =
			(struct mt_run_choice){ p->total_ms, p->pause_ms, p->stall_ms };
	}
}

static double or_none(uint64_t limit_ms)
{
	return limit_ms >= MT_LIMIT_NONE ? NAN : (double)limit_ms;
}

#define COPY(to, from)	snprintf((to), sizeof(to), "%s", (from))

static void begin_line(struct tournament_bout *b)
{
	const struct campaign_method *m = b->run->method;
	struct mt_run *l = b->line;

	*l = (struct mt_run){
		.run = b->run->number, .method = MT_METHOD_PRECOPY,
		.postcopy_allowed = m->steer.postcopy_allowed,
		.max_downtime_ms = (double)m->steer.max_downtime_ms,
		.deadline_ms = or_none(m->steer.deadline_ms), .round = b->run->round,
		.vcpus = NAN, .memory_bytes = NAN, .resident_bytes = NAN, .nonzero_bytes = NAN,
		.cpu_share = NAN, .bandwidth_bytes_per_s = NAN, .link_bytes_per_s = NAN,
		.downtime_limit_ms = (double)b->run->limit_ms, .cap_ms = NAN,
		.start_wall_ms = (double)(mt_wall_us() / 1000), .load_1min = NAN,
		.busy_percent = NAN, .prepare_ms = NAN, .total_ms = NAN, .downtime_ms = NAN,
		.transferred_bytes = NAN, .iterations = NAN, .normal_pages = NAN,
		.zero_pages = NAN, .throttle_percent = NAN, .postcopy_requests = NAN,
		.felt_ms = NAN, .work_before_per_s = NAN, .work_during_per_s = NAN,
	};
	COPY(l->where, b->t->campaign.spec.where);
	COPY(l->workload, b->workload->guest.name);
	COPY(l->policy, m->label);
	COPY(l->commit, b->t->campaign.commit);
}

static int make_one(struct tournament *t, const struct campaign_start *start,
		    struct campaign_run *run, struct mt_err *err)
{
	static struct mt_run line;
	struct tournament_bout b = {
		.t = t, .workload = tournament_workload_find(&t->spec, start->workload->name),
		.run = run, .limits = run->method->steer, .line = &line,
	};
	mt_autofree char *text = NULL;
	int rc;

	b.objectives = (struct score_objectives){ (double)b.limits.max_downtime_ms,
						  or_none(b.limits.deadline_ms) };
	begin_line(&b);
	rc = t->spec.in_simulator ? tournament_simulate(&b, err) : tournament_replay(&b, err);
	if (rc)
		return rc;
	text = mt_run_line(&line);
	rc = text ? campaign_state_add(&t->campaign.state, text, err) :
		    mt_err_set(err, -ENOMEM, "out of memory");
	run->done |= !rc;
	return rc;
}

static void on_interrupt(int count, void *opaque)
{
	struct campaign *c = opaque;

	if (count > 1)
		_exit(CMD_INTERRUPTED);		/* each line is written whole */
	__atomic_store_n(&c->stop, 1, __ATOMIC_RELAXED);
	cmd_warn("ending after this migration; once more: at once");
}

static void tell(struct campaign *c, uint64_t *told_ns)
{
	char rest[MT_UNIT_STR];
	uint64_t now = mt_now_ns();
	size_t n = c->plan.n_runs, done = n - c->runs_left;

	c->planned_done_s++;
	if (now - *told_ns < TELL_EVERY_NS || !c->runs_left)
		return;
	*told_ns = now;
	fprintf(stderr, "%zu of %zu migrations, about %s left\n", done, n,
		mt_format_duration_ms(rest, (now - c->begun_ns) / 1e6 / c->planned_done_s *
						    c->runs_left));
}

static int make_all(struct tournament *t, struct mt_err *err)
{
	struct campaign *c = &t->campaign;
	struct interrupt interrupt = { .notify = on_interrupt, .opaque = c };
	int rc = interrupt_watch(&interrupt);
	uint64_t told_ns = mt_now_ns();

	if (rc)
		return mt_err_set(err, rc, "cannot watch for signals: %s", strerror(-rc));
	campaign_commit(c->commit);
	c->state.hasty = true;
	c->begun_ns = mt_now_ns();
	for (size_t i = 0; i < c->plan.n_starts; i++) {
		struct campaign_start *s = &c->plan.starts[i];

		for (size_t k = 0; k < s->n_runs && !c->stop; k++) {
			if (s->runs[k].done)
				continue;
			rc = make_one(t, s, &s->runs[k], err);
			if (rc)
				return rc;
			c->runs_left--;
			tell(c, &told_ns);
		}
	}
	return 0;
}

int tournament_hold(struct tournament *t, struct mt_err *err)
{
	return t->spec.on_testbed ? campaign_carry_out(&t->campaign, err) : make_all(t, err);
}
