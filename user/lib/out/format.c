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
	[MT_FORMAT_HTML] = "html",
	[MT_FORMAT_SVG] = "svg",
};

int mt_format_parse(const char *name, enum mt_format last, enum mt_format *format,
		    struct mt_err *err)
{
	char all[64] = "";

	for (size_t i = 0; i <= (size_t)last; i++) {
		if (!strcmp(names[i], name)) {
			*format = (enum mt_format)i;
			return 0;
		}
		strcat(all, i ? i == (size_t)last ? " or " : ", " : "");
		strcat(all, names[i]);
	}
	return mt_err_set(err, -EINVAL, "unknown format \"%s\"; use %s", name, all);
}
