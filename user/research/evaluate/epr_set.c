// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * epr_set.c - all series that files give, and a fixed set of made-up ones
 */
#include <errno.h>

#include "cli/cmd.h"
#include "cli/recording_load.h"
#include "epr_set.h"

/* The made-up ones: each kind in each period with each noise, two minutes of 100 ms slots. */
#define MADE_SLOTS	1200
#define MADE_LOW	200.0
#define MADE_HIGH	1000.0
static const double made_periods[] = { 10, 20, 40, 64, 80, 100, 140, 200 };
static const double made_noises[] = { 0.05, 0.2 };
#define MADE	(MT_PHASE_COUNT * MT_ARRAY_SIZE(made_periods) * MT_ARRAY_SIZE(made_noises))

static int load(struct epr_set *set, const char *path, bool storage)
{
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	int rc;

	if (recording_load(&rec, path, &err))
		return cmd_fail(&err);
	rc = epr_series_load(&set->series[set->n], rec, storage);
	mt_recording_free(rec);
	if (rc == -ENODATA) {
		cmd_warn(storage ? "%s: no ticks with what the disk probe counts in it: left out" :
				   "%s: neither ticks nor a dirty rate in it: left out",
			 path);
		return CMD_OK;
	}
	if (rc) {
		cmd_warn("%s: out of memory", path);
		return CMD_FAILED;
	}
	set->n++;
	return CMD_OK;
}

static int make(struct epr_set *set, bool storage)
{
	for (size_t i = 0; i < MADE; i++) {
		const struct mt_phases phases = {
			.kind = (enum mt_phase_kind)(i % MT_PHASE_COUNT),
			.period_slots =
				made_periods[i / MT_PHASE_COUNT % MT_ARRAY_SIZE(made_periods)],
			.noise_share =
				made_noises[i / MT_PHASE_COUNT / MT_ARRAY_SIZE(made_periods)],
			.low = MADE_LOW,
			.high = MADE_HIGH,
			.seed = i + 1,
		};

		if (epr_series_make(&set->series[set->n++], &phases, MADE_SLOTS,
				    storage))
			return CMD_FAILED;
	}
	return CMD_OK;
}

int epr_set_load(struct epr_set *set, char **files, size_t n, bool storage)
{
	int status = CMD_OK;

	*set = (struct epr_set){ .series = calloc(n + MADE, sizeof(*set->series)) };
	if (!set->series) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		if (load(set, files[i], storage) != CMD_OK)
			status = CMD_FAILED;
	set->n_recorded = set->n;
	if (make(set, storage) != CMD_OK) {
		cmd_warn("out of memory");
		status = CMD_FAILED;
	}
	return status;
}

void epr_set_fini(struct epr_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		epr_series_fini(&set->series[i]);
	free(set->series);
}

int epr_set_print(const struct epr_table *table, char **files, size_t n, bool storage,
		  enum mt_format format)
{
	struct mt_table *t = mt_table_new(stdout, format, table->columns, table->n_columns);
	struct epr_set set;
	int status, rc = 0;

	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	status = epr_set_load(&set, files, n, storage);
	if (set.series) {
		rc = table->rows(t, &set);
		epr_set_fini(&set);
	}
	if (mt_table_finish(t) || rc) {
		if (rc)
			cmd_warn("out of memory");
		status = CMD_FAILED;
	}
	return status;
}
