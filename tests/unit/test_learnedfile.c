// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_learnedfile.c - what past migrations have taught, to and from files, good and bad
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <migtrace/learnedfile.h>

#include "ktap.h"

static char dir[] = "/tmp/test_learnedfile.XXXXXX";
static char path[64];

static void write_text(const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* Figures that no two places share. */
static struct mt_learned distinct(void)
{
	struct mt_learned l = mt_learned_default;

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		l.figures[m] = (struct mt_learned_figures){
			.setup_ms = 10 + m, .stretch = 1 + m / 32., .switchover_ms = m - 3.5, .bandwidth_share = 1 - m / 32.,
			.wire_share_first = 1 + m / 64., .wire_share_later = 0.3 + m / 64.,
			.pages_per_s_first = m % 2 ? 1e5 + m : INFINITY, .pages_per_s_later = m % 2 ? INFINITY : 2e5 + m,
			.zero_page_us = m, .zero_scan_us = m / 4., .sync_us_per_gib = 100 + m, .guest_speed = 1 + m / 16., .fault_ms = 8 + m,
		};
		for (size_t row = 0; mt_forecast_model_at(row); row++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
				if ((row + m + k) % 3)
					l.residual[row][m][k] = (struct mt_residual){ -1. / (1 + m), row / 8., 1 + k, 1 + m + 10 * k };
	}
	return l;
}

static void test_round_trip(void)
{
	struct mt_learned l = distinct(), again = mt_learned_default;
	struct mt_err err = { 0 };

	CHECK_INT(mt_learned_save(&l, path, &err), 0);
	CHECK_INT(mt_learned_load(&again, path, &err), 0);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		const struct mt_learned_figures *a = &l.figures[m], *b = &again.figures[m];

		CHECK(a->setup_ms == b->setup_ms && a->switchover_ms == b->switchover_ms && a->pages_per_s_first == b->pages_per_s_first);
		CHECK(a->stretch == b->stretch && a->bandwidth_share == b->bandwidth_share && a->pages_per_s_later == b->pages_per_s_later);
		CHECK(a->zero_scan_us == b->zero_scan_us && a->sync_us_per_gib == b->sync_us_per_gib);
		CHECK(a->zero_page_us == b->zero_page_us && a->guest_speed == b->guest_speed && a->fault_ms == b->fault_ms);
		CHECK_NEAR(b->wire_share_first, a->wire_share_first, 1e-14);
		CHECK_NEAR(b->wire_share_later, a->wire_share_later, 1e-14);
		for (size_t row = 0; row < MT_FORECAST_MODELS_MAX; row++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
				const struct mt_residual *x = &l.residual[row][m][k], *y = &again.residual[row][m][k];

				CHECK_INT(y->n, x->n);
				CHECK_NEAR(y->p10, x->p10, 1e-14);
				CHECK(y->p50 == x->p50 && y->p90 == x->p90);
			}
	}
}

/* What a forecast says with a file that was read is what it said with what was saved. */
static void test_same_forecast(void)
{
	struct mt_ucurve d;
	struct mt_learned l = distinct(), again;
	struct mt_forecast_input in = {
		.curve = &d, .memory_bytes = 1 << 28, .cpu_share = NAN, .bandwidth_bytes_per_s = 1 << 26, .downtime_limit_ms = 300,
	};
	struct mt_forecast before, after;
	struct mt_err err = { 0 };

	mt_ucurve_init(&d, 1 << 28);
	mt_ucurve_windows(&d, 1, 10, 1e6, 8e5, 1.2e6);
	CHECK_INT(mt_learned_save(&l, path, &err), 0);
	CHECK_INT(mt_learned_load(&again, path, &err), 0);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		in.method = m;
		in.learned = &l;
		CHECK_INT(mt_forecast(NULL, &in, &before), 0);
		in.learned = &again;
		CHECK_INT(mt_forecast(NULL, &in, &after), 0);
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
			CHECK_NEAR(after.metric[k].p90, before.metric[k].p90, 1e-9 * fabs(before.metric[k].p90));
	}
}

/* From another version: what is not known here is passed over, what is missing is as if nothing had been learned. */
static void test_others(void)
{
	struct mt_err err = { 0 };
	struct mt_learned l;
	unsigned n = 0;

	write_text("{\"type\":\"learned\",\"schema\":1,\"colour\":\"blue\","
		   "\"figures\":{\"precopy\":{\"setup_ms\":7,\"smell\":3},\"teleport\":{\"setup_ms\":9}},"
		   "\"residuals\":[{\"model\":\"prophecy/1\",\"method\":\"precopy\",\"metric\":\"total_ms\",\"n\":3,\"p10\":0,\"p50\":0,\"p90\":0},"
		   "{\"model\":\"recurrence/0\",\"method\":\"precopy\",\"metric\":\"total_ms\",\"n\":3,\"p10\":0,\"p50\":0,\"p90\":0},"
		   "{\"model\":\"nathan/1\",\"method\":\"teleport\",\"metric\":\"total_ms\",\"n\":3,\"p10\":0,\"p50\":0,\"p90\":0},"
		   "{\"model\":\"nathan/1\",\"method\":\"precopy\",\"metric\":\"fright\",\"n\":3,\"p10\":0,\"p50\":0,\"p90\":0},"
		   "{\"model\":\"nathan/1\",\"method\":\"precopy\",\"metric\":\"total_ms\",\"n\":3,\"p10\":-1,\"p50\":0,\"p90\":2}]}");
	CHECK_INT(mt_learned_load(&l, path, &err), 0);
	CHECK(l.figures[MT_METHOD_PRECOPY].setup_ms == 7);
	CHECK(l.figures[MT_METHOD_PRECOPY].switchover_ms == mt_learned_default.figures[MT_METHOD_PRECOPY].switchover_ms);
	CHECK(isinf(l.figures[MT_METHOD_PRECOPY].pages_per_s_first));
	/* Of five residuals one is of a model, a method and a metric that there are. */
	for (size_t row = 0; row < MT_FORECAST_MODELS_MAX; row++)
		for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
				n += l.residual[row][m][k].n;
	CHECK_INT(n, 3);
}

static void test_bad(void)
{
#define HEAD "{\"type\":\"learned\",\"schema\":1,"
#define ROW  "\"model\":\"recurrence/1\",\"method\":\"precopy\",\"metric\":\"total_ms\","
	static const struct {
		const char *text, *says;
		int rc;
	} bad[] = {
		{ "", "line", -EBADMSG },
		{ "dear diary", "line 1", -EBADMSG },
		{ "[]", "--save", -EBADMSG },
		{ "{}", "--save", -EBADMSG },
		{ "{\"type\":\"header\",\"schema\":1}", "--save", -EBADMSG },
		{ "{\"type\":\"learned\"}", "--save", -EBADMSG },
		{ "{\"type\":\"learned\",\"schema\":\"1\"}", "--save", -EBADMSG },
		{ "{\"type\":\"learned\",\"schema\":2}", "later migtrace", -EPROTO },
		{ HEAD "\"figures\":{\"precopy\":{\"setup_ms\":\"long\"}}}", "setup_ms", -EBADMSG },
		{ HEAD "\"figures\":{\"xbzrle\":{\"wire_share_later\":0}}}", "wire_share_later\" of xbzrle", -EBADMSG },
		{ HEAD "\"figures\":{\"precopy\":{\"pages_per_s_first\":-5}}}", "pages_per_s_first", -EBADMSG },
		{ HEAD "\"residuals\":[{}]}", "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":-1,\"p10\":0,\"p50\":0,\"p90\":0}]}", "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":99999999999,\"p10\":0,\"p50\":0,\"p90\":0}]}", "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":3,\"p10\":0,\"p50\":null,\"p90\":0}]}", "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":3,\"p10\":1,\"p50\":0,\"p90\":2}]}", "residual 1", -EBADMSG },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(bad); i++) {
		struct mt_learned l = distinct();
		struct mt_err err = { 0 };

		write_text(bad[i].text);
		printf("# %s\n", bad[i].text);
		CHECK_INT(mt_learned_load(&l, path, &err), bad[i].rc);
		CHECK(strstr(err.msg, bad[i].says) && strstr(err.msg, path) && !strchr(err.msg, '\n'));
		CHECK(l.figures[1].setup_ms == 11);
		CHECK_INT(mt_learned_load(&l, path, NULL), bad[i].rc);
	}
}

static void test_files(void)
{
	struct mt_learned l = mt_learned_default;
	struct mt_err err = { 0 };
	char other[96];

	CHECK_INT(mt_learned_load(&l, dir, &err), -EISDIR);
	snprintf(other, sizeof(other), "%s/nowhere", dir);
	err.code = 0;
	CHECK_INT(mt_learned_load(&l, other, &err), -ENOENT);
	/* It would be refused by its first bytes, but is not even read. */
	write_text("{");
	CHECK(!truncate(path, 100LL << 20));
	err.code = 0;
	CHECK_INT(mt_learned_load(&l, path, &err), -EFBIG);
	snprintf(other, sizeof(other), "%s/nowhere/x", dir);
	err.code = 0;
	CHECK_INT(mt_learned_save(&l, other, &err), -ENOENT);
	/* What was there stays where what is new cannot be put, and nothing is left beside. */
	err.code = 0;
	CHECK_INT(mt_learned_save(&l, dir, &err), -EISDIR);
	snprintf(other, sizeof(other), "%s.part", dir);
	CHECK(access(other, F_OK));
}

static const struct ktap_case cases[] = {
	{ "saved and loaded", test_round_trip },
	{ "forecasts are the same with it", test_same_forecast },
	{ "what is not known here is ignored", test_others },
	{ "bad files are refused, in one line", test_bad },
	{ "files that cannot be read or written", test_files },
};

int main(void)
{
	int bad;

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/learned.json", dir);
	bad = ktap_main(cases, MT_ARRAY_SIZE(cases));
	unlink(path);
	rmdir(dir);
	return bad;
}
