// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * learnedjson.c - what past migrations have taught, to and from JSON
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "learnedjson.h"

struct figure {
	const char *key;
	size_t offset;
	bool endless;			/* INFINITY is a value: null in the file */
	double least;
};

#define F(field, ...)	{ #field, offsetof(struct mt_learned_figures, field), __VA_ARGS__ }

/*
 * The fixed parts are what a model's own figure is short of: one that says too much makes them
 * negative.
 */
static const struct figure figures[] = {
	F(setup_ms, false, -INFINITY),
	F(stretch, false, 0),
	F(switchover_ms, false, -INFINITY),
	F(bandwidth_share, false, 0),
	F(wire_share_first, false, 0),
	F(wire_share_later, false, 0),
	F(pages_per_s_first, true, 0),
	F(pages_per_s_later, true, 0),
	F(zero_page_us, false, -1),
	F(zero_scan_us, false, -1),
	F(sync_us_per_gib, false, -1),
	F(guest_speed, false, 0),
	F(fault_ms, false, 0),
};

static double *at(struct mt_learned_figures *f, const struct figure *figure)
{
	return (double *)(void *)((char *)f + figure->offset);
}

/* --- writing ------------------------------------------------------------ */
static json_t *figures_object(struct mt_learned_figures f, int *failed)
{
	json_t *o = json_object();

	for (size_t i = 0; i < MT_ARRAY_SIZE(figures); i++)
		mt_json_set(o, figures[i].key, mt_json_double(*at(&f, &figures[i])), failed);
	return o;
}

static json_t *residual_object(const struct mt_residual *r, const char *model, const char *method,
			       const char *metric, int *failed)
{
	json_t *o = json_object();

	mt_json_set(o, "model", mt_json_string(model), failed);
	mt_json_set(o, "method", mt_json_string(method), failed);
	mt_json_set(o, "metric", mt_json_string(metric), failed);
	mt_json_set(o, "n", mt_json_uint(r->n), failed);
	mt_json_set(o, "p10", mt_json_double(r->p10), failed);
	mt_json_set(o, "p50", mt_json_double(r->p50), failed);
	mt_json_set(o, "p90", mt_json_double(r->p90), failed);
	return o;
}

static json_t *residuals_array(const struct mt_learned *l, int *failed)
{
	json_t *list = json_array();

	for (size_t row = 0; mt_forecast_model_at(row); row++)
		for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
				const struct mt_residual *r = &l->residual[row][m][k];

				if (r->n &&
				    json_array_append_new(
					    list,
					    residual_object(r, mt_forecast_model_at(row)->name,
							    mt_method_name(m), mt_metric_name(k),
							    failed)))
					(*failed)++;
			}
	return list;
}

void mt_learned_write(json_t *o, const struct mt_learned *l, int *failed)
{
	json_t *methods = json_object();

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		mt_json_set(methods, mt_method_name(m), figures_object(l->figures[m], failed),
			    failed);
	mt_json_set(o, "figures", methods, failed);
	mt_json_set(o, "residuals", residuals_array(l, failed), failed);
}

/* --- reading ------------------------------------------------------------ */
/* Return: 0 also where nothing is said. */
static int read_figure(struct mt_learned_figures *f, const struct figure *figure, const json_t *o)
{
	const json_t *v = json_object_get(o, figure->key);
	double number;

	if (!v || (json_is_null(v) && !figure->endless))
		return 0;
	if (!json_is_null(v) && !json_is_number(v))
		return -EBADMSG;
	number = json_is_null(v) ? INFINITY : json_number_value(v);
	if (!(number > figure->least))
		return -EBADMSG;
	*at(f, figure) = number;
	return 0;
}

static int read_figures(struct mt_learned *l, const json_t *methods, const char *path,
			struct mt_err *err)
{
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		const json_t *o = json_object_get(methods, mt_method_name(m));

		for (size_t i = 0; i < MT_ARRAY_SIZE(figures); i++)
			if (read_figure(&l->figures[m], &figures[i], o))
				return mt_err_set(err, -EBADMSG,
						  "%s: \"%s\" of %s is no figure that can be", path,
						  figures[i].key, mt_method_name(m));
	}
	return 0;
}

static int metric_parse(const char *name, unsigned *metric)
{
	for (*metric = 0; *metric < MT_METRIC_COUNT; ++*metric)
		if (!strcmp(name, mt_metric_name(*metric)))
			return 0;
	return -EINVAL;
}

static int row_parse(const char *name, size_t *row)
{
	for (*row = 0; mt_forecast_model_at(*row); ++*row)
		if (!strcmp(name, mt_forecast_model_at(*row)->name))
			return 0;
	return -EINVAL;
}

static int read_residual(struct mt_learned *l, const json_t *o)
{
	const char *model = json_string_value(json_object_get(o, "model"));
	const char *method = json_string_value(json_object_get(o, "method"));
	const char *metric = json_string_value(json_object_get(o, "metric"));
	const json_t *n = json_object_get(o, "n"), *quantiles[3];
	static const char *const keys[] = { "p10", "p50", "p90" };
	enum mt_method m;
	unsigned k;
	size_t row;

	if (!model || !method || !metric || !json_is_integer(n) || json_integer_value(n) < 0 ||
	    json_integer_value(n) > INT_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++) {
		quantiles[i] = json_object_get(o, keys[i]);
		if (!json_is_number(quantiles[i]) ||
		    (i && json_number_value(quantiles[i]) < json_number_value(quantiles[i - 1])))
			return -EBADMSG;
	}
	if (row_parse(model, &row) || mt_method_parse(method, &m) || metric_parse(metric, &k))
		return 0;
	l->residual[row][m][k] = (struct mt_residual){
		json_number_value(quantiles[0]),
		json_number_value(quantiles[1]),
		json_number_value(quantiles[2]),
		(unsigned)json_integer_value(n),
	};
	return 0;
}

static int read_residuals(struct mt_learned *l, const json_t *list, const char *path,
			  struct mt_err *err)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (read_residual(l, json_array_get(list, i)))
			return mt_err_set(
				err, -EBADMSG,
				"%s: residual %zu is broken: model, method, metric, n, and p10 <= p50 <= p90 are expected",
				path, i + 1);
	return 0;
}

int mt_learned_read(struct mt_learned *l, const json_t *o, const char *path, struct mt_err *err)
{
	int rc = read_figures(l, json_object_get(o, "figures"), path, err);

	return rc ? rc : read_residuals(l, json_object_get(o, "residuals"), path, err);
}
