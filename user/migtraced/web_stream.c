// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * web_stream.c - server-sent events: each published text to all that watch
 *
 * A connection for which there is nothing new is suspended, so that libmicrohttpd does not turn
 * in a circle, and resumed when something is published.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "web_stream.h"

struct stream {
	struct web_streams *of;
	struct MHD_Connection *connection;
	bool suspended;
	unsigned long seen;		/* of ->version */
	char *text;			/* that goes out now */
	size_t size, done;
};

struct web_streams {
	pthread_mutex_t lock;
	struct stream *all[WEB_STREAMS_MAX];
	size_t n;
	char *text;			/* published last, as an event */
	unsigned long version;		/* 0: nothing */
	bool ended;
};

struct web_streams *web_streams_new(void)
{
	struct web_streams *s = calloc(1, sizeof(*s));

	if (s)
		pthread_mutex_init(&s->lock, NULL);
	return s;
}

void web_streams_free(struct web_streams *s)
{
	if (!s)
		return;
	free(s->text);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void resume_all(struct web_streams *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->all[i]->suspended)
			continue;
		s->all[i]->suspended = false;
		MHD_resume_connection(s->all[i]->connection);
	}
}

void web_streams_publish(struct web_streams *s, const char *text)
{
	char *event = NULL;

	pthread_mutex_lock(&s->lock);
	/*
	 * Of one line, as JSON without newlines is. Kept where nobody watches, too: whoever comes
	 * next begins with it.
	 */
	if (asprintf(&event, "data: %s\n\n", text) >= 0) {
		free(s->text);
		s->text = event;
		s->version++;
		resume_all(s);
	}
	pthread_mutex_unlock(&s->lock);
}

void web_streams_end(struct web_streams *s)
{
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	resume_all(s);
	pthread_mutex_unlock(&s->lock);
}

size_t web_streams_count(struct web_streams *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n;
	pthread_mutex_unlock(&s->lock);
	return n;
}

/* The next event, if there is one. */
static bool renew(struct stream *st)
{
	struct web_streams *s = st->of;

	if (st->done < st->size)
		return true;
	if (st->seen == s->version || !s->text)
		return false;
	free(st->text);
	st->text = strdup(s->text);
	st->size = st->text ? strlen(st->text) : 0;
	st->done = 0;
	st->seen = s->version;
	return st->size > 0;
}

static ssize_t on_read(void *opaque, uint64_t pos, char *buf, size_t max)
{
	struct stream *st = opaque;
	struct web_streams *s = st->of;
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	if (s->ended) {
		pthread_mutex_unlock(&s->lock);
		return MHD_CONTENT_READER_END_OF_STREAM;
	}
	if (renew(st)) {
		n = st->size - st->done < max ? st->size - st->done : max;
		memcpy(buf, st->text + st->done, n);
		st->done += n;
	} else {
		st->suspended = true;
		MHD_suspend_connection(st->connection);
	}
	pthread_mutex_unlock(&s->lock);
	return (ssize_t)n;
}

static void on_end(void *opaque)
{
	struct stream *st = opaque;
	struct web_streams *s = st->of;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n; i++) {
		if (s->all[i] != st)
			continue;
		s->all[i] = s->all[--s->n];
		break;
	}
	pthread_mutex_unlock(&s->lock);
	free(st->text);
	free(st);
}

#define BLOCK_BYTES	(16 * 1024)

struct MHD_Response *web_streams_open(struct web_streams *s, struct MHD_Connection *c)
{
	struct stream *st = calloc(1, sizeof(*st));
	struct MHD_Response *r = NULL;

	if (!st)
		return NULL;
	*st = (struct stream){ .of = s, .connection = c };
	pthread_mutex_lock(&s->lock);
	if (s->n < WEB_STREAMS_MAX && !s->ended)
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, st,
						      on_end);
	if (r)
		s->all[s->n++] = st;
	pthread_mutex_unlock(&s->lock);
	if (!r)
		free(st);
	return r;
}
