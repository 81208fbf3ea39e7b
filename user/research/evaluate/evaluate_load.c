// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_load.c - the runs of a campaign with what was known before each, or while it ran
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/recording_load.h"
#include "evaluate_campaign.h"

struct loader {
	const struct mt_runs *runs;
	struct mt_recording *profile, *after;
	const char *loaded;		/* the profile's name; "": none */
};

int evaluate_recording(struct mt_recording **rec, const char *dir, const char *name,
		       struct mt_err *err)
{
	mt_autofree char *path = NULL;

	mt_recording_free(*rec);
	*rec = NULL;
	if (asprintf(&path, "%s/%s", dir, name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return recording_load(rec, path, err);
}

static int load_profile(struct loader *l, const struct mt_run *r, struct mt_err *err)
{
	int rc;

	if (!strcmp(l->loaded, r->profile))
		return 0;
	rc = evaluate_recording(&l->profile, l->runs->dir, r->profile, err);
	l->loaded = rc ? "" : r->profile;
	return rc;
}

/* Before it began. Return: 0, also where nothing is known of that curve; -ENOMEM. */
static int add_before(struct evaluate_set *set, const struct loader *l, const struct mt_run *run,
		      enum evaluate_curve curve)
{
	struct evaluate_case *c = evaluate_case_new(run, l->after);

	if (!c)
		return -ENOMEM;
	c->curve = curve;
	if (evaluate_curve_know(c, l->profile, NULL)) {
		free(c);
		return 0;
	}
	return evaluate_set_keep(set, c);
}

static int add(struct evaluate_set *set, const struct loader *l, const struct mt_run *r, bool live)
{
	int rc;

	if (live)
		return l->after ? evaluate_add_live(set, r, *r->profile ? l->profile : NULL,
						    l->after) :
				  0;
	rc = add_before(set, l, r, CURVE_KERNEL);
	return rc ? rc : add_before(set, l, r, CURVE_COARSE);
}

int evaluate_load(struct evaluate_set *set, const struct mt_runs *runs, bool live,
		  struct mt_err *err)
{
	struct loader l = { .runs = runs, .loaded = "" };
	int rc = 0;

	for (size_t i = 0; i < runs->n && !rc; i++) {
		const struct mt_run *r = &runs->v[i];
		struct mt_err ignored = { 0 };
		size_t before = set->n;

		if (mt_run_lacks(r)) {
			rc = mt_err_set(err, -EBADMSG, "%s/runs.jsonl: run %u lacks %s", runs->dir,
					r->run, mt_run_lacks(r));
			break;
		}
		if (!mt_run_tells(r) || (!*r->profile && !live)) {
			set->left_out++;
			continue;
		}
		rc = *r->profile ? load_profile(&l, r, err) : 0;
		if (rc)
			break;
		/*
		 * A migration of which the recording is lost can still be forecast before it
		 * begins.
		 */
		if (!*r->recording ||
		    evaluate_recording(&l.after, runs->dir, r->recording, &ignored)) {
			mt_recording_free(l.after);
			l.after = NULL;
		}
		rc = add(set, &l, r, live);
		if (rc)
			mt_err_set(err, rc, "out of memory");
		set->left_out += set->n == before;
	}
	mt_recording_free(l.profile);
	mt_recording_free(l.after);
	return rc;
}
