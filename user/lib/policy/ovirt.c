// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ovirt.c - oVirt's migration policies: a schedule of limits by passes, and what comes last (PURE)
 *
 * The schedules are those that ovirt-engine comes with (0000_config.sql, July 2026), run as VDSM
 * does (lib/vdsm/virt/migration.py, June 2026): it looks at fixed intervals, and where another pass
 * has begun since the last look it takes the next row once more passes than the row says have begun
 * since the first look. So each row has at least one interval. The published documents call these
 * passes "stalling"; VDSM counts every pass. The schedules' auto-converge, compression and numbers
 * of concurrent migrations are settings of the migration, and not among what is decided here.
 */
#include "policy_rows.h"

#define ANY	(-1)	/* passes: whatever their number */

enum what { LIMIT, FLIP, ABORT };

struct row {
	int passes;		/* more than these have begun since the first look */
	enum what what;
	unsigned limit_ms;
};

struct schedule {
	unsigned initial_ms;
	struct row rows[8];	/* the last aborts */
};

static const char *const names[] = { "minimal-downtime", "suspend-workload", "post-copy",
				     "very-large", NULL };

static const struct schedule schedules[] = {
	{ 100, { { 1, LIMIT, 150 }, { 2, LIMIT, 200 }, { 3, LIMIT, 300 }, { 4, LIMIT, 400 },
		 { 6, LIMIT, 500 }, { ANY, ABORT } } },
	{ 100, { { 1, LIMIT, 150 }, { 2, LIMIT, 200 }, { 3, LIMIT, 300 }, { 4, LIMIT, 400 },
		 { 6, LIMIT, 500 }, { ANY, LIMIT, 5000 }, { ANY, ABORT } } },
	{ 100, { { 1, LIMIT, 150 }, { 2, LIMIT, 200 }, { ANY, FLIP }, { ANY, ABORT } } },
	{ 300, { { 1, LIMIT, 400 }, { 2, LIMIT, 500 }, { 3, LIMIT, 700 }, { 4, LIMIT, 1000 },
		 { 6, LIMIT, 1500 }, { ANY, LIMIT, 5000 }, { ANY, ABORT } } },
};

enum { SCHEDULE, INTERVAL };

static const struct mt_param params[] = {
	[SCHEDULE] = { .name = "ovirt_schedule",
		       .kind = MT_PARAM_WORD,
		       .initial = 0 /* ovirt-engine's default */,
		       .max = 3,
		       .words = names,
		       .help = "which of oVirt's policies",
		       .about =
			       "which of oVirt's policies: *minimal-downtime* and *post-copy* end with a limit of 500 and 200 ms, *suspend-workload* and *very-large* with one of 5 s, as far as max-downtime allows; the third then flips, and all abort at last" },
	[INTERVAL] = { .name = "look_interval",
		       .kind = MT_PARAM_DURATION,
		       .initial = 10000 /* VDSM's migration_monitor_interval */,
		       .min = 1,
		       .max = 3600000,
		       .help = "between two looks",
		       .about = "how long it waits between two looks" },
	{ .name = NULL }
};

struct ovirt {
	const struct schedule *schedule;	/* in force; another one begins anew */
	bool begun;
	uint64_t looked_ms;
	uint64_t first_pass, last_pass;	/* under way at the first look, and at the last */
	unsigned next;			/* row */
	uint64_t limit_ms;		/* of the last row that set one */
};

static void take(struct ovirt *s, const struct row *row, uint64_t begun, struct mt_plan *plan)
{
	unsigned passes = (unsigned)begun;

	if (row->what == LIMIT)
		s->limit_ms = row->limit_ms;
	else
		mt_plan_set(plan, row->what == FLIP ? MT_ACTION_FLIP : MT_ACTION_ABORT,
			    "%u passes have begun, and a limit of %u ms did not end it", passes,
			    (unsigned)s->limit_ms);
	if (row->what != ABORT)
		s->next++;
}

/* Return: whether it is time for a look, and another pass has begun. */
static bool look(struct ovirt *s, const struct mt_view *view, uint64_t now_ms)
{
	uint64_t pass = view->iterations->total;

	if (s->begun && now_ms - s->looked_ms < view->params[INTERVAL])
		return false;
	s->looked_ms = now_ms;
	if (!s->begun)
		s->first_pass = s->last_pass = pass;
	else if (pass > s->last_pass) {
		s->last_pass = pass;
		return true;
	}
	s->begun = true;
	return false;
}

static void ovirt_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	const struct schedule *schedule = &schedules[view->params[SCHEDULE]];
	struct ovirt *s = priv;
	const struct row *row;
	uint64_t begun, wanted;

	if (s->schedule != schedule)
		*s = (struct ovirt){ .schedule = schedule };
	if (!s->begun)
		s->limit_ms = schedule->initial_ms;
	row = &schedule->rows[s->next];
	if (look(s, view, now_ms)) {
		begun = s->last_pass - s->first_pass;
		if (row->passes == ANY || begun > (uint64_t)row->passes)
			take(s, row, begun, plan);
		if (mt_action_is_final(plan->action))
			return;
	}
	wanted = mt_view_ceiling_ms(view, s->limit_ms);
	if (!mt_plan_limit(plan, view, wanted, "the next row of the schedule"))
		mt_plan_set(plan, MT_ACTION_CONTINUE, "row %u of the schedule is in force",
			    s->next);
}

_Static_assert(sizeof(struct ovirt) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_ovirt = {
	.name = "ovirt",
	.help = "oVirt's migration policies: raise QEMU's limit as passes go by, then flip, or abort",
	.about = "as oVirt's migration policies: QEMU's downtime limit rises by a schedule as passes go by, and at its end the migration is flipped, or aborted",
	.heeds = MT_HEEDS_MAX_DOWNTIME,
	.acts = true,
	.params = params,
	.step = ovirt_step,
};
