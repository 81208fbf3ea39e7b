// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * told_read.c - migrations that are over, read from campaigns and from directories of recordings
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recorded.h"
#include "run_case.h"
#include "taught.h"
#include "told.h"

/* --- a campaign ----------------------------------------------------------------- */
static int load(struct mt_recording **rec, const char *dir, const char *name, struct mt_err *err)
{
	mt_autofree char *path = NULL;

	mt_recording_free(*rec);
	*rec = NULL;
	if (!*name)
		return 0;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_recording_load(rec, path, err);
}

/* By the kernel's points of the profile, or else by QEMU's calculations. */
static void know_curve(struct mt_told *t, const struct mt_recording *profile)
{
	double memory = t->learned.in.memory_bytes;

	if (mt_recorded_curve(&t->u, profile, true, memory) &&
	    mt_recorded_curve(&t->u, profile, false, memory))
		t->u.origin = MT_UCURVE_NOTHING;
}

/* As a live migration that was begun with that profile knows it. Return: false: it does not. */
static bool resume(struct mt_told *t, const struct mt_run *r, const struct mt_iterations *its)
{
	const struct mt_outlook_input in = {
		.iterations = its, .u = &t->u,
		.bandwidth_bytes_per_s = its->bandwidth_bytes_per_s,
		.memory_bytes = r->memory_bytes, .nonzero_bytes = mt_run_known(r->nonzero_bytes),
		.limit_ms = r->downtime_limit_ms,
		.elapsed_ms = (double)its->last.total_ms - mt_run_known(r->prepare_ms),
	};
	struct mt_forecast_input before = t->learned.in;

	mt_ucurve_migrates(&t->u, 1, MT_UCURVE_SPEED_SD);
	mt_ucurve_iteration(&t->u, mt_iterations_last(its));
	if (!mt_outlook_resume(&in, &t->learned.in))
		return false;
	t->learned.in.method = before.method;
	t->learned.in.options = before.options;
	t->learned.in.give_up_ms = before.give_up_ms;
	t->learned.in.learned = NULL;
	return true;
}

static bool know_first_pass(struct mt_told *t, const struct mt_run *r,
			    const struct mt_recording *after)
{
	struct mt_iterations its;

	if (!t->u.origin || !after)
		return false;
	mt_iterations_init(&its);
	for (size_t i = 0; i < after->n_entries; i++)
		if (after->entries[i].type == MT_ENTRY_SAMPLE &&
		    mt_iterations_feed(&its, &after->entries[i].sample))
			return resume(t, r, &its);
	return false;
}

/* Of a policy that did something the method tells nothing. */
static bool teaches(const struct mt_run *r)
{
	return mt_run_tells(r) && (!*r->policy || !strcmp(r->policy, "qemu"));
}

static int add_run(struct mt_told_set *set, const struct mt_run *r,
		   const struct mt_recording *profile, const struct mt_recording *after,
		   bool passed)
{
	struct mt_told *t = mt_told_add(set);

	if (!t)
		return -ENOMEM;
	mt_run_case(&t->learned, r);
	t->learned.in.curve = &t->u;
	if (profile)
		know_curve(t, profile);
	if (after)
		mt_run_case_passes(&t->learned, after, NULL, NULL);
	memcpy(t->where, r->where, sizeof(t->where));
	memcpy(t->workload, r->workload, sizeof(t->workload));
	t->begin_ms = (uint64_t)mt_run_known(r->start_wall_ms);
	t->measured.vcpus = r->vcpus;
	t->measured.source_idle_share = 1 - r->busy_percent / 100;
	if (r->work_before_per_s > 0)
		t->performance = fmin(1, r->work_during_per_s / r->work_before_per_s);
	if (passed && !know_first_pass(t, r, after)) {
		free(set->v[--set->n]);
		set->left_out++;
	}
	return 0;
}

int mt_told_campaign(struct mt_told_set *set, const char *dir, bool passed,
		     struct mt_err *err)
{
	struct mt_recording *profile = NULL, *after = NULL;
	struct mt_runs runs;
	const char *loaded = "";
	int rc = mt_runs_load(&runs, dir, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < runs.n && !rc; i++) {
		const struct mt_run *r = &runs.v[i];

		if (mt_run_lacks(r)) {
			rc = mt_err_set(err, -EBADMSG, "%s/runs.jsonl: run %u lacks %s", dir,
					r->run, mt_run_lacks(r));
			break;
		}
		if (!teaches(r)) {
			set->left_out++;
			continue;
		}
		/* Without its profile or its recording it teaches less. */
		if (strcmp(loaded, r->profile) && load(&profile, dir, r->profile, NULL))
			profile = NULL;
		loaded = r->profile;
		if (load(&after, dir, r->recording, NULL))
			after = NULL;
		rc = add_run(set, r, profile, after, passed);
		if (rc)
			mt_err_set(err, rc, "out of memory");
	}
	mt_recording_free(profile);
	mt_recording_free(after);
	mt_runs_free(&runs);
	return rc;
}

/* --- a directory of recordings ---------------------------------------------------- */
static bool is_recording(const struct dirent *d)
{
	size_t n = strlen(d->d_name), tail = sizeof(MT_RECORD_SUFFIX) - 1;

	return n > tail && !strcmp(d->d_name + n - tail, MT_RECORD_SUFFIX);
}

static int add_recording(struct mt_told_set *set, const char *path, struct mt_err *err)
{
	mt_autofree struct mt_taught *taught = malloc(sizeof(*taught));
	struct mt_told *t;

	if (!taught)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (mt_taught_read(taught, path, NULL) || !taught->has[MT_FORECAST_BEFORE]) {
		set->left_out++;
		return 0;
	}
	t = mt_told_add(set);
	if (!t)
		return mt_err_set(err, -ENOMEM, "out of memory");
	t->learned = taught->at[MT_FORECAST_BEFORE];
	t->u = taught->u[MT_FORECAST_BEFORE];
	t->learned.in.curve = &t->u;
	t->begin_ms = taught->begin_ms;
	snprintf(t->where, sizeof(t->where), "%.63s", taught->destination);
	memcpy(t->workload, taught->guest, sizeof(t->workload));
	return 0;
}

int mt_told_recordings(struct mt_told_set *set, const char *dir, struct mt_err *err)
{
	struct dirent **names;
	size_t before = set->n;
	int n = scandir(dir, &names, NULL, alphasort), rc = 0;

	if (n < 0)
		return mt_err_set(err, -errno, "cannot read %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		mt_autofree char *path = NULL;

		if (!rc && is_recording(names[i]))
			rc = asprintf(&path, "%s/%s", dir, names[i]->d_name) < 0 ?
				     mt_err_set(err, -ENOMEM, "out of memory") :
				     add_recording(set, path, err);
		free(names[i]);
	}
	free(names);
	if (!rc && set->n == before)
		rc = mt_err_set(err, -ENODATA,
				"%s: neither a campaign nor recordings of migrations that ended "
				"by themselves", dir);
	return rc;
}

int mt_told_read(struct mt_told_set *set, const char *dir, struct mt_err *err)
{
	mt_autofree char *path = NULL;

	if (asprintf(&path, "%s/runs.jsonl", dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return access(path, F_OK) ? mt_told_recordings(set, dir, err) :
				    mt_told_campaign(set, dir, false, err);
}
