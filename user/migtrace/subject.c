// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * subject.c - whose migration is forecast: what a recording tells, or the operator assumes
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <migtrace/units.h>

#include "base/utf8.h"
#include "recording_load.h"
#include "subject.h"

/* S_new is the slope from the first second to at most this. */
#define S_NEW_UP_TO_S	10.0

/* An assumed U(T) is drawn at these. */
static const double drawn_s[] = { 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 10, 20, 60 };

bool subject_is_file(const char *name)
{
	static const char *const endings[] = { MT_RECORD_SUFFIX, ".json", ".part" };
	size_t len = strlen(name);

	for (size_t i = 0; i < MT_ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strcmp(name + len - n, endings[i]))
			return true;
	}
	return strchr(name, '/') != NULL;
}

static int override(struct subject *s, const struct subject_options *o, struct mt_err *err)
{
	struct mt_recorded_guest *g = &s->guest;

	if (o->memory_bytes)
		g->memory_bytes = (double)o->memory_bytes;
	if (o->resident_bytes)
		g->resident_bytes = (double)o->resident_bytes;
	if (!(g->memory_bytes > 0))
		return mt_err_set(err, -ENODATA, "%s: nothing says how much memory the guest has; say --memory SIZE", s->name);
	if (g->resident_bytes > g->memory_bytes)
		g->resident_bytes = g->memory_bytes;
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static int take_dirtying(struct subject *s, const struct mt_recording *rec, struct mt_err *err)
{
	if (mt_recorded_dirtying(&s->dirtying, rec, true, s->guest.memory_bytes))
		mt_recorded_passes(&s->dirtying, rec, UINT64_MAX);
	if (s->dirtying.origin == MT_DIRTYING_NONE)
		return mt_err_set(err, -ENODATA, "%s tells neither of a profile nor of a finished pass of a migration: nothing is known of what the guest dirties",
				  rec->path);
	return 0;
}

int subject_load(struct subject *s, const char *path, const struct subject_options *o, struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = recording_load(&rec, path, err);

	if (rc)
		return rc;
	*s = (struct subject){ 0 };
	snprintf(s->name, sizeof(s->name), "%s", rec->header.domain ? rec->header.domain : base_name(path));
	mt_recorded_guest(&s->guest, rec);
	if (s->guest.source)
		snprintf(s->source, sizeof(s->source), "%s, %s", s->guest.source, s->guest.mode);
	mt_utf8_scrub(s->name);
	mt_utf8_scrub(s->source);
	s->guest.source = s->guest.mode = NULL;		/* the recording's, which goes */
	rc = override(s, o, err);
	if (!rc)
		rc = take_dirtying(s, rec, err);
	mt_recording_free(rec);
	return rc;
}

/* Uniform writes at the rate of the first second: W (1 - (1 - r/W)^T). */
static double assumed_bytes(double rate_bytes_per_s, double set_bytes, double t)
{
	return rate_bytes_per_s < set_bytes ? set_bytes * -expm1(t * log1p(-rate_bytes_per_s / set_bytes)) :
		fmin(rate_bytes_per_s * t, set_bytes);
}

int subject_assume(struct subject *s, const struct subject_options *o, struct mt_err *err)
{
	double set = (double)(o->working_set_bytes ? o->working_set_bytes : o->memory_bytes), off = 1.2816 * MT_DIRTYING_SPREAD;
	int rc;

	*s = (struct subject){ .name = "assumed", .assumed = true, .guest.cpu_share = NAN };
	rc = override(s, o, err);
	if (rc)
		return rc;
	if (set > s->guest.memory_bytes)
		return mt_err_set(err, -EINVAL, "--working-set is more than --memory");
	mt_dirtying_begin(&s->dirtying, MT_DIRTYING_COARSE, s->guest.memory_bytes);
	for (size_t i = 0; i < MT_ARRAY_SIZE(drawn_s); i++) {
		double mean = assumed_bytes((double)o->dirty_rate_bytes_per_s, set, drawn_s[i]);

		mt_dirtying_point(&s->dirtying, drawn_s[i], 1, (const double[4]){ mean, mean * (1 - off), mean, mean * (1 + off) });
	}
	s->dirtying.cap_bytes = set;
	s->dirtying.cap_known = o->working_set_bytes > 0;
	return 0;
}

struct mt_forecast_input subject_input(const struct subject *s)
{
	return (struct mt_forecast_input){
		.dirtying = &s->dirtying,
		.memory_bytes = s->guest.memory_bytes,
		.resident_bytes = s->guest.resident_bytes,
		.cpu_share = s->guest.cpu_share,
		.bandwidth_bytes_per_s = s->guest.bandwidth_bytes_per_s,
		.downtime_limit_ms = s->guest.downtime_limit_ms,
	};
}

/* --- its figures -------------------------------------------------------- */
const char *subject_origin(const struct subject *s)
{
	return s->assumed ? "assumed" : mt_dirtying_origin_name(s->dirtying.origin);
}

unsigned subject_windows(const struct subject *s)
{
	switch (s->assumed ? MT_DIRTYING_NONE : s->dirtying.origin) {
	case MT_DIRTYING_KERNEL:
		return s->guest.windows;
	case MT_DIRTYING_COARSE:
		return s->guest.calculations;
	case MT_DIRTYING_ITERATIONS:
		return s->guest.passes;
	default:
		return 0;
	}
}

double subject_s_bytes(const struct subject *s)
{
	return mt_dirtying_at(&s->dirtying, 1);
}

double subject_s_new_bytes_per_s(const struct subject *s)
{
	double seen_s = s->dirtying.n ? fmin(s->dirtying.points[s->dirtying.n - 1].window_s, S_NEW_UP_TO_S) : 0;

	if (seen_s <= 1)
		return NAN;
	return (mt_dirtying_at(&s->dirtying, seen_s) - subject_s_bytes(s)) / (seen_s - 1);
}

double subject_mw_bytes(const struct subject *s)
{
	return s->dirtying.cap_known ? s->dirtying.cap_bytes : NAN;
}

/* --- for people ----------------------------------------------------------- */
static void show_guest(const struct subject *s, FILE *out)
{
	const struct mt_recorded_guest *g = &s->guest;
	char memory[MT_UNIT_STR], resident[MT_UNIT_STR];

	fprintf(out, "%s: %s of memory, ", s->name, mt_format_size_bytes(memory, g->memory_bytes));
	if (g->resident_bytes > 0)
		fprintf(out, "%s of it not empty", mt_format_size_bytes(resident, g->resident_bytes));
	else
		fprintf(out, "how much of it is empty is not known: none");
	if (g->vcpus > 0 && isfinite(g->cpu_share))
		fprintf(out, "; %.0f vCPU%s, %.0f %% busy", g->vcpus, g->vcpus > 1 ? "s" : "", g->cpu_share * 100);
	fputc('\n', out);
}

static const char *or_unknown(char *buf, double v, const char *(*format)(char *buf, double v))
{
	return isfinite(v) ? format(buf, v) : "not known";
}

static void show_dirtying(const struct subject *s, FILE *out)
{
	static const char *const from[MT_DIRTYING_ORIGIN_COUNT] = {
		[MT_DIRTYING_KERNEL] = "as the kernel logs it",
		[MT_DIRTYING_COARSE] = "coarse, by QEMU's own calculations",
		[MT_DIRTYING_ITERATIONS] = "from the passes of a migration",
	};
	char s_text[MT_UNIT_STR], s_new[MT_UNIT_STR], mw[MT_UNIT_STR], tenth[MT_UNIT_STR];
	unsigned windows = subject_windows(s);

	if (s->assumed)
		fprintf(out, "U(T): assumed, uniform writes");
	else
		fprintf(out, "U(T): %s%s%s%s; %u window%s", from[s->dirtying.origin], *s->source ? " (" : "", s->source,
			*s->source ? ")" : "", windows, windows == 1 ? "" : "s");
	fprintf(out, "\n      %s in 100 ms, S %s in a second, S_new %s after it, M_w %s\n",
		mt_format_size_bytes(tenth, mt_dirtying_at(&s->dirtying, 0.1)), mt_format_size_bytes(s_text, subject_s_bytes(s)),
		or_unknown(s_new, subject_s_new_bytes_per_s(s), mt_format_rate_bytes_per_s),
		or_unknown(mw, subject_mw_bytes(s), mt_format_size_bytes));
}

void subject_show(const struct subject *s, FILE *out)
{
	show_guest(s, out);
	show_dirtying(s, out);
}
