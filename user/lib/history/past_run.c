// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * past_run.c - the migrations of a file: of a recording, or of a campaign with its profiles
 *
 * A campaign knows more of a migration than its recording: the method, what the guest felt, and
 * what it dirtied before, of which the default model makes its forecast here and now.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/recorded.h"
#include "store/runs.h"
#include "past.h"

#define RUNS	"runs.jsonl"

struct campaign {
	const struct mt_runs *runs;
	const struct mt_run *run;
	const char *host;
	mt_past_fn fn;
	void *opaque;
};

/* --- forecasts of profiles -------------------------------------------------------- */
static struct mt_recording *load(const struct campaign *c, const char *name)
{
	mt_autofree char *path = NULL;
	struct mt_recording *rec = NULL;

	if (!*name || asprintf(&path, "%s/%s", c->runs->dir, name) < 0 ||
	    mt_recording_load(&rec, path, NULL))
		return NULL;
	return rec;
}

static void forecast(struct mt_past_forecast *to, const struct campaign *c)
{
	struct mt_recording *profile = mt_run_lacks(c->run) ? NULL : load(c, c->run->profile);
	struct mt_ucurve u;
	struct mt_forecast_input in = mt_run_forecast_input(c->run, &u);
	struct mt_forecast f;

	if (!profile)
		return;
	if (!mt_recorded_curve(&u, profile, true, c->run->memory_bytes) &&
	    !mt_forecast(NULL, &in, &f)) {
		to->has = true;
		mt_past_text(to->model, sizeof(to->model), f.model);
		mt_past_text(to->verdict, sizeof(to->verdict),
			     mt_verdict_name(mt_forecast_converges(&f) ? MT_VERDICT_CONVERGES :
									 MT_VERDICT_OPEN));
		to->ends = f.ends;
		to->total_ms = f.metric[MT_METRIC_TOTAL_MS];
		to->downtime_ms = f.metric[MT_METRIC_DOWNTIME_MS];
		to->transferred_bytes = f.metric[MT_METRIC_TRANSFERRED_BYTES];
	}
	mt_recording_free(profile);
}

/* --- runs --------------------------------------------------------------------------- */
static void fill(double *to, double from)
{
	if (isfinite(from))
		*to = from;
}

static void fill_text(char *to, size_t room, const char *from)
{
	if (*from)
		mt_past_text(to, room, from);
}

/* What the line knows, which is measured with more care, beside what its recording told. */
static int add_run(const struct mt_past *recorded, void *opaque)
{
	const struct campaign *c = opaque;
	const struct mt_run *r = c->run;
	struct mt_past p = *recorded;	/* its decisions stay the caller's */

	fill_text(p.policy, sizeof(p.policy), r->policy);
	if (r->method != MT_METHOD_COUNT)
		mt_past_text(p.method, sizeof(p.method), mt_method_name(r->method));
	if (r->outcome != MT_OUTCOME_COUNT)
		mt_past_text(p.outcome, sizeof(p.outcome), mt_outcome_name(r->outcome));
	fill(&p.memory_bytes, r->memory_bytes);
	fill(&p.max_downtime_ms, r->max_downtime_ms);
	fill(&p.deadline_ms, r->deadline_ms);
	fill(&p.prepare_ms, r->prepare_ms);
	fill(&p.total_ms, r->total_ms);
	fill(&p.downtime_ms, r->downtime_ms);
	fill(&p.transferred_bytes, r->transferred_bytes);
	fill(&p.felt_ms, r->felt_ms);
	forecast(&p.forecast[MT_PAST_BEFORE], c);
	return c->fn(&p, c->opaque);
}

/* Without its recording, of the line alone. */
static int add_line(struct campaign *c)
{
	const struct mt_run *r = c->run;
	char otherwise[64];
	struct mt_past p;

	mt_past_init(&p);
	mt_past_text(p.guest, sizeof(p.guest), r->guest);
	mt_past_text(p.source, sizeof(p.source), *r->where ? r->where : c->host);
	mt_past_text(p.detail, sizeof(p.detail), r->note);
	fill(&p.passes, r->iterations);
	if (r->start_wall_ms >= 0 && r->start_wall_ms < 0x1p63)
		p.begin_ms = (uint64_t)r->start_wall_ms;
	snprintf(otherwise, sizeof(otherwise), "run %u", r->run);
	mt_past_number(&p, otherwise);
	return add_run(&p, c);
}

static int of_campaign(const char *dir, struct campaign *c, struct mt_err *err)
{
	struct mt_runs runs;
	int rc = mt_runs_load(&runs, dir, err), n = 0;

	if (rc)
		return rc;
	c->runs = &runs;
	for (size_t i = 0; i < runs.n && rc >= 0; i++) {
		struct mt_recording *rec = NULL;

		c->run = &runs.v[i];
		rec = load(c, c->run->recording);
		rc = rec ? mt_past_of_recording(rec, c->host, add_run, c) : 0;
		mt_recording_free(rec);
		if (!rc)
			rc = add_line(c);
		n += rc >= 0;
	}
	mt_runs_free(&runs);
	return rc < 0 ? mt_err_set(err, rc, "%s: %s", dir, strerror(-rc)) : n;
}

/* --- files -------------------------------------------------------------------------- */
/* The campaign's directory that @path is, or is the list of; NULL: neither. */
static char *campaign_of(const char *path)
{
	size_t n = strlen(path), tail = sizeof(RUNS) - 1;
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return strdup(path);
	if (!strcmp(path, RUNS))
		return strdup(".");
	if (n > tail && path[n - tail - 1] == '/' && !strcmp(path + n - tail, RUNS))
		return strndup(path, n - tail - 1 ? n - tail - 1 : 1);
	return NULL;
}

int mt_past_of_file(const char *path, const char *host, mt_past_fn fn, void *opaque,
		    struct mt_err *err)
{
	mt_autofree char *dir = campaign_of(path);
	struct mt_recording *rec;
	int rc;

	if (dir)
		return of_campaign(dir, &(struct campaign){ .host = host, .fn = fn,
							    .opaque = opaque }, err);
	rc = mt_recording_load(&rec, path, err);
	if (rc)
		return rc;
	rc = mt_past_of_recording(rec, host, fn, opaque);
	mt_recording_free(rec);
	return rc < 0 ? mt_err_set(err, rc, "%s: %s", path, strerror(-rc)) : rc;
}
