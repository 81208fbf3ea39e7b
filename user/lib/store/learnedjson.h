/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learnedjson.h - what past migrations have taught, to and from JSON
 *
 *   {"figures":{"precopy":{"setup_ms":60.0,"switchover_ms":40.0,...},...},
 *    "residuals":[{"model":"recurrence/1","method":"precopy","metric":"total_ms","n":120,
 *		    "p10":-0.8,"p50":0.1,"p90":0.9},...]}
 *
 * Keys of figures are those of struct mt_learned_figures, null for "no limit"; a residual is in the
 * scale of mt_residual_score(). A reader ignores keys, methods, metrics and models that it does not
 * know. A model is known by its name with its version: what another version got wrong says
 * nothing of this one.
 */
#ifndef MIGTRACE_STORE_LEARNEDJSON_H
#define MIGTRACE_STORE_LEARNEDJSON_H

#include "base/err.h"
#include "base/json.h"
#include "model/learned.h"

/* Into @o; counts in @failed what did not fit into memory. */
void mt_learned_write(json_t *o, const struct mt_learned *l, int *failed);

/*
 * What @o does not tell stays as it is in @l. Return: 0; -EBADMSG a figure that none can be, of
 * file @path.
 */
MT_MUST_CHECK int mt_learned_read(struct mt_learned *l, const json_t *o, const char *path,
				  struct mt_err *err);

#endif
