/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * forecasts.h - forecasts of one guest: by model, method, bandwidth and downtime limit
 */
#ifndef FORECASTS_H
#define FORECASTS_H

#include "cli/lists.h"
#include "model/learned.h"
#include "subject.h"

struct predict_request {
	struct list_of_numbers bandwidths, limits_ms;
	struct list_of_models models;
	unsigned methods;		/* bit per enum mt_method */
	double link_bytes_per_s;	/* 0: as the bandwidth */
	double deadline_ms;		/* 0: none */
	unsigned flip_after_passes;	/* 0: the model's default */
	const struct mt_learned *learned;
};

struct predict_row {
	struct mt_forecast_input in;
	const struct mt_forecast_model *model;
	struct mt_forecast forecast;
	unsigned learned_from;		/* migrations */
	bool ends, in_time;		/* more likely than not; and before the deadline, if there
					 * is one */
	/*
	 * By the default model, where it does not end in time: what it would take. 0: not with 64
	 * times as much; NaN: not asked.
	 */
	double needed_bandwidth_bytes_per_s, needed_limit_ms;
};

struct predict_rows {
	struct predict_row *v;
	size_t n;
};

/* -ENODATA: none of the models covers any of the methods, or too little is known; -ENOMEM. */
MT_MUST_CHECK int predict_run(struct predict_rows *rows, const struct subject *s,
			      const struct predict_request *q);

/* Return: 0 or -errno as mt_table_finish(). */
int predict_print(const struct predict_rows *rows, const struct subject *s,
		  const struct predict_request *q, enum mt_format format);

/* One sentence for each that does not end in time; methods that need the same share one. */
void predict_explain(const struct predict_rows *rows, const struct predict_request *q, FILE *out);

#endif
