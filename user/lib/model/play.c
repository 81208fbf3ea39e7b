// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * play.c - pre-copy played pass by pass over U(T), as a distribution of ends (PURE)
 *
 * The recurrence is Nathan's (SoCC'15: D_i = U(T_i), T_{i+1} = D_i / R), with QEMU's own rules
 * (7.2, migration/migration.c and ram.c):
 *
 * - A pass ends when what is left is below the threshold, bandwidth x downtime limit. That is
 *   looked at each time ram_save_iterate() returns, after 50 ms or when the budget of 100 ms is
 *   spent, so it is below it by a part of such a step, which is a matter of chance: c = threshold -
 *   B v, 0 <= v < step. Then the bitmap is synced, and if it still is below, the guest is stopped.
 * - What was kept back is dirty already and does not count again when it is written: see
 *   mt_ucurve_sample_new_share().
 * - Zero pages cost nine bytes. They count as any others do until their turn comes, and then go as
 *   good as at once. They are taken to be at the end of memory, where a guest that has not used all
 *   of it has them.
 */
#include <limits.h>
#include <math.h>

#include "base/minmax.h"
#include "play.h"

#define PAGE_BYTES		4096.0
#define ZERO_PAGE_BYTES		9.0	/* save_zero_page_to_file(): a header of 8 and a byte */
/* MAX_WAIT in migration/ram.c: ram_save_iterate() returns at least this often. */
#define STEP_S			0.05
/* Auto-converge looks at syncs at least this far apart (migration_bitmap_sync()). */
#define THROTTLE_PERIOD_S	1.0
/* Chance of chances: less is not followed up. */
#define NEGLIGIBLE		0.005

/* How far a window is from its mean: Gauss-Hermite's three. */
static const double sigma_at[] = { -1.7320508, 0, 1.7320508 };
static const double sigma_weight[] = { 1 / 6., 2 / 3., 1 / 6. };

struct throttle {
	bool on;
	double percent, initial, increment;
	double since_s, dirtied_bytes, wire_bytes;	/* since the sync that was looked at last */
	unsigned high;
};

struct state {
	const struct mt_forecast_input *in;
	const struct mt_ucurve_sample *u;
	double threshold_bytes, step_bytes;
	double time_s, sent_bytes, wire_bytes;
	double lag_s;			/* of the destination, behind what was sent */
	double cached_bytes;		/* XBZRLE: dirtied at all by the sync before */
	double left_bytes;		/* after the sync: */
	double kept_bytes, zero_bytes;	/* among them those kept back, which go first, and then zero
					 * pages */
	double goes_on;			/* probability of getting here */
	struct throttle throttle;
};

const struct mt_learned_figures *mt_play_figures(const struct mt_forecast_input *in)
{
	const struct mt_learned *l = in->learned ? in->learned : &mt_learned_default;

	return &l->figures[in->method];
}

/* Bytes of memory a second: held up by the wire, or by what encodes pages. */
static double rate_of(double wire_bytes_per_s, double wire_share, double pages_per_s)
{
	return mt_smaller(wire_bytes_per_s / wire_share, pages_per_s * PAGE_BYTES);
}

double mt_play_wire_share(const struct mt_forecast_input *in, bool first)
{
	const struct mt_learned_figures *f = mt_play_figures(in);

	if (in->done.page_share > 0)
		return 1 / in->done.page_share;
	return first ? f->wire_share_first : f->wire_share_later;
}

double mt_play_sync_s(const struct mt_forecast_input *in)
{
	return in->memory_bytes / (1 << 30) * mt_play_figures(in)->sync_us_per_gib / 1e6;
}

double mt_play_rate(const struct mt_forecast_input *in, bool first, bool unlimited)
{
	const struct mt_learned_figures *f = mt_play_figures(in);
	double wire = in->bandwidth_bytes_per_s * f->bandwidth_share;

	/* What was measured is what holds it up. */
	if (in->done.page_share > 0)
		return in->bandwidth_bytes_per_s * in->done.page_share;
	if (unlimited && in->link_bytes_per_s > 0)
		wire = in->link_bytes_per_s;
	return first ? rate_of(wire, f->wire_share_first, f->pages_per_s_first) :
		       rate_of(wire, f->wire_share_later, f->pages_per_s_later);
}

/*
 * How much slower time runs for a guest that is migrated, and for a throttled one: one that leaves
 * its CPU idle catches up as far as it can.
 */
static double guest_speed(const struct state *s)
{
	double run = 1 - s->throttle.percent / 100, share = s->in->cpu_share;

	if (!s->throttle.on)
		run = 1;
	else if (share > 0 && share < 1)
		run = fmin(1, run / share);
	return run * mt_play_figures(s->in)->guest_speed;
}

/*
 * In a pass of @pass_s; @w: becomes its window, in the guest's own time. @sent_s: until the last
 * page that was not zero had gone.
 */
static double new_bytes(const struct state *s, struct mt_ucurve_window *w, double pass_s,
			double kept_bytes, double began_bytes, double sent_s)
{
	double speed = guest_speed(s);

	mt_ucurve_window(w, pass_s * speed);
	return mt_ucurve_sample_new(s->u, w, began_bytes, kept_bytes, sent_s * speed);
}

/* Of a single window, relative to its mean; @w: of the pass, unless it throttled the guest. */
static double noise(const struct state *s, struct mt_ucurve_window *w, double pass_s)
{
	double window_s = pass_s * guest_speed(s);

	if (w->s != window_s)
		mt_ucurve_window(w, window_s);
	return mt_ucurve_noise_sd(s->in->curve, w);
}

/*
 * migration_trigger_throttle(): twice more than half of what was sent dirtied, and the guest is
 * slowed, or more so.
 */
static void throttle_sync(struct state *s, double time_s, double dirtied, double wire)
{
	struct throttle *t = &s->throttle;

	t->since_s += time_s;
	t->dirtied_bytes += dirtied;
	t->wire_bytes += wire;
	if (!t->on || t->since_s <= THROTTLE_PERIOD_S)
		return;
	if (t->dirtied_bytes > t->wire_bytes * MT_THROTTLE_TRIGGER_PERCENT / 100 &&
	    ++t->high >= 2) {
		t->high = 0;
		t->percent = t->percent > 0 ?
				     fmin(t->percent + t->increment, MT_THROTTLE_MAX_PERCENT) :
				     t->initial;
	}
	t->since_s = t->dirtied_bytes = t->wire_bytes = 0;
}

/* But for the ends themselves, of which there are none. */
static void clear(struct mt_play *p)
{
	p->n = 0;
	p->flip = (struct mt_play_end){ 0 };
	p->open = p->throttle_percent = p->passes = 0;
}

static void add_end(struct mt_play *p, const struct state *s, double probability, double left_bytes)
{
	if (p->n == MT_PLAY_ENDS || probability <= 0)
		return;
	p->ends[p->n++] = (struct mt_play_end){ probability,   s->time_s,  s->sent_bytes,
						s->wire_bytes, left_bytes, s->lag_s };
}

/* How far the destination falls behind by so many zero pages. */
static double lag_s(const struct mt_forecast_input *in, double zero_bytes)
{
	return zero_bytes / PAGE_BYTES * mt_play_figures(in)->zero_page_us / 1e6;
}

static void send_zero(struct state *s, double bytes)
{
	double wire = bytes / PAGE_BYTES * ZERO_PAGE_BYTES;

	s->wire_bytes += wire;
	s->time_s += mt_larger(wire / s->in->bandwidth_bytes_per_s,
			       bytes / PAGE_BYTES * mt_play_figures(s->in)->zero_scan_us / 1e6);
	s->lag_s += lag_s(s->in, bytes);
}

/* What is left are zero pages first, then others. */
static void end_here(struct mt_play *p, const struct state *s, double probability,
		     double left_bytes)
{
	struct state stopped = *s;

	send_zero(&stopped, mt_smaller(s->zero_bytes, left_bytes));
	add_end(p, &stopped, probability, mt_larger(left_bytes - s->zero_bytes, 0));
}

/*
 * A sync: kept bytes and the new ones are left. Splits what may come into an end and what goes on
 * from here. What is kept back is anything in a step about @kept_bytes alike.
 */
static void sync_pass(struct mt_play *p, struct state *s, double jitter_bytes, double dirtied,
		      double spread)
{
	double kept_bytes = s->kept_bytes + s->zero_bytes,
	       least = mt_larger(kept_bytes - jitter_bytes / 2, 0);
	double most = mt_larger(kept_bytes + jitter_bytes / 2, 0), end = 0, end_left = 0,
	       on_left = 0;

	for (size_t k = 0; k < MT_ARRAY_SIZE(sigma_at); k++) {
		double new = mt_larger(dirtied * (1 + spread * sigma_at[k]), 0),
		       below = s->threshold_bytes - new, share = below > least;

		if (share > 0 && below < most)
			share = (below - least) / (most - least);
		else
			below = share > 0 ? most : least;
		end += sigma_weight[k] * share;
		end_left += sigma_weight[k] * share *
			    mt_smaller(new + (least + below) / 2, s->in->memory_bytes);
		on_left += sigma_weight[k] * (1 - share) *
			   mt_smaller(new + (below + most) / 2, s->in->memory_bytes);
	}
	s->time_s += mt_play_sync_s(s->in);
	p->passes += s->goes_on;
	if (end > 0)
		end_here(p, s, s->goes_on * end, end_left / end);
	s->goes_on *= 1 - end;
	s->left_bytes = end < 1 ? on_left / (1 - end) : s->threshold_bytes;
}

static void send(struct state *s, double bytes, double rate, double wire_share)
{
	/* Behind the backlog of a destination that lags: sockets hold far less than a pass. */
	s->time_s += bytes / rate + s->lag_s;
	s->lag_s = 0;
	s->sent_bytes += bytes;
	s->wire_bytes += bytes * wire_share;
}

/*
 * XBZRLE sends what changed of a page that is still in its cache, where pages come from the second
 * pass on. Of the pages of the last window those are in it that were dirtied in windows before, if
 * there is room for all of them.
 */
static double share_later(struct state *s)
{
	const struct mt_learned_figures *f = mt_play_figures(s->in);
	const struct mt_method_options *o = &s->in->options;
	double all, cache, hit;

	if (s->in->method != MT_METHOD_XBZRLE || s->in->done.page_share > 0)
		return mt_play_wire_share(s->in, false);
	all = mt_ucurve_sample_at(s->u, s->time_s);
	cache = o->xbzrle_cache_bytes > 0 ? o->xbzrle_cache_bytes : MT_XBZRLE_CACHE_BYTES;
	hit = s->cached_bytes > 0 ? fmin(1, cache / all) *
					    (1 - fmin(1, (all - s->cached_bytes) / s->left_bytes)) :
				    0;
	s->cached_bytes = all;
	return hit * f->wire_share_later + (1 - hit) * f->wire_share_first;
}

static void first_pass(struct mt_play *p, struct state *s)
{
	const struct mt_forecast_input *in = s->in;
	double full = mt_forecast_full_bytes(in);
	double zero = in->memory_bytes - full, rate = mt_play_rate(in, true, false), kept, dirtied,
	       wire, sent_s, t;
	struct mt_ucurve_window w;

	/* A threshold above what is zero is met before those pages' turn. */
	kept = fmin(full, s->threshold_bytes - zero - s->step_bytes / 2);
	s->kept_bytes = fmax(0, kept);
	s->zero_bytes = kept > 0 ? zero : 0;
	send(s, full - s->kept_bytes, rate, mt_play_wire_share(in, true));
	sent_s = s->time_s;
	send_zero(s, zero - s->zero_bytes);
	t = s->time_s;
	wire = s->wire_bytes;
	dirtied = new_bytes(s, &w, t, s->kept_bytes + s->zero_bytes, in->memory_bytes, sent_s);
	throttle_sync(s, t, dirtied, wire);
	sync_pass(p, s, kept > 0 ? s->step_bytes : 0, dirtied, noise(s, &w, t));
}

/* From the sync that a running migration has just had: that its guest goes on is known. */
static void resume(struct mt_play *p, struct state *s)
{
	const struct mt_forecast_progress *done = &s->in->done;

	s->throttle.percent = done->throttle_percent;
	s->time_s = done->elapsed_ms / 1e3;
	s->wire_bytes = done->wire_bytes;
	s->sent_bytes = done->wire_bytes;
	if (done->passes == 1)
		s->lag_s =
			lag_s(s->in, fmax(0, s->in->memory_bytes - mt_forecast_full_bytes(s->in) -
						     done->zero_bytes));
	s->left_bytes = done->left_bytes;
	s->zero_bytes = fmin(done->zero_bytes, s->left_bytes);
	s->kept_bytes =
		fmin(s->left_bytes - s->zero_bytes, fmax(0, s->threshold_bytes - s->zero_bytes));
	p->passes = done->passes;
	if (s->left_bytes < s->threshold_bytes) {
		end_here(p, s, 1, s->left_bytes);
		s->goes_on = 0;
	}
}

static double later_rate(const struct state *s, double wire_share)
{
	const struct mt_learned_figures *f = mt_play_figures(s->in);

	if (s->in->done.page_share > 0)
		return mt_play_rate(s->in, false, false);
	return rate_of(s->in->bandwidth_bytes_per_s * f->bandwidth_share, wire_share,
		       f->pages_per_s_later);
}

/* First what was kept back, then zero pages in no time, then what is new. */
static void later_pass(struct mt_play *p, struct state *s)
{
	double began = s->left_bytes, share = share_later(s), rate = later_rate(s, share),
	       before_s = s->time_s, before_wire = s->wire_bytes;
	double due = mt_larger(began - s->threshold_bytes + s->step_bytes / 2, s->step_bytes);
	double sending, zero = 0, dirtied, t;
	struct mt_ucurve_window w;

	due = mt_smaller(due, began);
	sending = mt_smaller(due, s->kept_bytes);
	if (due > sending) {
		zero = s->zero_bytes;
		sending += mt_larger(due - sending - zero, 0);
	}
	send(s, sending, rate, share);
	if (zero > 0)
		send_zero(s, zero);
	t = s->time_s - before_s;
	dirtied = new_bytes(s, &w, t, began - sending - zero, began, t);
	throttle_sync(s, t, dirtied, s->wire_bytes - before_wire);
	s->zero_bytes -= zero;
	s->kept_bytes = began - sending - zero - s->zero_bytes;
	sync_pass(p, s, s->step_bytes, dirtied, noise(s, &w, t));
}

/* --- passes without end --------------------------------------------------- */
/*
 * What has not ended after so many, each of a step at least, is left open: nobody waits for the
 * play, either. Inferred.
 */
#define PASSES_MAX	1000
#define ENDLESS_FROM	4	/* passes, and after twice as many again */
#define ENDLESS_STEPS	8
#define ENDLESS_SAME	1e-6

/*
 * What is left after a pass at @time_s that begins with @left_bytes; NaN: it may be the last.
 * XBZRLE finds all in its cache that can be.
 */
static double one_more(const struct state *s, double time_s, double left_bytes, double *pass_s)
{
	struct state at = *s;
	struct mt_play ends;

	clear(&ends);
	at.time_s = time_s;
	at.left_bytes = left_bytes;
	if (s->in->method == MT_METHOD_XBZRLE)
		at.cached_bytes = mt_ucurve_sample_at(s->u, time_s);
	later_pass(&ends, &at);
	*pass_s = at.time_s - time_s;
	return ends.n ? NAN : at.left_bytes;
}

/*
 * Passes come closer and closer to one that leaves what it began with, and Steffensen's method is
 * there at once. The more is left, the more is dirtied: if neither the next pass nor that one can
 * be the last, none in between can.
 * Return: the length of a pass that comes again for ever; 0: it may end. At @time_s: that is of
 * matter for XBZRLE, whose cache is the less use the more there is that was ever dirtied.
 */
static double endless_pass_s(const struct state *s, double time_s)
{
	double left = s->left_bytes, pass_s;

	if (s->zero_bytes > 0 || s->lag_s > 0 ||
	    (s->throttle.on && s->throttle.percent < MT_THROTTLE_MAX_PERCENT))
		return 0;
	for (int i = 0; i < ENDLESS_STEPS; i++) {
		double first = one_more(s, time_s, left, &pass_s), second, bend;

		if (isnan(first))
			return 0;
		if (fabs(first - left) <= ENDLESS_SAME * left)
			return pass_s;
		second = one_more(s, time_s, first, &pass_s);
		if (isnan(second))
			return 0;
		bend = second - 2 * first + left;
		left = bend ? left - (first - left) * (first - left) / bend : second;
		left = fmin(fmax(left, s->threshold_bytes), s->in->memory_bytes);
	}
	return 0;
}

static void note_flip(struct mt_play *p, const struct state *s, double left_bytes)
{
	p->flip = (struct mt_play_end){ s->goes_on,    s->time_s,  s->sent_bytes,
					s->wire_bytes, left_bytes, s->lag_s };
	p->open = 0;
}

/* @u: becomes the curve of the part of memory that is in use. */
static void begin(struct state *s, struct mt_ucurve_sample *u)
{
	const struct mt_forecast_input *in = s->in;
	const struct mt_method_options *o = &in->options;

	/* Chunks that are empty are not written to. */
	u->chunks = (unsigned)ceil(u->chunks *
				   fmin(1, mt_forecast_full_bytes(in) / in->memory_bytes));
	s->u = u;
	/* QEMU's bandwidth is what it measures on the wire, however many pages that is. */
	s->threshold_bytes = fmin(in->bandwidth_bytes_per_s,
				  mt_play_rate(in, true, false) * mt_play_wire_share(in, true)) *
			     in->downtime_limit_ms / 1e3;
	s->step_bytes = STEP_S * mt_play_rate(in, in->method == MT_METHOD_XBZRLE, false);
	s->throttle = (struct throttle){
		.on = in->method == MT_METHOD_AUTOCONVERGE,
		.initial = o->throttle_initial_percent > 0 ? o->throttle_initial_percent :
							     MT_THROTTLE_INITIAL_PERCENT,
		.increment = o->throttle_increment_percent > 0 ? o->throttle_increment_percent :
								 MT_THROTTLE_INCREMENT_PERCENT,
	};
}

void mt_play(struct mt_play *p, const struct mt_forecast_input *in,
	     const struct mt_ucurve_sample *u, unsigned flip_after, double give_up_s)
{
	struct state s = { .in = in, .goes_on = 1 };
	unsigned played = 0, look_at = ENDLESS_FROM;
	struct mt_ucurve_sample used = *u;
	double goes_on, pass_s;

	clear(p);
	begin(&s, &used);
	if (!flip_after && !in->done.passes) {
		send_zero(&s, in->memory_bytes - mt_forecast_full_bytes(in));
		note_flip(p, &s, mt_forecast_full_bytes(in));
		return;
	}
	if (in->done.passes)
		resume(p, &s);
	else
		first_pass(p, &s);
	for (unsigned pass = in->done.passes ? in->done.passes : 1;
	     s.goes_on > NEGLIGIBLE && s.time_s < give_up_s; pass++) {
		if (pass >= flip_after) {
			note_flip(p, &s, fmax(0, s.left_bytes - s.zero_bytes));
			return;
		}
		/* No place for another end: what goes on is open. */
		if (p->n >= MT_PLAY_ENDS - 1)
			break;
		goes_on = s.goes_on;
		later_pass(p, &s);
		if (++played == PASSES_MAX && flip_after == UINT_MAX)
			break;
		if (played < look_at || s.goes_on < goes_on || flip_after != UINT_MAX)
			continue;
		look_at *= 2;
		pass_s = endless_pass_s(&s, s.time_s);
		if (pass_s > 0 && in->method == MT_METHOD_XBZRLE)
			pass_s = endless_pass_s(&s, give_up_s);
		if (pass_s > 0) {
			p->passes += s.goes_on * ceil(fmax(0, give_up_s - s.time_s) / pass_s);
			break;
		}
	}
	p->throttle_percent = s.throttle.percent;
	p->open = s.goes_on;
	for (; p->n && p->ends[p->n - 1].time_s > give_up_s; p->n--)
		p->open += p->ends[p->n - 1].probability;
}

size_t mt_play_ahead(const struct mt_forecast_input *in, const struct mt_ucurve_sample *u,
		     struct mt_boundary *of, size_t n)
{
	struct state s = { .in = in, .goes_on = 1 };
	struct mt_ucurve_sample used = *u;
	struct mt_play ends;
	double began_s;
	size_t i;

	clear(&ends);
	begin(&s, &used);
	resume(&ends, &s);
	began_s = s.time_s;
	for (i = 0; i < n && s.left_bytes > 0; i++) {
		double before_s = s.time_s, kept = s.threshold_bytes, dirtied;
		struct mt_ucurve_window w;

		ends.n = 0;
		s.goes_on = 1;
		later_pass(&ends, &s);
		dirtied = fmax(0, s.left_bytes - fmin(kept, s.left_bytes));
		mt_ucurve_window(&w, s.time_s - before_s);
		of[i] = (struct mt_boundary){
			.in_s = s.time_s - began_s,
			.left_bytes = ends.n ? fmin(ends.ends[0].left_bytes, s.left_bytes) :
					       s.left_bytes,
			.sd_bytes = ends.n ? 0 : mt_ucurve_noise_sd(in->curve, &w) * dirtied,
		};
	}
	return i;
}
