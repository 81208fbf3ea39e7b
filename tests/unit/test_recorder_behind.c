// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_recorder_behind.c - a recorder behind a queue: its caller never waits for a disk
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/record.h"
#include "store/recorder.h"
#include "ktap.h"
#include "scratch.h"

#define MS		1000000ULL
/* far above what a loaded machine takes, far below what a hung disk does */
#define A_MOMENT_MS	2000

static char path[96], part[112];
static const struct mt_record_header header = { .domain = "guest", .start_t_ns = 1 };

/* A disk that hangs until it is let go on, or fails. */
static struct disk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool hangs, reached;
	int fails;
	unsigned released;
} disk = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void set_disk(bool hangs, int fails)
{
	pthread_mutex_lock(&disk.lock);
	disk.hangs = hangs;
	disk.fails = fails;
	disk.reached = false;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static int touch_disk(void)
{
	int fails;

	pthread_mutex_lock(&disk.lock);
	disk.reached = true;
	pthread_cond_broadcast(&disk.changed);
	while (disk.hangs)
		pthread_cond_wait(&disk.changed, &disk.lock);
	fails = disk.fails;
	pthread_mutex_unlock(&disk.lock);
	return fails;
}

static void wait_until_reached(void)
{
	pthread_mutex_lock(&disk.lock);
	while (!disk.reached)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
}

static ssize_t disk_write(int fd, const void *bytes, size_t n)
{
	int fails = touch_disk();

	if (fails) {
		errno = fails;
		return -1;
	}
	return write(fd, bytes, n);
}

static int begin(struct mt_recorder **r, void *opaque, struct mt_err *err)
{
	int rc = mt_recorder_open(r, path, &header, err);

	if (!rc)
		(*r)->sink.write = disk_write;
	return rc;
}

/* open(2) itself hangs. */
static int begin_hung(struct mt_recorder **r, void *opaque, struct mt_err *err)
{
	touch_disk();
	return begin(r, opaque, err);
}

static int begin_failing(struct mt_recorder **r, void *opaque, struct mt_err *err)
{
	return mt_err_set(err, -EROFS, "no disk today");
}

static void release(void *opaque)
{
	pthread_mutex_lock(&disk.lock);
	disk.released++;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

static void wait_until_released(unsigned n)
{
	pthread_mutex_lock(&disk.lock);
	while (disk.released < n)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
}

static void set_up(void)
{
	unlink(path);
	unlink(part);
	set_disk(false, 0);
	disk.released = 0;
}

static int look(struct mt_recorder *r, uint64_t t_ns)
{
	const struct mt_sample s = { .t_ns = t_ns, .status = MT_STATUS_ACTIVE };

	return mt_recorder_sample(r, &s);
}

static struct mt_recording *load(const char *name)
{
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	if (mt_recording_load(&rec, name, &err)) {
		printf("# %s\n", err.msg);
		return NULL;
	}
	return rec;
}

static void test_order(void)
{
	const struct mt_recorder_behind how = { .begin = begin, .release = release };
	struct mt_recorder *r;
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recorder_behind(&r, &how, &err), 0);
	CHECK_INT(mt_recorder_begun(r, 10 * A_MOMENT_MS, &err), 0);
	for (uint64_t i = 0; i < 3000; i++)
		CHECK_INT(i % 2 ? look(r, i) : mt_recorder_event(r, i, "even", NULL), 0);
	CHECK_INT(mt_recorder_flush(r, 10 * A_MOMENT_MS), 0);
	rec = load(part);
	CHECK(rec && rec->n_entries == 3000);
	mt_recording_free(rec);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	wait_until_released(1);
	rec = load(path);
	CHECK(rec && !rec->truncated && rec->n_entries == 3000);
	for (size_t i = 0; i < rec->n_entries; i++)
		CHECK(mt_entry_t_ns(&rec->entries[i]) == i &&
		      rec->entries[i].type == (i % 2 ? MT_ENTRY_SAMPLE : MT_ENTRY_EVENT));
	mt_recording_free(rec);
}

/*
 * The disk hangs for longer than the queue lasts: nobody waits, and the recording says what is
 * missing where.
 */
static void test_hangs(void)
{
	const struct mt_recorder_behind how = { .begin = begin,
						.release = release,
						.max_entries = 80 };
	const struct mt_record_outcome o = { .t_ns = 2000, .outcome = MT_OUTCOME_COMPLETED };
	struct mt_recorder *r;
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	uint64_t began_ns, dropped = 0, kept = 0, told = 0;

	set_up();
	CHECK_INT(mt_recorder_behind(&r, &how, &err), 0);
	CHECK_INT(mt_recorder_begun(r, 10 * A_MOMENT_MS, &err), 0);
	set_disk(true, 0);
	began_ns = mt_now_ns();
	for (uint64_t i = 1; i <= 1000; i++)
		CHECK_INT(look(r, i), 0);
	/* What is rare still has room. */
	CHECK_INT(mt_recorder_event(r, 1001, "rare", NULL), 0);
	CHECK_INT(mt_recorder_outcome(r, &o), 0);
	CHECK_INT(mt_recorder_flush(r, 1), -ETIMEDOUT);
	CHECK(mt_now_ns() - began_ns < A_MOMENT_MS * MS);
	dropped = mt_recorder_dropped(r);
	CHECK_INT(dropped, 1000 - 70);
	set_disk(false, 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	rec = load(path);
	CHECK(rec && !rec->truncated);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];
		unsigned n;

		kept += e->type == MT_ENTRY_SAMPLE;
		if (e->type == MT_ENTRY_EVENT && !strcmp(e->event.event, "dropped")) {
			CHECK_INT(sscanf(e->event.detail, "%u entr", &n), 1);
			told += n;
			CHECK(e->event.t_ns > 70 && e->event.t_ns < 1000);
		}
	}
	CHECK(kept + told == 1000 && told == dropped);
	CHECK_INT(rec->entries[rec->n_entries - 1].type, MT_ENTRY_OUTCOME);
	CHECK_STR(rec->entries[rec->n_entries - 2].event.event, "rare");
	mt_recording_free(rec);
}

/* It never comes back: closing gives up, and leaves the thread what it hangs in. */
static void test_close_gives_up(void)
{
	const struct mt_recorder_behind hung[] = {
		{ .begin = begin, .release = release, .close_ms = 50 },
		{ .begin = begin_hung, .release = release, .close_ms = 50 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(hung); i++) {
		struct mt_err err = { 0 };
		struct mt_recorder *r;
		struct mt_recording *rec;
		uint64_t began_ns = mt_now_ns();

		set_up();
		set_disk(i, 0);
		CHECK_INT(mt_recorder_behind(&r, &hung[i], &err), 0);
		if (i) {
			CHECK_INT(mt_recorder_begun(r, 10, NULL), -ETIMEDOUT);
		} else {
			CHECK_INT(mt_recorder_begun(r, 10 * A_MOMENT_MS, &err), 0);
			set_disk(true, 0);
		}
		CHECK_INT(look(r, 1), 0);
		wait_until_reached();
		CHECK_INT(look(r, 2), 0);
		CHECK_INT(mt_recorder_close(r, &err), -ETIMEDOUT);
		CHECK(strstr(err.msg, "the disk has not taken"));
		CHECK(mt_now_ns() - began_ns < 3 * A_MOMENT_MS * MS);
		/* Should it come back after all, it is finished. */
		set_disk(false, 0);
		wait_until_released(1);
		rec = load(path);
		CHECK(rec && rec->n_entries == 2);
		mt_recording_free(rec);
	}
}

static void test_fails(void)
{
	const struct mt_recorder_behind how = { .begin = begin, .release = release };
	struct mt_recorder *r;
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recorder_behind(&r, &how, &err), 0);
	CHECK_INT(look(r, 1), 0);
	CHECK_INT(mt_recorder_flush(r, 10 * A_MOMENT_MS), 0);
	set_disk(false, ENOSPC);
	CHECK_INT(look(r, 2), 0);	/* nobody knows yet */
	CHECK_INT(mt_recorder_flush(r, 10 * A_MOMENT_MS), -ENOSPC);
	CHECK_INT(look(r, 3), -ENOSPC);
	CHECK_INT(mt_recorder_close(r, &err), -ENOSPC);
	CHECK(strstr(err.msg, part));
	rec = load(part);
	CHECK(rec && rec->truncated && rec->n_entries == 1);
	mt_recording_free(rec);
}

static void test_never_begun(void)
{
	const struct mt_recorder_behind how = { .begin = begin_failing, .release = release };
	struct mt_recorder *r;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recorder_behind(&r, &how, &err), 0);
	CHECK_INT(mt_recorder_begun(r, 10 * A_MOMENT_MS, &err), -EROFS);
	CHECK_STR(err.msg, "no disk today");
	CHECK_INT(look(r, 1), -EROFS);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recorder_close(r, &err), -EROFS);
	CHECK_STR(err.msg, "no disk today");
}

/* The tool opens its file first, to be refused at once, and goes behind then. */
static void test_go_behind(void)
{
	struct mt_recorder *r, *none = NULL;
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, &err), 0);
	CHECK_INT(mt_recorder_go_behind(&r, &err), 0);
	CHECK_INT(mt_recorder_go_behind(&none, &err), 0);
	CHECK(!none);
	CHECK_INT(look(r, 7), 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	rec = load(path);
	CHECK(rec && rec->n_entries == 1);
	mt_recording_free(rec);
}

static void *put_many(void *r)
{
	for (uint64_t i = 0; i < 500; i++)
		look(r, i);
	return NULL;
}

static void test_threads(void)
{
	const struct mt_recorder_behind how = { .begin = begin, .max_entries = 100000 };
	struct mt_recording *rec;
	struct mt_recorder *r;
	pthread_t threads[4];

	set_up();
	CHECK_INT(mt_recorder_behind(&r, &how, NULL), 0);
	for (size_t i = 0; i < MT_ARRAY_SIZE(threads); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, put_many, r), 0);
	for (size_t i = 0; i < MT_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(mt_recorder_close(r, NULL), 0);
	rec = load(path);
	CHECK(rec && rec->n_entries == 500 * MT_ARRAY_SIZE(threads));
	mt_recording_free(rec);
}

static const struct ktap_case cases[] = {
	{ "all of it is written, in order", test_order },
	{ "a disk that hangs: nobody waits, what is dropped is told", test_hangs },
	{ "a disk that never comes back: closing gives up", test_close_gives_up },
	{ "a disk that fails: a later call says so", test_fails },
	{ "a file that cannot be opened", test_never_begun },
	{ "a recorder that is open goes behind", test_go_behind },
	{ "several threads lose no entry", test_threads },
};

int main(void)
{
	snprintf(path, sizeof(path), "%s/x.mtrec", dir);
	snprintf(part, sizeof(part), "%s.part", path);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
