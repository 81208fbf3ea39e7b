// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * screen.c - lines, and a block that is drawn over itself, written by a thread of their own
 *
 * What is to be shown is under a lock that nobody holds while writing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/thread.h"
#include "base/utf8.h"
#include "screen.h"

#define LINES_MAX	64	/* that wait */
#define COLUMNS_DEFAULT	80

struct screen {
	FILE *out;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;			/* the owner and the thread */
	bool ending, idle;
	char lines[LINES_MAX][SCREEN_ROW];	/* a ring */
	unsigned first, n, dropped;
	bool fresh;			/* the block has not been drawn yet */
	char rows[SCREEN_ROWS][SCREEN_ROW];

	/* The thread's own. */
	int drawn;			/* rows of the block on the screen now */
	char shown[SCREEN_ROWS][SCREEN_ROW];
};

static void put(struct screen *s)
{
	unsigned refs;

	pthread_mutex_lock(&s->lock);
	refs = --s->refs;
	pthread_mutex_unlock(&s->lock);
	if (refs)
		return;
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- the thread ---------------------------------------------------------------- */
static int columns(FILE *out)
{
	struct winsize w;

	if (ioctl(fileno(out), TIOCGWINSZ, &w) || !w.ws_col)
		return COLUMNS_DEFAULT;
	return w.ws_col;
}

static void erase(struct screen *s)
{
	if (s->drawn)
		fprintf(s->out, "\033[%dA\033[J", s->drawn);
	s->drawn = 0;
}

/* No row is longer than the screen is wide: a wrapped one could not be drawn over. */
static void draw(struct screen *s)
{
	erase(s);
	for (int i = 0; i < SCREEN_ROWS && *s->shown[i]; i++) {
		fprintf(s->out, "%.*s\n", columns(s->out) - 1, s->shown[i]);
		s->drawn++;
	}
}

/* With the lock held, which is dropped meanwhile. Return: whether there was something. */
static bool write_some(struct screen *s)
{
	unsigned dropped = s->dropped, n = s->n;
	char line[SCREEN_ROW];
	bool block = s->fresh;

	if (!n && !dropped && !block)
		return false;
	s->dropped = 0;
	if (n) {
		memcpy(line, s->lines[s->first], sizeof(line));
		s->first = (s->first + 1) % LINES_MAX;
		s->n--;
	} else {
		s->fresh = false;
		memcpy(s->shown, s->rows, sizeof(s->shown));
	}
	pthread_mutex_unlock(&s->lock);
	if (dropped || n)
		erase(s);
	if (dropped)
		fprintf(s->out, "(%u lines were dropped: nobody read them)\n", dropped);
	if (n)
		fprintf(s->out, "%s\n", line);
	else if (block)
		draw(s);
	fflush(s->out);
	pthread_mutex_lock(&s->lock);
	return true;
}

static void *write_all(void *arg)
{
	struct screen *s = arg;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		s->idle = false;
		while (write_some(s))
			;
		if (s->ending)
			break;
		s->idle = true;
		mt_cond_wait(&s->changed, &s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	erase(s);
	fflush(s->out);
	pthread_mutex_lock(&s->lock);
	s->idle = true;
	mt_cond_wake(&s->changed);
	pthread_mutex_unlock(&s->lock);
	put(s);
	return NULL;
}

/* --- what is left for it --------------------------------------------------------- */
struct screen *screen_new(FILE *out)
{
	struct screen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->out = out;
	s->refs = 2;
	pthread_mutex_init(&s->lock, NULL);
	mt_cond_init(&s->changed);
	if (mt_thread_start(NULL, "screen", write_all, s)) {
		s->refs = 1;
		put(s);
		return NULL;
	}
	return s;
}

void screen_line(struct screen *s, const char *text)
{
	char *line;

	pthread_mutex_lock(&s->lock);
	if (s->n == LINES_MAX) {
		s->first = (s->first + 1) % LINES_MAX;
		s->n--;
		s->dropped++;
	}
	line = s->lines[(s->first + s->n++) % LINES_MAX];
	snprintf(line, SCREEN_ROW, "%s", text);
	mt_utf8_scrub(line);
	mt_cond_wake(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void screen_draw(struct screen *s, const char rows[SCREEN_ROWS][SCREEN_ROW])
{
	pthread_mutex_lock(&s->lock);
	memcpy(s->rows, rows, sizeof(s->rows));
	for (int i = 0; i < SCREEN_ROWS; i++)
		mt_utf8_scrub(s->rows[i]);
	s->fresh = true;
	mt_cond_wake(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

bool screen_end(struct screen *s, uint64_t wait_ms)
{
	uint64_t until_ns = mt_deadline_ns(wait_ms);
	bool more = true, whole;

	pthread_mutex_lock(&s->lock);
	s->ending = true;
	s->fresh = false;
	s->idle = false;
	mt_cond_wake(&s->changed);
	while (!s->idle && more)
		more = mt_cond_wait_until(&s->changed, &s->lock, until_ns);
	whole = s->idle;
	pthread_mutex_unlock(&s->lock);
	put(s);
	return whole;
}
