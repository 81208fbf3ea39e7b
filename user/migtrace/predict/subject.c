// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * subject.c - whose migration is forecast: what a recording tells, or the operator assumes
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "cli/recording_load.h"
#include "subject.h"

/* S_new is the slope from the first second to at most this. */
#define S_NEW_UP_TO_S	10.0


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
		return mt_err_set(
			err, -ENODATA,
			"%s: nothing says how much memory the guest has; give --memory SIZE",
			s->name);
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
	if (mt_recorded_curve(&s->curve, rec, true, s->guest.memory_bytes))
		mt_recorded_passes(&s->curve, rec, UINT64_MAX);
	if (s->curve.origin == MT_UCURVE_NOTHING)
		return mt_err_set(
			err, -ENODATA,
			"%s has neither a profile nor a finished pass of a migration: nothing is known of what the guest dirties",
			rec->path);
	if (mt_recorded_seconds(&s->seconds, rec, true))
		mt_seconds_init(&s->seconds);
	return 0;
}

int subject_load(struct subject *s, const char *path, const struct subject_options *o,
		 struct mt_err *err)
{
	struct mt_recording *rec;
	int rc = recording_load(&rec, path, err);

	if (rc)
		return rc;
	*s = (struct subject){ 0 };
	snprintf(s->name, sizeof(s->name), "%s",
		 rec->header.domain ? rec->header.domain : base_name(path));
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

int subject_assume(struct subject *s, const struct subject_options *o, struct mt_err *err)
{
	double set = (double)(o->working_set_bytes ? o->working_set_bytes : o->memory_bytes);
	int rc;

	*s = (struct subject){ .name = "assumed", .assumed = true, .guest.cpu_share = NAN };
	rc = override(s, o, err);
	if (rc)
		return rc;
	if (set > s->guest.memory_bytes)
		return mt_err_set(err, -EINVAL, "--working-set is more than --memory");
	mt_ucurve_init(&s->curve, s->guest.memory_bytes);
	mt_ucurve_clears(&s->curve, o->ring ? 0 : MT_CLEAR_CHUNK_BYTES);
	mt_ucurve_assume(&s->curve, (double)o->dirty_rate_bytes_per_s,
			 (double)o->working_set_bytes);
	return 0;
}

struct mt_forecast_input subject_input(const struct subject *s)
{
	return (struct mt_forecast_input){
		.curve = &s->curve,
		.seconds = s->seconds.lengths ? &s->seconds : NULL,
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
	return s->assumed ? "assumed" : mt_ucurve_origin_name(s->curve.origin);
}

unsigned subject_windows(const struct subject *s)
{
	switch (s->assumed ? MT_UCURVE_NOTHING : s->curve.origin) {
	case MT_UCURVE_KERNEL:
		return s->guest.windows;
	case MT_UCURVE_COARSE:
		return s->guest.calculations;
	case MT_UCURVE_PASSES:
		return s->guest.passes;
	default:
		return 0;
	}
}

double subject_s_bytes(const struct subject *s)
{
	return mt_ucurve_at(&s->curve, 1);
}

double subject_s_new_bytes_per_s(const struct subject *s)
{
	double seen_s = fmin(s->curve.longest_s, S_NEW_UP_TO_S);

	if (seen_s <= 1)
		return NAN;
	return (mt_ucurve_at(&s->curve, seen_s) - subject_s_bytes(s)) / (seen_s - 1);
}

double subject_mw_bytes(const struct subject *s)
{
	return s->curve.union_bytes > 0 ? s->curve.union_bytes : NAN;
}

/* --- for people ----------------------------------------------------------- */
static void show_guest(const struct subject *s, FILE *out)
{
	const struct mt_recorded_guest *g = &s->guest;
	char memory[MT_UNIT_STR], resident[MT_UNIT_STR];

	fprintf(out, "%s: %s of memory, ", s->name, mt_format_size_bytes(memory, g->memory_bytes));
	if (g->resident_bytes > 0)
		fprintf(out, "%s of it not empty",
			mt_format_size_bytes(resident, g->resident_bytes));
	else
		fprintf(out, "how much of it is empty is not known: taken as none");
	if (g->vcpus > 0 && isfinite(g->cpu_share))
		fprintf(out, "; %.0f vCPU%s, %.0f %% busy", g->vcpus, g->vcpus > 1 ? "s" : "",
			g->cpu_share * 100);
	fputc('\n', out);
}

static const char *or_unknown(char *buf, double v, const char *(*format)(char *buf, double v))
{
	return isfinite(v) ? format(buf, v) : "not known";
}

static void show_dirtying(const struct subject *s, FILE *out)
{
	static const char *const from[MT_UCURVE_ORIGINS] = {
		[MT_UCURVE_KERNEL] = "as the kernel logs it",
		[MT_UCURVE_COARSE] = "coarse, by QEMU's own calculations",
		[MT_UCURVE_PASSES] = "from the passes of a migration",
	};
	char s_text[MT_UNIT_STR], s_new[MT_UNIT_STR], mw[MT_UNIT_STR], tenth[MT_UNIT_STR];
	unsigned windows = subject_windows(s);

	if (s->assumed)
		fprintf(out, "U(T): assumed, uniform writes");
	else
		fprintf(out, "U(T): %s%s%s%s; %u window%s", from[s->curve.origin],
			*s->source ? " (" : "", s->source, *s->source ? ")" : "", windows,
			windows == 1 ? "" : "s");
	fprintf(out, "\n      %s in 100 ms, S %s in a second, S_new %s after it, M_w %s\n",
		mt_format_size_bytes(tenth, mt_ucurve_at(&s->curve, 0.1)),
		mt_format_size_bytes(s_text, subject_s_bytes(s)),
		or_unknown(s_new, subject_s_new_bytes_per_s(s), mt_format_rate_bytes_per_s),
		or_unknown(mw, subject_mw_bytes(s), mt_format_size_bytes));
}

void subject_show(const struct subject *s, FILE *out)
{
	show_guest(s, out);
	show_dirtying(s, out);
}
