// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * classed.c - what policies share that go by the class of a guest's workload (PURE)
 */
#include <stdio.h>
#include <string.h>

#include "classed.h"

void mt_limits_class(const struct mt_limits *limits, struct mt_class_limits *class)
{
	const struct {
		const char *name;
		double *share;
	} rows[] = {
		{ "memory_percent", &class->memory_share },
		{ "network_percent", &class->network_share },
		{ "cpu_percent", &class->cpu_share },
		{ "idle_percent", &class->idle_share },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		uint64_t percent = mt_params_get(&limits->params, rows[i].name);

		if (percent != MT_LIMIT_UNSET)
			*rows[i].share = (double)percent / 100;
	}
}

void mt_classed_say(struct mt_plan *plan, const struct mt_classifier *class, const char *what)
{
	char text[MT_CLASS_TEXT], reason[sizeof(plan->reason)];

	snprintf(reason, sizeof(reason), "%s; %s%s%.120s", mt_classifier_tell(class, text), what,
		 *plan->reason ? ": " : "", plan->reason);
	memcpy(plan->reason, reason, sizeof(reason));
}
