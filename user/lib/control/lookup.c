// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * lookup.c - a domain of libvirt's, for the length of a function
 *
 * A virDomainPtr keeps its connection alive, also one that is lost: so it is
 * looked up for each call and never kept. Threads: any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "lookup.h"

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
	*virt = mt_conn_get(c);
	if (!*virt)
		return mt_err_set(err, -ECONNRESET, "the connection to %s is down; is libvirtd running there?", mt_conn_uri(c));
	return 0;
}

static int failed(const char *name, struct mt_err *err)
{
	virErrorPtr e = virGetLastError();
	char what[160];

	if (e && e->code == VIR_ERR_NO_DOMAIN)
		return mt_err_set(err, -ENOENT, "no domain %s here; virsh list --all names them", name);
	snprintf(what, sizeof(what), "cannot look up domain %s", name);
	return mt_virt_error(err, what);
}

int mt_lookup_uuid(struct mt_conn *c, const char *uuid, virDomainPtr *dom, struct mt_err *err)
{
	mt_autovirt virConnectPtr virt = NULL;
	int ret = mt_lookup_conn(c, &virt, err);

	*dom = NULL;
	if (ret)
		return ret;
	*dom = virDomainLookupByUUIDString(virt, uuid);
	return *dom ? 0 : failed(uuid, err);
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
