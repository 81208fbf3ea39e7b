// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world.c - threads that take turns, and a clock that jumps
 *
 * Threads of the machine's, each asleep on its semaphore but for the one that runs. Whoever is
 * about to wait takes the first of the heap, lets the time be that one's, and posts its semaphore.
 * Ended threads are kept for the next to be started: making one takes longer than most of them
 * live.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "files.h"
#include "world.h"
#include "world_ops.h"

#if defined(__SANITIZE_ADDRESS__)
void __lsan_disable(void);
void __lsan_enable(void);
#else
static void __lsan_disable(void) { }
static void __lsan_enable(void) { }
#endif

#define STACK_BYTES	(1 << 20)
#define NOT_WAITING	SIZE_MAX

struct fthread {
	struct fthread *next;		/* of all, or of those that are free */
	pthread_t id;
	char name[16];
	int group;
	void *(*fn)(void *);
	void *arg;
	sem_t go;
	uint64_t due_ns, tie;
	size_t at;			/* in the heap */
	const pthread_cond_t *cond;	/* what it waits for, if not for time alone */
	const struct fthread *joins;
	bool woken, dead, ended, detached, ceases;
	unsigned shield;
	jmp_buf out;
};

static struct {
	bool on;
	uint64_t now_ns;
	int64_t wall_us;		/* Unix time less the monotonic clock */
	struct mt_rng rng;
	struct fthread *running, *all, *free, *retired;
	struct fthread main;
	struct fthread **heap;
	size_t n, room;
} w;

/* --- the heap: whose deadline is first ------------------------------------------ */
static bool before(const struct fthread *a, const struct fthread *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->tie < b->tie;
}

static void place(size_t i, struct fthread *t)
{
	w.heap[i] = t;
	t->at = i;
}

static void sift_up(size_t i)
{
	struct fthread *t = w.heap[i];

	for (; i && before(t, w.heap[(i - 1) / 2]); i = (i - 1) / 2)
		place(i, w.heap[(i - 1) / 2]);
	place(i, t);
}

static void sift_down(size_t i)
{
	struct fthread *t = w.heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < w.n && before(w.heap[child + 1], w.heap[child]))
			child++;
		if (child >= w.n || !before(w.heap[child], t))
			break;
		place(i, w.heap[child]);
		i = child;
	}
	place(i, t);
}

static void push(struct fthread *t)
{
	if (w.n == w.room) {
		w.room = w.room ? w.room * 2 : 64;
		w.heap = realloc(w.heap, w.room * sizeof(*w.heap));
		if (!w.heap)
			abort();
	}
	place(w.n++, t);
	sift_up(w.n - 1);
}

static struct fthread *pop(void)
{
	struct fthread *t = w.heap[0], *last = w.heap[--w.n];

	t->at = NOT_WAITING;
	if (w.n) {
		place(0, last);
		sift_down(0);
	}
	return t;
}

/* From now on it may run. */
static void make_ready(struct fthread *t)
{
	t->cond = NULL;
	t->joins = NULL;
	t->due_ns = w.now_ns;
	t->tie = mt_rng_next(&w.rng);
	sift_up(t->at);
}

/* --- taking turns ------------------------------------------------------------------ */
static void die(const char *what)
{
	char names[1024];

	fake_group_list(names, sizeof(names));
	fprintf(stderr, "fake: %s, in thread %s of %s at %.3f ms; others: %s\n", what,
		w.running ? w.running->name : "?",
		w.running ? fake_group_name(w.running->group) : "?",
		(double)(w.now_ns - FAKE_BEGIN_NS) / 1e6, names);
	fflush(NULL);
	abort();
}

static void check(void)
{
	if (!w.on || !w.running)
		die("a thread that the world does not know");
}

static struct fthread *choose(void)
{
	struct fthread *t;

	if (!w.n)
		die("nobody is left");
	if (w.heap[0]->due_ns == MT_FOR_EVER_NS)
		die("deadlock: everybody waits for ever");
	t = pop();
	if (t->due_ns > w.now_ns)
		w.now_ns = t->due_ns;
	t->cond = NULL;
	t->joins = NULL;
	return t;
}

static void sleep_on(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

/* Return: whether it was woken before @until_ns. */
static bool block(struct fthread *t, uint64_t until_ns)
{
	struct fthread *next;

	t->woken = false;
	t->due_ns = until_ns > w.now_ns ? until_ns : w.now_ns;
	t->tie = mt_rng_next(&w.rng);
	if (t->dead && !t->shield)
		t->due_ns = w.now_ns;
	push(t);
	next = choose();
	if (next != t) {
		w.running = next;
		sem_post(&next->go);
		sleep_on(&t->go);
	}
	if (t->dead && !t->shield)
		longjmp(t->out, 1);
	return t->woken;
}

static void run_one(struct fthread *t)
{
	bool leaks = fake_group_leaks(t->group);

	if (leaks)
		__lsan_disable();
	/* One that was killed before it ran at all starts nothing. */
	if (!t->dead && !setjmp(t->out))
		t->fn(t->arg);
	if (leaks)
		__lsan_enable();
}

static void forget(struct fthread *t, struct fthread **list)
{
	for (struct fthread **link = &w.all; *link; link = &(*link)->next)
		if (*link == t) {
			*link = t->next;
			break;
		}
	t->next = *list;
	*list = t;
}

static void *body(void *arg)
{
	struct fthread *t = arg, *next;
	bool dead;

	for (;;) {
		sleep_on(&t->go);
		if (t->ceases)
			return NULL;
		run_one(t);
		t->ended = true;
		for (size_t i = 0; i < w.n; i++)
			if (w.heap[i]->joins == t) {
				w.heap[i]->woken = true;
				make_ready(w.heap[i]);
				i = SIZE_MAX;	/* the heap has changed */
			}
		if (t->detached || t->dead)
			forget(t, t->dead ? &w.retired : &w.free);
		dead = t->dead;
		next = choose();
		w.running = next;
		sem_post(&next->go);
		if (dead)
			return NULL;	/* what it had of its own (__thread) goes with it */
	}
}

/* --- what base/thread.h asks for ----------------------------------------------------- */
static uint64_t now_ns(void)
{
	return w.now_ns;
}

static uint64_t wall_us(void)
{
	return (uint64_t)((int64_t)(w.now_ns / 1000) + w.wall_us);
}

static void sleep_until(uint64_t until_ns)
{
	check();
	block(w.running, until_ns);
}

static struct fthread *new_thread(void)
{
	struct fthread *t = w.free;
	pthread_attr_t attr;

	if (t) {
		w.free = t->next;
		return t;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	sem_init(&t->go, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (pthread_create(&t->id, &attr, body, t)) {
		free(t);
		t = NULL;
	}
	pthread_attr_destroy(&attr);
	return t;
}

static int start_in(int group, pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	struct fthread *t;

	check();
	__lsan_disable();
	t = new_thread();
	__lsan_enable();
	if (!t)
		return -EAGAIN;
	t->fn = fn;
	t->arg = arg;
	t->group = group;
	t->ended = t->dead = t->woken = false;
	t->detached = !thread;
	t->shield = 0;
	t->cond = NULL;
	t->joins = NULL;
	t->due_ns = w.now_ns;
	t->tie = mt_rng_next(&w.rng);
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->next = w.all;
	w.all = t;
	push(t);
	/* Nobody but join() and this file uses the identity. */
	if (thread)
		*thread = (pthread_t)(uintptr_t)t;
	return 0;
}

static int start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	check();
	return start_in(w.running->group, thread, name, fn, arg);
}

static bool join_until(pthread_t thread, uint64_t until_ns)
{
	struct fthread *t = (struct fthread *)(uintptr_t)thread;

	check();
	if (!t->ended) {
		w.running->joins = t;
		block(w.running, until_ns);
	}
	if (!t->ended)
		return false;
	if (!t->dead)
		forget(t, &w.free);
	return true;
}

static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns)
{
	struct fthread *t = w.running;
	bool woken;

	check();
	if (until_ns <= w.now_ns)
		return false;
	pthread_mutex_unlock(lock);
	t->cond = cond;
	woken = block(t, until_ns);
	pthread_mutex_lock(lock);
	return woken;
}

static void wake(pthread_cond_t *cond)
{
	check();
	for (size_t i = 0; i < w.n; i++)
		if (w.heap[i]->cond == cond) {
			w.heap[i]->woken = true;
			make_ready(w.heap[i]);
			i = SIZE_MAX;
		}
}

static const struct mt_world world = {
	.now_ns = now_ns,
	.wall_us = wall_us,
	.sleep_until = sleep_until,
	.start = start,
	.join_until = join_until,
	.wait_until = wait_until,
	.wake = wake,
};

/* --- for world_any.c --------------------------------------------------------------- */
static void begin(uint64_t seed, unsigned scale)
{
	w.on = true;
	w.now_ns = FAKE_BEGIN_NS;
	w.wall_us = 1764000000LL * 1000000 - (int64_t)(FAKE_BEGIN_NS / 1000);
	w.rng.state = seed;
	w.main.group = FAKE_OUTSIDE;
	w.main.at = NOT_WAITING;
	strcpy(w.main.name, "test");
	w.running = &w.main;
	sem_init(&w.main.go, 0, 0);
	mt_world_use(&world);
}

static void bury(struct fthread **list)
{
	while (*list) {
		struct fthread *t = *list;

		*list = t->next;
		t->ceases = true;
		sem_post(&t->go);
		pthread_join(t->id, NULL);
		sem_destroy(&t->go);
		free(t);
	}
}

static unsigned end(void)
{
	unsigned left = 0;

	for (struct fthread *t = w.all; t; t = t->next)
		left += !t->ended;
	if (left)
		return left;
	while (w.all)
		forget(w.all, w.all->dead ? &w.retired : &w.free);
	bury(&w.free);
	bury(&w.retired);
	sem_destroy(&w.main.go);
	free(w.heap);
	memset(&w, 0, sizeof(w));
	mt_world_use(&mt_world_real);
	return 0;
}

static uint64_t draw(void)
{
	return mt_rng_next(&w.rng);
}

static void wall_step(int64_t us)
{
	w.wall_us += us;
}

static int group(void)
{
	return w.on && w.running ? w.running->group : FAKE_OUTSIDE;
}

static const char *thread_name(void)
{
	return w.running ? w.running->name : "?";
}

static void kill_group(int g)
{
	for (struct fthread *t = w.all; t; t = t->next) {
		if (t->group != g || t->ended)
			continue;
		t->dead = true;
		if (t->at != NOT_WAITING && !t->shield)
			make_ready(t);
	}
}

static unsigned threads(int g)
{
	unsigned n = 0;

	for (struct fthread *t = w.all; t; t = t->next)
		n += t->group == g && !t->ended;
	return n;
}

static void list(char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (struct fthread *t = w.all; t && len < size; t = t->next)
		if (!t->ended)
			len += (size_t)snprintf(buf + len, size - len, "%s%s/%s%s", len ? ", " : "",
						fake_group_name(t->group), t->name,
						t->shield ? " (in a call)" : "");
}

static void shield(int by)
{
	struct fthread *t = w.running;

	check();
	t->shield = (unsigned)((int)t->shield + by);
	if (by < 0 && !t->shield && t->dead)
		longjmp(t->out, 1);
}

/*
 * Nobody else runs: who would have to wait here, waits for somebody who sleeps with the lock held.
 */
static void contended(void)
{
	die("a lock is wanted that is held by a thread that waits");
}

const struct fake_world_ops fake_world_turns = {
	.begin = begin,
	.end = end,
	.draw = draw,
	.wall_step = wall_step,
	.group = group,
	.thread_name = thread_name,
	.kill = kill_group,
	.threads = threads,
	.list = list,
	.shield = shield,
	.start_in = start_in,
	.contended = contended,
};
