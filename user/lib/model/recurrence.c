// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recurrence.c - every method by QEMU's own rules over U(T) (PURE)
 *
 * Pre-copy is played by play.c. On top of it:
 *
 * - post-copy and hybrid: flipped after so many passes (at once: none), all that is left is sent once
 *   more, at the rate that post-copy may have. The pause is that of device state alone;
 * - auto-converge: the same play with a guest that is slowed as QEMU slows it;
 * - XBZRLE, compression: other bytes on the wire for a page, and the CPU's limit on pages;
 * - multifd: the same link through several connections, which the learned figures tell of.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>

#include "play.h"
#include "rows.h"

struct context {
	const struct mt_forecast_input *in;
	const struct mt_learned_figures *figures;
	const struct mt_play *play;
};

static bool is_flip(const struct context *c, const struct mt_play_end *e)
{
	return e == &c->play->flip;
}

/* Sent with nobody to hold back: by a stopped guest, or in post-copy. */
static double rest_s(const struct context *c, const struct mt_play_end *e)
{
	return e->left_bytes / mt_play_rate(c->in, !e->sent_bytes, !is_flip(c, e));
}

static double total_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	return (e->time_s + rest_s(c, e)) * 1e3 + c->figures->setup_ms;
}

static double transferred_bytes(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	return e->wire_bytes + e->left_bytes * (e->sent_bytes > 0 ? c->figures->wire_share_later : c->figures->wire_share_first);
}

static double downtime_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	return (is_flip(c, e) ? 0 : rest_s(c, e) * 1e3) + c->figures->switchover_ms;
}

static struct mt_interval interval(const struct context *c, double (*figure)(const struct mt_play_end *e, const void *opaque))
{
	return (struct mt_interval){ mt_play_quantile(c->play, 0.1, figure, c), mt_play_quantile(c->play, 0.5, figure, c),
				     mt_play_quantile(c->play, 0.9, figure, c) };
}

static unsigned flip_after(const struct mt_forecast_input *in)
{
	if (in->method == MT_METHOD_POSTCOPY)
		return 0;
	if (in->method == MT_METHOD_HYBRID)
		return in->options.flip_after_passes ? in->options.flip_after_passes : 1;
	return UINT_MAX;
}

static int recurrence(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	double give_up_ms = in->give_up_ms > 0 ? in->give_up_ms : MT_FORECAST_HORIZON_MS;
	struct mt_play play;
	const struct context c = { in, mt_play_figures(in), &play };

	if (in->dirtying->origin == MT_DIRTYING_NONE)
		return -ENODATA;
	mt_play(&play, in, flip_after(in), (give_up_ms - c.figures->setup_ms) / 1e3);
	out->ends = fmin(fmax(1 - play.open, 0), 1);
	out->passes = play.passes;
	out->throttle_percent = play.throttle_percent;
	out->postcopy_pages = play.flip.left_bytes / 4096;
	out->metric[MT_METRIC_TOTAL_MS] = interval(&c, total_ms);
	out->metric[MT_METRIC_TRANSFERRED_BYTES] = interval(&c, transferred_bytes);
	out->metric[MT_METRIC_DOWNTIME_MS] = interval(&c, downtime_ms);
	/* The guest is silent for the pause, and for what is learned on top of it. */
	out->metric[MT_METRIC_STALL_MS] = out->metric[MT_METRIC_DOWNTIME_MS];
	return 0;
}

const struct mt_forecast_model mt_forecast_recurrence = {
	.name = "recurrence/1",
	.help = "QEMU's own rules played over U(T), pass by pass",
	.methods = (1U << MT_METHOD_COUNT) - 1,
	.resumes = true,
	.forecast = recurrence,
};
