// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * world_real.c - threads side by side, in a time that is faster than the machine's
 *
 * For what needs real concurrency: TSan, and a hundred migrations at once. Deadlines become the
 * machine's by dividing. Nobody is killed in the middle here: a group that is killed has its
 * threads leave at their next wait, with the lock of their condition let go of.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "world_ops.h"

#if defined(__SANITIZE_ADDRESS__)
void __lsan_disable(void);
void __lsan_enable(void);
#else
static void __lsan_disable(void) { }
static void __lsan_enable(void) { }
#endif

#define STACK_BYTES	(1 << 20)
/* so soon does a killed thread notice, and nobody is woken for that more often */
#define SLICE_NS	(800 * MT_NS_PER_MS)

#define JOIN_SLICE_NS	5000000L

int __real_pthread_mutex_lock(pthread_mutex_t *lock);

struct rthread {
	struct rthread *next;
	pthread_t id;
	char name[16];
	int group;
	void *(*fn)(void *);
	void *arg;
	bool dead, detached;
	unsigned shield;
	uint64_t call_ns;		/* processor time in calls of the hypervisor's so far */
	uint64_t called_ns;		/* and at which one began */
	jmp_buf out;
};

static struct {
	pthread_mutex_t lock;
	struct rthread *all;
	struct rthread main;
	uint64_t zero_ns;		/* of the machine's clock */
	unsigned scale;
	int64_t wall_us;
	struct mt_rng rng;
	struct fake_cpu ended[FAKE_GROUPS];	/* of threads that are no more */
} w = { .lock = PTHREAD_MUTEX_INITIALIZER };

static __thread struct rthread *self;

static void hold(void)
{
	__real_pthread_mutex_lock(&w.lock);
}

static void release(void)
{
	pthread_mutex_unlock(&w.lock);
}

static uint64_t machine_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * MT_NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return FAKE_BEGIN_NS + (machine_ns() - w.zero_ns) * w.scale;
}

static uint64_t wall_us(void)
{
	return (uint64_t)((int64_t)(now_ns() / 1000) +
			  __atomic_load_n(&w.wall_us, __ATOMIC_RELAXED));
}

/* The machine's moment, but no later than a slice from now. */
static struct timespec moment(uint64_t until_ns)
{
	uint64_t now = machine_ns(), ns = now + SLICE_NS / w.scale;

	if (until_ns != MT_FOR_EVER_NS) {
		uint64_t due =
			until_ns > FAKE_BEGIN_NS ?
				w.zero_ns + (until_ns - FAKE_BEGIN_NS + w.scale - 1) / w.scale :
				now;

		ns = due < ns ? due : ns;
	}
	return (struct timespec){ .tv_sec = (time_t)(ns / MT_NS_PER_S),
				  .tv_nsec = (long)(ns % MT_NS_PER_S) };
}

static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * MT_NS_PER_S + (uint64_t)t.tv_nsec;
}

static bool ceases(void)
{
	return self && !self->shield && __atomic_load_n(&self->dead, __ATOMIC_ACQUIRE);
}

static void leave_if_dead(void)
{
	if (ceases())
		longjmp(self->out, 1);
}

static void sleep_until(uint64_t until_ns)
{
	leave_if_dead();
	while (now_ns() < until_ns) {
		struct timespec t = moment(until_ns);

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
		leave_if_dead();
	}
}

static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t until_ns)
{
	int rc;

	if (ceases()) {
		pthread_mutex_unlock(lock);
		longjmp(self->out, 1);
	}
	if (now_ns() >= until_ns)
		return false;
	/* A slice that is over is a wake for nothing, as conditions have them. */
	struct timespec t = moment(until_ns);

	rc = pthread_cond_timedwait(cond, lock, &t);
	if (ceases()) {
		pthread_mutex_unlock(lock);
		longjmp(self->out, 1);
	}
	return !rc || now_ns() < until_ns;
}

static void wake(pthread_cond_t *cond)
{
	pthread_cond_broadcast(cond);
}

static void *body(void *arg)
{
	struct rthread *t = arg;
	bool leaks = fake_group_leaks(t->group);

	self = t;
	if (leaks)
		__lsan_disable();
	if (!setjmp(t->out))
		t->fn(t->arg);
	if (leaks)
		__lsan_enable();
	hold();
	w.ended[t->group].all_ns += cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	w.ended[t->group].call_ns += t->call_ns;
	for (struct rthread **link = &w.all; *link; link = &(*link)->next)
		if (*link == t) {
			*link = t->next;
			break;
		}
	release();
	if (t->dead && !t->detached)
		pthread_detach(pthread_self());
	free(t);
	return NULL;
}

static int start_in(int group, pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	struct rthread *t = calloc(1, sizeof(*t));
	pthread_attr_t attr;
	pthread_t id;
	int rc;

	t->group = group;
	t->fn = fn;
	t->arg = arg;
	t->detached = !thread;
	snprintf(t->name, sizeof(t->name), "%s", name);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (!thread)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	hold();
	t->next = w.all;
	w.all = t;
	rc = pthread_create(&id, &attr, body, t);
	if (rc)
		w.all = t->next;
	else
		t->id = id;
	release();
	pthread_attr_destroy(&attr);
	if (rc) {
		free(t);
		return -rc;
	}
	/* For ps and perf. */
	pthread_setname_np(id, name);
	if (thread)
		*thread = id;
	return 0;
}

static int start(pthread_t *thread, const char *name, void *(*fn)(void *), void *arg)
{
	return start_in(self ? self->group : FAKE_OUTSIDE, thread, name, fn, arg);
}

static bool join_until(pthread_t thread, uint64_t until_ns)
{
	for (;;) {
		struct timespec t;

		/* TSan knows of this join, and not of the one that counts the other clock. */
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += JOIN_SLICE_NS;
		t.tv_sec += t.tv_nsec / (long)MT_NS_PER_S;
		t.tv_nsec %= (long)MT_NS_PER_S;
		if (!pthread_timedjoin_np(thread, NULL, &t))
			return true;
		leave_if_dead();
		if (now_ns() >= until_ns)
			return false;
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

static void begin(uint64_t seed, unsigned scale)
{
	w.scale = scale ? scale : 1;
	w.zero_ns = machine_ns();
	w.wall_us = 1764000000LL * 1000000 - (int64_t)(FAKE_BEGIN_NS / 1000);
	w.rng.state = seed;
	w.main = (struct rthread){ .name = "test" };
	self = &w.main;
	mt_world_use(&world);
}

static unsigned end(void)
{
	unsigned left = 0;

	/* Threads that were told to go are given the time to. */
	for (int i = 0; i < 500; i++) {
		hold();
		left = 0;
		for (struct rthread *t = w.all; t; t = t->next)
			left++;
		release();
		if (!left)
			break;
		usleep(10000);
	}
	if (!left)
		mt_world_use(&mt_world_real);
	self = NULL;
	return left;
}

static uint64_t draw(void)
{
	uint64_t drawn;

	hold();
	drawn = mt_rng_next(&w.rng);
	release();
	return drawn;
}

static void wall_step(int64_t us)
{
	__atomic_add_fetch(&w.wall_us, us, __ATOMIC_RELAXED);
}

static int group(void)
{
	return self ? self->group : FAKE_OUTSIDE;
}

static const char *thread_name(void)
{
	return self ? self->name : "?";
}

static void kill_group(int g)
{
	hold();
	for (struct rthread *t = w.all; t; t = t->next)
		if (t->group == g)
			__atomic_store_n(&t->dead, true, __ATOMIC_RELEASE);
	release();
}

static unsigned threads(int g)
{
	unsigned n = 0;

	hold();
	for (struct rthread *t = w.all; t; t = t->next)
		n += t->group == g;
	release();
	return n;
}

static void list(char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	hold();
	for (struct rthread *t = w.all; t && len < size; t = t->next)
		len += (size_t)snprintf(buf + len, size - len, "%s%s/%s", len ? ", " : "",
					fake_group_name(t->group), t->name);
	release();
}

static void shield(int by)
{
	if (!self)
		return;
	if (by > 0 && !self->shield)
		self->called_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	self->shield = (unsigned)((int)self->shield + by);
	if (by < 0 && !self->shield)
		__atomic_add_fetch(&self->call_ns,
				   cpu_ns(CLOCK_THREAD_CPUTIME_ID) - self->called_ns,
				   __ATOMIC_RELAXED);
	if (by < 0)
		leave_if_dead();
}

void fake_real_cpu(int g, struct fake_cpu *used)
{
	hold();
	*used = w.ended[g];
	for (struct rthread *t = w.all; t; t = t->next) {
		clockid_t clock;

		if (t->group != g || pthread_getcpuclockid(t->id, &clock))
			continue;
		used->all_ns += cpu_ns(clock);
		used->call_ns += __atomic_load_n(&t->call_ns, __ATOMIC_RELAXED);
	}
	release();
}

const struct fake_world_ops fake_world_scaled = {
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
};
