// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_daemon.c - what migtraced says of itself and is told, on the hypervisors of the tests
 *
 * Status, releases, rules that change: what main.c's socket asks of the manager. What the manager
 * does by itself is test_manager.c's. The account of what must hold (truth.h) is judged at the end
 * of each.
 */
#include <errno.h>
#include <jansson.h>

#include "migtraced/manager.h"
#include "migtraced/probe.h"
#include "scene.h"

#define STOP_MS		1600
/*
 * What the policy predicts of the scene's guests is at most this; it is due so much later, given
 * back within the rest.
 */
#define PREDICTED_MS	2500
#define GIVEN_BACK_MS	(FAKE_MORE_MS + FAKE_FACTOR * PREDICTED_MS + 3000)

struct daemon {
	int group;
	struct config *config;
	struct manager *m;
	volatile int stop, ended;
	int ret;			/* of manager_stop() */
};

static struct daemon daemons[4];
static unsigned n_daemons;

static void on_error(const char *line, void *opaque)
{
	printf("# %s\n", line);
}

/* @rules: of [supervise] and [domain ...]. */
static struct config *configure(const char *rules)
{
	struct config *c = NULL;
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/conf", fake_setup.directory);
	f = fopen(path, "w");
	if (!f)
		abort();
	fprintf(f,
		"[libvirt]\nuri = " FAKE_URI_SOURCE
		"\n[record]\ndirectory =\n[verify]\ndestinations = " FAKE_URI_DESTINATION "\n"
		"[control]\nhands = %s/hands\n[supervise]\npolicy = timeout\ntimeout = 1500ms\nmax_downtime = 5s\n%s\n",
		fake_setup.directory, rules);
	fclose(f);
	if (config_load(&c, path, CONFIG_MUST_EXIST, on_error, NULL))
		abort();
	return c;
}

static void *daemon_main(void *arg)
{
	struct daemon *d = arg;
	struct manager *m;

	if (manager_new(&m, d->config))
		abort();
	__atomic_store_n(&d->m, m, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE))
		mt_sleep_ms(10);
	d->ret = manager_stop(m, STOP_MS);
	truth_process(d->group, false);
	__atomic_store_n(&d->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

static struct daemon *start(const char *rules, bool leaks)
{
	struct daemon *d = &daemons[n_daemons++];
	char name[16];

	snprintf(name, sizeof(name), "daemon%u", n_daemons);
	*d = (struct daemon){ .config = configure(rules) };
	d->group = fake_group_new(name, leaks);
	truth_process(d->group, true);
	if (fake_start_in(d->group, NULL, "main", daemon_main, d))
		abort();
	while (!__atomic_load_n(&d->m, __ATOMIC_ACQUIRE))
		mt_sleep_ms(1);
	return d;
}

static void killed(struct daemon *d)
{
	truth_process(d->group, false);
	fake_host_cut(FAKE_SOURCE, d->group);
	fake_group_kill(d->group);
}

/* SIGTERM. Return: how long it took, ms. */
static uint64_t stop(struct daemon *d)
{
	uint64_t begin_ns = mt_now_ns();

	__atomic_store_n(&d->stop, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&d->ended, __ATOMIC_ACQUIRE) &&
	       mt_now_ns() < begin_ns + 60 * MT_NS_PER_S) {
		mt_sleep_ms(1);
		fake_lock();
		truth_tick();
		fake_release();
	}
	config_put(d->config);
	return (mt_now_ns() - begin_ns) / MT_NS_PER_MS;
}

static struct fake_guest *guest(const char *name)
{
	struct fake_guest *g = scene_guest(name);

	truth_predicted(g, PREDICTED_MS);
	return g;
}

static struct fake_guest *begin(bool leaks)
{
	struct fake_guest *g = scene_begin(leaks);

	n_daemons = 0;
	truth_predicted(g, PREDICTED_MS);
	return g;
}

/* --- what status says -------------------------------------------------------------- */
static json_t *status;

static json_t *ask(struct daemon *d)
{
	json_decref(status);
	status = manager_status(d->m);
	return status;
}

static const json_t *row(struct daemon *d, const char *list, const struct fake_guest *g)
{
	json_t *rows = json_object_get(ask(d), list), *o;
	size_t i;

	json_array_foreach(rows, i, o)
		if (!strcmp(json_string_value(json_object_get(o, "uuid")), g->uuid))
			return o;
	return NULL;
}

static const char *said(struct daemon *d, const struct fake_guest *g, const char *key)
{
	const char *text = json_string_value(json_object_get(row(d, "supervised", g), key));

	return text ? text : "";
}

static bool waits_for(struct daemon *d, const char *list, const struct fake_guest *g, uint64_t ms)
{
	for (uint64_t passed = 0; passed < ms; passed += 10) {
		if (row(d, list, g))
			return true;
		scene_pass(10);
	}
	return false;
}

static void judged(void)
{
	json_decref(status);
	status = NULL;
	SCENE_END();
}

/* One guest's QEMU answers nobody. It was the first that is listed. */
static void hung_at_start(void)
{
	struct fake_guest *hung = begin(true), *other = guest("guest1"), *late = guest("guest2");
	struct daemon *d;
	const json_t *stuck;
	uint64_t since_ms;

	fake_guest_migrate(hung, NULL, NULL);
	fake_guest_migrate(other, NULL, NULL);
	scene_pass(300);
	fake_fault_add(&(struct fake_fault){ .kind = FAKE_FAULT_NEVER,
					     .call = FAKE_CALL_COUNT,
					     .guest = (int)hung->index,
					     .from_ns = 1,
					     .until_ns = MT_FOR_EVER_NS,
					     .for_ever = true });
	d = start("mode = observe", true);
	CHECK(waits_for(d, "supervised", other, 500));
	CHECK(waits_for(d, "stuck", hung, 10000));
	stuck = row(d, "stuck", hung);
	since_ms = json_integer_value(json_object_get(stuck, "since_ms"));
	CHECK(since_ms >= 4900 && since_ms < 8000);
	CHECK_STR(json_string_value(json_object_get(stuck, "what")), "asked whether it migrates");
	/* It goes on noticing, also when the connection is new. */
	fake_guest_migrate(late, NULL, NULL);
	CHECK(waits_for(d, "supervised", late, 500));
	fake_guest_cancel(late);
	CHECK(waits_for(d, "finished", late, 20000));
	fake_host_cut(FAKE_SOURCE, d->group);
	/* It is over for its QEMU, too. */
	scene_pass(2000);
	fake_guest_migrate(late, NULL, NULL);
	scene_pass(100);
	CHECK(waits_for(d, "supervised", late, 2000));
	/* And ends in time, though a thread does not. */
	CHECK(stop(d) < 2500);
	CHECK_INT(d->ret, -ETIMEDOUT);
	killed(d);
	judged();
}

#define HUNG	(PROBES_MAX + 12)	/* some have not even had their turn */

static void many_hung(void)
{
	struct fake_guest *fine;
	struct daemon *d;

	begin(true);
	fine = guest("fine");
	for (unsigned i = 0; i < HUNG; i++) {
		char name[16];

		snprintf(name, sizeof(name), "hung%u", i);
		fake_fault_add(&(struct fake_fault){ .kind = FAKE_FAULT_NEVER,
						     .call = FAKE_CALL_INFO,
						     .guest = (int)guest(name)->index,
						     .from_ns = 1,
						     .until_ns = MT_FOR_EVER_NS,
						     .for_ever = true });
	}
	d = start("mode = observe", true);
	scene_pass(60000);
	CHECK(fake_group_threads(d->group) < PROBES_MAX + 12);
	CHECK_INT(json_array_size(json_object_get(ask(d), "stuck")), HUNG);
	fake_guest_migrate(fine, NULL, NULL);
	CHECK(waits_for(d, "supervised", fine, 500));
	CHECK(stop(d) < 2500);
	killed(d);
	judged();
}

/* A probe that comes back late is still of use. */
static void answers_late(void)
{
	struct fake_guest *g = begin(false);
	struct daemon *d;

	fake_guest_migrate(g, NULL, NULL);
	scene_pass(300);
	fake_fault_add(&(struct fake_fault){ .kind = FAKE_FAULT_NEVER,
					     .call = FAKE_CALL_INFO,
					     .guest = (int)g->index,
					     .from_ns = 1,
					     .until_ns = mt_now_ns() + 12 * MT_NS_PER_S });
	d = start("mode = observe", false);
	CHECK(waits_for(d, "stuck", g, 10000));
	CHECK(waits_for(d, "supervised", g, 10000));
	CHECK(!row(d, "stuck", g));
	CHECK(stop(d) < 2000);
	judged();
}

/* --- acting ---------------------------------------------------------------------------- */
static void gives_back(void)
{
	struct fake_guest *g = begin(false);
	struct daemon *d = start("mode = act", false);
	const json_t *guarded;

	scene_pass(500);
	CHECK(scene_stop(g));
	scene_pass(50);
	guarded = json_array_get(json_object_get(json_object_get(ask(d), "hands"), "guarded"), 0);
	CHECK_STR(json_string_value(json_object_get(guarded, "uuid")), g->uuid);
	CHECK(json_integer_value(json_object_get(guarded, "due_ms")) > 2000);
	CHECK_INT(json_integer_value(json_object_get(json_object_get(status, "hands"), "stopped")),
		  1);
	CHECK_STR(said(d, g, "mode"), "act");
	CHECK_STR(said(d, g, "stage"), "stopped");
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	CHECK(waits_for(d, "finished", g, 20000));
	CHECK(json_is_true(json_object_get(row(d, "finished", g), "given_back")));
	CHECK(stop(d) < 2000);
	judged();
}

/* By its link it would take a second; it was told to send at a sixth of that. */
static void gives_back_slow(void)
{
	struct fake_guest *g = begin(false);
	struct daemon *d = start("mode = act\n[domain guest0]\npolicy = stop-and-copy", false);

	g->link_bytes_per_s = 12e6;
	g->speed_bytes_per_s = 2 << 20;
	truth_predicts_itself(g);
	scene_pass(500);
	CHECK(scene_stop(g));
	CHECK(scene_until(scene_runs_here, g, 60000));
	CHECK(truth_stopped_ms(g) > FAKE_MARGIN_MS);
	CHECK(stop(d) < 2000);
	judged();
}

/* kill -9 comes before it has done anything at all. */
static void killed_at_once(void)
{
	struct daemon d = { .config = NULL };

	begin(true);
	d.config = configure("mode = act");
	d.group = fake_group_new("daemon", true);
	truth_process(d.group, true);
	if (fake_start_in(d.group, NULL, "main", daemon_main, &d))
		abort();
	killed(&d);
	scene_pass(1000);
	CHECK_INT(fake_group_threads(d.group), 0);
	CHECK(!d.m);
	config_put(d.config);
	judged();
}

/* libvirtd is not there when the next one starts. */
static void adopted_without_libvirtd(void)
{
	struct fake_guest *g = begin(true);
	struct daemon *d = start("mode = act", true);

	scene_pass(500);
	CHECK(scene_stop(g));
	killed(d);
	fake_host_down(FAKE_SOURCE);
	d = start("mode = act", true);
	scene_pass(2000);
	CHECK_INT(json_array_size(json_object_get(json_object_get(ask(d), "hands"), "guarded")), 1);
	CHECK(!json_is_true(json_object_get(json_object_get(status, "libvirt"), "connected")));
	fake_host_up(FAKE_SOURCE);
	CHECK(scene_until(scene_runs_here, g, GIVEN_BACK_MS));
	/* A call of the dead one's may yet stop it: the guard does not let go of it so soon. */
	CHECK(stop(d) < 11000);
	judged();
}

/* --- letting go -------------------------------------------------------------------------- */
static void reloaded(void)
{
	struct fake_guest *g = begin(false);
	struct daemon *d = start("mode = act", false);
	struct config *c;

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(waits_for(d, "supervised", g, 1000));
	scene_pass(500);
	CHECK_STR(said(d, g, "mode"), "act");
	c = configure("mode = act\n[domain guest0]\nmode = observe");
	manager_set_config(d->m, c);
	truth_exempt(g, true);
	config_put(c);
	scene_pass(100);
	CHECK_STR(said(d, g, "mode"), "observe");
	CHECK_STR(said(d, g, "mode_why"), "as configured since");
	/* A rule that acts again is for the next one. */
	manager_set_config(d->m, d->config);
	scene_pass(20000);
	CHECK_STR(said(d, g, "mode"), "observe");
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	CHECK(stop(d) < 2000);
	judged();
}

static void released(bool all)
{
	struct fake_guest *g = begin(false), *other = guest("guest1");
	struct daemon *d = start("mode = act", false);
	struct mt_err err = { 0 };
	char uuid[VIR_UUID_STRING_BUFLEN];

	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(waits_for(d, "supervised", g, 1000));
	scene_pass(300);
	CHECK_INT(manager_release(d->m, "nobody", true, uuid, sizeof(uuid), &err), -ENOENT);
	CHECK_INT(manager_release(d->m, all ? NULL : g->name, true, uuid, sizeof(uuid), &err), 0);
	truth_released(all ? NULL : g, true);
	scene_pass(100);
	CHECK_STR(said(d, g, "mode"), "observe");
	CHECK(strstr(said(d, g, "mode_why"), "hands off"));
	scene_pass(10000);
	CHECK_INT(truth_writes(g, FAKE_CALL_SUSPEND), 0);
	/* The other is not concerned, or is. */
	fake_guest_migrate(other, NULL, NULL);
	CHECK(scene_until(scene_is_ours, other, 10000) == !all);
	if (all) {
		CHECK_INT(manager_release(d->m, NULL, false, uuid, sizeof(uuid), &err), 0);
		truth_released(NULL, false);
		CHECK(scene_until(scene_is_ours, other, 10000));
	}
	scene_pass(20000);
	CHECK(stop(d) < 9000);
	judged();
}

static void released_one(void)
{
	released(false);
}

static void released_all(void)
{
	released(true);
}

/* A rule by the end of a name of 86 bytes. */
static void long_name(void)
{
	static const char name[] =
		"a-namespace-of-some-length-that-a-tenant-chose_a-virtual-machine-instance-of-0123456789";
	struct fake_guest *g, *other = begin(false);
	struct daemon *d;

	(void)other;
	g = guest(name);
	truth_exempt(g, true);
	d = start("mode = act\n[domain *-0123456789]\nmode = observe", false);
	scene_pass(500);
	fake_guest_migrate(g, NULL, NULL);
	CHECK(waits_for(d, "supervised", g, 1000));
	scene_pass(20000);
	CHECK_STR(said(d, g, "mode"), "observe");
	CHECK_STR(said(d, g, "domain"), name);
	CHECK(stop(d) < 2000);
	judged();
}

static const struct ktap_case cases[] = {
	{ "a guest that hangs at the start delays no other, and is named", hung_at_start },
	{ "many that hang: threads are bounded", many_hung },
	{ "one that answers late is supervised then", answers_late },
	{ "a stopped guest is given back, and status tells", gives_back },
	{ "one that was told to send slowly has as much longer", gives_back_slow },
	{ "kill -9 before it has begun: nothing of it runs", killed_at_once },
	{ "kill -9 right after the stop, and no libvirtd for a while: the next one gives it back",
	  adopted_without_libvirtd },
	{ "a reload to observe holds at once, and stays", reloaded },
	{ "a release of one", released_one },
	{ "a release of all, and its end", released_all },
	{ "an exemption by the end of a long name", long_name },
};
SCENE_MAIN(cases)
