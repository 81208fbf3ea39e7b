// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_archive_postgres.c - the history in PostgreSQL: a real server, of a user without rights, in
 * a directory of its own, on a Unix socket alone
 *
 * Skipped, with the reason, where PostgreSQL's server is not installed or cannot be started.
 */
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "archive_cases.h"
#include "base/thread.h"
#include "scratch.h"

#define WAIT_MS		60000	/* for the server; the machine may be busy */

static char bin[256], address[600];
static const char *why_not;	/* NULL: the server runs */
static pid_t server;

/* In the child: nobody's rights, and quiet. */
static void become(const char *user)
{
	struct passwd *pw = getuid() ? NULL : getpwnam(user);

	if (pw && (setgid(pw->pw_gid) || setuid(pw->pw_uid)))
		_exit(126);
	if (!freopen(in_dir("log"), "a", stdout) || !freopen(in_dir("log"), "a", stderr))
		_exit(126);
}

static pid_t start(const char *program, char *const argv[])
{
	pid_t pid = fork();
	char path[512];

	if (pid)
		return pid;
	become("nobody");
	snprintf(path, sizeof(path), "%s/%s", bin, program);
	execv(path, argv);
	_exit(127);
}

static bool find_server(void)
{
	glob_t found = { 0 };
	bool ok = !glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) && found.gl_pathc;

	if (ok)		/* the newest: names are in order */
		snprintf(bin, sizeof(bin), "%.*s",
			 (int)(strlen(found.gl_pathv[found.gl_pathc - 1]) - strlen("/initdb")),
			 found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	return ok;
}

static void stop_server(void)
{
	int status;

	if (server <= 0)
		return;
	kill(server, SIGQUIT);	/* at once; its files go anyway */
	waitpid(server, &status, 0);
	server = 0;
}

static bool answers(void)
{
	uint64_t until_ns = mt_deadline_ns(WAIT_MS);

	while (mt_now_ns() < until_ns && !waitpid(server, NULL, WNOHANG)) {
		if (PQping(address) == PQPING_OK)
			return true;
		mt_sleep_ms(50);
	}
	return false;
}

/* Why not; NULL: it runs. */
static const char *start_server(void)
{
	static char data[300], log[300];
	char *const init[] = { "initdb", "-D", data, "-A", "trust", "-U", "migtrace", "-N",
			       "-E", "UTF8", "--locale=C", "--no-instructions", NULL };
	char *const run[] = { "postgres", "-D", data, "-k", dir, "-c", "listen_addresses=",
			      "-c", "fsync=off", "-c", "max_connections=10",
			      "-c", "shared_buffers=8MB", NULL };
	int status;

	if (!find_server())
		return "PostgreSQL's server is not installed (Debian: postgresql)";
	if (!getuid() && !getpwnam("nobody"))
		return "there is no user nobody to run PostgreSQL as";
	snprintf(data, sizeof(data), "%s/data", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	if (chmod(dir, 0777))
		return "its directory cannot be opened to others";
	fclose(fopen(log, "w"));
	chmod(log, 0666);
	if (waitpid(start("initdb", init), &status, 0) < 0 || status)
		return "initdb fails";
	snprintf(address, sizeof(address), "postgresql://migtrace@/postgres?host=%s", dir);
	server = start("postgres", run);
	return answers() ? NULL : "the server does not start";
}

static const char *archive_fresh(void)
{
	static const struct mt_sql drop = { "DROP SCHEMA public CASCADE", "" },
				   make = { "CREATE SCHEMA public", "" };
	struct mt_err err = { 0 };
	struct mt_db *db = NULL;

	if (mt_db_open(&db, address, true, &err) || mt_db_run(db, &drop, NULL, NULL, NULL, &err) ||
	    mt_db_run(db, &make, NULL, NULL, NULL, &err))
		printf("# %s\n", err.msg);
	mt_db_close(db);
	return address;
}

/* --- what is PostgreSQL's alone ----------------------------------------------------- */
static void test_addresses(void)
{
	struct mt_err bad = { 0 }, secret = { 0 }, gone = { 0 };
	struct mt_db *db = NULL;

	CHECK_INT(mt_db_postgres.check("postgresql://u@h/d?sslmode=require", NULL), 0);
	CHECK_INT(mt_db_postgres.check("postgresql://u@h:x/d?no=such", &bad), -EINVAL);
	CHECK_INT(mt_db_postgres.check("postgresql://u:secret@h/d", &secret), -EINVAL);
	CHECK(*bad.msg && strstr(secret.msg, "passfile") && !strstr(secret.msg, "secret@"));
	CHECK_INT(mt_archive_open(&db, "postgresql:///d?host=/nowhere", true, &gone),
		  -ECONNREFUSED);
	CHECK(*gone.msg && !strchr(gone.msg, '\n'));
}

/* Two hosts begin at the same time: both have it, made once. */
static void test_together(void)
{
	const char *where = archive_fresh();
	struct mt_err err = { 0 };
	struct mt_db *db = NULL;
	pid_t pids[4];

	for (unsigned i = 0; i < 4; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			struct mt_past p;
			int rc = mt_archive_open(&db, where, true, &err);

			for (unsigned k = 0; k < 10 && !rc; k++) {
				archive_past(&p, 100 * i + k);
				rc = mt_archive_put(db, &p, &err);
			}
			if (rc)
				printf("# %s\n", err.msg);
			fflush(stdout);
			_exit(rc != 0);
		}
	}
	for (unsigned i = 0; i < 4; i++) {
		int status;

		CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_INT(status, 0);
	}
	CHECK_INT(mt_archive_open(&db, where, false, &err), 0);
	CHECK_INT(archive_look(db, (struct mt_archive_filter){ 0 }), 0);
	CHECK_INT(archive_seen.n, 40);
	mt_db_close(db);
}

static void test_locked(void)
{
	static const struct mt_sql begin = { "BEGIN", "" },
				   lock = { "LOCK TABLE migration IN EXCLUSIVE MODE", "" };
	struct mt_err err = { 0 }, busy = { 0 };
	struct mt_db *db = archive_open(&err), *other = NULL;
	struct mt_past p;

	CHECK(db);
	CHECK_INT(mt_db_open(&other, address, false, &err), 0);
	CHECK_INT(mt_db_run(other, &begin, NULL, NULL, NULL, &err), 0);
	CHECK_INT(mt_db_run(other, &lock, NULL, NULL, NULL, &err), 0);
	archive_past(&p, 1);
	CHECK_INT(mt_archive_put(db, &p, &busy), -EBUSY);
	mt_db_close(other);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	mt_db_close(db);
}

/* The last: the server is killed, as by a host that goes down. */
static void test_gone(void)
{
	struct mt_err err = { 0 }, gone = { 0 }, again = { 0 };
	struct mt_db *db = archive_open(&err);
	struct mt_past p;

	CHECK(db);
	archive_past(&p, 1);
	CHECK_INT(mt_archive_put(db, &p, &err), 0);
	stop_server();
	CHECK_INT(mt_archive_put(db, &p, &gone), -ECONNRESET);
	CHECK(*gone.msg && !strchr(gone.msg, '\n'));
	mt_db_close(db);
	CHECK_INT(mt_archive_open(&db, address, true, &again), -ECONNREFUSED);
}

static const struct ktap_case cases[] = {
	ARCHIVE_CASES,
	{ "an address is checked, and holds no password", test_addresses },
	{ "hosts that begin together make one history", test_together },
	{ "a locked one is told of in time", test_locked },
	{ "a server that goes away is one line", test_gone },
};

int main(void)
{
	int rc;

	why_not = start_server();
	if (why_not) {
		stop_server();
		printf("TAP version 13\n1..0 # SKIP %s\n", why_not);
		return 0;
	}
	rc = ktap_main(cases, MT_ARRAY_SIZE(cases));
	stop_server();
	return rc;
}
