// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * metrics.c - the daemon's status as OpenMetrics text
 */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "metrics.h"

struct sink {
	FILE *out;
	enum metrics_format format;
};

static const json_t *at(const json_t *o, const char *path)
{
	char key[64];

	while (o && *path) {
		size_t n = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		o = json_object_get(o, key);
		path += n + (path[n] == '.');
	}
	return o;
}

/* As it stands between a label's quotes. */
static void put_label(FILE *out, const char *name, const char *value)
{
	mt_autofree char *clean = mt_utf8_clean(value ? value : "");

	fprintf(out, "%s=\"", name);
	for (const char *c = clean ? clean : ""; *c; c++) {
		if (*c == '\\' || *c == '"')
			fputc('\\', out);
		fputc(*c, out);
	}
	fputc('"', out);
}

/*
 * Prometheus' older format names a family as its samples are called, and has no units and no infos.
 */
static void put_family(const struct sink *to, const char *name, const char *type,
		       const char *unit, const char *help)
{
	const char *suffix = to->format == METRICS_OPEN	 ? "" :
			     !strcmp(type, "counter") ? "_total" :
			     !strcmp(type, "info")    ? "_info" : "";

	if (to->format != METRICS_OPEN && !strcmp(type, "info"))
		type = "gauge";
	fprintf(to->out, "# TYPE %s%s %s\n", name, suffix, type);
	if (unit && to->format == METRICS_OPEN)
		fprintf(to->out, "# UNIT %s %s\n", name, unit);
	fprintf(to->out, "# HELP %s%s %s\n", name, suffix, help);
}

static void put_guest(FILE *out, const json_t *m)
{
	fputc('{', out);
	put_label(out, "domain", json_string_value(json_object_get(m, "domain")));
	fputc(',', out);
	put_label(out, "uuid", json_string_value(json_object_get(m, "uuid")));
}

/* A number, true or false; what else it may be has no value. */
static bool number(const json_t *v, double factor, double *value)
{
	if (!json_is_number(v) && !json_is_boolean(v))
		return false;
	*value = factor * (json_is_boolean(v) ? json_is_true(v) : json_number_value(v));
	return true;
}

/* --- of the daemon ------------------------------------------------------------------ */
static const struct {
	const char *name, *type, *unit, *path, *help;
} daemon_rows[] = {
	{ "migtrace_uptime_seconds", "gauge", "seconds", "uptime_s",
	  "How long the daemon has been running." },
	{ "migtrace_libvirt_connected", "gauge", NULL, "libvirt.connected",
	  "Whether libvirt is connected." },
	{ "migtrace_acts", "gauge", NULL, "acts",
	  "Whether there is a rule by which some guest would be acted upon." },
	{ "migtrace_log_lines_lost", "counter", NULL, "log_lost",
	  "Lines that nobody read in time." },
	{ "migtrace_actions", "counter", NULL, "totals.actions_done",
	  "Actions that were carried out on migrations that have ended." },
	{ "migtrace_actions_failed", "counter", NULL, "totals.actions_failed",
	  "Actions that failed." },
	{ "migtrace_guests_given_back", "counter", NULL, "totals.given_back",
	  "Guests that were stopped for their last pages and had to be given back." },
};

static const struct {
	const char *name, *list, *help;
} list_rows[] = {
	{ "migtrace_migrations_supervised", "supervised", "Migrations under way." },
	{ "migtrace_calls_stuck", "stuck", "Calls that libvirt, QEMU or a disk does not answer." },
};

static void put_daemon(const struct sink *to, const json_t *status)
{
	FILE *out = to->out;
	put_family(to, "migtrace_build", "info", NULL, "The version that runs.");
	fputs("migtrace_build_info{", out);
	put_label(out, "version", json_string_value(json_object_get(status, "version")));
	fputs("} 1\n", out);
	for (size_t i = 0; i < MT_ARRAY_SIZE(daemon_rows); i++) {
		bool counter = !strcmp(daemon_rows[i].type, "counter");
		double v;

		if (!number(at(status, daemon_rows[i].path), 1, &v))
			continue;
		put_family(to, daemon_rows[i].name, daemon_rows[i].type, daemon_rows[i].unit,
			   daemon_rows[i].help);
		fprintf(out, "%s%s %.15g\n", daemon_rows[i].name, counter ? "_total" : "", v);
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(list_rows); i++) {
		put_family(to, list_rows[i].name, "gauge", NULL, list_rows[i].help);
		fprintf(out, "%s %zu\n", list_rows[i].name,
			json_array_size(json_object_get(status, list_rows[i].list)));
	}
}

/* --- over all migrations ---------------------------------------------------------------- */
static void put_outcomes(const struct sink *to, const json_t *outcomes)
{
	FILE *out = to->out;
	const char *name;
	json_t *v;

	put_family(to, "migtrace_migrations", "counter", NULL,
		   "Migrations that have ended, by how they did.");
	json_object_foreach((json_t *)outcomes, name, v) {
		fputs("migtrace_migrations_total{", out);
		put_label(out, "outcome", name);
		fprintf(out, "} %" JSON_INTEGER_FORMAT "\n", json_integer_value(v));
	}
}

/*
 * The bound is a label, a text that has to be the same one everywhere: as OpenMetrics 1.0 writes
 * such numbers ("Canonical Numbers"), 5 is 5.0.
 */
static void put_bucket(FILE *out, const char *name, double le, json_int_t count)
{
	const bool whole = le == floor(le) && le < 1e6;

	fprintf(out, whole ? "%s_bucket{le=\"%.1f\"} %" JSON_INTEGER_FORMAT "\n" :
			     "%s_bucket{le=\"%g\"} %" JSON_INTEGER_FORMAT "\n", name, le, count);
}

static void put_histogram(const struct sink *to, const char *name, const json_t *h,
			  const char *help)
{
	FILE *out = to->out;
	const json_t *le = json_object_get(h, "le"), *count = json_object_get(h, "count");
	size_t n = json_array_size(le);

	if (json_array_size(count) != n + 1)
		return;
	put_family(to, name, "histogram", "seconds", help);
	for (size_t i = 0; i < n; i++)
		put_bucket(out, name, json_number_value(json_array_get(le, i)),
			   json_integer_value(json_array_get(count, i)));
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" JSON_INTEGER_FORMAT "\n", name,
		json_integer_value(json_array_get(count, n)));
	fprintf(out, "%s_count %" JSON_INTEGER_FORMAT "\n", name,
		json_integer_value(json_array_get(count, n)));
	fprintf(out, "%s_sum %.15g\n", name, json_number_value(json_object_get(h, "sum")));
}

/* --- of each migration ---------------------------------------------------------------------- */
struct row {
	const char *name, *unit, *path;
	double factor;
	const char *help;
};

static const struct row under_way[] = {
	{ "migtrace_migration_elapsed_seconds", "seconds", "total_ms", 1e-3,
	  "How long the migration has taken so far." },
	{ "migtrace_migration_passes", NULL, "iteration", 1, "Passes so far." },
	{ "migtrace_migration_remaining_bytes", "bytes", "remaining_bytes", 1,
	  "Memory still to be sent." },
	{ "migtrace_migration_bandwidth_bytes_per_second", "bytes_per_second",
	  "bandwidth_bytes_per_s", 1, "What goes out, by QEMU." },
	{ "migtrace_migration_dirty_pages_per_second", "pages_per_second", "dirty_pages_per_s", 1,
	  "What the guest dirties, by QEMU." },
	{ "migtrace_migration_forecast_ends_ratio", "ratio", "forecast.ends_probability", 1,
	  "Probability that QEMU's own rule ends it." },
	{ "migtrace_migration_stop_now_seconds", "seconds", "forecast.stop_now_ms", 1e-3,
	  "The pause if it were stopped now." },
	{ "migtrace_migration_recording_entries_dropped", NULL, "recording_dropped", 1,
	  "Entries that its recording lacks." },
};

static const struct row forecasts[] = {
	{ "migtrace_migration_forecast_total_seconds", "seconds", "forecast.total_ms", 1e-3,
	  "Its total time, if it ends by itself." },
	{ "migtrace_migration_forecast_pause_seconds", "seconds", "forecast.downtime_ms", 1e-3,
	  "The guest's pause." },
};

static const struct row ended[] = {
	{ "migtrace_last_migration_end_timestamp_seconds", "seconds", "ended_wall_ms", 1e-3,
	  "When the guest's last migration ended." },
	{ "migtrace_last_migration_total_seconds", "seconds", "total_ms", 1e-3,
	  "How long it took." },
	{ "migtrace_last_migration_downtime_seconds", "seconds", "downtime_ms", 1e-3,
	  "For how long the guest paused, by QEMU." },
};

static void put_rows(const struct sink *to, const struct row *rows, size_t n, const json_t *list)
{
	FILE *out = to->out;
	for (size_t i = 0; i < n; i++) {
		const json_t *m;
		size_t k;
		double v;

		put_family(to, rows[i].name, "gauge", rows[i].unit, rows[i].help);
		json_array_foreach((json_t *)list, k, m) {
			if (k == METRICS_GUESTS_MAX)
				break;
			if (!number(at(m, rows[i].path), rows[i].factor, &v))
				continue;
			fputs(rows[i].name, out);
			put_guest(out, m);
			fprintf(out, "} %.15g\n", v);
		}
	}
}

static void put_forecast(FILE *out, const struct row *row, const json_t *m)
{
	static const struct {
		const char *key, *percentile;
	} points[] = { { "p10", "10" }, { "p50", "50" }, { "p90", "90" } };
	double v;

	for (size_t q = 0; q < MT_ARRAY_SIZE(points); q++) {
		if (!number(json_object_get(at(m, row->path), points[q].key), row->factor, &v))
			continue;
		fputs(row->name, out);
		put_guest(out, m);
		fprintf(out, ",percentile=\"%s\"} %.15g\n", points[q].percentile, v);
	}
}

static void put_forecasts(const struct sink *to, const json_t *list)
{
	FILE *out = to->out;
	const json_t *m;
	size_t k;

	for (size_t i = 0; i < MT_ARRAY_SIZE(forecasts); i++) {
		put_family(to, forecasts[i].name, "gauge", forecasts[i].unit, forecasts[i].help);
		json_array_foreach((json_t *)list, k, m)
			if (k < METRICS_GUESTS_MAX)
				put_forecast(out, &forecasts[i], m);
	}
}

static void put_info(const struct sink *to, const char *name, const char *help, const json_t *list,
		     const char *const *labels)
{
	FILE *out = to->out;
	const json_t *m;
	size_t k;

	put_family(to, name, "info", NULL, help);
	json_array_foreach((json_t *)list, k, m) {
		if (k == METRICS_GUESTS_MAX)
			break;
		fprintf(out, "%s_info", name);
		put_guest(out, m);
		for (size_t i = 0; labels[i]; i++) {
			fputc(',', out);
			put_label(out, labels[i], json_string_value(json_object_get(m, labels[i])));
		}
		fputs("} 1\n", out);
	}
}

/*
 * The newest of each guest: they come newest first. A migration that is settled and the next one
 * of the same guest are both under way, and a series is to have one sample.
 */
static json_t *last_of_each(const json_t *migrations)
{
	json_t *all = json_array(), *seen = json_object();
	const json_t *m;
	size_t k;

	json_array_foreach((json_t *)migrations, k, m) {
		const char *uuid = json_string_value(json_object_get(m, "uuid"));

		if (!uuid || json_object_get(seen, uuid))
			continue;
		json_object_set_new(seen, uuid, json_true());
		json_array_append(all, (json_t *)m);
	}
	json_decref(seen);
	return all;
}

void metrics_write(const json_t *status, enum metrics_format format, FILE *out)
{
	const struct sink sink = { out, format }, *to = &sink;
	static const char *const of_running[] = { "policy", "mode", "status", "verdict", "action",
						  NULL };
	static const char *const of_ended[] = { "policy", "mode", "outcome", NULL };
	json_t *supervised = last_of_each(json_object_get(status, "supervised"));
	json_t *last = last_of_each(json_object_get(status, "finished"));

	put_daemon(to, status);
	put_outcomes(to, at(status, "totals.outcomes"));
	put_histogram(to, "migtrace_migration_total_seconds", at(status, "totals.total_s"),
		      "Total time of completed migrations.");
	put_histogram(to, "migtrace_migration_downtime_seconds", at(status, "totals.downtime_s"),
		      "Pauses of completed migrations, by QEMU.");
	put_info(to, "migtrace_migration", "A migration under way.", supervised, of_running);
	put_rows(to, under_way, MT_ARRAY_SIZE(under_way), supervised);
	put_forecasts(to, supervised);
	put_info(to, "migtrace_last_migration", "The last migration of a guest.", last, of_ended);
	put_rows(to, ended, MT_ARRAY_SIZE(ended), last);
	json_decref(supervised);
	json_decref(last);
	if (format == METRICS_OPEN)
		fputs("# EOF\n", out);
}
