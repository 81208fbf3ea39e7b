// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_migrate.c - migrate a guest and see it through
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/policies.h"
#include "cli/progress.h"
#include "cli/recording_load.h"
#include "cli/sources.h"
#include "hypervisor/versions.h"
#include "migtrace/commands.h"
#include "migtrace/lessons.h"
#include "steer/migrate.h"
#include "steer/supervise.h"
#include "store/history.h"
#include "store/recorded.h"
#include "watch/guest_header.h"
#include "guardian.h"
#include "settings.h"

/* libvirt's migration call comes back within this once the guest has been found. */
#define CALL_RETURNS_MS	10000

struct migration {
	struct common_options common;
	const char *policy_name, *record_path, *source_name, *history_path, *learned_path,
		*profile_path;
	struct mt_history history;
	struct mt_experience experience;
	struct mt_beforehand before;
	const struct mt_policy *policy;
	struct mt_limits limits;
	struct mt_rule options;		/* what was given by options, and nothing else */
	struct mt_rule rule;		/* and what the guest's metadata has besides */
	struct mt_migrate_options how;
	bool dry_run, no_metadata;

	struct mt_conn *conn;
	struct mt_inbox *inbox;
	struct mt_migrate *running;
	struct mt_domain_info domain;
	struct mt_versions versions;
	struct mt_recorder *recorder;
	struct mt_collector *collector;
	struct mt_room *room;		/* NULL: post-copy is not allowed */
	char source[384];		/* which kernel source, or why there is none */
	struct mt_hands *hands;
	struct mt_wheel *wheel;
	struct mt_guard *guard;
	struct guardian guardian;
	struct progress progress;
	struct mt_supervise_result result;
	volatile int cancel, leave;
	volatile int over;		/* nothing is left but to print */
};

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
static void let_go(struct migration *m)
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

/* --- what holds ------------------------------------------------------- */
/* But for QEMU's own limit, which libvirt is asked for. */
static void set_limits(struct migration *m, struct mt_limits *limits)
{
	*limits = m->rule.limits;
	mt_experience_use(&m->experience, limits);
	mt_limits_resolve(limits);
	limits->qemu_limit_ms = MT_LIMIT_UNSET;
	limits->history = m->history_path ? &m->history : NULL;
	limits->before = m->profile_path ? &m->before : NULL;
	limits->auto_converge = m->how.auto_converge;
	limits->methods = mt_migrate_methods(&m->how);
	limits->clears_chunks = mt_domain_clears_chunks(&m->domain);
}

static void warn_line(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

static void note_line(const char *line, void *progress)
{
	progress_note(progress, line);
}

static void set_rule(struct migration *m)
{
	m->rule = m->options;
	if (!m->no_metadata)
		settings_take(&m->rule, m->conn, &m->domain, m->how.parallel, warn_line, NULL);
	if (m->rule.policy)
		m->policy = m->rule.policy;
	set_limits(m, &m->limits);
}

/* Its metadata has changed meanwhile; the policy stays. */
static bool limits_now(struct mt_limits *limits, void *migration)
{
	struct migration *m = migration;

	m->rule = m->options;
	settings_take(&m->rule, m->conn, &m->domain, m->how.parallel, note_line, &m->progress);
	set_limits(m, limits);
	/* Whether QEMU can flip was settled when it began. */
	limits->postcopy_allowed &= m->how.postcopy;
	return true;
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
		.limits_now = m->no_metadata ? NULL : limits_now,
		.limits_opaque = m,
		.begin_again = begin_again,
		.begin_again_opaque = m,
		.progress = progress_show,
		.opaque = &m->progress,
	}, &m->result, err);
	progress_end(&m->progress);
	mt_collector_close(m->collector);
	m->collector = NULL;
	mt_room_free(m->room);
	m->room = NULL;
	if (m->running)
		mt_migrate_free(m->running, m->result.left ? 0 : CALL_RETURNS_MS);
	return rc;
}

static bool succeeded(const struct migration *m)
{
	return m->result.outcome == MT_OUTCOME_COMPLETED;
}

/* With what was spent before it was begun again. */
static uint64_t total_ms(const struct migration *m)
{
	return m->result.earlier_ms + m->result.final.total_ms;
}

static void print_text(const struct migration *m)
{
	const struct mt_sample *f = &m->result.final;
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], sent[MT_UNIT_STR];

	cmd_say(stdout, "%s: %s", mt_outcome_name(m->result.outcome), m->result.detail);
	printf("  total %s, pause %s, sent %s\n",
	       mt_sample_has(f, total_ms) ? mt_format_duration_ms(total, (double)total_ms(m)) : "-",
	       mt_sample_has(f, downtime_ms) && succeeded(m) ?
		       mt_format_duration_ms(pause, f->downtime_ms) :
		       "-",
	       mt_sample_has(f, transferred_bytes) ?
		       mt_format_size_bytes(sent, f->transferred_bytes) :
		       "-");
	if (m->result.restarts)
		printf("  begun again, %u time%s: pause and sent are of the last\n",
		       m->result.restarts, m->result.restarts == 1 ? "" : "s");
	if (m->record_path)
		cmd_say(stdout, "  recording %s, see migtrace report", m->record_path);
}

static struct mt_cell field(const struct mt_sample *s, enum mt_field f, bool wanted)
{
	uint64_t value;

	return wanted && mt_sample_get(s, f, &value) ? MT_UINT(value) : MT_NONE;
}

static void print_table(const struct migration *m, const char *destination)
{
	static const struct mt_column columns[] = {
		{ "domain", "DOMAIN" }, { "destination", "DESTINATION" }, { "policy", "POLICY" },
		{ "outcome", "OUTCOME" }, { "detail", "DETAIL" },
		{ "total_ms", "TOTAL", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "PAUSE", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "SENT", MT_SHOW_SIZE_BYTES },
		{ "iterations", "PASSES" }, { "actions_done", "ACTIONS" },
		{ "actions_failed", "FAILED" }, { "restarts", NULL },
		{ "recording", "RECORDING" }, { "kernel_source", NULL },
	};
	const struct mt_sample *f = &m->result.final;
	const struct mt_cell cells[] = {
		MT_STR(m->domain.name), MT_STR(destination), MT_STR(m->policy->name),
		MT_STR(mt_outcome_name(m->result.outcome)), MT_STR(m->result.detail),
		mt_sample_has(f, total_ms) ? MT_UINT(total_ms(m)) : MT_NONE,
		field(f, MT_FIELD_downtime_ms, succeeded(m)),
		field(f, MT_FIELD_transferred_bytes, true), field(f, MT_FIELD_iteration, true),
		MT_UINT(m->result.actions_done), MT_UINT(m->result.actions_failed),
		MT_UINT(m->result.restarts),
		MT_STR(m->record_path),
		MT_STR(m->source),
	};
	struct mt_table *t =
		mt_table_new(stdout, m->common.format, columns, MT_ARRAY_SIZE(columns));

	if (t) {
		mt_table_row(t, cells);
		mt_table_finish(t);
	}
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
	if (m->common.format == MT_FORMAT_TEXT)
		print_text(m);
	else
		print_table(m, destination);
	return succeeded(m) && whole ? CMD_OK : CMD_FAILED;
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

/* Everything that can be refused is refused before anything is touched. */
static int prepare(struct migration *m, char **args, struct mt_err *err)
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
	set_rule(m);
	m->how.destination_uri = args[1];
	m->how.postcopy = m->limits.postcopy_allowed;
	rc = mt_migrate_check(m->conn, m->domain.uuid, &m->how, err);
	if (rc)
		return rc;
	mt_versions_get(&m->versions, m->conn);
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

static int run(struct migration *m, char **args)
{
	struct interrupt interrupt = { .notify = on_interrupt, .opaque = m };
	struct mt_err err = { 0 };
	int rc;

	/* Blocks the signals first, so that no thread of libvirt's takes them. */
	m->inbox = NULL;
	rc = interrupt_block();
	if (!rc)
		rc = prepare(m, args, &err);
	else
		mt_err_set(&err, rc, "cannot watch for signals: %s", strerror(-rc));
	if (!rc) {
		rc = interrupt_watch(&interrupt);
		if (rc)
			mt_err_set(&err, rc, "cannot watch for signals: %s", strerror(-rc));
	}
	if (!rc)
		rc = supervise(m, args[1], &err);
	let_go(m);
	if (rc) {
		struct mt_err ignored = { 0 };

		if (m->recorder)
			mt_recorder_close(m->recorder, &ignored);
		return cmd_fail(&err);
	}
	return conclude(m, args[1]);
}

int cmd_migrate(int argc, char **argv)
{
	static struct migration m = {
		.limits = MT_LIMITS_UNSET,
		.options = SETTINGS_NONE,
	};
	uint64_t parallel = 0, initial = 0, increment = 0, level = 0, threads = 0;
	const char *compression = "none";
	const struct option_row rows[] = {
		{ "policy", 'p', OPTION_STRING, "NAME",
		  "who decides, see below (default " MT_POLICY_DEFAULT ")", &m.policy_name },
		{ "max-downtime", 'd', OPTION_LIMIT_MS, "DURATION",
		  "the guest may pause this long (default 500ms)", &m.limits.max_downtime_ms,
		  .min = MT_DOWNTIME_MIN_MS, .max = MT_DOWNTIME_MAX_MS },
		{ "deadline", 0, OPTION_LIMIT_OR_NONE, "DURATION",
		  "the migration may take this long (default none)", &m.limits.deadline_ms,
		  .min = 1 },
		{ "stall-timeout", 0, OPTION_LIMIT_OR_NONE, "DURATION",
		  "abort when nothing was sent for this long (default none: only a warning)",
		  &m.limits.stall_timeout_ms, .min = 1 },
		{ "command-every", 0, OPTION_LIMIT_MS, "DURATION",
		  "each kind of command is sent at most once in this long (default 1s)",
		  &m.limits.command_every_ms, .max = MT_MS_PER_S * 60 },
		{ "fixed", 0, OPTION_LIMIT_MS, "DURATION",
		  "the part of a pause that is not memory (default: as learned, or 120ms)",
		  &m.limits.fixed_ms, .max = MT_FIXED_MAX_MS },
		{ "history", 0, OPTION_STRING, "FILE",
		  "policies fm and am learn from this recording of the guest", &m.history_path },
		{ "profile", 0, OPTION_STRING, "FILE",
		  "what the guest dirtied before, by migtrace record: used from the first pass on",
		  &m.profile_path },
		LESSONS_OPTION(&m.learned_path),
		{ "postcopy", 0, OPTION_FLAG, NULL,
		  "allow post-copy: the guest is lost if a host or the link fails meanwhile",
		  &m.limits.postcopy_allowed },
		{ "bandwidth", 'b', OPTION_RATE_BYTES_PER_S, "RATE",
		  "what pre-copy may use of the link", &m.how.bandwidth_bytes_per_s },
		{ "postcopy-bandwidth", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what post-copy may use of it", &m.how.postcopy_bandwidth_bytes_per_s },
		{ "parallel", 0, OPTION_COUNT, "N", "use N connections; not with --postcopy",
		  &parallel, NULL, 255 },
		{ "auto-converge", 0, OPTION_FLAG, NULL, "let QEMU throttle the guest",
		  &m.how.auto_converge },
		{ "throttle-initial", 0, OPTION_COUNT, "PERCENT",
		  "first throttle of --auto-converge (QEMU: 20)", &initial, NULL, 99 },
		{ "throttle-increment", 0, OPTION_COUNT, "PERCENT",
		  "and what is added each time (QEMU: 10)", &increment, NULL, 99 },
		{ "compression", 0, OPTION_STRING, "METHOD",
		  "xbzrle, or mt for zlib on several threads", &compression },
		{ "xbzrle-cache", 0, OPTION_SIZE_BYTES, "SIZE",
		  "memory that xbzrle may use (QEMU: 64 MiB)", &m.how.xbzrle_cache_bytes },
		{ "compress-level", 0, OPTION_COUNT, "N", "of mt, 1 (QEMU's default) to 9", &level,
		  NULL, 9 },
		{ "compress-threads", 0, OPTION_COUNT, "N", "of mt", &threads, NULL, 255 },
		{ "migrateuri", 0, OPTION_STRING, "URI",
		  "address that QEMU connects to, as in virsh", &m.how.migrate_uri },
		{ "unsafe", 0, OPTION_FLAG, NULL,
		  "also when libvirt considers the disks' caches unsafe", &m.how.unsafe },
		{ "persistent", 0, OPTION_FLAG, NULL, "define the guest at the destination",
		  &m.how.persistent },
		{ "undefinesource", 0, OPTION_FLAG, NULL, "undefine it at the source",
		  &m.how.undefine_source },
		{ "record", 'r', OPTION_STRING, "FILE", "write a recording", &m.record_path },
		{ "source", 0, OPTION_STRING, "NAME",
		  "kernel source: kmod, bpf, or libvirt for none (default: the best there is)",
		  &m.source_name },
		{ "no-metadata", 0, OPTION_FLAG, NULL,
		  "do not heed what the guest's metadata says of its migrations", &m.no_metadata },
		{ "dry-run", 'n', OPTION_FLAG, NULL, "migrate, decide and report, but do not act",
		  &m.dry_run },
	};
	const struct command_usage usage = {
		.name = "migrate",
		.synopsis = "DOMAIN DESTURI",
		.min_args = 2,
		.max_args = 2,
		.description = "Migrates DOMAIN live to the libvirt at DESTURI, peer to peer, and steers the migration:\n"
			       "observes each pass, predicts how it goes on, and lets the policy stop pre-copy, flip to\n"
			       "post-copy or abort. Ctrl-C cancels the migration, and the guest goes on at the source.",
		.examples = "  migtrace migrate web1 qemu+tls://host2/system\n"
			    "  migtrace migrate web1 qemu+tls://host2/system --max-downtime 800ms --deadline 10min\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --postcopy --record db1.mtrec\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --policy timeout --timeout 60s\n"
			    "  migtrace migrate db1 qemu+tls://host2/system --policy passes --passes 2 --postcopy\n",
		.more = policies_help,
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
		.params = &m.limits.params,
	};
	struct option_args args;
	struct mt_err err = { 0 };
	int status = options_parse(&usage, argc, argv, &m.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	status = lessons_load(&m.experience, m.learned_path, m.common.uri, args.v[1]);
	if (status != OPTIONS_RUN)
		return status;
	m.options.limits = m.limits;
	mt_experience_use(&m.experience, &m.limits);
	status = policy_option(&usage, "policy",
			       m.policy_name ? m.policy_name : MT_POLICY_DEFAULT, &m.policy);
	if (status != OPTIONS_RUN)
		return status;
	status = policy_params_check(&usage, m.policy, &m.limits.params);
	if (status != OPTIONS_RUN)
		return status;
	if (mt_policy_flips_at_once(m.policy, &m.limits) && !m.limits.postcopy_allowed)
		return options_error(
			&usage,
			"policy %s would flip to post-copy at once, so --postcopy is needed",
			m.policy->name);
	if (mt_compression_parse(compression, &m.how.compression))
		return options_error(&usage, "--compression %s is unknown: xbzrle or mt",
				     compression);
	if (mt_limits_check(m.policy, &m.limits, limits_tell, &err))
		return options_error(&usage, "%s", err.msg);
	if (m.policy_name)
		m.options.policy = m.policy;
	status = source_option(&usage, m.source_name);
	if (status != OPTIONS_RUN)
		return status;
	m.how.parallel = (unsigned)parallel;
	m.how.throttle_initial_percent = (unsigned)initial;
	m.how.throttle_increment_percent = (unsigned)increment;
	m.how.compress_level = (unsigned)level;
	m.how.compress_threads = (unsigned)threads;
	return run(&m, args.v);
}
