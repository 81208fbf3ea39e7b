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

/* Sent with nobody to hold back: by a stopped guest, or in post-copy. The destination has to be through with it. */
static double rest_s(const struct context *c, const struct mt_play_end *e)
{
	return e->left_bytes / mt_play_rate(c->in, !e->sent_bytes, !is_flip(c, e)) + e->lag_s;
}

static double total_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	return (e->time_s + rest_s(c, e)) * 1e3 * c->figures->stretch + c->figures->setup_ms;
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

/* A guest speaks at least this often, if it can. Inferred: heartbeats and network peers are of this order. */
#define SPEAKS_S	0.01

double mt_flip_writes(const struct mt_forecast_input *in, double left_bytes)
{
	const struct mt_dirtying *d = in->dirtying;
	double set = fmin(d->cap_bytes, mt_forecast_full_bytes(in));

	return mt_dirtying_at(d, SPEAKS_S) / 4096 * fmin(1, left_bytes / set);
}

/*
 * After a flip each page that the guest wants and has not is asked for, while the stream brings the others:
 * after t of the t_r that the rest takes a share 1 - t / t_r is missing, so k writes are done after
 * t_r (1 - exp(-k l / t_r)), with l for each fault.
 */
static double stall_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;
	double pause = downtime_ms(e, opaque), rest_ms = rest_s(c, e) * 1e3, faults_ms;

	if (!is_flip(c, e) || !(rest_ms > 0))
		return pause;
	faults_ms = mt_flip_writes(c->in, e->left_bytes) * c->figures->fault_ms;
	return fmax(pause, rest_ms * -expm1(-faults_ms / rest_ms));
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
	out->metric[MT_METRIC_STALL_MS] = interval(&c, stall_ms);
	return 0;
}

const struct mt_forecast_model mt_forecast_recurrence = {
	.name = "recurrence/1",
	.help = "QEMU's own rules played over U(T), pass by pass",
	.methods = (1U << MT_METHOD_COUNT) - 1,
	.resumes = true,
	.forecast = recurrence,
};
