// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_simulate.c - whole migrations of a guest, played page by page
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "cli/policies.h"
#include "migtrace/commands.h"
#include "migtrace/lessons.h"
#include "simulate.h"

struct words {
	const char *methods, *policies, *bandwidths, *limits, *log, *host, *sender, *trained;
	uint64_t link, cap_ms, tick_ms, postcopy_bandwidth, flip_after;
	bool postcopy, flip_after_given;
};

/* --- lists ------------------------------------------------------------------ */
static int list_full(const struct command_usage *usage, const char *what)
{
	return options_error(usage, "more than %d of --%s", SIMULATE_LIST_MAX, what);
}

/* Calls @add with each word of "A,B". Return: OPTIONS_RUN or CMD_USAGE. */
static int each(const struct command_usage *usage, const char *list, struct simulate *q,
		int (*add)(const struct command_usage *usage, struct simulate *q, const char *word))
{
	mt_autofree char *copy = strdup(list);
	char *rest = copy;
	const char *word;
	int status = OPTIONS_RUN;

	while (copy && status == OPTIONS_RUN && (word = strsep(&rest, ",")))
		status = add(usage, q, word);
	return status;
}

static int add_method(const struct command_usage *usage, struct simulate *q, const char *word)
{
	const struct mt_method_row *m = mt_method_find(word);
	char known[256];

	if (m && q->n_methods == SIMULATE_LIST_MAX)
		return list_full(usage, "method");
	if (m) {
		q->methods[q->n_methods++] = m;
		return OPTIONS_RUN;
	}
	return options_error(usage, "unknown method \"%s\"; there are %s", word,
			     mt_method_names(known, sizeof(known)));
}

static int add_policy(const struct command_usage *usage, struct simulate *q, const char *word)
{
	const struct mt_policy *p;
	int status = policy_option(usage, "policy", word, &p);

	if (status != OPTIONS_RUN)
		return status;
	if (q->n_policies == SIMULATE_LIST_MAX)
		return list_full(usage, "policy");
	q->policies[q->n_policies++] = p;
	return OPTIONS_RUN;
}

static int add_bandwidth(const struct command_usage *usage, struct simulate *q, const char *word)
{
	struct mt_err err = { 0 };

	if (q->n_bandwidths == SIMULATE_LIST_MAX)
		return list_full(usage, "bandwidth");
	return mt_parse_rate_bytes_per_s("--bandwidth", word, &q->bandwidths[q->n_bandwidths++],
					 &err) ?
		       options_error(usage, "%s", err.msg) :
		       OPTIONS_RUN;
}

static int add_limit(const struct command_usage *usage, struct simulate *q, const char *word)
{
	struct mt_err err = { 0 };

	if (q->n_limits == SIMULATE_LIST_MAX)
		return list_full(usage, "max-downtime");
	return mt_parse_duration_ms("--max-downtime", word, &q->limits_ms[q->n_limits++], &err) ?
		options_error(usage, "%s", err.msg) : OPTIONS_RUN;
}

static int take_lists(const struct command_usage *usage, struct simulate *q, const struct words *w)
{
	int status = each(usage, w->methods, q, add_method);

	if (status == OPTIONS_RUN && w->policies)
		status = each(usage, w->policies, q, add_policy);
	if (status == OPTIONS_RUN && w->bandwidths)
		status = each(usage, w->bandwidths, q, add_bandwidth);
	if (status == OPTIONS_RUN && w->limits)
		status = each(usage, w->limits, q, add_limit);
	if (!q->n_bandwidths)
		q->n_bandwidths = 1;		/* 0: no limit */
	if (!q->n_limits)
		q->limits_ms[q->n_limits++] = MT_QEMU_LIMIT_DEFAULT_MS;
	return status;
}

/* Before anything is written: what is wrong with any trace. */
static int check_methods(const struct command_usage *usage, const struct simulate *q)
{
	struct mt_err err = { 0 };

	for (size_t i = 0; i < q->n_methods; i++) {
		struct mt_sim_params p = q->params;

		p.method = *q->methods[i];
		p.memory_bytes = p.memory_bytes ? p.memory_bytes : 1024 * MT_MIB;
		if (mt_sim_check(&p, &err))
			return options_error(usage, "%s", err.msg);
	}
	return OPTIONS_RUN;
}

/* --- the whole ---------------------------------------------------------------- */
static int take(const struct command_usage *usage, struct simulate *q, const struct words *w)
{
	struct mt_sim_params *p = &q->params;
	struct mt_err err = { 0 };
	int status;

	if (w->host && mt_sim_host_parse(&p->host, w->host, &err))
		return options_error(usage, "%s", err.msg);
	q->hosts = mt_sim_host_name(w->host);
	if (!strcmp(w->log, "ring"))
		p->log = MT_SIM_LOG_RING;
	else if (strcmp(w->log, "bitmap"))
		return options_error(usage, "--log %s is unknown: bitmap or ring", w->log);
	if (!strcmp(w->sender, "xen"))
		p->sender = MT_SIM_SENDER_XEN;
	else if (strcmp(w->sender, "qemu"))
		return options_error(usage, "--sender %s is unknown: qemu or xen", w->sender);
	if (p->sender == MT_SIM_SENDER_XEN && w->policies)
		return options_error(usage, "--sender xen is steered by no --policy");
	if (!w->cap_ms)
		return options_error(usage, "--cap must be more than 0");
	p->cap_ms = (double)w->cap_ms;
	p->tick_ms = (double)w->tick_ms;
	p->host.link_bytes_per_s = (double)w->link;
	p->postcopy_bandwidth_bytes_per_s = (double)w->postcopy_bandwidth;
	q->limits.postcopy_allowed = w->postcopy;
	status = take_lists(usage, q, w);
	return status == OPTIONS_RUN ? check_methods(usage, q) : status;
}

static int simulate(struct simulate *q, const struct option_args *args, enum mt_format format)
{
	int status = CMD_OK, rc;

	q->table = simulate_table(format, q->passes);
	if (!q->table) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	for (int i = 0; i < args->n; i++) {
		struct mt_err err = { 0 };

		if (simulate_all(q, args->v[i], &err)) {
			status = cmd_fail(&err);
			if (mt_trace_is_pattern(args->v[i]))	/* nothing but words: they are
								 * wrong */
				status = CMD_USAGE;
		} else if (q->ended_early) {
			status = CMD_FAILED;
		}
	}
	rc = mt_table_finish(q->table);
	if (rc && !ferror(stdout))
		cmd_warn("cannot write the table: %s", strerror(-rc));
	return rc ? CMD_FAILED : status;
}

int cmd_simulate(int argc, char **argv)
{
	struct simulate q = { .limits = MT_LIMITS_UNSET };
	struct words w = { .methods = "precopy", .log = "bitmap",
			   .sender = "qemu", .cap_ms = 600 * MT_MS_PER_S };
	char names[128], methods[160];
	const struct option_row rows[] = {
		{ "method", 'm', OPTION_STRING, "A,B", methods, &w.methods },
		{ "bandwidth", 'b', OPTION_STRING, "RATE,RATE", "QEMU's limit (default: none)",
		  &w.bandwidths },
		{ "max-downtime", 0, OPTION_STRING, "DURATION,...",
		  "QEMU's downtime limit (default 300ms)", &w.limits },
		{ "link", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what the link carries (default: as fast as pages can be copied)", &w.link },
		{ "memory", 0, OPTION_SIZE_BYTES, "SIZE", "of the guest (default: as TRACE says)",
		  &q.memory_bytes },
		{ "resident", 0, OPTION_SIZE_BYTES, "SIZE",
		  "how much of it is not zero (default: as TRACE says)", &q.resident_bytes },
		{ "log", 0, OPTION_STRING, "HOW",
		  "bitmap (default), or ring: how KVM logs writes; ring also for TCG", &w.log },
		{ "sender", 0, OPTION_STRING, "WHO",
		  "qemu (default), or xen: by whose rules pages are sent", &w.sender },
		{ "policy", 0, OPTION_STRING, "A,B", "steer it by these (default: QEMU alone)",
		  &w.policies },
		{ "postcopy", 0, OPTION_FLAG, NULL, "policies may flip to post-copy", &w.postcopy },
		{ "deadline", 0, OPTION_LIMIT_OR_NONE, "DURATION",
		  "for policies: it may take this long (default none)", &q.limits.deadline_ms,
		  .min = 1 },
		/* Their parameter "passes": by that name there is another option here. */
		{ "stop-after", 0, OPTION_COUNT, "N",
		  "how many passes the policies \"passes\" and \"fixed-passes\" let finish",
		  mt_params_value(&q.limits.params, "passes"), NULL, 1000 },
		{ "history", 0, OPTION_DURATION_MS, "DURATION",
		  "policies \"fm\", \"am\", \"am-listing\" and \"predict\" have seen the guest before, for this long",
		  &q.history_ms },
		TRAINED_OPTION(&w.trained),
		{ "tick", 0, OPTION_DURATION_MS, "DURATION",
		  "policies have a kernel source's ticks, so far apart (default: none)", &w.tick_ms },
		{ "postcopy-bandwidth", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "limit in post-copy (default: none)", &w.postcopy_bandwidth },
		{ "cap", 0, OPTION_DURATION_MS, "DURATION", "give up after (default 10min)",
		  &w.cap_ms },
		{ "seed", 0, OPTION_COUNT, "N", "of what is drawn at random", &q.seed,
		  &q.seed_given, UINT32_MAX },
		{ "passes", 0, OPTION_FLAG, NULL,
		  "a row for each pass instead of one for each migration", &q.passes },
		{ "host", 0, OPTION_STRING, "WORDS",
		  "what things cost on the hosts: tcg (default) or kvm, and KEY=VALUE,..., see the man page",
		  &w.host },
	};
	const struct command_usage usage = {
		.name = "simulate", .synopsis = "TRACE...", .min_args = 1,
		.max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Plays whole migrations page by page, with QEMU 7.2's rules: its passes, budgets, downtime\n"
			"threshold, throttling, and its ways of sending less. TRACE is a recording of migtrace (sets of\n"
			"pages if it has them, else pages are fitted to its U(T)) or a pattern of writes: uniform, seq,\n"
			"zipf, hotcold, phases, readonly or idle, with the test guest's options behind a colon.",
		.examples =
			"  migtrace simulate uniform:region=64MiB,rate=8000/s --bandwidth 36MiB/s,72MiB/s --link 320Mbit/s\n"
			"  migtrace simulate hotcold:region=1GiB,rate=50000/s,hot=5% --memory 4GiB -m precopy,hybrid -f json\n"
			"  migtrace simulate db1.mtrec --policy qemu,predict --postcopy --link 1GiB/s\n",
		.more = policies_help,
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
		.params = &q.limits.params,
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status;

	snprintf(methods, sizeof(methods), "%s (default %s)", mt_method_names(names, sizeof(names)),
		 w.methods);
	status = options_parse(&usage, argc, argv, &common, &args);
	mt_sim_defaults(&q.params);
	if (status == OPTIONS_RUN)
		status = take(&usage, &q, &w);
	if (status == OPTIONS_RUN)
		status = trained_load(&q.limits.trained, w.trained);
	if (status != OPTIONS_RUN)
		return status;
	return simulate(&q, &args, common.format);
}
