/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * full.h - the full-screen top
 */
#ifndef TOP_FULL_H
#define TOP_FULL_H

#include "gather.h"

/*
 * Until it is quit, or @wake, an eventfd, is readable. The terminal is open (term.h), and is
 * closed on return. @hangs: whether a call still has the connection, which then must not be closed.
 * Return: 0 or -errno with a line in @err.
 */
int top_full(const struct gather_how *how, int wake, bool *hangs, struct mt_err *err);

#endif
