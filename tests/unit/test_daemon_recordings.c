// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's directory of recordings: names, pruning, and what a killed daemon left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ktap.h"

#include "../../user/migtraced/recordings.h"

#define UUID_A	"00000000-0000-0000-0000-00000000000a"
#define UUID_B	"00000000-0000-0000-0000-00000000000b"
#define WALL_MS	1700000000000ULL	/* 2023-11-14T22:13:20Z */
#define MS	1000000ULL

static char dir[] = "/tmp/test_recordings.XXXXXX";

static char *in_dir(const char *name)
{
	static char path[4][512];
	static unsigned n;
	char *p = path[n++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

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
static void leave_behind(const char *domain, const char *uuid, const char *tool, uint64_t ms, uint64_t age_ms,
			 bool outcome)
{
	pid_t pid = fork();

	if (!pid) {
		struct mt_record_header h = {
			.domain = domain, .uuid = uuid, .tool = tool, .policy = "predict", .mode = "observe",
			.start_wall_ms = WALL_MS, .start_t_ns = 5000 * MS,
		};
		const struct mt_record_outcome o = { .t_ns = (5000 + ms) * MS, .outcome = MT_OUTCOME_COMPLETED };
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
	struct leftovers *l = leftovers_find(dir);
	struct mt_err err = { 0 };
	char *path;

	if (!fork()) {
		if (leftovers_resume(l, uuid, WALL_MS, &r, &path, &err) ||
		    mt_recorder_event(r, 6500 * MS, RECORDINGS_LEFT, ""))
			_exit(1);
		_exit(0);
	}
	wait(NULL);
	leftovers_free(l);
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
	struct mt_record_header h = { .domain = "x", .uuid = UUID_A, .tool = "migtraced 1", .start_wall_ms = WALL_MS };
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
	CHECK_INT(recordings_prune(dir, 0), 0);
	CHECK_INT(recordings_prune(dir, 5), 0);
	CHECK_INT(recordings_prune(dir, 2), 3);
	CHECK(!exists("b-20200101T000000Z.mtrec"));
	CHECK(!exists("a-20200102T000000Z.mtrec"));
	CHECK(exists("d-1-20200104T000000Z.mtrec"));
	CHECK_INT(recordings_prune(dir, 1), 1);
	CHECK(exists("d-1-20200104T000000Z.mtrec"));
	CHECK_INT(count_and_empty(), 5);
	CHECK_INT(recordings_prune(in_dir("nowhere"), 1), -ENOENT);
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
	leftovers_free(l);
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
	leftovers_free(l);

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
	leftovers_free(l);
	e = last_entry(&rec, "x-20231114T221320Z.mtrec");
	CHECK(e);
	CHECK_INT(e->type, MT_ENTRY_OUTCOME);
	CHECK_STR(e->outcome.detail, "migtraced was stopped while the migration went on");
	mt_recording_free(rec);
	CHECK_INT(count_and_empty(), 1);
}

static const struct ktap_case cases[] = {
	{ "a domain's name becomes a file's", names },
	{ "a long one is cut so that it fits, between characters", name_of_a_long_name },
	{ "two migrations in one second, and a directory that is missing", two_in_one_second },
	{ "the oldest go, what is not ours stays", prune },
	{ "a recording goes on where it fits the migration", resume_what_fits },
	{ "the rest is finished as unknown", finish_the_rest },
	{ "a daemon that was stopped is not one that was killed", stopped_is_not_killed },
};

int main(void)
{
	int status;

	if (!mkdtemp(dir)) {
		puts("Bail out! no temporary directory");
		return 1;
	}
	status = ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
	count_and_empty();
	rmdir(dir);
	return status;
}
