// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * simulate_check.c - the migrations of a campaign, each played again, and how far off that was
 *
 * A run of a campaign is played with the pattern that its guest was told to write (spec.ini), or, for guests
 * that run programs, over a trace fitted to its profile. What libvirt did before QEMU began is no
 * part of it. A run that was given up is played until then: of it the traffic can be compared.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "cmd.h"
#include "simulate_check.h"

/* --- one run ------------------------------------------------------------------ */
static double number(const json_t *run, const char *key)
{
	const json_t *v = json_object_get(run, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *text(const json_t *run, const char *key)
{
	const char *s = json_string_value(json_object_get(run, key));

	return s ? s : "";
}

static double parameter(const json_t *run, const char *key, double otherwise)
{
	double v = number(json_object_get(run, "parameters"), key);

	return isfinite(v) && v > 0 ? v : otherwise;
}

static void set_method(struct mt_sim_params *p, const json_t *run)
{
	p->method.flip_after_passes = (unsigned)parameter(run, "flip_after_passes", 0);
	if (p->method.channels)
		p->method.channels = (unsigned)parameter(run, "channels", p->method.channels);
	p->throttle_initial_percent = (unsigned)parameter(run, "throttle_initial_percent", p->throttle_initial_percent);
	p->throttle_increment_percent = (unsigned)parameter(run, "throttle_increment_percent", p->throttle_increment_percent);
	p->xbzrle_cache_bytes = (uint64_t)parameter(run, "xbzrle_cache_bytes", (double)p->xbzrle_cache_bytes);
}

/* Return: false: it has not what is needed. */
static bool params_of(struct mt_sim_params *p, const json_t *run)
{
	const struct mt_sim_method *method = mt_sim_method_find(text(run, "method"));
	bool gave_up = !strcmp(text(run, "outcome"), "aborted");

	if (!method || !isfinite(number(run, "memory_bytes")) || !isfinite(number(run, "total_ms")) ||
	    !isfinite(number(run, "prepare_ms")) || !isfinite(number(run, "transferred_bytes")))
		return false;
	p->method = *method;
	set_method(p, run);
	p->memory_bytes = (uint64_t)number(run, "memory_bytes") + CHECK_FIRMWARE_BYTES;
	p->log = !strcmp(text(run, "type"), "kvm") && !strcmp(text(run, "logging"), "bitmap") ?
		MT_SIM_LOG_BITMAP : MT_SIM_LOG_RING;
	/* The campaign sets both. */
	p->bandwidth_bytes_per_s = p->postcopy_bandwidth_bytes_per_s = number(run, "bandwidth_bytes_per_s");
	if (isfinite(number(run, "link_bytes_per_s")))
		p->host.link_bytes_per_s = number(run, "link_bytes_per_s") * CHECK_PAYLOAD_SHARE;
	p->downtime_limit_ms = number(run, "downtime_limit_ms");
	p->cap_ms = gave_up ? number(run, "total_ms") - number(run, "prepare_ms") : CHECK_CAP_MS;
	p->abort_passes = 0;
	p->look_ms = 0;
	return p->cap_ms > 0;
}

static int fitted_trace(struct mt_trace *t, const struct check *c, const json_t *run, struct mt_sim_params *p,
			struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = check_recording(&rec, c, text(run, "profile"), err);

	if (rc)
		return rc;
	if (isfinite(number(run, "nonzero_bytes")))
		p->resident_bytes = (uint64_t)number(run, "nonzero_bytes");
	rc = simulate_trace_recording(t, rec, p->memory_bytes, 1, err);
	mt_recording_free(rec);
	return rc;
}

static int trace_of(struct mt_trace *t, const struct check *c, const json_t *run, struct mt_sim_params *p,
		    struct mt_err *err)
{
	const struct check_workload *w = check_workload_find(c, text(run, "workload"));
	mt_autofree char *words = NULL;

	if (!w)
		return mt_err_set(err, -ENOENT, "workload %s is not in its spec.ini", text(run, "workload"));
	if (c->profiled || strcmp(w->image, "mem"))
		return fitted_trace(t, c, run, p, err);
	if (asprintf(&words, "%s tables=yes at=%s", w->command_line, CHECK_GUEST_AT) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (strstr(w->command_line, "pattern=phases"))
		return check_phases(t, words, c, text(run, "recording"), p, err);
	return mt_trace_pattern(t, words, err);
}

static void compare(struct check_row *row, const json_t *run, const struct mt_sim_result *r)
{
	double total_ms = number(run, "total_ms") - number(run, "prepare_ms");
	bool done = !strcmp(text(run, "outcome"), "completed"), converged = json_is_true(json_object_get(run, "converged"));

	*row = (struct check_row){
		.run = (unsigned)number(run, "run"),
		.workload = strdup(text(run, "workload")),
		.method = strdup(text(run, "method")),
		.busy_percent = number(run, "busy_percent"),
		.end = r->end,
		.done = done,
		.wrong = converged != (r->end == MT_SIM_CONVERGED),
		.total_ms = total_ms, .sim_total_ms = r->total_ms,
		.sent_bytes = number(run, "transferred_bytes"), .sim_sent_bytes = (double)r->transferred_bytes,
		.downtime_ms = number(run, "downtime_ms"), .sim_downtime_ms = r->downtime_ms,
		.felt_ms = number(run, "felt_ms"), .sim_felt_ms = r->stall_ms,
		.passes = number(run, "iterations"), .sim_passes = (double)r->passes,
		.requests = number(run, "postcopy_requests"), .sim_requests = (double)r->faults,
	};
}

static int set_pace(struct mt_sim_params *p, const struct check *c, const json_t *run, struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = p->method.compression ? check_recording(&rec, c, text(run, "recording"), err) : 0;

	if (rc || !p->method.compression)
		return rc;
	check_pace(p, rec);
	mt_recording_free(rec);
	return 0;
}

/* Return: 1 and a row; 0: the run tells nothing; -errno. */
static int play(struct check *c, const json_t *run, const struct simulate *q, struct check_row *row, struct mt_err *err)
{
	struct mt_sim_params p = q->params;
	struct mt_sim_result r;
	struct mt_trace t;
	int rc;

	if (strcmp(text(run, "outcome"), "completed") && strcmp(text(run, "outcome"), "aborted"))
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
		rc = mt_sim_run(&p, &t, NULL, &r);
	mt_trace_fini(&t);
	if (rc)
		return mt_err_set(err, rc, "run %u: %s", (unsigned)number(run, "run"), strerror(-rc));
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

static int play_all(struct check *c, const struct simulate *q, struct mt_err *err)
{
	mt_autofree char *path = NULL, *line = NULL;
	mt_autofclose FILE *f = NULL;
	size_t room = 0, n = 0;
	ssize_t len;

	if (asprintf(&path, "%s/runs.jsonl", c->dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	f = fopen(path, "re");
	if (!f)
		return mt_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	while ((len = getline(&line, &room, f)) > 0) {
		struct check_row row;
		json_t *run;
		int rc;

		n++;
		if (line[len - 1] != '\n')
			break;		/* it is being written */
		run = json_loadb(line, (size_t)len, MT_JSON_STRICT, NULL);
		if (!json_is_object(run)) {
			json_decref(run);
			return mt_err_set(err, -EBADMSG, "%s: line %zu is no run of a campaign", path, n);
		}
		rc = play(c, run, q, &row, err);
		json_decref(run);
		if (rc == 1)
			rc = add(c, &row, err);
		if (rc)
			return rc;
	}
	return c->n_rows ? 0 : mt_err_set(err, -ENODATA, "%s has no migration that could be compared", path);
}

int simulate_check(const char *dir, const struct simulate *q, enum mt_format format)
{
	struct check c = { .dir = dir, .profiled = q->profiled };
	struct mt_err err = { 0 };
	int rc = check_workloads(&c, &err);

	if (!rc)
		rc = play_all(&c, q, &err);
	if (!rc)
		rc = q->passes ? check_print_runs(&c, format) : check_print(&c, format);
	check_fini(&c);
	if (err.code)
		return cmd_fail(&err);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc ? CMD_FAILED : CMD_OK;
}
