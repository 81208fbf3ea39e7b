/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mark.h - a stop mark as text
 */
#ifndef MT_MARK_H
#define MT_MARK_H

#include "hands_files.h"

/* -ENAMETOOLONG, -EINVAL: what could not be read back; -errno: which boot it is cannot be told. */
int mt_mark_format(const struct mt_stop_mark *mark, char text[HANDS_TEXT_MAX]);
/* -EBADMSG no mark, -ESTALE one of another boot. */
int mt_mark_parse(const char *text, struct mt_stop_mark *mark);

#endif
