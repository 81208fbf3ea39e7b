// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_ihm.c - the rule of intelligent hybrid migration under each of its settings, on passes made
 * by hand
 */
#include "policy/ihm.h"
#include "ktap.h"
#include "scene.h"

#define PASSES	24
#define SETTINGS 3

struct setting {
	const char *name;
	uint64_t value;
};

/* The rule as it was first built: an unbounded wait for the low of the first five. */
#define FIRST	{ "low_of", MT_IHM_FIRST }, { "low_wait", MT_IHM_WAIT_MAX }

struct sequence {
	const char *what;
	struct setting settings[SETTINGS];
	double left[PASSES];	/* MiB left at each boundary, 0 = no more */
	int acts;		/* at this one, counted from 0; -1 = never */
};

static const struct sequence sequences[] = {
	/* Watching begins with the iteration that gave it away, and covers five. */
	{ "shrinking",		{ }, { 100, 90, 80, 70, 60, 50, 40, 30, 20, 10 }, -1 },
	{ "by 5 %, no less",	{ },
	  { 100, 95, 90.25, 85.7375, 81.450625, 77.37809375, 73.5, 69.8, 66.3 }, -1 },
	{ "by less than 5 %",	{ }, { 100, 95.1, 95.1, 95.1, 95.1, 95.1, 95.1 }, 6 },
	{ "flat",		{ }, { 100, 100, 100, 100, 100, 100, 100 }, 6 },
	{ "not before five",	{ }, { 100, 100, 90, 10, 10, 10 }, -1 },
	{ "below it",		{ }, { 50, 50, 52, 54, 53, 51, 20 }, 6 },
	{ "after growing once",	{ }, { 100, 50, 51, 20, 15, 14, 13, 14 }, -1 },
	{ "a local minimum",	{ FIRST },
	  { 100, 80, 70, 72, 71, 73, 69, 75, 73, 71.77, 71.75 }, 10 },
	{ "at 4 % above it",	{ FIRST }, { 50, 50, 52, 54, 53, 51, 52.1, 52.05, 52 }, 8 },

	/* Thresholds are parameters. */
	{ "by less than 6 %",	{ { "flat_change", 6 } },
	  { 100, 94.1, 94.1, 94.1, 94.1, 94.1, 94.1 }, 6 },
	{ "as flat as may be",	{ { "flat_change", 0 } }, { 90, 89, 88, 87, 86, 85, 84, 83 }, -1 },
	{ "within 10 %",	{ FIRST, { "low_margin", 10 } },
	  { 50, 50, 60, 60, 60, 60, 55.1, 55 }, 7 },

	/* The low is that of the first five, and never comes again; of the latest five it does. */
	{ "low of the first",	{ FIRST },
	  { 50, 60, 40, 60, 60, 60, 60, 60, 45, 43, 60, 60, 42, 60, 60, 60 }, -1 },
	{ "low of the latest",	{ { "low_of", MT_IHM_LATEST } },
	  { 50, 60, 40, 60, 60, 60, 60, 60, 45, 43, 60, 60, 42, 60, 60, 60 }, 8 },
	{ "it gets busier",	{ { "low_of", MT_IHM_LATEST } },
	  { 50, 50, 50, 50, 200, 200, 200, 200, 200, 200, 200 }, 9 },
	{ "for good",		{ FIRST },
	  { 50, 50, 50, 50, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200,
	    200 }, -1 },

	/* More and more: not even the latest come again, and the wait is bounded. */
	{ "growing",		{ },
	  { 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 }, 15 },
	{ "growing, 3 more",	{ { "low_wait", 3 } },
	  { 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 }, 8 },
	{ "growing, 1 more",	{ { "low_wait", 1 } }, { 10, 11, 12, 13, 14, 15, 16, 17 }, 6 },
	{ "a bound for the first", { { "low_of", MT_IHM_FIRST }, { "low_wait", 4 } },
	  { 50, 60, 40, 60, 60, 60, 60, 60, 60, 60, 60 }, 9 },
	{ "the low comes before the bound", { { "low_of", MT_IHM_FIRST }, { "low_wait", 4 } },
	  { 50, 60, 40, 60, 60, 60, 60, 41, 60, 60 }, 7 },

	/* Which five, and how many. */
	{ "from the next on",	{ { "watched_from", MT_IHM_NEXT } },
	  { 100, 100, 100, 100, 100, 100, 100, 100 }, 7 },
	{ "without the trigger's low", { { "watched_from", MT_IHM_NEXT } },
	  { 100, 10, 11, 40, 42, 41, 43, 44, 41 }, 8 },
	{ "with it",		{ FIRST }, { 10, 11, 40, 42, 41, 43, 44, 41 }, -1 },
	{ "of three",		{ { "watched_passes", 3 } }, { 100, 100, 100, 100, 100 }, 4 },
	{ "of one",		{ { "watched_passes", 1 } }, { 100, 100, 100 }, 2 },
};

static void set(struct scene *s, const struct setting *settings)
{
	for (int i = 0; i < SETTINGS && settings[i].name; i++)
		*mt_params_value(&s->limits.params, settings[i].name) = settings[i].value;
}

static void play(struct scene *s, const double *left, bool postcopy, int *acted)
{
	*acted = -1;
	for (int k = 0; k < PASSES && left[k] > 0; k++) {
		enum mt_action action = boundary(s, 1000 * k, left[k] * MT_MIB);

		CHECK(s->plan.reason[0]);
		if (action == MT_ACTION_CONTINUE) {
			CHECK_INT(at(s, 1000 * k + 500), MT_ACTION_CONTINUE);
			continue;
		}
		CHECK_INT(action, postcopy ? MT_ACTION_FLIP : MT_ACTION_STOP);
		*acted = k;
		return;
	}
}

static void test_sequences(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(sequences); i++)
		for (int postcopy = 0; postcopy < 2; postcopy++) {
			const struct sequence *q = &sequences[i];
			struct scene s;
			int acted;

			scene_init(&s, "ihm");
			s.limits.postcopy_allowed = postcopy;
			set(&s, q->settings);
			play(&s, q->left, postcopy, &acted);
			if (acted != q->acts)
				printf("# %s: acts at %d, expected at %d\n", q->what, acted,
				       q->acts);
			CHECK_INT(acted, q->acts);
		}
}

/* A pass that began with @start MiB, of which @unsent were never sent, and left @left. */
static enum mt_action pass(struct scene *s, double start, double unsent, double left)
{
	struct mt_iteration *i = &s->its.kept[0];

	s->its.n_kept = 1;
	s->its.total++;
	*i = (struct mt_iteration){ .n = s->its.total,
				    .duration_s = 1,
				    .start_bytes = start * MT_MIB,
				    .unsent_bytes = unsent * MT_MIB,
				    .remaining_bytes = left * MT_MIB,
				    .dirtied_bytes = (left - unsent) * MT_MIB };
	s->view.boundary = true;
	return step(s, s->its.total * 1000);
}

/* IHM's own: not converging is dirtying as much as was sent, were it the first pass. */
static void test_sent(void)
{
	static const struct setting sent[SETTINGS] = { { "not_converging", MT_IHM_SENT },
						       { "watched_passes", 1 } };
	struct scene s;

	scene_init(&s, "ihm");
	set(&s, sent);
	CHECK_INT(pass(&s, 100, 10, 99), MT_ACTION_CONTINUE);	/* 89 of 90 */
	CHECK(says(&s, "shrinking"));
	CHECK_INT(pass(&s, 99, 9, 98.5), MT_ACTION_CONTINUE);	/* 89.5 of 90, though it is flat */
	CHECK(says(&s, "shrinking"));
	CHECK_INT(pass(&s, 98.5, 8.5, 98.5), MT_ACTION_CONTINUE);	/* 90 of 90 */
	CHECK(says(&s, "watching 1 of 1"));
	CHECK_INT(pass(&s, 98.5, 8.5, 98.5), MT_ACTION_STOP);
	scene_init(&s, "ihm");
	set(&s, sent);
	CHECK_INT(pass(&s, 100, 10, 100), MT_ACTION_CONTINUE);	/* the first pass, too */
	CHECK(says(&s, "watching 1 of 1"));
	scene_init(&s, "ihm");
	set(&s, sent);
	CHECK_INT(pass(&s, 0, 0, 50), MT_ACTION_CONTINUE);	/* not known what was sent */
	CHECK(says(&s, "shrinking"));
}

/* What is carried over hides what is dirtied: of 90 and 88 left, 70 and 38 are new. */
static void test_dirtied(void)
{
	for (uint64_t counted = MT_IHM_LEFT; counted <= MT_IHM_DIRTIED; counted++) {
		const struct setting settings[SETTINGS] = { { "dirty_counted", counted } };
		struct scene s;

		scene_init(&s, "ihm");
		set(&s, settings);
		pass(&s, 90, 20, 90);
		pass(&s, 90, 50, 88);
		CHECK(says(&s, counted == MT_IHM_LEFT ? "watching 1 of 5" : "shrinking"));
	}
}

/* The bound is told apart from a minimum. */
static void test_reasons(void)
{
	static const struct setting soon[SETTINGS] = { { "watched_passes", 1 }, { "low_wait", 1 } };
	struct scene s;

	scene_init(&s, "ihm");
	set(&s, soon);
	boundary(&s, 1000, 10 * MT_MIB);
	boundary(&s, 2000, 11 * MT_MIB);
	CHECK_INT(boundary(&s, 3000, 20 * MT_MIB), MT_ACTION_STOP);
	CHECK(says(&s, "the lowest of 1 watched, 11.0 MiB, has not come again in 1 passes: 20.0 MiB"));
	scene_init(&s, "ihm");
	set(&s, soon);
	boundary(&s, 1000, 10 * MT_MIB);
	boundary(&s, 2000, 11 * MT_MIB);
	CHECK_INT(boundary(&s, 3000, 11 * MT_MIB), MT_ACTION_STOP);
	CHECK(says(&s, "11.0 MiB dirty is a local minimum (lowest of 1 watched: 11.0 MiB)"));
}

static const struct ktap_case cases[] = {
	{ "it acts at the pass that each setting says", test_sequences },
	{ "not_converging=sent: as much dirtied as sent", test_sent },
	{ "dirty_counted=dirtied leaves out what was not sent", test_dirtied },
	{ "reasons tell a minimum from the end of the wait", test_reasons },
};
KTAP_MAIN(cases)
