/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hot.h - what migtrace hot goes by
 */
#ifndef HOT_H
#define HOT_H

#include "base/err.h"
#include "pull/heatmap.h"

/*
 * By the sets of pages in a recording: a window is the time from one clearing of KVM's log to the
 * next. Return: 0, and @m is the caller's to end; -ENODATA no sets in it; -EBADMSG damaged ones;
 * else as mt_recording_load(); each with a line in @err.
 */
MT_MUST_CHECK int hot_of_recording(struct mt_heatmap *m, const char *path, struct mt_err *err);

#endif
