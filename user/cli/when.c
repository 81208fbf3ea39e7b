// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * when.c - moments as people write them
 */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "cmd.h"
#include "when.h"

static bool date_parse(const char *text, uint64_t *ms)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < MT_ARRAY_SIZE(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(text, forms[i], &tm);
		time_t t;

		if (!end || *end)
			continue;
		t = timegm(&tm);
		*ms = (uint64_t)t * MT_MS_PER_S;
		return t > 0;
	}
	return false;
}

int when_parse(const struct command_usage *usage, const char *option, const char *text,
	       uint64_t now_ms, uint64_t *ms)
{
	uint64_t ago_ms;

	if (date_parse(text, ms))
		return OPTIONS_RUN;
	if (mt_parse_duration_ms(option, text, &ago_ms, NULL) || ago_ms >= now_ms)
		return options_error(usage,
				     "%s: \"%s\" is neither a time such as 2026-11-28 or 2026-11-28T14:05 (UTC), nor how long ago, such as 36h",
				     option, text);
	*ms = now_ms - ago_ms;
	return OPTIONS_RUN;
}

const char *when_text(uint64_t ms, char text[WHEN_STR])
{
	time_t t = (time_t)(ms / MT_MS_PER_S);
	struct tm tm;

	if (!ms || !gmtime_r(&t, &tm) || !strftime(text, WHEN_STR, "%Y-%m-%d %H:%M:%S", &tm))
		*text = '\0';
	return text;
}
