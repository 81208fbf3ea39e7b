/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt_open.h - connecting to libvirt, with an end to the waiting
 */
#ifndef MT_VIRT_OPEN_H
#define MT_VIRT_OPEN_H

#include "conn.h"

/* A host that drops packets is given up after this; TCP itself would try for two minutes. */
#define MT_OPEN_TIMEOUT_MS	15000

/*
 * With keepalive; errors as mt_conn_open(). Asks for no password: there is nobody to answer. The
 * loop runs already.
 */
MT_MUST_CHECK int mt_open(virConnectPtr *virt, const char *uri, uint64_t timeout_ms,
			  struct mt_err *err);

#endif
