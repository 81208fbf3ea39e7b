/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * recording_load.h - a recording read, and what there is to be said about that
 */
#ifndef RECORDING_LOAD_H
#define RECORDING_LOAD_H

#include "store/record.h"

/*
 * mt_recording_load(), with a warning each where it was not read to its end (and @rec->truncated is
 * set) and where it has what only a later migtrace knows.
 */
MT_MUST_CHECK int recording_load(struct mt_recording **rec, const char *path, struct mt_err *err);

#endif
