// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * boundary.c - how fast a decision follows QEMU's iteration boundary
 *
 *	boundary CONNECT DOMAIN DESTURI BANDWIDTH_MIB ITERATIONS RECORDING
 *
 * Migrates DOMAIN (one that does not converge) with a policy that sets a low
 * downtime limit, always the same, at each boundary, so that each boundary costs
 * what a real decision costs, and cancels after ITERATIONS. Prints one JSON
 * object: microseconds from QEMU's stamp of the sync until libvirt has answered,
 * and the CPU time of the whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/quantile.h"
#include "base/units.h"
#include "steer/migrate.h"
#include "steer/supervise.h"

/*
 * So low that a guest writing over 13 MiB never meets it; with QEMU's 300 ms it would end with the
 * first pass.
 */
#define LIMIT_MS	10

static volatile int cancel;
static uint64_t wanted;

static void bench_step(void *priv, const struct mt_view *view, uint64_t now_ms,
		       struct mt_plan *plan)
{
	if (!view->boundary)
		return;
	plan->action = MT_ACTION_SET_DOWNTIME;
	plan->downtime_limit_ms = LIMIT_MS;
	snprintf(plan->reason, sizeof(plan->reason), "benchmark");
	if (view->iterations->total >= wanted)
		cancel = 1;
}

static const struct mt_policy bench_policy = { .name = "bench", .help = "", .step = bench_step };

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6 + u.ru_stime.tv_sec +
	       u.ru_stime.tv_usec / 1e6;
}

static int die(const struct mt_err *err)
{
	fprintf(stderr, "boundary: %s\n", err->msg);
	return 1;
}

static int print(const char *path, double wall_s, double used_s)
{
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	double *us;
	size_t n = 0;

	if (mt_recording_load(&rec, path, &err))
		return die(&err);
	us = calloc(rec->n_entries + 1, sizeof(*us));
	if (!us)
		return 1;
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type == MT_ENTRY_DECISION &&
		    e->decision.plan.action == MT_ACTION_SET_DOWNTIME && e->decision.latency_ns)
			us[n++] = e->decision.latency_ns / 1e3;
	}
	mt_sort(us, n);
	if (!n) {
		fprintf(stderr, "boundary: no iteration was seen\n");
		return 1;
	}
	printf("{\"iterations\":%zu,\"boundary_to_command_median_us\":%.0f,\"boundary_to_command_p90_us\":%.0f,"
	       "\"boundary_to_command_p99_us\":%.0f,\"boundary_to_command_max_us\":%.0f,"
	       "\"supervised_s\":%.1f,\"cpu_s_per_supervised_min\":%.3f}\n",
	       n, us[n / 2], us[n * 9 / 10], us[n * 99 / 100], us[n - 1], wall_s,
	       used_s / wall_s * 60);
	free(us);
	mt_recording_free(rec);
	return 0;
}

int main(int argc, char **argv)
{
	const char *destinations[] = { NULL, NULL };
	struct mt_migrate_options how = { 0 };
	struct mt_limits limits = MT_LIMITS_UNSET;
	struct mt_supervise_result result;
	struct mt_domain_info domain;
	struct mt_migrate *running;
	struct mt_recorder *recorder;
	struct mt_inbox *inbox;
	struct mt_err err = { 0 };
	struct mt_conn *conn;
	double begin_cpu;
	uint64_t begin;

	if (argc != 7) {
		fprintf(stderr, "usage: boundary CONNECT DOMAIN DESTURI BANDWIDTH_MIB ITERATIONS RECORDING\n");
		return 2;
	}
	/* Each boundary is measured, however near the one before. */
	limits.command_every_ms = 0;
	how.destination_uri = destinations[0] = argv[3];
	how.bandwidth_bytes_per_s = strtoull(argv[4], NULL, 10) * MT_MIB;
	wanted = strtoull(argv[5], NULL, 10);
	inbox = mt_inbox_new();
	if (!inbox || mt_loop_start(&err) || mt_conn_open(&conn, argv[1], &err) ||
	    mt_domain_find(conn, argv[2], &domain, &err) ||
	    mt_migrate_check(conn, domain.uuid, &how, &err))
		return die(&err);
	if (mt_conn_subscribe(conn, domain.uuid, mt_inbox_post, inbox) < 0 ||
	    mt_recorder_open(&recorder, argv[6],
			     &(struct mt_record_header){ .schema = MT_RECORD_SCHEMA,
							 .domain = domain.name,
							 .uuid = domain.uuid,
							 .policy = "bench",
							 .mode = "supervise",
							 .start_t_ns = mt_now_ns(),
							 .start_wall_ms = mt_wall_us() / 1000 },
			     &err))
		return die(&err);
	begin = mt_now_ns();
	begin_cpu = cpu_s();
	if (mt_migrate_start(&running, conn, domain.uuid, &how, mt_inbox_post, inbox, &err) ||
	    mt_supervise(conn, inbox, domain.uuid,
			 &(struct mt_supervise_options){ .policy = &bench_policy,
							 .actuators = &mt_actuators_libvirt,
							 .recorder = recorder,
							 .limits = limits,
							 .destinations = destinations,
							 .ours = true,
							 .cancel = &cancel },
			 &result, &err))
		return die(&err);
	mt_migrate_free(running, 10000);
	if (mt_recorder_close(recorder, &err))
		return die(&err);
	return print(argv[6], (mt_now_ns() - begin) / 1e9, cpu_s() - begin_cpu);
}
