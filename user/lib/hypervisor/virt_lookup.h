/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt_lookup.h - a domain of libvirt's, for the length of a function
 */
#ifndef MT_VIRT_LOOKUP_H
#define MT_VIRT_LOOKUP_H

#include "virt.h"

/*
 * -ECONNRESET while the connection is down, -ENOENT; or, if it is known and has gone since, that
 * comes from the next call.
 */
MT_MUST_CHECK int mt_lookup_uuid(struct mt_conn *c, const char *uuid, virDomainPtr *dom,
				 struct mt_err *err);
/* As virsh: an id, a UUID or a name. */
MT_MUST_CHECK int mt_lookup_any(struct mt_conn *c, const char *name, virDomainPtr *dom,
				struct mt_err *err);
/* The connection itself. */
MT_MUST_CHECK int mt_lookup_conn(struct mt_conn *c, virConnectPtr *virt, struct mt_err *err);

/*
 * Lets go of what a lookup has kept: the connection is lost, or closes. Not under the connection's
 * lock.
 */
void mt_lookup_forget(struct virt_conn *c);

void mt_cleanup_domain(virDomainPtr *dom);
void mt_cleanup_virt(virConnectPtr *virt);

#define mt_autodomain	MT_CLEANUP(mt_cleanup_domain)
#define mt_autovirt	MT_CLEANUP(mt_cleanup_virt)

#endif
