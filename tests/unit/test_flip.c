// SPDX-License-Identifier: GPL-2.0-or-later
/* What must hold for a flip, whichever policy asks for it: each guard at its edges. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "steer/room.h"
#include "ktap.h"
#include "scene.h"

#define LEFT	(100.0 * MT_MIB)	/* a second of the link */

static void another_pass(struct scene *s, double duration_s, double bytes_per_s)
{
	s->its.total++;
	s->its.kept[s->its.n_kept++] = (struct mt_iteration){
		.n = s->its.total, .duration_s = duration_s, .remaining_bytes = LEFT,
		.dirtied_bytes = LEFT, .bandwidth_bytes_per_s = bytes_per_s,
		.first = s->its.total == 1,
	};
}

/* A guest that policy passes flips at the next look, since its first pass is over. */
static void begin(struct scene *s)
{
	scene_init(s, "passes");
	s->limits = (struct mt_limits)MT_LIMITS_UNSET;
	mt_limits_resolve(&s->limits);
	s->limits.postcopy_allowed = true;
	mt_sample_set(&s->sample, remaining_bytes, (uint64_t)LEFT);
	s->facts.room_bytes = NAN;
	s->view.boundary = true;
	s->view.flip = &s->facts;
	another_pass(s, 1, LINK);
}

static bool flips(struct scene *s)
{
	return step(s, 1000) == MT_ACTION_FLIP;
}

static void nothing_forbids(void)
{
	struct scene s;

	begin(&s);
	CHECK(flips(&s));
	begin(&s);
	s.view.flip = NULL;
	CHECK(flips(&s));
	begin(&s);
	s.limits.postcopy_allowed = false;
	CHECK(step(&s, 1000) == MT_ACTION_STOP);
}

static void device(void)
{
	struct scene s;

	begin(&s);
	s.facts.device = true;
	CHECK_INT(step(&s, 1000), MT_ACTION_CONTINUE);
	CHECK(says(&s, "VFIO"));
	s.facts.device = false;
	CHECK(flips(&s));
}

static void room(void)
{
	struct scene s;

	begin(&s);
	s.facts.room_bytes = LEFT - 1;
	CHECK_INT(step(&s, 1000), MT_ACTION_CONTINUE);
	CHECK(says(&s, "has 100.0 MiB of memory free, and post-copy has 100.0 MiB to bring"));
	s.facts.room_bytes = 0;
	CHECK_INT(step(&s, 1000), MT_ACTION_CONTINUE);
	s.facts.room_bytes = LEFT;
	CHECK(flips(&s));
	/* A figure that is missing is not none. */
	begin(&s);
	s.facts.room_bytes = 1;
	s.sample.valid = 0;
	CHECK(flips(&s));
}

static void limit(void)
{
	uint64_t *flip_limit;
	struct scene s;

	begin(&s);
	flip_limit = mt_params_value(&s.limits.params, "flip_limit");
	CHECK_INT(*flip_limit, MT_LIMIT_NONE);
	*flip_limit = 999;
	CHECK_INT(step(&s, 1000), MT_ACTION_CONTINUE);
	CHECK(says(&s, "wait for up to 1.0 s") && says(&s, "999 ms is the limit"));
	*flip_limit = 1000;
	CHECK(flips(&s));
	/* What is not known cannot be within a limit. */
	begin(&s);
	*flip_limit = 1000000;
	s.view.bandwidth_bytes_per_s = 0;
	CHECK_INT(step(&s, 1000), MT_ACTION_CONTINUE);
	CHECK(says(&s, "not known"));
	begin(&s);
	s.view.bandwidth_bytes_per_s = 0;
	CHECK(flips(&s));
}

static void steady(void)
{
	static const struct {
		struct { double s, mib_per_s; } passes[4];
		uint64_t spread;
		bool flips;
	} rows[] = {
		{ { { 1, 100 }, { 1, 50 } }, 50, true },
		{ { { 1, 100 }, { 1, 49.9 } }, 50, false },
		{ { { 1, 49.9 }, { 1, 100 } }, 50, false },
		{ { { 1, 49.9 }, { 1, 100 } }, 51, true },
		{ { { 1, 1 }, { 1, 100 } }, 100, true },
		{ { { 1, 100 }, { 1, 100 } }, 0, true },
		{ { { 1, 100 }, { 1, 99 } }, 0, false },
		/* older than the last three, */
		{ { { 1, 10 }, { 1, 100 }, { 1, 100 }, { 1, 100 } }, 50, true },
		{ { { 1, 10 }, { 1, 100 }, { 1, 100 } }, 50, false },
		/* too short, without a rate, or alone: nothing is known */
		{ { { 0.49, 10 }, { 1, 100 }, { 1, 100 } }, 50, true },
		{ { { 0.5, 10 }, { 1, 100 }, { 1, 100 } }, 50, false },
		{ { { 1, 0 }, { 1, 100 } }, 50, true },
		{ { { 1, 10 } }, 50, true },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct scene s;

		begin(&s);	/* its first pass, whose rate is no other's: not counted */
		*mt_params_value(&s.limits.params, "flip_spread") = rows[i].spread;
		s.its.kept[0].bandwidth_bytes_per_s = LINK / 50;
		for (size_t k = 0; k < 4 && rows[i].passes[k].s > 0; k++)
			another_pass(&s, rows[i].passes[k].s, rows[i].passes[k].mib_per_s * MT_MIB);
		if (flips(&s) != rows[i].flips)
			printf("# row %zu: %s\n", i, s.plan.reason);
		CHECK(s.plan.action == MT_ACTION_FLIP || says(&s, "not steady enough"));
		CHECK_INT(s.plan.action == MT_ACTION_FLIP, rows[i].flips);
	}
}

/* As with whatever else a flip is held back by. */
static void at_the_deadline(void)
{
	struct scene s;

	begin(&s);
	s.limits.deadline_ms = 5000;
	s.facts.device = true;
	CHECK_INT(step(&s, 4999), MT_ACTION_CONTINUE);
	CHECK_INT(step(&s, 5000), MT_ACTION_ABORT);
	CHECK(says(&s, "the deadline of 5.0 s has passed, and the guest has a device"));
	/* A stop is no flip. */
	begin(&s);
	s.facts.device = true;
	s.limits.postcopy_allowed = false;
	CHECK_INT(step(&s, 1000), MT_ACTION_STOP);
}

/* libvirt's test driver has a host, with memory. */
static void destination(void)
{
	struct mt_room *r;
	struct mt_err err = { 0 };
	double bytes = NAN;

	CHECK(isnan(mt_room_bytes(NULL)));
	CHECK_INT(mt_loop_start(&err), 0);
	r = mt_room_new("test:///default");
	CHECK(r);
	for (int i = 0; r && i < 500 && isnan(bytes); i++) {
		bytes = mt_room_bytes(r);
		usleep(10000);
	}
	CHECK(bytes > MT_MIB);
	mt_room_free(r);
	/* Nobody there is not known, and waits for nothing. */
	r = mt_room_new("nonsense:///");
	usleep(50000);
	CHECK(isnan(mt_room_bytes(r)));
	mt_room_free(r);
	usleep(100000);		/* until the threads have let go */
}

static const struct ktap_case cases[] = {
	{ "nothing forbids it", nothing_forbids },
	{ "a device of the host's", device },
	{ "the destination's memory", room },
	{ "the wait that comes of it", limit },
	{ "a link that varies", steady },
	{ "at the deadline it becomes an abort", at_the_deadline },
	{ "the destination is asked", destination },
};

KTAP_MAIN(cases)
