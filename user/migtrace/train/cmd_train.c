// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_train.c - a model from migrations that are over
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "migtrace/commands.h"
#include "train_parts.h"

#define SIMULATED_MAX	1000000

void train_progress(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	cmd_say(stderr, "%s", line);
}

/* Return: OPTIONS_RUN, or CMD_USAGE after a line. */
static int find_trainer(struct train *q, const struct command_usage *usage, const char *name)
{
	char known[256] = "";

	q->trainer = mt_trainer_find(name);
	if (q->trainer)
		return OPTIONS_RUN;
	for (size_t i = 0; mt_trainer_at(i); i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i ? ", " : "", mt_trainer_at(i)->name);
	return options_error(usage, "unknown trainer \"%s\"; there are %s", name, known);
}

static void trainers_help(FILE *out)
{
	fprintf(out, "\nTrainers:\n");
	for (size_t i = 0; mt_trainer_at(i); i++)
		fprintf(out, "  %-18s%s\n", mt_trainer_at(i)->name, mt_trainer_at(i)->help);
}

static int gather(struct train *q, const struct option_args *args, struct mt_err *err)
{
	int rc = 0;

	for (int i = 0; i < args->n && !rc && !q->interrupt.count; i++) {
		size_t before = q->set.n;

		rc = mt_told_read(&q->set, args->v[i], err);
		if (!rc)
			train_progress("%s: %zu migrations", args->v[i], q->set.n - before);
	}
	if (!rc && q->set.left_out)
		cmd_warn("%zu migrations are left out: they failed, a policy steered them, or "
			 "they tell nothing", q->set.left_out);
	if (!rc && q->simulated)
		rc = train_simulate(&q->set, q->simulated, q->seed, &q->interrupt, err);
	if (!rc && q->interrupt.count)
		rc = mt_err_set(err, -EINTR, "stopped: %s is as it was", q->out);
	mt_told_sort(&q->set);
	return rc;
}

static void tell(const struct train *q, const struct mt_trained *t)
{
	cmd_say(stdout, "%s: %s, by %u migrations of %u workloads, %u of them simulated", q->out,
		t->trainer, t->lessons, t->workloads, t->simulated);
	for (int m = 0; m < MT_METHOD_COUNT; m++)
		for (int k = 0; k < MT_TARGET_COUNT; k++) {
			const struct mt_trained_target *of = &t->method[m].target[k];
			double factor = mt_target_at(k)->relative ? 100 : 1;
			char base[64] = "";

			if (!of->lessons)
				continue;
			if (isfinite(of->base_error))
				snprintf(base, sizeof(base), ", the analytic model by %.3g",
					 factor * of->base_error);
			cmd_say(stdout, "  %-13s%-20s%5u migrations, off by %.3g%s%s",
				mt_method_name(m), mt_target_at(k)->name, of->lessons,
				factor * of->error, base, factor > 1 ? " (%)" : "");
		}
}

/* Return: as of main(). */
static int train(struct train *q, const struct option_args *args)
{
	struct mt_trained *old = NULL, *model = NULL;
	struct mt_err err = { 0 };
	int rc = 0, better = 1;

	if (!q->replace && !access(q->out, F_OK))
		rc = mt_trained_load(&old, q->out, &err);
	if (!rc)
		rc = gather(q, args, &err);
	if (!rc && old)
		better = train_is_better(q, old, &err);
	if (!rc && better < 0)
		rc = better;
	if (!rc && better)
		rc = train_model(q, &model, NULL, NULL, &err);
	if (!rc && model)
		rc = mt_trained_save(model, q->out, &err);
	if (!rc && model)
		tell(q, model);
	mt_trained_free(old);
	mt_trained_free(model);
	mt_told_free(&q->set);
	if (rc)
		cmd_fail(&err);
	return rc == -EINTR ? CMD_INTERRUPTED : rc ? CMD_FAILED : CMD_OK;
}

int cmd_train(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct train q = { .seed = 1 };
	const char *trainer = MT_TRAINER_DEFAULT;
	const struct option_row rows[] = {
		{ .name = "output", .letter = 'o', .kind = OPTION_STRING, .arg = "MODEL",
		  .dest = &q.out, .help = "the file to write; needed" },
		{ .name = "trainer", .kind = OPTION_STRING, .arg = "NAME", .dest = &trainer,
		  .help = "how it is learned (default " MT_TRAINER_DEFAULT ")" },
		{ .name = "seed", .kind = OPTION_COUNT, .arg = "N", .dest = &q.seed,
		  .max = UINT32_MAX,
		  .help = "of what is drawn: the same one, the same model (default 1)" },
		{ .name = "simulated", .kind = OPTION_COUNT, .arg = "N", .dest = &q.simulated,
		  .max = SIMULATED_MAX,
		  .help = "add so many simulated migrations of made-up guests" },
		{ .name = "replace", .kind = OPTION_FLAG, .dest = &q.replace,
		  .help = "take the place of a model that is there, better or not" },
	};
	const struct command_usage usage = {
		.name = "train", .synopsis = "DIR...", .min_args = 0,
		.max_args = OPTIONS_ANY_NUMBER,
		.description =
			"Learns what migrations cost from migrations that are over, for the policy sla. DIR is a\n"
			"directory of recordings, such as migtraced's (/var/lib/migtrace), or one that\n"
			"migtrace-research campaign has written. A model that is there already is replaced only by\n"
			"one that is better on the migrations since.",
		.examples =
			"  migtrace train /var/lib/migtrace -o host1.model\n"
			"  migtrace train results/* -o lab.model --trainer residual-bagged --seed 7\n"
			"  migtrace train --simulated 10000 -o made-up.model\n",
		.more = trainers_help,
		.rows = rows, .n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status == OPTIONS_RUN && !q.out)
		status = options_error(&usage, "-o MODEL is needed: the file to write");
	if (status == OPTIONS_RUN && !args.n && !q.simulated)
		status = options_error(&usage, "DIR is expected, or --simulated N");
	if (status == OPTIONS_RUN)
		status = find_trainer(&q, &usage, trainer);
	if (status != OPTIONS_RUN)
		return status;
	if (interrupt_block() || interrupt_watch(&q.interrupt)) {
		cmd_warn("cannot wait for signals");
		return CMD_FAILED;
	}
	return train(&q, &args);
}
