/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * holder.h - a file whose lock somebody holds, and whose text tells who; for hands.c and wheel.c
 */
#ifndef MT_HOLDER_H
#define MT_HOLDER_H

#include "hands_files.h"

/* Return: 0 and the locked file, with @who in it; -EBUSY, and in @holder and @err who @does it. */
int mt_holder_lock(struct mt_hands *h, const char *name, const char *who, int *fd,
		   struct mt_holder *holder, const char *does, struct mt_err *err);

#endif
