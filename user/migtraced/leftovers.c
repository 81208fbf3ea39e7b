// SPDX-License-Identifier: GPL-2.0-or-later
/* leftovers.c - recordings that another daemon left behind, killed or stopped */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/thread.h"
#include "base/units.h"
#include "store/files.h"
#include "leftovers.h"
#include "log.h"
#include "recordings.h"
#include "space.h"

#define PART_SUFFIX	".part"
/* header's tool: not a file that `migtrace record` is writing */
#define TOOL_PREFIX	"migtraced "
/* "Three seconds": a stamp of the header, the job's age and ours are read at different moments. */
#define START_TOLERANCE_MS	3000
/*
 * A recording that is begun anew is better than one that waits for a disk, but reading takes a
 * while.
 */
#define READ_WAIT_MS	10000
#define STOP_WAIT_MS	200

struct leftover {
	char *path;			/* without .part */
	char *uuid;
	uint64_t start_wall_ms;		/* of the migration, as well as the recording tells */
	bool by_sample;
	uint64_t start_ms;		/* likewise, on the clock of t_ns, by the newest sample that
					 * tells the job's age */
	uint64_t last_t_ns;
	bool has_outcome;		/* only the renaming was missing */
	bool left;			/* by a daemon that was stopped in an orderly way */
	bool taken;
};

struct leftovers {
	char *directory;
	int fd;				/* of the directory; holds the lock on it */
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	unsigned refs;			/* one is the thread's */
	bool read, finish, finished, stop, ended;
	struct leftover *all;		/* the thread's until they are read */
	size_t n;
};

/* --- reading ---------------------------------------------------------------- */
static void take_entry(const struct mt_entry *e, void *opaque)
{
	struct leftover *l = opaque;

	if (mt_entry_t_ns(e) > l->last_t_ns)
		l->last_t_ns = mt_entry_t_ns(e);
	if (e->type == MT_ENTRY_OUTCOME)
		l->has_outcome = true;
	l->left = e->type == MT_ENTRY_EVENT && !strcmp(e->event.event, RECORDINGS_LEFT);
	/* A recording that itself began in mid-migration: the job's age is in its samples. */
	if (e->type == MT_ENTRY_SAMPLE && mt_sample_has(&e->sample, total_ms)) {
		l->by_sample = true;
		l->start_ms = e->sample.t_ns / MT_NS_PER_MS - e->sample.total_ms;
	}
}

static bool leftover_read(struct leftover *l, const char *part)
{
	const struct mt_recording_limits limits = { .ours = true };
	const struct mt_record_header *h;
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	bool ours;

	if (mt_recording_scan(&rec, part, &limits, take_entry, l, &err)) {
		log_warn("left behind, and cannot be read: %s", err.msg);
		return false;
	}
	h = &rec->header;
	ours = h->tool && !strncmp(h->tool, TOOL_PREFIX, strlen(TOOL_PREFIX)) && h->uuid;
	if (ours) {
		l->uuid = strdup(h->uuid);
		l->start_wall_ms = h->start_wall_ms;
		if (l->by_sample)
			/* modulo 2^64 */
			l->start_wall_ms += l->start_ms - h->start_t_ns / MT_NS_PER_MS;
		if (h->start_t_ns > l->last_t_ns)
			l->last_t_ns = h->start_t_ns;
	}
	mt_recording_free(rec);
	return ours && l->uuid;
}

static void leftover_add(struct leftovers *l, const char *name)
{
	struct leftover *all, new = { 0 };
	mt_autofree char *part = NULL;

	if (asprintf(&part, "%s/%s", l->directory, name) < 0) {
		part = NULL;
		return;
	}
	if (!leftover_read(&new, part))
		return;
	new.path = strndup(part, strlen(part) - strlen(PART_SUFFIX));
	all = realloc(l->all, (l->n + 1) * sizeof(*all));
	if (all)
		l->all = all;
	if (!all || !new.path) {
		free(new.path);
		free(new.uuid);
		return;
	}
	all[l->n++] = new;
}

static bool stopped(struct leftovers *l)
{
	bool stop;

	pthread_mutex_lock(&l->lock);
	stop = l->stop;
	pthread_mutex_unlock(&l->lock);
	return stop;
}

static void read_all(struct leftovers *l)
{
	int fd = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		log_warn("%s: %s; unfinished recordings in it are left alone", l->directory,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	while (!stopped(l) && (d = readdir(dir)))
		if (recordings_stamp(d->d_name, MT_RECORD_SUFFIX PART_SUFFIX))
			leftover_add(l, d->d_name);
	closedir(dir);
}

/* --- finishing -------------------------------------------------------------- */
static int finish_one(const struct leftover *one, struct mt_err *err)
{
	struct mt_recorder *r;
	int ret = mt_recorder_resume(&r, one->path, err);
	/* Not now: after a reboot the clock of t_ns began anew. */
	const struct mt_record_outcome o = {
		.t_ns = one->last_t_ns,
		.outcome = MT_OUTCOME_UNKNOWN,
		.detail = one->left ? "migtraced was stopped while the migration went on" :
			  "migtraced was killed while it recorded",
	};

	if (ret)
		return ret;
	if (!one->has_outcome)
		(void)mt_recorder_outcome(r, &o);	/* a failure comes back from close */
	return mt_recorder_close(r, err);
}

static void leftover_finish(const struct leftover *one)
{
	const char *how = one->left ? "stopped" : "killed";
	struct mt_err err = { 0 };
	int ret = finish_one(one, &err);

	/*
	 * Finishing takes a copy. Without room for one it is readable as it is, and makes room when
	 * it is its turn.
	 */
	if ((ret == -ENOSPC || ret == -EDQUOT) && !mt_recorder_keep(one->path))
		log_warn("%s: left behind by a migtraced that was %s, kept as it is: %s", one->path,
			 how, err.msg);
	else if (ret)
		log_warn("left behind, and cannot be finished: %s", err.msg);
	else
		log_info("%s: left behind by a migtraced that was %s, now finished", one->path,
			 how);
	if (!ret)
		space_settle(one->path);
}

static void finish_all(struct leftovers *l)
{
	for (size_t i = 0; i < l->n && !stopped(l); i++) {
		bool taken;

		pthread_mutex_lock(&l->lock);
		taken = l->all[i].taken;
		l->all[i].taken = true;
		pthread_mutex_unlock(&l->lock);
		if (!taken)
			leftover_finish(&l->all[i]);
	}
	if (!stopped(l))
		space_hold(l->fd, true);
}

/* --- the thread ------------------------------------------------------------- */
static void leftovers_free(struct leftovers *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->all[i].path);
		free(l->all[i].uuid);
	}
	free(l->all);
	free(l->directory);
	if (l->fd >= 0)
		close(l->fd);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void release(struct leftovers *l)
{
	bool last;

	pthread_mutex_lock(&l->lock);
	last = !--l->refs;
	pthread_mutex_unlock(&l->lock);
	if (last)
		leftovers_free(l);
}

static void *leftovers_main(void *arg)
{
	struct leftovers *l = arg;
	bool finish;

	read_all(l);
	pthread_mutex_lock(&l->lock);
	l->read = true;
	mt_cond_wake(&l->changed);
	while (!l->finish && !l->stop)
		mt_cond_wait(&l->changed, &l->lock);
	finish = l->finish && !l->stop;
	pthread_mutex_unlock(&l->lock);
	if (finish)
		finish_all(l);
	pthread_mutex_lock(&l->lock);
	l->finished = l->ended = true;
	mt_cond_wake(&l->changed);
	pthread_mutex_unlock(&l->lock);
	release(l);
	return NULL;
}

/* --- the interface ---------------------------------------------------------- */
struct leftovers *leftovers_find(const char *directory)
{
	struct leftovers *l;
	struct mt_err err = { 0 };
	int fd = mt_directory_open(directory, &err), rc;

	if (fd < 0) {
		log_warn("%s; nothing is recorded there", err.msg);
		return NULL;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		log_warn("%s: %s; unfinished recordings in it are left alone", directory,
			 errno == EWOULDBLOCK ? "another migtraced uses it" : strerror(errno));
		close(fd);
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		close(fd);
		return NULL;
	}
	l->fd = fd;
	l->refs = 2;
	pthread_mutex_init(&l->lock, NULL);
	mt_cond_init(&l->changed);
	l->directory = strdup(directory);
	rc = l->directory ? mt_thread_start(NULL, "leftovers", leftovers_main, l) : -ENOMEM;
	if (rc) {
		log_warn("%s: %s; unfinished recordings in it are left alone", directory,
			 strerror(-rc));
		leftovers_free(l);
		return NULL;
	}
	space_hold(fd, false);
	return l;
}

struct leftovers *leftovers_get(struct leftovers *l)
{
	if (l) {
		pthread_mutex_lock(&l->lock);
		l->refs++;
		pthread_mutex_unlock(&l->lock);
	}
	return l;
}

void leftovers_put(struct leftovers *l)
{
	uint64_t until_ns = mt_deadline_ns(STOP_WAIT_MS);
	bool last;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	last = l->refs <= 2 && !l->stop;
	if (last) {
		l->stop = true;
		mt_cond_wake(&l->changed);
		/* So that what it holds is free when we are gone, and its lines are told. */
		while (!l->ended && mt_cond_wait_until(&l->changed, &l->lock, until_ns))
			;
	}
	if (last)
		space_hold(-1, false);
	/* Its thread has ended, but may not have let go of @l yet. */
	if (last && l->ended) {
		close(l->fd);
		l->fd = -1;
	}
	pthread_mutex_unlock(&l->lock);
	release(l);
}

static bool leftover_fits(const struct leftover *one, const char *uuid, uint64_t start_wall_ms)
{
	int64_t apart = (int64_t)(one->start_wall_ms - start_wall_ms);

	return !one->taken && !one->has_outcome && !strcmp(one->uuid, uuid) &&
	       apart <= START_TOLERANCE_MS && apart >= -START_TOLERANCE_MS;
}

int leftovers_resume(struct leftovers *l, const char *uuid, uint64_t start_wall_ms,
		     struct mt_recorder **r, char **path, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(READ_WAIT_MS);
	struct leftover *one = NULL;

	*r = NULL;
	*path = NULL;
	if (!l)
		return -ENOENT;
	pthread_mutex_lock(&l->lock);
	while (!l->read && !l->stop && mt_cond_wait_until(&l->changed, &l->lock, until_ns))
		;
	for (size_t i = 0; l->read && i < l->n && !one; i++) {
		if (leftover_fits(&l->all[i], uuid, start_wall_ms)) {
			one = &l->all[i];
			one->taken = true;
		}
	}
	pthread_mutex_unlock(&l->lock);
	if (!one)
		return -ENOENT;
	*path = strdup(one->path);
	if (!*path)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_recorder_resume(r, *path, err);
}

void leftovers_finish(struct leftovers *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->finish = true;
	mt_cond_wake(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

bool leftovers_wait(struct leftovers *l, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool done;

	pthread_mutex_lock(&l->lock);
	while (!(l->finish ? l->finished : l->read) &&
	       mt_cond_wait_until(&l->changed, &l->lock, until_ns))
		;
	done = l->finish ? l->finished : l->read;
	pthread_mutex_unlock(&l->lock);
	return done;
}
