// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_report.c - what happened in a recording, and why
 */
#include <errno.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/recording_load.h"
#include "migtrace/commands.h"
#include "report_chart.h"

/* The plot that was asked for; NULL: there is none of that name, and it was said. */
static const struct report_chart *chart_of(const char *name)
{
	const struct report_chart *c;
	char all[128] = "";

	for (size_t i = 0; (c = report_chart_at(i)); i++) {
		if (!strcmp(c->name, name))
			return c;
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "",
			 c->name);
	}
	cmd_warn("--plot %s: there is no such plot; there are %s", name, all);
	return NULL;
}

static int show(const struct report *r, enum mt_format format, const struct report_chart *chart)
{
	switch (format) {
	case MT_FORMAT_JSON:
		return report_json(r, stdout);
	case MT_FORMAT_CSV:
		return report_iterations(r, stdout, MT_FORMAT_CSV);
	case MT_FORMAT_HTML:
		return report_html(r, stdout);
	case MT_FORMAT_SVG:
		return report_chart_write(r, chart, NULL, stdout);
	case MT_FORMAT_TEXT:
		break;
	}
	return report_text(r, stdout);
}

static void complain(const struct report *r, const struct report_chart *chart, int rc)
{
	if (rc == -ENODATA)
		cmd_warn("%s: has nothing to plot of %s", r->rec->path, chart->name);
	else if (!ferror(stdout))	/* main() has a word on that */
		cmd_warn("cannot write the report: %s", strerror(-rc));
}

int cmd_report(int argc, char **argv)
{
	const char *plot = "timeline";
	const struct option_row rows[] = {
		{ .name = "plot", .kind = OPTION_STRING, .arg = "NAME",
		  .help = "with svg: timeline, rates, curve, total or pause", .dest = &plot },
	};
	const struct command_usage usage = {
		.name = "report", .synopsis = "FILE", .min_args = 1, .max_args = 1,
		.description =
			"Shows what happened in a migration and why: each pass, each decision with its\n"
			"reason, the outcome, and what was predicted against what came of it. FILE is a\n"
			"recording of migtrace, or a JSON array of QMP query-migrate answers. CSV: the passes.\n"
			"HTML: one page with pictures, that needs nothing else. SVG: one of them.",
		.examples =
			"  migtrace report guest.mtrec\n"
			"  migtrace report -f json guest.mtrec | jq .predicted_vs_actual\n"
			"  migtrace report -f html guest.mtrec >guest.html\n"
			"  migtrace report -f svg --plot total guest.mtrec >total.svg\n",
		.uses = OPTIONS_FORMAT | OPTIONS_PICTURES,
		.rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	struct option_args args;
	const struct report_chart *chart;
	struct report r;
	int status = options_parse(&usage, argc, argv, &common, &args);
	int rc;

	if (status != OPTIONS_RUN)
		return status;
	chart = chart_of(plot);
	if (!chart)
		return CMD_USAGE;
	if (recording_load(&rec, args.v[0], &err))
		return cmd_fail(&err);
	status = CMD_OK;
	rc = report_init(&r, rec, &err);
	if (rc) {
		status = cmd_fail(&err);
	} else {
		rc = show(&r, common.format, chart);
		if (rc) {
			status = CMD_FAILED;
			complain(&r, chart, rc);
		}
		report_fini(&r);
	}
	if (!rc && rec->truncated)
		status = CMD_FAILED;
	mt_recording_free(rec);
	return status;
}
