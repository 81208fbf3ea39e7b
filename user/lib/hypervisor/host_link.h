/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host_link.h - the network card of this host: how fast it is, and what it has sent
 */
#ifndef MT_HOST_LINK_H
#define MT_HOST_LINK_H

#include "source/workload.h"

#define MT_HOST_LINK_DIRECTORY	"/sys/class/net"

/* Into @total, where this host has just one card that is up and tells its rate. */
void mt_host_link(const char *directory, struct mt_work *total);

#endif
