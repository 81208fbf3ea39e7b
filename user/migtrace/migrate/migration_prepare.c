// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migration_prepare.c - what is checked, loaded and taken in hand before a migration
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/recording_load.h"
#include "store/recorded.h"
#include "watch/guest_header.h"
#include "beginning.h"
#include "migration.h"

static int open_recorder(struct migration *m, const char *destination, struct mt_err *err)
{
	struct mt_record_header h = mt_guest_header(&m->domain, &m->versions, mt_conn_uri(m->conn),
						    "migtrace " MT_VERSION);

	h.destination = destination;
	h.policy = m->policy->name;
	h.mode = m->dry_run ? "observe" : "supervise";
	h.limits = m->limits;
	return mt_recorder_open(&m->recorder, m->record_path, &h, err);
}

static void warn(const struct migration *m)
{
	char text[256];

	if (mt_migrate_rounding(&m->how, text, sizeof(text)))
		cmd_warn("%s", text);
	if (mt_versions_may_lose_memory(&m->versions, m->domain.type))
		cmd_warn("%s runs under TCG: QEMU before 9.0 loses memory of such a guest in pre-copy, and reports success; verify the guest afterwards",
			 m->domain.name);
	if (m->limits.postcopy_allowed && m->domain.host_device)
		cmd_warn("%s has a device of its host (VFIO), which post-copy cannot move: it is not flipped",
			 m->domain.name);
}

/* On a thread of its own, which may wait for a reader. */
static void on_guard(const struct mt_event *ev, void *opaque)
{
	struct migration *m = opaque;

	/* What the supervision is told it shows itself. */
	if (m->result.left)
		cmd_warn("%s", ev->text);
}

/* Before the migration begins: from then on whoever else is on this host leaves it to us. */
static int take_in_hand(struct migration *m, struct mt_err *err)
{
	char host[VIR_UUID_STRING_BUFLEN];
	struct mt_stop_mark mark;
	int rc;

	rc = mt_hands_open(&m->hands, NULL, err);
	if (rc)
		return rc;
	rc = mt_hands_host(m->conn, host, err);
	if (rc)
		return rc;
	rc = mt_wheel_take(m->hands, host, m->domain.uuid, "migtrace migrate", &m->wheel, NULL,
			   err);
	if (rc)
		return rc;
	if (!mt_wheel_marked(m->wheel, &mark))
		return mt_err_set(
			err, -EBUSY,
			"%s was stopped by an earlier migration that ended before it was resumed: run migtrace guard first",
			m->domain.name);
	if (m->dry_run)
		return 0;
	rc = mt_guard_new(&m->guard, &(struct mt_guard_options){
		.hands = m->hands, .who = "migtrace migrate", .news = on_guard, .opaque = m }, err);
	if (rc)
		return rc;
	rc = guardian_start(&m->guardian, m->domain.uuid);
	if (rc)
		return mt_err_set(
			err, rc,
			"cannot start a process that looks after the guest if this one is killed: %s",
			strerror(-rc));
	return 0;
}

/*
 * A guest that is still stopped is given its time, some seconds; then it is the guardian's.
 * Everything that is anybody else's business is done before the last lines are printed: nobody may
 * be reading them.
 */
void migration_let_go(struct migration *m)
{
	if (m->guard && mt_guard_leave(m->guard, MT_GUARD_LEAVE_MS))
		cmd_warn("%s is still stopped: migtrace guard goes on to look after it",
			 m->domain.name);
	mt_guard_free(m->guard);
	m->guard = NULL;
	mt_wheel_put(m->wheel);
	m->wheel = NULL;
	mt_hands_close(m->hands);
	m->hands = NULL;
	guardian_end(&m->guardian);
	__atomic_store_n(&m->over, 1, __ATOMIC_RELEASE);
}

/* Of the guest, from an earlier recording. */
static int load_history(struct migration *m, struct mt_err *err)
{
	struct mt_recording *rec = NULL;
	int rc;

	if (!m->history_path)
		return 0;
	rc = recording_load(&rec, m->history_path, err);
	if (rc)
		return rc;
	rc = mt_history_of(&m->history, rec, MT_SLOT_S);
	mt_recording_free(rec);
	if (rc)
		return mt_err_set(
			err, rc,
			"--history %s: neither passes nor ticks in it: record a migration, or a profile with a kernel source",
			m->history_path);
	return 0;
}

/* What it dirtied before, from a profile, or from the passes of an earlier migration. */
static int load_profile(struct migration *m, struct mt_err *err)
{
	struct mt_recording *rec = NULL;
	const char *uuid;
	int rc;

	if (!m->profile_path)
		return 0;
	rc = recording_load(&rec, m->profile_path, err);
	if (rc)
		return rc;
	uuid = rec->header.uuid;
	if (uuid && strcmp(uuid, m->domain.uuid))
		rc = mt_err_set(err, -EINVAL, "--profile %s is of another guest, %s",
				m->profile_path, rec->header.domain ? rec->header.domain : uuid);
	else if (mt_recorded_curve(&m->before.u, rec, true, (double)m->domain.memory_bytes))
		rc = mt_err_set(err, -ENODATA,
				"--profile %s: no profile in it: make one by migtrace record",
				m->profile_path);
	mt_recording_free(rec);
	return rc;
}

/* Which of the methods, by what is known of the guest. */
static int choose_method(struct migration *m, struct mt_err *err)
{
	unsigned there = mt_methods_of(m->versions.libvirt_number, m->versions.qemu_number);

	if (!m->methods)
		return 0;
	if (!(m->methods & there))
		return mt_err_set(err, -EOPNOTSUPP,
				  "--methods: this QEMU (%s) and libvirt (%s) have none of them",
				  m->versions.qemu, m->versions.libvirt);
	return beginning_choose(&m->how, &(struct beginning){
		.methods = m->methods & there &
			   (mt_migrate_methods(&m->how) | 1U << MT_METHOD_PRECOPY),
		.sla = !strcmp(m->policy->name, "sla"),
		.limits = &m->limits,
		.memory_bytes = (double)m->domain.memory_bytes },
		m->method, sizeof(m->method), err);
}

/* Everything that can be refused is refused before anything is touched. */
int migration_prepare(struct migration *m, char **args, struct mt_err *err)
{
	int rc;

	rc = load_history(m, err);
	if (rc)
		return rc;
	rc = mt_loop_start(err);
	if (rc)
		return rc;
	rc = mt_conn_open(&m->conn, m->common.uri, err);
	if (rc)
		return rc;
	rc = mt_domain_find(m->conn, args[0], &m->domain, err);
	if (rc)
		return rc;
	rc = load_profile(m, err);
	if (rc)
		return rc;
	mt_versions_get(&m->versions, m->conn);
	migration_set_rule(m);
	m->how.destination_uri = args[1];
	m->how.postcopy = m->limits.postcopy_allowed;
	rc = choose_method(m, err);
	if (rc)
		return rc;
	/* What is left to begin again with. */
	migration_set_limits(m, &m->limits);
	rc = mt_migrate_check(m->conn, m->domain.uuid, &m->how, err);
	if (rc)
		return rc;
	warn(m);
	m->inbox = mt_inbox_new();
	if (!m->inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_conn_subscribe(m->conn, m->domain.uuid, mt_inbox_post, m->inbox);
	if (rc < 0)
		return mt_err_set(err, rc, "cannot watch %s: %s", m->domain.name, strerror(-rc));
	rc = take_in_hand(m, err);
	if (rc)
		return rc;
	return m->record_path ? open_recorder(m, args[1], err) : 0;
}
