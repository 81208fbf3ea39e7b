/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * room.h - how much memory the destination of a migration has free
 *
 * Post-copy cannot go back: if the destination's memory runs out in it, the guest is lost. A thread
 * with a connection of its own asks every few seconds; who decides takes the newest answer and
 * never waits for one.
 */
#ifndef MT_ROOM_H
#define MT_ROOM_H

#include "hypervisor/conn.h"

struct mt_room;

/* NULL: no memory or no thread for it; then it is not known, which is no reason to fail. */
struct mt_room *mt_room_new(const char *destination_uri);
/* Does not wait for a call that hangs. */
void mt_room_free(struct mt_room *r);

/* Bytes; NaN: @r is NULL, or there was no answer for a while. */
double mt_room_bytes(struct mt_room *r);

#endif
