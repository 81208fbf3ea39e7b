// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * virt_lookup.c - a domain of libvirt's, for the length of a function
 *
 * A virDomainPtr keeps its connection alive, also one that is lost: so nobody keeps
 * one. Only the connection itself does, the last it looked up by UUID, until it is
 * lost or closed: that saves a round trip for each call between an iteration's end and
 * what is done about it. Threads: any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "virt.h"
#include "virt_lookup.h"

void mt_cleanup_domain(virDomainPtr *dom)
{
	if (*dom)
		virDomainFree(*dom);
}

void mt_cleanup_virt(virConnectPtr *virt)
{
	if (*virt)
		virConnectClose(*virt);
}

int mt_lookup_conn(struct mt_conn *c, virConnectPtr *virt, struct mt_err *err)
{
	*virt = NULL;
	if (!virt_of(c))
		return mt_err_set(err, -EOPNOTSUPP, "%s is no connection to libvirt",
				  mt_conn_uri(c));
	*virt = mt_conn_get(c);
	if (!*virt)
		return mt_err_set(err, -ECONNRESET,
				  "the connection to %s is down; is libvirtd running there?",
				  mt_conn_uri(c));
	return 0;
}

static int failed(const char *name, struct mt_err *err)
{
	virErrorPtr e = virGetLastError();
	char what[MT_DOMAIN_NAME_MAX + 64];

	if (e && e->code == VIR_ERR_NO_DOMAIN)
		return mt_err_set(err, -ENOENT, "no domain %s here; virsh list --all names them",
				  name);
	snprintf(what, sizeof(what), "cannot look up domain %s", name);
	return mt_virt_error(err, what);
}

/* A reference to the known domain if it is this one, of this connection. */
static virDomainPtr recall(struct virt_conn *c, virConnectPtr virt, const char *uuid)
{
	char known[VIR_UUID_STRING_BUFLEN];
	virDomainPtr dom = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->known && virDomainGetConnect(c->known) == virt &&
	    !virDomainGetUUIDString(c->known, known) && !strcmp(known, uuid)) {
		dom = c->known;
		virDomainRef(dom);
	}
	pthread_mutex_unlock(&c->lock);
	return dom;
}

static void remember(struct virt_conn *c, virConnectPtr virt, virDomainPtr dom)
{
	virDomainPtr old = NULL;

	pthread_mutex_lock(&c->lock);
	if (c->virt == virt && !c->lost && !c->closing) {
		old = c->known;
		c->known = dom;
		virDomainRef(dom);
	}
	pthread_mutex_unlock(&c->lock);
	if (old)
		virDomainFree(old);
}

void mt_lookup_forget(struct virt_conn *c)
{
	virDomainPtr old;

	pthread_mutex_lock(&c->lock);
	old = c->known;
	c->known = NULL;
	pthread_mutex_unlock(&c->lock);
	if (old)
		virDomainFree(old);
}

int mt_lookup_uuid(struct mt_conn *c, const char *uuid, virDomainPtr *dom, struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	int ret = mt_lookup_conn(c, &virt, err);

	*dom = NULL;
	if (ret)
		return ret;
	*dom = recall(virt_of(c), virt, uuid);
	if (*dom)
		return 0;
	*dom = virDomainLookupByUUIDString(virt, uuid);
	if (!*dom)
		return failed(uuid, err);
	remember(virt_of(c), virt, *dom);
	return 0;
}

int mt_lookup_any(struct mt_conn *c, const char *name, virDomainPtr *dom, struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	int ret = mt_lookup_conn(c, &virt, err);
	char *end;
	long id;

	*dom = NULL;
	if (ret)
		return ret;
	errno = 0;
	id = strtol(name, &end, 10);
	if (*name >= '0' && *name <= '9' && !*end && !errno && id <= INT32_MAX)
		*dom = virDomainLookupByID(virt, (int)id);
	if (!*dom && strlen(name) == VIR_UUID_STRING_BUFLEN - 1)
		*dom = virDomainLookupByUUIDString(virt, name);
	if (!*dom)
		*dom = virDomainLookupByName(virt, name);
	return *dom ? 0 : failed(name, err);
}
