// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_plan.c - several guests and one link: which to move, in which order, and how
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/lists.h"
#include "cli/sources.h"
#include "migtrace/commands.h"
#include "migtrace/lessons.h"
#include "migtrace/predict/forecasts.h"
#include "cmd_plan.h"

#define LIMIT_DEFAULT_MS	300	/* QEMU's downtime-limit */
#define PARALLEL_DEFAULT	2

struct request {
	struct common_options common;
	const char *methods, *learned_path;
	uint64_t deadline_ms, link_bytes_per_s, max_downtime_ms, parallel;
	bool all, link_given, deadline_given;
	unsigned allowed;		/* bit per enum mt_method */
	struct subject_options subject;
	struct mt_experience experience;
	struct plan planning;
	char **names;			/* domains and files */
	struct mt_domain_info *listed;	/* behind them, with --all */
	char **listed_names;
	size_t n;
};

/* --- whom -------------------------------------------------------------------- */
static int list_all(struct request *q, struct mt_err *err)
{
	int rc = record_connect(q->subject.record, q->common.uri, err);

	if (rc)
		return rc;
	q->subject.connected = true;
	rc = mt_domain_list(q->subject.record->p.conn, true, &q->listed, &q->n, err);
	if (rc)
		return rc;
	if (!q->n)
		return mt_err_set(err, -ENOENT, "no running guests at %s",
				  mt_conn_uri(q->subject.record->p.conn));
	q->names = q->listed_names = calloc(q->n, sizeof(*q->names));
	for (size_t i = 0; i < q->n && q->names; i++)
		q->names[i] = q->listed[i].name;
	return q->names ? 0 : mt_err_set(err, -ENOMEM, "out of memory");
}

static int get_subject(struct request *q, size_t i, struct mt_err *err)
{
	struct subject *s = &q->planning.subjects[i];
	int rc;

	if (subject_is_file(q->names[i]))
		return subject_load(s, q->names[i], &q->subject, err);
	if (q->n > 1)
		fprintf(stderr, "guest %zu of %zu\n", i + 1, q->n);
	rc = subject_look_up(s, q->names[i], &q->subject, err);
	return rc ? rc : subject_profile(s, &q->subject, err);
}

/* Two recordings of one guest, or a guest and its recording, would be moved twice. */
static int refuse_twice(const struct request *q, size_t i, struct mt_err *err)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(q->planning.subjects[k].name, q->planning.subjects[i].name))
			return mt_err_set(err, -EEXIST, "%s and %s are the same guest, %s",
					  q->names[k], q->names[i], q->planning.subjects[i].name);
	return 0;
}

static int get_subjects(struct request *q, struct mt_err *err)
{
	struct mt_schedule_guest *guests;
	int rc = q->all ? list_all(q, err) : 0;

	if (rc)
		return rc;
	q->planning.subjects = calloc(q->n, sizeof(*q->planning.subjects));
	guests = calloc(q->n, sizeof(*guests));
	q->planning.request.guests = guests;
	q->planning.request.n = q->n;
	if (!q->planning.subjects || !guests)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < q->n; i++) {
		rc = get_subject(q, i, err);
		if (!rc)
			rc = refuse_twice(q, i, err);
		if (rc)
			return rc;
		guests[i] = (struct mt_schedule_guest){
			.in = subject_input(&q->planning.subjects[i]),
			.methods = q->allowed,
			.downtime_limit_ms = (double)q->max_downtime_ms,
		};
		guests[i].in.learned = &q->experience.stage[MT_FORECAST_BEFORE];
	}
	return 0;
}

/* --- the plan ------------------------------------------------------------------- */
static int make(struct request *q, struct mt_err *err)
{
	const struct plan *p = &q->planning;
	bool text = q->common.format == MT_FORMAT_TEXT;
	struct mt_schedule s;
	int rc = mt_schedule_make(&p->request, &s);

	if (rc == -ENODATA)
		return mt_err_set(err, rc, "too little is known of what %s dirties",
				  p->subjects[s.n_left].name);
	if (rc)
		return mt_err_set(err, rc, "no schedule: %s", strerror(-rc));
	if (text)
		plan_head(p, stdout);
	rc = plan_print(p, &s, q->common.format);
	if (!rc && text)
		plan_explain(p, &s, stdout);
	mt_schedule_fini(&s);
	/* -EIO is of stdout, which main() reports. */
	return !rc || rc == -EIO ? 0 :
				   mt_err_set(err, rc, "cannot write the table: %s", strerror(-rc));
}

static int run(struct request *q)
{
	struct mt_err err = { 0 };
	int rc = get_subjects(q, &err);

	if (!rc)
		rc = make(q, &err);
	free(q->planning.subjects);
	free((void *)q->planning.request.guests);
	free(q->listed_names);
	free(q->listed);
	if (rc == -EINTR) {
		cmd_warn("interrupted before the profiles were complete");
		return CMD_INTERRUPTED;
	}
	return rc ? cmd_fail(&err) : CMD_OK;
}

static int check_options(struct request *q, const struct command_usage *usage,
			 const struct option_args *args)
{
	const unsigned flips = 1u << MT_METHOD_POSTCOPY | 1u << MT_METHOD_HYBRID;
	struct record *r = q->subject.record;
	int status;

	q->allowed = mt_methods_of(0, 0);
	status = list_methods(usage, q->methods, &q->allowed);
	if (status == OPTIONS_RUN)
		status = source_option(usage, r->p.source_name);
	if (status != OPTIONS_RUN)
		return status;
	if (!q->link_given || !q->link_bytes_per_s)
		return options_error(usage, "--link RATE is needed: what all of them share");
	if (q->deadline_given && !q->deadline_ms)
		return options_error(usage, "--deadline: must be more than 0");
	if (!q->max_downtime_ms)
		return options_error(usage, "--max-downtime: must be more than 0");
	if (!q->parallel)
		return options_error(usage, "--parallel: must be more than 0");
	if (!q->all == !args->n)
		return options_error(usage, q->all ? "--all takes all guests that run: name none" :
						     "DOMAIN or FILE is expected, or --all");
	if (q->methods && !q->planning.postcopy && (q->allowed & flips))
		return options_error(
			usage,
			"--method: postcopy and hybrid need --postcopy, since a guest is lost if the link fails then");
	if (r->p.duration_ms < MT_MS_PER_S || r->p.duration_ms > MT_PROFILING_MAX_MS)
		return options_error(usage, "--duration is 1s to 1h: QEMU measures whole seconds");
	status = lessons_load(&q->experience, q->learned_path, q->common.uri, NULL);
	if (status != OPTIONS_RUN)
		return status;
	if (!q->planning.postcopy)
		q->allowed &= ~flips;
	q->names = args->v;
	q->n = (size_t)args->n;
	q->subject.uri = q->common.uri;
	q->planning.max_downtime_ms = (double)q->max_downtime_ms;
	q->planning.experience = &q->experience;
	q->planning.request.link_bytes_per_s = (double)q->link_bytes_per_s;
	q->planning.request.deadline_ms = q->deadline_given ? (double)q->deadline_ms : INFINITY;
	q->planning.request.parallel = (unsigned)q->parallel;
	return OPTIONS_RUN;
}

int cmd_plan(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct record record = { .mode_name = "auto",
					.p.automatic = true,
					.p.duration_ms = MT_PROFILING_DEFAULT_MS };
	struct request q = { .subject.record = &record,
			     .max_downtime_ms = LIMIT_DEFAULT_MS,
			     .parallel = PARALLEL_DEFAULT };
	const struct option_row rows[] = {
		{ "link", 0, OPTION_RATE_BYTES_PER_S, "RATE", "what all of them share; needed",
		  &q.link_bytes_per_s, &q.link_given },
		{ "deadline", 0, OPTION_DURATION_MS, "DURATION",
		  "all are to be away by then (default: none)", &q.deadline_ms, &q.deadline_given },
		{ "max-downtime", 0, OPTION_DURATION_MS, "DURATION",
		  "the most that QEMU's downtime limit may be (default 300ms)",
		  &q.max_downtime_ms },
		{ "postcopy", 0, OPTION_FLAG, NULL, "post-copy is allowed", &q.planning.postcopy },
		{ "method", 0, OPTION_STRING, "A,B",
		  "methods that may be used; all that are allowed if not given", &q.methods },
		{ "parallel", 0, OPTION_COUNT, "N", "no more at once, 1 to 4 (default 2)",
		  &q.parallel, NULL, MT_SCHEDULE_PARALLEL },
		LESSONS_OPTION(&q.learned_path),
		{ "all", 0, OPTION_FLAG, NULL, "all guests that run", &q.all },
		{ "memory", 0, OPTION_SIZE_BYTES, "SIZE", "of each guest, where files do not say",
		  &q.subject.memory_bytes },
		{ "resident", 0, OPTION_SIZE_BYTES, "SIZE", "how much of it is not empty, likewise",
		  &q.subject.resident_bytes },
		{ "duration", 0, OPTION_DURATION_MS, "DURATION",
		  "profile each running guest for this long (default 10s)", &record.p.duration_ms },
		{ "source", 0, OPTION_STRING, "NAME", "of the profiles, as in migtrace record",
		  &record.p.source_name },
	};
	const struct command_usage usage = {
		.name = "plan",
		.synopsis = "DOMAIN|FILE...",
		.max_args = OPTIONS_ANY_NUMBER,
		.description = "Says which of several guests to move over one link, in which order, by which method and at what\n"
			       "rate, so that as many as can be are away by a deadline, with the least pauses and traffic. Those that have\n"
			       "to stay are named with what they would need. DOMAIN is profiled first, one after the other; FILE, a name\n"
			       "with a / or ending in .mtrec or .json, is the recording of a profile or of a migration.",
		.examples = "  migtrace plan --all --link 1GiB/s --deadline 10min\n"
			    "  migtrace plan --link 1GiB/s --deadline 60s --max-downtime 1s --postcopy web1 web2 db1\n"
			    "  migtrace plan --link 10Gbit/s --parallel 4 -f json profiles/*.mtrec\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &q.common, &args);

	if (status == OPTIONS_RUN)
		status = check_options(&q, &usage, &args);
	return status == OPTIONS_RUN ? run(&q) : status;
}
