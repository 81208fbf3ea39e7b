// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_record.c - profile a guest, or follow its migration, into a file
 *
 * A guest that migrates is followed to the end, with a policy and actuators
 * that do nothing. One that does not is measured a few times over windows of
 * different length; when a migration begins meanwhile, that is what is followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <migtrace/dirtyrate.h>
#include <migtrace/supervise.h>
#include <migtrace/units.h>
#include <migtrace/versions.h>

#include "cmd.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"

#define DURATION_DEFAULT_MS	(10 * MT_MS_PER_S)
#define DURATION_MAX_MS		(3600 * MT_MS_PER_S)
#define INTERVAL_DEFAULT_MS	250
#define INTERVAL_MIN_MS		10
#define INTERVAL_MAX_MS		(10 * MT_MS_PER_S)
#define WINDOWS_MAX		80	/* an hour takes 65 */

#define LOOK_MS			500	/* for a migration that no event announced */
#define READ_MS			50	/* between questions for a result that is due */
#define LATE_MS			10000	/* a result this late is none: QEMU hashes and sorts on a busy host */

#define CMD_INTERRUPTED		130	/* as a shell reports a death by SIGINT */

enum ending {
	ENDING_DONE,
	ENDING_MIGRATION,	/* one began */
	ENDING_INTERRUPTED,
	ENDING_FAILED,
};

struct record {
	const char *path, *mode_name;
	uint64_t duration_ms, interval_ms;
	bool force, automatic;
	enum mt_dirtyrate_mode mode;

	struct mt_conn *conn;
	struct mt_inbox *inbox;
	struct mt_domain_info domain;
	struct mt_recorder *recorder;
	struct interrupt interrupt;
	volatile int leave;		/* asked to end the recording */
	bool announced;
	struct progress progress;
	unsigned measured, passes, samples;
};

static void on_interrupt(int count, void *opaque)
{
	const struct mt_event wake = { .kind = MT_EVENT_WAKE };
	struct record *r = opaque;

	/* Still connecting: there is nothing to close. Or the second time: the .part holds what there is. */
	if (!r->inbox || count > 1)
		_exit(CMD_INTERRUPTED);
	r->leave = 1;
	mt_inbox_post(&wake, r->inbox);
}

/* --- the file ----------------------------------------------------------- */
static int check_path(const struct record *r, struct mt_err *err)
{
	struct stat st;

	if (lstat(r->path, &st))
		return 0;		/* not there; or the recorder says what is wrong with it */
	if (!r->force)
		return mt_err_set(err, -EEXIST, "%s exists; use another name, or --force to replace it", r->path);
	if (!S_ISREG(st.st_mode))
		return mt_err_set(err, -EINVAL, "%s is no plain file; --force replaces only those", r->path);
	return 0;
}

/* --force: out of the way with what is there, but not with what another process writes. */
static int make_room(const struct record *r, struct mt_err *err)
{
	mt_autofree char *part = NULL;
	mt_autoclose int fd = -1;

	if (!r->force)
		return 0;
	if (asprintf(&part, "%s.part", r->path) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	fd = open(part, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return mt_err_set(err, -EBUSY, "%s is being written by another process", part);
	if ((unlink(part) && errno != ENOENT) || (unlink(r->path) && errno != ENOENT))
		return mt_err_set(err, -errno, "cannot replace %s: %s", r->path, strerror(errno));
	return 0;
}

static int open_recorder(struct record *r, struct mt_err *err)
{
	struct mt_versions v;
	struct mt_record_header h;
	int rc;

	mt_versions_get(&v, r->conn);
	h = (struct mt_record_header){
		.domain = r->domain.name,
		.uuid = r->domain.uuid,
		.domain_type = r->domain.type,
		.source = mt_conn_uri(r->conn),
		.tool = "migtrace " MT_VERSION,
		.qemu = *v.qemu ? v.qemu : NULL,
		.libvirt = *v.libvirt ? v.libvirt : NULL,
		.kernel = *v.kernel ? v.kernel : NULL,
		.policy = r->domain.migrating_out ? "qemu" : NULL,
		.mode = r->domain.migrating_out ? "observe" : "profile",
		.start_wall_ms = mt_wall_us() / 1000,
		.start_t_ns = mt_now_ns(),
	};
	rc = make_room(r, err);
	return rc ? rc : mt_recorder_open(&r->recorder, r->path, &h, err);
}

/* Nothing is in it: leave nothing behind. */
static void discard(struct record *r)
{
	mt_autofree char *part = NULL;
	struct mt_err ignored = { 0 };

	if (!r->recorder)
		return;
	if (!mt_recorder_close(r->recorder, &ignored))
		unlink(r->path);
	else if (asprintf(&part, "%s.part", r->path) >= 0)
		unlink(part);
	r->recorder = NULL;
}

/* --- following a migration ---------------------------------------------- */
static void on_progress(const struct mt_progress *p, void *opaque)
{
	struct record *r = opaque;

	if (p->sample->status != MT_STATUS_NONE)
		r->samples++;
	r->passes += p->boundary;
	progress_show(p, &r->progress);
}

static enum ending follow(struct record *r, struct mt_err *err)
{
	struct mt_supervise_result result;
	char title[160];
	int rc;

	snprintf(title, sizeof(title), "following the migration of %s", r->domain.name);
	progress_init(&r->progress, stderr, title);
	if (!r->progress.repaint)
		fprintf(stderr, "%s\n", title);
	rc = mt_supervise(r->conn, r->inbox, r->domain.uuid, &(struct mt_supervise_options){
		.policy = mt_policy_find("qemu"),
		.actuators = &mt_actuators_dry,
		.limits = { .max_downtime_ms = MT_MAX_DOWNTIME_DEFAULT_MS },
		.recorder = r->recorder,
		.poll_ms = r->interval_ms,
		.leave = &r->leave,
		.progress = on_progress,
		.opaque = r,
	}, &result, err);
	progress_end(&r->progress);
	if (rc)
		return ENDING_FAILED;
	if (result.left)
		return ENDING_INTERRUPTED;
	fprintf(stderr, "%s: %s\n", mt_outcome_name(result.outcome), result.detail);
	if (result.record_error) {
		mt_err_set(err, result.record_error, "%s is incomplete: %s", r->path, strerror(-result.record_error));
		return ENDING_FAILED;
	}
	return ENDING_DONE;
}

/* --- profiling ----------------------------------------------------------- */
static virDomainPtr look_up(struct record *r, struct mt_err *err)
{
	virConnectPtr virt = mt_conn_get(r->conn);
	virDomainPtr dom;

	if (!virt) {
		mt_err_set(err, -ECONNRESET, "the connection to %s is lost", mt_conn_uri(r->conn));
		return NULL;
	}
	dom = virDomainLookupByUUIDString(virt, r->domain.uuid);
	if (!dom)
		mt_virt_error(err, "cannot look up the domain");
	virConnectClose(virt);
	return dom;
}

/* Return: true when the profile ends here. */
static bool heed(struct record *r, const struct mt_event *ev, enum ending *ending, struct mt_err *err)
{
	switch (ev->kind) {
	case MT_EVENT_MIGRATION:
		*ending = ENDING_MIGRATION;
		return ev->status == MT_STATUS_SETUP || ev->status == MT_STATUS_ACTIVE;
	case MT_EVENT_LIFECYCLE:
		*ending = ENDING_FAILED;
		if (ev->lifecycle != VIR_DOMAIN_EVENT_STOPPED && ev->lifecycle != VIR_DOMAIN_EVENT_CRASHED)
			return false;
		mt_err_set(err, -ENOENT, "%s stopped while it was measured", r->domain.name);
		return true;
	case MT_EVENT_CONN_DOWN:
		*ending = ENDING_FAILED;
		mt_err_set(err, -ECONNRESET, "the connection to %s was lost while %s was measured",
			   mt_conn_uri(r->conn), r->domain.name);
		return true;
	default:
		return false;
	}
}

/* Waits until @until_ns, with an eye on what else happens. Return: true when the profile ends here. */
static bool wait_until(struct record *r, uint64_t until_ns, enum ending *ending, struct mt_err *err)
{
	for (;;) {
		uint64_t now = mt_now_ns(), wait_ms = LOOK_MS;
		struct mt_sample s;
		struct mt_event ev;

		if (r->leave) {
			*ending = ENDING_INTERRUPTED;
			return true;
		}
		if (now >= until_ns)
			return false;
		if ((until_ns - now) / MT_NS_PER_MS < wait_ms)
			wait_ms = (until_ns - now) / MT_NS_PER_MS + 1;
		if (!mt_inbox_take(r->inbox, &ev, wait_ms)) {
			if (heed(r, &ev, ending, err))
				return true;
			continue;
		}
		/* Without the right to QEMU's events a migration is only seen by looking. */
		if (wait_ms == LOOK_MS && !mt_domain_sample(r->conn, r->domain.uuid, &s, NULL) &&
		    (s.status == MT_STATUS_SETUP || s.status == MT_STATUS_ACTIVE || s.status == MT_STATUS_POSTCOPY)) {
			*ending = ENDING_MIGRATION;
			return true;
		}
	}
}

static int start(struct record *r, virDomainPtr dom, unsigned window_s, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc = mt_dirtyrate_start(dom, window_s, r->mode, &why);

	/* What nobody asked for by name may be replaced. */
	if (rc == -EOPNOTSUPP && r->automatic && r->mode != MT_DIRTYRATE_PAGE_SAMPLING) {
		fprintf(stderr, "%s is not possible here (%s): page-sampling instead\n",
			mt_dirtyrate_mode_name(r->mode), why.msg);
		r->mode = MT_DIRTYRATE_PAGE_SAMPLING;
		memset(&why, 0, sizeof(why));
		rc = mt_dirtyrate_start(dom, window_s, r->mode, &why);
	}
	if (rc == -EOPNOTSUPP)
		return mt_err_set(err, rc, "%s cannot be measured by %s: %s", r->domain.name,
				  mt_dirtyrate_mode_name(r->mode), why.msg);
	return rc ? mt_err_set(err, rc, "%s", why.msg) : 0;
}

static enum ending measure(struct record *r, virDomainPtr dom, unsigned window_s, struct mt_err *err)
{
	enum ending ending = ENDING_FAILED;
	char shown[MT_UNIT_STR], dirty[MT_UNIT_STR];
	struct mt_dirtyrate rate = { 0 };
	uint64_t due_ns;
	int rc;

	if (start(r, dom, window_s, err))
		return ENDING_FAILED;
	if (!r->announced)
		fprintf(stderr, "profiling %s by %s for %llu s\n", r->domain.name, mt_dirtyrate_mode_name(r->mode),
			(unsigned long long)(r->duration_ms / MT_MS_PER_S));
	r->announced = true;
	due_ns = mt_now_ns() + window_s * MT_NS_PER_S;
	if (wait_until(r, due_ns, &ending, err))
		return ending;
	for (;;) {
		rc = mt_dirtyrate_read(dom, &rate, err);
		if (rc != -EAGAIN)
			break;
		if (mt_now_ns() > due_ns + LATE_MS * MT_NS_PER_MS) {
			mt_err_set(err, -ETIMEDOUT, "the measurement of %u s gave no result within %u s", window_s,
				   window_s + LATE_MS / 1000);
			return ENDING_FAILED;
		}
		if (wait_until(r, mt_now_ns() + READ_MS * MT_NS_PER_MS, &ending, err))
			return ending;
	}
	if (!rc) {
		const struct mt_record_dirtyrate entry = {
			.t_ns = mt_now_ns(),
			.window_ms = rate.window_ms,
			.bytes_per_s = rate.bytes_per_s,
			.mode = mt_dirtyrate_mode_name(r->mode),
		};

		rc = mt_recorder_dirtyrate(r->recorder, &entry);
		if (rc)
			mt_err_set(err, rc, "cannot write %s: %s", r->path, strerror(-rc));
	}
	if (rc)
		return ENDING_FAILED;
	r->measured++;
	fprintf(stderr, "  %3u s  %12s  (%s dirty at its end)\n", window_s,
		mt_format_rate_bytes_per_s(shown, rate.bytes_per_s),
		mt_format_size_bytes(dirty, rate.bytes_per_s * (rate.window_ms / 1e3)));
	return ENDING_DONE;
}

static enum ending profile(struct record *r, struct mt_err *err)
{
	unsigned windows_s[WINDOWS_MAX];
	size_t n = mt_dirtyrate_windows(r->duration_ms / MT_MS_PER_S, windows_s, MT_ARRAY_SIZE(windows_s));
	enum ending ending = ENDING_DONE;
	virDomainPtr dom = look_up(r, err);

	if (!dom)
		return ENDING_FAILED;
	for (size_t i = 0; i < n && ending == ENDING_DONE; i++)
		ending = measure(r, dom, windows_s[i], err);
	virDomainFree(dom);
	if (r->measured) {
		fprintf(stderr, "without kernel sources the curve is coarse: %u window%s, none below 1 s\n", r->measured,
			r->measured == 1 ? "" : "s");
		mt_recorder_event(r->recorder, mt_now_ns(), "coarse profile",
				  "measured by QEMU, whole seconds only: no kernel source");
	}
	if (ending != ENDING_MIGRATION)
		return ending;
	mt_recorder_event(r->recorder, mt_now_ns(), "profile ended", "a migration began");
	return follow(r, err);
}

/* --- the whole ----------------------------------------------------------- */
static int check_state(struct record *r, struct mt_err *err)
{
	const struct mt_domain_info *d = &r->domain;

	if (d->migrating_out)
		return 0;
	if (d->migrating_in)
		return mt_err_set(err, -EBUSY, "%s is arriving here by a migration; record it at the source", d->name);
	if (d->state != VIR_DOMAIN_RUNNING && d->state != VIR_DOMAIN_BLOCKED)
		return mt_err_set(err, -EINVAL, "%s is %s: only a running guest dirties memory", d->name,
				  mt_domain_state_name(d->state));
	if (r->automatic)
		r->mode = mt_dirtyrate_mode_of(d->type, d->dirty_ring_entries);
	return mt_dirtyrate_check(r->mode, d->type, d->dirty_ring_entries, err);
}

/* Watched first, looked at after: no migration begins unseen in between. */
static int prepare(struct record *r, const char *uri, const char *name, struct mt_err *err)
{
	int rc;

	rc = check_path(r, err);
	if (!rc) {
		rc = interrupt_block();
		if (!rc)
			rc = interrupt_watch(&r->interrupt);
		if (rc)
			mt_err_set(err, rc, "cannot watch for signals: %s", strerror(-rc));
	}
	if (!rc)
		rc = mt_loop_start(err);
	if (!rc)
		rc = mt_conn_open(&r->conn, uri, err);
	if (!rc)
		rc = mt_domain_info(r->conn, name, &r->domain, err);
	if (rc)
		return rc;
	r->inbox = mt_inbox_new();
	if (!r->inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_conn_subscribe(r->conn, r->domain.uuid, mt_inbox_post, r->inbox);
	if (rc < 0)
		return mt_err_set(err, rc, "cannot watch %s: %s", r->domain.name, strerror(-rc));
	rc = mt_domain_info(r->conn, r->domain.uuid, &r->domain, err);
	if (!rc)
		rc = check_state(r, err);
	return rc ? rc : open_recorder(r, err);
}

static int conclude(struct record *r, enum ending ending, struct mt_err *err)
{
	struct mt_err close_err = { 0 };

	if (!r->measured && !r->samples && ending != ENDING_DONE) {
		discard(r);
		if (ending == ENDING_INTERRUPTED) {
			cmd_warn("interrupted before anything was recorded");
			return CMD_INTERRUPTED;
		}
		return cmd_fail(err);
	}
	if (mt_recorder_close(r->recorder, &close_err))
		return cmd_fail(&close_err);
	if (ending == ENDING_FAILED)
		cmd_fail(err);
	if (!r->measured || r->samples)
		fprintf(stderr, "%s: %u pass%s of a migration%s; see migtrace report\n", r->path, r->passes,
			r->passes == 1 ? "" : "es", ending == ENDING_INTERRUPTED ? ", which goes on" : "");
	else
		fprintf(stderr, "%s: %u window%s%s; see migtrace report\n", r->path, r->measured,
			r->measured == 1 ? "" : "s", ending == ENDING_INTERRUPTED ? ", interrupted" : "");
	return ending == ENDING_FAILED ? CMD_FAILED : CMD_OK;
}

static int run(struct record *r, const char *uri, const char *name)
{
	enum ending ending;
	struct mt_err err = { 0 };

	r->interrupt = (struct interrupt){ .notify = on_interrupt, .opaque = r };
	if (prepare(r, uri, name, &err))
		return cmd_fail(&err);
	ending = r->domain.migrating_out ? follow(r, &err) : profile(r, &err);
	return conclude(r, ending, &err);
}

static int check_options(const struct command_usage *usage, struct record *r)
{
	if (!r->path)
		return options_error(usage, "-o FILE is needed: where to record");
	if (!*r->path)
		return options_error(usage, "-o needs a file name");
	if (r->duration_ms < MT_MS_PER_S || r->duration_ms > DURATION_MAX_MS)
		return options_error(usage, "--duration is 1s to 1h: QEMU measures whole seconds");
	if (r->interval_ms < INTERVAL_MIN_MS || r->interval_ms > INTERVAL_MAX_MS)
		return options_error(usage, "--interval is 10ms to 10s");
	r->automatic = !strcmp(r->mode_name, "auto");
	if (!r->automatic && mt_dirtyrate_mode_parse(r->mode_name, &r->mode))
		return options_error(usage, "--mode %s is unknown: auto, page-sampling, dirty-bitmap or dirty-ring",
				     r->mode_name);
	return OPTIONS_RUN;
}

int cmd_record(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct record r = {
		.mode_name = "auto",
		.duration_ms = DURATION_DEFAULT_MS,
		.interval_ms = INTERVAL_DEFAULT_MS,
	};
	const struct option_row rows[] = {
		{ "output", 'o', OPTION_STRING, "FILE", "where to record; must not exist", &r.path },
		{ "force", 0, OPTION_FLAG, NULL, "replace FILE", &r.force },
		{ "duration", 0, OPTION_DURATION_MS, "DURATION", "profile for so long (default 10s)",
		  &r.duration_ms },
		{ "interval", 0, OPTION_DURATION_MS, "DURATION", "look at a migration this often (default 250ms)",
		  &r.interval_ms },
		{ "mode", 0, OPTION_STRING, "MODE", "auto (default), page-sampling, dirty-bitmap or dirty-ring",
		  &r.mode_name },
	};
	const struct command_usage usage = {
		.name = "record",
		.synopsis = "DOMAIN -o FILE",
		.min_args = 1,
		.max_args = 1,
		.description = "Records a guest into FILE. One that migrates is followed to the end of its migration, and\n"
			       "left alone. One that does not is profiled: QEMU measures its dirty rate over a few windows of\n"
			       "different length. Ctrl-C ends the recording, never the migration.",
		.examples = "  migtrace record web1 -o web1.mtrec\n"
			    "  migtrace record db1 -o db1.mtrec --duration 60s --mode page-sampling\n",
		.uses = OPTIONS_CONNECT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status == OPTIONS_RUN)
		status = check_options(&usage, &r);
	return status == OPTIONS_RUN ? run(&r, common.uri, args.v[0]) : status;
}
