// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * err.c - recording an error; the first one wins
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "err.h"
#include "utf8.h"

int mt_err_set(struct mt_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->code)
		return code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	/* Messages of other libraries come with newlines now and then; this is one line. */
	for (char *c = err->msg; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	for (size_t len = strlen(err->msg); len && err->msg[len - 1] == ' '; len--)
		err->msg[len - 1] = '\0';
	/* And names in them are a tenant's, or cut in mid-character by the buffer's end. */
	mt_utf8_scrub(err->msg);
	if (!err->msg[0])
		snprintf(err->msg, sizeof(err->msg), "%s", strerror(code < 0 ? -code : code));
	return code;
}
