// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's directory of recordings: names, pruning, and what a killed daemon left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "migtraced/leftovers.h"
#include "migtraced/recording.h"
#include "migtraced/recordings.h"
#include "migtraced/space.h"
#include "ktap.h"
#include "scratch.h"

#define UUID_A	"00000000-0000-0000-0000-00000000000a"
#define UUID_B	"00000000-0000-0000-0000-00000000000b"
#define WALL_MS	1700000000000ULL	/* 2023-11-14T22:13:20Z */
#define MS	1000000ULL
#define WAIT_MS	20000

static void touch(const char *name)
{
	int fd = open(in_dir(name), O_CREAT | O_WRONLY, 0600);

	if (fd < 0)
		abort();
	close(fd);
}

static bool exists(const char *name)
{
	return !access(in_dir(name), F_OK);
}

static unsigned count_and_empty(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(d)))
		if (e->d_name[0] != '.' || strlen(e->d_name) > 2) {
			unlinkat(dirfd(d), e->d_name, 0);
			n++;
		}
	closedir(d);
	return n;
}

/* What a daemon leaves that is killed @ms after it began, when the job was @age_ms old already. */
static void leave_behind(const char *domain, const char *uuid, const char *tool, uint64_t ms,
			 uint64_t age_ms, bool outcome)
{
	pid_t pid = fork();

	if (!pid) {
		struct mt_record_header h = {
			.domain = domain, .uuid = uuid, .tool = tool, .policy = "predict",
			.mode = "observe",
			.start_wall_ms = WALL_MS, .start_t_ns = 5000 * MS,
		};
		const struct mt_record_outcome o = { .t_ns = (5000 + ms) * MS,
						     .outcome = MT_OUTCOME_COMPLETED };
		struct mt_sample s = { .t_ns = (5000 + ms) * MS, .status = MT_STATUS_ACTIVE };
		struct mt_err err = { 0 };
		struct mt_recorder *r;
		char *path;

		mt_sample_set(&s, total_ms, age_ms + ms);
		if (recordings_open(&r, &path, dir, &h, &err) || mt_recorder_sample(r, &s) ||
		    (outcome && mt_recorder_outcome(r, &o)))
			_exit(1);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* What a daemon leaves that is stopped, in an orderly way. */
static void let_go(const char *uuid)
{
	struct mt_recorder *r;
	struct mt_err err = { 0 };
	char *path;

	if (!fork()) {
		struct leftovers *l = leftovers_find(dir);

		if (leftovers_resume(l, uuid, WALL_MS, &r, &path, &err) ||
		    mt_recorder_event(r, 6500 * MS, RECORDINGS_LEFT, ""))
			_exit(1);
		_exit(0);
	}
	wait(NULL);
}

static const struct mt_entry *last_entry(struct mt_recording **rec, const char *name)
{
	struct mt_err err = { 0 };

	if (mt_recording_load(rec, in_dir(name), &err)) {
		printf("# %s\n", err.msg);
		*rec = NULL;
		return NULL;
	}
	return (*rec)->n_entries ? &(*rec)->entries[(*rec)->n_entries - 1] : NULL;
}

static void names(void)
{
	static const struct {
		const char *domain, *name;
		unsigned attempt;
	} cases[] = {
		{ "web-1", "web-1-20231114T221320Z.mtrec", 0 },
		{ "web-1", "web-1-20231114T221320Z-2.mtrec", 1 },
		{ "../../etc/x", "_._.._etc_x-20231114T221320Z.mtrec", 0 },
		{ ".hidden", "_hidden-20231114T221320Z.mtrec", 0 },
		{ "-rf", "_rf-20231114T221320Z.mtrec", 0 },
		{ "a b\nc", "a_b_c-20231114T221320Z.mtrec", 0 },
		{ "", "_-20231114T221320Z.mtrec", 0 },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f-20231114T221320Z.mtrec", 0 },
		{ "\xc2\x9b""2J\xe2\x80\xae\xff", "_2J__-20231114T221320Z.mtrec", 0 },
	};
	char buf[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		recordings_name(buf, sizeof(buf), cases[i].domain, WALL_MS, cases[i].attempt);
		CHECK_STR(buf, cases[i].name);
	}
}

/* The recorder adds .part.new; all of it has to be a file's name, and text. */
static void name_of_a_long_name(void)
{
	char domain[256], buf[300];
	size_t len;

	memset(domain, 'x', 255);
	domain[255] = '\0';
	recordings_name(buf, sizeof(buf), domain, WALL_MS, 99);
	CHECK_INT(strlen(buf) + strlen(".part.new"), 255);
	CHECK(strstr(buf, "x-20231114T221320Z-100.mtrec"));
	/* At each offset of the cut in a character of two bytes. */
	for (int i = 0; i < 2; i++) {
		for (len = 0; len + 2 < sizeof(domain) - i; len += 2)
			memcpy(domain + i + len, "\xc3\xbc", 2);
		domain[i + len] = '\0';
		recordings_name(buf, sizeof(buf), domain, WALL_MS, 0);
		CHECK(strlen(buf) > 200);
		CHECK(strstr(buf, "\xc3\xbc-20231114T221320Z.mtrec"));
	}
}

static void two_in_one_second(void)
{
	struct mt_record_header h = {
		.domain = "x", .uuid = UUID_A, .tool = "migtraced 1", .start_wall_ms = WALL_MS
	};
	struct mt_recorder *r[2];
	struct mt_err err = { 0 };
	char *path[2];

	CHECK_INT(recordings_open(&r[0], &path[0], dir, &h, &err), 0);
	CHECK_INT(mt_recorder_close(r[0], &err), 0);
	CHECK_INT(recordings_open(&r[1], &path[1], dir, &h, &err), 0);
	CHECK_INT(mt_recorder_close(r[1], &err), 0);
	CHECK(exists("x-20231114T221320Z.mtrec"));
	CHECK(exists("x-20231114T221320Z-2.mtrec"));
	free(path[0]);
	free(path[1]);
	CHECK(recordings_open(&r[0], &path[0], in_dir("nowhere"), &h, &err) < 0);
	CHECK(!path[0]);
	CHECK(strstr(err.msg, "nowhere"));
	count_and_empty();
}

static void prune(void)
{
	touch("b-20200101T000000Z.mtrec");
	touch("a-20200102T000000Z.mtrec");
	touch("c-20200103T000000Z-2.mtrec");
	touch("c-20200103T000000Z.mtrec");
	touch("d-1-20200104T000000Z.mtrec");
	/* Not ours to remove. */
	touch("precious.mtrec");
	touch("x-2020-01-01.mtrec");
	touch("-20190101T000000Z.mtrec");
	touch("growing-20190101T000000Z.mtrec.part");
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 0 }), 0);
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 5 }), 0);
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 2 }), 3);
	CHECK(!exists("b-20200101T000000Z.mtrec"));
	CHECK(!exists("a-20200102T000000Z.mtrec"));
	CHECK(exists("d-1-20200104T000000Z.mtrec"));
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 1 }), 1);
	CHECK(exists("d-1-20200104T000000Z.mtrec"));
	CHECK_INT(count_and_empty(), 5);
	CHECK_INT(space_prune(in_dir("nowhere"), &(struct space_limits){ .keep = 1 }), -ENOENT);
}

static void resume_what_fits(void)
{
	struct mt_recorder *r;
	struct mt_recording *rec;
	const struct mt_entry *e;
	struct leftovers *l;
	struct mt_err err = { 0 };
	char *path;

	/* The job is 7 s old when the daemon that is killed picks it up. */
	leave_behind("x", UUID_A, "migtraced 0.1", 1000, 7000, false);
	l = leftovers_find(dir);
	CHECK(l);
	CHECK_INT(leftovers_resume(l, UUID_B, WALL_MS - 7000, &r, &path, &err), -ENOENT);
	CHECK_INT(leftovers_resume(l, UUID_A, WALL_MS, &r, &path, &err), -ENOENT);
	CHECK_INT(leftovers_resume(l, UUID_A, WALL_MS - 7000 - 3001, &r, &path, &err), -ENOENT);
	CHECK_INT(leftovers_resume(l, UUID_A, WALL_MS - 7000 + 2999, &r, &path, &err), 0);
	CHECK_INT(mt_recorder_event(r, 7000 * MS, "resumed", ""), 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	CHECK_STR(path, in_dir("x-20231114T221320Z.mtrec"));
	free(path);
	CHECK_INT(leftovers_resume(l, UUID_A, WALL_MS - 7000, &r, &path, &err), -ENOENT);
	leftovers_finish(l);
	CHECK(leftovers_wait(l, WAIT_MS));
	leftovers_put(l);
	e = last_entry(&rec, "x-20231114T221320Z.mtrec");
	CHECK(e);
	CHECK_INT(rec->n_entries, 2);
	CHECK(!rec->truncated);
	CHECK_INT(e->type, MT_ENTRY_EVENT);
	mt_recording_free(rec);
	CHECK_INT(count_and_empty(), 1);
}

static void finish_the_rest(void)
{
	struct mt_recording *rec;
	const struct mt_entry *e;
	struct leftovers *l, *second;

	leave_behind("killed", UUID_A, "migtraced 0.1", 1000, 0, false);
	leave_behind("done", UUID_B, "migtraced 0.1", 1000, 0, true);
	leave_behind("foreign", UUID_B, "migtrace 0.1", 1000, 0, false);
	touch("empty-20200101T000000Z.mtrec.part");
	touch("mine.part");
	l = leftovers_find(dir);
	CHECK(l);
	/* Another daemon must not take them from the one that has them. */
	second = leftovers_find(dir);
	CHECK(!second);
	leftovers_finish(l);
	CHECK(leftovers_wait(l, WAIT_MS));
	leftovers_put(l);

	e = last_entry(&rec, "killed-20231114T221320Z.mtrec");
	CHECK(e);
	CHECK_INT(e->type, MT_ENTRY_OUTCOME);
	CHECK_INT(e->outcome.outcome, MT_OUTCOME_UNKNOWN);
	CHECK_INT(e->outcome.t_ns, 6000 * MS);
	CHECK_STR(e->outcome.detail, "migtraced was killed while it recorded");
	mt_recording_free(rec);

	e = last_entry(&rec, "done-20231114T221320Z.mtrec");
	CHECK(e);
	CHECK_INT(e->type, MT_ENTRY_OUTCOME);
	CHECK_INT(e->outcome.outcome, MT_OUTCOME_COMPLETED);
	CHECK_INT(rec->n_entries, 2);
	mt_recording_free(rec);

	CHECK(exists("foreign-20231114T221320Z.mtrec.part"));
	CHECK(exists("empty-20200101T000000Z.mtrec.part"));
	CHECK(exists("mine.part"));
	CHECK_INT(count_and_empty(), 5);
	CHECK(!leftovers_find(in_dir("nowhere")));
}

static void stopped_is_not_killed(void)
{
	struct mt_recording *rec;
	const struct mt_entry *e;
	struct leftovers *l;

	leave_behind("x", UUID_A, "migtraced 0.1", 1000, 0, false);
	let_go(UUID_A);
	l = leftovers_find(dir);
	CHECK(l);
	leftovers_finish(l);
	CHECK(leftovers_wait(l, WAIT_MS));
	leftovers_put(l);
	e = last_entry(&rec, "x-20231114T221320Z.mtrec");
	CHECK(e);
	CHECK_INT(e->type, MT_ENTRY_OUTCOME);
	CHECK_STR(e->outcome.detail, "migtraced was stopped while the migration went on");
	mt_recording_free(rec);
	CHECK_INT(count_and_empty(), 1);
}

/* A file of @kib, as old as the @age'th that was ever written: its name may lie. */
static void put(const char *name, size_t kib, time_t age)
{
	const struct timespec times[2] = { { .tv_sec = 1000000000 + age },
					   { .tv_sec = 1000000000 + age } };
	int fd = open(in_dir(name), O_CREAT | O_TRUNC | O_WRONLY, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)kib << 10) || futimens(fd, times))
		abort();
	close(fd);
}

/* The clock was years behind when the newest were written: they are the newest all the same. */
static void bad_clock(void)
{
	struct stat old, new;

	put("a-20260101T000000Z.mtrec", 1, 1);
	put("a-20260102T000000Z.mtrec", 1, 2);
	put("a-20000101T000000Z.mtrec", 1, 3);
	put("a-20000102T000000Z.mtrec", 1, 4);
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 2 }), 2);
	CHECK(exists("a-20000101T000000Z.mtrec") && exists("a-20000102T000000Z.mtrec"));
	count_and_empty();
	/* And of modification times: one that has just been finished is newer than all others. */
	put("a-20260102T000000Z.mtrec", 1, 2);
	put("a-20000101T000000Z.mtrec", 1, -100000000);
	space_settle(in_dir("a-20000101T000000Z.mtrec"));
	CHECK(!stat(in_dir("a-20260102T000000Z.mtrec"), &old) &&
	      !stat(in_dir("a-20000101T000000Z.mtrec"), &new));
	CHECK(new.st_mtim.tv_sec > old.st_mtim.tv_sec ||
	      (new.st_mtim.tv_sec ==
	       old.st_mtim.tv_sec &&new.st_mtim.tv_nsec > old.st_mtim.tv_nsec));
	CHECK_INT(space_prune(dir, &(struct space_limits){ .keep = 1 }), 1);
	CHECK(exists("a-20000101T000000Z.mtrec"));
	count_and_empty();
}

static void quota(void)
{
	const struct space_limits limits = { .quota_bytes = 4 << 20 };
	struct mt_err err = { 0 };

	for (int i = 1; i <= 4; i++) {
		char name[64];

		snprintf(name, sizeof(name), "a-2026010%dT000000Z.mtrec", i);
		put(name, 1 << 10, i);
	}
	put("precious", 64 << 10, 0);
	CHECK_INT(space_prune(dir, &limits), 0);
	CHECK_INT(space_make(dir, &limits, 1, &err), 0);
	CHECK(!exists("a-20260101T000000Z.mtrec") && exists("a-20260102T000000Z.mtrec"));
	/* An unfinished one counts, and with it what it may take before it asks again. */
	put("g-20260105T000000Z.mtrec.part", 1 << 10, 5);
	CHECK_INT(space_prune(dir, &limits), 1);
	CHECK(!exists("a-20260102T000000Z.mtrec") && exists("a-20260103T000000Z.mtrec"));
	/* The newest stays, and so does what grows: then there is no room. */
	CHECK_INT(space_make(dir, &limits, 3 << 20, &err), -EDQUOT);
	CHECK(strstr(err.msg, "quota") && strstr(err.msg, "4.0 MiB"));
	CHECK(exists("a-20260104T000000Z.mtrec") && exists("g-20260105T000000Z.mtrec.part") &&
	      exists("precious"));
	count_and_empty();
}

static void floor_of_free_space(void)
{
	const struct space_limits impossible = { .keep_free_bytes = 1ULL << 60 };
	struct mt_err err = { 0 };

	put("a-20260101T000000Z.mtrec", 1, 1);
	put("a-20260102T000000Z.mtrec", 1, 2);
	/* Somebody else fills the disk: to remove ours would not help. */
	CHECK_INT(space_prune(dir, &impossible), 0);
	CHECK_INT(space_make(dir, &impossible, 0, &err), -ENOSPC);
	CHECK(strstr(err.msg, "keep_free"));
	CHECK(exists("a-20260101T000000Z.mtrec"));
	count_and_empty();
}

/* Which is written, whoever writes it, and what another daemon has, stays. */
static void not_ours_to_prune(void)
{
	const struct space_limits limits = { .quota_bytes = 1 << 20 };
	struct leftovers *l;
	pid_t pid;
	int ready[2], go[2];
	char byte = 0;

	put("dead-20260101T000000Z.mtrec.part", 1 << 10, 1);
	put("busy-20260102T000000Z.mtrec.part", 1 << 10, 2);
	put("new-20260103T000000Z.mtrec", 1, 3);
	if (pipe(ready) || pipe(go))
		abort();
	pid = fork();
	if (!pid) {
		int fd = open(in_dir("busy-20260102T000000Z.mtrec.part"), O_RDONLY);

		if (fd < 0 || flock(fd, LOCK_EX) || write(ready[1], "x", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	l = leftovers_find(dir);
	CHECK(l && leftovers_wait(l, WAIT_MS));
	/* As long as a migration may ask for it. */
	CHECK_INT(space_prune(dir, &limits), 0);
	leftovers_finish(l);
	CHECK(leftovers_wait(l, WAIT_MS));
	CHECK_INT(space_prune(dir, &limits), 1);
	CHECK(!exists("dead-20260101T000000Z.mtrec.part") &&
	      exists("busy-20260102T000000Z.mtrec.part"));
	leftovers_put(l);
	CHECK_INT(write(go[1], "x", 1), 1);
	waitpid(pid, NULL, 0);
	count_and_empty();

	/* Another daemon's directory. */
	put("a-20260101T000000Z.mtrec", 2 << 10, 1);
	put("a-20260102T000000Z.mtrec", 2 << 10, 2);
	pid = fork();
	if (!pid) {
		int fd = open(dir, O_RDONLY | O_DIRECTORY);

		if (fd < 0 || flock(fd, LOCK_EX) || write(ready[1], "x", 1) != 1 ||
		    read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	CHECK_INT(read(ready[0], &byte, 1), 1);
	CHECK_INT(space_prune(dir, &limits), 0);
	CHECK_INT(write(go[1], "x", 1), 1);
	waitpid(pid, NULL, 0);
	CHECK_INT(space_prune(dir, &limits), 1);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	count_and_empty();
}

/* Whatever somebody puts there: a start takes a moment, and no file is read that is not ours. */
static void traps(void)
{
	uint64_t began_ns = mt_now_ns();
	struct leftovers *l;
	struct stat st;

	leave_behind("good", UUID_A, "migtraced 0.1", 1000, 0, false);
	put("victim", 1, 1);
	CHECK_INT(mkfifo(in_dir("fifo-20260101T000000Z.mtrec.part"), 0600), 0);
	CHECK_INT(symlink("/dev/zero", in_dir("zero-20260101T000000Z.mtrec.part")), 0);
	CHECK_INT(mkdir(in_dir("dir-20260101T000000Z.mtrec.part"), 0700), 0);
	CHECK_INT(symlink(in_dir("victim"), in_dir("good-20231114T221320Z.mtrec.part.new")), 0);
	l = leftovers_find(dir);
	CHECK(l);
	CHECK(mt_now_ns() - began_ns < 5000 * MS);
	leftovers_finish(l);
	CHECK(leftovers_wait(l, WAIT_MS));
	leftovers_put(l);
	CHECK(exists("good-20231114T221320Z.mtrec"));
	CHECK(!stat(in_dir("victim"), &st) && st.st_size == 1024);
	rmdir(in_dir("dir-20260101T000000Z.mtrec.part"));
	count_and_empty();
	/* A directory that everybody can write to. */
	CHECK_INT(chmod(dir, 0777), 0);
	CHECK(!leftovers_find(dir));
	CHECK_INT(space_make(dir, &(struct space_limits){ 0 }, 0, NULL), -EPERM);
	CHECK_INT(chmod(dir, 0700), 0);
}

/* --- the whole of it, as a guest's thread has it --------------------------- */
static void ignore(const char *line, void *opaque)
{
	printf("# %s\n", line);
}

static struct config *configured(const char *more)
{
	char text[600];
	struct config *c = NULL;
	FILE *f = fopen(in_dir("conf"), "w");

	snprintf(text, sizeof(text), "[record]\ndirectory = %s\nkeep_free = none\n%s", dir, more);
	if (!f || fputs(text, f) < 0 || fclose(f) ||
	    config_load(&c, in_dir("conf"), true, ignore, NULL))
		abort();
	unlink(in_dir("conf"));
	return c;
}

static struct recording *begin(struct config *c)
{
	const struct mt_record_header h = {
		.domain = "x", .uuid = UUID_A, .tool = "migtraced 1", .start_wall_ms = WALL_MS
	};

	return recording_begin(
		&(struct recording_setup){ .config = c, .header = &h, .job_wall_ms = WALL_MS });
}

static void whole(void)
{
	struct config *c = configured("keep = 1\n");
	struct mt_recording *loaded;
	struct recording *rec;
	bool resumed;
	char *path;

	put("old-20200101T000000Z.mtrec", 1, 1);
	rec = begin(c);
	CHECK(rec);
	path = recording_path(rec, &resumed);
	CHECK_STR(path, in_dir("x-20231114T221320Z.mtrec"));
	CHECK(!resumed);
	CHECK_INT(mt_recorder_event(recording_recorder(rec), 1, "hello", NULL), 0);
	recording_end(rec, 0);
	CHECK_INT(mt_recording_load(&loaded, path, NULL), 0);
	CHECK_INT(loaded->n_entries, 1);
	CHECK(!exists("old-20200101T000000Z.mtrec"));
	mt_recording_free(loaded);
	free(path);
	config_put(c);
	count_and_empty();
}

/*
 * A full disk, where not even a recorder could be opened: what is old goes first, and so there is
 * room.
 */
static void full_disk(void)
{
	struct config *c = configured("keep = 1\n");
	struct recording *rec;
	bool resumed;
	char *path;
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=128k,mode=700")) {
		config_put(c);
		SKIP("a small tmpfs cannot be mounted: needs root");
	}
	for (int i = 1; i <= 3; i++) {
		char name[64], block[32 << 10] = { 0 };

		snprintf(name, sizeof(name), "a-2026010%dT000000Z.mtrec", i);
		fd = open(in_dir(name), O_CREAT | O_WRONLY, 0600);
		if (fd < 0 || write(fd, block, sizeof(block)) < 0)
			abort();
		close(fd);
	}
	fd = open(in_dir("somebody else's"), O_CREAT | O_WRONLY, 0600);
	while (fd >= 0 && write(fd, "1234567", 8) > 0)
		;
	close(fd);
	rec = begin(c);
	CHECK(rec);
	path = recording_path(rec, &resumed);
	CHECK(path);
	CHECK_INT(mt_recorder_event(recording_recorder(rec), 1, "hello", NULL), 0);
	recording_end(rec, 0);
	CHECK(path && !access(path, F_OK));
	free(path);
	config_put(c);
	count_and_empty();
	umount2(dir, MNT_DETACH);
}

/* What it grows to is over the quota: it ends, says why, and is whole. */
static void over_quota(void)
{
	struct config *c = configured("quota = 1MiB\n");
	struct recording *rec = begin(c);
	struct mt_recording *loaded;
	unsigned noise = 1;
	char text[4096];
	bool resumed;
	char *path;
	int rc = 0;
	struct stat st;

	CHECK(rec);
	for (int n = 0; !rc && n < 20000; n++) {
		for (size_t i = 0; i + 1 < sizeof(text); i++)
			text[i] = (char)('0' + (noise = noise * 1103515245 + 12345) / 65536 % 64);
		text[sizeof(text) - 1] = '\0';
		rc = mt_recorder_event(recording_recorder(rec), (uint64_t)n, "fill", text);
		if (n % 100 == 0)
			mt_recorder_flush(recording_recorder(rec), WAIT_MS);
	}
	CHECK_INT(rc, -EDQUOT);
	CHECK_INT(mt_recorder_outcome(recording_recorder(rec),
				      &(struct mt_record_outcome){ .t_ns = 1 << 20 }),
		  -EDQUOT);
	path = recording_path(rec, &resumed);
	recording_end(rec, rc);
	CHECK_INT(mt_recording_load(&loaded, path, NULL), 0);
	CHECK(!loaded->truncated);
	CHECK_INT(loaded->entries[loaded->n_entries - 1].type, MT_ENTRY_OUTCOME);
	CHECK_STR(loaded->entries[loaded->n_entries - 2].event.event, "ended");
	CHECK(strstr(loaded->entries[loaded->n_entries - 2].event.detail, "quota"));
	CHECK(!stat(path, &st) && st.st_size <= 1 << 20 && st.st_size > 1 << 18);
	mt_recording_free(loaded);
	free(path);
	config_put(c);
	count_and_empty();
}

static const struct ktap_case cases[] = {
	{ "a domain's name becomes a file's", names },
	{ "a long one is cut so that it fits, between characters", name_of_a_long_name },
	{ "two migrations in one second, and a directory that is missing", two_in_one_second },
	{ "the oldest go, what is not ours stays", prune },
	{ "a recording goes on where it fits the migration", resume_what_fits },
	{ "the rest is finished as unknown", finish_the_rest },
	{ "a daemon that was stopped is not one that was killed", stopped_is_not_killed },
	{ "a wrong clock does not make the newest the oldest", bad_clock },
	{ "a quota is kept by removing the oldest, and nobody else's", quota },
	{ "a floor of free space is kept", floor_of_free_space },
	{ "what somebody writes or another daemon has stays", not_ours_to_prune },
	{ "FIFOs, links and directories for everybody", traps },
	{ "a recording from begin to end", whole },
	{ "one that outgrows the quota ends, and says why", over_quota },
	{ "a full disk: what is old goes, the next is recorded", full_disk },
};

KTAP_MAIN(cases)
