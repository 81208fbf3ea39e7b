/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - what a key of the full-screen top asks for is done
 *
 * What takes long (a recording) and what is another command's business (to release) is done by
 * migtrace itself in a process of its own, which outlives us.
 */
#ifndef TOP_ASK_H
#define TOP_ASK_H

#include <sys/types.h>

#include "hypervisor/conn.h"
#include "toplook.h"

#define ASK_CHILDREN	8

struct ask {
	struct ask_child {
		pid_t pid;		/* 0: none */
		int err;		/* what it says, a pipe */
		char what[96], said[160];	/* its last line */
	} child[ASK_CHILDREN];
};

void ask_init(struct ask *a);
/* @text: one line, what was done, or why it was not. May block as any call of libvirt. */
void ask_do(struct ask *a, struct mt_conn *conn, enum look_request request,
	    const struct scene_guest *g, char *text, size_t size);
/* Whether one of the processes has ended since; @text then tells how. Waits for none. */
bool ask_ended(struct ask *a, char *text, size_t size);

#endif
