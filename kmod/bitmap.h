/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bitmap.h - reading the dirty bitmaps of a VM's memslots
 */
#ifndef MIGTRACE_BITMAP_H
#define MIGTRACE_BITMAP_H

#include "session.h"

/* Logs that were there before us: bits that are set already are nobody's. May sleep. */
void migtrace_bitmap_found(struct migtrace_session *s);
/* The thread's part of a tick: bits that have appeared. May sleep. */
void migtrace_bitmap_tick(struct migtrace_session *s);
/* KVM has cleared the bits of @mask, from page @first on, a multiple of 64. Under the lock. */
void migtrace_bitmap_cleared(struct migtrace_session *s, u32 slot, u64 first, unsigned long mask);

#endif
