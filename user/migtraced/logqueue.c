// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * logqueue.c - lines on their way to a descriptor that may block for ever
 *
 * Threads: any puts, the queue's own writes. The lock is held for moments, never during a write.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/units.h"
#include "logqueue.h"

#define LINE_BYTES	2304
#define WARNING		4	/* sd-daemon's number */
#define WRITABLE_MS	1000	/* a descriptor that somebody made non-blocking */

struct line {
	struct line *next;
	uint64_t t_ns;
	uint64_t lost_before;		/* dropped between the one before and this one */
	int priority;
	char text[];
};

struct logqueue {
	int fd;
	size_t max_bytes;
	logqueue_compose_fn compose;
	pthread_t thread;

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	struct line *first, **end;
	size_t bytes;
	uint64_t lost, lost_now;	/* in all; not yet told of */
	bool writing, failing, closing;
};

static size_t line_bytes(const struct line *line)
{
	return sizeof(*line) + strlen(line->text) + 1;
}

/* --- the thread ---------------------------------------------------------- */

static int write_all(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n >= 0) {
			buf += n;
			len -= n;
		} else if (errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			(void)poll(&p, 1, WRITABLE_MS);
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* One write a line. */
static int write_line(const struct logqueue *q, int priority, const char *text, uint64_t late_ms)
{
	char buf[LINE_BYTES];

	return write_all(q->fd, buf, q->compose(buf, sizeof(buf), priority, text, late_ms));
}

static int write_lost(const struct logqueue *q, uint64_t lost)
{
	char text[96];

	snprintf(text, sizeof(text), "%" PRIu64 " line%s of this log lost: it could not be written",
		 lost, lost == 1 ? "" : "s");
	return write_line(q, WARNING, text, 0);
}

/* With the lock held. */
static struct line *take(struct logqueue *q)
{
	struct line *line = q->first;

	if (!line)
		return NULL;
	q->first = line->next;
	if (!q->first)
		q->end = &q->first;
	q->bytes -= line_bytes(line);
	return line;
}

/*
 * What fails at once, a full disk or a reader that is gone, is only tried again with the next line.
 */
static bool has_work(const struct logqueue *q)
{
	return q->first || (q->lost_now && !q->failing);
}

/* With the lock held, which is dropped meanwhile. */
static void write_one(struct logqueue *q)
{
	struct line *line = take(q);
	uint64_t lost = line ? line->lost_before : q->lost_now;
	bool note_failed, line_failed;

	if (!line)
		q->lost_now = 0;
	q->writing = true;
	pthread_mutex_unlock(&q->lock);

	note_failed = lost && write_lost(q, lost);
	line_failed = line && write_line(q, line->priority, line->text,
					 (mt_now_ns() - line->t_ns) / MT_NS_PER_MS);
	free(line);

	pthread_mutex_lock(&q->lock);
	q->writing = false;
	q->failing = note_failed || line_failed;
	q->lost += line_failed;
	*(q->first ? &q->first->lost_before : &q->lost_now) +=
		line_failed + (note_failed ? lost : 0);
}

static void *run(void *arg)
{
	struct logqueue *q = arg;

	pthread_mutex_lock(&q->lock);
	while (has_work(q) || !q->closing) {
		if (!has_work(q)) {
			mt_cond_wait(&q->changed, &q->lock);
			continue;
		}
		write_one(q);
		mt_cond_wake(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

/* --- the interface ------------------------------------------------------- */

int logqueue_new(struct logqueue **out, int fd, size_t max_bytes, logqueue_compose_fn compose)
{
	struct logqueue *q = calloc(1, sizeof(*q));
	int ret;

	if (!q)
		return -ENOMEM;
	q->fd = fd;
	q->max_bytes = max_bytes;
	q->compose = compose;
	q->end = &q->first;
	pthread_mutex_init(&q->lock, NULL);
	mt_cond_init(&q->changed);
	ret = mt_thread_start(&q->thread, "log", run, q);
	if (ret) {
		pthread_cond_destroy(&q->changed);
		pthread_mutex_destroy(&q->lock);
		free(q);
		return ret;
	}
	*out = q;
	return 0;
}

void logqueue_put(struct logqueue *q, int priority, const char *text)
{
	size_t len = strlen(text) + 1,
	       room = priority <= WARNING ? q->max_bytes : q->max_bytes / 4 * 3;
	struct line *line = malloc(sizeof(*line) + len);

	if (line) {
		*line = (struct line){ .t_ns = mt_now_ns(), .priority = priority };
		memcpy(line->text, text, len);
	}
	pthread_mutex_lock(&q->lock);
	if (line && q->bytes + line_bytes(line) <= room) {
		line->lost_before = q->lost_now;
		q->lost_now = 0;
		q->bytes += line_bytes(line);
		*q->end = line;
		q->end = &line->next;
		line = NULL;
	} else {
		q->lost++;
		q->lost_now++;
	}
	mt_cond_wake(&q->changed);
	pthread_mutex_unlock(&q->lock);
	free(line);
}

uint64_t logqueue_lost(struct logqueue *q)
{
	uint64_t lost;

	pthread_mutex_lock(&q->lock);
	lost = q->lost;
	pthread_mutex_unlock(&q->lock);
	return lost;
}

bool logqueue_flush(struct logqueue *q, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool more = true, done;

	pthread_mutex_lock(&q->lock);
	while ((q->writing || has_work(q)) && more)
		more = mt_cond_wait_until(&q->changed, &q->lock, until_ns);
	done = !q->writing && !has_work(q);
	pthread_mutex_unlock(&q->lock);
	return done;
}

bool logqueue_free(struct logqueue *q, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);

	pthread_mutex_lock(&q->lock);
	q->closing = true;
	mt_cond_wake(&q->changed);
	pthread_mutex_unlock(&q->lock);
	if (!mt_thread_join_until(q->thread, until_ns))
		return false;
	pthread_cond_destroy(&q->changed);
	pthread_mutex_destroy(&q->lock);
	free(q);
	return true;
}
