/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * learnedfile.h - what past migrations have taught, kept in a file
 *
 * One JSON object:
 *
 *   {"type":"learned","schema":1,"tool":"migtrace 0.1.0",
 *    "figures":{"precopy":{"setup_ms":60.0,"switchover_ms":40.0,...},...},
 *    "residuals":[{"model":"recurrence/1","method":"precopy","metric":"total_ms","n":120,
 *		    "p10":-0.8,"p50":0.1,"p90":0.9},...]}
 *
 * Keys of figures are those of struct mt_learned_figures, null for "no limit"; a residual is in the
 * scale of mt_residual_score(). A reader ignores keys, methods, metrics and models that it does not
 * know. A model is known by its name with its version: what another version got wrong says
 * nothing of this one. A file of a higher schema is refused.
 */
#ifndef MIGTRACE_LEARNEDFILE_H
#define MIGTRACE_LEARNEDFILE_H

#include <migtrace/err.h>
#include <migtrace/learned.h>

#define MT_LEARNED_SCHEMA	1

/*
 * What the file does not tell is as in mt_learned_default. Return: 0; errnos of open(2) and read(2);
 * -EBADMSG no such file, or a figure in it that none can be; -EPROTO a schema from the future; each with a line
 * in @err, and @l is left alone.
 */
MT_MUST_CHECK int mt_learned_load(struct mt_learned *l, const char *path, struct mt_err *err);

/* Written beside and renamed: @path is whole at any time. Return: 0; errnos of open(2), write(2), rename(2). */
MT_MUST_CHECK int mt_learned_save(const struct mt_learned *l, const char *path, struct mt_err *err);

#endif
