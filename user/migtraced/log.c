// SPDX-License-Identifier: GPL-2.0-or-later
/* log.c - one line an event, on stderr: for the journal, or for a person */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/utf8.h>

#define LOG_DEBUG_PRIORITY	7

static bool verbose;
static bool for_people;

/* $JOURNAL_STREAM is "DEVICE:INODE" of the journal's socket: set for the service, whatever stderr has become. */
static bool stderr_is_journal(void)
{
	const char *text = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return text && sscanf(text, "%llu:%llu", &dev, &ino) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

void log_init(bool want_debug)
{
	verbose = want_debug;
	for_people = !stderr_is_journal() && isatty(STDERR_FILENO);
}

static const char *priority_name(int priority)
{
	switch (priority) {
	case 3:	return "error: ";
	case 4:	return "warning: ";
	case 7:	return "debug: ";
	default: return "";
	}
}

void log_write(int priority, const char *fmt, ...)
{
	char text[2048], line[2112];
	va_list ap;
	int len;

	if (priority >= LOG_DEBUG_PRIORITY && !verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mt_utf8_scrub(text);	/* names in it are a tenant's */
	if (for_people)
		len = snprintf(line, sizeof(line), "migtraced: %s%s\n", priority_name(priority), text);
	else
		len = snprintf(line, sizeof(line), "<%d>%s\n", priority, text);
	/* One write a line, so that threads do not mix theirs; and if it fails, whom to tell? */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
