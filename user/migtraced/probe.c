// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe.c - looks at guests, none of which can make the others wait
 *
 * Threads: any calls; probes run on their own. The lock is held for moments, never while a guest is
 * asked. The whole is freed by whoever is the last to know of it, which may be a probe that was
 * stuck.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/thread.h"
#include "base/units.h"
#include "log.h"
#include "probe.h"
#include "stuck.h"

/* One that waits to be looked at. */
struct waiting {
	struct waiting *next;
	struct mt_domain_name guest;
};

struct probe {
	struct probe *next;
	struct probes *all;
	char *uri;
	struct mt_conn *conn;
	struct mt_domain_name guest;	/* being looked at, since */
	uint64_t since_ns;
	bool stuck;			/* somebody else has its place */
};

struct probes {
	struct probes_options o;

	pthread_mutex_t lock;		/* of what follows */
	pthread_cond_t changed;
	struct waiting *first, **end;
	struct probe *probes;
	unsigned n, n_stuck;
	unsigned reporting;		/* of them: in one of the caller's functions */
	char *uri;
	bool failed, stopping, abandoned;
};

/* --- what waits: all with the lock held ---------------------------------- */

static bool take(struct probes *p, struct mt_domain_name *guest)
{
	struct waiting *w = p->first;

	if (!w)
		return false;
	*guest = w->guest;
	p->first = w->next;
	if (!p->first)
		p->end = &p->first;
	free(w);
	return true;
}

static void forget_waiting(struct probes *p)
{
	struct mt_domain_name guest;

	while (take(p, &guest))
		;
}

static bool is_known(const struct probes *p, const char *uuid)
{
	for (const struct waiting *w = p->first; w; w = w->next)
		if (!strcmp(w->guest.uuid, uuid))
			return true;
	for (const struct probe *one = p->probes; one; one = one->next)
		if (!strcmp(one->guest.uuid, uuid))
			return true;
	return false;
}

/* --- a probe --------------------------------------------------------------- */

static void probes_free(struct probes *p)
{
	forget_waiting(p);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->uri);
	free(p);
}

/* Return: -errno when it could not be asked, though it may be there. */
static int ask(struct probe *one, struct mt_domain_info *info)
{
	struct mt_err err = { 0 };
	int ret = one->conn ? 0 : mt_conn_open(&one->conn, one->uri, &err);

	if (!ret)
		ret = mt_domain_info(one->conn, one->guest.uuid, info, &err);
	if (ret)
		log_debug("%s: cannot be looked at: %s", one->guest.name, err.msg);
	return ret;
}

/* Before it counts as answered: what a dead daemon left of its migration waits for this. */
static void report(struct probe *one, const struct mt_domain_info *info, bool was_stuck)
{
	const struct probes_options *o = &one->all->o;

	if (was_stuck)
		log_warn("%s: answered after all, after %llu s", one->guest.name,
			 (unsigned long long)((mt_now_ns() - one->since_ns) / MT_NS_PER_S));
	if (info && info->migrating_out)
		o->found(info->uuid, info->name_cut ? NULL : info->name, o->opaque);
	pthread_mutex_lock(&one->all->lock);
	*one->guest.uuid = '\0';
	pthread_mutex_unlock(&one->all->lock);
	o->answered(o->opaque);
}

/* With the lock held, which is dropped meanwhile. */
static void look(struct probe *one)
{
	struct probes *p = one->all;
	struct mt_domain_info info;
	bool was_stuck;
	int ret;

	one->since_ns = mt_now_ns();
	pthread_mutex_unlock(&p->lock);
	ret = ask(one, &info);
	pthread_mutex_lock(&p->lock);
	if (ret && ret != -ENOENT)
		p->failed = true;
	was_stuck = one->stuck;
	if (!p->stopping) {
		p->reporting++;
		pthread_mutex_unlock(&p->lock);
		report(one, ret ? NULL : &info, was_stuck);
		pthread_mutex_lock(&p->lock);
		p->reporting--;
		mt_cond_wake(&p->changed);
	}
}

static void *probe_main(void *arg)
{
	struct probe *one = arg, **link;
	struct probes *p = one->all;
	bool last;

	pthread_mutex_lock(&p->lock);
	while (!p->stopping && !one->stuck && take(p, &one->guest))
		look(one);
	pthread_mutex_unlock(&p->lock);
	mt_conn_close(one->conn);

	pthread_mutex_lock(&p->lock);
	link = &p->probes;
	while (*link != one)
		link = &(*link)->next;
	*link = one->next;
	p->n--;
	p->n_stuck -= one->stuck;
	last = p->abandoned && !p->n;
	mt_cond_wake(&p->changed);
	pthread_mutex_unlock(&p->lock);
	free(one->uri);
	free(one);
	if (last)
		probes_free(p);
	return NULL;
}

/* With the lock held. */
static void start_probes(struct probes *p)
{
	for (const struct waiting *w = p->first; w && !p->stopping; w = w->next) {
		struct probe *one;
		int ret = -ENOMEM;

		if (p->n - p->n_stuck >= PROBES_AT_ONCE || p->n >= PROBES_MAX)
			return;
		one = calloc(1, sizeof(*one));
		if (one)
			one->uri = strdup(p->uri);
		if (one && one->uri) {
			one->all = p;
			one->since_ns = mt_now_ns();
			one->next = p->probes;
			p->probes = one;
			p->n++;
			ret = mt_thread_start(NULL, "probe", probe_main, one);
		}
		if (!ret)
			continue;
		log_err("cannot look at guests: cannot start a thread: %s", strerror(-ret));
		if (one && one->uri) {
			p->probes = one->next;
			p->n--;
		}
		if (one)
			free(one->uri);
		free(one);
		return;
	}
}

/* --- the interface --------------------------------------------------------- */

int probes_new(struct probes **out, const struct probes_options *options)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->o = *options;
	p->end = &p->first;
	pthread_mutex_init(&p->lock, NULL);
	mt_cond_init(&p->changed);
	*out = p;
	return 0;
}

int probes_look(struct probes *p, const char *uri, const struct mt_domain_name *guests, size_t n)
{
	int ret = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->uri)
		p->uri = strdup(uri);
	for (size_t i = 0; i < n; i++) {
		struct waiting *w;

		if (is_known(p, guests[i].uuid))
			continue;
		w = calloc(1, sizeof(*w));
		if (!w) {
			ret = -ENOMEM;
			break;
		}
		w->guest = guests[i];
		*p->end = w;
		p->end = &w->next;
	}
	if (!p->uri)
		ret = -ENOMEM;
	else
		start_probes(p);
	pthread_mutex_unlock(&p->lock);
	return ret;
}

bool probes_check(struct probes *p)
{
	uint64_t now_ns = mt_now_ns();
	bool work;

	pthread_mutex_lock(&p->lock);
	for (struct probe *one = p->probes; one; one = one->next) {
		if (one->stuck || !*one->guest.uuid ||
		    now_ns < one->since_ns + PROBE_STUCK_MS * MT_NS_PER_MS)
			continue;
		one->stuck = true;
		p->n_stuck++;
		log_warn("%s: has not said for %d s whether it migrates: its QEMU or libvirt hangs; going on without it",
			 one->guest.name, PROBE_STUCK_MS / 1000);
	}
	start_probes(p);
	work = p->n || p->first;
	pthread_mutex_unlock(&p->lock);
	return work;
}

bool probes_failed(struct probes *p)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	failed = p->failed;
	p->failed = false;
	pthread_mutex_unlock(&p->lock);
	return failed;
}

void probes_stuck_json(struct probes *p, json_t *array)
{
	pthread_mutex_lock(&p->lock);
	for (struct probe *one = p->probes; one; one = one->next)
		if (one->stuck)
			stuck_add(array, one->guest.uuid, one->guest.name,
				  "asked whether it migrates", one->since_ns);
	/* As many hang as may be, and these have not had their turn. */
	for (struct waiting *w = p->first; w && p->n >= PROBES_MAX; w = w->next)
		stuck_add(array, w->guest.uuid, w->guest.name,
			  "not asked: too many others do not answer", 0);
	pthread_mutex_unlock(&p->lock);
}

bool probes_stop(struct probes *p, uint64_t until_ns)
{
	bool more = true, all;

	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	forget_waiting(p);
	while (p->reporting || (p->n && more))
		more = mt_cond_wait_until(&p->changed, &p->lock, more ? until_ns : MT_FOR_EVER_NS);
	all = !p->n;
	pthread_mutex_unlock(&p->lock);
	return all;
}

void probes_let_go(struct probes *p)
{
	bool all;

	pthread_mutex_lock(&p->lock);
	all = !p->n;
	p->abandoned = !all;
	pthread_mutex_unlock(&p->lock);
	if (all)
		probes_free(p);
}
