// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_predict.c - what migrating a guest would cost, by every method, or why it would not end
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/sources.h"
#include "migtrace/commands.h"
#include "migtrace/lessons.h"
#include "forecasts.h"

#define LIMIT_DEFAULT_MS	300	/* QEMU's downtime-limit */

struct request {
	struct common_options common;
	const char *bandwidths, *limits, *methods, *models, *learned_path, *log;
	uint64_t deadline_ms, link_bytes_per_s, flip_after_passes;
	bool memory_given, rate_given, set_given;
	struct subject_options subject;
	struct predict_request predict;
	struct mt_experience experience;
};

/* What --bandwidth and --max-downtime leave open is the guest's own. */
static int settle(struct request *q, const struct command_usage *usage, const struct subject *s)
{
	struct predict_request *p = &q->predict;

	if (!p->bandwidths.n && s->guest.bandwidth_bytes_per_s > 0)
		p->bandwidths =
			(struct list_of_numbers){ .v = { s->guest.bandwidth_bytes_per_s }, .n = 1 };
	if (!p->bandwidths.n)
		return options_error(
			usage,
			"nothing says how fast %s can be migrated: give --bandwidth RATE, or set it by virsh migrate-setspeed",
			s->name);
	if (!p->limits_ms.n)
		p->limits_ms = (struct list_of_numbers){ .v = { s->guest.downtime_limit_ms > 0 ?
									s->guest.downtime_limit_ms :
									LIMIT_DEFAULT_MS },
							 .n = 1 };
	return OPTIONS_RUN;
}

/* Return: OPTIONS_RUN, or an exit status after a line. */
static int get_subject(struct request *q, const struct command_usage *usage, const char *name,
		       struct subject *s)
{
	struct mt_err err = { 0 };
	int rc, status = OPTIONS_RUN;

	if (!name)
		rc = subject_assume(s, &q->subject, &err);
	else if (subject_is_file(name))
		rc = subject_load(s, name, &q->subject, &err);
	else
		rc = subject_look_up(s, name, &q->subject, &err);
	if (!rc)
		status = settle(q, usage, s);	/* before a profile, which takes its time */
	if (!rc && status == OPTIONS_RUN && name && !subject_is_file(name))
		rc = subject_profile(s, &q->subject, &err);
	if (rc == -EINTR) {
		cmd_warn("interrupted before the profile was complete");
		return CMD_INTERRUPTED;
	}
	return rc ? cmd_fail(&err) : status;
}

static void head(const struct request *q, const struct subject *s)
{
	subject_show(s, stdout);
	lessons_print(&q->experience, stdout);
	putchar('\n');
}

static int answer(struct request *q, const struct subject *s)
{
	struct predict_rows rows;
	int rc = predict_run(&rows, s, &q->predict);
	bool text = q->common.format == MT_FORMAT_TEXT;

	if (rc == -ENODATA)
		cmd_warn("no model that was asked for covers a method that was asked for");
	if (!rc && text)
		head(q, s);
	if (!rc) {
		rc = predict_print(&rows, s, &q->predict, q->common.format);
		if (rc && !ferror(stdout))
			cmd_warn("cannot write the table: %s", strerror(-rc));
	}
	if (!rc && text)
		predict_explain(&rows, &q->predict, stdout);
	free(rows.v);
	return rc ? CMD_FAILED : CMD_OK;
}

static int check_options(struct request *q, const struct command_usage *usage,
			 const struct option_args *args)
{
	struct predict_request *p = &q->predict;
	struct record *r = q->subject.record;
	bool file = args->n && subject_is_file(args->v[0]);
	int status;

	p->methods = mt_methods_of(0, 0);
	p->models = (struct list_of_models){ .v = { mt_forecast_model_find(MT_FORECAST_DEFAULT) },
					     .n = 1 };
	status = list_rates(usage, "--bandwidth", q->bandwidths, &p->bandwidths);
	if (status == OPTIONS_RUN)
		status = list_durations(usage, "--max-downtime", q->limits, &p->limits_ms);
	if (status == OPTIONS_RUN)
		status = list_methods(usage, q->methods, &p->methods);
	if (status == OPTIONS_RUN)
		status = list_models(usage, q->models, &p->models);
	if (status == OPTIONS_RUN)
		status = source_option(usage, r->p.source_name);
	if (status != OPTIONS_RUN)
		return status;
	if (!args->n && !q->rate_given)
		return options_error(
			usage,
			"DOMAIN or FILE is expected; or --dirty-rate with --memory, for a guest that is assumed");
	if (args->n && (q->rate_given || q->set_given))
		return options_error(
			usage,
			"--dirty-rate and --working-set describe a guest that is assumed: name none");
	if (q->log && (args->n || (strcmp(q->log, "bitmap") && strcmp(q->log, "ring"))))
		return options_error(usage,
				     "--log bitmap or --log ring, of a guest that is assumed");
	q->subject.ring = q->log && !strcmp(q->log, "ring");
	if (!args->n && !q->memory_given)
		return options_error(usage, "--dirty-rate needs --memory SIZE, the guest's");
	if ((!args->n || file) && q->subject.keep)
		return options_error(
			usage, "--record keeps the profile of a running guest, and none is named");
	if (r->p.duration_ms < MT_MS_PER_S || r->p.duration_ms > MT_PROFILING_MAX_MS)
		return options_error(usage, "--duration is 1s to 1h: QEMU measures whole seconds");
	status = lessons_load(&q->experience, q->learned_path, q->common.uri, NULL);
	if (status != OPTIONS_RUN)
		return status;
	p->learned = &q->experience.stage[MT_FORECAST_BEFORE];
	p->deadline_ms = (double)q->deadline_ms;
	p->link_bytes_per_s = (double)q->link_bytes_per_s;
	p->flip_after_passes = (unsigned)q->flip_after_passes;
	q->subject.uri = q->common.uri;
	return OPTIONS_RUN;
}

int cmd_predict(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct record record = { .mode_name = "auto",
					.p.automatic = true,
					.p.duration_ms = MT_PROFILING_DEFAULT_MS };
	struct request q = { .subject.record = &record };
	const struct option_row rows[] = {
		{ "bandwidth", 0, OPTION_STRING, "R[,R...]",
		  "what the migration may use; needed if nothing else says", &q.bandwidths },
		{ "max-downtime", 0, OPTION_STRING, "D[,D...]",
		  "QEMU's downtime limit (default: the guest's, or 300ms)", &q.limits },
		{ "deadline", 0, OPTION_DURATION_MS, "DURATION", "it has to finish within this",
		  &q.deadline_ms },
		{ "method", 0, OPTION_STRING, "A,B", "methods; all of them if not given",
		  &q.methods },
		{ "link", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what the link carries when QEMU does not hold back (default: the bandwidth)",
		  &q.link_bytes_per_s },
		{ "flip-after", 0, OPTION_COUNT, "PASSES",
		  "when the method hybrid flips (default 1)", &q.flip_after_passes, NULL, 1000 },
		LESSONS_OPTION(&q.learned_path),
		{ "model", 0, OPTION_STRING, "A,B", "models (default: ours), baselines among them",
		  &q.models },
		{ "memory", 0, OPTION_SIZE_BYTES, "SIZE",
		  "the guest's memory, where the file does not say", &q.subject.memory_bytes,
		  &q.memory_given },
		{ "resident", 0, OPTION_SIZE_BYTES, "SIZE", "how much of it is not empty, likewise",
		  &q.subject.resident_bytes },
		{ "dirty-rate", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "of an assumed guest: what it dirties in its first second",
		  &q.subject.dirty_rate_bytes_per_s, &q.rate_given },
		{ "working-set", 0, OPTION_SIZE_BYTES, "SIZE",
		  "of an assumed guest: the memory that it writes to (default: all)",
		  &q.subject.working_set_bytes, &q.set_given },
		{ "log", 0, OPTION_STRING, "HOW",
		  "of an assumed guest: bitmap (default), or ring: how KVM logs writes; ring also for TCG",
		  &q.log },
		{ "duration", 0, OPTION_DURATION_MS, "DURATION",
		  "profile a running guest for this long (default 10s)", &record.p.duration_ms },
		{ "source", 0, OPTION_STRING, "NAME", "of the profile, as in migtrace record",
		  &record.p.source_name },
		{ "record", 0, OPTION_STRING, "FILE", "keep the profile", &q.subject.keep },
	};
	const struct command_usage usage = {
		.name = "predict",
		.synopsis = "DOMAIN|FILE",
		.max_args = 1,
		.description = "Says what migrating a guest would cost by each method: time, traffic, the pause that QEMU reports,\n"
			       "the stall that the guest feels, each as p50 and p10 to p90; and where it would not end, what it would\n"
			       "take. DOMAIN is profiled first, as by migtrace record. FILE, a name with a / or ending in .mtrec or\n"
			       ".json, is the recording of a profile or of a migration. Without either, the guest is assumed.",
		.examples = "  migtrace predict db1 --bandwidth 1GiB/s\n"
			    "  migtrace predict db1.mtrec --bandwidth 1GiB/s,10GiB/s --max-downtime 100ms,300ms --deadline 30s\n"
			    "  migtrace predict --dirty-rate 200MiB/s --memory 8GiB --bandwidth 1GiB/s --method precopy,postcopy\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	struct subject s;
	int status = options_parse(&usage, argc, argv, &q.common, &args);

	if (status == OPTIONS_RUN)
		status = check_options(&q, &usage, &args);
	if (status == OPTIONS_RUN)
		status = get_subject(&q, &usage, args.n ? args.v[0] : NULL, &s);
	return status == OPTIONS_RUN ? answer(&q, &s) : status;
}
