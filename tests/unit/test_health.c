// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_health.c - who starves the watchdog, and who is only named
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "migtraced/health.h"
#include "ktap.h"

#define S	1000000000ULL

/* A thread that does as it is told. */
struct worker {
	const char *name;
	pthread_t thread;
	sem_t go, done;
	void (*act)(void);
};

static void *work(void *arg)
{
	struct worker *w = arg;

	health_begin(w->name, 2000);
	sem_post(&w->done);
	for (;;) {
		sem_wait(&w->go);
		if (!w->act)
			break;
		w->act();
		sem_post(&w->done);
	}
	health_end();
	return NULL;
}

static void worker_start(struct worker *w, const char *name)
{
	w->name = name;
	sem_init(&w->go, 0, 0);
	sem_init(&w->done, 0, 0);
	if (pthread_create(&w->thread, NULL, work, w))
		abort();
	sem_wait(&w->done);
}

static void worker_do(struct worker *w, void (*act)(void))
{
	w->act = act;
	sem_post(&w->go);
	if (act)
		sem_wait(&w->done);
	else
		pthread_join(w->thread, NULL);
}

static void waits(void) { health_waiting("events"); }
static void calls(void) { health_call("suspending the guest"); }
static void busy(void) { health_busy(); }

static json_t *find(json_t *all, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach(all, i, o)
		if (!strcmp(json_string_value(json_object_get(o, "thread")), name))
			return o;
	return NULL;
}

static bool is(json_t *all, const char *name, const char *does, const char *what, bool stuck)
{
	json_t *o = find(all, name);
	const char *w = json_string_value(json_object_get(o, "what"));

	return o && !strcmp(json_string_value(json_object_get(o, "does")), does) &&
	       json_is_true(json_object_get(o, "stuck")) == stuck &&
	       (what ? w && !strcmp(w, what) : !w);
}

static void states(void)
{
	struct worker a = { 0 }, b = { 0 };
	uint64_t now;
	char who[320] = "";
	json_t *all;

	health_busy();			/* of a thread that has not begun: nothing */
	health_end();
	all = health_status(mt_now_ns());
	CHECK_INT(json_array_size(all), 0);
	json_decref(all);

	worker_start(&a, "manager");
	worker_start(&b, "6f1c1c5e-5d0b-4a43-9a5c-3f7d1b0a2c44");
	now = mt_now_ns();
	CHECK(!health_late(now, who, sizeof(who)));
	/* Whoever waits may do so for ever; whoever does not may not. */
	worker_do(&a, waits);
	CHECK(health_late(now + 3 * S, who, sizeof(who)));
	CHECK(!strncmp(who, "6f1c1c5e-5d0b-4a43-9a5c-3f7d1b0a2c44, for ", 42));
	/* A call that does not come back is named, and starves nobody. */
	worker_do(&b, calls);
	CHECK(!health_late(now + 1000000 * S, who, sizeof(who)));
	all = health_status(now + 1000000 * S);
	CHECK_INT(json_array_size(all), 2);
	CHECK(is(all, "manager", "waits", "events", false));
	CHECK(is(all, "6f1c1c5e-5d0b-4a43-9a5c-3f7d1b0a2c44", "calls", "suspending the guest",
		 true));
	CHECK(json_integer_value(json_object_get(find(all, b.name), "for_ms")) > 999990000);
	json_decref(all);
	all = health_status(mt_now_ns() + S);
	CHECK(is(all, b.name, "calls", "suspending the guest", false));
	json_decref(all);
	/* Back from it: its time begins anew, and anew with each word. */
	worker_do(&b, busy);
	now = mt_now_ns();
	CHECK(!health_late(now + S, who, sizeof(who)));
	CHECK(health_late(now + 3 * S, who, sizeof(who)));
	all = health_status(now + 3 * S);
	CHECK(is(all, b.name, "works", NULL, true));
	json_decref(all);
	/* Gone: nobody waits for it. */
	worker_do(&b, NULL);
	CHECK(!health_late(now + 1000 * S, who, sizeof(who)));
	worker_do(&a, NULL);
	all = health_status(now);
	CHECK_INT(json_array_size(all), 0);
	json_decref(all);
}

/* --- what systemd hears ------------------------------------------------------ */

static int on_end(sd_event_source *source, uint64_t usec, void *opaque)
{
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Runs a loop for so long. Return: how often the watchdog was fed, or -1. */
static int fed_within_us(int heard, uint64_t us)
{
	sd_event *event = NULL;
	char text[256];
	ssize_t n;
	int fed = 0;

	if (sd_event_new(&event) < 0 || health_watchdog(event) ||
	    sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, us, 1, on_end, NULL) < 0 ||
	    sd_event_loop(event) < 0)
		fed = -1;
	sd_event_unref(event);
	while (fed >= 0 && (n = recv(heard, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
		text[n] = '\0';
		fed += strstr(text, "WATCHDOG=1") != NULL;
	}
	return fed;
}

static void watchdog(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int heard = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/test_health.%d", (int)getpid());
	unlink(address.sun_path);
	CHECK(heard >= 0 && !bind(heard, (struct sockaddr *)&address, sizeof(address)));
	unsetenv("WATCHDOG_USEC");
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	CHECK_INT(fed_within_us(heard, 50000), 0);	/* nobody asked for it */
	setenv("WATCHDOG_USEC", "60000", 1);
	CHECK(fed_within_us(heard, 200000) >= 3);
	/*
	 * A thread in a call, of however long, lets the others live; one of ours that hangs does
	 * not.
	 */
	health_begin("guest", 1);
	health_call("suspending the guest");
	CHECK(fed_within_us(heard, 200000) >= 3);
	health_busy();
	usleep(5000);
	CHECK_INT(fed_within_us(heard, 200000), 0);
	health_waiting("events");
	CHECK(fed_within_us(heard, 200000) >= 3);
	health_end();
	unlink(address.sun_path);
	close(heard);
}

static const struct ktap_case cases[] = {
	{ "busy has a limit, waiting and calls have none", states },
	{ "the watchdog starves for what is our own fault alone", watchdog },
};
KTAP_MAIN(cases)
