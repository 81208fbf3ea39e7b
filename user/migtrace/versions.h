/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * versions.h - what runs there: libvirt, QEMU, the kernel
 */
#ifndef VERSIONS_H
#define VERSIONS_H

#include <stdbool.h>

#include <migtrace/conn.h>

struct versions {
	unsigned long libvirt_number, qemu_number;	/* as libvirt counts: 7002019 is 7.2.19; 0 = unknown */
	char libvirt[32], qemu[32];			/* "" = unknown */
	char kernel[65];				/* of the hypervisor; "" if that is another host */
};

void versions_get(struct versions *v, struct mt_conn *conn);
void versions_format(char *buf, size_t size, unsigned long number);

/* Whether @uri means the hypervisor of this host. */
bool versions_uri_is_local(const char *uri);

#endif
