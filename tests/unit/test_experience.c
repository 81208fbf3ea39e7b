// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_experience.c - what past migrations have taught, to and from files, good and bad
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/experience.h"
#include "ktap.h"
#include "scratch.h"

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
			.setup_ms = 10 + m, .stretch = 1 + m / 32., .switchover_ms = m - 3.5,
			.bandwidth_share = 1 - m / 32.,
			.wire_share_first = 1 + m / 64., .wire_share_later = 0.3 + m / 64.,
			.pages_per_s_first = m % 2 ? 1e5 + m : INFINITY,
			.pages_per_s_later = m % 2 ? INFINITY : 2e5 + m,
			.zero_page_us = m, .zero_scan_us = m / 4., .sync_us_per_gib = 100 + m,
			.guest_speed = 1 + m / 16., .fault_ms = 8 + m,
		};
		for (size_t row = 0; mt_forecast_model_at(row); row++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
				if ((row + m + k) % 3)
					l.residual[row][m][k] =
						(struct mt_residual){ -1. / (1 + m), row / 32.,
								      1 + k, 1 + m + 10 * k };
	}
	return l;
}

/* One set, of all destinations, with the same at each stage; and the last of those stages back. */
static int save(const struct mt_learned *l, const char *to, struct mt_err *err)
{
	struct mt_experience e = {
		.source = "host1", .migrations = 7, .oldest_ms = 1000, .newest_ms = 5000
	};

	for (size_t i = 0; i < MT_FORECAST_STAGES; i++)
		e.stage[i] = *l;
	return mt_experience_save(&e, 1, to, err);
}

static int load_stage(struct mt_learned *l, size_t stage, const char *from, struct mt_err *err)
{
	struct mt_experience e;
	int rc;

	mt_experience_init(&e);
	e.stage[stage] = *l;
	rc = mt_experience_load(&e, from, NULL, err);
	*l = e.stage[stage];
	return rc;
}

static int load(struct mt_learned *l, const char *from, struct mt_err *err)
{
	return load_stage(l, MT_FORECAST_BEFORE, from, err);
}

static void test_round_trip(void)
{
	struct mt_learned l = distinct(), again = mt_learned_default;
	struct mt_err err = { 0 };

	CHECK_INT(save(&l, path, &err), 0);
	CHECK_INT(load_stage(&again, MT_FORECAST_LATER, path, &err), 0);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		const struct mt_learned_figures *a = &l.figures[m], *b = &again.figures[m];

		CHECK(a->setup_ms == b->setup_ms && a->switchover_ms == b->switchover_ms &&
		      a->pages_per_s_first == b->pages_per_s_first);
		CHECK(a->stretch == b->stretch && a->bandwidth_share == b->bandwidth_share &&
		      a->pages_per_s_later == b->pages_per_s_later);
		CHECK(a->zero_scan_us == b->zero_scan_us &&
		      a->sync_us_per_gib == b->sync_us_per_gib);
		CHECK(a->zero_page_us == b->zero_page_us && a->guest_speed == b->guest_speed &&
		      a->fault_ms == b->fault_ms);
		CHECK_NEAR(b->wire_share_first, a->wire_share_first, 1e-14);
		CHECK_NEAR(b->wire_share_later, a->wire_share_later, 1e-14);
		for (size_t row = 0; row < MT_FORECAST_MODELS_MAX; row++)
			for (unsigned k = 0; k < MT_METRIC_COUNT; k++) {
				const struct mt_residual *x = &l.residual[row][m][k],
							 *y = &again.residual[row][m][k];

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
		.curve = &d, .memory_bytes = 1 << 28, .cpu_share = NAN,
		.bandwidth_bytes_per_s = 1 << 26, .downtime_limit_ms = 300,
	};
	struct mt_forecast before, after;
	struct mt_err err = { 0 };

	mt_ucurve_init(&d, 1 << 28);
	mt_ucurve_windows(&d, 1, 10, 1e6, 8e5, 1.2e6);
	CHECK_INT(save(&l, path, &err), 0);
	CHECK_INT(load(&again, path, &err), 0);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++) {
		in.method = m;
		in.learned = &l;
		CHECK_INT(mt_forecast(NULL, &in, &before), 0);
		in.learned = &again;
		CHECK_INT(mt_forecast(NULL, &in, &after), 0);
		for (unsigned k = 0; k < MT_METRIC_COUNT; k++)
			CHECK_NEAR(after.metric[k].p90, before.metric[k].p90,
				   1e-9 * fabs(before.metric[k].p90));
	}
}

/*
 * From another version: what is not known here is passed over, what is missing is as if nothing had
 * been learned.
 */
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
	CHECK_INT(load(&l, path, &err), 0);
	CHECK(l.figures[MT_METHOD_PRECOPY].setup_ms == 7);
	CHECK(l.figures[MT_METHOD_PRECOPY].switchover_ms ==
	      mt_learned_default.figures[MT_METHOD_PRECOPY].switchover_ms);
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
		{ "{\"type\":\"learned\",\"schema\":3}", "later migtrace", -EPROTO },
		{ "{\"type\":\"learned\",\"schema\":2}", "no set", -EBADMSG },
		{ "{\"type\":\"learned\",\"schema\":2,\"sets\":[{\"destination\":\"b\"}]}",
		  "no set", -EBADMSG },
		{ "{\"type\":\"learned\",\"schema\":2,\"sets\":[{\"stages\":[{},{\"figures\":{\"precopy\":{\"stretch\":0}}}]}]}",
		  "stretch", -EBADMSG },
		{ HEAD "\"figures\":{\"precopy\":{\"setup_ms\":\"long\"}}}", "setup_ms", -EBADMSG },
		{ HEAD "\"figures\":{\"xbzrle\":{\"wire_share_later\":0}}}",
		  "wire_share_later\" of xbzrle", -EBADMSG },
		{ HEAD "\"figures\":{\"precopy\":{\"pages_per_s_first\":-5}}}", "pages_per_s_first",
		  -EBADMSG },
		{ HEAD "\"residuals\":[{}]}", "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":-1,\"p10\":0,\"p50\":0,\"p90\":0}]}",
		  "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":99999999999,\"p10\":0,\"p50\":0,\"p90\":0}]}",
		  "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":3,\"p10\":0,\"p50\":null,\"p90\":0}]}",
		  "residual 1", -EBADMSG },
		{ HEAD "\"residuals\":[{" ROW "\"n\":3,\"p10\":1,\"p50\":0,\"p90\":2}]}",
		  "residual 1", -EBADMSG },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(bad); i++) {
		struct mt_learned l = distinct();
		struct mt_err err = { 0 };

		write_text(bad[i].text);
		printf("# %s\n", bad[i].text);
		CHECK_INT(load(&l, path, &err), bad[i].rc);
		CHECK(strstr(err.msg, bad[i].says) && strstr(err.msg, path) &&
		      !strchr(err.msg, '\n'));
		CHECK(l.figures[1].setup_ms == 11);
		CHECK_INT(load(&l, path, NULL), bad[i].rc);
	}
}

static void test_files(void)
{
	struct mt_learned l = mt_learned_default;
	struct mt_err err = { 0 };
	char other[96];

	CHECK_INT(load(&l, dir, &err), -EISDIR);
	snprintf(other, sizeof(other), "%s/nowhere", dir);
	err.code = 0;
	CHECK_INT(load(&l, other, &err), -ENOENT);
	/* It would be refused by its first bytes, but is not even read. */
	write_text("{");
	CHECK(!truncate(path, 100LL << 20));
	err.code = 0;
	CHECK_INT(load(&l, path, &err), -EFBIG);
	snprintf(other, sizeof(other), "%s/nowhere/x", dir);
	err.code = 0;
	CHECK_INT(save(&l, other, &err), -ENOENT);
	/* What was there stays where what is new cannot be put, and nothing is left beside. */
	err.code = 0;
	CHECK_INT(save(&l, dir, &err), -EISDIR);
	snprintf(other, sizeof(other), "%s.part", dir);
	CHECK(access(other, F_OK));
}

/* What is known of a destination counts there, what is known of all elsewhere. */
static void test_destinations(void)
{
	struct mt_experience sets[2] = { { .source = "host1",
					   .migrations = 9,
					   .oldest_ms = 1000,
					   .newest_ms = 86400000 },
					 { .destination = "host2", .migrations = 4 } },
			     e;
	struct mt_err err = { 0 };
	char line[256];

	for (size_t i = 0; i < MT_FORECAST_STAGES; i++) {
		sets[0].stage[i] = sets[1].stage[i] = mt_learned_default;
		sets[1].stage[i].figures[MT_METHOD_PRECOPY].switchover_ms = 77 + i;
	}
	CHECK_INT(mt_experience_save(sets, 2, path, &err), 0);
	CHECK_INT(mt_experience_load(&e, path, "qemu+tls://root@host2:16514/system", &err), 0);
	CHECK(!strcmp(e.destination, "host2") && !strcmp(e.source, "host1"));
	CHECK_INT(e.migrations, 4);
	CHECK(e.stage[MT_FORECAST_PASS_2].figures[MT_METHOD_PRECOPY].switchover_ms ==
	      77 + MT_FORECAST_PASS_2);
	CHECK_INT(mt_experience_load(&e, path, "qemu+tls://host3/system", &err), 0);
	CHECK(!*e.destination);
	CHECK_INT(e.migrations, 9);
	mt_experience_describe(&e, 3 * 86400000ULL, line, sizeof(line));
	CHECK(strstr(line, "learned from 9 migrations of host1, the newest ") &&
	      strstr(line, " ago"));
	printf("# %s\n", line);
	mt_experience_init(&e);
	mt_experience_describe(&e, 0, line, sizeof(line));
	CHECK(strstr(line, "other hosts"));
}

static void test_host(void)
{
	static const struct { const char *uri, *host; } rows[] = {
		{ "qemu:///system", "" }, { NULL, "" }, { "qemu+tls://host2/system", "host2" },
		{ "host2", "" },
		{ "qemu+ssh://root@host2:22/system", "host2" },
		{ "qemu+tcp://[fd00::2]:16509/system", "[fd00::2]" },
		{ "qemu+tcp://10.0.0.2/system?x=a@b", "10.0.0.2" }, { "tcp://host2", "host2" },
	};
	char host[MT_EXPERIENCE_HOST_MAX], longer[2 * MT_EXPERIENCE_HOST_MAX] = "qemu://";

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		mt_experience_host(host, rows[i].uri);
		CHECK(!strcmp(host, rows[i].host));
	}
	memset(longer + 7, 'h', sizeof(longer) - 8);
	mt_experience_host(host, longer);
	CHECK_INT(strlen(host), MT_EXPERIENCE_HOST_MAX - 1);
}

/*
 * Real recordings: what they teach is within reason, and the file says from how many. A directory
 * without any leaves no file.
 */
static void test_recordings(void)
{
	struct mt_err err = { 0 };
	struct mt_experience e;
	unsigned read = 0;
	char other[96];

	unlink(path);
	CHECK_INT(mt_experience_learn(dir, "host1", path, &read, &err), 0);
	CHECK_INT(read, 0);
	CHECK(access(path, F_OK));
	snprintf(other, sizeof(other), "%s/nowhere", dir);
	CHECK_INT(mt_experience_learn(other, "host1", path, &read, &err), -ENOENT);
	CHECK(strstr(err.msg, other));
	err.code = 0;
	if (mt_experience_learn("tests/data/campaign/lab/runs", "lab", path, &read, &err) ==
	    -ENOENT)
		SKIP("no recordings here: run it from the top-level directory");
	CHECK(read >= 15 && read <= MT_EXPERIENCE_RECORDINGS);
	CHECK_INT(mt_experience_load(&e, path, NULL, &err), 0);
	CHECK(!strcmp(e.source, "lab") && e.migrations >= 15 && e.migrations <= read);
	CHECK(e.oldest_ms && e.oldest_ms <= e.newest_ms);
	for (unsigned stage = 0; stage < MT_FORECAST_STAGES; stage++) {
		const struct mt_learned_figures *f = &e.stage[stage].figures[MT_METHOD_PRECOPY];

		printf("# stage %u: set-up %.0f, switchover %.0f ms\n", stage, f->setup_ms,
		       f->switchover_ms);
		CHECK(f->switchover_ms !=
		      mt_learned_prior[stage].figures[MT_METHOD_PRECOPY].switchover_ms);
		CHECK(f->switchover_ms > -200 && f->switchover_ms < 500 && f->setup_ms > -200 &&
		      f->setup_ms < 1500);
		/* Of the lab's encoded migrations there are a handful. */
		CHECK(e.stage[stage].residual[0][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS].n >=
		      mt_learned_prior[stage].residual[0][MT_METHOD_PRECOPY][MT_METRIC_TOTAL_MS].n);
	}
}

static const struct ktap_case cases[] = {
	{ "a directory of recordings teaches", test_recordings },
	{ "experience is by destination, or of all", test_destinations },
	{ "a host's name is found in a URI", test_host },
	{ "what is saved is loaded again", test_round_trip },
	{ "forecasts are the same with it", test_same_forecast },
	{ "what is not known here is ignored", test_others },
	{ "bad files are refused, in one line", test_bad },
	{ "files that cannot be read or written", test_files },
};

int main(void)
{
	snprintf(path, sizeof(path), "%s/learned.json", dir);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
