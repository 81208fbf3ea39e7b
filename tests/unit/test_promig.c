// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_promig.c - policy promig on seconds made by hand; its chain is worked out here by hand, too
 */
#include "ktap.h"
#include "scene.h"

#define LOW	0.1
#define HIGH	0.4	/* just */

struct second {
	double cpu, memory, in, out;	/* shares; memory is what is dirtied of the link */
};

static void init(struct scene *s)
{
	scene_init(s, "promig");
	s->limits.postcopy_allowed = true;
	*mt_params_value(&s->limits.params, "memory_is") = 1;	/* dirtied */
	mt_classifier_init(&s->class, NULL);
}

/* A second passes, amid a pass. */
static enum mt_action second(struct scene *s, struct second x)
{
	const struct mt_class_load load = { .dirty_bytes_per_s = x.memory * LINK,
					    .received_bytes_per_s = x.in * LINK,
					    .sent_bytes_per_s = x.out * LINK,
					    .cpu_share = x.cpu,
					    .link_bytes_per_s = LINK };

	mt_classifier_feed(&s->class, &load);
	s->now_ms += 1000;
	return at(s, s->now_ms);
}

static enum mt_action seconds(struct scene *s, int n, struct second x)
{
	enum mt_action action = MT_ACTION_CONTINUE;

	for (int i = 0; i < n && action == MT_ACTION_CONTINUE; i++)
		action = second(s, x);
	return action;
}

/* One pass has ended and shrank: hybrid goes on. */
static void one_pass(struct scene *s)
{
	s->now_ms += 10;
	boundary(s, s->now_ms, 50 * MT_MIB);
}

static const struct {
	const char *what;
	struct second x;
	enum mt_action action;
	const char *says;
} methods[] = {
	{ "memory", { LOW, HIGH, LOW, LOW }, MT_ACTION_FLIP, "memory 40 %" },
	{ "memory before incoming", { LOW, HIGH, HIGH, LOW }, MT_ACTION_FLIP, "; post-copy" },
	{ "outgoing", { LOW, LOW, LOW, HIGH }, MT_ACTION_FLIP, "outgoing 40 %" },
	{ "outgoing before incoming", { LOW, LOW, HIGH, HIGH }, MT_ACTION_FLIP, "; post-copy" },
	{ "incoming", { LOW, LOW, HIGH, LOW }, MT_ACTION_CONTINUE, "pre-copy, which QEMU ends" },
	{ "CPU", { HIGH, LOW, LOW, LOW }, MT_ACTION_CONTINUE, NULL },
	{ "nothing", { LOW, LOW, LOW, LOW }, MT_ACTION_CONTINUE, NULL },
	{ "below 40 %", { 0.39, 0.39, 0.39, 0.39 }, MT_ACTION_CONTINUE, NULL },
};

static void test_methods(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(methods); i++) {
		struct scene s;

		init(&s);
		one_pass(&s);
		CHECK_INT(seconds(&s, 2, methods[i].x), MT_ACTION_CONTINUE);	/* too early */
		CHECK_INT(second(&s, methods[i].x), methods[i].action);
		if (methods[i].says)
			CHECK(says(&s, methods[i].says));
	}
}

/* Hybrid is ihm's: at the same boundary. */
static void test_hybrid(void)
{
	struct scene s;

	init(&s);
	CHECK_INT(seconds(&s, 5, (struct second){ HIGH, LOW, LOW, LOW }), MT_ACTION_CONTINUE);
	for (int k = 0; k < 6; k++)
		CHECK_INT(boundary(&s, s.now_ms += 100, 50 * MT_MIB), MT_ACTION_CONTINUE);
	CHECK_INT(boundary(&s, s.now_ms += 100, 50 * MT_MIB), MT_ACTION_FLIP);
	CHECK(says(&s, "; hybrid: ") && says(&s, "is a local minimum"));
	/* and pre-copy has none */
	init(&s);
	CHECK_INT(seconds(&s, 5, (struct second){ LOW, LOW, HIGH, LOW }), MT_ACTION_CONTINUE);
	for (int k = 0; k < 20; k++)
		CHECK_INT(boundary(&s, s.now_ms += 100, 50 * MT_MIB), MT_ACTION_CONTINUE);
}

/*
 * It receives, and each third second memory is high. After a whole round the chain is in, in,
 * memory, in: from "in" half of the time to either; from memory always back. Two steps ahead of
 * "in": 0.75 in, 0.25 memory; three: 0.625, 0.375, and so on to 2/3: memory is never the likeliest,
 * but one step ahead it is as likely, and "in" (state 2) is the first of the two.
 */
static void test_chain(void)
{
	const struct second in = { LOW, LOW, HIGH, LOW }, both = { LOW, HIGH, HIGH, LOW };
	struct scene s;

	init(&s);
	*mt_params_value(&s.limits.params, "training") = 7000;
	one_pass(&s);
	for (int k = 0; k < 2; k++) {
		CHECK_INT(second(&s, in), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, in), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, both), MT_ACTION_CONTINUE);
	}
	CHECK_INT(second(&s, in), MT_ACTION_CONTINUE);
	CHECK(says(&s, "pre-copy"));

	/* Every other second: one ahead memory is certain. */
	init(&s);
	*mt_params_value(&s.limits.params, "training") = 5000;
	one_pass(&s);
	for (int k = 0; k < 2; k++) {
		CHECK_INT(second(&s, in), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, both), MT_ACTION_CONTINUE);
	}
	CHECK_INT(second(&s, in), MT_ACTION_FLIP);
	CHECK(says(&s, "memory high in 1 s by the chain"));
}

/*
 * Calm seconds, then three with much memory, then it receives, once: nothing is known of what
 * follows, so that forward all states are as likely and the first, 0, is the likeliest. The
 * published code asks where "in" comes from instead: from the second before it, which had memory.
 */
static void test_published(void)
{
	const struct second calm = { LOW, LOW, LOW, LOW }, memory = { LOW, HIGH, LOW, LOW },
			    in = { LOW, LOW, HIGH, LOW };

	for (uint64_t published = 0; published < 2; published++) {
		struct scene s;

		init(&s);
		*mt_params_value(&s.limits.params, "training") = 4000;
		*mt_params_value(&s.limits.params, "chain") = published;
		one_pass(&s);
		CHECK_INT(seconds(&s, 2, calm), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, memory), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, in), published ? MT_ACTION_FLIP : MT_ACTION_CONTINUE);
	}
}

/* How far it looks: memory comes each fourth second, always. */
static void test_ahead(void)
{
	const struct second in = { LOW, LOW, HIGH, LOW }, in_cpu = { HIGH, LOW, HIGH, LOW },
			    calm = { LOW, LOW, LOW, LOW }, memory = { LOW, HIGH, LOW, LOW };

	for (uint64_t ahead = 2; ahead <= 3; ahead++) {
		struct scene s;

		init(&s);
		*mt_params_value(&s.limits.params, "training") = 5000;
		*mt_params_value(&s.limits.params, "states_ahead") = ahead;
		one_pass(&s);
		CHECK_INT(second(&s, in), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, in_cpu), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, calm), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, memory), MT_ACTION_CONTINUE);
		CHECK_INT(second(&s, in), ahead == 3 ? MT_ACTION_FLIP : MT_ACTION_CONTINUE);
	}
}

/* What is used: known after the first pass, or before by a profile; never guessed. */
static void test_used(void)
{
	const struct second calm = { LOW, LOW, LOW, LOW };
	struct mt_beforehand before = { .nonzero_bytes = 410 * MT_MIB };
	struct scene s;

	init(&s);
	*mt_params_value(&s.limits.params, "memory_is") = 0;
	mt_sample_set(&s.sample, memory_bytes, 1000 * MT_MIB);
	mt_sample_set(&s.sample, normal_pages, 90);
	mt_sample_set(&s.sample, zero_pages, 10);
	CHECK_INT(seconds(&s, 5, calm), MT_ACTION_CONTINUE);
	mt_sample_set(&s.sample, normal_pages, 39);
	mt_sample_set(&s.sample, zero_pages, 61);
	one_pass(&s);
	mt_sample_set(&s.sample, normal_pages, 390);	/* sent again, and again */
	CHECK_INT(seconds(&s, 5, calm), MT_ACTION_CONTINUE);
	s.limits.before = &before;
	CHECK_INT(second(&s, calm), MT_ACTION_FLIP);
	CHECK(says(&s, "memory 41 %"));
}

/* Not allowed: stopped as in hybrid. Not known: by what is. At once: without a pass. */
static void test_bounds(void)
{
	const struct second memory = { LOW, HIGH, LOW, LOW }, untold = { NAN, LOW, NAN, NAN };
	struct scene s;

	init(&s);
	s.limits.postcopy_allowed = false;
	CHECK_INT(seconds(&s, 5, memory), MT_ACTION_CONTINUE);
	for (int k = 0; k < 6; k++)
		CHECK_INT(boundary(&s, s.now_ms += 100, 50 * MT_MIB), MT_ACTION_CONTINUE);
	CHECK_INT(boundary(&s, s.now_ms += 100, 50 * MT_MIB), MT_ACTION_STOP);
	CHECK(says(&s, "post-copy, which is not allowed: stopped as in hybrid"));

	init(&s);
	one_pass(&s);
	CHECK_INT(seconds(&s, 5, untold), MT_ACTION_CONTINUE);
	CHECK_INT(second(&s, (struct second){ NAN, HIGH, NAN, NAN }), MT_ACTION_FLIP);
	CHECK(says(&s, "CPU not known, memory 40 %, incoming not known"));

	init(&s);
	CHECK_INT(seconds(&s, 5, memory), MT_ACTION_CONTINUE);
	CHECK(says(&s, "post-copy after this pass"));
	init(&s);
	*mt_params_value(&s.limits.params, "passes") = 0;
	CHECK_INT(seconds(&s, 2, memory), MT_ACTION_CONTINUE);
	CHECK_INT(second(&s, memory), MT_ACTION_FLIP);
}

static const struct ktap_case cases[] = {
	{ "the method by the levels, in the code's order", test_methods },
	{ "hybrid is ihm's, pre-copy is QEMU's", test_hybrid },
	{ "memory by the chain, where it receives", test_chain },
	{ "forward, and as published", test_published },
	{ "as far ahead as it is told", test_ahead },
	{ "memory in use: by the first pass or a profile", test_used },
	{ "without post-copy, without statistics, and at once", test_bounds },
};
KTAP_MAIN(cases)
