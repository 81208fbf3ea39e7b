// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_campaigns.c - how good the forecasts are, migration by migration of a campaign
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cmd.h"
#include "store/experience.h"
#include "evaluate.h"
#include "evaluate_campaign.h"
#include "evaluate_verdict.h"

/*
 * What the migrations of one label have taught, all workloads together: with the kernel's profiles,
 * if there are any, or else with the coarse ones.
 */
static int save(const struct evaluate_set *set, const struct evaluate_campaign_options *o,
		struct mt_err *err)
{
	mt_autofree struct mt_learned_case *cases = calloc(set->n, sizeof(*cases));
	struct mt_experience e;
	static const enum evaluate_curve kinds[] = { CURVE_KERNEL, CURVE_COARSE };
	const char *hosts = o->hosts ? o->hosts : set->v[0]->run->where;
	size_t n = 0;

	if (!cases)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < set->n && !o->hosts; i++)
		if (strcmp(set->v[i]->run->where, hosts))
			return mt_err_set(
				err, -EINVAL,
				"migrations of %s teach nothing of %s: say which by --hosts", hosts,
				set->v[i]->run->where);
	for (size_t k = 0; k < MT_ARRAY_SIZE(kinds) && !n; k++)
		for (size_t i = 0; i < set->n; i++)
			if (!strcmp(set->v[i]->run->where, hosts) && set->v[i]->curve == kinds[k])
				cases[n++] = set->v[i]->learned;
	if (!n)
		return mt_err_set(err, -ENODATA, "no migration is of hosts \"%s\"", hosts);
	/* As forecast before they begin: of their course others' stays. */
	mt_experience_init(&e);
	e.stage[MT_FORECAST_BEFORE] = mt_learned_default;
	if (mt_learn(&e.stage[MT_FORECAST_BEFORE], cases, n))
		return mt_err_set(err, -ENOMEM, "out of memory");
	e.migrations = (unsigned)n;
	snprintf(e.source, sizeof(e.source), "%s", hosts);
	return mt_experience_save(&e, 1, o->save, err);
}

/* A directory is a campaign; of what is looked at while it runs, any recording will do. */
static bool is_series(const char *path, const struct evaluate_campaign_options *o)
{
	struct stat st;

	return (o->live || o->verdicts) && (stat(path, &st) || !S_ISDIR(st.st_mode));
}

static int print_forecasts(const struct mt_runs *runs, size_t n,
			   const struct evaluate_campaign_options *o, struct mt_err *err)
{
	struct evaluate_results results = { 0 };
	struct evaluate_set set = { 0 };
	const size_t own = o->own;
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = evaluate_load(&set, &runs[i], o->live, err);
	if (!rc && !set.n)
		rc = mt_err_set(err, -ENODATA,
				o->live ? "no migration there has a whole pass in its recording" :
					  "no migration there has a profile from before it");
	if (!rc && o->save)
		rc = save(&set, o, err);
	if (!rc) {
		rc = evaluate_run(&results, &set, o->own_given ? &own : NULL);
		if (!rc)
			rc = o->runs ? evaluate_print_runs(&results, o->format) :
				       evaluate_print(&results, o->format, o->by_workload);
		if (rc)
			mt_err_set(err, rc, "%s", strerror(-rc));
	}
	if (!rc && set.left_out)
		cmd_warn("%zu migrations are left out: they failed, or have no %s", set.left_out,
			 o->live ? "whole pass" : "profile");
	free(results.v);
	evaluate_set_free(&set);
	return rc;
}

static int print_verdicts(const struct mt_runs *runs, size_t n,
			  const struct evaluate_campaign_options *o, struct mt_err *err)
{
	struct evaluate_verdicts verdicts = { 0 };
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = evaluate_verdicts_load(&verdicts, &runs[i], err);
	if (!rc && !verdicts.n)
		rc = mt_err_set(err, -ENODATA,
				"no migration there has a recording, and was not made to flip");
	if (!rc) {
		rc = (o->runs ? evaluate_print_wrong_verdicts : evaluate_print_verdicts)(&verdicts,
											 o->format);
		if (rc)
			mt_err_set(err, rc, "%s", strerror(-rc));
	}
	free(verdicts.v);
	return rc;
}

int evaluate_campaigns(char **paths, int n, const struct evaluate_campaign_options *o)
{
	struct mt_runs *runs = calloc((size_t)n, sizeof(*runs));
	struct mt_err err = { 0 };
	int rc = runs ? 0 : mt_err_set(&err, -ENOMEM, "out of memory"), status = CMD_OK;
	size_t loaded = 0;

	for (int i = 0; i < n && !rc; i++) {
		struct mt_err why = { 0 };
		bool series = is_series(paths[i], o);

		if (series && evaluate_series(&runs[i], paths[i], &why))
			status = cmd_fail(&why);	/* the others are evaluated all the same */
		else if (!series)
			rc = mt_runs_load(&runs[i], paths[i], &err);
		loaded += runs[i].n;
	}
	if (!rc && loaded)
		rc = o->prior ? evaluate_print_prior(stdout, runs, (size_t)n, &err) :
		     (o->verdicts ? print_verdicts : print_forecasts)(runs, (size_t)n, o, &err);
	for (int i = 0; i < n && runs; i++)
		mt_runs_free(&runs[i]);
	free(runs);
	return rc ? cmd_fail(&err) : status;
}
