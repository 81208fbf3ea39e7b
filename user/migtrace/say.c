// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * say.c - what the tool says to people: nothing in it is obeyed by a terminal
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "cmd.h"

/* Names in it are a tenant's or of files: what a terminal would obey is made visible. */
static void say(FILE *out, const char *before, const char *fmt, va_list ap)
{
	mt_autofree char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		return;
	}
	mt_utf8_scrub(text);
	fprintf(out, "%s%s\n", before, text);
}

void cmd_say(FILE *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(out, "", fmt, ap);
	va_end(ap);
}

void cmd_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(stderr, "migtrace: ", fmt, ap);
	va_end(ap);
}

int cmd_fail(const struct mt_err *err)
{
	cmd_warn("%s", err->code ? err->msg : "failed, and nobody said why");
	return CMD_FAILED;
}
