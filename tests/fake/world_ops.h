/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world_ops.h - the two worlds as one table; for world*.c
 */
#ifndef FAKE_WORLD_OPS_H
#define FAKE_WORLD_OPS_H

#include "world.h"

struct fake_world_ops {
	void (*begin)(uint64_t seed, unsigned scale);
	unsigned (*end)(void);
	uint64_t (*draw)(void);
	void (*wall_step)(int64_t us);
	int (*group)(void);
	const char *(*thread_name)(void);
	void (*kill)(int group);
	unsigned (*threads)(int group);
	void (*list)(char *buf, size_t size);
	void (*shield)(int by);
	int (*start_in)(int group, pthread_t *thread, const char *name, void *(*fn)(void *),
			void *arg);
	void (*contended)(void);	/* NULL: locks are waited for */
};

extern const struct fake_world_ops fake_world_turns;	/* world.c */
extern const struct fake_world_ops fake_world_scaled;	/* world_real.c */

bool fake_group_leaks(int group);

#endif
