// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_tournament.c - the same migrations under every policy, and which did best
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/policies.h"
#include "migtrace/commands.h"
#include "tournament.h"

struct asked {
	struct common_options common;
	const char *dir, *svg;
	uint64_t pause, stall;
	bool dry_run, scores;
};

static struct tournament tournament = { .campaign = CAMPAIGN_INIT };

static void on_spec_error(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

/* What it takes where something has to be waited for. */
static const char *how_long(struct tournament *t, char *buf, size_t size)
{
	char about[MT_UNIT_STR];

	campaign_count(&t->campaign);
	snprintf(buf, size, t->spec.on_testbed ? ", about %s" : "%.0s",
		 mt_format_duration_ms(about, t->campaign.planned_s * 1e3));
	return buf;
}

static int print_plan(struct tournament *t)
{
	static const struct mt_column columns[] = {
		{ "run", "run" }, { "guest", "guest" }, { "workload", "workload" },
		{ "policy", "policy" },
		{ "bandwidth_bytes_per_s", "bandwidth", MT_SHOW_RATE_BYTES_PER_S },
		{ "max_downtime_ms", "allowed", MT_SHOW_DURATION_MS },
		{ "deadline_ms", "deadline", MT_SHOW_DURATION_MS },
		{ "postcopy_allowed", "post-copy" }, { "round", NULL },
	};
	const struct campaign_plan *p = &t->campaign.plan;
	struct mt_table *table =
		mt_table_new(stdout, MT_FORMAT_TEXT, columns, MT_ARRAY_SIZE(columns));
	bool real = t->spec.on_testbed;
	char about[64];
	int rc;

	if (!table)
		return CMD_FAILED;
	for (size_t i = 0; i < p->n_starts; i++)
		for (size_t k = 0; k < p->starts[i].n_runs; k++) {
			const struct campaign_run *r = &p->starts[i].runs[k];
			const struct mt_limits *l = &r->method->steer;

			mt_table_row(table, (struct mt_cell[]){
				MT_UINT(r->number), MT_STR(real ? p->starts[i].guest->name : NULL),
				MT_STR(p->starts[i].workload->name), MT_STR(r->method->label),
				t->spec.on_recordings ? MT_NONE : MT_UINT(r->bandwidth_bytes_per_s),
				MT_UINT(l->max_downtime_ms),
				l->deadline_ms == MT_LIMIT_NONE ? MT_NONE : MT_UINT(l->deadline_ms),
				MT_BOOL(l->postcopy_allowed), MT_UINT(r->round),
			});
		}
	rc = mt_table_finish(table);
	printf("%zu migrations%s\n", p->n_runs, how_long(t, about, sizeof(about)));
	return rc ? CMD_FAILED : CMD_OK;
}

/* --- what came of it ----------------------------------------------------------- */
static int show(const struct asked *q)
{
	const struct score_weights w = { (double)q->pause, (double)q->stall };
	struct tournament_results r;
	struct mt_err err = { 0 };
	int rc = tournament_results_load(&r, q->dir, &w, &err);

	if (rc)
		return cmd_fail(&err);
	rc = tournament_print(&r, q->common.format);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	if (!rc && q->svg && tournament_chart(&r, q->svg, &err))
		rc = cmd_fail(&err);
	tournament_results_free(&r);
	return rc ? CMD_FAILED : CMD_OK;
}

/* Whatever is there is shown, also if it is not all. */
static int hold(struct tournament *t, const struct asked *q, const char *spec)
{
	struct campaign *c = &t->campaign;
	struct mt_err err = { 0 };
	char about[64];
	int status, rc = campaign_state_open(&c->state, q->dir, spec, &c->plan, &err);

	if (rc) {
		campaign_state_close(&c->state);
		return cmd_fail(&err);
	}
	how_long(t, about, sizeof(about));
	fprintf(stderr, "%s: %u of %zu migrations to make%s\n", q->dir, c->runs_left,
		c->plan.n_runs, about);
	rc = c->runs_left ? tournament_hold(t, &err) : 0;
	campaign_state_close(&c->state);
	if (rc)
		cmd_fail(&err);
	else if (c->runs_left)
		fprintf(stderr, "%s: %u migrations left; the same command goes on with them\n",
			q->dir, c->runs_left);
	if (c->runs_left == c->plan.n_runs)
		return rc ? CMD_FAILED : CMD_INTERRUPTED;
	status = show(q);
	return rc || status ? CMD_FAILED : c->runs_left ? CMD_INTERRUPTED : CMD_OK;
}

static int run(struct tournament *t, const struct asked *q, const char *spec)
{
	struct mt_err err = { 0 };
	int rc, status;

	/* Before any thread of libvirt's, so that none takes them. */
	rc = interrupt_block();
	if (!rc)
		rc = tournament_spec_load(&t->spec, spec, on_spec_error);
	if (rc)
		return CMD_FAILED;
	rc = tournament_plan(t, &err);
	status = rc ? cmd_fail(&err) : q->dry_run ? print_plan(t) : hold(t, q, spec);
	tournament_fini(t);
	return status;
}

int cmd_tournament(int argc, char **argv)
{
	struct asked q = { .pause = 0 };
	const struct option_row rows[] = {
		{ "output", 'o', OPTION_STRING, "DIR",
		  "where each migration gets its line; made, or taken up again", &q.dir },
		{ "svg", 0, OPTION_STRING, "FILE", "a chart of total time against pause", &q.svg },
		{ "weight-downtime", 0, OPTION_COUNT, "N",
		  "what 1 ms of pause costs, in ms of total time (default 0)", &q.pause, NULL,
		  1000000 },
		{ "weight-stall", 0, OPTION_COUNT, "N",
		  "what 1 ms of the stall that the guest felt costs (default 0)", &q.stall, NULL,
		  1000000 },
		{ "scores", 's', OPTION_FLAG, NULL,
		  "make no migration: only show how those in DIR went", &q.scores },
		{ "dry-run", 'n', OPTION_FLAG, NULL, "check SPEC, print every migration, make none",
		  &q.dry_run },
	};
	const struct command_usage usage = {
		.name = "tournament", .synopsis = "SPEC -o DIR", .min_args = 0, .max_args = 1,
		.description =
			"Makes the same migrations under each policy that SPEC names: in the simulator, over recordings\n"
			"(by what is implied), or for real on a testbed of two hosts. Shows for each workload and policy\n"
			"what the migrations took, how many met their objectives, and what the policy cost beyond the\n"
			"best choice in hindsight. Interrupted or killed, the same command goes on where it was. Ctrl-C\n"
			"ends after the migration under way, twice cancels it.",
		.examples =
			"  migtrace tournament tests/data/tournament/sim.ini -o results --svg results.svg\n"
			"  migtrace tournament -s -o results --weight-downtime 30 -f json\n"
			"  migtrace tournament -n tests/data/tournament/real.ini\n",
		.more = policies_help,
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &q.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (q.scores && q.dry_run)
		return options_error(&usage, "--scores and --dry-run are two different things");
	if (q.scores ? args.n > 0 : args.n < 1)
		return options_error(&usage, q.scores ? "--scores is of what -o DIR has: no SPEC" :
							"too few arguments: SPEC is expected");
	if (!q.dry_run && (!q.dir || !*q.dir))
		return options_error(&usage, "-o DIR is needed: where to");
	return q.scores ? show(&q) : run(&tournament, &q, args.v[0]);
}
