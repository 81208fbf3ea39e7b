/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tick.h - the session's thread: closes the ticks and makes the records
 */
#ifndef MIGTRACE_TICK_H
#define MIGTRACE_TICK_H

#include "session.h"

int migtrace_tick_start(struct migtrace_session *s);
void migtrace_tick_stop(struct migtrace_session *s);

#endif
