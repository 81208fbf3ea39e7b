// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_guests.c - guests whose writes can be played
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/campaign/campaign.h"
#include "cli/cmd.h"
#include "cli/recording_load.h"
#include "research/check/check.h"
#include "sim/trace_from.h"
#include "store/recorded.h"
#include "store/runs.h"
#include "working_set.h"

/* Larger ones take minutes each to play, and tell nothing else. */
#define MEMORY_MAX_BYTES	(1ULL << 30)
/* Of a guest that is only a pattern, besides what that writes to. Inferred. */
#define OTHER_BYTES		(32ULL << 20)
/* Of a trace that has less nothing can be learned and then told. */
#define LENGTH_MIN_S		15.0

static struct ws_guest *add(struct ws_guests *g)
{
	struct ws_guest *more = reallocarray(g->v, g->n + 1, sizeof(*more));

	if (!more)
		return NULL;
	g->v = more;
	memset(&g->v[g->n], 0, sizeof(g->v[g->n]));
	return &g->v[g->n++];
}

static int no_memory(struct mt_err *err)
{
	return mt_err_set(err, -ENOMEM, "out of memory");
}

/* --- a campaign ---------------------------------------------------------------- */
static const struct campaign_workload *workload_of(const struct campaign_spec *spec,
						   const char *name)
{
	for (size_t i = 0; i < spec->n_workloads; i++)
		if (!strcmp(spec->workloads[i].name, name))
			return &spec->workloads[i];
	return NULL;
}

static int by_profile(struct ws_guest *guest, const char *dir, const struct mt_run *run,
		      struct mt_err *err)
{
	struct check c = { .dir = dir };
	struct mt_recording *rec;
	int rc = check_recording(&rec, &c, run->profile, err);

	if (rc)
		return rc;
	if (isfinite(run->nonzero_bytes))
		guest->resident_bytes = (uint64_t)run->nonzero_bytes;
	rc = mt_trace_from_recording(&guest->trace, rec, guest->memory_bytes, 1, err);
	mt_recording_free(rec);
	return rc;
}

static int trace_of(struct ws_guest *guest, const char *dir, const struct mt_run *run,
		    const struct campaign_spec *spec, struct mt_err *err)
{
	const struct campaign_workload *w = workload_of(spec, run->workload);
	mt_autofree char *words = NULL;

	if (!w)
		return mt_err_set(err, -ENOENT, "workload %s is not in its spec.ini",
				  run->workload);
	if (strcmp(w->image, "mem"))
		return by_profile(guest, dir, run, err);
	if (asprintf(&words, "%s tables=yes at=%s", w->command_line, CHECK_GUEST_AT) < 0)
		return no_memory(err);
	return mt_trace_pattern(&guest->trace, words, err);
}

/* Whether it is one of a guest and workload that were there before, or too large. */
static bool is_known(const struct ws_guests *g, size_t from, const struct mt_run *run)
{
	if (!(run->memory_bytes <= MEMORY_MAX_BYTES))
		return true;
	for (size_t i = from; i < g->n; i++)
		if (!strcmp(g->v[i].name, run->workload))
			return true;
	return false;
}

static int add_run(struct ws_guests *g, const char *dir, const struct mt_run *run,
		   const struct campaign_spec *spec, struct mt_err *err)
{
	struct ws_guest *guest = add(g);
	int rc;

	if (!guest)
		return no_memory(err);
	snprintf(guest->name, sizeof(guest->name), "%s", run->workload);
	snprintf(guest->where, sizeof(guest->where), "%s", run->where);
	guest->memory_bytes = (uint64_t)run->memory_bytes + CHECK_FIRMWARE_BYTES;
	guest->bandwidth_bytes_per_s = run->bandwidth_bytes_per_s;
	rc = trace_of(guest, dir, run, spec, err);
	if (rc)
		g->n--;
	if (rc == -ENODATA) {
		cmd_warn("%s: %s: its profile has no writes: left out", dir, run->workload);
		err->code = rc = 0;
	}
	return rc;
}

static void on_spec_error(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

static int load_campaign(struct ws_guests *g, const char *dir, struct mt_err *err)
{
	mt_autofree char *path = NULL;
	struct campaign_spec spec = { 0 };
	struct mt_runs runs = { 0 };
	size_t from = g->n;
	int rc;

	if (asprintf(&path, "%s/spec.ini", dir) < 0)
		return no_memory(err);
	if (access(path, R_OK))
		return mt_err_set(err, -errno,
				  "cannot read %s: %s; a campaign's directory has one", path,
				  strerror(errno));
	rc = campaign_spec_load(&spec, path, false, on_spec_error);
	if (rc)
		rc = mt_err_set(err, rc, "%s is not understood", path);
	else
		rc = mt_runs_load(&runs, dir, err);
	for (size_t i = 0; i < runs.n && !rc; i++)
		if (!is_known(g, from, &runs.v[i]))
			rc = add_run(g, dir, &runs.v[i], &spec, err);
	campaign_spec_fini(&spec);
	mt_runs_free(&runs);
	return rc;
}

/* --- one guest ------------------------------------------------------------------- */
static int load_recording(struct ws_guests *g, const char *path, struct mt_err *err)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct ws_guest *guest = add(g);
	struct mt_recorded_guest told;
	struct mt_recording *rec;
	int rc = guest ? recording_load(&rec, path, err) : no_memory(err);

	if (rc) {
		g->n -= guest != NULL;
		return rc;
	}
	mt_recorded_guest(&told, rec);
	guest->memory_bytes = (uint64_t)told.memory_bytes;
	snprintf(guest->name, sizeof(guest->name), "%.*s", (int)strcspn(name, "."), name);
	snprintf(guest->where, sizeof(guest->where), "%s", rec->header.tool);
	rc = mt_trace_from_recording(&guest->trace, rec, guest->memory_bytes, 1, err);
	mt_recording_free(rec);
	if (rc)
		g->n--;
	else if (guest->memory_bytes < guest->trace.pages * MT_TRACE_PAGE_BYTES)
		guest->memory_bytes = guest->trace.pages * MT_TRACE_PAGE_BYTES;
	return rc;
}

static int load_pattern(struct ws_guests *g, const char *words, struct mt_err *err)
{
	struct ws_guest *guest = add(g);
	int rc = guest ? mt_trace_pattern(&guest->trace, words, err) : no_memory(err);

	if (rc) {
		g->n -= guest != NULL;
		return rc;
	}
	snprintf(guest->name, sizeof(guest->name), "%s", words);
	snprintf(guest->where, sizeof(guest->where), "pattern");
	guest->memory_bytes = guest->trace.pages * MT_TRACE_PAGE_BYTES + OTHER_BYTES;
	return 0;
}

static int load(struct ws_guests *g, const char *arg, struct mt_err *err)
{
	struct stat st;

	if (mt_trace_is_pattern(arg))
		return load_pattern(g, arg, err);
	if (!stat(arg, &st) && S_ISDIR(st.st_mode))
		return load_campaign(g, arg, err);
	return load_recording(g, arg, err);
}

/* What a trace is too short for. */
static void leave_out_short(struct ws_guests *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++) {
		struct ws_guest *guest = &g->v[i];

		if (guest->trace.length_s > 0 && guest->trace.length_s < LENGTH_MIN_S) {
			cmd_warn("%s: %.0f s of pages are too few, %.0f are enough: left out",
				 guest->name, guest->trace.length_s, LENGTH_MIN_S);
			mt_trace_fini(&guest->trace);
			continue;
		}
		g->v[n++] = *guest;
	}
	g->n = n;
}

int ws_guests_load(struct ws_guests *g, char **args, size_t n)
{
	*g = (struct ws_guests){ 0 };
	for (size_t i = 0; i < n; i++) {
		struct mt_err err = { 0 };

		if (load(g, args[i], &err))
			return cmd_fail(&err);
	}
	leave_out_short(g);
	if (g->n)
		return CMD_OK;
	cmd_warn("no guest whose writes can be played");
	return CMD_FAILED;
}

void ws_guests_fini(struct ws_guests *g)
{
	for (size_t i = 0; i < g->n; i++)
		mt_trace_fini(&g->v[i].trace);
	free(g->v);
}
