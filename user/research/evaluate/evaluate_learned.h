/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evaluate_learned.h - trained models against the analytic one and the baselines
 */
#ifndef EVALUATE_LEARNED_H
#define EVALUATE_LEARNED_H

#include "out/table.h"
#include "store/told.h"

/* What one model said of one target of one migration. */
struct learned_result {
	const char *model;
	const struct mt_told *of;
	enum mt_target target;
	double error;			/* see mt_target_error(); NaN: it said nothing */
	bool covered;			/* p10 to p90 holds it */
	bool point;			/* it has no interval */
};

struct learned_results {
	struct learned_result *v;
	size_t n, room;
};

struct learned_options {
	enum mt_format format;
	bool by_workload;
	const struct mt_trainer *trainer;	/* NULL: all */
	bool alone;			/* by migrations of the same hosts only */
	bool seen;			/* tenths of the migrations are held out, not workloads */
	bool live;			/* when the first pass has ended, not before it begins */
	uint64_t seed;
};

/*
 * Leave one workload out: what is said of its migrations is said by models that have seen none of
 * it, on any hosts, and by figures of the same hosts' others. Return: CMD_OK or CMD_FAILED.
 */
int evaluate_learned(char **dirs, int n, const struct learned_options *o);

int evaluate_learned_print(const struct learned_results *r, const struct learned_options *o);

#endif
