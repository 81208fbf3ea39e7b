// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * plain.c - the recurrence that the models in the literature share (PURE)
 *
 * V_1 = the guest's memory, T_i = V_i / R, V_{i+1} = D(T_i) (Nathan; Gudkov). Inferred, for the
 * papers' models do not say: the guest is stopped once V / R is within QEMU's downtime limit, and
 * of V_1 zero pages cost nine bytes, as QEMU sends them.
 */
#include <math.h>

#include "model/forecast_rows.h"

#define PAGE_BYTES		4096.0
#define ZERO_PAGE_BYTES		9.0
/* A play that has not ended by then does not. */
#define PASSES_MAX		10000

void mt_plain_forecast(const struct mt_plain *plain, const struct mt_forecast_input *in,
		       struct mt_forecast *out)
{
	double full = plain->all_pages ? in->memory_bytes : mt_forecast_full_bytes(in);
	double zero = in->memory_bytes - full, share = 1 + plain->header_bytes / PAGE_BYTES,
	       rate = in->bandwidth_bytes_per_s / share;
	double give_up_s = (in->give_up_ms > 0 ? in->give_up_ms : MT_FORECAST_HORIZON_MS) / 1e3;
	double left = full,
	       time_s = zero / PAGE_BYTES * ZERO_PAGE_BYTES / in->bandwidth_bytes_per_s, sent = 0;
	double passes = 0, limit_s = in->downtime_limit_ms / 1e3;

	while (left / rate > limit_s && passes < fmin(plain->passes_max, PASSES_MAX) &&
	       time_s <= give_up_s) {
		double window = left / rate;

		sent += left;
		time_s += window;
		left = fmin(plain->dirtied(plain->opaque, window, left), in->memory_bytes);
		passes++;
	}
	out->passes = passes;
	out->ends = (left / rate <= limit_s || passes >= plain->passes_max) && time_s <= give_up_s;
	if (!(out->ends > 0))
		return;
	out->metric[MT_METRIC_TOTAL_MS] = mt_interval_of((time_s + left / rate) * 1e3);
	out->metric[MT_METRIC_TRANSFERRED_BYTES] =
		mt_interval_of((sent + left) * share + zero / PAGE_BYTES * ZERO_PAGE_BYTES);
	out->metric[MT_METRIC_DOWNTIME_MS] = mt_interval_of(left / rate * 1e3);
	out->metric[MT_METRIC_STALL_MS] = out->metric[MT_METRIC_DOWNTIME_MS];
}
