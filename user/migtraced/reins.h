/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reins.h - whether this daemon may act, and who looks after the guests that it stops
 *
 * The hands' directory, the one guard of the process, and the lock that only one acting daemon
 * of a hypervisor has. Guests whose process is dead are adopted whether it acts or not.
 */
#ifndef MIGTRACED_REINS_H
#define MIGTRACED_REINS_H

#include <jansson.h>

#include "guard/guard.h"
#include "config.h"

#define REINS_WHO	"migtraced"

struct reins;

/*
 * A directory that cannot be had is told, and tried again: without it nothing acts. Return: 0 or
 * -errno.
 */
MT_MUST_CHECK int reins_new(struct reins **r, const struct config *config);
void reins_free(struct reins *r);

/* Set once the hypervisor has said it. */
void reins_set_host(struct reins *r, const char *host);
/*
 * About once a second, from one thread: adopts orphans, tries for the lock while @wanted, which is:
 * some rule acts.
 * Return: whether the answer of reins_held() has changed.
 */
bool reins_tick(struct reins *r, bool wanted);
/* @why: else, for people. */
bool reins_held(struct reins *r, char *why, size_t size);

/* NULL as long as the directory cannot be had. */
struct mt_hands *reins_hands(struct reins *r);
struct mt_guard *reins_guard(struct reins *r);

/* @uuid NULL: all guests. @off false: takes it back. */
MT_MUST_CHECK int reins_release(struct reins *r, const char *uuid, bool off, struct mt_err *err);

/* For status: what of all this there is to say, and what of the guard's is stuck. */
json_t *reins_json(struct reins *r);
void reins_stuck_json(struct reins *r, json_t *array);

/*
 * We are to end: guests that we have stopped are given back soon; waits for that, bounded, and
 * tells what is left.
 */
void reins_leave(struct reins *r);

#endif
