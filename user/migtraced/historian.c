// SPDX-License-Identifier: GPL-2.0-or-later
/* historian.c - migrations that are over, written into the history behind everybody's back */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "base/thread.h"
#include "history/archive.h"
#include "historian.h"
#include "log.h"

#define NICE		10	/* of its thread: migrations go first */
#define RETRY_FIRST_MS	1000
#define RETRY_MAX_MS	60000
#define TRIES_MAX	3	/* of one recording that an answering database does not take */

struct waiting {
	struct waiting *next;
	char path[];
};

struct historian {
	char *where;
	uint64_t keep;
	struct utsname here;
	pthread_t thread;

	/* The thread's own. */
	struct mt_db *db;		/* NULL: not open */
	uint64_t retry_ms;
	unsigned tries;			/* of the first that waits */
	bool refused;			/* by the database, just now */

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	struct waiting *first, **end;
	size_t n;
	uint64_t written, lost;		/* migrations; recordings */
	char error[512];		/* why it does not get on; "": it does */
	bool leave;
};

/* --- on its thread ---------------------------------------------------------------- */
static void set_error(struct historian *h, const char *error)
{
	bool news;

	pthread_mutex_lock(&h->lock);
	news = strcmp(h->error, error) != 0;
	snprintf(h->error, sizeof(h->error), "%s", error);
	pthread_mutex_unlock(&h->lock);
	if (!news)
		return;
	if (*error)
		log_warn("the history is not written: %s; trying again until it is", error);
	else
		log_info("the history is written again");
}

static void lose(struct historian *h, const char *path, const char *why)
{
	pthread_mutex_lock(&h->lock);
	h->lost++;
	pthread_mutex_unlock(&h->lock);
	log_warn("%s is not in the history: %s; migtrace history import puts it there", path, why);
}

static int refuse(struct historian *h, int rc, const struct mt_err *err)
{
	h->refused = true;
	set_error(h, err->msg);
	return rc;
}

static int on_past(const struct mt_past *p, void *opaque)
{
	struct historian *h = opaque;
	struct mt_err err = { 0 };
	int rc = mt_archive_put(h->db, p, &err);

	if (rc)
		return refuse(h, rc, &err);
	__atomic_add_fetch(&h->written, 1, __ATOMIC_RELAXED);
	return 0;
}

static int put_all(struct historian *h, const char *path, struct mt_err *err)
{
	int rc = mt_past_of_file(path, h->here.nodename, on_past, h, err);

	if (rc >= 0 && (rc = mt_archive_prune(h->db, 0, h->keep, NULL, err)))
		return refuse(h, rc, err);
	return rc;
}

/* Return: false: it is to be tried again. */
static bool write_one(struct historian *h, const char *path)
{
	struct mt_err err = { 0 };
	int rc;

	h->refused = false;
	if (!h->db && mt_archive_open(&h->db, h->where, true, &err)) {
		set_error(h, err.msg);
		return false;
	}
	rc = put_all(h, path, &err);
	if (!rc)
		set_error(h, "");
	if (h->refused) {	/* a server that went away, or another file in its place */
		mt_db_close(h->db);
		h->db = NULL;
		if (rc != -EIO || ++h->tries < TRIES_MAX)
			return false;
	}
	if (rc)
		lose(h, path, err.msg);
	h->retry_ms = h->tries = 0;
	return true;
}

/* With the lock held. */
static void take_off(struct historian *h)
{
	struct waiting *w = h->first;

	h->first = w->next;
	if (!h->first)
		h->end = &h->first;
	h->n--;
	free(w);
}

/* With the lock held. Unless it is time to go. */
static void wait_to_retry(struct historian *h)
{
	uint64_t until_ns;

	h->retry_ms = h->retry_ms ? 2 * h->retry_ms : RETRY_FIRST_MS;
	if (h->retry_ms > RETRY_MAX_MS)
		h->retry_ms = RETRY_MAX_MS;
	until_ns = mt_deadline_ns(h->retry_ms);
	while (!h->leave && mt_cond_wait_until(&h->changed, &h->lock, until_ns))
		;
}

static void *historian_main(void *arg)
{
	struct historian *h = arg;

	setpriority(PRIO_PROCESS, 0, NICE);	/* on Linux, of this thread */
	pthread_mutex_lock(&h->lock);
	while (h->first || !h->leave) {
		const char *path = h->first ? h->first->path : NULL;
		bool done;

		if (!path) {
			mt_cond_wait(&h->changed, &h->lock);
			continue;
		}
		pthread_mutex_unlock(&h->lock);
		done = write_one(h, path);
		pthread_mutex_lock(&h->lock);
		if (done)
			take_off(h);
		else if (h->leave)
			break;
		else
			wait_to_retry(h);
	}
	h->lost += h->n;
	pthread_mutex_unlock(&h->lock);
	if (h->n)
		log_warn("%zu recordings are not in the history; migtrace history import puts them there",
			 h->n);
	mt_db_close(h->db);
	return NULL;
}

/* --- the interface ------------------------------------------------------------------ */
static void historian_free(struct historian *h)
{
	while (h->first)
		take_off(h);
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h->where);
	free(h);
}

struct historian *historian_new(const struct config *c)
{
	struct historian *h;
	int rc = -ENOMEM;

	if (!strcmp(c->history, "none") || !*c->directory) {
		if (strcmp(c->history, "none") && strcmp(c->history, "default"))
			log_warn("no history: it is made of recordings, and [record] directory is empty");
		return NULL;
	}
	h = calloc(1, sizeof(*h));
	if (h) {
		pthread_mutex_init(&h->lock, NULL);
		mt_cond_init(&h->changed);
		h->end = &h->first;
		h->keep = c->history_keep;
		if (uname(&h->here))
			*h->here.nodename = '\0';
		if (strcmp(c->history, "default"))
			h->where = strdup(c->history);
		else if (asprintf(&h->where, "%s/" HISTORIAN_FILE, c->directory) < 0)
			h->where = NULL;
		if (h->where)
			rc = mt_thread_start(&h->thread, "historian", historian_main, h);
	}
	if (!rc)
		return h;
	log_err("no history is written: %s", strerror(-rc));
	if (h)
		historian_free(h);
	return NULL;
}

void historian_put(struct historian *h, const char *recording)
{
	struct waiting *w;
	bool full;

	if (!h || !recording)
		return;
	w = malloc(sizeof(*w) + strlen(recording) + 1);
	if (w) {
		w->next = NULL;
		strcpy(w->path, recording);
	}
	pthread_mutex_lock(&h->lock);
	full = !w || h->n == HISTORIAN_QUEUE;
	if (!full) {
		*h->end = w;
		h->end = &w->next;
		h->n++;
		mt_cond_wake(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	if (!full)
		return;
	free(w);
	lose(h, recording, "too many wait for the database already");
}

json_t *historian_json(struct historian *h)
{
	json_t *o;
	int failed = 0;

	if (!h)
		return json_null();
	o = json_object();
	pthread_mutex_lock(&h->lock);
	mt_json_set(o, "where", mt_json_string(h->where), &failed);
	mt_json_set(o, "written", mt_json_uint(__atomic_load_n(&h->written, __ATOMIC_RELAXED)),
		    &failed);
	mt_json_set(o, "waiting", mt_json_uint(h->n), &failed);
	mt_json_set(o, "lost", mt_json_uint(h->lost), &failed);
	mt_json_set(o, "error", mt_json_string(*h->error ? h->error : NULL), &failed);
	pthread_mutex_unlock(&h->lock);
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

bool historian_stop(struct historian *h, uint64_t until_ns)
{
	if (!h)
		return true;
	pthread_mutex_lock(&h->lock);
	h->leave = true;
	mt_cond_wake(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (!mt_thread_join_until(h->thread, until_ns))
		return false;
	historian_free(h);
	return true;
}
