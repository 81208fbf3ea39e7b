// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_archive.c - the history in SQLite: what holds of any, and files that are gone, locked, full,
 * damaged, or left by a writer that was killed
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "archive_cases.h"
#include "base/thread.h"
#include "scratch.h"

static const char *archive_fresh(void)
{
	static unsigned n;
	char name[32];

	snprintf(name, sizeof(name), "%u.db", n++);
	return in_dir(name);
}

static void test_addresses(void)
{
	struct mt_err err = { 0 }, pipe = { 0 }, gone = { 0 };
	struct mt_db *db = NULL;

	CHECK(mt_db_ops_of("/x/y.db") == &mt_db_sqlite);
	CHECK(mt_db_ops_of("postgresql://h/d") == &mt_db_postgres);
	CHECK(!mt_db_ops_of("mysql://h/d") && !mt_db_ops_of(""));
	CHECK_INT(mt_archive_open(&db, "mysql://h/d", true, &err), -EINVAL);
	CHECK(strstr(err.msg, "postgresql://") && strstr(err.msg, "path"));
	CHECK_INT(mkfifo(in_dir("fifo"), 0600), 0);
	CHECK_INT(mt_archive_open(&db, in_dir("fifo"), true, &pipe), -EINVAL);
	CHECK_INT(mt_archive_open(&db, in_dir("none/x.db"), true, &gone), -ENOENT);
	CHECK(*pipe.msg && *gone.msg);
	CHECK(!mt_db_ops_of(":memory:"));	/* which would be gone at once */
}

/* Names and reasons of guests are for who may read recordings. */
static void test_mode(void)
{
	const char *path = archive_fresh();
	struct mt_err err = { 0 };
	struct mt_db *db = NULL;
	mode_t was = umask(0);
	struct stat st;

	CHECK_INT(mt_archive_open(&db, path, true, &err), 0);
	umask(was);
	CHECK(!stat(path, &st));
	CHECK_INT(st.st_mode & 0777, 0640);
	mt_db_close(db);
}

static void test_foreign(void)
{
	struct mt_err err = { 0 }, text = { 0 };
	const char *path = archive_fresh();
	struct mt_db *db = NULL;
	sqlite3 *other;
	FILE *f;

	CHECK_INT(sqlite3_open(path, &other), SQLITE_OK);
	CHECK_INT(sqlite3_exec(other, "CREATE TABLE bookmarks (x)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	CHECK_INT(mt_archive_open(&db, path, true, &err), -EBADMSG);
	CHECK(strstr(err.msg, "another program"));
	path = archive_fresh();
	f = fopen(path, "w");
	CHECK(f);
	for (int i = 0; i < 100; i++)
		fputs("# this is no database\n", f);
	fclose(f);
	CHECK_INT(mt_archive_open(&db, path, true, &text), -EBADMSG);
	CHECK(strstr(text.msg, path));
}

static void test_damaged(void)
{
	const char *path = archive_fresh();
	struct mt_err err = { 0 }, why = { 0 };
	struct mt_db *db = NULL;
	struct mt_past p;
	int fd, rc = 0;

	CHECK_INT(mt_archive_open(&db, path, true, &err), 0);
	for (unsigned k = 0; k < 200; k++) {
		archive_past(&p, k);
		CHECK_INT(mt_archive_put(db, &p, &err), 0);
	}
	mt_db_close(db);
	fd = open(path, O_WRONLY);
	CHECK(fd >= 0);
	for (off_t at = 4096; at < 40 * 4096; at += 512)
		CHECK_INT(pwrite(fd, "\xde\xad\xbe\xef garbage garbage", 20, at), 20);
	close(fd);
	rc = mt_archive_open(&db, path, true, &why);
	if (!rc) {
		rc = mt_archive_list(db, &(struct mt_archive_filter){ 0 }, archive_see, NULL, &why);
		mt_db_close(db);
	}
	CHECK_INT(rc, -EBADMSG);
	CHECK(*why.msg && !strchr(why.msg, '\n'));
}

/* Who reads does not wait; who writes says so, in bounded time, and can later. */
static void test_locked(void)
{
	const char *path = archive_fresh();
	struct mt_err err = { 0 }, busy = { 0 };
	struct mt_db *db = NULL;
	uint64_t since_ns;
	struct mt_past p;
	sqlite3 *other;

	CHECK_INT(mt_archive_open(&db, path, true, &err), 0);
	archive_past(&p, 1);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	CHECK_INT(sqlite3_open(path, &other), SQLITE_OK);
	CHECK_INT(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 1);
	since_ns = mt_now_ns();
	archive_past(&p, 2);
	CHECK_INT(mt_archive_put(db, &p, &busy), -EBUSY);
	CHECK(strstr(busy.msg, "locked") && mt_now_ns() - since_ns < 20000000000ULL);
	CHECK_INT(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	mt_db_close(db);
}

/* A limit of a file's size stands for a disk without room: write(2) fails likewise. */
static void test_full(void)
{
	const char *path = archive_fresh();
	struct rlimit whole, little = { 256 << 10, 256 << 10 };
	struct mt_err err = { 0 }, full = { 0 };
	struct mt_db *db = NULL;
	unsigned k = 0, fails_at;
	struct mt_past p;
	int rc = 0;

	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little.rlim_max = whole.rlim_max;
	CHECK_INT(mt_archive_open(&db, path, true, &err), 0);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &little), 0);
	while (!rc && k < 10000) {
		archive_past(&p, k++);
		rc = mt_archive_put(db, &p, &full);
	}
	fails_at = k - 1;
	setrlimit(RLIMIT_FSIZE, &whole);
	CHECK(rc < 0 && *full.msg && fails_at > 10);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, fails_at);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);	/* there is room again */
	mt_db_close(db);
	CHECK_INT(mt_archive_open(&db, path, false, &err), 0);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, fails_at + 1);
	mt_db_close(db);
}

/* --- a writer that is killed -------------------------------------------------------- */
#define DECISIONS	20

static void write_for_ever(const char *path)
{
	struct mt_past_decision d[DECISIONS] = { { 1, 1, "stop", "done", "r" } };
	struct mt_db *db;

	if (mt_archive_open(&db, path, true, NULL))
		_exit(1);
	for (unsigned k = 0;; k++) {
		struct mt_past p;

		archive_past(&p, k);
		p.decisions = d;
		p.n_decisions = DECISIONS;
		if (mt_archive_put(db, &p, NULL))
			_exit(1);
	}
}

static int check_whole(const struct mt_past *p, void *opaque)
{
	char digits[MT_PAST_ID_STR];
	struct mt_past q;
	struct mt_db *db = opaque;
	int rc = mt_archive_get(db, mt_past_id_text(p->id, digits), &q, NULL);

	if (!rc && q.n_decisions != DECISIONS)
		rc = -EBADMSG;
	if (!rc)
		mt_past_fini(&q);
	archive_seen.n++;
	return rc;
}

static void test_killed(void)
{
	const char *path = archive_fresh();
	struct mt_db *db = NULL, *beside = NULL;
	struct mt_err err = { 0 };

	for (unsigned round = 0; round < 5; round++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			write_for_ever(path);
		mt_sleep_ms(150 + 37 * round);
		kill(pid, SIGKILL);
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		CHECK_INT(mt_archive_open(&db, path, true, &err), 0);
		CHECK_INT(mt_archive_open(&beside, path, true, &err), 0);
		archive_seen.n = 0;
		CHECK_INT(mt_archive_list(db, &(struct mt_archive_filter){ .limit = 50 },
					  check_whole, beside, &err), 0);
		CHECK(archive_seen.n > 0);
		mt_db_close(beside);
		mt_db_close(db);
	}
}

static const struct ktap_case cases[] = {
	ARCHIVE_CASES,
	{ "what is no address, no file, or nowhere is refused", test_addresses },
	{ "a file is not everybody's to read", test_mode },
	{ "another program's file is left alone", test_foreign },
	{ "a damaged file is one line", test_damaged },
	{ "a locked one is told of in time, and read all the same", test_locked },
	{ "a full disk loses what came last, and nothing else", test_full },
	{ "a killed writer leaves whole migrations", test_killed },
};

KTAP_MAIN(cases)
