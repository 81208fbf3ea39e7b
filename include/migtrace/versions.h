/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * versions.h - what runs there: libvirt, QEMU, the kernel
 */
#ifndef MIGTRACE_VERSIONS_H
#define MIGTRACE_VERSIONS_H

#include <stdbool.h>

#include <migtrace/conn.h>

struct mt_versions {
	unsigned long libvirt_number, qemu_number;	/* as libvirt counts: 7002019 is 7.2.19; 0 = unknown */
	char libvirt[32], qemu[32];			/* "" = unknown */
	char kernel[65];				/* of the hypervisor; "" if that is another host */
};

void mt_versions_get(struct mt_versions *v, struct mt_conn *conn);
void mt_versions_format(char *buf, size_t size, unsigned long number);

/* Whether @uri means the hypervisor of this host. */
bool mt_versions_uri_is_local(const char *uri);

#endif
