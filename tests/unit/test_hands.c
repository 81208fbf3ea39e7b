/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_hands.c - whose hand is on a migration: locks, stop marks, hands off; between processes that
 * die
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "hands/hands.h"
#include "hands/mark.h"
#include "ktap.h"

#define HOST	"11111111-2222-3333-4444-555555555555"
#define HOST2	"11111111-2222-3333-4444-666666666666"
#define GUEST	"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
#define GUEST2	"aaaaaaaa-bbbb-cccc-dddd-ffffffffffff"
#define GUEST3	"aaaaaaaa-bbbb-cccc-dddd-000000000000"

static char dir[64];

static void cleanup_hands(struct mt_hands **h)
{
	char command[128];

	mt_hands_close(*h);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (*dir && system(command))
		abort();
	*dir = '\0';
}
#define autohands MT_CLEANUP(cleanup_hands) struct mt_hands

static struct mt_hands *fresh(void)
{
	struct mt_hands *h = NULL;
	struct mt_err err = { 0 };

	strcpy(dir, "/tmp/mt-hands-XXXXXX");
	if (!mkdtemp(dir) || mt_hands_open(&h, dir, &err))
		abort();
	return h;
}

static struct mt_wheel *take(struct mt_hands *h, const char *uuid)
{
	struct mt_wheel *w = NULL;
	struct mt_err err = { 0 };

	return mt_wheel_take(h, HOST, uuid, "test", &w, NULL, &err) ? NULL : w;
}

static struct mt_stop_mark mark_of(const char *uuid)
{
	struct mt_stop_mark m = { .stopped_ns = 1000,
				  .due_ns = 2000,
				  .predicted_ms = 250,
				  .confirmed = true,
				  .uri = "qemu:///system",
				  .name = "db1" };

	strcpy(m.host, HOST);
	strcpy(m.uuid, uuid);
	return m;
}

static bool there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

/* --- the directory --------------------------------------------------------- */
static void test_directory(void)
{
	char path[64] = "/tmp/mt-hands-XXXXXX", deep[128], link[128];
	struct mt_hands *h = NULL;
	struct mt_err err = { 0 };
	struct stat st;

	CHECK(mkdtemp(path));
	snprintf(deep, sizeof(deep), "%s/run/migtrace/hands", path);
	CHECK_INT(mt_hands_open(&h, deep, &err), 0);
	CHECK_STR(mt_hands_directory(h), deep);
	CHECK(!stat(deep, &st) && (st.st_mode & 0777) == 0755);
	mt_hands_close(h);
	CHECK(!chmod(deep, 0777));
	CHECK_INT(mt_hands_open(&h, deep, &err), -EPERM);
	CHECK(strstr(err.msg, "nobody else"));
	snprintf(link, sizeof(link), "%s/link", path);
	CHECK(!chmod(deep, 0755) && !symlink(deep, link));
	CHECK(mt_hands_open(&h, link, &err) < 0);
	unlink(link);
	rmdir(deep);
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
	*strrchr(deep, '/') = '\0';
	rmdir(deep);
	CHECK_INT(rmdir(path), 0);
}

/* Whoever cleans up /run does not make two processes strangers to each other. */
static void test_directory_removed(void)
{
	struct mt_hands *h = fresh(), *other = NULL;
	struct mt_err err = { 0 };

	CHECK_INT(rmdir(dir), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_NOT);
	CHECK_INT(mt_hands_open(&other, dir, &err), 0);
	CHECK_INT(mt_hands_release(other, HOST, NULL, true, &err), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_ALL);
	mt_hands_close(other);
	cleanup_hands(&h);
}

/* --- locks ---------------------------------------------------------------------- */
static void test_wheel(void)
{
	autohands *h = fresh();
	struct mt_wheel *w = take(h, GUEST), *second = NULL;
	struct mt_holder holder;
	struct mt_err err = { 0 };

	CHECK(w && mt_wheel_ours(w));
	CHECK_STR(mt_wheel_host(w), HOST);
	CHECK_STR(mt_wheel_uuid(w), GUEST);
	CHECK_INT(mt_wheel_take(h, HOST, GUEST, "another", &second, &holder, &err), -EBUSY);
	CHECK_STR(holder.who, "test");
	CHECK_INT(holder.pid, getpid());
	CHECK(holder.since_wall_ms);
	CHECK(strstr(err.msg, "test, pid "));
	/* Another guest's is another's, and so is the same UUID on another host. */
	second = take(h, GUEST2);
	CHECK(second);
	mt_wheel_put(second);
	CHECK_INT(mt_wheel_take(h, HOST2, GUEST, "test", &second, NULL, &err), 0);
	mt_wheel_put(second);
	mt_wheel_get(w);
	mt_wheel_put(w);
	CHECK(!take(h, GUEST));
	mt_wheel_put(w);
	CHECK(!there(HOST "-" GUEST ".wheel"));
	w = take(h, GUEST);
	CHECK(w);
	/* Somebody who removes the file lets another have it: then it is ours no more. */
	CHECK_INT(unlinkat(AT_FDCWD,
			   (snprintf(err.msg, sizeof(err.msg), "%s/" HOST "-" GUEST ".wheel", dir),
			    err.msg),
			   0),
		  0);
	CHECK(!mt_wheel_ours(w));
	second = take(h, GUEST);
	CHECK(second && mt_wheel_ours(second));
	mt_wheel_put(w);
	CHECK(mt_wheel_ours(second));
	mt_wheel_put(second);
}

static void test_host_lock(void)
{
	autohands *h = fresh();
	struct mt_host_lock *l = NULL, *second = NULL;
	struct mt_holder holder;
	struct mt_err err = { 0 };

	CHECK_INT(mt_host_lock_take(h, HOST, "migtraced", &l, NULL, &err), 0);
	CHECK_INT(mt_host_lock_take(h, HOST, "migtraced", &second, &holder, &err), -EBUSY);
	CHECK_STR(holder.who, "migtraced");
	CHECK_INT(mt_host_lock_take(h, HOST2, "migtraced", &second, &holder, &err), 0);
	mt_host_lock_drop(second);
	mt_host_lock_drop(l);
	CHECK_INT(mt_host_lock_take(h, HOST, "migtraced", &l, NULL, &err), 0);
	mt_host_lock_drop(l);
}

static void test_names(void)
{
	static const char *const bad[] = { "",
					   "x",
					   "../../../../../../../etc/passwd-------",
					   "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeee",
					   "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee0",
					   "aaaaaaaa/bbbb-cccc-dddd-eeeeeeeeeeee" };
	autohands *h = fresh();
	struct mt_wheel *w = NULL;
	struct mt_err err = { 0 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(bad); i++) {
		CHECK_INT(mt_wheel_take(h, HOST, bad[i], "test", &w, NULL, &err), -EINVAL);
		CHECK_INT(mt_wheel_take(h, bad[i], GUEST, "test", &w, NULL, &err), -EINVAL);
		CHECK_INT(mt_hands_release(h, HOST, bad[i], true, &err), -EINVAL);
		CHECK(mt_hands_off(h, HOST, bad[i]) != MT_OFF_NOT);
	}
}

/* What others could have put there is not written into, and not waited for. */
static void test_planted(void)
{
	autohands *h = fresh();
	char path[256], victim[128];
	struct mt_wheel *w = NULL;
	struct mt_stop_mark *list;
	struct mt_err err = { 0 };
	struct stat st;
	size_t n;

	snprintf(victim, sizeof(victim), "%s/victim", dir);
	close(open(victim, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof(path), "%s/" HOST "-" GUEST ".wheel", dir);
	CHECK(!symlink(victim, path));
	CHECK(mt_wheel_take(h, HOST, GUEST, "test", &w, NULL, &err) < 0);
	CHECK(!stat(victim, &st) && !st.st_size);
	CHECK(!unlink(path) && !link(victim, path));
	CHECK_INT(mt_wheel_take(h, HOST, GUEST, "test", &w, NULL, &err), -EPERM);
	CHECK(!stat(victim, &st) && !st.st_size);
	CHECK(!unlink(path) && !mkfifo(path, 0600));
	CHECK_INT(mt_wheel_take(h, HOST, GUEST, "test", &w, NULL, &err), -EPERM);
	CHECK(!unlink(path));
	/* A half-written mark cannot have been one. */
	snprintf(path, sizeof(path), "%s/" HOST "-" GUEST ".stopped", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	CHECK_INT(mt_hands_marks(h, &list, &n, &err), 0);
	CHECK_INT(n, 0);
	free(list);
	CHECK(access(path, F_OK));
}

/* --- marks ---------------------------------------------------------------------------- */
static void test_mark(void)
{
	autohands *h = fresh();
	struct mt_wheel *w = take(h, GUEST);
	struct mt_stop_mark m = mark_of(GUEST), back, *list;
	struct mt_err err = { 0 };
	size_t n;

	CHECK(w);
	CHECK_INT(mt_wheel_marked(w, &back), -ENOENT);
	strcpy(m.name, "a\nuuid=x\x7f");
	CHECK_INT(mt_wheel_mark(w, &m, 2, &err), 0);
	CHECK_INT(mt_wheel_marked(w, &back), 0);
	CHECK_STR(back.uuid, GUEST);
	CHECK_STR(back.host, HOST);
	CHECK_STR(back.uri, "qemu:///system");
	CHECK_STR(back.name, "a?uuid=x?");
	CHECK_INT(back.stopped_ns, 1000);
	CHECK_INT(back.due_ns, 2000);
	CHECK_INT(back.predicted_ms, 250);
	CHECK(back.confirmed);
	/* Nobody writes a mark that nobody could read. */
	strcpy(m.uri, "qemu:///x\nuuid=y");
	CHECK_INT(mt_wheel_mark(w, &m, 2, &err), -EINVAL);
	CHECK_INT(mt_wheel_marked(w, &back), 0);
	/* It stays when its writer lets go, and is an orphan then. */
	mt_wheel_put(w);
	CHECK_INT(mt_hands_marks(h, &list, &n, &err), 0);
	CHECK_INT(n, 1);
	CHECK_STR(list[0].uuid, GUEST);
	free(list);
	w = take(h, GUEST);
	CHECK(w);
	CHECK_INT(mt_wheel_unmark(w), 0);
	CHECK_INT(mt_wheel_unmark(w), 0);
	CHECK_INT(mt_wheel_marked(w, &back), -ENOENT);
	CHECK_INT(mt_hands_marks(h, &list, &n, &err), 0);
	CHECK_INT(n, 0);
	free(list);
	mt_wheel_put(w);
}

static void test_mark_torn(void)
{
	struct mt_stop_mark m = mark_of(GUEST), back;
	char text[HANDS_TEXT_MAX], cut[HANDS_TEXT_MAX];

	CHECK_INT(mt_mark_format(&m, text), 0);
	CHECK_INT(mt_mark_parse(text, &back), 0);
	for (size_t i = 0; i + 1 < strlen(text); i++) {
		memcpy(cut, text, i);
		cut[i] = 0;
		CHECK(mt_mark_parse(cut, &back));
	}
}

static void test_mark_of_another_boot(void)
{
	autohands *h = fresh();
	struct mt_stop_mark m = mark_of(GUEST), *list;
	struct mt_wheel *w;
	struct mt_err err = { 0 };
	char text[HANDS_TEXT_MAX], path[256], *boot;
	size_t n;
	int fd;

	CHECK_INT(mt_mark_format(&m, text), 0);
	boot = strstr(text, "boot=") + 5;
	*boot = *boot == '0' ? '1' : '0';
	snprintf(path, sizeof(path), "%s/" HOST "-" GUEST ".stopped", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	w = take(h, GUEST);
	CHECK_INT(mt_wheel_marked(w, &m), -ENOENT);
	mt_wheel_put(w);
	CHECK_INT(mt_hands_marks(h, &list, &n, &err), 0);
	CHECK_INT(n, 0);
	free(list);
	CHECK(!there(HOST "-" GUEST ".stopped"));
}

static void test_most_at_once(void)
{
	autohands *h = fresh();
	struct mt_wheel *a = take(h, GUEST), *b = take(h, GUEST2), *c = take(h, GUEST3);
	struct mt_stop_mark m1 = mark_of(GUEST), m2 = mark_of(GUEST2), m3 = mark_of(GUEST3);
	struct mt_err err = { 0 };

	CHECK_INT(mt_wheel_mark(a, &m1, 2, &err), 0);
	CHECK_INT(mt_wheel_mark(b, &m2, 2, &err), 0);
	CHECK_INT(mt_wheel_mark(c, &m3, 2, &err), -EDQUOT);
	CHECK(strstr(err.msg, "2 guests are stopped"));
	/* One's own counts once. An orphan's guest is as stopped as any. */
	CHECK_INT(mt_wheel_mark(a, &m1, 2, &err), 0);
	mt_wheel_put(b);
	CHECK_INT(mt_wheel_mark(c, &m3, 2, &err), -EDQUOT);
	CHECK_INT(mt_wheel_unmark(a), 0);
	CHECK_INT(mt_wheel_mark(c, &m3, 2, &err), 0);
	mt_wheel_put(a);
	mt_wheel_put(c);
}

/* --- processes that die --------------------------------------------------------------------- */
static void test_killed(void)
{
	autohands *h = fresh();
	struct mt_stop_mark m = mark_of(GUEST), back;
	struct mt_holder holder;
	struct mt_wheel *w;
	struct mt_err err = { 0 };
	int ready[2], status;
	char byte;
	pid_t pid;

	CHECK(!pipe(ready));
	pid = fork();
	if (!pid) {
		w = take(h, GUEST);
		if (w && !mt_wheel_mark(w, &m, 2, &err) && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	CHECK_INT(mt_wheel_take(h, HOST, GUEST, "test", &w, &holder, &err), -EBUSY);
	CHECK_INT(holder.pid, pid);
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	/* The lock went with it, whatever its text says; the mark is there. */
	w = take(h, GUEST);
	CHECK(w);
	CHECK_INT(mt_wheel_marked(w, &back), 0);
	CHECK_INT(mt_wheel_unmark(w), 0);
	mt_wheel_put(w);
	close(ready[0]);
	close(ready[1]);
}

/*
 * At whatever instruction it dies, there is a whole mark or none, and the next one can write its
 * own.
 */
static void test_killed_anywhere(void)
{
	autohands *h = fresh();
	struct mt_rng rng = { 8 };
	struct mt_err err = { 0 };

	for (int i = 0; i < 60; i++) {
		struct mt_stop_mark m = mark_of(GUEST), back, *list;
		struct mt_wheel *w;
		int status, ret;
		pid_t pid;
		size_t n;

		pid = fork();
		if (!pid) {
			for (;;) {
				w = take(h, GUEST);
				if (!w || mt_wheel_mark(w, &m, 2, &err) || mt_wheel_unmark(w))
					_exit(1);
				mt_wheel_put(w);
			}
		}
		usleep((useconds_t)mt_rng_below(&rng, 3000));
		kill(pid, SIGKILL);
		CHECK_INT(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		CHECK_INT(mt_hands_marks(h, &list, &n, &err), 0);
		CHECK(n <= 1);
		free(list);
		w = take(h, GUEST);
		CHECK(w);
		ret = mt_wheel_marked(w, &back);
		CHECK(ret == -ENOENT || (!ret && back.due_ns == m.due_ns));
		CHECK_INT(mt_wheel_mark(w, &m, 2, &err), 0);
		CHECK_INT(mt_wheel_unmark(w), 0);
		mt_wheel_put(w);
	}
}

/* Two that count at once do not both find the last place. */
static void test_count_race(void)
{
	autohands *h = fresh();
	struct mt_err err = { 0 };

	for (int round = 0; round < 20; round++) {
		int go[2], done = 0, status;
		pid_t pids[4];

		CHECK(!pipe(go));
		for (int i = 0; i < 4; i++) {
			pids[i] = fork();
			if (!pids[i]) {
				char uuid[VIR_UUID_STRING_BUFLEN] = GUEST, byte;
				struct mt_stop_mark m;
				struct mt_wheel *w;
				int ret;

				uuid[0] = (char)('0' + i);
				m = mark_of(uuid);
				w = take(h, uuid);
				close(go[1]);
				if (!w || read(go[0], &byte, 1) < 0)
					_exit(2);
				/*
				 * It waits for no more than 200 ms, in which a busy machine gets
				 * nowhere.
				 */
				do {
					ret = mt_wheel_mark(w, &m, 2, &err);
				} while (ret == -EWOULDBLOCK);
				_exit(!ret ? 0 : ret == -EDQUOT ? 1 : 2);
			}
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < 4; i++) {
			CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
			done += !WEXITSTATUS(status);
		}
		CHECK_INT(done, 2);
		for (int i = 0; i < 4; i++) {
			char uuid[VIR_UUID_STRING_BUFLEN] = GUEST;
			struct mt_wheel *w;

			uuid[0] = (char)('0' + i);
			w = take(h, uuid);
			CHECK(w && !mt_wheel_unmark(w));
			mt_wheel_put(w);
		}
	}
}

/*
 * --- hands off ---------------------------------------------------------------------------------
 */
static void test_off(void)
{
	autohands *h = fresh();
	struct mt_err err = { 0 };

	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_NOT);
	CHECK_INT(mt_hands_release(h, HOST, GUEST, true, &err), 0);
	CHECK_INT(mt_hands_release(h, HOST, GUEST, true, &err), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_RELEASED);
	CHECK_INT(mt_hands_off(h, HOST, GUEST2), MT_OFF_NOT);
	CHECK_INT(mt_hands_off(h, HOST2, GUEST), MT_OFF_NOT);
	CHECK_INT(mt_hands_release(h, HOST, NULL, true, &err), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_ALL);
	CHECK_INT(mt_hands_off(h, HOST, GUEST2), MT_OFF_ALL);
	CHECK_INT(mt_hands_off(h, HOST2, GUEST), MT_OFF_NOT);
	CHECK_INT(mt_hands_release(h, HOST, NULL, false, &err), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_RELEASED);
	CHECK_INT(mt_hands_release(h, HOST, GUEST, false, &err), 0);
	CHECK_INT(mt_hands_release(h, HOST, GUEST, false, &err), 0);
	CHECK_INT(mt_hands_off(h, HOST, GUEST), MT_OFF_NOT);
}

static const struct ktap_case cases[] = {
	{ "the directory is made, and refused where others may write", test_directory },
	{ "the directory is removed under us", test_directory_removed },
	{ "one wheel, one hand", test_wheel },
	{ "one acting daemon a host", test_host_lock },
	{ "no name is a path", test_names },
	{ "planted files are not written into, nor waited for", test_planted },
	{ "a mark is read back as written", test_mark },
	{ "a torn mark is none", test_mark_torn },
	{ "a mark of another boot is none", test_mark_of_another_boot },
	{ "only so many guests are stopped at once", test_most_at_once },
	{ "who is killed with a mark leaves it", test_killed },
	{ "killed anywhere, there is a whole mark or none", test_killed_anywhere },
	{ "two that count at once do not both find the last place", test_count_race },
	{ "hands off is said, kept and taken back", test_off },
};

KTAP_MAIN(cases)
