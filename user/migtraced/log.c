// SPDX-License-Identifier: GPL-2.0-or-later
/* log.c - one line an event, on stderr: for the journal, or for a person */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "log.h"
#include "logqueue.h"

#define LOG_DEBUG_PRIORITY	7
#define QUEUE_BYTES	(256 * 1024)	/* some two thousand lines */
/* so much later than it happened a line says so: journald stamps the writing */
#define LATE_MS		1000

static bool verbose;
static bool for_people;
static struct logqueue *queue;	/* NULL before log_start() */

/*
 * $JOURNAL_STREAM is "DEVICE:INODE" of the journal's socket: set for the service, whatever stderr
 * has become.
 */
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

static size_t compose(char *buf, size_t size, int priority, const char *text, uint64_t late_ms)
{
	char late[48] = "";
	size_t len;

	if (late_ms >= LATE_MS)
		snprintf(late, sizeof(late), "(%.1f s ago) ", (double)late_ms / 1000);
	if (for_people)
		len = snprintf(buf, size, "migtraced: %s%s%s\n", priority_name(priority), late,
			       text);
	else
		len = snprintf(buf, size, "<%d>%s%s\n", priority, late, text);
	return len < size ? len : size - 1;
}

int log_start(void)
{
	return logqueue_new(&queue, STDERR_FILENO, QUEUE_BYTES, compose);
}

bool log_flush(uint64_t timeout_ms)
{
	return !queue || logqueue_flush(queue, timeout_ms);
}

uint64_t log_lost(void)
{
	return queue ? logqueue_lost(queue) : 0;
}

void log_write(int priority, const char *fmt, ...)
{
	char text[2048], line[2112];
	va_list ap;

	if (priority >= LOG_DEBUG_PRIORITY && !verbose)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mt_utf8_scrub(text);	/* names in it are a tenant's */
	if (queue) {
		logqueue_put(queue, priority, text);
		return;
	}
	/* One write a line, so that threads do not mix theirs; and if it fails, whom to tell? */
	if (write(STDERR_FILENO, line, compose(line, sizeof(line), priority, text, 0)) < 0)
		return;
}
