// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * format.c - what the output formats are called
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "table.h"

static const char *const names[] = {
	[MT_FORMAT_TEXT] = "text",
	[MT_FORMAT_JSON] = "json",
	[MT_FORMAT_CSV] = "csv",
};

int mt_format_parse(const char *name, enum mt_format *format, struct mt_err *err)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], name)) {
			*format = (enum mt_format)i;
			return 0;
		}
	}
	return mt_err_set(err, -EINVAL, "unknown format \"%s\"; use text, json or csv", name);
}
