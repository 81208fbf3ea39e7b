// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_report.c - what happened in a recording, and why
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/recording_load.h"
#include "migtrace/commands.h"
#include "report.h"

static int show(const struct report *r, enum mt_format format)
{
	switch (format) {
	case MT_FORMAT_JSON:
		return report_json(r, stdout);
	case MT_FORMAT_CSV:
		return report_iterations(r, stdout, MT_FORMAT_CSV);
	case MT_FORMAT_TEXT:
		break;
	}
	return report_text(r, stdout);
}

int cmd_report(int argc, char **argv)
{
	const struct command_usage usage = {
		.name = "report", .synopsis = "FILE", .min_args = 1, .max_args = 1,
		.description =
			"Shows what happened in a migration and why: each pass, each decision with its\n"
			"reason, the outcome, and what was predicted against what came of it. FILE is a\n"
			"recording of migtrace, or a JSON array of QMP query-migrate answers. CSV: the passes.",
		.examples =
			"  migtrace report guest.mtrec\n"
			"  migtrace report -f json guest.mtrec | jq .predicted_vs_actual\n",
		.uses = OPTIONS_FORMAT,
	};
	struct common_options common = { 0 };
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	struct option_args args;
	struct report r;
	int status = options_parse(&usage, argc, argv, &common, &args);
	int rc;

	if (status != OPTIONS_RUN)
		return status;
	if (recording_load(&rec, args.v[0], &err))
		return cmd_fail(&err);
	status = CMD_OK;
	rc = report_init(&r, rec, &err);
	if (rc) {
		status = cmd_fail(&err);
	} else {
		rc = show(&r, common.format);
		report_fini(&r);
		if (rc) {
			status = CMD_FAILED;
			if (!ferror(stdout))	/* main() has a word on that */
				cmd_warn("cannot write the report: %s", strerror(-rc));
		}
	}
	if (!rc && rec->truncated)
		status = CMD_FAILED;
	mt_recording_free(rec);
	return status;
}
