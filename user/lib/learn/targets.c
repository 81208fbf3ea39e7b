// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * targets.c - what a learned model says of a migration (PURE)
 */
#include <math.h>
#include <string.h>

#include "targets.h"

static const struct mt_target_row rows[MT_TARGET_COUNT] = {
	[MT_TARGET_TOTAL_MS] = { "total_ms", "total time, by QEMU", MT_METRIC_TOTAL_MS, true, 1,
				 true },
	[MT_TARGET_TRANSFERRED_BYTES] = { "transferred_bytes", "sent on the wire",
					  MT_METRIC_TRANSFERRED_BYTES, true, 1, true },
	/* 50 ms and 60 ms differ by less than 5 ms and 15 ms would by logarithms alone. */
	[MT_TARGET_DOWNTIME_MS] = { "downtime_ms", "the guest's pause", MT_METRIC_DOWNTIME_MS, true,
				    50 },
	[MT_TARGET_PERFORMANCE] = { "performance", "the guest's work, of that before",
				    MT_METRIC_COUNT, .most = 1 },
	[MT_TARGET_SOURCE_CPU_PERCENT] = { "source_cpu_percent", "CPU taken at the source",
					   MT_METRIC_COUNT },
	[MT_TARGET_SOURCE_MEMORY_BYTES] = { "source_memory_bytes", "memory taken at the source",
					    MT_METRIC_COUNT, true, 1 << 20, true },
};

const struct mt_target_row *mt_target_at(size_t i)
{
	return i < MT_TARGET_COUNT ? &rows[i] : NULL;
}

int mt_target_find(const char *name)
{
	for (int i = 0; i < MT_TARGET_COUNT; i++)
		if (!strcmp(rows[i].name, name))
			return i;
	return -1;
}

double mt_target_scaled(enum mt_target t, double value)
{
	if (!isfinite(value) || value < 0)
		return NAN;
	return rows[t].log ? log(value + rows[t].offset) : value;
}

double mt_target_value(enum mt_target t, double scaled)
{
	double v = rows[t].log ? exp(scaled) - rows[t].offset : scaled;

	if (v < 0)
		v = 0;
	return rows[t].most > 0 && v > rows[t].most ? rows[t].most : v;
}

double mt_target_error(enum mt_target t, double forecast, double real)
{
	if (!isfinite(forecast) || !isfinite(real))
		return NAN;
	if (!rows[t].relative)
		return fabs(forecast - real);
	return real > 0 ? fabs(forecast / real - 1) : NAN;
}

double mt_target_base(enum mt_target t, const struct mt_forecast *f)
{
	return rows[t].metric == MT_METRIC_COUNT ? NAN : f->metric[rows[t].metric].p50;
}
