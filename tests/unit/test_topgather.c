// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_topgather.c - the full-screen top's thread over a hypervisor that lets it wait
 */
#include <errno.h>
#include <semaphore.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "hypervisor/ops.h"
#include "migtrace/top/gather.h"
#include "ktap.h"

#define GUESTS	3

static sem_t let_go;
static _Atomic int hangs;		/* list() waits for ->let_go */
static int aborted[GUESTS], flipped[GUESTS];

static const char *uri(const struct mt_conn *c)
{
	return "fake://elsewhere/system";
}

static void make(struct mt_domain_info *d, int i)
{
	*d = (struct mt_domain_info){ .state = VIR_DOMAIN_RUNNING, .type = "kvm" };
	snprintf(d->name, sizeof(d->name), "guest%d", i);
	snprintf(d->uuid, sizeof(d->uuid), "00000000-0000-0000-0000-00000000000%u",
		 (unsigned)i % GUESTS);
}

static int list(struct mt_conn *c, bool running, struct mt_domain_info **out, size_t *n,
		struct mt_err *err)
{
	if (hangs)
		sem_wait(&let_go);
	*out = calloc(GUESTS, sizeof(**out));
	for (int i = 0; *out && i < GUESTS; i++)
		make(&(*out)[i], i);
	*n = *out ? GUESTS : 0;
	return *out ? 0 : mt_err_set(err, -ENOMEM, "out of memory");
}

static int work(struct mt_conn *c, const char *uuid, struct mt_work *total, struct mt_err *err)
{
	return mt_err_set(err, -EOPNOTSUPP, "no");
}

static int flip(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	flipped[uuid[strlen(uuid) - 1] - '0']++;
	return 0;
}

static int cancel(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	aborted[uuid[strlen(uuid) - 1] - '0']++;
	return 0;
}

static const struct mt_conn_ops ops = {
	.name = "fake", .uri = uri, .list = list, .work = work, .start_postcopy = flip,
	.abort = cancel,
};
static struct mt_conn conn = { &ops };
static const struct gather_how how = { .watch.conn = &conn, .interval_ms = 100 };

/* Until all are there. */
static bool seen(struct gather *g)
{
	for (int i = 0; i < 300; i++) {
		struct scene s;

		if (gather_scene(g, &s))
			return false;
		free(s.guests);
		if (s.n == GUESTS)
			return true;
		mt_sleep_ms(10);
	}
	return false;
}

/* What a person has confirmed is done, though libvirt takes its time and the next key is quick. */
static void all_are_done(void)
{
	char uuid[GUESTS][VIR_UUID_STRING_BUFLEN];
	struct mt_err err = { 0 };
	struct gather *g;
	bool there, ended;

	for (int i = 0; i < GUESTS; i++) {
		struct mt_domain_info d;

		make(&d, i);
		memcpy(uuid[i], d.uuid, sizeof(uuid[i]));
	}
	hangs = 0;
	CHECK_INT(gather_start(&g, &how, &err), 0);
	there = seen(g);
	hangs = 1;
	mt_sleep_ms(1200);
	gather_ask(g, LOOK_ABORT, uuid[0]);
	gather_ask(g, LOOK_FLIP, uuid[1]);
	gather_ask(g, LOOK_ABORT, uuid[2]);
	hangs = 0;
	sem_post(&let_go);
	ended = gather_end(g);
	CHECK(there && ended);
	CHECK(aborted[0] == 1 && flipped[1] == 1 && aborted[2] == 1);
}

/* A call that does not return keeps the connection, and that is told. */
static void hanging(void)
{
	struct mt_err err = { 0 };
	struct gather *g;
	uint64_t begin_ns;

	while (!sem_trywait(&let_go))
		;
	hangs = 1;
	CHECK_INT(gather_start(&g, &how, &err), 0);
	mt_sleep_ms(50);
	begin_ns = mt_now_ns();
	CHECK(!gather_end(g));
	CHECK((mt_now_ns() - begin_ns) / MT_NS_PER_S < 10);
	hangs = 0;
	sem_post(&let_go);
	CHECK(gather_end(g));
}

/* QEMU's process is another one: what was opened of the one before tells nothing any more. */
static void started_anew(void)
{
	struct mt_domain_info d;
	struct watched w;

	make(&d, 0);
	d.cpu_time_ns = 100;
	watched_open(&w, &how.watch, &d);
	w.top.gone = true;
	d.cpu_time_ns = 150;
	watched_info(&w, &how.watch, &d);
	watched_row(&w);
	CHECK(!strcmp(w.shown.source, "gone"));
	d.cpu_time_ns = 1;
	watched_info(&w, &how.watch, &d);
	watched_row(&w);
	CHECK(!strcmp(w.shown.source, "none"));
	w.top.gone = true;
	d.state = VIR_DOMAIN_SHUTOFF;
	d.cpu_time_ns = 0;
	watched_info(&w, &how.watch, &d);
	CHECK(w.top.gone);
	d.state = VIR_DOMAIN_RUNNING;
	watched_info(&w, &how.watch, &d);
	CHECK(!w.top.gone);
	watched_close(&w);
}

static const struct ktap_case cases[] = {
	{ "all that is asked for is done, in a hurry, too", all_are_done },
	{ "a call that hangs is not waited for, and keeps the connection", hanging },
	{ "a guest that was started anew is opened anew", started_anew },
};

int main(void)
{
	sem_init(&let_go, 0, 0);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
