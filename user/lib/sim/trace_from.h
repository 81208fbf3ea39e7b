/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_from.h - the trace of a recorded guest
 *
 * Of what a recording has the best is taken: sets of pages; else the curve of a kernel source; else
 * what QEMU measured; else the passes of the migration that it follows. All but the first only tell
 * U(T), to which a trace is fitted.
 */
#ifndef MT_TRACE_FROM_H
#define MT_TRACE_FROM_H

#include "store/record.h"
#include "trace.h"

/*
 * @memory_bytes of the guest, 0: not known; wanted where a trace is fitted, and of sets what lies
 * beyond is left out. @seed: of a fit. Return: 0; -errno with a line.
 */
MT_MUST_CHECK int mt_trace_from_recording(struct mt_trace *t, const struct mt_recording *rec,
					  uint64_t memory_bytes, uint64_t seed, struct mt_err *err);

#endif
