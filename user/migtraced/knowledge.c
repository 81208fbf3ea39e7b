// SPDX-License-Identifier: GPL-2.0-or-later
/* knowledge.c - what this host's own migrations have taught */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/thread.h"
#include "knowledge.h"
#include "log.h"

#define NICE	10	/* of its thread: migrations go first */

struct knowledge {
	char *directory, *path;
	pthread_t thread;
	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	bool wanted, leave;
	struct mt_experience *now;	/* NULL: nothing learned yet */
	struct mt_trained *trained;	/* set once; NULL: likewise */
};

static void keep(struct knowledge *k, struct mt_experience *e)
{
	struct mt_experience *before;

	pthread_mutex_lock(&k->lock);
	before = k->now;
	k->now = e;
	pthread_mutex_unlock(&k->lock);
	free(before);
}

/* Of the file as it is. A file that is not there yet is no trouble. */
static void load(struct knowledge *k)
{
	struct mt_experience *e = malloc(sizeof(*e));
	struct mt_err err = { 0 };
	int rc = e ? mt_experience_load(e, k->path, NULL, &err) :
		     mt_err_set(&err, -ENOMEM, "out of memory");

	if (!rc) {
		keep(k, e);
		return;
	}
	free(e);
	if (rc != -ENOENT)
		log_warn("what earlier migrations have taught is not used: %s", err.msg);
}

static void load_trained(struct knowledge *k)
{
	mt_autofree char *path = NULL;
	struct mt_trained *t;
	struct mt_err err = { 0 };
	int rc = asprintf(&path, "%s/" MT_TRAINED_FILE, k->directory) < 0 ?
			 mt_err_set(&err, -ENOMEM, "out of memory") :
			 mt_trained_load(&t, path, &err);

	if (rc) {
		if (rc != -ENOENT)
			log_warn("policy sla goes by the analytic model: %s", err.msg);
		return;
	}
	pthread_mutex_lock(&k->lock);
	k->trained = t;
	pthread_mutex_unlock(&k->lock);
	log_debug("policy sla goes by %s: %u migrations", path, t->lessons);
}

static void learn(struct knowledge *k)
{
	struct mt_err err = { 0 };
	struct utsname u;
	unsigned read;

	if (uname(&u))
		strcpy(u.nodename, "");
	if (mt_experience_learn(k->directory, u.nodename, k->path, &read, &err)) {
		log_warn("nothing was learned from the last migration: %s", err.msg);
		return;
	}
	log_debug("learned from %u migrations", read);
	if (read)
		load(k);
}

static void *knowledge_main(void *arg)
{
	struct knowledge *k = arg;

	setpriority(PRIO_PROCESS, 0, NICE);	/* on Linux, of this thread */
	load(k);
	load_trained(k);
	pthread_mutex_lock(&k->lock);
	while (!k->leave) {
		if (!k->wanted) {
			mt_cond_wait(&k->changed, &k->lock);
			continue;
		}
		k->wanted = false;
		pthread_mutex_unlock(&k->lock);
		learn(k);
		pthread_mutex_lock(&k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

static void knowledge_free(struct knowledge *k)
{
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	free(k->directory);
	free(k->path);
	free(k->now);
	mt_trained_free(k->trained);
	free(k);
}

struct knowledge *knowledge_new(const char *directory)
{
	struct knowledge *k;
	int rc = -ENOMEM;

	if (!*directory)
		return NULL;
	k = calloc(1, sizeof(*k));
	if (k) {
		pthread_mutex_init(&k->lock, NULL);
		mt_cond_init(&k->changed);
		k->directory = strdup(directory);
		if (asprintf(&k->path, "%s/" MT_EXPERIENCE_FILE, directory) < 0)
			k->path = NULL;
		if (k->directory && k->path)
			rc = mt_thread_start(&k->thread, "knowledge", knowledge_main, k);
	}
	if (!rc)
		return k;
	log_err("nothing can be learned from migrations: %s", strerror(-rc));
	if (k)
		knowledge_free(k);
	return NULL;
}

void knowledge_learn(struct knowledge *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->wanted = true;
	mt_cond_wake(&k->changed);
	pthread_mutex_unlock(&k->lock);
}

const struct mt_trained *knowledge_trained(struct knowledge *k)
{
	const struct mt_trained *t;

	if (!k)
		return NULL;
	pthread_mutex_lock(&k->lock);
	t = k->trained;
	pthread_mutex_unlock(&k->lock);
	return t;
}

struct mt_experience *knowledge_get(struct knowledge *k)
{
	struct mt_experience *e;

	if (!k)
		return NULL;
	e = malloc(sizeof(*e));
	pthread_mutex_lock(&k->lock);
	if (e && k->now) {
		*e = *k->now;
	} else {
		free(e);
		e = NULL;
	}
	pthread_mutex_unlock(&k->lock);
	return e;
}

bool knowledge_stop(struct knowledge *k, uint64_t until_ns)
{
	if (!k)
		return true;
	pthread_mutex_lock(&k->lock);
	k->leave = true;
	mt_cond_wake(&k->changed);
	pthread_mutex_unlock(&k->lock);
	if (!mt_thread_join_until(k->thread, until_ns))
		return false;
	knowledge_free(k);
	return true;
}
