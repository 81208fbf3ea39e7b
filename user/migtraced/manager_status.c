// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manager_status.c - what the daemon says of itself, and what it is told to leave alone
 *
 * Threads: the main one. Nothing here waits for a guest, a hypervisor or a disk.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/units.h"
#include "log.h"
#include "manager_int.h"

/* --- hands off ----------------------------------------------------------- */

static bool is_uuid(const char *s)
{
	if (strlen(s) != VIR_UUID_STRING_BUFLEN - 1)
		return false;
	for (size_t i = 0; s[i]; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
							      !isxdigit((unsigned char)s[i]))
			return false;
	return true;
}

/* What looks like a UUID is one: a guest may be called like another's. */
static int find(struct manager *m, const char *who, char uuid[VIR_UUID_STRING_BUFLEN],
		struct mt_err *err)
{
	int ret;

	if (is_uuid(who)) {
		for (size_t i = 0; i < VIR_UUID_STRING_BUFLEN; i++)
			uuid[i] = tolower((unsigned char)who[i]);
		return 0;
	}
	ret = fleet_uuid(m->fleet, who, uuid);
	if (ret == -EEXIST)
		return mt_err_set(
			err, ret,
			"several guests are called %s; say the UUID, as virsh domuuid prints it",
			who);
	if (ret)
		return mt_err_set(
			err, ret,
			"no migration of %s is under way here; for one to come say the UUID, as virsh domuuid prints it",
			who);
	return 0;
}

int manager_release(struct manager *m, const char *who, bool off, char *uuid, size_t size,
		    struct mt_err *err)
{
	const struct mt_event ev = { .kind = MT_EVENT_WAKE, .t_ns = mt_now_ns() };
	char found[VIR_UUID_STRING_BUFLEN] = "";
	int ret = who ? find(m, who, found, err) : 0;

	if (!ret)
		ret = reins_release(m->reins, who ? found : NULL, off, err);
	if (ret)
		return ret;
	snprintf(uuid, size, "%s", found);
	fleet_post(m->fleet, &ev);	/* so that it is told at once; it is heeded before each
					 * action in any case */
	return 0;
}

/* --- status ---------------------------------------------------------------- */

void manager_summary(struct manager *m, char *buf, size_t size)
{
	struct config *config = fleet_config(m->fleet);
	unsigned n = fleet_count(m->fleet);
	bool connected;

	pthread_mutex_lock(&m->lock);
	connected = m->connected;
	pthread_mutex_unlock(&m->lock);
	snprintf(buf, size, "%s, libvirt %s, %u migration%s supervised",
		 mt_mode_name(config->guest.mode), connected ? "connected" : "disconnected", n,
		 n == 1 ? "" : "s");
	config_put(config);
}

static json_t *libvirt_json(struct manager *m, const struct config *config, int *failed)
{
	json_t *o = json_object();

	if (!o)
		return NULL;
	pthread_mutex_lock(&m->lock);
	mt_json_set(o, "uri", mt_json_string(*m->uri ? m->uri : config->uri), failed);
	mt_json_set(o, "connected", json_boolean(m->connected), failed);
	mt_json_set(o, "error", mt_json_string(m->connected || !*m->error ? NULL : m->error),
		    failed);
	pthread_mutex_unlock(&m->lock);
	return o;
}

/* Who waits for an answer for longer than answers take. */
static json_t *stuck_json(struct manager *m)
{
	json_t *a = json_array();
	bool connected;

	if (!a)
		return NULL;
	pthread_mutex_lock(&m->lock);
	connected = m->connected;
	pthread_mutex_unlock(&m->lock);
	reins_stuck_json(m->reins, a);
	probes_stuck_json(m->probes, a);
	if (connected)		/* else they wait for libvirtd to come back */
		fleet_stuck_json(m->fleet, a);
	return a;
}

json_t *manager_status(struct manager *m)
{
	struct config *config = fleet_config(m->fleet);
	json_t *o = json_object();
	int failed = 0;

	if (o) {
		mt_json_set(o, "version", mt_json_string(MT_VERSION), &failed);
		mt_json_set(o, "pid", mt_json_uint(getpid()), &failed);
		mt_json_set(o, "mode", mt_json_string(mt_mode_name(config->guest.mode)),
			    &failed);
		mt_json_set(o, "policy", mt_json_string(config->guest.policy->name), &failed);
		mt_json_set(o, "libvirt", libvirt_json(m, config, &failed), &failed);
		mt_json_set(o, "uptime_s", mt_json_uint((mt_now_ns() - m->start_ns) / MT_NS_PER_S),
			    &failed);
		mt_json_set(o, "config", mt_json_string(config->path), &failed);
		mt_json_set(o, "acts", json_boolean(config_acts(config)), &failed);
		mt_json_set(o, "hands", reins_json(m->reins), &failed);
		mt_json_set(o, "stuck", stuck_json(m), &failed);
		mt_json_set(o, "log_lost", mt_json_uint(log_lost()), &failed);
		mt_json_set(o, "history", historian_json(m->historian), &failed);
		mt_json_set(o, "supervised", fleet_supervised_json(m->fleet), &failed);
		mt_json_set(o, "finished", fleet_finished_json(m->fleet), &failed);
		mt_json_set(o, "totals", fleet_totals_json(m->fleet), &failed);
	}
	config_put(config);
	if (failed) {
		json_decref(o);
		return NULL;
	}
	return o;
}
