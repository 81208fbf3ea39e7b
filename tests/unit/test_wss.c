// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_wss.c - working sets, against what is known of the guests that they are of
 *
 * The guests are made up, tick by tick, and kept whole: scores are worked out anew from all of
 * that, by their definitions, and probabilities from how the guest was drawn.
 */
#include "base/rng.h"
#include "wss/wss.h"
#include "ktap.h"

#define PAGES		1500		/* not a multiple of 64, nor of a region */
#define WORDS		((PAGES + 63) / 64)
#define TICKS		900

static const struct mt_wss_params params = MT_WSS_DEFAULTS;

static uint64_t history[TICKS][WORDS];
static float p[PAGES];

static void forget(void)
{
	memset(history, 0, sizeof(history));
}

static bool dirtied(size_t tick, uint64_t page)
{
	return history[tick][page / 64] >> (page % 64) & 1;
}

static void dirty(size_t tick, uint64_t page)
{
	history[tick][page / 64] |= 1ULL << (page % 64);
}

/* Each of the pages in each tick, with probability @share. */
static void draw(struct mt_rng *rng, uint64_t first, uint64_t end, double share)
{
	for (size_t t = 0; t < TICKS; t++)
		for (uint64_t page = first; page < end; page++)
			if (mt_rng_unit(rng) < share)
				dirty(t, page);
}

/* @length pages a tick, over @first .. @end - 1 and again from @first. */
static void sweep(uint64_t first, uint64_t end, uint64_t length)
{
	uint64_t page = first;

	for (size_t t = 0; t < TICKS; t++) {
		for (uint64_t i = 0; i < length; i++) {
			dirty(t, page);
			page = page + 1 == end ? first : page + 1;
		}
	}
}

static struct mt_wss *watched(enum mt_wss_kind kind, size_t ticks)
{
	struct mt_wss *w = mt_wss_new(kind, PAGES, &params);

	for (size_t t = 0; w && t < ticks; t++)
		mt_wss_tick(w, history[t]);
	return w;
}

static double mean(uint64_t first, uint64_t end)
{
	double sum = 0;

	for (uint64_t page = first; page < end; page++)
		sum += (double)p[page];
	return sum / (double)(end - first);
}

static double within(double a_tick, unsigned ticks)
{
	return 1 - pow(1 - a_tick, ticks);
}

/* --- by definition ----------------------------------------------------------- */
static void counts_last_ticks(void)
{
	struct mt_rng rng = { 1 };
	struct mt_wss *w;

	forget();
	draw(&rng, 0, PAGES, 0.2);
	w = watched(MT_WSS_COUNT, 40);
	mt_wss_probabilities(w, 0, PAGES, 3, p);
	for (uint64_t page = 0; page < PAGES; page++) {
		unsigned n = 0;

		for (size_t t = 32; t < 40; t++)
			n += dirtied(t, page);
		CHECK_NEAR((double)p[page], within(n / 8.0, 3), 1e-5);
		CHECK_INT(mt_wss_is_hot(w, page, p[page]), n >= 2);
	}
	mt_wss_free(w);
}

/* In how many ticks the nearest sweep before @page is there. */
static uint64_t reach(size_t tick, uint64_t page)
{
	uint64_t end = page, length = 0;

	if (dirtied(tick, page))	/* in the run itself: what counts is the one before */
		while (end && dirtied(tick, end - 1))
			end--;
	for (; end; end--) {
		length = 0;
		while (length < end && dirtied(tick, end - 1 - length))
			length++;
		if (length >= 4)
			return (page - end) / length + 1;
		if (length)
			end -= length - 1;
	}
	return UINT64_MAX;
}

static void decays_and_sees_sweeps(void)
{
	struct mt_rng rng = { 2 };
	struct mt_wss *w;

	forget();
	draw(&rng, 0, 700, 0.15);
	sweep(800, 1400, 10);
	w = watched(MT_WSS_DECAYED, 60);
	mt_wss_probabilities(w, 0, PAGES, 1, p);
	for (uint64_t page = 0; page < PAGES; page++) {
		double score = 0;

		for (size_t t = 0; t < 60; t++)
			score = 0.8 * score + 0.2 * dirtied(t, page);
		/* a rounding is less than one of 255, and decays like the rest */
		if (reach(59, page) <= 1)
			CHECK((double)p[page] >= 0.9 - 1e-6);
		else
			CHECK_NEAR((double)p[page], score, 1 / 255.0 / (1 - 0.8));
	}
	mt_wss_free(w);
}

/* --- by how it was drawn ------------------------------------------------------- */
static const struct { uint64_t first, end; double share; } classes[] = {
	{ 0, 400, 0.01 }, { 400, 800, 0.1 }, { 800, 1000, 0.7 }, { 1000, PAGES, 0 },
};

static void draw_classes(void)
{
	struct mt_rng rng = { 3 };

	forget();
	for (size_t c = 0; c < sizeof(classes) / sizeof(classes[0]); c++)
		draw(&rng, classes[c].first, classes[c].end, classes[c].share);
}

/* Whether any of the @ticks after the first @at has it. */
static bool came(size_t at, unsigned ticks, uint64_t page)
{
	for (size_t t = at; t < at + ticks; t++)
		if (dirtied(t, page))
			return true;
	return false;
}

/*
 * Of the pages of which it says 0.3 to 0.4, three or four in ten are dirtied: how far it is off in
 * that, the mean over all that it says (the expected calibration error).
 */
static double calibration_error(enum mt_wss_kind kind, unsigned ticks)
{
	struct mt_wss *w = watched(kind, TICKS - 300);
	double said[10] = { 0 }, came_true[10] = { 0 }, off = 0, n = 0;

	for (size_t t = TICKS - 300; t < TICKS - ticks; t++) {
		mt_wss_probabilities(w, 0, PAGES, ticks, p);
		for (uint64_t page = 0; page < PAGES; page++) {
			int bin = (int)fmin(9, (double)p[page] * 10);

			said[bin] += (double)p[page];
			came_true[bin] += came(t, ticks, page);
			n++;
		}
		mt_wss_tick(w, history[t]);
	}
	mt_wss_free(w);
	for (int bin = 0; bin < 10; bin++)
		off += fabs(said[bin] - came_true[bin]);
	return off / n;
}

static void probabilities_come_true(void)
{
	draw_classes();
	for (unsigned ticks = 1; ticks <= 16; ticks += 5) {
		double improved = calibration_error(MT_WSS_IMPROVED, ticks);

		CHECK(improved < 0.04);
		CHECK(improved < calibration_error(MT_WSS_COUNT, ticks) / 3);
		CHECK(improved < calibration_error(MT_WSS_DECAYED, ticks) / 3);
		CHECK(calibration_error(MT_WSS_TWO_LEVEL, ticks) < 0.06);
		CHECK(calibration_error(MT_WSS_HMM, ticks) < 0.1);
	}
}

static void swept_pages_are_cold(void)
{
	struct mt_wss *w;
	uint64_t at;

	forget();
	sweep(100, 1300, 8);		/* round in 150 ticks; the last tick ends at @at */
	w = watched(MT_WSS_IMPROVED, TICKS - 15);
	at = 100 + (TICKS - 15) * 8 % 1200;
	CHECK(at > 200 && at < 1200);
	mt_wss_probabilities(w, 0, PAGES, 4, p);
	CHECK(mean(at, at + 32) > 0.9);
	CHECK(mean(at - 64, at) < 0.05);
	CHECK(mean(0, 100) < 0.02);
	mt_wss_free(w);
}

/* --- the hidden Markov model: against Bayes, with the true parameters ------------ */
static const double move[2][2] = { { 0.98, 0.02 }, { 0.06, 0.94 } }, emits[2] = { 0.01, 0.5 };

static void draw_hidden(void)
{
	struct mt_rng rng = { 4 };

	forget();
	for (uint64_t page = 0; page < PAGES; page++) {
		bool hot = page & 1;

		for (size_t t = 0; t < TICKS; t++) {
			hot = mt_rng_unit(&rng) < move[hot][1];
			if (mt_rng_unit(&rng) < emits[hot])
				dirty(t, page);
		}
	}
}

/* Of what is known of it, @page is dirtied within @ticks with this probability. */
static double bayes(uint64_t page, unsigned ticks)
{
	double hot = 0.25, clean[2];

	for (size_t t = 0; t < TICKS; t++) {
		double prior = (1 - hot) * move[0][1] + hot * move[1][1],
		       cold_like = dirtied(t, page) ? emits[0] : 1 - emits[0],
		       hot_like = dirtied(t, page) ? emits[1] : 1 - emits[1];

		hot = prior * hot_like / (prior * hot_like + (1 - prior) * cold_like);
	}
	clean[0] = 1 - hot;
	clean[1] = hot;
	for (unsigned t = 0; t < ticks; t++) {
		double cold = clean[0] * move[0][0] + clean[1] * move[1][0],
		       warm = clean[0] * move[0][1] + clean[1] * move[1][1];

		clean[0] = cold * (1 - emits[0]);
		clean[1] = warm * (1 - emits[1]);
	}
	return 1 - clean[0] - clean[1];
}

static void hmm_is_near_bayes(void)
{
	static const unsigned ticks[] = { 1, 8, 32 };
	struct mt_wss *w;

	draw_hidden();
	w = watched(MT_WSS_HMM, TICKS);
	for (size_t h = 0; h < 3; h++) {
		double off = 0;

		mt_wss_probabilities(w, 0, PAGES, ticks[h], p);
		for (uint64_t page = 0; page < PAGES; page++)
			off += fabs((double)p[page] - bayes(page, ticks[h]));
		CHECK(off / PAGES < 0.08);
	}
	mt_wss_free(w);
}

/* --- all of them ------------------------------------------------------------------ */
static void hot_pages_rank_first(void)
{
	struct mt_rng rng = { 5 };

	forget();
	draw(&rng, 512, 700, 0.6);
	draw(&rng, 700, 1400, 0.03);
	for (int kind = 0; kind < MT_WSS_KINDS; kind++) {
		struct mt_wss *w = watched((enum mt_wss_kind)kind, 400);

		mt_wss_probabilities(w, 0, PAGES, 2, p);
		CHECK(mean(512, 700) > 0.5);
		CHECK(mean(512, 700) > mean(700, 1400) + 0.3);
		CHECK(mean(700, 1400) > mean(0, 512));
		CHECK(mean(0, 512) < 0.05);
		mt_wss_free(w);
	}
}

/* A range says what the whole does, and a second tracker what the first did. */
static void is_the_same_each_time(void)
{
	static float again[PAGES];

	draw_classes();
	sweep(1010, 1400, 7);
	for (int kind = 0; kind < MT_WSS_KINDS; kind++) {
		struct mt_wss *one = watched((enum mt_wss_kind)kind, 200),
			      *two = watched((enum mt_wss_kind)kind, 200);

		mt_wss_probabilities(one, 0, PAGES, 5, p);
		for (uint64_t page = 0; page < PAGES; page += 100)
			mt_wss_probabilities(two, page, 100, 5, again + page);
		for (uint64_t page = 0; page < PAGES; page++)
			CHECK(p[page] == again[page] && p[page] >= 0 && p[page] <= 1);
		mt_wss_free(one);
		mt_wss_free(two);
	}
}

static void takes_two_bytes_a_page(void)
{
	static const uint64_t sizes[] = { 1000, 131072, 1000000, 4194304 };

	for (size_t i = 0; i < 4; i++) {
		for (int kind = 0; kind < MT_WSS_KINDS; kind++) {
			struct mt_wss *w = mt_wss_new((enum mt_wss_kind)kind, sizes[i], &params);
			size_t fixed = sizes[i] < 131072 ? 65536 : 0;

			CHECK(w && mt_wss_bytes(w) >= sizes[i]);
			CHECK(mt_wss_bytes(w) <= 2 * sizes[i] + fixed);
			mt_wss_free(w);
		}
	}
}

static const struct ktap_case cases[] = {
	{ "count is of the last ticks", counts_last_ticks },
	{ "decayed is the decayed share, and sees sweeps", decays_and_sees_sweeps },
	{ "probabilities come true", probabilities_come_true },
	{ "improved: what a sweep has left is cold, what it will reach is hot",
	  swept_pages_are_cold },
	{ "hmm is near Bayes with the true parameters", hmm_is_near_bayes },
	{ "hot pages rank first in all of them", hot_pages_rank_first },
	{ "the same trace says the same, whole or in parts", is_the_same_each_time },
	{ "at most 2 bytes a page", takes_two_bytes_a_page },
};

KTAP_MAIN(cases)
