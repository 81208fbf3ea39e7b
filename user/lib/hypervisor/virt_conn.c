// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_conn.c - a libvirt connection that comes back
 *
 * A thread of the connection sleeps until libvirt says that the connection is
 * lost, lets go of it and tries again until it is back or not wanted any more.
 * All functions: any thread; close() once, when nobody uses it, and not
 * from an event function.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "virt.h"
#include "virt_lookup.h"
#include "virt_open.h"

#define RETRY_FIRST_MS		100
#define RETRY_MAX_MS		5000

/*
 * A reconnecting thread that is in the middle of an attempt ends by itself; do not wait for that.
 */
#define CLOSE_WAIT_MS		1000

void virt_conn_ref(struct virt_conn *c)
{
	atomic_fetch_add(&c->refs, 1);
}

void virt_conn_unref(struct virt_conn *c)
{
	if (atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	mt_subscribe_fini(c);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c->uri);
	free(c);
}

/* --- losing it -------------------------------------------------------- */
/*
 * On whichever thread found out, maybe in the middle of a call: only leave a note.
 * It is about the newest connection, since older ones are unregistered before; libvirt
 * waits in that for a running callback, so no reference is needed.
 */
static void on_close(virConnectPtr virt, int reason, void *opaque)
{
	struct virt_conn *c = opaque;

	pthread_mutex_lock(&c->lock);
	c->lost = true;
	mt_cond_wake(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

/* Drivers that live in this process cannot be lost, and know nothing of this. */
static void watch_close(struct virt_conn *c, virConnectPtr virt)
{
	pthread_mutex_lock(&c->lock);
	c->lost = false;
	pthread_mutex_unlock(&c->lock);
	virConnectRegisterCloseCallback(virt, on_close, c, NULL);
}

static void release(virConnectPtr virt)
{
	if (!virt)
		return;
	virConnectUnregisterCloseCallback(virt, on_close);
	virConnectClose(virt);
}

/* Opens, watches and subscribes; the caller makes it c->virt. */
static int establish(struct virt_conn *c, const char *uri, virConnectPtr *virt, struct mt_err *err)
{
	int ret = mt_open(virt, uri, MT_OPEN_TIMEOUT_MS, err);

	if (ret)
		return ret;
	watch_close(c, *virt);
	ret = mt_subscribe_attach(c, *virt, err);
	if (ret) {
		mt_subscribe_detach(c);
		release(*virt);
		*virt = NULL;
	}
	return ret;
}

/* --- getting it back -------------------------------------------------- */
/* With c->lock held. Return: the new connection, or NULL when closing. */
static virConnectPtr retry(struct virt_conn *c)
{
	uint64_t delay_ms = RETRY_FIRST_MS;

	while (!c->closing) {
		uint64_t until_ns = mt_deadline_ns(delay_ms);
		virConnectPtr virt = NULL;
		int ret;

		while (!c->closing && mt_cond_wait_until(&c->changed, &c->lock, until_ns))
			;
		if (c->closing)
			break;
		pthread_mutex_unlock(&c->lock);
		ret = establish(c, c->uri, &virt, NULL);
		pthread_mutex_lock(&c->lock);
		if (!ret)
			return virt;
		delay_ms = delay_ms * 2 < RETRY_MAX_MS ? delay_ms * 2 : RETRY_MAX_MS;
	}
	return NULL;
}

/* With c->lock held, which is dropped meanwhile. */
static void let_go(struct virt_conn *c)
{
	virConnectPtr virt = c->virt;

	c->virt = NULL;
	pthread_mutex_unlock(&c->lock);
	mt_lookup_forget(c);
	mt_subscribe_detach(c);
	release(virt);
	pthread_mutex_lock(&c->lock);
}

static void *reconnect(void *arg)
{
	struct virt_conn *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->closing) {
		virConnectPtr virt;

		if (!c->lost) {
			mt_cond_wait(&c->changed, &c->lock);
			continue;
		}
		let_go(c);
		pthread_mutex_unlock(&c->lock);
		mt_subscribe_post_conn(c, MT_EVENT_CONN_DOWN);
		pthread_mutex_lock(&c->lock);

		virt = retry(c);
		if (!virt)
			break;
		c->virt = virt;
		pthread_mutex_unlock(&c->lock);
		/* Whoever subscribed first after establish() looked, and before we were up. */
		mt_subscribe_attach(c, virt, NULL);
		mt_subscribe_post_conn(c, MT_EVENT_CONN_UP);
		pthread_mutex_lock(&c->lock);
		mt_cond_wake(&c->changed);
	}
	let_go(c);
	c->thread_done = true;
	mt_cond_wake(&c->changed);
	pthread_mutex_unlock(&c->lock);
	virt_conn_unref(c);
	return NULL;
}

/* --- the interface ---------------------------------------------------- */
int mt_virt_open(struct mt_conn **conn, const char *uri, struct mt_err *err)
{
	struct virt_conn *c;
	int ret;

	ret = mt_loop_start(err);
	if (ret)
		return ret;
	c = calloc(1, sizeof(*c));
	if (!c)
		return mt_err_set(err, -ENOMEM, "out of memory");
	c->base.ops = &virt_ops;
	atomic_init(&c->refs, 1);
	pthread_mutex_init(&c->lock, NULL);
	mt_cond_init(&c->changed);
	mt_subscribe_init(c);

	ret = establish(c, uri, &c->virt, err);
	if (ret) {
		c->virt = NULL;
		goto unref;
	}
	/* What NULL stands for is settled once: a reconnection goes to the same place. */
	c->uri = uri ? strdup(uri) : virConnectGetURI(c->virt);
	if (!c->uri) {
		ret = mt_err_set(err, -ENOMEM, "out of memory");
		goto release;
	}
	virt_conn_ref(c);
	ret = mt_thread_start(NULL, "virt-reconnect", reconnect, c);
	if (ret) {
		virt_conn_unref(c);
		mt_err_set(err, ret, "cannot start a thread for the connection to %s", c->uri);
		goto release;
	}
	*conn = &c->base;
	return 0;
release:
	release(c->virt);
	c->virt = NULL;
unref:
	virt_conn_unref(c);
	return ret;
}

static void conn_close(struct mt_conn *conn)
{
	struct virt_conn *c = virt_of(conn);
	uint64_t until_ns = mt_deadline_ns(CLOSE_WAIT_MS);

	mt_subscribe_drop_all(c);
	pthread_mutex_lock(&c->lock);
	c->closing = true;
	mt_cond_wake(&c->changed);
	while (!c->thread_done && mt_cond_wait_until(&c->changed, &c->lock, until_ns))
		;
	pthread_mutex_unlock(&c->lock);
	virt_conn_unref(c);
}

static const char *conn_uri(const struct mt_conn *c)
{
	return virt_of(c)->uri;
}

virConnectPtr mt_conn_get(struct mt_conn *conn)
{
	struct virt_conn *c = virt_of(conn);
	virConnectPtr virt;

	if (!c)
		return NULL;
	pthread_mutex_lock(&c->lock);
	virt = c->lost ? NULL : c->virt;
	if (virt)
		virConnectRef(virt);
	pthread_mutex_unlock(&c->lock);
	return virt;
}

static int conn_wait(struct mt_conn *conn, uint64_t timeout_ms)
{
	struct virt_conn *c = virt_of(conn);
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool more = true, up;

	pthread_mutex_lock(&c->lock);
	while ((c->lost || !c->virt) && more)
		more = mt_cond_wait_until(&c->changed, &c->lock, until_ns);
	up = c->virt && !c->lost;
	pthread_mutex_unlock(&c->lock);
	return up ? 0 : -ETIMEDOUT;
}

static int conn_peer(struct mt_conn *c, const char *uri, struct mt_conn **peer, struct mt_err *err)
{
	return mt_virt_open(peer, uri ? uri : conn_uri(c), err);
}

static int conn_host(struct mt_conn *c, char uuid[VIR_UUID_STRING_BUFLEN], struct mt_err *err)
{
	static const char element[] = "<uuid>";
	mt_autovirt virConnectPtr virt = NULL;
	mt_autofree char *xml = NULL;
	const char *p;
	int ret = mt_lookup_conn(c, &virt, err);

	uuid[0] = '\0';
	if (ret)
		return ret;
	xml = virConnectGetCapabilities(virt);
	if (!xml)
		return mt_virt_error(err, "cannot ask for the host's capabilities");
	p = strstr(xml, element);
	if (!p || strnlen(p, VIR_UUID_STRING_BUFLEN + strlen(element)) <
			  VIR_UUID_STRING_BUFLEN + strlen(element))
		return mt_err_set(err, -ENODATA, "%s does not say which host it is", conn_uri(c));
	snprintf(uuid, VIR_UUID_STRING_BUFLEN, "%s", p + strlen(element));
	return 0;
}

static void conn_versions(struct mt_conn *c, unsigned long *libvirt, unsigned long *qemu)
{
	mt_autovirt virConnectPtr virt = mt_conn_get(c);

	if (!virt)
		return;
	if (virConnectGetLibVersion(virt, libvirt))
		*libvirt = 0;
	if (virConnectGetVersion(virt, qemu))
		*qemu = 0;
}

const struct mt_conn_ops virt_ops = {
	.name = "libvirt",
	.close = conn_close,
	.uri = conn_uri,
	.wait = conn_wait,
	.peer = conn_peer,
	.host = conn_host,
	.versions = conn_versions,
	.free_memory = virt_host_free_memory,
	.host_work = virt_host_work,
	.subscribe = virt_subscribe,
	.unsubscribe = virt_unsubscribe,
	.names = virt_domain_names,
	.list = virt_domain_list,
	.find = virt_domain_find,
	.info = virt_domain_info,
	.state = virt_domain_state,
	.work = virt_domain_work,
	.suspend = virt_domain_suspend,
	.resume = virt_domain_resume,
	.metadata = virt_domain_metadata,
	.sample = virt_job_sample,
	.completed = virt_job_completed,
	.is_parallel = virt_job_is_parallel,
	.set_throttle = virt_job_set_throttle,
	.limit_throttle = virt_job_limit_throttle,
	.limit_vcpus = virt_job_limit_vcpus,
	.vcpu_limit = virt_job_vcpu_limit,
	.migrate_status = virt_job_migrate_status,
	.downtime_limit = virt_job_downtime_limit,
	.set_downtime_limit = virt_job_set_downtime_limit,
	.max_bandwidth = virt_job_max_bandwidth,
	.set_max_bandwidth = virt_job_set_max_bandwidth,
	.start_postcopy = virt_job_start_postcopy,
	.abort = virt_job_abort,
};
