/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lifecycle.h - libvirt's lifecycle events in words
 */
#ifndef MT_LIFECYCLE_H
#define MT_LIFECYCLE_H

#include <stddef.h>

/* "suspended: migrated", as virsh event says it; numbers for what libvirt has added since. */
void mt_lifecycle_describe(char *buf, size_t size, int event, int detail);

#endif
