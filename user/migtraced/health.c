// SPDX-License-Identifier: GPL-2.0-or-later
/* health.c - which threads make progress, and what the others wait for */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/units.h"
#include "health.h"
#include "log.h"

/*
 * How often the watchdog is fed within the time that it has: one late turn of the loop must not be
 * the end.
 */
#define TURNS	3

enum state { WORKS, WAITS, CALLS };

struct thread {
	struct thread *next;
	char *name;
	uint64_t limit_ns;
	enum state state;
	const char *what;		/* a literal; "" while it works */
	uint64_t since_ns;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* of the list and of all in it;
								 * held for moments */
static struct thread *threads;
static __thread struct thread *own;

/* --- what a thread says of itself ---------------------------------------- */

void health_begin(const char *name, uint64_t limit_ms)
{
	struct thread *t = own ? NULL : calloc(1, sizeof(*t));

	if (!t)
		return;
	*t = (struct thread){ .name = strdup(name),
			      .limit_ns = limit_ms * MT_NS_PER_MS,
			      .what = "",
			      .since_ns = mt_now_ns() };
	if (!t->name) {
		free(t);
		return;
	}
	pthread_mutex_lock(&lock);
	t->next = threads;
	threads = t;
	pthread_mutex_unlock(&lock);
	own = t;
}

void health_end(void)
{
	if (!own)
		return;
	pthread_mutex_lock(&lock);
	for (struct thread **link = &threads; *link; link = &(*link)->next) {
		if (*link == own) {
			*link = own->next;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
	free(own->name);
	free(own);
	own = NULL;
}

static void enter(enum state state, const char *what)
{
	if (!own)
		return;
	pthread_mutex_lock(&lock);
	own->state = state;
	own->what = what;
	own->since_ns = mt_now_ns();
	pthread_mutex_unlock(&lock);
}

void health_busy(void)
{
	enter(WORKS, "");
}

void health_waiting(const char *what)
{
	enter(WAITS, what);
}

void health_call(const char *what)
{
	enter(CALLS, what);
}

/* --- what is seen of them: with the lock held ----------------------------- */

static uint64_t age_ns(const struct thread *t, uint64_t now_ns)
{
	return now_ns > t->since_ns ? now_ns - t->since_ns : 0;
}

static bool is_late(const struct thread *t, uint64_t now_ns)
{
	return t->state == WORKS && age_ns(t, now_ns) > t->limit_ns;
}

static bool is_stuck(const struct thread *t, uint64_t now_ns)
{
	return is_late(t, now_ns) ||
	       (t->state == CALLS && age_ns(t, now_ns) > HEALTH_STUCK_MS * MT_NS_PER_MS);
}

static json_t *thread_json(const struct thread *t, uint64_t now_ns)
{
	static const char *const does[] = {
		[WORKS] = "works", [WAITS] = "waits", [CALLS] = "calls"
	};
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return NULL;
	mt_json_set(o, "thread", mt_json_string(t->name), &failed);
	mt_json_set(o, "does", mt_json_string(does[t->state]), &failed);
	mt_json_set(o, "what", mt_json_string(*t->what ? t->what : NULL), &failed);
	mt_json_set(o, "for_ms", mt_json_uint(age_ns(t, now_ns) / MT_NS_PER_MS), &failed);
	mt_json_set(o, "stuck", json_boolean(is_stuck(t, now_ns)), &failed);
	return o;
}

/* --- and told -------------------------------------------------------------- */

bool health_late(uint64_t now_ns, char *who, size_t size)
{
	char age[MT_UNIT_STR];
	bool late = false;

	pthread_mutex_lock(&lock);
	for (struct thread *t = threads; t && !late; t = t->next) {
		late = is_late(t, now_ns);
		if (late)
			snprintf(who, size, "%s, for %s", t->name,
				 mt_format_duration_ms(age,
						       (double)age_ns(t, now_ns) / MT_NS_PER_MS));
	}
	pthread_mutex_unlock(&lock);
	return late;
}

json_t *health_status(uint64_t now_ns)
{
	json_t *a = json_array();

	pthread_mutex_lock(&lock);
	for (struct thread *t = threads; t && a; t = t->next)
		json_array_append_new(a, thread_json(t, now_ns));
	pthread_mutex_unlock(&lock);
	return a;
}

/* --- the watchdog ------------------------------------------------------------ */

static int on_turn(sd_event_source *source, uint64_t usec, void *opaque)
{
	static bool was_late;
	uint64_t interval_us = (uintptr_t)opaque;
	char who[320];
	bool late = health_late(mt_now_ns(), who, sizeof(who));

	if (!late)
		sd_notify(0, "WATCHDOG=1");
	if (late && !was_late)
		log_err("a thread is stuck: %s; systemd's watchdog is no longer fed, so that it restarts us", who);
	else if (!late && was_late)
		log_warn("the thread is no longer stuck; systemd's watchdog is fed again");
	was_late = late;
	sd_event_source_set_time_relative(source, interval_us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int health_watchdog(sd_event *event)
{
	sd_event_source *source = NULL;
	uint64_t usec;
	int ret = sd_watchdog_enabled(0, &usec);

	if (ret <= 0)
		return ret;
	ret = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, 0, usec / TURNS / 4,
					 on_turn, (void *)(uintptr_t)(usec / TURNS));
	if (ret >= 0)
		ret = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return ret < 0 ? ret : 0;
}
