// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_historian.c - the daemon's writer of the history: nobody waits for it, whatever becomes of
 * its database
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/thread.h"
#include "base/units.h"
#include "history/archive.h"
#include "migtraced/historian.h"
#include "migtraced/log.h"
#include "store/record.h"
#include "ktap.h"
#include "scratch.h"

#define WAIT_MS	60000
/* As long as a put may take on a machine that does other things, and no database is waited for */
#define PUT_MS	100

/* A recording of a migration that was stopped. @n: which. */
static const char *record(unsigned n)
{
	static char path[512];
	char uuid[64], name[64];
	struct mt_record_header h = { .domain = "g", .uuid = uuid, .tool = "t", .policy = "predict",
				      .source = "qemu:///system",
				      .start_wall_ms = 1700000000000 + n, .start_t_ns = 5,
				      .limits = MT_LIMITS_UNSET };
	struct mt_sample s = { .t_ns = 6, .status = MT_STATUS_ACTIVE, .boundary = true };
	struct mt_record_decision d = { .t_ns = 7, .iteration = 2, .applied = "done",
					.plan = { .action = MT_ACTION_STOP, .reason = "now" },
					.prediction = { .model = "m/1",
							.verdict = MT_VERDICT_REACHABLE } };
	const struct mt_record_outcome o = { .t_ns = 8, .outcome = MT_OUTCOME_COMPLETED,
					     .detail = "it runs",
					     .destination = "qemu+ssh://host2/system" };
	struct mt_recorder *r;

	snprintf(uuid, sizeof(uuid), "u-%u", n);
	snprintf(name, sizeof(name), "%u.mtrec", n);
	snprintf(path, sizeof(path), "%s", in_dir(name));
	mt_sample_set(&s, total_ms, 5);
	if (mt_recorder_open(&r, path, &h, NULL) || mt_recorder_sample(r, &s) ||
	    mt_recorder_decision(r, &d) || mt_recorder_outcome(r, &o) ||
	    mt_recorder_close(r, NULL))
		abort();
	return path;
}

static int last_seen(const struct mt_past *p, void *last)
{
	*(struct mt_past *)last = *p;
	return 0;
}

static int count_one(const struct mt_past *p, void *n)
{
	++*(unsigned *)n;
	return 0;
}

static unsigned in_history(const char *where)
{
	struct mt_db *db;
	unsigned n = 0;

	if (mt_archive_open(&db, where, false, NULL))
		return 0;
	if (mt_archive_list(db, &(struct mt_archive_filter){ 0 }, count_one, &n, NULL))
		n = 0;
	mt_db_close(db);
	return n;
}

static uint64_t figure(struct historian *h, const char *key)
{
	json_t *o = historian_json(h);
	uint64_t v = (uint64_t)json_integer_value(json_object_get(o, key));

	json_decref(o);
	return v;
}

static bool has_error(struct historian *h)
{
	json_t *o = historian_json(h);
	bool has = json_is_string(json_object_get(o, "error"));

	json_decref(o);
	return has;
}

static bool comes(struct historian *h, const char *key, uint64_t v)
{
	for (uint64_t until_ns = mt_deadline_ns(WAIT_MS); mt_now_ns() < until_ns; mt_sleep_ms(5))
		if (figure(h, key) == v)
			return true;
	return false;
}

/* Return: false: it took longer than a put may. */
static bool put(struct historian *h, const char *path)
{
	uint64_t since_ns = mt_now_ns();

	historian_put(h, path);
	return mt_now_ns() - since_ns < PUT_MS * MT_NS_PER_MS;
}

static void test_written(void)
{
	struct config c = { .directory = dir, .history = "default", .history_keep = 2 };
	struct historian *h = historian_new(&c);
	struct mt_past p = { 0 };
	struct mt_db *db;

	CHECK(h);
	for (unsigned n = 0; n < 4; n++)
		CHECK(put(h, record(n)));
	CHECK(put(h, in_dir("gone.mtrec")));		/* nor does that hold up others */
	CHECK(put(h, record(4)));
	CHECK(historian_stop(h, mt_deadline_ns(WAIT_MS)));	/* what waits is written first */
	CHECK_INT(in_history(in_dir("history.db")), 2);
	CHECK_INT(mt_archive_open(&db, in_dir("history.db"), false, NULL), 0);
	CHECK_INT(mt_archive_list(db, &(struct mt_archive_filter){ .limit = 1 }, last_seen, &p,
				  NULL), 0);
	mt_db_close(db);
	CHECK_STR(p.uuid, "u-4");
	CHECK_STR(p.destination, "host2");
	CHECK_STR(p.outcome, "completed");
	CHECK(*p.source);				/* this host's */
	CHECK_STR(p.forecast[MT_PAST_PASS_1].verdict, "reachable");
}

/* No directory for it; once there is one, all is written. */
static void test_gone(void)
{
	static char where[512];
	struct config c = { .directory = dir, .history = where };
	struct historian *h;

	snprintf(where, sizeof(where), "%s", in_dir("later/h.db"));
	h = historian_new(&c);
	CHECK(h);
	for (unsigned n = 10; n < 15; n++)
		CHECK(put(h, record(n)));
	for (unsigned i = 0; i < 1000 && !has_error(h); i++)
		mt_sleep_ms(5);
	CHECK(has_error(h));
	CHECK_INT(figure(h, "waiting"), 5);
	CHECK_INT(mkdir(in_dir("later"), 0700), 0);
	CHECK(comes(h, "written", 5));
	CHECK(comes(h, "waiting", 0));
	CHECK(!has_error(h) && !figure(h, "lost"));
	CHECK(historian_stop(h, mt_deadline_ns(WAIT_MS)));
	CHECK_INT(in_history(where), 5);
}

/* Another holds the file; the queue fills, counts what it drops, and nobody waits. */
static void test_locked(void)
{
	static char where[512], path[512];
	struct config c = { .directory = dir, .history = where };
	struct historian *h;
	struct mt_db *db;
	sqlite3 *other;

	snprintf(where, sizeof(where), "%s", in_dir("locked.db"));
	snprintf(path, sizeof(path), "%s", record(20));
	CHECK_INT(mt_archive_open(&db, where, true, NULL), 0);
	mt_db_close(db);
	CHECK_INT(sqlite3_open(where, &other), SQLITE_OK);
	CHECK_INT(sqlite3_exec(other, "PRAGMA journal_mode = WAL; BEGIN EXCLUSIVE", NULL, NULL,
			       NULL), SQLITE_OK);
	h = historian_new(&c);
	CHECK(h);
	for (unsigned n = 0; n < HISTORIAN_QUEUE + 7; n++)
		CHECK(put(h, path));
	CHECK_INT(figure(h, "waiting"), HISTORIAN_QUEUE);
	CHECK_INT(figure(h, "lost"), 7);
	for (unsigned i = 0; i < 4000 && !has_error(h); i++)
		mt_sleep_ms(5);
	CHECK(has_error(h));
	CHECK_INT(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	CHECK(comes(h, "waiting", 0));
	CHECK(historian_stop(h, mt_deadline_ns(WAIT_MS)));
	CHECK_INT(in_history(where), 1);	/* the same one, each time */
}

/* A damaged one is no reason to stay when it is time to go. */
static void test_damaged(void)
{
	static char where[512];
	struct config c = { .directory = dir, .history = where };
	struct historian *h;
	FILE *f;

	snprintf(where, sizeof(where), "%s", in_dir("damaged.db"));
	f = fopen(where, "w");
	CHECK(f);
	for (unsigned i = 0; i < 1000; i++)
		fputs("this is no database. ", f);
	fclose(f);
	h = historian_new(&c);
	CHECK(h);
	CHECK(put(h, record(30)));
	for (unsigned i = 0; i < 1000 && !has_error(h); i++)
		mt_sleep_ms(5);
	CHECK(has_error(h));
	CHECK(historian_stop(h, mt_deadline_ns(WAIT_MS)));
}

static void test_none(void)
{
	struct config none = { .directory = dir, .history = "none" },
		      nothing = { .directory = "", .history = "default" };

	CHECK(!historian_new(&none) && !historian_new(&nothing));
	historian_put(NULL, "x");
	CHECK(historian_stop(NULL, 0));
	CHECK(json_is_null(historian_json(NULL)));
}

static const struct ktap_case cases[] = {
	{ "recordings become the history, which keeps the newest", test_written },
	{ "a database that is gone is waited for by nobody", test_gone },
	{ "a locked one fills a queue that drops and counts", test_locked },
	{ "a damaged one holds up no end", test_damaged },
	{ "none is kept where none is wanted", test_none },
};

int main(void)
{
	log_init(false);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
