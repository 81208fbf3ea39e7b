// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * facts.c - what the hypervisor says of itself, asked once, on a thread of its own
 *
 * Shared by that thread and who asked; the last of them frees it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "hands/hands.h"
#include "facts.h"
#include "log.h"

struct facts {
	pthread_mutex_t lock;		/* of all that follows */
	pthread_cond_t changed;
	unsigned refs;
	bool known, failed;
	char *uri;
	struct mt_versions versions;
	char host[VIR_UUID_STRING_BUFLEN];
};

void facts_put(struct facts *f)
{
	bool last;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	last = !--f->refs;
	pthread_mutex_unlock(&f->lock);
	if (!last)
		return;
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	free(f->uri);
	free(f);
}

static void *facts_main(void *arg)
{
	char host[VIR_UUID_STRING_BUFLEN] = "";
	struct facts *f = arg;
	struct mt_versions versions = { 0 };
	struct mt_conn *conn = NULL;
	struct mt_err err = { 0 };
	bool failed = mt_conn_open(&conn, f->uri, &err);

	if (!failed) {
		mt_versions_get(&versions, conn);
		failed = mt_hands_host(conn, host, &err);
		mt_conn_close(conn);
	}
	if (failed)
		log_warn("%s: which host it is, and its versions, are asked for later: %s", f->uri,
			 err.msg);
	pthread_mutex_lock(&f->lock);
	f->versions = versions;
	memcpy(f->host, host, sizeof(host));
	f->known = !failed;
	f->failed = failed;
	mt_cond_wake(&f->changed);
	pthread_mutex_unlock(&f->lock);
	facts_put(f);
	return NULL;
}

struct facts *facts_ask(const char *uri)
{
	struct facts *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->uri = strdup(uri);
	f->refs = 2;
	pthread_mutex_init(&f->lock, NULL);
	mt_cond_init(&f->changed);
	if (!f->uri || mt_thread_start(NULL, "facts", facts_main, f)) {
		f->refs = 1;
		facts_put(f);
		return NULL;
	}
	return f;
}

bool facts_get(struct facts *f, struct mt_versions *versions, char host[VIR_UUID_STRING_BUFLEN],
	       uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool more = true, known;

	pthread_mutex_lock(&f->lock);
	while (!f->known && !f->failed && more)
		more = mt_cond_wait_until(&f->changed, &f->lock, until_ns);
	known = f->known;
	if (known) {
		*versions = f->versions;
		memcpy(host, f->host, sizeof(f->host));
	}
	pthread_mutex_unlock(&f->lock);
	return known;
}

bool facts_failed(struct facts *f)
{
	bool failed;

	pthread_mutex_lock(&f->lock);
	failed = f->failed;
	pthread_mutex_unlock(&f->lock);
	return failed;
}
