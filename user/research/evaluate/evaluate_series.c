// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_series.c - a recorded migration that belongs to no campaign, as a campaign of one run
 *
 * What runs.jsonl would say is taken from the recording itself: the folder is its workload, the
 * folder above the hosts.
 */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/recording_load.h"
#include "source/iteration.h"
#include "store/recorded.h"
#include "evaluate_campaign.h"

/*
 * Who runs no campaign cancels nothing: what has not ended after this is taken for cancelled then.
 * As the campaign of the machine does (tests/data/campaign/machine.ini): so much, and three times
 * what the first pass took.
 */
#define CAP_MS		6000
#define CAP_PASSES	3

/*
 * How it ended, by the first answer that says so; that one often has no figures, and the total goes
 * on by when it was given.
 */
static void fill_end(struct mt_run *run, const struct mt_recording *rec)
{
	uint64_t told_ms = 0, told_t_ns = 0;

	for (size_t i = 0; i < rec->n_entries && run->outcome != MT_OUTCOME_COMPLETED; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE)
			continue;
		if (mt_status_is_postcopy(s->status))
			run->method = MT_METHOD_HYBRID;
		else if (mt_sample_has(s, throttle_percent) && s->throttle_percent)
			run->method = MT_METHOD_AUTOCONVERGE;
		if (s->status == MT_STATUS_COMPLETED)
			run->outcome = MT_OUTCOME_COMPLETED;
		if (mt_sample_has(s, downtime_ms))
			run->downtime_ms = (double)s->downtime_ms;
		if (mt_sample_has(s, transferred_bytes))
			run->transferred_bytes = (double)s->transferred_bytes;
		if (mt_sample_has(s, iteration))
			run->iterations = (double)s->iteration;
		if (mt_sample_has(s, total_ms)) {
			told_ms = s->total_ms;
			told_t_ns = s->t_ns;
		}
		run->total_ms = (double)told_ms +
				(told_t_ns ? (double)(s->t_ns - told_t_ns) / MT_NS_PER_MS : 0);
	}
}

static double first_pass_ms(const struct mt_recording *rec)
{
	struct mt_iterations its;

	mt_iterations_init(&its);
	for (size_t i = 0; i < rec->n_entries && !its.total; i++)
		if (rec->entries[i].type == MT_ENTRY_SAMPLE)
			mt_iterations_feed(&its, &rec->entries[i].sample);
	return its.total ? mt_iterations_last(&its)->duration_s * 1e3 : NAN;
}

static void fill(struct mt_run *run, const struct mt_recording *rec)
{
	struct mt_recorded_guest g;

	mt_recorded_guest(&g, rec);
	*run = (struct mt_run){
		.run = 1,
		.method = MT_METHOD_PRECOPY,
		.outcome = MT_OUTCOME_ABORTED,
		.vcpus = NAN,
		.memory_bytes = g.memory_bytes,
		.resident_bytes = g.resident_bytes,
		.nonzero_bytes = NAN,
		.cpu_share = NAN,
		.bandwidth_bytes_per_s = g.bandwidth_bytes_per_s,
		.link_bytes_per_s = NAN,
		.downtime_limit_ms =
			g.downtime_limit_ms > 0 ? g.downtime_limit_ms : MT_QEMU_LIMIT_DEFAULT_MS,
		.load_1min = NAN,
		.busy_percent = NAN,
		.prepare_ms = NAN,
		.total_ms = NAN,
		.downtime_ms = NAN,
		.transferred_bytes = NAN,
		.iterations = NAN,
		.normal_pages = NAN,
		.zero_pages = NAN,
		.throttle_percent = NAN,
		.postcopy_requests = NAN,
		.felt_ms = NAN,
	};
	fill_end(run, rec);
	run->cap_ms = CAP_MS + CAP_PASSES * first_pass_ms(rec);
	if (run->outcome != MT_OUTCOME_COMPLETED)
		run->cap_ms = fmin(run->cap_ms, run->total_ms);
	run->converged = run->outcome == MT_OUTCOME_COMPLETED && !mt_run_flips(run) &&
			 run->total_ms <= run->cap_ms;
}

/* "WHERE/WORKLOAD/FILE" */
static int name(struct mt_runs *runs, const char *path)
{
	mt_autofree char *whole = realpath(path, NULL);
	struct mt_run *run = runs->v;
	char *dir, *above;

	if (!whole)
		return -errno;
	snprintf(run->recording, sizeof(run->recording), "%s", basename(whole));
	dir = dirname(whole);
	runs->dir = strdup(dir);
	snprintf(run->workload, sizeof(run->workload), "%s", basename(dir));
	above = dirname(dir);
	snprintf(run->where, sizeof(run->where), "%s", basename(above));
	return runs->dir ? 0 : -ENOMEM;
}

int evaluate_series(struct mt_runs *runs, const char *path, struct mt_err *err)
{
	struct mt_recording *rec = NULL;
	int rc = recording_load(&rec, path, err);

	*runs = (struct mt_runs){ 0 };
	if (rc)
		return rc;
	runs->v = calloc(1, sizeof(*runs->v));
	if (!runs->v) {
		rc = -ENOMEM;
	} else {
		runs->n = 1;
		fill(runs->v, rec);
		rc = name(runs, path);
	}
	if (rc)
		mt_err_set(err, rc, "%s: %s", path, strerror(-rc));
	else if (mt_run_lacks(runs->v))
		rc = mt_err_set(err, -ENODATA,
				"%s has no whole pass of pre-copy: nothing to forecast", path);
	if (rc)
		mt_runs_free(runs);
	mt_recording_free(rec);
	return rc;
}
