// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gather.c - scenes, one after the other, from a thread of its own
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/thread.h"
#include "base/units.h"
#include "ask.h"
#include "gather.h"

#define INFO_MS		1000		/* libvirt is asked who runs. Inferred */
#define MIGRATION_MS	250		/* and how migrations are */
#define END_MS		2000
#define ASKED_MAX	16		/* while a call lets us wait */

struct gather {
	struct gather_how how;
	pthread_t thread;
	pthread_mutex_t lock;
	int told, wake;			/* eventfds: a new scene; something to do */
	/* Under the lock: */
	bool stop;
	struct scene scene;		/* the newest */
	struct asked {
		enum look_request request;
		char uuid[VIR_UUID_STRING_BUFLEN];	/* that it is of */
	} asked[ASKED_MAX];
	size_t n_asked;
	/* The thread's own: */
	struct watched **watched;
	size_t n;
	struct ask ask;
	char note[sizeof(((struct scene *)0)->note)];
	uint64_t note_until_ns;
};

#define NOTE_MS		8000

static void note(struct gather *g, const char *text)
{
	snprintf(g->note, sizeof(g->note), "%.*s", (int)sizeof(g->note) - 1, text);
	g->note_until_ns = mt_deadline_ns(NOTE_MS);
}

/* --- who is there --------------------------------------------------------------- */
static struct watched *find(struct gather *g, const char *uuid)
{
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->watched[i]->shown.uuid, uuid))
			return g->watched[i];
	return NULL;
}

static void take(struct gather *g, const struct mt_domain_info *d)
{
	struct watched *w = find(g, d->uuid), **more;

	if (w) {
		watched_info(w, &g->how.watch, d);
		return;
	}
	more = reallocarray(g->watched, g->n + 1, sizeof(*more));
	if (!more)
		return;
	g->watched = more;
	w = calloc(1, sizeof(*w));
	if (!w)
		return;
	watched_open(w, &g->how.watch, d);
	g->watched[g->n++] = w;
}

static void drop(struct gather *g, size_t i)
{
	watched_close(g->watched[i]);
	free(g->watched[i]);
	g->watched[i] = g->watched[--g->n];
}

static bool is_listed(const struct mt_domain_info *list, size_t n, const char *uuid)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i].uuid, uuid))
			return true;
	return false;
}

static void follow_all(struct gather *g)
{
	mt_autofree struct mt_domain_info *list = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;

	if (mt_domain_list(g->how.watch.conn, true, &list, &n, &err)) {
		note(g, err.msg);
		return;
	}
	for (size_t i = 0; i < n; i++)
		take(g, &list[i]);
	for (size_t i = g->n; i-- > 0;)
		if (!is_listed(list, n, g->watched[i]->shown.uuid))
			drop(g, i);
}

/* Named ones stay, whatever becomes of them. */
static void follow_named(struct gather *g)
{
	struct mt_domain_info d;
	struct mt_err err = { 0 };

	for (int i = 0; i < g->how.n_names; i++) {
		if (mt_domain_find(g->how.watch.conn, g->how.names[i], &d, &err))
			note(g, err.msg);
		else
			take(g, &d);
	}
}

/* --- what they do ------------------------------------------------------------------ */
static void tell(struct gather *g)
{
	struct scene_guest *guests = calloc(g->n + 1, sizeof(*guests)), *old;
	const uint64_t one = 1;
	time_t now = (time_t)(mt_wall_us() / 1000000);
	struct tm tm;

	if (!guests)
		return;
	for (size_t i = 0; i < g->n; i++)
		guests[i] = g->watched[i]->shown;
	if (mt_now_ns() > g->note_until_ns)
		*g->note = '\0';
	pthread_mutex_lock(&g->lock);
	old = g->scene.guests;
	g->scene.guests = guests;
	g->scene.n = g->n;
	snprintf(g->scene.note, sizeof(g->scene.note), "%s", g->note);
	if (!localtime_r(&now, &tm) ||
	    !strftime(g->scene.clock, sizeof(g->scene.clock), "%H:%M:%S", &tm))
		*g->scene.clock = '\0';
	pthread_mutex_unlock(&g->lock);
	free(old);
	if (write(g->told, &one, sizeof(one)) < 0)
		return;		/* it is readable as it is */
}

static void wait_and_read(struct gather *g, uint64_t until_ns)
{
	mt_autofree struct pollfd *fds = calloc(g->n + 1, sizeof(*fds));
	uint64_t now = mt_now_ns(), ignored;

	if (!fds) {
		mt_sleep_ms(MIGRATION_MS);
		return;
	}
	fds[0] = (struct pollfd){ .fd = g->wake, .events = POLLIN };
	for (size_t i = 0; i < g->n; i++)
		fds[i + 1] = (struct pollfd){ .fd = top_guest_fd(&g->watched[i]->top),
					      .events = POLLIN };
	poll(fds, g->n + 1, now < until_ns ? (int)((until_ns - now) / MT_NS_PER_MS + 1) : 0);
	if (fds[0].revents && read(g->wake, &ignored, sizeof(ignored)) < 0)
		return;
	for (size_t i = 0; i < g->n; i++) {
		top_guest_read(&g->watched[i]->top);
		g->watched[i]->top.gone |=
			fds[i + 1].revents & (POLLERR | POLLHUP | POLLNVAL) ? true : false;
	}
}

static bool stopped(struct gather *g)
{
	bool stop;

	pthread_mutex_lock(&g->lock);
	stop = g->stop;
	pthread_mutex_unlock(&g->lock);
	return stop;
}

/* Return: whether there was one. */
static bool next_asked(struct gather *g, struct asked *a)
{
	bool any;

	pthread_mutex_lock(&g->lock);
	any = g->n_asked;
	if (any) {
		*a = g->asked[0];
		memmove(g->asked, g->asked + 1, --g->n_asked * sizeof(*a));
	}
	pthread_mutex_unlock(&g->lock);
	return any;
}

static void serve(struct gather *g)
{
	char text[sizeof(g->note)] = "";
	struct watched *w;
	struct asked a;

	while (next_asked(g, &a)) {
		w = find(g, a.uuid);
		if (w)
			ask_do(&g->ask, g->how.watch.conn, a.request, &w->shown, text,
			       sizeof(text));
	}
	if (*text || ask_ended(&g->ask, text, sizeof(text)))
		note(g, text);
}

/* What is due by now. Return: whether anything was. */
static bool look(struct gather *g, uint64_t *info_ns, uint64_t *row_ns, uint64_t *migration_ns)
{
	const uint64_t now = mt_now_ns();
	bool any = false;

	if (now >= *info_ns) {
		g->how.n_names ? follow_named(g) : follow_all(g);
		*info_ns = mt_deadline_ns(INFO_MS);
		any = true;
	}
	if (now >= *migration_ns) {
		for (size_t i = 0; i < g->n; i++) {
			watched_migration(g->watched[i], &g->how.watch);
			any |= g->watched[i]->engine != NULL;
		}
		*migration_ns = mt_deadline_ns(MIGRATION_MS);
	}
	if (now >= *row_ns) {
		for (size_t i = 0; i < g->n; i++)
			watched_row(g->watched[i]);
		*row_ns = mt_deadline_ns(g->how.interval_ms);
		any = true;
	}
	return any;
}

static void *run(void *arg)
{
	struct gather *g = arg;
	uint64_t info_ns = 0, row_ns = mt_deadline_ns(g->how.interval_ms), migration_ns = 0;

	while (!stopped(g)) {
		uint64_t until_ns;
		bool noted = *g->note;

		serve(g);
		if (look(g, &info_ns, &row_ns, &migration_ns) || noted || *g->note)
			tell(g);
		until_ns = row_ns < info_ns ? row_ns : info_ns;
		wait_and_read(g, migration_ns < until_ns ? migration_ns : until_ns);
	}
	serve(g);		/* what was asked for right before the end */
	for (size_t i = g->n; i-- > 0;)
		drop(g, i);
	return NULL;
}

/* --- for the terminal's thread ------------------------------------------------------ */
int gather_start(struct gather **out, const struct gather_how *how, struct mt_err *err)
{
	struct gather *g = calloc(1, sizeof(*g));
	int rc;

	if (!g)
		return mt_err_set(err, -ENOMEM, "out of memory");
	g->how = *how;
	g->scene.host = mt_conn_uri(how->watch.conn);
	g->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&g->lock, NULL);
	ask_init(&g->ask);
	rc = g->told < 0 || g->wake < 0 ? -errno :
					  mt_thread_start(&g->thread, "top-gather", run, g);
	if (rc)
		return mt_err_set(err, rc, "cannot watch guests: %s", strerror(-rc));
	*out = g;
	return 0;
}

static void wake(struct gather *g)
{
	const uint64_t one = 1;

	if (write(g->wake, &one, sizeof(one)) < 0)
		return;		/* it is awake */
}

bool gather_end(struct gather *g)
{
	pthread_mutex_lock(&g->lock);
	g->stop = true;
	pthread_mutex_unlock(&g->lock);
	wake(g);
	if (!mt_thread_join_until(g->thread, mt_deadline_ns(END_MS)))
		return false;
	free(g->watched);
	free(g->scene.guests);
	close(g->told);
	close(g->wake);
	pthread_mutex_destroy(&g->lock);
	free(g);
	return true;
}

int gather_fd(const struct gather *g)
{
	return g->told;
}

int gather_scene(struct gather *g, struct scene *s)
{
	uint64_t ignored;

	if (read(g->told, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		return -errno;
	pthread_mutex_lock(&g->lock);
	*s = g->scene;
	s->guests = calloc(s->n + 1, sizeof(*s->guests));
	if (s->guests && s->n)
		memcpy(s->guests, g->scene.guests, s->n * sizeof(*s->guests));
	pthread_mutex_unlock(&g->lock);
	return s->guests ? 0 : -ENOMEM;
}

bool gather_ask(struct gather *g, enum look_request request, const char *uuid)
{
	struct asked a = { .request = request };
	bool room;

	snprintf(a.uuid, sizeof(a.uuid), "%s", uuid);
	pthread_mutex_lock(&g->lock);
	room = g->n_asked < ASKED_MAX;
	if (room)
		g->asked[g->n_asked++] = a;
	pthread_mutex_unlock(&g->lock);
	wake(g);
	return room;
}
