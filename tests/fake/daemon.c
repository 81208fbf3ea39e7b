// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon.c - migtraced in the fake world: its manager, fleet, guests, log and configuration, all
 * but main()
 *
 * What main() does with signals and its socket is done here by the test: reload, stop, status.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "migtraced/config.h"
#include "migtraced/log.h"
#include "migtraced/manager.h"
#include "process.h"
#include "trace.h"
#include "truth.h"

#define STOP_MS	1600		/* as main.c has it */

struct fake_daemon {
	struct manager *manager;
	struct config *config;
	struct mt_inbox *pokes;
	char path[400];
};

static void on_config_error(const char *line, void *opaque)
{
	truth_fail("the configuration of the daemon: %s", line);
}

static void write_params(FILE *f, const struct fake_how *how)
{
	for (const struct mt_param *p = how->policy->params; p && p->name; p++) {
		uint64_t value = mt_params_get(&how->limits.params, p->name);

		if (value == MT_LIMIT_NONE)
			fprintf(f, "%s = none\n", p->name);
		else if (value != MT_LIMIT_UNSET)
			fprintf(f, "%s = %llu%s\n", p->name, (unsigned long long)value,
				p->kind == MT_PARAM_COUNT ? "" : "ms");
	}
}

static void write_guest(FILE *f, const struct fake_guest *g)
{
	const struct fake_how *how = &fake_hows[g->index];

	fprintf(f,
		"[domain uuid:%s]\nmode = %s\npolicy = %s\nmax_downtime = %llums\nfixed = %llums\npostcopy = %s\n",
		g->uuid, how->observe ? "observe" : "act", how->policy->name,
		(unsigned long long)how->limits.max_downtime_ms,
		(unsigned long long)how->limits.fixed_ms,
		how->limits.postcopy_allowed ? "yes" : "no");
	fprintf(f, "others = %s\n", how->others == MT_OTHERS_OBSERVE ? "observe" : "back-off");
	write_params(f, how);
	if (how->limits.deadline_ms != MT_LIMIT_NONE)
		fprintf(f, "deadline = %llums\n", (unsigned long long)how->limits.deadline_ms);
}

/* Return: as config_load(). */
static int load(struct config **config, const char *path, bool observe)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	fprintf(f,
		"[libvirt]\nuri = %s\n[supervise]\nmode = observe\nmax_stopped = %u\n[verify]\ndestinations = %s\n",
		FAKE_URI_SOURCE, fake_setup.max_stopped, FAKE_URI_DESTINATION);
	fprintf(f, "[record]\ndirectory = %s%s\nkeep_free = none\nhistory = none\n",
		fake_setup.record ? fake_setup.directory : "",
		fake_setup.record ? "/recordings" : "");
	fprintf(f, "[control]\nsocket = %s/socket\nhands = %s/hands\n", fake_setup.directory,
		fake_setup.directory);
	if (!observe)
		for (size_t i = 0; i < fake_hv.n_guests; i++)
			write_guest(f, &fake_hv.guests[i]);
	fclose(f);
	return config_load(config, path, CONFIG_MUST_EXIST, on_config_error, NULL);
}

static void reload(struct fake_daemon *d, struct fake_process *p)
{
	struct config *new;

	bool observe = __atomic_load_n(&p->reloaded, __ATOMIC_ACQUIRE);

	if (load(&new, d->path, observe))
		return;
	manager_set_config(d->manager, new);
	config_put(d->config);
	d->config = new;
	__atomic_store_n(&p->observe, observe, __ATOMIC_RELEASE);
}

/* One log a process; here one for all of a run, since what it keeps is static. */
static void start_log(void)
{
	static bool started;

	if (!fake_setup.log || started)
		return;
	started = true;
	if (log_start())
		truth_fail("no thread for the log");
}

void *fake_daemon_main(void *arg)
{
	struct fake_process *p = arg;
	struct fake_daemon *d = calloc(1, sizeof(*d));
	struct mt_event ev;
	int rc;

	d->pokes = mt_inbox_new();
	snprintf(d->path, sizeof(d->path), "%s/daemon.%d.conf", fake_setup.directory, p->group);
	start_log();
	rc = load(&d->config, d->path, __atomic_load_n(&p->reloaded, __ATOMIC_ACQUIRE));
	if (!rc)
		rc = manager_new(&d->manager, d->config);
	if (rc) {
		truth_fail("the daemon does not start: %s", strerror(-rc));
		fake_process_ended(p);
		return NULL;
	}
	__atomic_store_n(&p->daemon, d, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&p->leave, __ATOMIC_ACQUIRE)) {
		(void)mt_inbox_take(d->pokes, &ev, 3600000);
		if (__atomic_load_n(&p->reloaded, __ATOMIC_ACQUIRE) != p->observe)
			reload(d, p);
	}
	/* Where a thread hangs in a call, main() leaves it to that and exits. */
	if (manager_stop(d->manager, fake_setup.leaks ? STOP_MS : 250 * 1000)) {
		fake_count("process ends while a call hangs");
		fake_process_ended(p);
		return NULL;
	}
	__atomic_store_n(&p->daemon, NULL, __ATOMIC_RELEASE);
	config_put(d->config);
	mt_inbox_free(d->pokes);
	free(d);
	fake_process_ended(p);
	return NULL;
}

void fake_daemon_poke(struct fake_process *p)
{
	struct fake_daemon *d = __atomic_load_n(&p->daemon, __ATOMIC_ACQUIRE);

	if (d)
		mt_inbox_post(&(struct mt_event){ .kind = MT_EVENT_WAKE }, d->pokes);
}

char *fake_daemon_status(struct fake_process *p)
{
	struct fake_daemon *d = __atomic_load_n(&p->daemon, __ATOMIC_ACQUIRE);
	json_t *o = d ? manager_status(d->manager) : NULL;
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	json_decref(o);
	return text;
}
