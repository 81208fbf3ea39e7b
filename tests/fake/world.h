/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - a world for tests: threads that take turns, and a clock that jumps
 *
 * Beneath everything that goes through base/thread.h. Exactly one thread runs at a time; when all
 * wait, the clock jumps to the earliest deadline. Who is next follows from the deadlines and,
 * among equals, from the seed: a run is a function of its seed. Threads belong to groups, each
 * of which stands for a process, and a group can be killed: its threads cease at their next wait,
 * with nothing unlocked, freed or told, as after kill -9.
 *
 * The other world (fake_world_begin_real()) has the same interface over threads that really run
 * side by side, and a clock that is faster than the machine's: for TSan.
 */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/thread.h"
#include "base/units.h"

#define FAKE_BEGIN_NS	(1000 * MT_NS_PER_S)	/* what the clock says at first */
#define FAKE_GROUPS	64
/* the group of the test and of the hypervisors: never killed */
#define FAKE_OUTSIDE	0

/* The caller becomes the first thread, of group FAKE_OUTSIDE. */
void fake_world_begin(uint64_t seed);
/* @scale: so many seconds of the world in one of the machine's. */
void fake_world_begin_real(uint64_t seed, unsigned scale);
/*
 * Lets go of threads that were killed or have ended. Return: how many remain, which is a
 * failure of the test: their names go to stderr.
 */
unsigned fake_world_end(void);
bool fake_world_is_real(void);

/* Of the seed; any thread. */
uint64_t fake_random(uint64_t below);
bool fake_chance(unsigned percent);

/* Steps of the wall clock, of either sign. */
void fake_wall_step_us(int64_t us);
/* Milliseconds since the world began, for what is printed. */
double fake_ms(void);

/* --- groups ----------------------------------------------------------------- */
/* @leaks: will be killed, so what its threads have allocated is nobody's to free. Return: > 0. */
int fake_group_new(const char *name, bool leaks);
int fake_group(void);			/* of the caller */
const char *fake_group_name(int group);
bool fake_group_is_dead(int group);
unsigned fake_group_threads(int group);
/* Not from one of its threads. Its files are closed at once (see files.h). */
void fake_group_kill(int group);
int fake_start_in(int group, pthread_t *thread, const char *name, void *(*fn)(void *), void *arg);
/* Waits until none of its threads is left. Return: false: some are. */
bool fake_group_wait(int group, uint64_t until_ns);
/* Names of threads that have not ended, those of FAKE_OUTSIDE left out. */
void fake_group_list(char *buf, size_t size);

/*
 * Between these the caller's thread works on behalf of somebody else (a hypervisor that carries out
 * a call), and goes on when its group is killed. fake_unshield() does not return then.
 */
void fake_shield(void);
void fake_unshield(void);

/* A thread of the machine's that stands still for so long is a deadlock, or a loop. 0: never. */
void fake_watchdog(unsigned seconds, const char *what);

/*
 * Of a group in the other world: processor time of its threads so far, and what of it went into
 * calls of the hypervisor's, where the tests' own stands for libvirt's client.
 */
struct fake_cpu {
	uint64_t all_ns, call_ns;
};
void fake_real_cpu(int group, struct fake_cpu *used);

#endif
