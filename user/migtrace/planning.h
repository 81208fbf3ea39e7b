/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * planning.h - what the parts of `migtrace plan` share
 */
#ifndef PLANNING_H
#define PLANNING_H

#include "schedule/schedule.h"
#include "lessons.h"
#include "subject.h"

struct planning {
	struct subject *subjects;	/* one for each guest of the request */
	struct mt_schedule_request request;
	double max_downtime_ms;
	bool postcopy;
	const struct mt_experience *experience;
};

/* Return: 0 or -errno as mt_table_finish(). */
int planning_print(const struct planning *p, const struct mt_schedule *s, enum mt_format format);

/* For people: what is given above the table; below it the sums, and who is left behind and why. */
void planning_head(const struct planning *p, FILE *out);
void planning_explain(const struct planning *p, const struct mt_schedule *s, FILE *out);

#endif
