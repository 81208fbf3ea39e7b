/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * archive_cases.h - what holds of a history whatever database it is in
 *
 * Whoever includes it says where: archive_fresh() is the address of an empty database.
 */
#ifndef ARCHIVE_CASES_H
#define ARCHIVE_CASES_H

#include <errno.h>
#include <stddef.h>

#include "history/archive.h"
#include "history/schema.h"
#include "ktap.h"

static const char *archive_fresh(void);

/* A past migration with a value of its own in each column. */
static inline void archive_past(struct mt_past *p, unsigned k)
{
	mt_past_init(p);
	for (size_t i = 0; i < mt_past_n_columns; i++) {
		const struct mt_past_column *c = &mt_past_columns[i];
		char *at = (char *)p + c->offset;

		if (c->room)
			snprintf(at, c->room, "%s-%u", c->name, k);
		else
			*(double *)at = 1000.0 * k + (double)i + 0.1;
	}
	p->begin_ms = 1700000000000ULL + k;
	mt_past_number(p, "");
}

static inline struct mt_past_forecast archive_forecast(double v)
{
	return (struct mt_past_forecast){ .has = true, .model = "m/1", .verdict = "converges",
					  .ends = 0.75, .total_ms = { v, v + 1, v + 2 },
					  .downtime_ms = { v + 3, v + 4, v + 5 },
					  .transferred_bytes = { v + 6, v + 7, NAN } };
}

static inline struct mt_db *archive_open(struct mt_err *err)
{
	struct mt_db *db = NULL;

	if (mt_archive_open(&db, archive_fresh(), true, err))
		printf("# %s\n", err->msg);
	return db;
}

static struct {
	size_t n;
	char guests[16][64];
} archive_seen;

static int archive_see(const struct mt_past *p, void *opaque)
{
	if (archive_seen.n < 16)
		snprintf(archive_seen.guests[archive_seen.n], 64, "%.60s", p->guest);
	archive_seen.n++;
	return 0;
}

static inline int archive_look(struct mt_db *db, struct mt_archive_filter f)
{
	archive_seen.n = 0;
	return mt_archive_list(db, &f, archive_see, NULL, NULL);
}

static inline bool same_interval(struct mt_interval a, struct mt_interval b)
{
	return a.p10 == b.p10 && a.p50 == b.p50 &&
	       (a.p90 == b.p90 || (isnan(a.p90) && isnan(b.p90)));
}

/* --- the cases ------------------------------------------------------------------- */
static void test_round_trip(void)
{
	struct mt_past_decision decisions[] = { { 1.5, 2, "none", "", "wait" },
						{ 7.25, 3, "stop", "done", "\"now\"; it's time" } };
	char digits[MT_PAST_ID_STR];
	struct mt_err err = { 0 };
	struct mt_past p, q;
	struct mt_db *db = archive_open(&err);

	CHECK(db);
	archive_past(&p, 7);
	p.forecast[MT_PAST_BEFORE] = archive_forecast(10);
	p.forecast[MT_PAST_PASS_1] = archive_forecast(100);
	p.decisions = decisions;
	p.n_decisions = 2;
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	CHECK_INT(mt_archive_get(db, mt_past_id_text(p.id, digits), &q, &err), 0);
	CHECK(q.id == p.id && q.begin_ms == p.begin_ms);
	for (size_t i = 0; i < mt_past_n_columns; i++) {
		size_t at = mt_past_columns[i].offset;

		if (mt_past_columns[i].room)
			CHECK_STR((char *)&q + at, (char *)&p + at);
		else
			CHECK(*(double *)((char *)&q + at) == *(double *)((char *)&p + at));
	}
	for (size_t i = 0; i < MT_PAST_STAGES; i++) {
		CHECK(q.forecast[i].has && q.forecast[i].ends == 0.75);
		CHECK_STR(q.forecast[i].model, "m/1");
		CHECK(same_interval(q.forecast[i].total_ms, p.forecast[i].total_ms));
		CHECK(same_interval(q.forecast[i].downtime_ms, p.forecast[i].downtime_ms));
		CHECK(same_interval(q.forecast[i].transferred_bytes,
				    p.forecast[i].transferred_bytes));
	}
	CHECK_INT(q.n_decisions, 2);
	CHECK_STR(q.decisions[0].applied, "");
	CHECK_STR(q.decisions[1].reason, "\"now\"; it's time");
	CHECK_NEAR(q.decisions[1].at_ms, 7.25, 0);
	mt_past_fini(&q);
	mt_db_close(db);
}

/* Unknown is unknown again, and put twice it is there once, as it was put last. */
static void test_unknown_and_again(void)
{
	struct mt_err err = { 0 };
	struct mt_db *db = archive_open(&err);
	char digits[MT_PAST_ID_STR];
	struct mt_past p, q;

	CHECK(db);
	mt_past_init(&p);
	mt_past_text(p.guest, sizeof(p.guest), "g");
	mt_past_number(&p, "only this");
	p.forecast[MT_PAST_BEFORE] = archive_forecast(1);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	p.forecast[MT_PAST_BEFORE].has = false;
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	CHECK_INT(mt_archive_get(db, mt_past_id_text(p.id, digits), &q, &err), 0);
	CHECK(!q.begin_ms && !*q.policy && isnan(q.total_ms) && !q.n_decisions);
	CHECK(!q.forecast[MT_PAST_BEFORE].has && !q.forecast[MT_PAST_PASS_1].has);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 1);
	mt_db_close(db);
}

static void test_filters(void)
{
	struct mt_err err = { 0 };
	struct mt_db *db = archive_open(&err);
	struct mt_past p;

	CHECK(db);
	for (unsigned k = 0; k < 8; k++) {
		archive_past(&p, k);
		CHECK_INT(mt_archive_put(db, &p, &err), 0);
	}
	mt_past_init(&p);		/* without a begin: behind all others */
	mt_past_text(p.guest, sizeof(p.guest), "when");
	mt_past_number(&p, "?");
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 9);
	CHECK_STR(archive_seen.guests[0], "guest-7");
	CHECK_STR(archive_seen.guests[8], "when");
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .guest = "guest-3" }), 0);
	CHECK_INT(archive_seen.n, 1);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .guest = "uuid-4" }), 0);
	CHECK_STR(archive_seen.guests[0], "guest-4");
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .policy = "policy-2",
							       .outcome = "outcome-2",
							       .source = "source-2",
							       .destination = "destination-2",
							       .method = "method-2" }), 0);
	CHECK_INT(archive_seen.n, 1);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .policy = "policy-2",
							       .outcome = "outcome-3" }), 0);
	CHECK_INT(archive_seen.n, 0);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .since_ms = 1700000000002,
							       .until_ms = 1700000000005 }), 0);
	CHECK_INT(archive_seen.n, 3);
	CHECK_STR(archive_seen.guests[2], "guest-2");
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .limit = 2 }), 0);
	CHECK_INT(archive_seen.n, 2);
	mt_db_close(db);
}

/* A tenant's text is never a statement, whatever is in it. */
static void test_hostile_text(void)
{
	static const char *const names[] = { "'; DROP TABLE migration; --", "\\'; SELECT 1", "$1",
					     "a\"b", "%s%n", "\xff\xfe", "tab\there" };
	struct mt_err err = { 0 };
	struct mt_db *db = archive_open(&err);
	struct mt_past p;

	CHECK(db);
	for (size_t i = 0; i < MT_ARRAY_SIZE(names); i++) {
		archive_past(&p, (unsigned)i);
		mt_past_text(p.guest, sizeof(p.guest), names[i]);
		mt_past_number(&p, "");
		CHECK_INT(mt_archive_put(db, &p, &err), 0);
		CHECK_INT(archive_look(db, (struct mt_archive_filter){ .guest = p.guest }), 0);
		CHECK_INT(archive_seen.n, 1);
		CHECK_STR(archive_seen.guests[0], p.guest);
	}
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ .guest = "' OR ''='" }), 0);
	CHECK_INT(archive_seen.n, 0);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, MT_ARRAY_SIZE(names));
	mt_db_close(db);
}

static void test_numbers(void)
{
	struct mt_err err = { 0 }, none = { 0 }, bad = { 0 };
	struct mt_db *db = archive_open(&err);
	char digits[MT_PAST_ID_STR];
	struct mt_past p, q;

	CHECK(db);
	archive_past(&p, 1);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	mt_past_id_text(p.id, digits);
	digits[4] = '\0';
	CHECK_INT(mt_archive_get(db, digits, &q, &err), 0);
	CHECK(q.id == p.id);
	mt_past_fini(&q);
	digits[0] ^= 1;
	CHECK_INT(mt_archive_get(db, digits, &q, &none), -ENOENT);
	CHECK_INT(mt_archive_get(db, "x", &q, &bad), -EINVAL);
	CHECK(*none.msg && *bad.msg);
	p.id ^= 1;			/* one more that begins so */
	p.begin_ms++;
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	digits[0] ^= 1;
	CHECK_INT(mt_archive_get(db, digits, &q, &bad), -EEXIST);
	mt_db_close(db);
}

static int count_row(const struct mt_db_value *row, size_t n, void *count)
{
	++*(unsigned *)count;
	return 0;
}

static void test_prune(void)
{
	static const struct mt_sql left = { "SELECT number FROM decision", "" };
	struct mt_err err = { 0 };
	struct mt_db *db = archive_open(&err);
	struct mt_past_decision d = { 1, 1, "stop", "done", "r" };
	unsigned decisions = 0;
	struct mt_past p;
	uint64_t gone;

	CHECK(db);
	for (unsigned k = 0; k < 10; k++) {
		archive_past(&p, k);
		p.decisions = &d;
		p.n_decisions = 1;
		CHECK_INT(mt_archive_put(db, &p, &err), 0);
	}
	CHECK_INT(mt_archive_prune(db, 0, 0, &gone, &err), 0);
	CHECK_INT(gone, 0);
	CHECK_INT(mt_archive_prune(db, 1700000000003, 0, &gone, &err), 0);
	CHECK_INT(gone, 3);
	CHECK_INT(mt_archive_prune(db, 0, 4, &gone, &err), 0);
	CHECK_INT(gone, 3);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 4);
	CHECK_STR(archive_seen.guests[3], "guest-6");
	CHECK_INT(mt_db_run(db, &left, NULL, count_row, &decisions, &err), 0);
	CHECK_INT(decisions, 4);	/* the others' went with them */
	mt_db_close(db);
}

/* What was put into version 1 is there in today's, and more can be put. */
static void test_upgrade(void)
{
	static const struct mt_sql old = {
		"INSERT INTO migration (id, begin_ms, guest, total_ms) VALUES (5, 77, 'old', 1500)", ""
	}, decided = {
		"INSERT INTO decision (migration, number, action) VALUES (5, 0, 'stop')", ""
	}, from_later = { "UPDATE migtrace_schema SET version = 99", "" };
	const char *where = archive_fresh();
	struct mt_err err = { 0 }, later = { 0 };
	struct mt_db *db = NULL;
	struct mt_past p;
	unsigned version;

	CHECK_INT(mt_db_open(&db, where, true, &err), 0);
	CHECK_INT(mt_schema_upgrade(db, 1, &err), 0);
	CHECK_INT(mt_schema_version(db, &version, &err), 0);
	CHECK_INT(version, 1);
	CHECK_INT(mt_db_run(db, &old, NULL, NULL, NULL, &err), 0);
	CHECK_INT(mt_db_run(db, &decided, NULL, NULL, NULL, &err), 0);
	mt_db_close(db);

	CHECK_INT(mt_archive_open(&db, where, false, &err), 0);
	CHECK_INT(mt_schema_version(db, &version, &err), 0);
	CHECK_INT(version, MT_SCHEMA_VERSION);
	CHECK_INT(mt_archive_get(db, "000000000000005", &p, &err), 0);
	CHECK_STR(p.guest, "old");
	CHECK(p.total_ms == 1500 && isnan(p.felt_ms) && p.n_decisions == 1);
	p.felt_ms = 3;
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	mt_past_fini(&p);
	CHECK_INT(mt_db_run(db, &from_later, NULL, NULL, NULL, &err), 0);
	mt_db_close(db);
	CHECK_INT(mt_archive_open(&db, where, true, &later), -EPROTO);
	CHECK(!db && strstr(later.msg, "later migtrace"));
}

/* A step that fails leaves the version before, whole. */
static void test_upgrade_fails(void)
{
	static const struct mt_sql in_the_way = { "CREATE TABLE decision (x BIGINT)", "" };
	const char *where = archive_fresh();
	struct mt_err err = { 0 }, why = { 0 };
	struct mt_db *db = NULL;
	unsigned version;

	CHECK_INT(mt_db_open(&db, where, true, &err), 0);
	CHECK_INT(mt_db_run(db, &in_the_way, NULL, NULL, NULL, &err), 0);
	CHECK(mt_schema_upgrade(db, MT_SCHEMA_VERSION, &why) < 0);
	CHECK(*why.msg);
	CHECK_INT(mt_schema_version(db, &version, &err), 0);
	CHECK_INT(version, 0);
	mt_db_close(db);
}

/* Without a history nothing is made by who only reads. */
static void test_nothing_there(void)
{
	struct mt_err err = { 0 };
	struct mt_db *db = NULL;

	CHECK_INT(mt_archive_open(&db, archive_fresh(), false, &err), -ENOENT);
	CHECK(!db && *err.msg);
}

/* An error in the middle undoes what was put before it. */
static void test_half(void)
{
	static const struct mt_sql less = { "DROP TABLE decision", "" };
	struct mt_past_decision d = { 1, 1, "stop", "done", "r" };
	struct mt_err err = { 0 }, why = { 0 };
	struct mt_db *db = archive_open(&err);
	struct mt_past p;

	CHECK(db);
	CHECK_INT(mt_db_run(db, &less, NULL, NULL, NULL, &err), 0);
	archive_past(&p, 1);
	p.decisions = &d;
	p.n_decisions = 1;
	CHECK(mt_archive_put(db, &p, &why) < 0);
	CHECK(*why.msg);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 0);
	p.n_decisions = 0;		/* and the connection is of use still */
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	mt_db_close(db);
}

#define ARCHIVE_CASES \
	{ "what is put is found again, each column", test_round_trip }, \
	{ "unknown stays unknown; put again it takes its own place", test_unknown_and_again }, \
	{ "lists by guest, hosts, policy, method, outcome, time; newest first", test_filters }, \
	{ "text is bound, whatever is in it", test_hostile_text }, \
	{ "a number may be cut as long as it is one's alone", test_numbers }, \
	{ "what is old goes, and its decisions with it", test_prune }, \
	{ "version 1 is brought up; a later one is refused", test_upgrade }, \
	{ "an upgrade that fails changes nothing", test_upgrade_fails }, \
	{ "who only reads makes nothing", test_nothing_there }, \
	{ "a put that fails in its middle changes nothing", test_half }

#endif
