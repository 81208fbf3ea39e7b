// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hypervisor.c - conn.h and domain.h, handed on to whichever hypervisor it is
 *
 * Threads: any but the loop's, since each call may wait. Nothing is kept.
 */
#include <errno.h>

#include "ops.h"
#include "virt.h"

static int (*open_conn)(struct mt_conn **c, const char *uri, struct mt_err *err) = mt_virt_open;

void mt_conn_open_use(int (*open)(struct mt_conn **c, const char *uri, struct mt_err *err))
{
	open_conn = open ? open : mt_virt_open;
}

/* --- the connection ------------------------------------------------------ */
int mt_conn_open(struct mt_conn **c, const char *uri, struct mt_err *err)
{
	return open_conn(c, uri, err);
}

int mt_conn_peer(struct mt_conn *c, const char *uri, struct mt_conn **peer, struct mt_err *err)
{
	return c->ops->peer(c, uri, peer, err);
}

void mt_conn_close(struct mt_conn *c)
{
	if (c)
		c->ops->close(c);
}

const char *mt_conn_uri(const struct mt_conn *c)
{
	return c->ops->uri(c);
}

int mt_conn_wait(struct mt_conn *c, uint64_t timeout_ms)
{
	return c->ops->wait(c, timeout_ms);
}

int mt_conn_host(struct mt_conn *c, char uuid[VIR_UUID_STRING_BUFLEN], struct mt_err *err)
{
	return c->ops->host(c, uuid, err);
}

void mt_conn_versions(struct mt_conn *c, unsigned long *libvirt, unsigned long *qemu)
{
	*libvirt = *qemu = 0;
	c->ops->versions(c, libvirt, qemu);
}

int mt_conn_free_memory(struct mt_conn *c, uint64_t *bytes, struct mt_err *err)
{
	if (!c->ops->free_memory)
		return mt_err_set(err, -EOPNOTSUPP, "%s does not tell its host's memory",
				  c->ops->name);
	return c->ops->free_memory(c, bytes, err);
}

int mt_conn_host_work(struct mt_conn *c, struct mt_work *total, struct mt_err *err)
{
	*total = (struct mt_work){ 0 };
	if (!c->ops->host_work)
		return mt_err_set(err, -EOPNOTSUPP, "%s does not tell what its host does",
				  c->ops->name);
	return c->ops->host_work(c, total, err);
}

int mt_conn_subscribe(struct mt_conn *c, const char *uuid, mt_event_fn fn, void *opaque)
{
	return c->ops->subscribe(c, uuid, fn, opaque);
}

void mt_conn_unsubscribe(struct mt_conn *c, int id)
{
	c->ops->unsubscribe(c, id);
}

/* --- its guests ---------------------------------------------------------- */
int mt_domain_names(struct mt_conn *c, struct mt_domain_name **list, size_t *n, struct mt_err *err)
{
	return c->ops->names(c, list, n, err);
}

int mt_domain_list(struct mt_conn *c, bool running, struct mt_domain_info **list, size_t *n,
		   struct mt_err *err)
{
	return c->ops->list(c, running, list, n, err);
}

int mt_domain_find(struct mt_conn *c, const char *name, struct mt_domain_info *info,
		   struct mt_err *err)
{
	return c->ops->find(c, name, info, err);
}

int mt_domain_info(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
		   struct mt_err *err)
{
	return c->ops->info(c, uuid, info, err);
}

int mt_domain_state(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		    struct mt_err *err)
{
	return c->ops->state(c, uuid, state, err);
}

bool mt_domain_is_gone(struct mt_conn *c, const char *uuid)
{
	struct mt_domain_state now;
	int ret = mt_domain_state(c, uuid, &now, NULL);

	return ret == -ENOENT || (!ret && now.state == VIR_DOMAIN_SHUTOFF);
}

int mt_domain_work(struct mt_conn *c, const char *uuid, struct mt_work *total, struct mt_err *err)
{
	return c->ops->work(c, uuid, total, err);
}

int mt_domain_suspend(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return c->ops->suspend(c, uuid, err);
}

int mt_domain_resume(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return c->ops->resume(c, uuid, err);
}

int mt_domain_metadata(struct mt_conn *c, const char *uuid, const char *uri, char **xml,
		       struct mt_err *err)
{
	if (!c->ops->metadata)
		return mt_err_set(err, -ENODATA, "%s keeps no metadata", c->ops->name);
	return c->ops->metadata(c, uuid, uri, xml, err);
}

/* --- the migration of one ------------------------------------------------ */
int mt_domain_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err)
{
	return c->ops->sample(c, uuid, s, err);
}

int mt_domain_completed(struct mt_conn *c, const char *uuid, struct mt_sample *s,
			struct mt_err *err)
{
	return c->ops->completed(c, uuid, s, err);
}

int mt_domain_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return c->ops->is_parallel(c, uuid, err);
}

int mt_domain_migrate_status(struct mt_conn *c, const char *uuid, enum mt_status *status,
			     struct mt_err *err)
{
	if (!c->ops->migrate_status)
		return mt_err_set(err, -EOPNOTSUPP, "%s cannot ask QEMU for its migration",
				  c->ops->name);
	return c->ops->migrate_status(c, uuid, status, err);
}

int mt_domain_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t *ms, struct mt_err *err)
{
	return c->ops->downtime_limit(c, uuid, ms, err);
}

int mt_domain_set_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t ms,
				 struct mt_err *err)
{
	return c->ops->set_downtime_limit(c, uuid, ms, err);
}

int mt_domain_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			    struct mt_err *err)
{
	return c->ops->max_bandwidth(c, uuid, bytes_per_s, err);
}

int mt_domain_set_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
				struct mt_err *err)
{
	return c->ops->set_max_bandwidth(c, uuid, bytes_per_s, err);
}

int mt_domain_set_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			   struct mt_err *err)
{
	if (!c->ops->set_throttle)
		return mt_err_set(err, -EOPNOTSUPP, "%s cannot set a throttle", c->ops->name);
	return c->ops->set_throttle(c, uuid, percent, err);
}

int mt_domain_limit_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			     struct mt_err *err)
{
	if (!c->ops->limit_throttle)
		return mt_err_set(err, -EOPNOTSUPP, "%s cannot limit the throttle", c->ops->name);
	return c->ops->limit_throttle(c, uuid, percent, err);
}

int mt_domain_start_postcopy(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return c->ops->start_postcopy(c, uuid, err);
}

int mt_domain_abort(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	return c->ops->abort(c, uuid, err);
}
