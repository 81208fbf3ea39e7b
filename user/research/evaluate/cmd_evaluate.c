// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_evaluate.c - how far predictions were off
 */
#include "base/cleanup.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "research/research.h"
#include "evaluate.h"
#include "evaluate_epr.h"
#include "evaluate_learned.h"

int cmd_evaluate(int argc, char **argv)
{
	struct evaluate_campaign_options campaign = { 0 };
	struct learned_options trained = { .seed = 1 };
	struct common_options common = { 0 };
	const char *trainer = NULL;
	bool learned = false, seed_given = false;
	bool one_step = false, polled = false, epr = false, finish = false;
	const struct option_row rows[] = {
		{ .name = "by-workload",
		  .kind = OPTION_FLAG,
		  .dest = &campaign.by_workload,
		  .help = "campaigns: a row for each workload, too" },
		{ .name = "runs",
		  .kind = OPTION_FLAG,
		  .dest = &campaign.runs,
		  .help = "each forecast next to what happened; with --verdicts: each wrong one" },
		{ .name = "save",
		  .kind = OPTION_STRING,
		  .arg = "FILE",
		  .dest = &campaign.save,
		  .help = "campaigns: write what they have taught, for migtrace predict --learned" },
		{ .name = "hosts",
		  .kind = OPTION_STRING,
		  .arg = "LABEL",
		  .dest = &campaign.hosts,
		  .help = "with --save: learn from the migrations of these hosts only" },
		{ .name = "live",
		  .kind = OPTION_FLAG,
		  .dest = &campaign.live,
		  .help = "as decided live: after passes 1, 2, 3 and where the default policy decides" },
		{ .name = "own",
		  .kind = OPTION_COUNT,
		  .arg = "N",
		  .dest = &campaign.own,
		  .given = &campaign.own_given,
		  .max = 1000,
		  .help = "forecast by hosts that have N migrations of other guests behind them" },
		{ .name = "verdicts",
		  .kind = OPTION_FLAG,
		  .dest = &campaign.verdicts,
		  .help = "how often the default policy would have been wrong to abort, or to go on" },
		{ .name = "prior",
		  .kind = OPTION_FLAG,
		  .dest = &campaign.prior,
		  .help = "what campaigns teach of hosts that are in none of them, as C source" },
		{ .name = "learned",
		  .kind = OPTION_FLAG,
		  .dest = &learned,
		  .help = "campaigns: models trained on the other workloads, beside the analytic one" },
		{ .name = "alone",
		  .kind = OPTION_FLAG,
		  .dest = &trained.alone,
		  .help = "with --learned: trained on migrations between the same hosts only" },
		{ .name = "trainer",
		  .kind = OPTION_STRING,
		  .arg = "NAME",
		  .dest = &trainer,
		  .help = "with --learned: this one only, of migtrace train's (default: all)" },
		{ .name = "seen",
		  .kind = OPTION_FLAG,
		  .dest = &trained.seen,
		  .help = "with --learned: tenths of the migrations are held out, not workloads" },
		{ .name = "seed",
		  .kind = OPTION_COUNT,
		  .arg = "N",
		  .dest = &trained.seed,
		  .given = &seed_given,
		  .max = UINT32_MAX,
		  .help = "with --learned: of what is drawn in training (default 1)" },
		{ .name = "one-step",
		  .kind = OPTION_FLAG,
		  .dest = &one_step,
		  .help = "forecasts of what the next pass dirties, given how long it takes" },
		{ .name = "polled-time",
		  .kind = OPTION_FLAG,
		  .dest = &polled,
		  .help = "with --one-step: a pass is as long as from look to look, not from sync to sync" },
		{ .name = "epr",
		  .kind = OPTION_FLAG,
		  .dest = &epr,
		  .help = "how often the Markov predictors FM and AM are right" },
		{ .name = "finish",
		  .kind = OPTION_FLAG,
		  .dest = &finish,
		  .help = "downtime of FM and AM next to simpler rules, played over series" },
	};
	const struct command_usage usage = {
		.name = "evaluate", .synopsis = "DIR...|FILE...", .min_args = 0,
		.max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Compares what models say with what happened, and prints their errors, ours and the\n"
			"baselines' side by side. DIR is a campaign's directory: each of its migrations is forecast\n"
			"from what was known before it began, with what the migrations of other workloads have\n"
			"taught. With --live and --verdicts its recordings go through the engine that decides live\n"
			"migrations. With these and --one-step, FILE is a recording of migtrace or a JSON array of QMP\n"
			"query-migrate answers, and its workload is the folder it lies in. With --epr and --finish, the\n"
			"series in FILEs and made-up ones are used; without FILEs, these alone.",
		.examples =
			"  migtrace-research evaluate results\n"
			"  migtrace-research evaluate results/a results/b --by-workload -f json\n"
			"  migtrace-research evaluate results --save learned.json\n"
			"  migtrace-research evaluate --live results runs/*.json\n"
			"  migtrace-research evaluate --verdicts --runs results\n"
			"  migtrace-research evaluate --learned results/*\n"
			"  migtrace-research evaluate --one-step runs/*.json\n"
			"  migtrace-research evaluate --epr profiles/*.mtrec\n",
		.uses = OPTIONS_FORMAT, .rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (polled && !one_step)
		return options_error(&usage, "--polled-time needs --one-step");
	if (campaign.hosts && !campaign.save)
		return options_error(&usage, "--hosts needs --save");
	if (campaign.own_given &&
	    (campaign.verdicts || campaign.prior || one_step || epr || finish || campaign.save))
		return options_error(&usage, "--own is about forecasts");
	if (campaign.prior && (campaign.live || campaign.verdicts || campaign.save ||
			       campaign.runs || campaign.by_workload))
		return options_error(&usage, "--prior cannot be combined with other options");
	if ((trained.alone || trained.seen || trainer || seed_given) && !learned)
		return options_error(&usage,
				     "--alone, --seen, --trainer and --seed need --learned");
	trained.trainer = trainer ? mt_trainer_find(trainer) : NULL;
	if (trainer && !trained.trainer)
		return options_error(&usage, "unknown trainer \"%s\"; see migtrace train --help",
				     trainer);
	if (learned && (campaign.runs || campaign.save || campaign.own_given))
		return options_error(&usage,
				     "--learned cannot be combined with --runs, --save or --own");
	if ((campaign.live && !learned) + campaign.verdicts + campaign.prior + one_step + epr +
		    finish + learned > 1)
		return options_error(
			&usage,
			"only one of --live, --verdicts, --prior, --learned, --one-step, --epr and --finish at a time");
	if ((one_step || epr || finish) && (campaign.by_workload || campaign.runs))
		return options_error(&usage, "--by-workload and --runs are about whole migrations");
	if ((campaign.live || campaign.verdicts || one_step || epr || finish) && campaign.save)
		return options_error(
			&usage, "--save is about forecasts of whole migrations before they begin");
	if (campaign.verdicts && campaign.by_workload)
		return options_error(&usage, "--by-workload is about forecasts, not --verdicts");
	if (epr)
		return evaluate_epr(args.v, (size_t)args.n, common.format);
	if (finish)
		return evaluate_finish(args.v, (size_t)args.n, common.format);
	if (!args.n)
		return options_error(&usage, "which campaign, or which files?");
	if (one_step)
		return evaluate_onestep(args.v, args.n, common.format, polled);
	if (learned) {
		trained.format = common.format;
		trained.live = campaign.live;
		trained.by_workload = campaign.by_workload;
		return evaluate_learned(args.v, args.n, &trained);
	}
	campaign.format = common.format;
	return evaluate_campaigns(args.v, args.n, &campaign);
}
