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

static int conclude(struct record *r, enum ending ending, struct mt_err *err)
{
	struct mt_err close_err = { 0 };

	if (!r->measured && !r->samples && ending != ENDING_DONE) {
		record_discard(r);
		if (ending == ENDING_INTERRUPTED) {
			cmd_warn("interrupted before anything was recorded");
			return CMD_INTERRUPTED;
		}
		return cmd_fail(err);
	}
	if (mt_recorder_close(r->recorder, &close_err))
		return cmd_fail(&close_err);
	if (ending == ENDING_FAILED)
		cmd_fail(err);
	if (!r->measured || r->samples)
		cmd_say(stderr, "%s: %u pass%s of a migration%s; see migtrace report", r->path, r->passes,
			r->passes == 1 ? "" : "es", ending == ENDING_INTERRUPTED ? ", which goes on" : "");
	else
		cmd_say(stderr, "%s: %u window%s%s; see migtrace report", r->path, r->measured,
			r->measured == 1 ? "" : "s", ending == ENDING_INTERRUPTED ? ", interrupted" : "");
	return ending == ENDING_FAILED ? CMD_FAILED : CMD_OK;
}

static int run(struct record *r, const char *uri, const char *name)
{
	enum ending ending = ENDING_MIGRATION;
	struct mt_err err = { 0 };

	if (record_check_path(r, &err) || record_connect(r, uri, &err) || record_begin(r, name, &err))
		return cmd_fail(&err);
	record_work_begin(r);
	if (!r->domain.migrating_out)
		ending = record_profile(r, &err);
	if (ending == ENDING_MIGRATION)
		ending = record_follow(r, &err);
	mt_workload_close(r->workload);
	return conclude(r, ending, &err);
}

static int check_options(const struct command_usage *usage, struct record *r, bool tick_given)
{
	struct mt_err why = { 0 };

	if (!r->path)
		return options_error(usage, "-o FILE is needed: where to record");
	if (!*r->path)
		return options_error(usage, "-o needs a file name");
	if (r->duration_ms < MT_MS_PER_S || r->duration_ms > DURATION_MAX_MS)
		return options_error(usage, "--duration is 1s to 1h: QEMU measures whole seconds");
	if (r->interval_ms < INTERVAL_MIN_MS || r->interval_ms > INTERVAL_MAX_MS)
		return options_error(usage, "--interval is 10ms to 10s");
	r->automatic = !strcmp(r->mode_name, "auto");
	if (!r->automatic && mt_dirtyrate_mode_parse(r->mode_name, &r->mode))
		return options_error(usage, "--mode %s is unknown: auto, page-sampling, dirty-bitmap or dirty-ring",
				     r->mode_name);
	if (tick_given && (!r->tick_ms || r->tick_ms > TICK_MAX_MS))
		return options_error(usage, "--tick is 1ms to 1s");
	if (r->probe_names && mt_probes_parse(r->probe_names, &r->probes, &why))
		return options_error(usage, "%s", why.msg);
	return source_option(usage, r->source_name);
}

int cmd_record(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct record r = {
		.mode_name = "auto",
		.duration_ms = DURATION_DEFAULT_MS,
		.interval_ms = INTERVAL_DEFAULT_MS,
	};
	bool tick_given = false;
	const struct option_row rows[] = {
		{ "output", 'o', OPTION_STRING, "FILE", "where to record; must not exist", &r.path },
		{ "force", 0, OPTION_FLAG, NULL, "replace FILE", &r.force },
		{ "duration", 0, OPTION_DURATION_MS, "DURATION", "profile for so long (default 10s)",
		  &r.duration_ms },
		{ "interval", 0, OPTION_DURATION_MS, "DURATION", "look at a migration this often (default 250ms)",
		  &r.interval_ms },
		{ "source", 0, OPTION_STRING, "NAME", "kmod, bpf, or libvirt for QEMU's own measurements (default: the best there is)",
		  &r.source_name },
		{ "tick", 0, OPTION_DURATION_MS, "DURATION", "shortest T of U(T), 1ms to 1s (default: 1ms, more for large guests with bitmaps)",
		  &r.tick_ms, &tick_given },
		{ "pages", 0, OPTION_FLAG, NULL, "also which pages, tick by tick, for migtrace simulate; needs a kernel source", &r.pages },
		{ "probes", 0, OPTION_STRING, "LIST", "also what else it does, each second: vcpu, net, disk, postcopy, or all", &r.probe_names },
		{ "mode", 0, OPTION_STRING, "MODE", "auto (default), page-sampling, dirty-bitmap or dirty-ring",
		  &r.mode_name },
	};
	const struct command_usage usage = {
		.name = "record",
		.synopsis = "DOMAIN -o FILE",
		.min_args = 1,
		.max_args = 1,
		.description = "Records a guest into FILE. One that migrates is followed to the end of its migration, and\n"
			       "left alone. One that does not is profiled: QEMU switches its dirty logging on, and a kernel\n"
			       "source tells U(T) from a millisecond on; without one QEMU's own measurements of a few\n"
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
