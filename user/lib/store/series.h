/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * series.h - a series of QMP query-migrate answers as a recording
 */
#ifndef MT_SERIES_H
#define MT_SERIES_H

#include "record.h"

/* Its text into @rec; see series.c. Errors do not name the file. */
MT_MUST_CHECK int mt_series_parse(struct mt_recording *rec, const char *text, size_t len,
				  struct mt_err *err);
bool mt_series_recognise(const char *text, size_t len);

#endif
