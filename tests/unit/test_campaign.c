// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_campaign.c - a campaign's specification, its plan, what is taken up again, and its commands
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/campaign/campaign.h"
#include "store/runs.h"
#include "ktap.h"
#include "scratch.h"

#define COMMANDS	"where = here\nup = true\nstart = true\nstop = true\nlink = true\nwatch = true\n"
#define PARTS \
	"[guest small]\ntype = kvm\nmemory = 64MiB\nlogging = ring\n" \
	"[guest large]\ntype = qemu\nmemory = 1GiB\n" \
	"[workload idle]\nimage = mem\n[workload busy]\nimage = mem\ncommand_line = rate=5 s=1\nverify = no\n" \
	"[method precopy]\nkind = precopy\n[method hybrid-2]\nkind = hybrid\nflip_after_passes = 2\n"
#define TABLE	"[runs a]\nguests = small large\nworkloads = idle\nmethods = precopy hybrid-2\n" \
		"bandwidths = 10MiB/s 20MiB/s 30MiB/s\ndowntime_limits = 100ms 1s\n"

static char errors[4096];		/* one a line, without the file's name */

static void on_error(const char *line, void *opaque)
{
	size_t used = strlen(errors), len = strlen(dir);

	if (!strncmp(line, dir, len))
		line += len + strlen("/spec");
	snprintf(errors + used, sizeof(errors) - used, "%s\n", line);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static int load(struct campaign_spec *s, const char *text)
{
	write_file("spec", text);
	errors[0] = '\0';
	return campaign_spec_load(s, in_dir("spec"), true, on_error);
}

/* --- the specification -------------------------------------------------------- */
static void good_spec(void)
{
	struct campaign_spec s;

	CHECK_INT(load(&s, "[campaign]\n" COMMANDS PARTS TABLE), 0);
	CHECK_STR(errors, "");
	CHECK_STR(s.where, "here");
	CHECK_STR(s.source, "auto");
	CHECK_INT(s.cap_ms, 8000);
	CHECK_INT(s.n_guests, 2);
	CHECK_STR(s.guests[0].logging, "ring");
	CHECK_STR(s.guests[1].logging, "bitmap");
	CHECK_INT(s.guests[1].memory_bytes, 1ll << 30);
	CHECK_STR(s.workloads[1].command_line, "rate=5 s=1");
	CHECK(s.workloads[0].verify && !s.workloads[1].verify);
	CHECK_INT(s.methods[1].kind, MT_METHOD_HYBRID);
	CHECK_INT(s.methods[1].flip_after_passes, 2);
	CHECK_INT(s.tables[0].bandwidths.n, 3);
	CHECK_INT(s.tables[0].bandwidths.v[2], 30 * MT_MIB);
	CHECK_INT(s.tables[0].limits.v[1], 1000);
	CHECK(!s.tables[0].all);
	CHECK_INT(s.delay_ms + s.loss_permille, 0);
	campaign_spec_fini(&s);
	CHECK_INT(load(&s, "[campaign]\n" COMMANDS "delay = 50ms\nloss_permille = 1\n" PARTS TABLE),
		  0);
	CHECK_INT(s.delay_ms, 50);
	CHECK_INT(s.loss_permille, 1);
	campaign_spec_fini(&s);
}

/* A list goes on in further lines. */
static void long_lists(void)
{
	struct campaign_spec s;

	CHECK_INT(load(&s,
		       "[campaign]\n" COMMANDS PARTS
		       "[runs a]\nguests = small\n\tlarge\nworkloads = idle\nmethods = precopy\n"
		       "  hybrid-2\n  precopy\nbandwidths = 10MiB/s\ndowntime_limits = 1s\n"),
		  0);
	CHECK_INT(s.tables[0].guests.n, 2);
	CHECK_STR(s.tables[0].methods.v[2], "precopy");
	campaign_spec_fini(&s);
}

static void bad_specs(void)
{
	static const struct {
		const char *text, *complaint;
	} cases[] = {
		{ "", "there is no [campaign]" },
		{ "[campaign]\n" COMMANDS PARTS, "nothing to do" },
		{ "where = here\n", ":1: where is outside" },
		{ "[campaign]\n" COMMANDS "colour = red\n",
		  ":8: unknown key colour in [campaign]" },
		{ "[campaign]\n" COMMANDS "seed = 1\nseed = 2\n", ":9: seed was given already" },
		{ "[campaign]\n" COMMANDS "seed = x\n", ":8: " },
		{ "[campaign]\n" COMMANDS "pause = 300\n", ":8: " },
		{ "[campaign]\n" COMMANDS "profile = 0ms\n", ":8: profile 0ms is out of range" },
		{ "[campaign]\n" COMMANDS "delay = 50\n", ":8: " },
		{ "[campaign]\n" COMMANDS "delay = 2s\n", ":8: delay 2s is out of range" },
		{ "[campaign]\n" COMMANDS "loss_permille = 501\n",
		  ":8: loss_permille: \"501\" is more than 500" },
		{ "[campaign]\n" COMMANDS "source = perf\n",
		  "accepted are auto, kmod, bpf, libvirt" },
		{ "[campaign]\n" COMMANDS "rubbish\n", ":8: neither" },
		{ "[campaign]\nwhere = here\n", ":1: [campaign] needs up" },
		{ "[campaign x]\n", "[campaign] has no name" },
		{ "[campaign]\n" COMMANDS "[campaign]\n", ":8: [campaign] was there already" },
		{ "[guest]\n", ":1: [guest NAME] needs a name" },
		{ "[guest a/b]\n", ":1: [guest NAME] needs a name" },
		{ "[guest a]\ntype = kvm\nmemory = 64MiB\n[guest a]\n",
		  ":4: [guest a] was there already" },
		{ "[guest a]\ntype = xen\n", ":2: type = xen: accepted are kvm, qemu" },
		{ "[guest a]\ntype = kvm\n", ":1: [guest a] needs memory" },
		{ "[guest a]\n[guest b]\n", ":1: [guest a] needs type" },
		{ "[guests a]\n", ":1: unknown section [guests a]" },
		{ "[guest a\n", ":1: '[' without ']'" },
		{ "[campaign]\n" COMMANDS PARTS TABLE
		  "[runs b]\nguests = small\nworkloads = none\nmethods = precopy\n"
		  "bandwidths = 1MiB/s\ndowntime_limits = 1s\n",
		  "[runs b]: there is no [workload none]" },
		{ "[campaign]\n" COMMANDS PARTS TABLE "[method h]\nkind = hybrid\n",
		  "flip_after_passes is needed" },
		{ "[campaign]\n" COMMANDS PARTS TABLE "[method m]\nkind = multifd\n",
		  "channels is needed" },
		{ "[campaign]\n" COMMANDS PARTS TABLE "[method m]\nkind = precopy\nchannels = 2\n",
		  "channels is for kind = multifd" },
		{ "[campaign]\n" COMMANDS PARTS TABLE
		  "[guest t]\ntype = qemu\nmemory = 64MiB\nlogging = ring\n",
		  "rings are KVM's" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct campaign_spec s;

		CHECK_INT(load(&s, cases[i].text), -EINVAL);
		if (!strstr(errors, cases[i].complaint))
			printf("# case %zu: \"%s\" is not in: %s", i, cases[i].complaint, errors);
		CHECK(strstr(errors, cases[i].complaint));
	}
}

static void no_spec(void)
{
	struct campaign_spec s;

	errors[0] = '\0';
	CHECK_INT(campaign_spec_load(&s, in_dir("absent"), true, on_error), -ENOENT);
	CHECK(strstr(errors, "cannot be read"));
}

/* --- the plan -------------------------------------------------------------------- */
static void plan_draws(void)
{
	struct campaign_spec s;
	struct campaign_plan p;

	CHECK_INT(load(&s, "[campaign]\n" COMMANDS PARTS TABLE "repeat = 3\n"), 0);
	CHECK_INT(campaign_plan_make(&p, &s), 0);
	CHECK_INT(p.n_starts, 2);
	CHECK_INT(p.n_runs, 2 * 2 * 3);
	for (size_t i = 0, n = 0; i < p.n_starts; i++) {
		unsigned of[2] = { 0 }, seen[6] = { 0 };

		CHECK_STR(p.starts[i].workload->name, "idle");
		CHECK_INT(p.starts[i].n_runs, 6);
		for (size_t k = 0; k < 6; k++, n++) {
			const struct campaign_run *r = &p.starts[i].runs[k];

			CHECK_INT(r->number, n + 1);
			CHECK(!r->done);
			of[r->method->kind == MT_METHOD_HYBRID]++;
			seen[r->bandwidth_bytes_per_s / MT_MIB / 10 - 1 +
			     3 * (r->limit_ms == 1000)]++;
		}
		CHECK_INT(of[0], 3);
		CHECK_INT(of[1], 3);
		/* Six draws from six pairs: each comes once. */
		for (int k = 0; k < 6; k++)
			CHECK_INT(seen[k], 1);
	}
	campaign_plan_fini(&p);
	campaign_spec_fini(&s);
}

static void plan_all(void)
{
	struct campaign_spec s;
	struct campaign_plan p;

	CHECK_INT(load(&s, "[campaign]\n" COMMANDS "runs_per_start = 5\n" PARTS TABLE
			   "combine = all\n"),
		  0);
	CHECK_INT(campaign_plan_make(&p, &s), 0);
	CHECK_INT(p.n_runs, 2 * 2 * 6);
	CHECK_INT(p.n_starts, 2 * 3);	/* twelve runs a pair, in three starts */
	for (size_t i = 0; i < p.n_starts; i++)
		CHECK_INT(p.starts[i].n_runs, 4);
	campaign_plan_fini(&p);
	campaign_spec_fini(&s);
}

/* What identifies a run, in order. */
static void fingerprint(char *text, size_t size, const char *seed)
{
	char spec[2048];
	struct campaign_spec s;
	struct campaign_plan p;
	size_t used = 0;

	*text = '\0';
	snprintf(spec, sizeof(spec),
		 "[campaign]\n" COMMANDS "seed = %s\n" PARTS TABLE "repeat = 4\n", seed);
	if (load(&s, spec) || campaign_plan_make(&p, &s))
		return;
	for (size_t i = 0; i < p.n_starts; i++)
		for (size_t k = 0; k < p.starts[i].n_runs && used < size; k++)
			used += (size_t)snprintf(
				text + used, size - used, "%s %s %" PRIu64 " %" PRIu64 "\n",
				p.starts[i].guest->name, p.starts[i].runs[k].method->name,
				p.starts[i].runs[k].bandwidth_bytes_per_s,
				p.starts[i].runs[k].limit_ms);
	campaign_plan_fini(&p);
	campaign_spec_fini(&s);
}

static void plan_is_the_same_again(void)
{
	char a[4096], b[4096], c[4096];

	fingerprint(a, sizeof(a), "7");
	fingerprint(b, sizeof(b), "7");
	fingerprint(c, sizeof(c), "8");
	CHECK(strlen(a) > 100);
	CHECK_STR(b, a);
	CHECK(strcmp(a, c));
}

static void caps(void)
{
	struct campaign_spec s = { .cap_ms = 8000, .cap_passes = 3, .link_permille = 945 };
	struct campaign_method own = { .cap_ms = 20000 }, plain = { 0 };
	struct campaign_run run = { .method = &plain, .bandwidth_bytes_per_s = 10 * MT_MIB };

	CHECK_INT(campaign_cap_ms(&s, &run, 20 * MT_MIB), 8000 + 3 * 2000);
	run.method = &own;
	CHECK_INT(campaign_cap_ms(&s, &run, 20 * MT_MIB), 20000 + 3 * 2000);
	run.bandwidth_bytes_per_s = 945;
	CHECK_INT(campaign_link_bytes_per_s(&s, &run), 1000);
}

/* What is shipped can be read, and is what its pages say of it. */
static void shipped(void)
{
	static const struct {
		const char *path;
		size_t runs, workloads;
	} specs[] = {
		{ "tests/data/campaign/machine.ini", 360, 12 },
		{ "tests/data/campaign/lab.ini", 160, 12 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(specs); i++) {
		size_t of[MT_METHOD_COUNT] = { 0 };
		struct campaign_spec s;
		struct campaign_plan p;

		errors[0] = '\0';
		CHECK_INT(campaign_spec_load(&s, specs[i].path, true, on_error), 0);
		CHECK_INT(campaign_plan_make(&p, &s), 0);
		CHECK(p.n_runs >= specs[i].runs);
		CHECK(s.n_workloads >= specs[i].workloads);
		for (size_t k = 0; k < p.n_runs; k++)
			of[p.runs[k].method->kind]++;
		for (int k = 0; k < MT_METHOD_COUNT; k++)
			/* libvirt 9.0, on which they were made, cannot compress by zstd. */
			CHECK(k == MT_METHOD_ZSTD || of[k] >= 25);
		CHECK(of[MT_METHOD_PRECOPY] >= 0.45 * p.n_runs);
		campaign_plan_fini(&p);
		campaign_spec_fini(&s);
	}
}

/* --- what was done ------------------------------------------------------------------ */
static struct campaign_spec spec;
static struct campaign_plan plan;

static int take_up(struct campaign_state *st, const char *name, struct mt_err *err)
{
	memset(err, 0, sizeof(*err));
	for (size_t i = 0; i < plan.n_runs; i++)
		plan.runs[i].done = false;
	return campaign_state_open(st, in_dir(name), in_dir("spec"), &plan, err);
}

static unsigned done(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < plan.n_runs; i++)
		n += plan.runs[i].done;
	return n;
}

static int add(struct campaign_state *st, int run)
{
	struct mt_err err = { 0 };
	char line[64];

	snprintf(line, sizeof(line), "{\"run\":%d,\"outcome\":\"completed\"}", run);
	return campaign_state_add(st, line, &err);
}

static void append(const char *name, const char *text)
{
	FILE *f = fopen(in_dir(name), "a");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

static void goes_on(void)
{
	struct campaign_state st, other;
	struct mt_err err;

	CHECK_INT(take_up(&st, "out", &err), 0);
	CHECK_INT(done(), 0);
	CHECK_INT(add(&st, 2), 0);
	CHECK_INT(add(&st, 4), 0);
	/* Two at once would make each migration twice. */
	CHECK_INT(take_up(&other, "out", &err), -EBUSY);
	campaign_state_close(&other);
	campaign_state_close(&st);

	/* Killed in the middle of a line, and of another one that looks whole. */
	append("out/runs.jsonl", "{\"run\":5,\"outco");
	CHECK_INT(take_up(&st, "out", &err), 0);
	CHECK_INT(done(), 2);
	CHECK(plan.runs[1].done && plan.runs[3].done);
	CHECK_INT(add(&st, 5), 0);
	campaign_state_close(&st);
	append("out/runs.jsonl", "{\"run\":1}");
	CHECK_INT(take_up(&st, "out", &err), 0);
	CHECK_INT(done(), 3);
	campaign_state_close(&st);
	CHECK_INT(take_up(&st, "out", &err), 0);
	CHECK_INT(done(), 3);
	campaign_state_close(&st);
}

static void refuses(void)
{
	static const char *const lines[] = {
		"{\"run\":1}\n{\"run\":1}\n",
		"{\"run\":0}\n",
		"{\"run\":1000}\n",
		"{}\n",
		"run 1\n",
		"\n",
	};
	static const char *const others[] = {
		"",
		"[campaign]\n# another\n" COMMANDS PARTS TABLE,
		"[campaign]\n" COMMANDS PARTS TABLE "# more\n",
		"[campaign]\n" COMMANDS PARTS,
	};
	struct campaign_state st;
	struct mt_err err;

	write_file("spec", "[campaign]\n" COMMANDS PARTS TABLE);
	for (size_t i = 0; i < MT_ARRAY_SIZE(lines); i++) {
		CHECK_INT(take_up(&st, "bad", &err), 0);
		campaign_state_close(&st);
		write_file("bad/runs.jsonl", lines[i]);
		CHECK_INT(take_up(&st, "bad", &err), -EBADMSG);
		CHECK(strstr(err.msg, "runs.jsonl:"));
		campaign_state_close(&st);
		write_file("bad/runs.jsonl", "");
	}
	/*
	 * Another one, longer, shorter or different: of which the old is no beginning, and is one.
	 */
	for (size_t i = 0; i < MT_ARRAY_SIZE(others); i++) {
		write_file("spec", others[i]);
		CHECK_INT(take_up(&st, "bad", &err), -EEXIST);
		CHECK(strstr(err.msg, "another specification"));
		campaign_state_close(&st);
	}
}

/* Whoever wrote it, and whatever for: what it may take is bounded. */
static void too_large(void)
{
	char line[100001];
	struct mt_runs runs;
	struct mt_err err = { 0 };

	memset(line, ' ', sizeof(line));
	memcpy(line, "{}", 2);
	strcpy(line + sizeof(line) - 2, "\n");
	mkdir(in_dir("large"), 0700);
	write_file("large/runs.jsonl", "{}\n");
	CHECK_INT(mt_runs_load(&runs, in_dir("large"), &err), 0);
	mt_runs_free(&runs);
	write_file("large/runs.jsonl", line);
	CHECK_INT(mt_runs_load(&runs, in_dir("large"), &err), -EBADMSG);
	write_file("large/runs.jsonl", "{}\n");
	CHECK(!truncate(in_dir("large/runs.jsonl"), 65LL << 20));
	err.code = 0;
	CHECK_INT(mt_runs_load(&runs, in_dir("large"), &err), -EFBIG);
	CHECK(strstr(err.msg, "64 MiB"));
}

/* --- lines -------------------------------------------------------------------------------- */
static void a_line(void)
{
	static const char wanted[] =
		"{\"run\":1,\"where\":\"here\",\"guest\":\"small\",\"workload\":\"idle\",\"type\":\"kvm\",\"logging\":\"ring\","
		"\"vcpus\":1,\"memory_bytes\":67108864,\"method\":\"hybrid\",\"parameters\":{\"flip_after_passes\":2},"
		"\"bandwidth_bytes_per_s\":1048576,\"downtime_limit_ms\":300,\"cap_ms\":9,\"profile\":\"p\",\"recording\":\"r\","
		"\"busy_percent\":12.3,\"outcome\":\"aborted\",\"converged\":false,\"total_ms\":5000,\"postcopy_requests\":0,"
		"\"verified\":\"ok\",\"note\":\"odd\"}";
	struct campaign_method method = { .kind = MT_METHOD_HYBRID, .flip_after_passes = 2 };
	struct campaign_run run = { .number = 1, .method = &method, .limit_ms = 300 };
	struct campaign_start start = { .guest = &spec.guests[0], .workload = &spec.workloads[0] };
	struct campaign_result r = {
		.start = &start, .run = &run, .where = "here", .profile = "p", .recording = "r",
		.bandwidth_bytes_per_s = MT_MIB, .cap_ms = 9, .load_1min = NAN,
		.busy_percent = 12.34, .prepare_ms = NAN,
		.felt_ms = NAN, .work_before_per_s = NAN, .work_during_per_s = NAN,
		.outcome = MT_OUTCOME_ABORTED, .verified = "ok", .note = "odd",
	};
	char *line;

	mt_sample_set(&r.final, total_ms, 5000);
	mt_sample_set(&r.final, downtime_ms, 7);	/* of no migration that was not completed */
	mt_sample_set(&r.final, postcopy_requests, 0);
	line = campaign_line(&r);
	CHECK_STR(line, wanted);
	CHECK_INT(mt_run_line_number(line), 1);
	free(line);
	CHECK_INT(mt_run_line_number("{\"run\":-1}"), 0);
	CHECK_INT(mt_run_line_number("{\"run\":1}}"), 0);
}

/* What one table reads, it writes again. */
static void lines_again(void)
{
	FILE *f = fopen("tests/data/campaign/lab/runs.jsonl", "re");
	struct mt_runs runs;
	struct mt_err err = { 0 };
	char *line = NULL;
	size_t size = 0;

	CHECK_INT(mt_runs_load(&runs, "tests/data/campaign/lab", &err), 0);
	CHECK(f && runs.n > 100);
	for (size_t i = 0; i < runs.n; i++) {
		char *again = mt_run_line(&runs.v[i]);

		CHECK(getline(&line, &size, f) > 0);
		line[strcspn(line, "\n")] = '\0';
		CHECK_STR(again, line);
		free(again);
	}
	free(line);
	fclose(f);
	mt_runs_free(&runs);
}

/* One under a policy, with all that only such a one has. */
static void a_steered_line(void)
{
	struct campaign_method method = { .kind = MT_METHOD_PRECOPY,
					  .policy = mt_policy_find("predict"),
					  .label = "predict",
					  .steer = MT_LIMITS_UNSET };
	struct campaign_run run = { .number = 7, .round = 2, .method = &method, .limit_ms = 300 };
	struct campaign_start start = { .guest = &spec.guests[0], .workload = &spec.workloads[0] };
	struct campaign_result r = {
		.start = &start, .run = &run, .where = "here", .profile = "p",
		.work_before_per_s = 100, .work_during_per_s = 60.5,
		.outcome = MT_OUTCOME_COMPLETED, .reason = "stop: now", .commit = "abc",
	};
	struct mt_runs runs;
	struct mt_err err = { 0 };
	char *line, *again;

	method.steer.max_downtime_ms = 400;
	method.steer.deadline_ms = MT_LIMIT_NONE;
	method.steer.postcopy_allowed = true;
	line = campaign_line(&r);
	mkdir(in_dir("steered"), 0700);
	write_file("steered/runs.jsonl", line);
	append("steered/runs.jsonl", "\n");
	CHECK_INT(mt_runs_load(&runs, in_dir("steered"), &err), 0);
	CHECK_STR(runs.v[0].policy, "predict");
	CHECK(runs.v[0].postcopy_allowed);
	CHECK_NEAR(runs.v[0].max_downtime_ms, 400, 0);
	CHECK(isnan(runs.v[0].deadline_ms));
	CHECK_NEAR(runs.v[0].round, 2, 0);
	CHECK_NEAR(runs.v[0].work_during_per_s, 60.5, 0);
	CHECK_STR(runs.v[0].reason, "stop: now");
	CHECK_STR(runs.v[0].commit, "abc");
	runs.v[0].n_choices = 1;
	runs.v[0].choices[0] = (struct mt_run_choice){ 1000, 5.5, NAN };
	again = mt_run_line(&runs.v[0]);
	CHECK(strstr(again, "\"choices\":[[1000.0,5.5,null]]"));
	free(again);
	free(line);
	mt_runs_free(&runs);
}

static void answers(void)
{
	struct campaign_answer a;

	CHECK_INT(campaign_answer_parse(&a, "{\"longest_gap_ms\":12.5,\"conn_after\":1}\n"), 0);
	CHECK_NEAR(a.longest_gap_ms, 12.5, 0);
	CHECK(!a.lasts && !*a.verify);
	CHECK_INT(campaign_answer_parse(&a, "{\"longest_gap_ms\":9000,\"conn_after\":-1}"), 0);
	CHECK(a.lasts);
	CHECK_INT(campaign_answer_parse(&a, "{\"verify\":\"fail\",\"lost\":3}\n"), 0);
	CHECK_STR(a.verify, "fail");
	CHECK_STR(a.text, "{\"verify\":\"fail\",\"lost\":3}");
	CHECK(isnan(a.longest_gap_ms));
	CHECK(isnan(a.work) && isnan(a.at_ns));
	CHECK_INT(campaign_answer_parse(&a, "{\"at_ns\":5,\"writes\":7,\"reads\":2}"), 0);
	CHECK_NEAR(a.work, 9, 0);
	CHECK_INT(campaign_answer_parse(&a, "{\"at_ns\":5,\"ops\":3,\"uptime_ms\":8}"), 0);
	CHECK_NEAR(a.work, 3, 0);
	CHECK_NEAR(a.at_ns, 5, 0);
	CHECK_INT(campaign_answer_parse(&a, ""), -EBADMSG);
	CHECK_INT(campaign_answer_parse(&a, "[]"), -EBADMSG);
}

/* --- commands --------------------------------------------------------------------------- */
static void commands(void)
{
	static const char *const args[] = { "-c", "printf '%s %s' \"$COLOUR\" \"$1\"; exit 3", "sh",
					    "two words", NULL };
	static const char *const leaves[] = { "-c", "sleep 3000 & echo $!", NULL };
	static const char *const sleeps[] = { "-c", "sleep 3000", NULL };
	struct campaign_env env = { 0 };
	struct mt_err err = { 0 };
	char out[64];

	CHECK_INT(campaign_env_set(&env, "COLOUR", "%s", "red"), 0);
	CHECK_INT(campaign_env_set(&env, "COLOUR", "%s", "blue"), 0);
	CHECK_INT(campaign_command("sh", args, &env, -1, 600, out, sizeof(out), &err), 3);
	CHECK_STR(out, "blue two words");
	CHECK_INT(campaign_command("echo  a\tb ", NULL, &env, -1, 600, out, 4, &err), 0);
	CHECK_STR(out, "a b");	/* cut to fit */
	CHECK_INT(campaign_command("/nonexistent/command", NULL, &env, -1, 600, out, sizeof(out),
				   &err),
		  -ENOENT);
	CHECK(strstr(err.msg, "/nonexistent/command"));

	/*
	 * It ends when the command does, whatever that leaves running: else it would be out of
	 * time.
	 */
	CHECK_INT(campaign_command("sh", leaves, &env, -1, 60, out, sizeof(out), &err), 0);
	CHECK_INT(kill(atoi(out), SIGKILL), 0);
	memset(&err, 0, sizeof(err));
	CHECK_INT(campaign_command("sh", sleeps, &env, -1, 1, out, sizeof(out), &err), -ETIMEDOUT);
	CHECK(strstr(err.msg, "longer than 1 s"));
	campaign_env_fini(&env);
}

static const struct ktap_case cases[] = {
	{ "a good specification is read as it is meant", good_spec },
	{ "lists over several lines", long_lists },
	{ "each bad specification is refused with its line", bad_specs },
	{ "a specification that is not there is told", no_spec },
	{ "plan: bandwidths and limits are drawn", plan_draws },
	{ "plan: all of them, in several starts", plan_all },
	{ "plan: the same again, another with another seed", plan_is_the_same_again },
	{ "the cap of a run follows from its size and limit", caps },
	{ "what is shipped can be read, and is what its pages say", shipped },
	{ "a campaign that was cut is taken up where it ended", goes_on },
	{ "what is damaged or another's is not taken up", refuses },
	{ "a file too large is not read", too_large },
	{ "a line of results", a_line },
	{ "a line of a migration that a policy steered", a_steered_line },
	{ "the lines of a campaign are written again as they were read", lines_again },
	{ "what a watcher answers", answers },
	{ "a command has its environment, its status and its limit of time", commands },
};

int main(void)
{
	int status;

	if (load(&spec, "[campaign]\n" COMMANDS PARTS TABLE "repeat = 3\n") ||
	    campaign_plan_make(&plan, &spec))
		return 1;
	status = ktap_main(cases, MT_ARRAY_SIZE(cases));
	campaign_plan_fini(&plan);
	campaign_spec_fini(&spec);
	return status;
}
