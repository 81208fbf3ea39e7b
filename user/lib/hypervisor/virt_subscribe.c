// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_subscribe.c - libvirt's events, to whoever asked for them
 *
 * Registered for all domains at the first subscription, and again on each new
 * connection. libvirt calls us on the loop's thread; subscribers are called under
 * dispatch.lock, which is why unsubscribing waits for a running one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt-qemu.h>

#include "domain.h"
#include "qmp.h"
#include "virt.h"

/* --- handing on ------------------------------------------------------- */
/* With dispatch.lock held. By index: a function may subscribe, which moves the array. */
static void post(struct virt_conn *c, const struct mt_event *ev)
{
	for (size_t i = 0; i < c->dispatch.n; i++) {
		struct mt_subscription s = c->dispatch.subs[i];

		if (!s.uuid[0] || !ev->uuid[0] || !strcmp(s.uuid, ev->uuid))
			s.fn(ev, s.opaque);
	}
}

static void post_locked(struct virt_conn *c, const struct mt_event *ev)
{
	pthread_mutex_lock(&c->dispatch.lock);
	post(c, ev);
	pthread_mutex_unlock(&c->dispatch.lock);
}

void mt_subscribe_post_conn(struct virt_conn *c, enum mt_event_kind kind)
{
	struct mt_event ev = { .kind = kind, .t_ns = mt_now_ns() };

	post_locked(c, &ev);
}

/* Return: false when @dom cannot be told. */
static bool fill(struct mt_event *ev, enum mt_event_kind kind, virDomainPtr dom)
{
	const char *name = virDomainGetName(dom);

	*ev = (struct mt_event){ .kind = kind, .t_ns = mt_now_ns() };
	if (virDomainGetUUIDString(dom, ev->uuid) < 0)
		return false;
	ev->domain_cut = mt_domain_name_copy(ev->domain, name);
	return true;
}

/* --- what libvirt calls ----------------------------------------------- */
static void post_iteration(struct virt_conn *c, virDomainPtr dom, enum mt_pass_source source,
			   uint64_t iteration, uint64_t qemu_wall_us)
{
	struct mt_event ev;

	if (!fill(&ev, MT_EVENT_ITERATION, dom))
		return;
	ev.iteration = iteration;
	ev.qemu_wall_us = qemu_wall_us;
	pthread_mutex_lock(&c->dispatch.lock);
	if (mt_pass_events_feed(&c->dispatch.passes, ev.uuid, source, iteration))
		post(c, &ev);
	pthread_mutex_unlock(&c->dispatch.lock);
}

static void on_iteration(virConnectPtr virt, virDomainPtr dom, int iteration, void *opaque)
{
	if (iteration >= 0)
		post_iteration(opaque, dom, MT_PASS_LIBVIRT, (uint64_t)iteration, 0);
}

static uint64_t stamp_us(long long seconds, unsigned micros)
{
	return seconds > 0 ? (uint64_t)seconds * 1000000 + micros : 0;
}

static void on_qemu_pass(virConnectPtr virt, virDomainPtr dom, const char *event,
			 long long seconds, unsigned micros, const char *details, void *opaque)
{
	uint64_t pass;

	if (!mt_qmp_migration_pass(details, &pass))
		post_iteration(opaque, dom, MT_PASS_QEMU, pass, stamp_us(seconds, micros));
}

static void on_qemu_migration(virConnectPtr virt, virDomainPtr dom, const char *event,
			      long long seconds, unsigned micros, const char *details, void *opaque)
{
	struct virt_conn *c = opaque;
	struct mt_event ev;

	if (!fill(&ev, MT_EVENT_MIGRATION, dom) ||
	    mt_qmp_migration_status(details, ev.text, sizeof(ev.text)))
		return;
	ev.status = mt_status_of(ev.text);
	ev.qemu_wall_us = stamp_us(seconds, micros);
	pthread_mutex_lock(&c->dispatch.lock);
	if (ev.status == MT_STATUS_SETUP)
		mt_pass_events_forget(&c->dispatch.passes, ev.uuid);
	post(c, &ev);
	pthread_mutex_unlock(&c->dispatch.lock);
}

static void on_job_completed(virConnectPtr virt, virDomainPtr dom, virTypedParameterPtr params,
			     int n, void *opaque)
{
	struct mt_event ev;

	if (!fill(&ev, MT_EVENT_JOB_COMPLETED, dom))
		return;
	mt_sample_from_params(&ev.sample, VIR_DOMAIN_JOB_COMPLETED, params, n);
	ev.sample.t_ns = ev.t_ns;
	ev.status = ev.sample.status;
	if (ev.status != MT_STATUS_NONE)
		post_locked(opaque, &ev);
}

static int on_lifecycle(virConnectPtr virt, virDomainPtr dom, int event, int detail, void *opaque)
{
	struct virt_conn *c = opaque;
	struct mt_event ev;

	if (!fill(&ev, MT_EVENT_LIFECYCLE, dom))
		return 0;
	ev.lifecycle = event;
	ev.detail = detail;
	pthread_mutex_lock(&c->dispatch.lock);
	if (event == VIR_DOMAIN_EVENT_STOPPED)
		mt_pass_events_forget(&c->dispatch.passes, ev.uuid);
	post(c, &ev);
	pthread_mutex_unlock(&c->dispatch.lock);
	return 0;
}

static void on_metadata(virConnectPtr virt, virDomainPtr dom, int type, const char *uri,
			void *opaque)
{
	struct mt_event ev;

	if (type != VIR_DOMAIN_METADATA_ELEMENT || !uri || !fill(&ev, MT_EVENT_METADATA, dom))
		return;
	snprintf(ev.text, sizeof(ev.text), "%s", uri);
	post_locked(opaque, &ev);
}

/* --- registering ------------------------------------------------------ */
static const struct {
	bool needed;		/* without it nothing works; the rest needs QEMU, or rights */
	const char *qemu;	/* event of QEMU's, or NULL */
	int id;
	void *fn;
} registrations[MT_REGISTRATIONS] = {
	{ .needed = true, .id = VIR_DOMAIN_EVENT_ID_LIFECYCLE, .fn = on_lifecycle },
	{ .qemu = "MIGRATION", .fn = on_qemu_migration },
	{ .qemu = "MIGRATION_PASS", .fn = on_qemu_pass },
	{ .id = VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, .fn = on_iteration },
	{ .id = VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, .fn = on_job_completed },
	{ .id = VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, .fn = on_metadata },
};

static void unref_conn(void *opaque)
{
	virt_conn_unref(opaque);
}

static int register_one(struct virt_conn *c, virConnectPtr virt, size_t i)
{
	int id;

	virt_conn_ref(c);
	if (registrations[i].qemu)
		id = virConnectDomainQemuMonitorEventRegister(
			virt, NULL, registrations[i].qemu, registrations[i].fn, c, unref_conn, 0);
	else
		id = virConnectDomainEventRegisterAny(
			virt, NULL, registrations[i].id,
			VIR_DOMAIN_EVENT_CALLBACK(registrations[i].fn), c, unref_conn);
	if (id < 0)
		virt_conn_unref(c);
	return id;
}

/* With reg.lock held. */
static void detach(struct virt_conn *c)
{
	if (!c->reg.virt)
		return;
	for (size_t i = 0; i < MT_REGISTRATIONS; i++) {
		if (c->reg.ids[i] < 0)
			continue;
		if (registrations[i].qemu)
			virConnectDomainQemuMonitorEventDeregister(c->reg.virt, c->reg.ids[i]);
		else
			virConnectDomainEventDeregisterAny(c->reg.virt, c->reg.ids[i]);
	}
	virConnectClose(c->reg.virt);
	c->reg.virt = NULL;
}

/* With reg.lock held. */
static int attach(struct virt_conn *c, virConnectPtr virt, struct mt_err *err)
{
	int ret = 0;

	if (!c->reg.wanted || c->reg.virt == virt)
		return 0;
	detach(c);
	virConnectRef(virt);
	c->reg.virt = virt;
	for (size_t i = 0; i < MT_REGISTRATIONS; i++) {
		c->reg.ids[i] = register_one(c, virt, i);
		if (c->reg.ids[i] < 0 && registrations[i].needed && !ret)
			ret = mt_virt_error(err, "cannot register for libvirt's events");
	}
	if (ret)
		detach(c);
	return ret;
}

int mt_subscribe_attach(struct virt_conn *c, virConnectPtr virt, struct mt_err *err)
{
	int ret;

	pthread_mutex_lock(&c->reg.lock);
	ret = attach(c, virt, err);
	pthread_mutex_unlock(&c->reg.lock);
	return ret;
}

void mt_subscribe_detach(struct virt_conn *c)
{
	pthread_mutex_lock(&c->reg.lock);
	detach(c);
	pthread_mutex_unlock(&c->reg.lock);
}

/* While down there is nothing to do: whoever reconnects attaches. */
static int want(struct virt_conn *c)
{
	virConnectPtr virt;
	int ret = 0;

	pthread_mutex_lock(&c->reg.lock);
	if (!c->reg.wanted) {
		c->reg.wanted = true;
		virt = mt_conn_get(&c->base);
		if (virt) {
			ret = attach(c, virt, NULL);
			virConnectClose(virt);
		}
		if (ret)
			c->reg.wanted = false;
	}
	pthread_mutex_unlock(&c->reg.lock);
	return ret;
}

/* --- subscribing ------------------------------------------------------ */
void mt_subscribe_init(struct virt_conn *c)
{
	pthread_mutexattr_t attr;

	pthread_mutex_init(&c->reg.lock, NULL);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&c->dispatch.lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

void mt_subscribe_fini(struct virt_conn *c)
{
	mt_pass_events_fini(&c->dispatch.passes);
	free(c->dispatch.subs);
	pthread_mutex_destroy(&c->dispatch.lock);
	pthread_mutex_destroy(&c->reg.lock);
}

void mt_subscribe_drop_all(struct virt_conn *c)
{
	pthread_mutex_lock(&c->dispatch.lock);
	c->dispatch.n = 0;
	pthread_mutex_unlock(&c->dispatch.lock);
}

int virt_subscribe(struct mt_conn *conn, const char *uuid, mt_event_fn fn, void *opaque)
{
	struct virt_conn *c = virt_of(conn);
	struct mt_subscription *subs;
	int ret = -ENOMEM;

	if (!fn || (uuid && strlen(uuid) != VIR_UUID_STRING_BUFLEN - 1))
		return -EINVAL;

	/* First in the list, then to libvirt: so no event falls between. */
	pthread_mutex_lock(&c->dispatch.lock);
	subs = realloc(c->dispatch.subs, (c->dispatch.n + 1) * sizeof(*subs));
	if (subs) {
		c->dispatch.subs = subs;
		subs += c->dispatch.n++;
		*subs = (struct mt_subscription){ .id = ++c->dispatch.last_id,
						  .fn = fn,
						  .opaque = opaque };
		if (uuid)
			strcpy(subs->uuid, uuid);
		ret = subs->id;
	}
	pthread_mutex_unlock(&c->dispatch.lock);

	if (ret > 0) {
		int failed = want(c);

		if (failed) {
			virt_unsubscribe(conn, ret);
			ret = failed;
		}
	}
	return ret;
}

void virt_unsubscribe(struct mt_conn *conn, int id)
{
	struct virt_conn *c = virt_of(conn);

	pthread_mutex_lock(&c->dispatch.lock);
	for (size_t i = 0; i < c->dispatch.n; i++) {
		if (c->dispatch.subs[i].id != id)
			continue;
		memmove(&c->dispatch.subs[i], &c->dispatch.subs[i + 1],
			(c->dispatch.n - i - 1) * sizeof(*c->dispatch.subs));
		c->dispatch.n--;
		break;
	}
	pthread_mutex_unlock(&c->dispatch.lock);
}
