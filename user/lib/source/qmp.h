/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qmp.h - QEMU's answer to query-migrate as a sample
 */
#ifndef MIGTRACE_SOURCE_QMP_H
#define MIGTRACE_SOURCE_QMP_H

#include <migtrace/err.h>
#include <migtrace/sample.h>

#include "base/json.h"

/*
 * Fills in status and columns; the time is the caller's to set. @answer may be anything.
 * Return: 0; -EBADMSG with a line that names the key.
 */
int mt_qmp_sample(struct mt_sample *s, const json_t *answer, struct mt_err *err);

#endif
