/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world.h - which world is beneath; for clock.c and thread.c
 */
#ifndef MT_BASE_WORLD_H
#define MT_BASE_WORLD_H

#include "thread.h"

const struct mt_world *mt_world(void);

#endif
