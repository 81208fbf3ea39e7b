// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_open.c - connecting to libvirt, with an end to the waiting
 *
 * virConnectOpenAuth() cannot be interrupted, so it runs on a thread of its own.
 * When the caller has given up, that thread closes whatever comes of it. The
 * attempt belongs to both and is freed by the last.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "virt_open.h"
#include "base/thread.h"
#include "virterror.h"

/*
 * A peer that is silent this long is gone: (count + 1) x interval, 20 s. Drivers within this
 * process refuse; fine.
 */
#define KEEPALIVE_INTERVAL_S	5
#define KEEPALIVE_COUNT		3

struct attempt {
	atomic_int refs;
	char *uri;
	pthread_mutex_t lock;
	pthread_cond_t done_cond;
	bool done;
	virConnectPtr virt;
	int ret;
	struct mt_err err;
};

static void put(struct attempt *a)
{
	if (atomic_fetch_sub(&a->refs, 1) > 1)
		return;
	if (a->virt)
		virConnectClose(a->virt);
	pthread_cond_destroy(&a->done_cond);
	pthread_mutex_destroy(&a->lock);
	free(a->uri);
	free(a);
}

static void *run(void *arg)
{
	struct attempt *a = arg;
	virConnectAuth nobody = { 0 };
	virConnectPtr virt = virConnectOpenAuth(a->uri, &nobody, 0);
	struct mt_err err = { 0 };
	int ret = 0;

	if (!virt)
		ret = mt_virt_open_error(&err, a->uri, virGetLastError());
	else
		virConnectSetKeepAlive(virt, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
	pthread_mutex_lock(&a->lock);
	a->virt = virt;
	a->ret = ret;
	a->err = err;
	a->done = true;
	mt_cond_wake(&a->done_cond);
	pthread_mutex_unlock(&a->lock);
	put(a);
	return NULL;
}

int mt_open(virConnectPtr *virt, const char *uri, uint64_t timeout_ms, struct mt_err *err)
{
	struct attempt *a = calloc(1, sizeof(*a));
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool more = true;
	int ret;

	if (!a)
		return mt_err_set(err, -ENOMEM, "out of memory");
	atomic_init(&a->refs, 2);
	pthread_mutex_init(&a->lock, NULL);
	mt_cond_init(&a->done_cond);
	if (uri && !(a->uri = strdup(uri)))
		ret = -ENOMEM;
	else
		ret = mt_thread_start(NULL, "virt-open", run, a);
	if (ret) {
		mt_err_set(err, ret, "cannot start a thread to connect to %s",
			   uri ? uri : "libvirt");
		put(a);
		put(a);
		return ret;
	}

	pthread_mutex_lock(&a->lock);
	while (!a->done && more)
		more = mt_cond_wait_until(&a->done_cond, &a->lock, until_ns);
	if (!a->done) {
		ret = mt_err_set(
			err, -ECONNREFUSED,
			"cannot reach %s: no answer within %llu s; is the host up and its port open?",
			uri ? uri : "libvirt", (unsigned long long)timeout_ms / 1000);
	} else if (a->ret) {
		ret = mt_err_set(err, a->ret, "%s", a->err.msg);
	} else {
		*virt = a->virt;
		a->virt = NULL;
	}
	pthread_mutex_unlock(&a->lock);
	put(a);
	return ret;
}
