/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qmp.h - the little of QEMU's monitor protocol that is read here
 */
#ifndef MT_QMP_H
#define MT_QMP_H

#include <stddef.h>
#include <stdint.h>

#include "source/sample.h"

/* Details of MIGRATION: {"status": ...} into @status. 0, or -EBADMSG. */
int mt_qmp_migration_status(const char *details, char *status, size_t size);

/* Details of MIGRATION_PASS: {"pass": n}. 0, or -EBADMSG. */
int mt_qmp_migration_pass(const char *details, uint64_t *pass);

/*
 * Reply to query-migrate-capabilities: 1 on, 0 off or unknown to this QEMU, -EBADMSG no such reply.
 */
int mt_qmp_capability(const char *reply, const char *capability);

/* Reply to a command without an answer of its own. 0; -EIO QEMU refused, and @why has its words;
 * -EBADMSG. */
int mt_qmp_done(const char *reply, char *why, size_t size);

/*
 * Reply to query-migrate: NONE without one, UNKNOWN for a word that is not known here. 0, or
 * -EBADMSG.
 */
int mt_qmp_query_migrate(const char *reply, enum mt_status *status);

/*
 * Reply to query-vcpu-dirty-limit: the lowest limit of any vCPU; 0: none has one. 0, or -EBADMSG.
 */
int mt_qmp_vcpu_limit(const char *reply, uint64_t *mib_per_s);

#endif
