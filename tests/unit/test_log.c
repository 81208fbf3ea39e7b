// SPDX-License-Identifier: GPL-2.0-or-later
/* test_log.c - the daemon's log: one line an event, whatever a tenant calls a guest */
#include <unistd.h>

#include "base/cleanup.h"
#include "migtraced/log.h"
#include "ktap.h"

/* What goes to stderr while @name is logged. */
static void logged(const char *name, char *text, size_t size)
{
	int fd[2], was = dup(STDERR_FILENO);
	ssize_t n;

	if (was < 0 || pipe(fd))
		abort();
	dup2(fd[1], STDERR_FILENO);
	log_warn("%s: not recorded", name);
	dup2(was, STDERR_FILENO);
	close(was);
	close(fd[1]);
	n = read(fd[0], text, size - 1);
	close(fd[0]);
	text[n > 0 ? n : 0] = '\0';
}

static void test_names(void)
{
	static const struct { const char *name, *shown; } rows[] = {
		{ "web-1", "web-1" }, { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "a\n<3>forged", "a?<3>forged" }, { "\x1b[2J", "?[2J" },
		{ "\xc2\x9b""2J", "?2J" }, { "\xe2\x80\xae""evil", "?evil" }, { "\xff\xfe", "??" },
	};
	char text[512], expected[512];

	log_init(false);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		logged(rows[i].name, text, sizeof(text));
		snprintf(expected, sizeof(expected), "<4>%s: not recorded\n", rows[i].shown);
		CHECK_STR(text, expected);
	}
}

static const struct ktap_case cases[] = {
	{ "no control character of a guest's name reaches the log", test_names },
};
KTAP_MAIN(cases)
