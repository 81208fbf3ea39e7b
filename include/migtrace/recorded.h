/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorded.h - what recordings tell the models
 */
#ifndef MIGTRACE_RECORDED_H
#define MIGTRACE_RECORDED_H

#include <migtrace/dirtying.h>
#include <migtrace/record.h>

/*
 * U(T): the points of a profile, if @kernel and it has any, or else its dirty-rate calculations.
 * -ENODATA: neither.
 */
MT_MUST_CHECK int mt_recorded_dirtying(struct mt_dirtying *d, const struct mt_recording *rec, bool kernel,
				       double memory_bytes);

/* The same with the passes of a recorded migration merged in, as far as they ended before @until_ns. */
void mt_recorded_passes(struct mt_dirtying *d, const struct mt_recording *rec, uint64_t until_ns);

#endif
