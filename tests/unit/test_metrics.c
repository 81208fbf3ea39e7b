// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_metrics.c - the daemon's status as metrics: what is there, in both formats, whoever named it
 */
#include <jansson.h>

#include "base/cleanup.h"
#include "migtraced/listener.h"
#include "migtraced/metrics.h"
#include "migtraced/totals.h"
#include "ktap.h"

static const char status_text[] =
	"{\"version\": \"1.2\", \"uptime_s\": 7, \"libvirt\": {\"connected\": true}, \"acts\": false,"
	"\"log_lost\": 3, \"stuck\": [{}],"
	"\"supervised\": [{\"domain\": \"we\\\"b\\\\1\\n\", \"uuid\": \"u1\", \"policy\": \"predict\","
	"  \"mode\": \"act\", \"status\": \"active\", \"verdict\": \"converges\", \"action\": \"none\","
	"  \"total_ms\": 1500, \"iteration\": 3, \"remaining_bytes\": 4096, \"bandwidth_bytes_per_s\": null,"
	"  \"forecast\": {\"ends_probability\": 0.97, \"total_ms\": {\"p10\": 1000, \"p50\": 2000, \"p90\": null},"
	"  \"downtime_ms\": null, \"stop_now_ms\": 300}}],"
	"\"finished\": [{\"domain\": \"a\", \"uuid\": \"u2\", \"outcome\": \"completed\", \"total_ms\": 9000,"
	"  \"downtime_ms\": 80, \"ended_wall_ms\": 1764000000500},"
	"  {\"domain\": \"a\", \"uuid\": \"u2\", \"outcome\": \"aborted\", \"total_ms\": 1}]}";

static char *write_it(json_t *status, enum metrics_format format)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	metrics_write(status, format, f);
	fclose(f);
	return text;
}

static bool has(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at && (at == text || at[-1] == '\n');
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = strstr(text, what); at; at = strstr(at + 1, what))
		n++;
	return n;
}

static void add(struct totals *t, const char *outcome, double total_ms, double downtime_ms)
{
	json_t *o = json_pack("{s:s, s:f, s:f, s:i, s:b}", "outcome", outcome, "total_ms", total_ms,
			      "downtime_ms", downtime_ms, "actions_done", 2, "given_back", 1);

	totals_add(t, o);
	json_decref(o);
}

static json_t *make(void)
{
	json_t *status = json_loads(status_text, 0, NULL);
	struct totals t = { .outcome = { 0 } };

	add(&t, "completed", 9000, 80);
	add(&t, "completed", 1e9, 1e6);
	add(&t, "aborted", 1, 1);
	totals_add(&t, NULL);
	json_object_set_new(status, "totals", totals_json(&t));
	return status;
}

static void open_metrics(void)
{
	json_t *status = make();
	mt_autofree char *text = write_it(status, METRICS_OPEN);

	json_decref(status);
	CHECK(has(text, "# TYPE migtrace_build info\n"));
	CHECK(has(text, "# UNIT migtrace_uptime_seconds seconds\n"));
	CHECK(has(text, "migtrace_uptime_seconds 7\n"));
	CHECK(has(text, "migtrace_libvirt_connected 1\n"));
	CHECK(has(text, "# TYPE migtrace_log_lines_lost counter\n"));
	CHECK(has(text, "migtrace_log_lines_lost_total 3\n"));
	CHECK(has(text, "migtrace_calls_stuck 1\n"));
	CHECK(has(text, "migtrace_actions_total 6\n"));
	CHECK(has(text, "migtrace_migrations_total{outcome=\"completed\"} 2\n"));
	CHECK(has(text, "migtrace_migrations_total{outcome=\"aborted\"} 1\n"));
	/* Of those that completed, each within its bound and all above it. */
	CHECK(has(text, "migtrace_migration_total_seconds_bucket{le=\"5.0\"} 0\n"));
	CHECK(has(text, "migtrace_migration_total_seconds_bucket{le=\"10.0\"} 1\n"));
	CHECK(has(text, "migtrace_migration_total_seconds_bucket{le=\"+Inf\"} 2\n"));
	CHECK(has(text, "migtrace_migration_downtime_seconds_bucket{le=\"0.1\"} 1\n"));
	CHECK(has(text, "migtrace_migration_downtime_seconds_sum 1000.08\n"));
	CHECK(!strcmp(text + strlen(text) - 6, "# EOF\n"));
}

/* What is not known has no row; a tenant's name stays within its quotes and its line. */
static void guests(void)
{
	json_t *status = make();
	mt_autofree char *text = write_it(status, METRICS_OPEN);

	json_decref(status);
	CHECK(has(text, "migtrace_migration_elapsed_seconds{domain=\"we\\\"b\\\\1?\",uuid=\"u1\"} 1.5\n"));
	CHECK(!strstr(text, "\nmigtrace_migration_bandwidth_bytes_per_second{"));
	CHECK(strstr(text, "uuid=\"u1\",percentile=\"10\"} 1\n"));
	CHECK(strstr(text, "uuid=\"u1\",percentile=\"50\"} 2\n"));
	CHECK(!strstr(text, "percentile=\"90\""));
	CHECK(!strstr(text, "migtrace_migration_forecast_pause_seconds{"));
	/* The newest of a guest. */
	CHECK(has(text, "migtrace_last_migration_downtime_seconds{domain=\"a\",uuid=\"u2\"} 0.08\n"));
	CHECK_INT(count(text, "\nmigtrace_last_migration_info{"), 1);
	CHECK(strstr(text, "outcome=\"completed\"} 1\n"));
	CHECK_INT(count(text, "\nmigtrace_last_migration_total_seconds{"), 1);
}

static void older_format(void)
{
	json_t *status = make();
	mt_autofree char *text = write_it(status, METRICS_PROMETHEUS);

	json_decref(status);
	CHECK(has(text, "# TYPE migtrace_build_info gauge\n"));
	CHECK(has(text, "# TYPE migtrace_log_lines_lost_total counter\n"));
	CHECK(!strstr(text, "# UNIT") && !strstr(text, "# EOF"));
}

static void many(void)
{
	json_t *status = make(), *all = json_object_get(status, "supervised");
	mt_autofree char *text = NULL;

	for (int i = 0; i < 3000; i++) {
		char uuid[16];

		snprintf(uuid, sizeof(uuid), "u%d", i);
		json_array_append_new(all, json_pack("{s:s, s:s, s:i}", "domain", "d", "uuid",
						     uuid, "iteration", 1));
	}
	text = write_it(status, METRICS_OPEN);
	json_decref(status);
	CHECK_INT(count(text, "\nmigtrace_migration_passes{"), METRICS_GUESTS_MAX);
}

/* A guest's next migration begins while the one before is being settled; the newest is first. */
static void twice(void)
{
	json_t *status = make(), *all = json_object_get(status, "supervised");
	mt_autofree char *text = NULL;

	json_array_append_new(all, json_pack("{s:s, s:s, s:i}", "domain", "we\"b\\1\n", "uuid",
					     "u1", "iteration", 17));
	text = write_it(status, METRICS_OPEN);
	json_decref(status);
	CHECK_INT(count(text, "\nmigtrace_migration_passes{"), 1);
	CHECK(strstr(text, "uuid=\"u1\"} 3\n"));
	CHECK_INT(count(text, "\nmigtrace_migration_info{"), 1);
	CHECK(has(text, "migtrace_migrations_supervised 2\n"));
}

/* A status of nothing, and of nonsense. */
static void nothing(void)
{
	static const char *const texts[] = {
		"{}", "{\"totals\": 3, \"supervised\": {}, \"finished\": [[], 1, {\"uuid\": 5}]}",
		"{\"totals\": {\"total_s\": {\"le\": [1], \"count\": [1]}}, \"supervised\": [null]}",
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(texts); i++) {
		json_t *status = json_loads(texts[i], 0, NULL);
		mt_autofree char *text = write_it(status, METRICS_OPEN);

		json_decref(status);
		CHECK(has(text, "migtrace_build_info{version=\"\"} 1\n"));
	}
}

static void addresses(void)
{
	static const struct {
		const char *address;
		bool good;
	} rows[] = {
		{ "127.0.0.1:9187", true }, { "[::1]:1", true }, { "/run/x.sock", true },
		{ "", false }, { "127.0.0.1", false }, { "127.0.0.1:", false },
		{ "127.0.0.1:0", false }, { "127.0.0.1:65536", false }, { "0.0.0.0:80", false },
		{ "[::]:80", false }, { "127.0.0.1:80x", false }, { "localhost:80", false },
		{ "192.168.1.1:80", false }, { "127.0.0.1: 80", false }, { "run/x.sock", false },
	};
	const struct listener tcp = { .fd = -1 }, path = { .path.bound = true };

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		CHECK_INT(listener_is_address(rows[i].address), rows[i].good);
	CHECK(listener_is_host(&tcp, "localhost:9187") && listener_is_host(&tcp, "LOCALHOST"));
	CHECK(listener_is_host(&tcp, "127.0.0.1:1") && listener_is_host(&tcp, "[::1]"));
	CHECK(!listener_is_host(&tcp, NULL) && !listener_is_host(&tcp, "localhost.evil.example"));
	CHECK(!listener_is_host(&tcp, "127.0.0.1.evil.example:9187"));
	CHECK(listener_is_host(&path, NULL) && listener_is_host(&path, "whatever"));
}

static const struct ktap_case cases[] = {
	{ "OpenMetrics has the daemon and all migrations", open_metrics },
	{ "a migration has rows of what is known of it", guests },
	{ "Prometheus' older format", older_format },
	{ "rows of guests are bounded", many },
	{ "a guest has one row of each, however many migrations", twice },
	{ "a status of nothing, and of nonsense", nothing },
	{ "where the web may be, and who may be asked for", addresses },
};

int main(void)
{
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
