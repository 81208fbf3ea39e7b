// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * recurrence.c - every method by QEMU's own rules over U(T) (PURE)
 *
 * Pre-copy is played by play.c. On top of it:
 *
 * - post-copy and hybrid: flipped after so many passes (at once: none), all that is left is sent
 *   once more, at the rate that post-copy may have. The pause is that of device state alone;
 * - auto-converge: the same play with a guest that is slowed as QEMU slows it;
 * - XBZRLE, compression: other bytes on the wire for a page, and the CPU's limit on pages;
 * - multifd: the same link through several connections, which the learned figures tell of.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>

#include "forecast_rows.h"
#include "play.h"

struct context {
	const struct mt_forecast_input *in;
	const struct mt_learned_figures *figures;
	const struct mt_play *play;
};

static bool is_flip(const struct context *c, const struct mt_play_end *e)
{
	return e == &c->play->flip;
}

/*
 * Sent with nobody to hold back: by a stopped guest, or in post-copy. The destination has to be
 * through with it.
 */
static double rest_s(const struct context *c, const struct mt_play_end *e)
{
	return e->left_bytes / mt_play_rate(c->in, !e->sent_bytes, !is_flip(c, e)) + e->lag_s;
}

static double total_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	double done_ms = c->in->done.passes ? c->in->done.elapsed_ms : 0;

	/* What is over has taken what it took. */
	return done_ms + ((e->time_s + rest_s(c, e)) * 1e3 - done_ms) * c->figures->stretch +
	       c->figures->setup_ms;
}

static double transferred_bytes(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	return e->wire_bytes + e->left_bytes * mt_play_wire_share(c->in, !(e->sent_bytes > 0));
}

static double downtime_ms(const struct mt_play_end *e, const void *opaque)
{
	const struct context *c = opaque;

	/* The last sync is made with the guest stopped. */
	return ((is_flip(c, e) ? 0 : rest_s(c, e)) + mt_play_sync_s(c->in)) * 1e3 +
	       c->figures->switchover_ms;
}

/*
 * A guest speaks at least this often, if it can. Inferred: heartbeats and network peers are of this
 * order.
 */
#define SPEAKS_S	0.01
/* What it dirties in so long is what it works with. Inferred. */
#define SET_S		60

double mt_flip_writes(const struct mt_forecast_input *in, double left_bytes)
{
	const struct mt_ucurve *d = in->curve;
	double set = fmin(mt_ucurve_at(d, SET_S), mt_forecast_full_bytes(in));

	return mt_ucurve_at(d, SPEAKS_S) / 4096 * fmin(1, left_bytes / set);
}

/*
 * After a flip each page that the guest wants and has not is asked for, while the stream brings the
 * others: after t of the t_r that the rest takes a share 1 - t / t_r is missing, so k writes are
 * done after t_r (1 - exp(-k l / t_r)), with l for each fault.
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

static unsigned flip_after(const struct mt_forecast_input *in)
{
	if (in->method == MT_METHOD_POSTCOPY)
		return 0;
	if (in->method == MT_METHOD_HYBRID)
		return in->options.flip_after_passes ? in->options.flip_after_passes : 1;
	return UINT_MAX;
}

#define CURVES	MT_RECURRENCE_CURVES
static const double curves_z[CURVES] = { -1.5932, -0.9674, -0.5895, -0.2822, 0,
					 0.2822,  0.5895,  0.9674,  1.5932 };

void mt_recurrence_curves(struct mt_ucurve_sample u[CURVES], const struct mt_ucurve *c)
{
	for (size_t i = 0; i < CURVES; i++)
		mt_ucurve_sample(&u[i], c, curves_z[i]);
}

struct outcomes {
	struct mt_chance of[MT_METRIC_COUNT][CURVES * (MT_PLAY_ENDS + 1)];
	size_t n;
};

static void add(struct outcomes *all, const struct context *c, const struct mt_play_end *e)
{
	static double (*const figures[MT_METRIC_COUNT])(const struct mt_play_end *e,
							const void *opaque) = {
		[MT_METRIC_TOTAL_MS] = total_ms,
		[MT_METRIC_TRANSFERRED_BYTES] = transferred_bytes,
		[MT_METRIC_DOWNTIME_MS] = downtime_ms,
		[MT_METRIC_STALL_MS] = stall_ms,
	};

	if (!(e->probability > 0))
		return;
	for (unsigned m = 0; m < MT_METRIC_COUNT; m++)
		all->of[m][all->n] = (struct mt_chance){ e->probability, figures[m](e, c) };
	all->n++;
}

static void play_curve(struct mt_play *play, const struct mt_forecast_input *in, size_t i)
{
	double give_up_ms = in->give_up_ms > 0 ? in->give_up_ms : MT_FORECAST_HORIZON_MS;
	struct mt_ucurve_sample u;

	if (!in->curves)
		mt_ucurve_sample(&u, in->curve, curves_z[i]);
	mt_play(play, in, in->curves ? &in->curves[i] : &u, flip_after(in),
		(give_up_ms - mt_play_figures(in)->setup_ms) / 1e3);
}

static double ended(const struct mt_play *play)
{
	return fmin(fmax(1 - play->open, 0), 1);
}

double mt_recurrence_ends(const struct mt_forecast_input *in)
{
	struct mt_play play;
	double ends = 0;

	for (size_t i = 0; i < CURVES; i++) {
		play_curve(&play, in, i);
		ends += ended(&play) / CURVES;
	}
	return fmin(ends, 1);
}

static int recurrence(const struct mt_forecast_input *in, struct mt_forecast *out)
{
	struct outcomes all;
	struct mt_play play;
	const struct context c = { in, mt_play_figures(in), &play };

	if (!in->curve->origin)
		return -ENODATA;
	all.n = 0;
	for (size_t i = 0; i < CURVES; i++) {
		play_curve(&play, in, i);
		for (size_t k = 0; k < play.n; k++)
			add(&all, &c, &play.ends[k]);
		add(&all, &c, &play.flip);
		out->ends += ended(&play) / CURVES;
		out->passes += play.passes / CURVES;
		out->throttle_percent += play.throttle_percent / CURVES;
		out->postcopy_pages += play.flip.left_bytes / 4096 / CURVES;
	}
	out->ends = fmin(out->ends, 1);
	for (unsigned m = 0; m < MT_METRIC_COUNT; m++)
		out->metric[m] = mt_chances_interval(all.of[m], all.n);
	return 0;
}

const struct mt_forecast_model mt_forecast_recurrence = {
	.name = "recurrence/1",
	.help = "QEMU's own rules played over U(T), pass by pass",
	.methods = (1U << MT_METHOD_COUNT) - 1,
	.resumes = true,
	.forecast = recurrence,
};
