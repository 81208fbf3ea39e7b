// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_past.c - what the history takes from recordings and campaigns
 */
#include <sys/stat.h>

#include "history/past.h"
#include "store/record.h"
#include "ktap.h"
#include "scratch.h"

#define S	1000000000ULL
#define MANY	300		/* decisions, more than are kept */

static struct mt_past seen[4];
static struct mt_past_decision decided[MT_PAST_DECISIONS_MAX];	/* of the last one */
static size_t n_seen;

static int see(const struct mt_past *p, void *opaque)
{
	if (n_seen < 4)
		seen[n_seen] = *p;
	memcpy(decided, p->decisions, p->n_decisions * sizeof(*decided));
	n_seen++;
	return 0;
}

static int read_file(const char *path)
{
	n_seen = 0;
	return mt_past_of_file(path, "here", see, NULL, NULL);
}

static void look(struct mt_recorder *r, uint64_t t_ns, enum mt_status status, uint64_t pass,
		 uint64_t total_ms)
{
	struct mt_sample s = { .t_ns = t_ns, .status = status, .boundary = true };

	mt_sample_set(&s, total_ms, total_ms);
	if (status == MT_STATUS_ACTIVE)
		mt_sample_set(&s, iteration, pass);
	mt_sample_set(&s, memory_bytes, 1 << 28);
	mt_recorder_sample(r, &s);
}

static void decide(struct mt_recorder *r, uint64_t t_ns, uint64_t pass, enum mt_action action,
		   double total_ms)
{
	struct mt_record_decision d = {
		.t_ns = t_ns, .iteration = pass, .total_ms = 1000 * pass,
		.plan = { .action = action, .reason = "why" },
		.applied = action == MT_ACTION_CONTINUE ? NULL : "done",
		.prediction = { .model = "m/1", .verdict = MT_VERDICT_CONVERGES,
				.total_ms = { total_ms - 1, total_ms, total_ms + 1 },
				.downtime_ms = { 1, 2, 3 } },
	};

	mt_recorder_decision(r, &d);
}

/* Two migrations of one guest: one that is cancelled, and the next, which completes. */
static const char *record(void)
{
	static char path[512];
	struct mt_record_header h = { .domain = "web\x1b[2J", .uuid = "u", .policy = "predict",
				      .source = "qemu+ssh://root@host1:22/system",
				      .destination = "qemu+tls://[fe80::1]:16514/system",
				      .start_wall_ms = 1700000000000, .start_t_ns = 10 * S,
				      .limits = MT_LIMITS_UNSET };
	struct mt_record_outcome o = { .t_ns = 90 * S, .outcome = MT_OUTCOME_COMPLETED,
				       .detail = "it runs",
				       .destination = "qemu+ssh://host3/system",
				       .final.status = MT_STATUS_COMPLETED };
	struct mt_recorder *r;

	h.limits.max_downtime_ms = 300;
	snprintf(path, sizeof(path), "%s", in_dir("two.mtrec"));
	unlink(path);
	if (mt_recorder_open(&r, path, &h, NULL))
		abort();
	look(r, 11 * S, MT_STATUS_ACTIVE, 1, 1000);
	decide(r, 11 * S, 1, MT_ACTION_CONTINUE, 5);	/* no pass is over yet */
	look(r, 12 * S, MT_STATUS_CANCELLED, 0, 2000);
	look(r, 40 * S, MT_STATUS_ACTIVE, 1, 100);
	decide(r, 42 * S, 2, MT_ACTION_CONTINUE, 7000);
	look(r, 42 * S, MT_STATUS_ACTIVE, 2, 2100);
	decide(r, 43 * S, 2, MT_ACTION_CONTINUE, 8000);	/* still that pass */
	for (unsigned i = 0; i < MANY; i++)
		decide(r, 44 * S, 3 + i, MT_ACTION_CONTINUE, 9000);
	decide(r, 45 * S, 3 + MANY, MT_ACTION_STOP, 9000);
	look(r, 46 * S, MT_STATUS_ACTIVE, 3 + MANY, 6000);
	mt_sample_set(&o.final, total_ms, 6500);
	mt_sample_set(&o.final, downtime_ms, 123);
	mt_recorder_outcome(r, &o);
	if (mt_recorder_close(r, NULL))
		abort();
	return path;
}

static void test_two(void)
{
	CHECK_INT(read_file(record()), 2);
	CHECK_INT(n_seen, 2);
	CHECK_STR(seen[0].outcome, "aborted");
	CHECK_STR(seen[0].guest, "web?[2J");
	CHECK_STR(seen[0].source, "host1");
	CHECK_STR(seen[0].destination, "[fe80::1]");
	CHECK(seen[0].begin_ms == 1700000000000 && seen[0].total_ms == 2000);
	CHECK(!seen[0].forecast[MT_PAST_PASS_1].has && !seen[0].forecast[MT_PAST_BEFORE].has);
	CHECK_STR(seen[1].outcome, "completed");
	CHECK_STR(seen[1].destination, "host3");
	CHECK(seen[1].begin_ms == 1700000030000 && seen[1].id != seen[0].id);
	CHECK(seen[1].total_ms == 6500 && seen[1].downtime_ms == 123);
	CHECK(seen[1].max_downtime_ms == 300 && isnan(seen[1].deadline_ms));
	CHECK(seen[1].prepare_ms == 100 && isnan(seen[1].felt_ms));
	/* The first that was made once pass 1 was over. */
	CHECK(seen[1].forecast[MT_PAST_PASS_1].has);
	CHECK(seen[1].forecast[MT_PAST_PASS_1].total_ms.p50 == 7000);
	CHECK_INT(seen[1].n_decisions, MT_PAST_DECISIONS_MAX);
	CHECK_STR(decided[MT_PAST_DECISIONS_MAX - 1].action, "stop");
	CHECK_STR(decided[MT_PAST_DECISIONS_MAX - 1].applied, "done");
}

/* Cut short it is what is left, under the same number. */
static void test_cut(void)
{
	uint64_t id, size;
	struct stat st;

	CHECK_INT(read_file(record()), 2);
	id = seen[0].id;
	CHECK(!stat(in_dir("two.mtrec"), &st));
	size = (uint64_t)st.st_size;
	CHECK(!truncate(in_dir("two.mtrec"), (off_t)size / 2));
	CHECK_INT(read_file(in_dir("two.mtrec")), 2);
	CHECK(seen[0].id == id);
	CHECK_STR(seen[1].outcome, "unknown");
}

static void test_campaign(void)
{
	const char *lab = "tests/data/campaign/lab-fast";
	struct mt_past first;
	int n = read_file(lab);

	CHECK(n > 4 && (size_t)n == n_seen);
	first = seen[0];
	CHECK(*first.method && *first.outcome && first.total_ms > 0);
	CHECK(first.forecast[MT_PAST_BEFORE].has);
	CHECK(first.forecast[MT_PAST_BEFORE].total_ms.p50 > 0);
	CHECK_INT(read_file("tests/data/campaign/lab-fast/runs.jsonl"), n);
	CHECK(seen[0].id == first.id);
	CHECK_INT(read_file("tests/data/campaign/lab-fast/runs/0001.mtrec"), 1);
	CHECK(seen[0].id == first.id);			/* it is the same migration */
	CHECK(!seen[0].forecast[MT_PAST_BEFORE].has);	/* of which less is known here */
}

static void test_nothing(void)
{
	struct mt_err gone = { 0 }, no_campaign = { 0 };

	CHECK_INT(read_file("tests/data/campaign/lab-fast/profiles/b64-idle.mtrec"), 0);
	CHECK(mt_past_of_file(in_dir("gone.mtrec"), "", see, NULL, &gone) < 0);
	CHECK(mt_past_of_file(dir, "", see, NULL, &no_campaign) < 0);
	CHECK(*gone.msg && *no_campaign.msg);
}

static const struct ktap_case cases[] = {
	{ "a recording's migrations, each with its own", test_two },
	{ "one that ends early is what is left of it", test_cut },
	{ "a campaign says more than its recordings", test_campaign },
	{ "a profile is no migration", test_nothing },
};

KTAP_MAIN(cases)
