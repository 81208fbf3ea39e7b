// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migration_run.c - a migration seen through: begun, supervised, concluded
 */
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/sources.h"
#include "migration.h"

/* libvirt's migration call comes back within this once the guest has been found. */
#define CALL_RETURNS_MS	10000

/* The first Ctrl-C cancels the migration, the second lets go of it. */
static void on_interrupt(int count, void *opaque)
{
	const struct mt_event wake = { .kind = MT_EVENT_WAKE };
	struct migration *m = opaque;

	/* Whoever should read our last lines does not. */
	if (__atomic_load_n(&m->over, __ATOMIC_ACQUIRE))
		_exit(CMD_FAILED);
	if (count == 1)
		__atomic_store_n(&m->cancel, 1, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&m->leave, 1, __ATOMIC_RELAXED);
	mt_inbox_post(&wake, m->inbox);
	progress_note(
		&m->progress,
		count == 1 ?
			"cancelling the migration; the guest goes on here. Once more: leave it alone and exit" :
			"leaving: the migration goes on by itself, see virsh domjobinfo");
}

/* Whatever comes of it, the guest is migrated. */
static void open_collector(struct migration *m)
{
	struct mt_err err = { 0 };

	if (mt_source_is_libvirt(m->source_name))
		snprintf(m->source, sizeof(m->source), "none, as asked");
	else if (mt_collector_open(&m->collector, m->conn, &m->domain, m->source_name, &err))
		snprintf(m->source, sizeof(m->source), "none: %.360s", err.msg);
	else
		snprintf(m->source, sizeof(m->source), "%s", mt_collector_describe(m->collector));
}

/* The call before has returned. */
static int begin_again(enum mt_method method, unsigned throttle_percent, void *migration,
		       struct mt_err *err)
{
	struct migration *m = migration;

	mt_migrate_free(m->running, 0);
	m->running = NULL;
	mt_migrate_use(&m->how, method, throttle_percent);
	return mt_migrate_start(&m->running, m->conn, m->domain.uuid, &m->how, mt_inbox_post,
				m->inbox, err);
}

static uint64_t or_default(uint64_t value)
{
	return value == MT_LIMIT_UNSET ? 0 : value;
}

static void note(void *migration, const char *text)
{
	struct migration *m = migration;

	progress_note(&m->progress, text);
}

static int start_puller(struct migration *m, struct mt_err *err)
{
	if (!m->pull_command && !m->unsent_bytes)
		return 0;
	return puller_start(&m->puller, m->conn, &m->domain, &(struct puller_options){
		.command = m->pull_command,
		.unsent_bytes = m->unsent_bytes,
		.at_once = mt_policy_flips_at_once(m->policy, &m->limits),
		.note = note, .opaque = m }, err);
}

static int supervise(struct migration *m, const char *destination, struct mt_err *err)
{
	const char *const destinations[] = { destination, NULL };
	char title[MT_DOMAIN_NAME_MAX + 256], allowed[MT_UNIT_STR], note[512];
	int rc;

	snprintf(title, sizeof(title), "%s -> %s   policy %s, pause allowed %s, post-copy %s%s",
		 m->domain.name, destination, m->policy->name,
		 mt_format_duration_ms(allowed, m->limits.max_downtime_ms),
		 m->limits.postcopy_allowed ? "allowed" : "not allowed",
		 m->dry_run ? ", dry run" : "");
	progress_init(&m->progress, m->common.format == MT_FORMAT_TEXT ? stdout : stderr, title);
	open_collector(m);
	if (m->limits.postcopy_allowed)
		m->room = mt_room_new(destination);
	snprintf(note, sizeof(note), "kernel source: %s", m->source);
	progress_note(&m->progress, note);
	mt_experience_describe(&m->experience, mt_wall_us() / 1000, note, sizeof(note));
	progress_note(&m->progress, note);
	if (*m->method)
		progress_note(&m->progress, m->method);
	rc = start_puller(m, err);
	if (rc)
		return rc;
	/*
	 * Who supervises waits for no disk. If there is no thread for it, better so than not at
	 * all.
	 */
	(void)!mt_recorder_go_behind(&m->recorder, NULL);

	rc = mt_migrate_start(&m->running, m->conn, m->domain.uuid, &m->how, mt_inbox_post,
			      m->inbox, err);
	if (!rc)
		rc = mt_supervise(m->conn, m->inbox, m->domain.uuid, &(struct mt_supervise_options){
		.policy = m->policy,
		.actuators = m->dry_run ? &mt_actuators_dry : &mt_actuators_libvirt,
		.limits = m->limits,
		.destinations = destinations,
		.recorder = m->recorder,
		.collector = m->collector,
		.room = m->room,
		.ours = true,
		.guard = m->guard,
		.hands = m->hands,
		.who = "migtrace migrate",
		.wheel = m->wheel,
		.cancel = &m->cancel,
		.leave = &m->leave,
		.poll_ms = or_default(m->rule.poll_ms),
		.age_limit_ms = or_default(m->rule.decision_max_age_ms),
		.others = m->rule.others,
		.limits_now = m->no_metadata ? NULL : migration_limits_now,
		.limits_opaque = m,
		.begin_again = begin_again,
		.begin_again_opaque = m,
		.progress = progress_show,
		.opaque = &m->progress,
	}, &m->result, err);
	puller_end(m->puller);
	m->puller = NULL;
	progress_end(&m->progress);
	mt_collector_close(m->collector);
	m->collector = NULL;
	mt_room_free(m->room);
	m->room = NULL;
	if (m->running)
		mt_migrate_free(m->running, m->result.left ? 0 : CALL_RETURNS_MS);
	return rc;
}

static int conclude(struct migration *m, const char *destination)
{
	struct mt_err err = { 0 };
	bool whole = true;

	if (m->recorder && mt_recorder_close(m->recorder, &err)) {
		cmd_warn("the recording is incomplete: %s", err.msg);
		whole = false;
	}
	m->recorder = NULL;
	if (m->result.left)
		return CMD_FAILED;
	migration_print(m, destination);
	return migration_succeeded(m) && whole ? CMD_OK : CMD_FAILED;
}

int migration_run(struct migration *m, char **args)
{
	struct interrupt interrupt = { .notify = on_interrupt, .opaque = m };
	struct mt_err err = { 0 };
	int rc;

	/* Blocks the signals first, so that no thread of libvirt's takes them. */
	m->inbox = NULL;
	rc = interrupt_block();
	if (!rc)
		rc = migration_prepare(m, args, &err);
	else
		mt_err_set(&err, rc, "cannot watch for signals: %s", strerror(-rc));
	if (!rc) {
		rc = interrupt_watch(&interrupt);
		if (rc)
			mt_err_set(&err, rc, "cannot watch for signals: %s", strerror(-rc));
	}
	if (!rc)
		rc = supervise(m, args[1], &err);
	migration_let_go(m);
	if (rc) {
		struct mt_err ignored = { 0 };

		if (m->recorder)
			mt_recorder_close(m->recorder, &ignored);
		return cmd_fail(&err);
	}
	return conclude(m, args[1]);
}
