/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * versions.h - what runs there: libvirt, QEMU, the kernel
 */
#ifndef MT_VERSIONS_H
#define MT_VERSIONS_H

#include <stdbool.h>

#include "conn.h"

struct mt_versions {
	unsigned long libvirt_number, qemu_number;	/* as libvirt counts: 7002019 is 7.2.19; 0 =
							 * unknown */
	char libvirt[32], qemu[32];			/* "" = unknown */
	char kernel[65];				/* of the hypervisor; "" if that is another
							 * host */
};

/*
 * Before this one QEMU loses memory of guests under TCG in pre-copy: a page that is written to
 * before and after a bitmap sync, and stays in the TLB, is not sent again (fixed by re-arming the
 * TLB in cpu_physical_memory_sync_dirty_bitmap()). Of 136 migrations under 7.2 none was whole, of
 * 65 under
 * 10.0 all were; tests/guest/tcg-soundness repeats it.
 */
#define MT_QEMU_TCG_SOUND	9000000UL

/* set-vcpu-dirty-limit, cancel- and query-: "Since: 7.1", qapi/migration.json */
#define MT_QEMU_LIMITS_VCPUS	7001000UL

/*
 * A guest of @domain_type ("kvm", "qemu") may lose memory there; also where the version is not
 * known.
 */
bool mt_versions_may_lose_memory(const struct mt_versions *v, const char *domain_type);

void mt_versions_get(struct mt_versions *v, struct mt_conn *conn);
void mt_versions_format(char *buf, size_t size, unsigned long number);
unsigned long mt_versions_parse(const char *version);	/* 0: NULL, or it is none */

/* Whether @uri means the hypervisor of this host. */
bool mt_versions_uri_is_local(const char *uri);

#endif
