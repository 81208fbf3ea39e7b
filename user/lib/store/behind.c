// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * behind.c - a recorder's queue, and the thread that empties it onto a disk that may hang
 *
 * Threads: any may put; the recorder that is written to is the thread's alone, and so is all of it
 * once it was closed: a thread that hangs in the disk keeps what it hangs in, however long the rest
 * of the program lives.
 */
#include <errno.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "behind.h"
#include "entry.h"
#include "recorder.h"

#define ENTRIES_DEFAULT	8192
#define BYTES_DEFAULT	(8U << 20)
#define CLOSE_MS_DEFAULT	5000
/* For what is rare: a part of the queue is closed to looks and ticks. */
#define RESERVE_SHARE	8

/* An entry is kept as its line: its strings are the caller's, and gone when it is written. */
struct node {
	struct node *next;
	uint64_t dropped, dropped_t_ns;	/* before it, and when the first of them was */
	struct mt_thin_entry what;
	size_t len;
	char line[];
};

struct mt_behind {
	struct mt_recorder_behind how;
	struct mt_recorder *to;		/* the thread's */

	pthread_mutex_t lock;		/* of what follows; held for moments */
	pthread_cond_t changed;
	struct node *first, **end;
	size_t entries, bytes;		/* in the queue, with the one that is being written */
	uint64_t put, written;		/* so far */
	uint64_t dropped;		/* so far */
	uint64_t waiting, waiting_t_ns;	/* of them, those that no entry tells of yet, and when the
					 * first was */
	bool begun, closing, closed, abandoned;
	struct mt_err err;		/* the first error, of begin() or of the disk */
	int close_rc;
	struct mt_err close_err;
};

static void behind_free(struct mt_behind *b)
{
	while (b->first) {
		struct node *next = b->first->next;

		free(b->first);
		b->first = next;
	}
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

/* --- the thread ----------------------------------------------------------- */
static void fail(struct mt_behind *b, int rc)
{
	pthread_mutex_lock(&b->lock);
	mt_err_set(&b->err, rc, "%s", strerror(-rc));
	pthread_mutex_unlock(&b->lock);
}

static int tell_dropped(struct mt_behind *b, uint64_t n, uint64_t t_ns)
{
	char detail[128];
	struct mt_entry e = { .type = MT_ENTRY_EVENT, .event = { t_ns, "dropped", detail } };

	if (!n)
		return 0;
	snprintf(detail, sizeof(detail), "%llu entr%s here: the disk did not keep up",
		 (unsigned long long)n, n == 1 ? "y is missing" : "ies are missing");
	return mt_recorder_write(b->to, &e);
}

/* The host has booted since the recording began: the line's time is another in it. */
static int write_shifted(struct mt_behind *b, const struct node *node)
{
	struct mt_strings strings = { 0 };
	unsigned strange = 0;
	struct mt_entry e;
	int rc = mt_entry_parse(&e, node->line, node->len, &strings, &strange, NULL);

	if (!rc)
		rc = mt_recorder_write(b->to, &e);
	mt_strings_fini(&strings);
	return rc;
}

static void write_node(struct mt_behind *b, const struct node *node)
{
	int rc = tell_dropped(b, node->dropped, node->dropped_t_ns);

	if (!rc)
		rc = b->to->shift_ns ?
			     write_shifted(b, node) :
			     mt_recorder_line(b->to, &node->what, node->line, node->len);
	if (rc)
		fail(b, rc);
}

/* With the lock held. Return: NULL: closing, and all is written. */
static struct node *next_node(struct mt_behind *b)
{
	struct node *node;

	while (!b->first && !b->closing)
		mt_cond_wait(&b->changed, &b->lock);
	node = b->first;
	if (node) {
		b->first = node->next;
		if (!b->first)
			b->end = &b->first;
	}
	return node;
}

static void write_all(struct mt_behind *b)
{
	struct node *node;

	pthread_mutex_lock(&b->lock);
	while ((node = next_node(b))) {
		pthread_mutex_unlock(&b->lock);
		if (b->to)
			write_node(b, node);
		pthread_mutex_lock(&b->lock);
		b->entries--;
		b->bytes -= node->len;
		b->written++;
		mt_cond_wake(&b->changed);
		free(node);
	}
	pthread_mutex_unlock(&b->lock);
}

static void begin(struct mt_behind *b)
{
	struct mt_err err = { 0 };
	int rc = b->how.begin(&b->to, b->how.opaque, &err);

	if (rc)
		b->to = NULL;
	pthread_mutex_lock(&b->lock);
	if (rc)
		mt_err_set(&b->err, rc, "%s", err.code ? err.msg : strerror(-rc));
	b->begun = true;
	mt_cond_wake(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void end(struct mt_behind *b)
{
	struct mt_err err = { 0 };
	uint64_t n, t_ns;
	bool abandoned;
	int rc;

	pthread_mutex_lock(&b->lock);
	n = b->waiting;
	t_ns = b->waiting_t_ns;
	pthread_mutex_unlock(&b->lock);
	if (b->to && (rc = tell_dropped(b, n, t_ns)))
		fail(b, rc);
	rc = mt_recorder_close(b->to, &err);
	if (b->how.release)
		b->how.release(b->how.opaque);
	pthread_mutex_lock(&b->lock);
	b->close_rc = rc;
	b->close_err = err;
	b->closed = true;
	abandoned = b->abandoned;
	mt_cond_wake(&b->changed);
	pthread_mutex_unlock(&b->lock);
	if (abandoned)
		behind_free(b);
}

static void *behind_main(void *arg)
{
	struct mt_behind *b = arg;

	begin(b);
	write_all(b);
	end(b);
	return NULL;
}

/* --- the interface -------------------------------------------------------- */
int mt_behind_start(struct mt_behind **out, const struct mt_recorder_behind *how,
		    struct mt_err *err)
{
	struct mt_behind *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return mt_err_set(err, -ENOMEM, "out of memory");
	b->how = *how;
	b->how.max_entries = how->max_entries ? how->max_entries : ENTRIES_DEFAULT;
	b->how.max_bytes = how->max_bytes ? how->max_bytes : BYTES_DEFAULT;
	b->how.close_ms = how->close_ms ? how->close_ms : CLOSE_MS_DEFAULT;
	b->end = &b->first;
	pthread_mutex_init(&b->lock, NULL);
	mt_cond_init(&b->changed);
	rc = mt_thread_start(NULL, "mt-recorder", behind_main, b);
	if (rc) {
		behind_free(b);
		return mt_err_set(err, rc, "no thread: %s", strerror(-rc));
	}
	*out = b;
	return 0;
}

/* With the lock held. */
static bool has_room(const struct mt_behind *b, const struct node *node)
{
	size_t entries = b->how.max_entries, bytes = b->how.max_bytes;

	if (node->what.frequent || node->what.type == MT_ENTRY_PAGES) {
		entries -= entries / RESERVE_SHARE;
		bytes -= bytes / RESERVE_SHARE;
	}
	return b->entries < entries && b->bytes + node->len <= bytes;
}

/* With the lock held. */
static void append(struct mt_behind *b, struct node *node)
{
	node->dropped = b->waiting;
	node->dropped_t_ns = b->waiting_t_ns;
	b->waiting = 0;
	*b->end = node;
	b->end = &node->next;
	b->entries++;
	b->bytes += node->len;
	b->put++;
	mt_cond_wake(&b->changed);
}

static struct node *node_of(const struct mt_entry *e)
{
	mt_autofree char *line = mt_entry_line(e);
	struct node *node = NULL;
	size_t len;

	if (line) {
		len = strlen(line);
		node = malloc(sizeof(*node) + len + 1);
	}
	if (node) {
		*node = (struct node){ .what = mt_thin_entry(e), .len = len };
		memcpy(node->line, line, len + 1);
	}
	return node;
}

int mt_behind_put(struct mt_behind *b, const struct mt_entry *e)
{
	struct node *node = node_of(e);
	int rc;

	if (!node)
		return -ENOMEM;
	pthread_mutex_lock(&b->lock);
	rc = b->err.code;
	/* The outcome is still of use where only room was refused. */
	if (rc && e->type != MT_ENTRY_OUTCOME) {
		free(node);
	} else if (has_room(b, node)) {
		append(b, node);
	} else {
		if (!b->waiting++)
			b->waiting_t_ns = node->what.t_ns;
		b->dropped++;
		free(node);
	}
	pthread_mutex_unlock(&b->lock);
	return rc;
}

int mt_behind_begun(struct mt_behind *b, uint64_t timeout_ms, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	int rc;

	pthread_mutex_lock(&b->lock);
	while (!b->begun && mt_cond_wait_until(&b->changed, &b->lock, until_ns))
		;
	rc = b->begun ? b->err.code : -ETIMEDOUT;
	if (rc)
		mt_err_set(err, rc, "%s", b->begun ? b->err.msg : "the disk does not answer");
	pthread_mutex_unlock(&b->lock);
	return rc;
}

int mt_behind_flush(struct mt_behind *b, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms), upto;
	int rc;

	pthread_mutex_lock(&b->lock);
	upto = b->put;
	while (b->written < upto && mt_cond_wait_until(&b->changed, &b->lock, until_ns))
		;
	rc = b->err.code ? b->err.code : b->written < upto ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&b->lock);
	return rc;
}

uint64_t mt_behind_dropped(struct mt_behind *b)
{
	uint64_t n;

	pthread_mutex_lock(&b->lock);
	n = b->dropped;
	pthread_mutex_unlock(&b->lock);
	return n;
}

int mt_behind_close(struct mt_behind *b, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(b->how.close_ms), close_ms = b->how.close_ms;
	bool closed;
	int rc;

	pthread_mutex_lock(&b->lock);
	b->closing = true;
	mt_cond_wake(&b->changed);
	while (!b->closed && mt_cond_wait_until(&b->changed, &b->lock, until_ns))
		;
	closed = b->closed;
	b->abandoned = !closed;
	rc = closed && b->close_rc ? b->close_rc : b->err.code;
	if (!closed)
		rc = mt_err_set(
			err, -ETIMEDOUT,
			"the disk has not taken all of it within %.1f s; what is recorded up to then is readable",
			(double)close_ms / MT_MS_PER_S);
	else if (b->close_rc)
		mt_err_set(err, rc, "%s", b->close_err.msg);
	else if (rc)
		mt_err_set(err, rc, "%s", b->err.msg);
	pthread_mutex_unlock(&b->lock);
	if (closed)
		behind_free(b);
	return rc;
}
