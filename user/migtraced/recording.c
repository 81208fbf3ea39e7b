// SPDX-License-Identifier: GPL-2.0-or-later
/* recording.c - the recording of one migration, on a thread of its own */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "log.h"
#include "recording.h"
#include "recordings.h"
#include "space.h"

/* so that the line that tells of a migration can say where it is recorded */
#define BEGIN_WAIT_MS	300
#define LEAVE_WAIT_MS	1000

struct recording {
	struct mt_recorder *recorder;	/* behind a queue; the caller's */
	struct config *config;
	struct leftovers *leftovers;
	struct mt_record_header header;	/* its strings are ours */
	uint64_t job_wall_ms;
	pthread_mutex_t lock;		/* of what follows */
	unsigned refs;			/* one is the recorder's thread's */
	char *path;			/* NULL: no file yet */
	bool resumed;
};

static struct space_limits limits_of(const struct config *c)
{
	return (struct space_limits){ .keep = c->keep,
				      .quota_bytes = c->quota_bytes,
				      .keep_free_bytes = c->keep_free_bytes };
}

static const char **strings_of(struct mt_record_header *h, size_t i)
{
	const char **const all[] = { &h->domain,      &h->uuid,	  &h->domain_type, &h->source,
				     &h->destination, &h->tool,	  &h->qemu,	   &h->libvirt,
				     &h->kernel,      &h->policy, &h->mode };

	return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}

static bool copy_header(struct mt_record_header *to, const struct mt_record_header *from)
{
	bool ok = true;

	*to = *from;
	for (size_t i = 0; strings_of(to, i); i++) {
		const char **s = strings_of(to, i);

		*s = *s ? strdup(*s) : NULL;
		ok &= *s || !*strings_of((struct mt_record_header *)from, i);
	}
	return ok;
}

static void release(void *opaque)
{
	struct recording *rec = opaque;
	bool last;

	pthread_mutex_lock(&rec->lock);
	last = !--rec->refs;
	pthread_mutex_unlock(&rec->lock);
	if (!last)
		return;
	for (size_t i = 0; strings_of(&rec->header, i); i++)
		free((char *)*strings_of(&rec->header, i));
	leftovers_put(rec->leftovers);
	config_put(rec->config);
	pthread_mutex_destroy(&rec->lock);
	free(rec->path);
	free(rec);
}

/* --- on the recorder's thread --------------------------------------------- */
static int on_growth(uint64_t bytes, void *opaque, struct mt_err *err)
{
	const struct recording *rec = opaque;
	const struct space_limits limits = limits_of(rec->config);
	struct mt_err why = { 0 };
	int rc = space_make(rec->config->directory, &limits, 0, &why);

	if (rc)
		log_warn("%s: its recording ends here, supervision goes on: %s", rec->header.domain,
			 why.msg);
	return rc ? mt_err_set(err, rc, "%s", why.msg) : 0;
}

static int resume(struct recording *rec, struct mt_recorder **r, char **path)
{
	struct mt_err err = { 0 };
	int rc =
		leftovers_resume(rec->leftovers, rec->header.uuid, rec->job_wall_ms, r, path, &err);

	if (!rc)
		return mt_recorder_event(*r, mt_now_ns(), "resumed",
					 "migtraced was restarted and goes on recording");
	if (rc != -ENOENT)
		log_warn("%s: its recording %s cannot be continued, a new one is begun: %s",
			 rec->header.domain, *path ? *path : "", err.msg);
	free(*path);
	*path = NULL;
	*r = NULL;
	return rc;
}

static int begin(struct mt_recorder **r, void *opaque, struct mt_err *err)
{
	struct recording *rec = opaque;
	const struct space_limits limits = limits_of(rec->config);
	const char *directory = rec->config->directory;
	bool resumed = false;
	char *path = NULL;
	int rc;

	*r = NULL;
	resume(rec, r, &path);
	resumed = *r;
	rc = *r ? 0 : space_make(directory, &limits, MT_RECORDER_ROOM_BYTES, err);
	if (!rc && !*r)
		rc = recordings_open(r, &path, directory, &rec->header, err);
	if (rc) {
		log_err("%s: not recorded: %s", rec->header.domain, err->msg);
		return rc;
	}
	mt_recorder_set_room(*r, on_growth, rec);
	pthread_mutex_lock(&rec->lock);
	rec->path = path;
	rec->resumed = resumed;
	pthread_mutex_unlock(&rec->lock);
	return 0;
}

static void on_closed(void *opaque)
{
	struct recording *rec = opaque;
	const struct space_limits limits = limits_of(rec->config);

	if (rec->path)
		space_settle(rec->path);
	space_prune(rec->config->directory, &limits);
	release(rec);
}

/* --- on the guest's --------------------------------------------------------- */
struct recording *recording_begin(const struct recording_setup *setup)
{
	struct mt_recorder_behind how = { .begin = begin, .release = on_closed };
	struct recording *rec;
	struct mt_err err = { 0 };

	if (!*setup->config->directory)
		return NULL;
	rec = calloc(1, sizeof(*rec));
	if (!rec) {
		log_err("%s: not recorded: out of memory", setup->header->domain);
		return NULL;
	}
	pthread_mutex_init(&rec->lock, NULL);
	rec->refs = 1;
	rec->config = config_get(setup->config);
	rec->leftovers = leftovers_get(setup->leftovers);
	rec->job_wall_ms = setup->job_wall_ms;
	if (!copy_header(&rec->header, setup->header)) {
		log_err("%s: not recorded: out of memory", setup->header->domain);
		release(rec);
		return NULL;
	}
	rec->refs = 2;
	how.opaque = rec;
	if (mt_recorder_behind(&rec->recorder, &how, &err)) {
		log_err("%s: not recorded: %s", setup->header->domain, err.msg);
		rec->refs = 1;
		release(rec);
		return NULL;
	}
	if (mt_recorder_begun(rec->recorder, BEGIN_WAIT_MS, NULL) == -ETIMEDOUT)
		log_warn("%s: the disk is slow: not waiting for its recording",
			 setup->header->domain);
	return rec;
}

struct mt_recorder *recording_recorder(struct recording *rec)
{
	return rec ? rec->recorder : NULL;
}

char *recording_path(struct recording *rec, bool *resumed)
{
	char *path = NULL;

	if (!rec)
		return NULL;
	pthread_mutex_lock(&rec->lock);
	if (rec->path)
		path = strdup(rec->path);
	*resumed = rec->resumed;
	pthread_mutex_unlock(&rec->lock);
	return path;
}

uint64_t recording_dropped(struct recording *rec)
{
	return rec ? mt_recorder_dropped(rec->recorder) : 0;
}

void recording_end(struct recording *rec, int error)
{
	struct mt_err err = { 0 };
	uint64_t dropped;
	bool begun;

	if (!rec)
		return;
	pthread_mutex_lock(&rec->lock);
	begun = rec->path;
	pthread_mutex_unlock(&rec->lock);
	dropped = mt_recorder_dropped(rec->recorder);
	if (mt_recorder_close(rec->recorder, &err)) {
		if (begun)	/* else it was told then */
			log_err("%s: the recording is not whole: %s", rec->header.domain, err.msg);
	} else if (error) {
		log_err("%s: the recording is not whole: %s", rec->header.domain, strerror(-error));
	} else if (dropped) {
		log_warn(
			"%s: the recording is not whole: the disk did not keep up with %llu entries",
			rec->header.domain, (unsigned long long)dropped);
	}
	release(rec);
}

/*
 * Closing the recorder would finish the recording. What is in it is on disk, and the next
 * daemon goes on from there; until the process ends it stays open, and known here.
 */
static void leave_open(struct mt_recorder *r)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct mt_recorder **left;
	static size_t n;
	struct mt_recorder **more;

	pthread_mutex_lock(&lock);
	more = realloc(left, (n + 1) * sizeof(*left));
	if (more) {
		left = more;
		left[n++] = r;
	}
	pthread_mutex_unlock(&lock);
}

void recording_leave(struct recording *rec)
{
	if (!rec)
		return;
	mt_recorder_event(rec->recorder, mt_now_ns(), RECORDINGS_LEFT,
			  "migtraced was stopped; the migration goes on");
	if (mt_recorder_flush(rec->recorder, LEAVE_WAIT_MS) == -ETIMEDOUT)
		log_warn("%s: the disk is slow: the end of its recording may be missing",
			 rec->header.domain);
	leave_open(rec->recorder);
	release(rec);
}
