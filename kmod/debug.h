/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debug.h - debugfs: what the sessions cost, for whoever looks after the host
 */
#ifndef MIGTRACE_DEBUG_H
#define MIGTRACE_DEBUG_H

void migtrace_debug_init(void);
void migtrace_debug_fini(void);

#endif
