/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.h - what the hypervisor says of itself, asked once, on a thread of its own
 *
 * libvirtd may take seconds to try QEMU out before it tells its version: nobody waits for that.
 */
#ifndef MIGTRACED_FACTS_H
#define MIGTRACED_FACTS_H

#include "hypervisor/versions.h"

struct facts;

/* Asks over a connection of its own. NULL: no memory, no thread. */
struct facts *facts_ask(const char *uri);
/* Return: whether they are known by then; each may be empty all the same. */
bool facts_get(struct facts *f, struct mt_versions *versions, char host[VIR_UUID_STRING_BUFLEN],
	       uint64_t timeout_ms);
bool facts_failed(struct facts *f);	/* ask again */
void facts_put(struct facts *f);	/* does not wait for the thread */

#endif
