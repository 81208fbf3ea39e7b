// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * say.c - what a program says to people: nothing in it is obeyed by a terminal
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "cmd.h"

/* Names in it are a tenant's or of files: what a terminal would obey is made visible. */
static void say(FILE *out, bool named, const char *fmt, va_list ap)
{
	mt_autofree char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return;
	}
	mt_utf8_scrub(text);
	fprintf(out, "%s%s%s\n", named ? program_name() : "", named ? ": " : "", text);
}

void cmd_say(FILE *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(out, false, fmt, ap);
	va_end(ap);
}

void cmd_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(stderr, true, fmt, ap);
	va_end(ap);
}

int cmd_fail(const struct mt_err *err)
{
	cmd_warn("%s", err->code ? err->msg : "failed for an unknown reason");
	return CMD_FAILED;
}
