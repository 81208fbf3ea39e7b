// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_tournament.c - a tournament's plan, and what its lines come to
 */
#include <errno.h>
#include <sys/stat.h>

#include "migtrace/tournament/tournament.h"
#include "ktap.h"
#include "scratch.h"

static char errors[2048];

static void on_error(const char *line, void *opaque)
{
	size_t used = strlen(errors);

	snprintf(errors + used, sizeof(errors) - used, "%s\n", line);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static int load(struct tournament *t, const char *text)
{
	struct mt_err err = { 0 };
	int rc;

	*t = (struct tournament){ .campaign = CAMPAIGN_INIT };
	errors[0] = '\0';
	write_file("spec", text);
	rc = tournament_spec_load(&t->spec, in_dir("spec"), on_error);
	return rc ? rc : tournament_plan(t, &err);
}

/* --- plans ------------------------------------------------------------------------ */
#define TESTBED \
	"[campaign]\nwhere = here\nup = true\nstart = true\nstop = true\nlink = true\nwatch = true\n" \
	"runs_per_start = 5\n[guest g]\ntype = qemu\nmemory = 64MiB\n[guest h]\ntype = qemu\nmemory = 128MiB\n" \
	"[workload a]\nimage = mem\ncommand_line = rate=0\n[workload b]\nimage = mem\n" \
	"[policy late]\npolicy = timeout\ntimeout = 20s\n[policy never]\npolicy = timeout\ntimeout = none\n"

static void plan_of_a_testbed(void)
{
	struct tournament t;
	const struct campaign_plan *p = &t.campaign.plan;
	unsigned late = 0, never = 0, flips = 0, rounds[2] = { 0 };

	CHECK_INT(load(&t, TESTBED
			   "[runs r]\nguests = g h\nworkloads = a b\npolicies = late predict\n"
			   "bandwidths = 10MiB/s\nmax_downtimes = 200ms 900ms\ndeadline = 30s\nrepeat = 2\n"
			   "[runs s]\nguests = g\nworkloads = a\npolicies = late never\n"
			   "bandwidths = 10MiB/s\nmax_downtimes = 200ms\npostcopy = yes\n"), 0);
	CHECK_STR(errors, "");
	CHECK_INT(p->n_runs, 2 * 2 * 2 * 2 * 2 + 2);
	CHECK_INT(p->n_starts, 3 * 2 + 2);	/* eight each of three, ten of the fourth */
	for (size_t i = 0; i < p->n_runs; i++) {
		const struct campaign_method *m = p->runs[i].method;
		uint64_t timeout_ms = mt_params_get(&m->steer.params, "timeout");

		CHECK_INT(p->runs[i].number, i + 1);
		CHECK_INT(p->runs[i].limit_ms, 300);
		flips += m->steer.postcopy_allowed;
		if (!strcmp(m->label, "never")) {
			never++;
			CHECK_STR(m->policy->name, "timeout");
			CHECK(timeout_ms == MT_LIMIT_NONE);
			CHECK(m->steer.deadline_ms == MT_LIMIT_NONE && !m->cap_ms);
		} else if (!strcmp(m->label, "late")) {
			late++;
			CHECK_INT(timeout_ms, 20000);
		} else {
			CHECK_STR(m->policy->name, "predict");
			CHECK_INT(m->steer.deadline_ms, 30000);
			CHECK_INT(campaign_cap_ms(&t.campaign.spec, &p->runs[i], 1ULL << 40),
				  33000);
			rounds[p->runs[i].round]++;
		}
	}
	CHECK_INT(late, 17);
	CHECK_INT(never, 1);
	CHECK_INT(flips, 2);
	CHECK_INT(rounds[0], 8);
	CHECK_INT(rounds[1], 8);
	tournament_fini(&t);
}

/* A round for each recording, and hindsight as one more who takes part. */
static void plan_of_recordings(void)
{
	struct tournament t;
	const struct campaign_plan *p = &t.campaign.plan;
	unsigned hindsight = 0;

	CHECK_INT(load(&t, "[recordings]\ndir = tests/golden/recordings\n"
			   "[workload a]\nrecordings = i*.mtrec zipf.mtrec\n[workload b]\nrecordings = stop.mtrec\n[runs r]\nworkloads = a b\npolicies = qemu ihm\nmax_downtimes = 1s\n"),
		  0);
	CHECK_INT(t.files[0].n, 3);	/* idle, ihm, zipf */
	CHECK_INT(p->n_runs, (3 + 1) * 3);
	for (size_t i = 0; i < p->n_runs; i++) {
		CHECK(p->runs[i].round < 3);
		hindsight += tournament_is_hindsight(&p->runs[i]);
	}
	CHECK_INT(hindsight, 4);
	tournament_fini(&t);
}

static void refused(void)
{
	struct tournament t;

	CHECK_INT(load(&t, TESTBED "[runs r]\nguests = g\nworkloads = a\npolicies = late best\n"
			   "bandwidths = 10MiB/s\nmax_downtimes = 200ms\n"), -EINVAL);
	CHECK(strstr(errors, "unknown policy \"best\"; there are qemu, "));
	CHECK(!strchr(strchr(errors, '\n') + 1, '\n'));	/* one line */
}

/* --- results ------------------------------------------------------------------------ */
#define LINE(run, workload, policy, outcome, total, pause, more) \
	"{\"run\":" #run ",\"guest\":\"g\",\"workload\":\"" workload "\"," \
	"\"policy\":\"" policy "\"," \
	"\"postcopy_allowed\":true,\"max_downtime_ms\":500,\"deadline_ms\":9000," \
	"\"outcome\":\"" outcome "\"," \
	"\"total_ms\":" #total ",\"downtime_ms\":" #pause more "}\n"

static const struct tournament_row *row_of(const struct tournament_results *r,
					   const char *workload, const char *policy)
{
	for (size_t i = 0; i < r->n_rows; i++)
		if (!strcmp(r->rows[i].of.workload, workload) &&
		    !strcmp(r->rows[i].policy, policy))
			return &r->rows[i];
	return NULL;
}

static void results(void)
{
	static const char lines[] =
		LINE(1, "w", "slow", "completed", 4000, 20, ",\"work_before_per_s\":80")
		LINE(2, "w", "quick", "completed", 2000, 300,
		     ",\"work_before_per_s\":120,\"work_during_per_s\":75.0,\"verified\":\"ok\"")
		LINE(3, "w", "broken", "completed", 1000, 10, ",\"verified\":\"fail\"")
		LINE(4, "w", "gave-up", "aborted", 3000, 0, "")
		LINE(5, "w", "too-long", "completed", 9001, 10, "")
		LINE(6, "w", "quick", "completed", 3000, 501, "")
		LINE(7, "v", "slow", "completed", 100, 10, "");
	const struct score_weights none = { 0 };
	struct tournament_results r;
	struct mt_err err = { 0 };
	const struct tournament_row *row;

	mkdir(in_dir("out"), 0700);
	write_file("out/runs.jsonl", lines);
	CHECK_INT(tournament_results_load(&r, in_dir("out"), &none, &err), 0);
	CHECK_INT(r.n_rows, 6 + 5);
	CHECK_INT(r.n_all, 5);
	CHECK_STR(r.rows[0].of.workload, "v");
	CHECK_STR(r.rows[1].policy, "slow");	/* met once of once */
	CHECK_STR(r.rows[2].policy, "quick");	/* once of twice */
	row = row_of(&r, "w", "quick");
	CHECK_INT(row->score.n, 2);
	CHECK_INT(row->score.n_met, 1);
	CHECK_INT(row->score.n_possible, 2);
	CHECK_NEAR(row->score.regret.p50, 0, 0);
	/* 75 of the usual 100 */
	CHECK_NEAR(row->score.slowdown.p50, 0.25, 1e-12);
	CHECK_NEAR(row_of(&r, "w", "slow")->score.regret.p50, 1, 1e-12);
	CHECK_INT(row_of(&r, "w", "broken")->score.n_met, 0);
	CHECK_INT(row_of(&r, "w", "gave-up")->score.n_met, 0);
	CHECK(isnan(row_of(&r, "w", "gave-up")->score.total_ms.p50));
	CHECK_INT(row_of(&r, "w", "too-long")->score.n_met, 0);
	CHECK_NEAR(row_of(&r, "w", "too-long")->score.total_ms.p50, 9001, 0);
	row = row_of(&r, "all", "slow");
	CHECK_INT(row->score.n, 2);
	CHECK_NEAR(row->score.regret.p50, 0.5, 1e-12);
	tournament_results_free(&r);
}

static const struct ktap_case cases[] = {
	{ "a plan: everything under everything, with its limits", plan_of_a_testbed },
	{ "a plan: a round for each recording", plan_of_recordings },
	{ "an unknown policy is refused, with those that there are", refused },
	{ "results: who met what, and what it cost", results },
};

int main(void)
{
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
