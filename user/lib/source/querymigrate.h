/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * querymigrate.h - QEMU's answer to query-migrate as a sample
 */
#ifndef MT_QUERYMIGRATE_H
#define MT_QUERYMIGRATE_H

#include "base/json.h"
#include "sample.h"

/*
 * Fills in status and columns; the time is the caller's to set. @answer may be anything: what QEMU
 * cannot have meant, what is missing and what is not known here is unknown in the sample, never a
 * reason to refuse it.
 */
void mt_qmp_sample(struct mt_sample *s, const json_t *answer);

#endif
