/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_plan.h - what the parts of `migtrace plan` share
 */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include "migtrace/lessons.h"
#include "migtrace/predict/subject.h"
#include "schedule/schedule.h"

struct plan {
	struct subject *subjects;	/* one for each guest of the request */
	struct mt_schedule_request request;
	double max_downtime_ms;
	bool postcopy;
	const struct mt_experience *experience;
};

/* Return: 0 or -errno as mt_table_finish(). */
int plan_print(const struct plan *p, const struct mt_schedule *s, enum mt_format format);

/* For people: what is given above the table; below it the sums, and who is left behind and why. */
void plan_head(const struct plan *p, FILE *out);
void plan_explain(const struct plan *p, const struct mt_schedule *s, FILE *out);

#endif
