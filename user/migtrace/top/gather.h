/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gather.h - scenes, one after the other, from a thread of its own
 *
 * libvirt may keep its caller waiting for as long as it likes: the terminal does not wait with it.
 */
#ifndef TOP_GATHER_H
#define TOP_GATHER_H

#include "toplook.h"
#include "watched.h"

struct gather;

struct gather_how {
	struct watch_how watch;
	uint64_t interval_ms;
	char **names;			/* as given; none: all that run, whenever that is */
	int n_names;
};

/* @how is copied, what it points to outlives it. */
int gather_start(struct gather **g, const struct gather_how *how, struct mt_err *err);
/*
 * Does not wait for a call that hangs. Return: false if one does, and the thread keeps what it has,
 * the connection, too.
 */
MT_MUST_CHECK bool gather_end(struct gather *g);
int gather_fd(const struct gather *g);		/* for poll(2): readable when there is a new one */
/* The newest one; its guests are the caller's to free(). Return: 0 or -ENOMEM. */
int gather_scene(struct gather *g, struct scene *s);
/*
 * In due course, after those before it; what came of it is the scene's note. Return: false if too
 * many wait already.
 */
bool gather_ask(struct gather *g, enum look_request request, const char *uuid);

#endif
