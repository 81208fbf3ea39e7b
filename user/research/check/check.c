// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check.c - the migrations of a campaign, each played again, and how far off that was
 *
 * A run of a campaign is played with the pattern that its guest was told to write (spec.ini), or,
 * for guests that run programs, over a trace fitted to its profile. What libvirt did before QEMU
 * began is no part of it. A run that was given up is played until then: of it the traffic can be
 * compared.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "sim/trace_from.h"
#include "check.h"

/* --- one run ------------------------------------------------------------------ */
/* QEMU's default where the run does not say. */
#define OR_DEFAULT(field, value) \
	do { \
		if ((value) > 0) \
			(field) = (typeof(field))(value); \
	} while (0)

static void set_method(struct mt_sim_params *p, const struct mt_method_options *o)
{
	p->method.flip_after_passes = o->flip_after_passes;
	if (p->method.channels)
		OR_DEFAULT(p->method.channels, o->channels);
	OR_DEFAULT(p->throttle_initial_percent, o->throttle_initial_percent);
	OR_DEFAULT(p->throttle_increment_percent, o->throttle_increment_percent);
	OR_DEFAULT(p->xbzrle_cache_bytes, o->xbzrle_cache_bytes);
}

/* Return: false: it has not what is needed. */
static bool params_of(struct mt_sim_params *p, const struct mt_run *run)
{
	const struct mt_method_row *method = mt_method_at(run->method);
	bool gave_up = run->outcome == MT_OUTCOME_ABORTED;

	if (!method || !isfinite(run->memory_bytes) || !isfinite(run->total_ms) ||
	    !isfinite(run->prepare_ms) || !isfinite(run->transferred_bytes))
		return false;
	p->method = *method;
	set_method(p, &run->options);
	p->memory_bytes = (uint64_t)run->memory_bytes + CHECK_FIRMWARE_BYTES;
	p->log = !strcmp(run->type, "kvm") && !strcmp(run->logging, "bitmap") ? MT_SIM_LOG_BITMAP :
										MT_SIM_LOG_RING;
	/* The campaign sets both. */
	p->bandwidth_bytes_per_s = p->postcopy_bandwidth_bytes_per_s = run->bandwidth_bytes_per_s;
	if (isfinite(run->link_bytes_per_s))
		p->host.link_bytes_per_s = run->link_bytes_per_s * CHECK_PAYLOAD_SHARE;
	p->downtime_limit_ms = run->downtime_limit_ms;
	p->cap_ms = gave_up ? run->total_ms - run->prepare_ms : CHECK_CAP_MS;
	p->abort_passes = 0;
	p->look_ms = 0;
	return p->cap_ms > 0;
}

static int fitted_trace(struct mt_trace *t, const struct check *c, const struct mt_run *run,
			struct mt_sim_params *p, struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = check_recording(&rec, c, run->profile, err);

	if (rc)
		return rc;
	if (isfinite(run->nonzero_bytes))
		p->resident_bytes = (uint64_t)run->nonzero_bytes;
	rc = mt_trace_from_recording(t, rec, p->memory_bytes, 1, err);
	mt_recording_free(rec);
	return rc;
}

static const struct campaign_workload *workload_of(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->spec.n_workloads; i++)
		if (!strcmp(c->spec.workloads[i].name, name))
			return &c->spec.workloads[i];
	return NULL;
}

static int trace_of(struct mt_trace *t, const struct check *c, const struct mt_run *run,
		    struct mt_sim_params *p, struct mt_err *err)
{
	const struct campaign_workload *w = workload_of(c, run->workload);
	mt_autofree char *words = NULL;

	if (!w)
		return mt_err_set(err, -ENOENT, "workload %s is not in its spec.ini",
				  run->workload);
	if (c->profiled || strcmp(w->image, "mem"))
		return fitted_trace(t, c, run, p, err);
	if (asprintf(&words, "%s tables=yes at=%s", w->command_line, CHECK_GUEST_AT) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (strstr(w->command_line, "pattern=phases"))
		return check_phases(t, words, c, run->recording, p, err);
	return mt_trace_pattern(t, words, err);
}

static void compare(struct check_row *row, const struct mt_run *run, const struct mt_sim_result *r)
{
	*row = (struct check_row){
		.run = run,
		.end = r->end,
		.done = run->outcome == MT_OUTCOME_COMPLETED,
		.wrong = run->converged != (r->end == MT_SIM_CONVERGED),
		.total_ms = run->total_ms - run->prepare_ms, .sim_total_ms = r->total_ms,
		.sim_sent_bytes = (double)r->transferred_bytes, .sim_downtime_ms = r->downtime_ms,
		.sim_felt_ms = r->stall_ms,
		.sim_passes = (double)r->passes, .sim_requests = (double)r->faults,
	};
}

static int set_pace(struct mt_sim_params *p, const struct check *c, const struct mt_run *run,
		    struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = p->method.compression ? check_recording(&rec, c, run->recording, err) : 0;

	if (rc || !p->method.compression)
		return rc;
	check_pace(p, rec);
	mt_recording_free(rec);
	return 0;
}

/* Return: 1 and a row; 0: the run tells nothing; -errno. */
static int play(struct check *c, const struct mt_run *run, const struct check_options *o,
		struct check_row *row, struct mt_err *err)
{
	struct mt_sim_params p = o->params;
	struct mt_sim_result r;
	struct mt_trace t;
	int rc;

	if (run->outcome != MT_OUTCOME_COMPLETED && run->outcome != MT_OUTCOME_ABORTED)
		return 0;
	if (o->xen && run->method != MT_METHOD_PRECOPY)
		return 0;
	if (!params_of(&p, run))
		return 0;
	rc = set_pace(&p, c, run, err);
	if (rc)
		return rc;
	rc = trace_of(&t, c, run, &p, err);
	if (rc == -ENODATA)
		return 0;
	if (rc)
		return rc;
	rc = mt_sim_check(&p, err);
	if (!rc)
		rc = o->xen ? check_xen(c, run, &p, &t) : mt_sim_run(&p, &t, NULL, &r);
	mt_trace_fini(&t);
	if (rc)
		return mt_err_set(err, rc, "run %u: %s", run->run, strerror(-rc));
	if (o->xen)
		return 0;
	compare(row, run, &r);
	return 1;
}

/* --- all of them ---------------------------------------------------------------- */
static int add(struct check *c, const struct check_row *row, struct mt_err *err)
{
	struct check_row *more = reallocarray(c->rows, c->n_rows + 1, sizeof(*more));

	if (!more)
		return mt_err_set(err, -ENOMEM, "out of memory");
	c->rows = more;
	c->rows[c->n_rows++] = *row;
	return 0;
}

static int play_all(struct check *c, const struct check_options *o, struct mt_err *err)
{
	int rc = mt_runs_load(&c->runs, c->dir, err);

	for (size_t i = 0; i < c->runs.n && !rc; i++) {
		struct check_row row;

		rc = play(c, &c->runs.v[i], o, &row, err);
		if (rc == 1)
			rc = add(c, &row, err);
	}
	if (!rc && !c->n_rows && !c->n_xen)
		rc = mt_err_set(err, -ENODATA,
				"%s/runs.jsonl has no migration that could be compared", c->dir);
	return rc;
}

static void on_spec_error(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

/* What its guests were told to do. */
static int load_spec(struct check *c, struct mt_err *err)
{
	mt_autofree char *path = NULL;
	int rc;

	if (asprintf(&path, "%s/spec.ini", c->dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (access(path, R_OK))
		return mt_err_set(
			err, -errno,
			"cannot read %s: %s; a directory of `migtrace-research campaign` has one",
			path, strerror(errno));
	rc = campaign_spec_load(&c->spec, path, false, on_spec_error);
	return rc ? mt_err_set(err, rc, "%s is not understood", path) : 0;
}

static int print(const struct check *c, const struct check_options *o, enum mt_format format)
{
	if (o->xen)
		return (o->runs ? check_print_xen_runs : check_print_xen)(c, format);
	return (o->runs ? check_print_runs : check_print)(c, format);
}

int check_campaign(const char *dir, const struct check_options *o, enum mt_format format)
{
	struct check c = { .dir = dir, .profiled = o->profiled };
	struct mt_err err = { 0 };
	int rc = load_spec(&c, &err);

	if (!rc)
		rc = play_all(&c, o, &err);
	if (!rc)
		rc = print(&c, o, format);
	campaign_spec_fini(&c.spec);
	mt_runs_free(&c.runs);
	free(c.rows);
	free(c.xen);
	if (err.code)
		return cmd_fail(&err);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc ? CMD_FAILED : CMD_OK;
}
