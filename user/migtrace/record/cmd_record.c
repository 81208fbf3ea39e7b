// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_record.c - profile a guest, or follow its migration, into a file
 *
 * A guest that migrates is followed to the end, with a policy and actuators
 * that do nothing. One that does not is measured a few times over windows of
 * different length; when a migration begins meanwhile, that is what is followed.
 */
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/sources.h"
#include "migtrace/commands.h"
#include "cmd_record.h"

#define INTERVAL_DEFAULT_MS	250
#define INTERVAL_MIN_MS		10
#define INTERVAL_MAX_MS		(10 * MT_MS_PER_S)
#define TICK_MAX_MS		1000	/* a profile has windows of a second */

static int conclude(struct record *r, enum mt_ending ending, struct mt_err *err)
{
	struct mt_err close_err = { 0 };

	if (!r->p.measured && !r->samples && ending != MT_ENDING_DONE) {
		mt_profiling_discard(&r->p);
		if (ending == MT_ENDING_INTERRUPTED) {
			cmd_warn("interrupted before anything was recorded");
			return CMD_INTERRUPTED;
		}
		return cmd_fail(err);
	}
	if (mt_recorder_close(r->p.recorder, &close_err))
		return cmd_fail(&close_err);
	if (ending == MT_ENDING_FAILED)
		cmd_fail(err);
	if (!r->p.measured || r->samples)
		cmd_say(stderr, "%s: %u pass%s of a migration%s; see migtrace report", r->p.path,
			r->passes, r->passes == 1 ? "" : "es",
			ending == MT_ENDING_INTERRUPTED ? ", which goes on" : "");
	else
		cmd_say(stderr, "%s: %u window%s%s; see migtrace report", r->p.path, r->p.measured,
			r->p.measured == 1 ? "" : "s",
			ending == MT_ENDING_INTERRUPTED ? ", interrupted" : "");
	return ending == MT_ENDING_FAILED ? CMD_FAILED : CMD_OK;
}

static int run(struct record *r, const char *uri, const char *name)
{
	enum mt_ending ending = MT_ENDING_MIGRATION;
	struct mt_err err = { 0 };

	if (mt_profiling_check_path(&r->p, &err) || record_connect(r, uri, &err) ||
	    mt_profiling_begin(&r->p, name, &err))
		return cmd_fail(&err);
	mt_profiling_work_begin(&r->p);
	if (!r->p.domain.migrating_out)
		ending = mt_profiling_run(&r->p, &err);
	if (ending == MT_ENDING_MIGRATION)
		ending = record_follow(r, &err);
	mt_workload_close(r->p.workload);
	return conclude(r, ending, &err);
}

static int check_options(const struct command_usage *usage, struct record *r, bool tick_given)
{
	struct mt_err why = { 0 };

	if (!r->p.path)
		return options_error(usage, "-o FILE is needed: where to record");
	if (!*r->p.path)
		return options_error(usage, "-o needs a file name");
	if (r->p.duration_ms < MT_MS_PER_S || r->p.duration_ms > MT_PROFILING_MAX_MS)
		return options_error(usage, "--duration is 1s to 1h: QEMU measures whole seconds");
	if (r->interval_ms < INTERVAL_MIN_MS || r->interval_ms > INTERVAL_MAX_MS)
		return options_error(usage, "--interval is 10ms to 10s");
	r->p.automatic = !strcmp(r->mode_name, "auto");
	if (!r->p.automatic && mt_dirtyrate_mode_parse(r->mode_name, &r->p.mode))
		return options_error(
			usage,
			"--mode %s is unknown: auto, page-sampling, dirty-bitmap or dirty-ring",
			r->mode_name);
	if (tick_given && (!r->p.tick_ms || r->p.tick_ms > TICK_MAX_MS))
		return options_error(usage, "--tick is 1ms to 1s");
	if (r->probe_names && mt_probes_parse(r->probe_names, &r->p.probes, &why))
		return options_error(usage, "%s", why.msg);
	return source_option(usage, r->p.source_name);
}

int cmd_record(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct record r = {
		.mode_name = "auto",
		.p.duration_ms = MT_PROFILING_DEFAULT_MS,
		.interval_ms = INTERVAL_DEFAULT_MS,
	};
	bool tick_given = false;
	const struct option_row rows[] = {
		{ "output", 'o', OPTION_STRING, "FILE", "where to record; must not exist",
		  &r.p.path },
		{ "force", 0, OPTION_FLAG, NULL, "replace FILE", &r.p.force },
		{ "duration", 0, OPTION_DURATION_MS, "DURATION",
		  "profile for this long (default 10s)", &r.p.duration_ms },
		{ "interval", 0, OPTION_DURATION_MS, "DURATION",
		  "look at a migration this often (default 250ms)", &r.interval_ms },
		{ "source", 0, OPTION_STRING, "NAME",
		  "kmod, bpf, or libvirt for QEMU's own measurements (default: the best there is)",
		  &r.p.source_name },
		{ "tick", 0, OPTION_DURATION_MS, "DURATION",
		  "shortest T of U(T), 1ms to 1s (default: 1ms, more for large guests with bitmaps)",
		  &r.p.tick_ms, &tick_given },
		{ "pages", 0, OPTION_FLAG, NULL,
		  "also which pages, tick by tick, for migtrace simulate; needs a kernel source",
		  &r.p.pages },
		{ "probes", 0, OPTION_STRING, "LIST",
		  "also what else it does, each second: vcpu, net, disk, postcopy, or all",
		  &r.probe_names },
		{ "mode", 0, OPTION_STRING, "MODE",
		  "auto (default), page-sampling, dirty-bitmap or dirty-ring", &r.mode_name },
	};
	const struct command_usage usage = {
		.name = "record",
		.synopsis = "DOMAIN -o FILE",
		.min_args = 1,
		.max_args = 1,
		.description = "Records a guest into FILE. One that migrates is followed to the end of its migration, and\n"
			       "left alone. One that does not is profiled: QEMU switches its dirty logging on, and a kernel\n"
			       "source measures U(T) from a millisecond on; without one QEMU's own measurements of a few\n"
			       "different lengths have to do. Ctrl-C ends the recording, never the migration.",
		.examples = "  migtrace record web1 -o web1.mtrec\n"
			    "  migtrace record db1 -o db1.mtrec --duration 60s --mode page-sampling\n",
		.uses = OPTIONS_CONNECT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status == OPTIONS_RUN)
		status = check_options(&usage, &r, tick_given);
	return status == OPTIONS_RUN ? run(&r, common.uri, args.v[0]) : status;
}
