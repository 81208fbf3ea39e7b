// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_campaign.c - many real migrations on a testbed, recorded
 */
#include <string.h>

#include "base/units.h"
#include "cli/campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "research/research.h"

static struct campaign campaign = CAMPAIGN_INIT;

static void print_plan(struct campaign *c)
{
	char size[MT_UNIT_STR], rate[MT_UNIT_STR], limit[MT_UNIT_STR], all[MT_UNIT_STR];

	printf("%4s  %-12s %-16s %-8s %-14s %-12s %s\n", "RUN", "GUEST", "WORKLOAD", "MEMORY",
	       "METHOD", "BANDWIDTH", "LIMIT");
	for (size_t i = 0; i < c->plan.n_starts; i++) {
		const struct campaign_start *s = &c->plan.starts[i];

		for (size_t k = 0; k < s->n_runs; k++)
			printf("%4u  %-12s %-16s %-8s %-14s %-12s %s\n", s->runs[k].number,
			       s->guest->name, s->workload->name,
			       mt_format_size_bytes(size, s->guest->memory_bytes),
			       s->runs[k].method->name,
			       mt_format_rate_bytes_per_s(rate, s->runs[k].bandwidth_bytes_per_s),
			       mt_format_duration_ms(limit, s->runs[k].limit_ms));
	}
	printf("%zu migrations of %zu guests, about %s\n", c->plan.n_runs, c->plan.n_starts,
	       mt_format_duration_ms(all, c->planned_s * 1e3));
}

static void on_spec_error(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

static int run(struct campaign *c, const char *spec, const char *dir, bool dry_run)
{
	char about[MT_UNIT_STR];
	struct mt_err err = { 0 };
	int rc;

	/* Before any thread of libvirt's, so that none takes them. */
	rc = interrupt_block();
	if (!rc)
		rc = campaign_spec_load(&c->spec, spec, true, on_spec_error);
	if (rc)
		return CMD_FAILED;
	rc = campaign_plan_make(&c->plan, &c->spec);
	if (rc)
		return cmd_fail(&(struct mt_err){ .code = rc, .msg = "out of memory" });
	campaign_count(c);
	if (dry_run) {
		print_plan(c);
		return CMD_OK;
	}
	rc = campaign_state_open(&c->state, dir, spec, &c->plan, &err);
	if (rc)
		return cmd_fail(&err);
	campaign_count(c);
	fprintf(stderr, "%s: %u of %zu migrations to make, about %s\n", dir, c->runs_left,
		c->plan.n_runs, mt_format_duration_ms(about, c->planned_s * 1e3));
	rc = c->runs_left ? campaign_carry_out(c, &err) : 0;
	campaign_state_close(&c->state);
	if (rc)
		return cmd_fail(&err);
	fprintf(stderr, "%s: %u migrations left%s\n", dir, c->runs_left,
		c->runs_left ? "; the same command goes on with them" : "");
	return c->runs_left ? CMD_INTERRUPTED : CMD_OK;
}

int cmd_campaign(int argc, char **argv)
{
	const char *dir = NULL;
	bool dry_run = false;
	const struct option_row rows[] = {
		{ "output", 'o', OPTION_STRING, "DIR", "where to; made, or taken up again", &dir },
		{ "dry-run", 'n', OPTION_FLAG, NULL,
		  "check SPEC, print the plan and how long it takes", &dry_run },
	};
	const struct command_usage usage = {
		.name = "campaign",
		.synopsis = "SPEC -o DIR",
		.min_args = 1,
		.max_args = 1,
		.description = "Makes the migrations that SPEC describes, on a testbed of two hosts: each guest is started,\n"
			       "profiled and migrated to and fro, by another method, bandwidth or downtime limit each time.\n"
			       "DIR gets runs.jsonl with a line for each, and their recordings. Interrupted or killed, the same\n"
			       "command goes on where it was. Ctrl-C ends after the migration under way, twice cancels it.",
		.examples = "  migtrace-research campaign -n tests/data/campaign/machine.ini\n"
			    "  migtrace-research campaign tests/data/campaign/machine.ini -o results\n",
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (!dry_run && (!dir || !*dir))
		return options_error(&usage, "-o DIR is needed: where to");
	return run(&campaign, args.v[0], dir, dry_run);
}
