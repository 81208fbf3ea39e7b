/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trained.h - models that were trained on migrations, asked before one begins (PURE)
 *
 * One regression for each method and target. A *residual* model sits on the analytic forecast: what
 * it has learned is how far that is off, in the target's scale, and where it has learned nothing
 * the forecast stands. What the analytic model has to know of the hosts goes with it.
 */
#ifndef MT_TRAINED_H
#define MT_TRAINED_H

#include "features.h"
#include "model/learned.h"
#include "targets.h"

/* A column of what the regressions see: a feature, scaled; or whether it is missing. */
struct mt_trained_column {
	unsigned feature;
	bool missing;
	double mean, sd;		/* over the lessons that have it */
};
#define MT_COLUMNS_MAX	(2 * MT_FEATURE_COUNT)

struct mt_trained_target {
	unsigned lessons;		/* 0: nothing was learned */
	bool residual;			/* to be added to the analytic forecast */
	double bias, *weights, *coefs;	/* see fit.h; in the target's scale */
	double p10, p90;		/* of what was, less what it said, of workloads held out */
	double error;			/* mean of these, as mt_target_error() tells it */
	double base_error;		/* the analytic model's, of the same; NaN: it has none */
};

struct mt_trained_method {
	size_t n_columns, n_rows;
	struct mt_trained_column *columns;
	double *rows;			/* n_rows x n_columns */
	double gamma;
	struct mt_trained_target target[MT_TARGET_COUNT];
};

#define MT_TRAINED_NAME_MAX	32
struct mt_trained {
	char trainer[MT_TRAINED_NAME_MAX];
	uint64_t seed;
	unsigned lessons, simulated;	/* how many, and of them by the simulator */
	unsigned workloads;
	uint64_t newest_ms;		/* Unix time at which the newest began; 0: not known */
	struct mt_learned learned;	/* for the analytic model */
	struct mt_trained_method method[MT_METHOD_COUNT];
};
void mt_trained_free(struct mt_trained *t);

/* What a migration is expected to be. NaN: nothing is known of it. */
struct mt_expected {
	struct mt_forecast base;	/* ->model NULL: the analytic model says nothing */
	struct mt_interval target[MT_TARGET_COUNT];
	bool learned[MT_TARGET_COUNT];	/* else it is the analytic model's */
};

/*
 * @in: method and options in it; its ->learned does not count, the model has its own. NULL @t: the
 * analytic model alone, by @in->learned. Return: 0; -ENODATA nothing is known; -ENOMEM.
 */
MT_MUST_CHECK int mt_trained_expect(const struct mt_trained *t,
				    const struct mt_forecast_input *in,
				    const struct mt_measures *measured, struct mt_expected *out);

/* The scaled columns of features @x. */
void mt_trained_columns(const struct mt_trained_method *m, const double x[MT_FEATURE_COUNT],
			double *z);

/* --- as text ------------------------------------------------------------------ */
/*
 * A line for each thing, and at the end a checksum over all before. What mt_trained_text() has
 * written is read back to the last bit.
 */
#define MT_TRAINED_SCHEMA	1
/* The caller's to free(); NULL: no memory. */
char *mt_trained_text(const struct mt_trained *t, size_t *len);

struct mt_err;
/*
 * Any bytes may come in. @name: for messages. Return: 0; -EBADMSG damaged, or none such; -EPROTO of
 * another schema or other features; -ENOMEM.
 */
MT_MUST_CHECK int mt_trained_parse(struct mt_trained **t, const char *text, size_t len,
				   const char *name, struct mt_err *err);

#endif
