// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_evaluate.c - how forecasts and verdicts are judged, against figures reckoned by hand
 */
#include <errno.h>
#include <unistd.h>

#include "base/units.h"
#include "research/evaluate/evaluate_campaign.h"
#include "research/evaluate/evaluate_verdict.h"
#include "ktap.h"
#include "migration.h"

/* --- one forecast ------------------------------------------------------------- */
static struct evaluate_case a_case(const struct mt_run *run, bool ended)
{
	return (struct evaluate_case){
		.run = run, .climatology = 0.5,
		.learned = { .ended = ended, .real = { 10000, 500e6, 260, NAN } },
	};
}

static struct mt_forecast a_forecast(double ends)
{
	return (struct mt_forecast){ .ends = ends,
				     .metric = { { 9000, 11000, 12000 },
						 { 400e6, 450e6, INFINITY },
						 { 200, 200, 200 },
						 { NAN, NAN, NAN } } };
}

static void ended_as_said(void)
{
	const struct mt_run run = { .method = MT_METHOD_PRECOPY };
	const struct evaluate_case c = a_case(&run, true);
	struct evaluate_result r = { .of = &c, .forecast = a_forecast(0.8) };

	evaluate_judge(&r);
	CHECK_NEAR(r.error[ERROR_TOTAL], 0.1, 1e-12);		/* 11 s for 10 */
	CHECK_NEAR(r.error[ERROR_TRAFFIC], 0.1, 1e-12);
	CHECK_NEAR(r.error[ERROR_DOWNTIME], 60, 1e-12);
	CHECK(isnan(r.error[ERROR_STALL]) && isnan(r.error[COVERED_STALL]) &&
	      isnan(r.error[POINT_STALL]));
	CHECK_NEAR(r.error[ERROR_WRONG_VERDICT], 0, 0);
	CHECK_NEAR(r.error[ERROR_SAID_NOT_TO_END], 0, 0);
	CHECK(isnan(r.error[ERROR_SAID_TO_END]));
	CHECK_NEAR(r.error[ERROR_BAD], 0, 0);
	CHECK_NEAR(r.error[COVERED_TOTAL], 1, 0);
	CHECK_NEAR(r.error[COVERED_TRAFFIC], 1, 0);		/* up to infinity */
	CHECK_NEAR(r.error[COVERED_DOWNTIME], 0, 0);
	CHECK_NEAR(r.error[POINT_TOTAL], 0, 0);
	CHECK_NEAR(r.error[POINT_DOWNTIME], 1, 0);
	CHECK_NEAR(r.error[BRIER], 0.04, 1e-12);		/* (0.8 - 1)^2 */
	CHECK_NEAR(r.error[BRIER_CLIMATOLOGY], 0.25, 1e-12);
}

static void cancelled_but_said_to_end(void)
{
	const struct mt_run run = { .method = MT_METHOD_AUTOCONVERGE };
	struct evaluate_case c = a_case(&run, false);
	struct evaluate_result r = { .of = &c, .model = "x", .forecast = a_forecast(0.7) };

	c.live.model = r.model;
	c.floor_ms = 300;
	c.settled_ms = 400;

	evaluate_judge(&r);
	CHECK_NEAR(r.error[ERROR_WRONG_VERDICT], 1, 0);
	CHECK_NEAR(r.error[ERROR_SAID_TO_END], 1, 0);
	CHECK(isnan(r.error[ERROR_SAID_NOT_TO_END]));
	CHECK_NEAR(r.error[ERROR_BAD], 1, 0);
	CHECK_NEAR(r.error[BRIER], 0.49, 1e-12);
	CHECK_NEAR(r.error[ERROR_SETTLED], 0.25, 1e-12);
	for (int e = ERROR_TOTAL; e <= ERROR_STALL; e++)
		CHECK(isnan(r.error[e]));
	for (int e = COVERED_TOTAL; e <= POINT_STALL; e++)
		CHECK(isnan(r.error[e]));
}

/* That a flip ends is no merit of a forecast. */
static void flipped(void)
{
	const struct mt_run run = { .method = MT_METHOD_HYBRID };
	const struct evaluate_case c = a_case(&run, true);
	struct evaluate_result r = { .of = &c, .forecast = a_forecast(1) };

	evaluate_judge(&r);
	CHECK(isnan(r.error[ERROR_WRONG_VERDICT]) && isnan(r.error[BRIER]));
	CHECK_NEAR(r.error[ERROR_TOTAL], 0.1, 1e-12);
}

/* Of the others' migrations, by the same method and of the same group, two of three ended. */
static void climatology(void)
{
	const struct mt_run runs[] = {
		{ .where = "here", .workload = "mine" }, { .where = "here", .workload = "a" },
		{ .where = "here", .workload = "a" },
		{ .where = "here", .workload = "b" }, { .where = "there", .workload = "b" },
		{ .where = "here", .workload = "b", .method = MT_METHOD_XBZRLE },
	};
	struct evaluate_case cases[MT_ARRAY_SIZE(runs)], *v[MT_ARRAY_SIZE(runs)];
	const struct evaluate_set set = { .v = v, .n = MT_ARRAY_SIZE(runs) };
	const bool ended[] = { false, true, false, true, false, false };

	for (size_t i = 0; i < set.n; i++) {
		cases[i] = a_case(&runs[i], ended[i]);
		v[i] = &cases[i];
	}
	evaluate_climatology(&set);
	CHECK_NEAR(cases[0].climatology, 2 / 3., 1e-12);
	CHECK_NEAR(cases[1].climatology, 1 / 2., 1e-12);	/* mine and b */
	CHECK(isnan(cases[4].climatology));		/* nobody else is there */
}

/* --- the live model's word ------------------------------------------------------ */
static void live_prediction(void)
{
	const struct mt_prediction p = {
		.model = MT_OUTLOOK_MODEL, .verdict = MT_VERDICT_CONVERGES, .ends = 0.8,
		.total_ms = { 5500, 6000, INFINITY },
		.transferred_bytes = { 1, 2, 3 }, .downtime_ms = { 100, 200, 300 },
	};
	struct mt_prediction other = p;
	struct mt_run run = { .prepare_ms = 1000, .cap_ms = 5000 };
	struct mt_forecast f;

	evaluate_live_forecast(&f, &p, &run);
	CHECK_STR(f.model, MT_OUTLOOK_MODEL);
	CHECK_NEAR(f.ends, 0.8, 0);			/* 6 s less 1 s, and it is cancelled after
							 * 5 */
	CHECK_NEAR(f.metric[MT_METRIC_TOTAL_MS].p50, 5000, 0);
	CHECK(isinf(f.metric[MT_METRIC_TOTAL_MS].p90));
	CHECK_NEAR(f.metric[MT_METRIC_DOWNTIME_MS].p90, 300, 0);
	CHECK(isnan(f.metric[MT_METRIC_STALL_MS].p50));
	run.cap_ms = 4750;				/* half way from the 10th to the 50th
							 * percentile */
	evaluate_live_forecast(&f, &p, &run);
	CHECK_NEAR(f.ends, 0.3, 1e-12);
	run.cap_ms = 4499;
	evaluate_live_forecast(&f, &p, &run);
	CHECK_NEAR(f.ends, 0, 0);
	run.cap_ms = run.prepare_ms = NAN;
	other.verdict = MT_VERDICT_OPEN;
	other.ends = 0.2;
	evaluate_live_forecast(&f, &other, &run);
	CHECK(f.model && f.ends == 0.2 && isnan(f.metric[MT_METRIC_TOTAL_MS].p50));
	other.verdict = MT_VERDICT_UNKNOWN;
	evaluate_live_forecast(&f, &other, &run);
	CHECK(!f.model);
}

/* --- through the engine ----------------------------------------------------------- */
#define SAMPLES_MAX	4096

static size_t record(struct mt_entry *entries, const char *guest)
{
	static struct migration m;
	size_t n = 0, g = 0;

	while (strcmp(migration_guests[g].name, guest))
		g++;
	migration_init(&m, &migration_guests[g], MIGRATION_LINK, MIGRATION_LIMIT_MS, 1);
	while (n < SAMPLES_MAX && migration_ms(&m) < 60000 &&
	       migration_next(&m, &entries[n].sample))
		entries[n++].type = MT_ENTRY_SAMPLE;
	return n;
}

/* What the engine says when it is fed by hand, at the boundary that ended pass @passes. */
static bool by_hand(struct mt_prediction *p, const struct mt_entry *entries, size_t n,
		    uint64_t passes, const struct mt_limits *limits)
{
	static struct mt_engine e;
	struct mt_plan plan;

	mt_engine_init(&e, mt_policy_find("qemu"), limits);
	for (size_t i = 0; i < n; i++)
		if (mt_engine_feed(&e, &entries[i].sample, &plan) && e.iterations.total == passes) {
			*p = e.prediction;
			return true;
		}
	return false;
}

/* The moments are those of the engine, and the decision that of the default policy. */
static void moments(const char *guest, enum mt_action action, unsigned passes, double *settled_ms,
		    double *late)
{
	static struct mt_entry entries[SAMPLES_MAX];
	static struct evaluate_replayed r;
	struct mt_recording rec = { .entries = entries, .header = { .limits = MT_LIMITS_UNSET } };
	struct mt_prediction p;

	rec.n_entries = record(entries, guest);
	rec.header.limits.max_downtime_ms = MIGRATION_ALLOWED_MS;
	rec.header.limits.qemu_limit_ms = MIGRATION_LIMIT_MS;
	evaluate_replay(&r, &rec, MT_METHOD_PRECOPY, NULL);
	CHECK(!r.at[MOMENT_START].reached);
	for (uint64_t k = 1; k <= 3; k++) {
		const struct evaluate_boundary *b = &r.at[MOMENT_PASS_1 + k - 1];

		CHECK_INT(b->reached, by_hand(&p, entries, rec.n_entries, k, &rec.header.limits));
		CHECK_INT(b->iterations.total, b->reached ? k : 0);
		CHECK(!b->reached ||
		      (p.verdict == b->prediction.verdict && p.floor_ms == b->prediction.floor_ms &&
		       p.total_ms.p50 == b->prediction.total_ms.p50));
	}
	CHECK_INT(r.decided.action, action);
	CHECK_NEAR(r.allowed_ms, MIGRATION_ALLOWED_MS, 0);
	CHECK(r.at[MOMENT_DECISION].reached);
	CHECK_INT(r.at[MOMENT_DECISION].iterations.total, passes);
	*settled_ms = r.settled_ms;
	*late = r.at[MOMENT_40_S].reached ? (double)r.at[MOMENT_40_S].iterations.last.total_ms :
					    NAN;
}

static void ends_by_itself(void)
{
	double settled_ms, late;

	moments("uniform, slow", MT_ACTION_CONTINUE, 2, &settled_ms, &late);
	CHECK(isnan(late));
}

static void given_up(void)
{
	double settled_ms, late;

	moments("uniform, 2.4 x the link", MT_ACTION_ABORT, 3, &settled_ms, &late);
	/* It goes on for the 60 s that are played, with passes of at most 2 s. */
	CHECK(late <= 40000 && late > 37900);
	/*
	 * 20000 writes/s at random over W = 16384 pages, 8176 pages/s sent. A pass leaves D = c +
	 * (W - c) (1 - exp(-20000 T / W)) pages with T = (D - c) / 8176 s, c = 2453 - 204 being
	 * kept back, half a step below the threshold: D = 13903, or 1697 ms at 32 MiB/s, and 120 ms
	 * for the rest of a pause.
	 */
	CHECK_NEAR(settled_ms, 1817, 20);
}

/* --- a migration without a campaign ------------------------------------------------- */
#define ANSWER(t, status, more) \
	"{\"t_monotonic\": " t ", \"query_migrate\": {\"status\": \"" status "\"" more "}}"
#define RAM(pass, left, sent) \
	", \"ram\": {\"total\": 1073741824, \"remaining\": " left ", \"transferred\": " sent ", " \
	"\"dirty-sync-count\": " pass ", \"page-size\": 4096}"
/* Its first pass takes 10 s, so it is taken for cancelled 36 s after its begin. */
#define BEGIN \
	"[" ANSWER("100", "active", ", \"total-time\": 0" RAM("1", "1073741824", "0")) \
	"," ANSWER("110", "active", ", \"total-time\": 10000" RAM("2", "536870912", "1073741824"))

static int load_series(struct mt_runs *runs, const char *text)
{
	char dir[] = "/tmp/migtrace-evaluate.XXXXXX", path[64];
	struct mt_err err = { 0 };
	FILE *f;
	int rc;

	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/run.json", dir);
	f = fopen(path, "w");
	if (!f)
		return -1;
	fputs(text, f);
	fclose(f);
	rc = evaluate_series(runs, path, &err);
	unlink(path);
	rmdir(dir);
	return rc;
}

static void series(void)
{
	struct mt_runs runs;

	/* The answer that says so has no figures; what is asked after it does not count. */
	CHECK_INT(load_series(&runs, BEGIN "," ANSWER("135", "completed",
						      "") "," ANSWER("200", "completed", "") "]"),
		  0);
	CHECK_INT(runs.n, 1);
	CHECK(runs.v[0].converged && runs.v[0].outcome == MT_OUTCOME_COMPLETED);
	CHECK_NEAR(runs.v[0].total_ms, 35000, 0);
	CHECK_NEAR(runs.v[0].cap_ms, 36000, 0);
	CHECK_NEAR(runs.v[0].memory_bytes, 1073741824, 0);
	CHECK_STR(runs.v[0].where, "tmp");
	CHECK(!strncmp(runs.v[0].workload, "migtrace-evaluate.", 18) &&
	      isnan(runs.v[0].downtime_ms));
	mt_runs_free(&runs);
	CHECK_INT(load_series(&runs, BEGIN "," ANSWER("137", "completed", "") "]"), 0);
	CHECK(!runs.v[0].converged);
	mt_runs_free(&runs);
	/* Never completed: what is known of it ends with it. */
	CHECK_INT(load_series(&runs, BEGIN "," ANSWER("120", "cancelled", "") "]"), 0);
	CHECK(!runs.v[0].converged && runs.v[0].outcome == MT_OUTCOME_ABORTED);
	CHECK_NEAR(runs.v[0].cap_ms, 20000, 0);
	mt_runs_free(&runs);
	CHECK(load_series(&runs, BEGIN "," ANSWER("120", "postcopy-active",
						  "") "," ANSWER("121", "completed", "") "]") == 0);
	CHECK(!runs.v[0].converged && runs.v[0].method == MT_METHOD_HYBRID);
	mt_runs_free(&runs);
	/* Without a whole pass there is nothing to forecast. */
	CHECK_INT(load_series(&runs, "[" ANSWER("100", "active",
						", \"total-time\": 0" RAM("1", "1", "0")) "]"),
		  -ENODATA);
}

/* --- verdicts counted ---------------------------------------------------------------- */
static void counted(void)
{
	const struct mt_run good = { .converged = true, .downtime_ms = 200 };
	const struct mt_run slow = { .converged = true, .downtime_ms = 600 };
	const struct mt_run never = { .downtime_ms = NAN };
	const struct mt_run encoded = { .converged = true,
					.method = MT_METHOD_XBZRLE,
					.downtime_ms = NAN };
	struct evaluate_verdict v[] = {
		{ &good, "x", MT_ACTION_CONTINUE, NAN, 3, 500 },
		/* wrong, and within the limit */
		{ &good, "x", MT_ACTION_ABORT, 4000, 3, 500 },
		{ &slow, "x", MT_ACTION_ABORT, 4000, 3, 500 },		/* wrong */
		{ &good, "x", MT_ACTION_STOP, 4000, 3, 500 },
		{ &never, "x", MT_ACTION_ABORT, 5000, 3, 500 },
		{ &never, "x", MT_ACTION_ABORT, 8000, 3, 500 },
		{ &never, "x", MT_ACTION_CONTINUE, NAN, 3, 500 },		/* wrong */
		/* wrong; its pause is not known */
		{ &encoded, "y", MT_ACTION_ABORT, 4000, 3, 500 },
	};
	const struct evaluate_verdicts all = { v, MT_ARRAY_SIZE(v) };
	const bool wrong[] = { false, true, true, false, false, false, true, true };
	double values[MT_ARRAY_SIZE(v)];
	struct evaluate_verdict_counts c =
		evaluate_verdict_count(&all, "x", MT_METHOD_COUNT, values);

	CHECK_INT(c.completed, 4);
	CHECK_INT(c.aborted, 2);
	CHECK_INT(c.aborted_within, 1);
	CHECK_INT(c.stopped, 1);
	CHECK_INT(c.hopeless, 3);
	CHECK_INT(c.given_up, 2);
	CHECK_INT(c.hopeless_stopped, 0);
	CHECK_INT(c.kept, 1);
	CHECK_NEAR(c.give_up_ms, 6500, 0);
	c = evaluate_verdict_count(&all, NULL, MT_METHOD_XBZRLE, values);
	CHECK_INT(c.completed, 1);
	CHECK_INT(c.aborted, 1);
	CHECK_INT(c.aborted_within, 0);
	CHECK(isnan(c.give_up_ms));
	c = evaluate_verdict_count(&all, NULL, MT_METHOD_COUNT, values);
	CHECK_INT(c.completed, 5);
	for (size_t i = 0; i < all.n; i++)
		CHECK_INT(evaluate_verdict_is_wrong(&v[i]), wrong[i]);
}

static const struct ktap_case cases[] = {
	{ "a migration that ended as it was said to", ended_as_said },
	{ "one that was cancelled and was said to end", cancelled_but_said_to_end },
	{ "a flip has no verdict", flipped },
	{ "climatology is the share of other workloads' that ended", climatology },
	{ "the live model's prediction as a forecast", live_prediction },
	{ "moments of a migration that ends by itself are the engine's", ends_by_itself },
	{ "and of one that is given up", given_up },
	{ "a migration without a campaign ends, or is taken for cancelled", series },
	{ "verdicts are counted by campaign and method", counted },
};

KTAP_MAIN(cases)
