// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * train_model.c - lessons made and learned from, and a new model held against an old one
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "train_parts.h"

/* So many migrations since a model was trained say whether another one is better. Inferred. */
#define RECENT_MIN	8
/* Off by so much more than when it was trained, a target has drifted. Inferred. */
#define DRIFT		1.5

/* --- one model -------------------------------------------------------------------- */
struct wanted {
	mt_told_want_fn want;
	void *opaque;
	bool real;			/* of these the real ones alone */
};

static bool is_wanted(const struct mt_told *t, void *opaque)
{
	const struct wanted *w = opaque;

	return (!w->want || w->want(t, w->opaque)) && !(w->real && t->simulated);
}

static bool show(enum mt_method method, enum mt_target target, void *opaque)
{
	struct train *q = opaque;

	if (q->shown != method)
		train_progress("learning %s", mt_method_name(method));
	q->shown = method;
	return !q->interrupt.count;
}

static void describe(struct mt_trained *model, const struct mt_told_set *set, struct wanted *w)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct mt_told *t = set->v[i];
		size_t k = 0;

		if (!is_wanted(t, w))
			continue;
		while (strcmp(set->v[k]->workload, t->workload))
			k++;
		model->workloads += k == i;
		if (t->begin_ms > model->newest_ms)
			model->newest_ms = t->begin_ms;
	}
}

int train_model(struct train *q, struct mt_trained **model, mt_told_want_fn want, void *opaque,
		struct mt_err *err)
{
	mt_autofree struct mt_lesson *lessons = calloc(q->set.n + 1, sizeof(*lessons));
	struct wanted w = { want, opaque, false };
	struct mt_learned learned;
	struct mt_training how = {
		.trainer = q->trainer, .seed = q->seed, .lessons = lessons, .methods = ~0U,
		.progress = show, .opaque = q,
	};
	int rc = lessons ? 0 : -ENOMEM;

	/* Figures are of the hosts: those of the simulator say nothing of them. */
	for (size_t i = 0; i < q->set.n; i++)
		w.real |= is_wanted(q->set.v[i], &w) && !q->set.v[i]->simulated;
	if (!rc)
		rc = mt_told_learn(&q->set, is_wanted, &w, &learned);
	w.real = false;
	if (!rc) {
		how.n = mt_told_lessons(&q->set, is_wanted, &w, &learned, lessons);
		q->shown = MT_METHOD_COUNT;
		rc = mt_train(model, &how);
	}
	if (!rc) {
		(*model)->learned = learned;
		describe(*model, &q->set, &w);
	}
	return rc == 0 ? 0 :
	       rc == -EINTR ? mt_err_set(err, rc, "stopped: %s is as it was", q->out) :
	       rc == -ENODATA ?
		       mt_err_set(err, rc, "too little to learn from: of no method there are %d "
				  "migrations of two workloads that ended by themselves",
				  MT_TRAIN_LESSONS_MIN) :
		       mt_err_set(err, rc, "out of memory");
}

/* --- against an older one ------------------------------------------------------------ */
struct since {
	uint64_t ms;			/* Unix time */
	bool after;			/* else: until then */
};

static bool is_on_that_side(const struct mt_told *t, void *opaque)
{
	const struct since *s = opaque;

	return s->after ? t->begin_ms > s->ms && !t->simulated : t->begin_ms <= s->ms;
}

static void tell_errors(const char *what, const struct mt_judgement *j)
{
	char line[256] = "";
	int at = 0;

	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		bool relative = mt_target_at(k)->relative;

		if (isnan(j->error[k]) || at >= (int)sizeof(line))
			continue;
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%s%s %.3g%s",
			       at ? ", " : "", mt_target_at(k)->name,
			       (relative ? 100 : 1) * j->error[k], relative ? " %" : "");
	}
	cmd_say(stdout, "%s: off by %s", what, line);
}

/* Of each target how far off it was when it was trained: the mean over its methods. */
static double error_then(const struct mt_trained *t, enum mt_target target)
{
	double sum = 0, n = 0;

	for (int m = 0; m < MT_METHOD_COUNT; m++) {
		const struct mt_trained_target *k = &t->method[m].target[target];

		sum += k->lessons ? k->lessons * k->error : 0;
		n += k->lessons;
	}
	return n > 0 ? sum / n : NAN;
}

static void tell_drift(const struct mt_trained *old, const struct mt_judgement *now)
{
	for (int k = 0; k < MT_TARGET_COUNT; k++) {
		double then = error_then(old, k), factor = mt_target_at(k)->relative ? 100 : 1;

		if (now->error[k] > DRIFT * then)
			cmd_say(stdout, "drift: %s is off by %.3g%s now, by %.3g%s when it was "
				"trained", mt_target_at(k)->name, factor * now->error[k],
				factor > 1 ? " %" : "", factor * then, factor > 1 ? " %" : "");
	}
}

int train_is_better(struct train *q, const struct mt_trained *old, struct mt_err *err)
{
	struct since since = { old->newest_ms, true };
	struct mt_judgement was, is;
	struct mt_trained *candidate;
	double ratio;
	int rc;

	mt_trained_judge(old, &q->set, is_on_that_side, &since, &was);
	if (was.n[MT_TARGET_TOTAL_MS] < RECENT_MIN) {
		cmd_say(stdout, "%s is kept: of the migrations since it was trained %u can be "
			"compared, %d are wanted; --replace trains anew all the same", q->out,
			was.n[MT_TARGET_TOTAL_MS], RECENT_MIN);
		return 0;
	}
	tell_drift(old, &was);
	/* The older half of what is new teaches, the newer one judges. */
	for (size_t i = q->set.n, left = was.n[MT_TARGET_TOTAL_MS] / 2; i-- > 0 && left;) {
		left -= q->set.v[i]->learned.ended && !q->set.v[i]->simulated;
		since.ms = q->set.v[i]->begin_ms;
	}
	since.ms -= since.ms > 0;
	since.after = false;
	rc = train_model(q, &candidate, is_on_that_side, &since, err);
	if (rc)
		return rc;
	since.after = true;
	mt_trained_judge(old, &q->set, is_on_that_side, &since, &was);
	mt_trained_judge(candidate, &q->set, is_on_that_side, &since, &is);
	mt_trained_free(candidate);
	ratio = mt_judgement_ratio(&is, &was);
	tell_errors("the old model, on the newest migrations", &was);
	tell_errors("a new one that has not seen them", &is);
	if (ratio < 1)
		return 1;
	cmd_say(stdout, "%s is kept: the new one is no better (its errors are %.2f of the old "
		"one's)", q->out, ratio);
	return 0;
}
