// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * nathan.c - Nathan, Bellur, Kulkarni (SoCC'15), for KVM (PURE)
 *
 * D_i = min(S + (T_i - 1) S_new, M_w); pass 1 sends all M pages, pass i what pass i - 1 dirtied.
 * Three readings, which differ in where S and S_new are from, and in M:
 *
 *   nathan-published	S^T and S_new^T for the T at hand, averages of averages over the profile's
 *			seconds (curve/seconds.h), M_w all that it saw dirtied; zero pages cost what
 *			they cost QEMU, which the paper does not mention
 *   nathan-all-pages	the same to the letter: zero pages are sent like others
 *   nathan		ours: S and S_new from our curve, S_new the same for each T, between 1 s and
 *			10 s
 *
 * Inferred in all of them: D below one second (see seconds.h), and when it ends (see plain.c).
 */
#include <errno.h>
#include <math.h>

#include "model/forecast_rows.h"

int mt_forecast_seconds(struct mt_seconds *s, const struct mt_forecast_input *in)
{
	static const double lengths[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

	if (in->seconds) {
		*s = *in->seconds;
		return 0;
	}
	if (!in->curve->origin)
		return -ENODATA;
	mt_seconds_of_curve(s, in->curve, lengths, MT_ARRAY_SIZE(lengths));
	return 0;
}

double mt_forecast_seconds_dirtied(const void *opaque, double window_s, double sent_bytes)
{
	return mt_seconds_dirtied(opaque, window_s);
}

static int published(const struct mt_forecast_input *in, struct mt_forecast *out, bool all_pages)
{
	struct mt_seconds s;
	int rc = mt_forecast_seconds(&s, in);

	if (rc)
		return rc;
	mt_plain_forecast(&(struct mt_plain){ .passes_max = INFINITY,
					      .dirtied = mt_forecast_seconds_dirtied,
					      .opaque = &s,
					      .all_pages = all_pages },
			  in, out);
	return 0;
}

static int as_qemu_sends(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return published(in, out, false);
}

static int to_the_letter(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	return published(in, out, true);
}

int mt_forecast_seconds_fixed(struct mt_seconds *s, const struct mt_forecast_input *in)
{
	static const double lengths[] = { 1, 10 };

	if (!in->curve->origin)
		return -ENODATA;
	mt_seconds_of_curve(s, in->curve, lengths, MT_ARRAY_SIZE(lengths));
	return 0;
}

static int ours(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct mt_seconds s;
	int rc = mt_forecast_seconds_fixed(&s, in);

	if (rc)
		return rc;
	mt_plain_forecast(&(struct mt_plain){ INFINITY, 0, mt_forecast_seconds_dirtied, &s }, in,
			  out);
	return 0;
}

const struct mt_forecast_model mt_forecast_nathan = {
	.name = "nathan/1",
	.help = "Nathan's model for KVM, S and S_new from our curve, S_new from 1 s to 10 s",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = ours,
};

const struct mt_forecast_model mt_forecast_nathan_published = {
	.name = "nathan-published/1",
	.help = "Nathan's model for KVM as published: S and S_new for each T, of the profile's seconds",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = as_qemu_sends,
};

const struct mt_forecast_model mt_forecast_nathan_all_pages = {
	.name = "nathan-all-pages/1",
	.help = "the same to the letter: the first pass sends zero pages whole",
	.methods = 1U << MT_METHOD_PRECOPY,
	.baseline = true,
	.forecast = to_the_letter,
};
