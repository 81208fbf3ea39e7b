// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_trained.c - models trained on migrations: what they learn, and their file
 */
#include "base/err.h"
#include <errno.h>
#include <unistd.h>

#include "learn/checksum.h"
#include "learn/train.h"
#include "store/trained_file.h"
#include "chance.h"
#include "ktap.h"
#include "scratch.h"

#define MIB	(1024.0 * 1024)
#define LESSONS	120
#define LINK	100	/* MiB/s */

/*
 * A world of one method: memory over the link, and as much again as the guest's words differ, which
 * the analytic model does not know of.
 */
static void live(struct mt_lesson *l, size_t i, enum mt_method method)
{
	const struct mt_measures m = { .vcpus = 1, .entropy_working = chance(), NAN,
				       .words_per_page = NAN, NAN, NAN, NAN, NAN, NAN };
	struct mt_forecast_input in = {
		.memory_bytes = (64 + 192 * chance()) * MIB, .cpu_share = NAN,
		.bandwidth_bytes_per_s = LINK * MIB, .downtime_limit_ms = 300, .method = method,
	};
	double plain_ms = in.memory_bytes / in.bandwidth_bytes_per_s * 1e3;

	*l = (struct mt_lesson){ .method = method, .workload = (unsigned)i / 6 };
	mt_features_of(l->x, &in, &m, NULL);
	for (int k = 0; k < MT_TARGET_COUNT; k++)
		l->base[k] = l->real[k] = NAN;
	l->base[MT_TARGET_TOTAL_MS] = plain_ms;
	l->real[MT_TARGET_TOTAL_MS] = plain_ms * (0.5 + m.entropy_working);
	/* Of this the analytic model has no word. */
	l->real[MT_TARGET_PERFORMANCE] = 0.5 + 0.4 * m.entropy_working;
}

static struct mt_lesson lessons[LESSONS];

static struct mt_trained *train(const char *trainer, uint64_t seed)
{
	struct mt_training how = {
		.trainer = mt_trainer_find(trainer), .seed = seed, .lessons = lessons,
		.n = LESSONS, .methods = ~0U,
	};
	struct mt_trained *t;

	for (size_t i = 0; i < LESSONS; i++)
		live(&lessons[i], i, MT_METHOD_XBZRLE);
	return mt_train(&t, &how) ? NULL : t;
}

static const struct mt_trained_target *total_of(const struct mt_trained *t)
{
	return &t->method[MT_METHOD_XBZRLE].target[MT_TARGET_TOTAL_MS];
}

static void what_no_rule_says_is_learned_all_the_same(void)
{
	const struct mt_measures m = { NAN, .entropy_working = 0.5, NAN, NAN, NAN, NAN, NAN, NAN,
				       NAN };
	const struct mt_forecast_input in = {
		.memory_bytes = 100 * MIB, .cpu_share = NAN, .method = MT_METHOD_XBZRLE,
		.bandwidth_bytes_per_s = LINK * MIB, .downtime_limit_ms = 300,
	};

	for (size_t i = 0; mt_trainer_at(i); i++) {
		struct mt_trained *t = train(mt_trainer_at(i)->name, 1);
		struct mt_expected said;

		CHECK(t);
		CHECK_INT(mt_trained_expect(t, &in, &m, &said), 0);
		CHECK(said.learned[MT_TARGET_PERFORMANCE]);
		CHECK_NEAR(said.target[MT_TARGET_PERFORMANCE].p50, 0.7, 0.07);
		CHECK(said.target[MT_TARGET_PERFORMANCE].p10 <=
		      said.target[MT_TARGET_PERFORMANCE].p90);
		/* Nothing is said of what no lesson told. */
		CHECK(isnan(said.target[MT_TARGET_SOURCE_CPU_PERCENT].p50));
		mt_trained_free(t);
	}
}

static void every_trainer_learns_what_the_rules_do_not_say(void)
{
	for (size_t i = 0; mt_trainer_at(i); i++) {
		struct mt_trained *t = train(mt_trainer_at(i)->name, 1);

		CHECK(t);
		printf("# %s: off by %.3f, the rules by %.3f\n", mt_trainer_at(i)->name,
		       total_of(t)->error, total_of(t)->base_error);
		CHECK_INT(total_of(t)->lessons, LESSONS);
		CHECK(total_of(t)->error < 0.15);
		CHECK(total_of(t)->base_error > 0.25);
		mt_trained_free(t);
	}
}

/* Where the analytic model is right but for noise, there is nothing to be learned. */
static void noise_is_not_learned(void)
{
	struct mt_training how = { .trainer = mt_trainer_find("residual"), .seed = 1,
				   .lessons = lessons, .n = LESSONS, .methods = ~0U };
	struct mt_trained *t;

	for (size_t i = 0; i < LESSONS; i++) {
		live(&lessons[i], i, MT_METHOD_XBZRLE);
		lessons[i].real[MT_TARGET_TOTAL_MS] =
			lessons[i].base[MT_TARGET_TOTAL_MS] * (0.95 + 0.1 * chance());
	}
	CHECK_INT(mt_train(&t, &how), 0);
	CHECK(total_of(t)->error < 1.05 * total_of(t)->base_error);
	mt_trained_free(t);
}

static void the_same_seed_makes_the_same_model(void)
{
	const char *bagged = "residual-bagged";
	struct mt_trained *a, *b, *c;
	mt_autofree char *x = NULL, *y = NULL, *z = NULL;
	size_t n[3];

	rng.state = 1;
	a = train(bagged, 5);
	rng.state = 1;
	b = train(bagged, 5);
	rng.state = 1;
	c = train(bagged, 6);
	CHECK(a && b && c);
	x = mt_trained_text(a, &n[0]);
	y = mt_trained_text(b, &n[1]);
	z = mt_trained_text(c, &n[2]);
	CHECK(x && y && z);
	CHECK_STR(x, y);
	CHECK(strcmp(x, z));
	mt_trained_free(a);
	mt_trained_free(b);
	mt_trained_free(c);
}

static void a_missing_feature_is_not_0(void)
{
	const struct mt_measures unknown = MT_MEASURES_UNKNOWN;
	struct mt_forecast_input in = { .memory_bytes = 64 * MIB, .cpu_share = NAN,
					.bandwidth_bytes_per_s = 10 * MIB,
					.downtime_limit_ms = 300 };
	double x[MT_FEATURE_COUNT], z[4];
	struct mt_trained_column columns[] = {
		{ MT_FEATURE_entropy_working, false, 0.4, 0.2 },
		{ MT_FEATURE_entropy_working, true, 0.5, 0.5 },
		{ MT_FEATURE_memory, false, log1p(64), 1 },
	};
	const struct mt_trained_method m = { .n_columns = 3, .columns = columns };

	mt_features_of(x, &in, &unknown, NULL);
	CHECK(isnan(x[MT_FEATURE_entropy_working]) && isnan(x[MT_FEATURE_wire_working]));
	CHECK(isnan(x[MT_FEATURE_link]) && isnan(x[MT_FEATURE_throttle_benefit]));
	CHECK_NEAR(x[MT_FEATURE_memory], log1p(64), 1e-12);
	/* As the mean, and said to be missing. */
	mt_trained_columns(&m, x, z);
	CHECK_NEAR(z[0], 0, 1e-12);
	CHECK_NEAR(z[1], 1, 1e-12);
	CHECK_NEAR(z[2], 0, 1e-12);
}

/* --- its file ------------------------------------------------------------------ */
static void a_file_gives_back_what_was_written(void)
{
	struct mt_trained *t = train("residual", 1), *again;
	mt_autofree char *before = NULL, *after = NULL;
	struct mt_err err = { 0 };
	size_t n, m;

	CHECK(t);
	t->learned.figures[MT_METHOD_PRECOPY].setup_ms = 123.25;
	before = mt_trained_text(t, &n);
	CHECK_INT(mt_trained_save(t, in_dir("a.model"), &err), 0);
	CHECK_INT(mt_trained_load(&again, in_dir("a.model"), &err), 0);
	after = mt_trained_text(again, &m);
	CHECK_INT(n, m);
	CHECK_STR(before, after);
	CHECK_NEAR(again->learned.figures[MT_METHOD_PRECOPY].setup_ms, 123.25, 0);
	CHECK(access(in_dir("a.model.part"), F_OK));
	mt_trained_free(t);
	mt_trained_free(again);
}

static void damage_of_any_byte_is_noticed(void)
{
	struct mt_trained *t = train("linear", 1), *again;
	mt_autofree char *text = NULL;
	size_t n;

	CHECK(t);
	text = mt_trained_text(t, &n);
	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct mt_err err = { 0 };

			text[i] = (char)(text[i] ^ 1 << bit);
			CHECK(mt_trained_parse(&again, text, n, "m", &err) < 0);
			CHECK(strstr(err.msg, "damaged") || strstr(err.msg, "no model"));
			text[i] = (char)(text[i] ^ 1 << bit);
		}
	for (size_t i = 0; i < n; i++)
		CHECK(mt_trained_parse(&again, text, i, "m", NULL) < 0);
	CHECK_INT(mt_trained_parse(&again, text, n, "m", NULL), 0);
	mt_trained_free(again);
	mt_trained_free(t);
}

/* With a checksum that fits, by whoever made it: nothing is believed all the same. */
static void nonsense_with_a_right_checksum_is_refused(void)
{
	struct mt_trained *t = train("linear", 1), *again;
	mt_autofree char *text = NULL;
	unsigned parsed = 0;
	size_t n;

	CHECK(t);
	text = mt_trained_text(t, &n);
	for (size_t i = 0; i < 3000; i++) {
		size_t at = (size_t)(chance() * (double)(n - 26));
		char was = text[at];

		text[at] = " \n0123456789-.einfa"[(size_t)(chance() * 19)];
		snprintf(text + n - 26, 27, "checksum %016llx\n",
			 (unsigned long long)mt_checksum(MT_CHECKSUM_INIT, text, n - 26));
		if (!mt_trained_parse(&again, text, n, "m", NULL)) {
			mt_trained_free(again);
			parsed++;
		}
		text[at] = was;
	}
	CHECK(parsed > 0 && parsed < 3000);
	mt_trained_free(t);
}

static void another_schema_is_named(void)
{
	struct mt_trained *t = train("linear", 1), *again;
	mt_autofree char *text = NULL;
	struct mt_err err = { 0 };
	char *features;
	size_t n;

	CHECK(t);
	text = mt_trained_text(t, &n);
	features = strstr(text, "features ") + strlen("features ");
	features[0] = features[0] == '0' ? '1' : '0';
	snprintf(text + n - 26, 27, "checksum %016llx\n",
		 (unsigned long long)mt_checksum(MT_CHECKSUM_INIT, text, n - 26));
	CHECK_INT(mt_trained_parse(&again, text, n, "m", &err), -EPROTO);
	CHECK(strstr(err.msg, "other features"));
	mt_trained_free(t);
}

static void errors_are_compared_by_their_geometric_mean(void)
{
	struct mt_judgement a = { .error = { NAN, NAN, NAN } }, b = a;

	CHECK(isnan(mt_judgement_ratio(&a, &b)));
	a.error[MT_TARGET_TOTAL_MS] = 0.1;
	b.error[MT_TARGET_TOTAL_MS] = 0.2;
	CHECK_NEAR(mt_judgement_ratio(&a, &b), 0.5, 1e-12);
	a.error[MT_TARGET_DOWNTIME_MS] = 80;
	b.error[MT_TARGET_DOWNTIME_MS] = 10;
	CHECK_NEAR(mt_judgement_ratio(&a, &b), 2, 1e-12);
	/* What only one of them speaks of says nothing. */
	a.error[MT_TARGET_TRANSFERRED_BYTES] = 9;
	CHECK_NEAR(mt_judgement_ratio(&a, &b), 2, 1e-12);
}

static void too_few_teach_nothing(void)
{
	struct mt_training how = { .trainer = mt_trainer_find("svr"), .seed = 1,
				   .lessons = lessons, .n = MT_TRAIN_LESSONS_MIN - 1,
				   .methods = ~0U };
	struct mt_trained *t;

	for (size_t i = 0; i < LESSONS; i++)
		live(&lessons[i], i, MT_METHOD_XBZRLE);
	CHECK_INT(mt_train(&t, &how), -ENODATA);
	/* Nor do many of one workload: nothing can be held out. */
	how.n = LESSONS;
	for (size_t i = 0; i < LESSONS; i++)
		lessons[i].workload = 7;
	CHECK_INT(mt_train(&t, &how), -ENODATA);
}

static const struct ktap_case cases[] = {
	{ "every trainer learns what the rules do not say",
	  every_trainer_learns_what_the_rules_do_not_say },
	{ "what no rule says is learned by every trainer, too",
	  what_no_rule_says_is_learned_all_the_same },
	{ "where there is only noise the rules stand", noise_is_not_learned },
	{ "the same lessons and seed make the same model", the_same_seed_makes_the_same_model },
	{ "a missing feature is the mean, and said to be missing", a_missing_feature_is_not_0 },
	{ "a model's file gives back what was written, to the last bit",
	  a_file_gives_back_what_was_written },
	{ "a model damaged in any bit, or cut anywhere, is refused",
	  damage_of_any_byte_is_noticed },
	{ "a model that was made up is refused or read, and breaks nothing",
	  nonsense_with_a_right_checksum_is_refused },
	{ "a model of other features is refused, and said to be such", another_schema_is_named },
	{ "errors of two models are compared by their geometric mean",
	  errors_are_compared_by_their_geometric_mean },
	{ "too few migrations, or all of one workload, train nothing", too_few_teach_nothing },
};
KTAP_MAIN(cases)
