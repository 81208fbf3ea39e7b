// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * outcome.c - what the ends of a migration are called
 */
#include <errno.h>
#include <string.h>

#include "record.h"

static const char *const names[MT_OUTCOME_COUNT] = {
	[MT_OUTCOME_UNKNOWN] = "unknown",
	[MT_OUTCOME_COMPLETED] = "completed",
	[MT_OUTCOME_COMPLETED_UNVERIFIED] = "completed-unverified",
	[MT_OUTCOME_FAILED] = "failed",
	[MT_OUTCOME_ABORTED] = "aborted",
	[MT_OUTCOME_PAUSED] = "paused",
	[MT_OUTCOME_LOST] = "lost",
};

const char *mt_outcome_name(enum mt_outcome outcome)
{
	return (unsigned)outcome < MT_OUTCOME_COUNT ? names[outcome] : "unknown";
}

int mt_outcome_parse(const char *name, enum mt_outcome *outcome)
{
	for (int i = 0; i < MT_OUTCOME_COUNT; i++) {
		if (!strcmp(names[i], name)) {
			*outcome = i;
			return 0;
		}
	}
	return -EINVAL;
}

bool mt_outcome_of_status(enum mt_status status, enum mt_outcome *outcome)
{
	switch (status) {
	case MT_STATUS_COMPLETED:
		*outcome = MT_OUTCOME_COMPLETED_UNVERIFIED;
		return true;
	case MT_STATUS_FAILED:
		*outcome = MT_OUTCOME_FAILED;
		return true;
	case MT_STATUS_CANCELLED:
		*outcome = MT_OUTCOME_ABORTED;
		return true;
	case MT_STATUS_POSTCOPY_PAUSED:
		*outcome = MT_OUTCOME_PAUSED;
		return true;
	default:
		return false;
	}
}
