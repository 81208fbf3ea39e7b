/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf_try.h - whether this kernel takes a probe: a row for each
 */
#ifndef MIGTRACE_SOURCE_BPF_TRY_H
#define MIGTRACE_SOURCE_BPF_TRY_H

#include "base/cleanup.h"
#include "base/err.h"

/* Load and attach it for nobody, and take it away again. */
MT_MUST_CHECK int mt_bpf_try_dirty(struct mt_err *err);
MT_MUST_CHECK int mt_bpf_try_vcpu(struct mt_err *err);
MT_MUST_CHECK int mt_bpf_try_net(struct mt_err *err);
MT_MUST_CHECK int mt_bpf_try_disk(struct mt_err *err);
MT_MUST_CHECK int mt_bpf_try_postcopy(struct mt_err *err);

#endif
