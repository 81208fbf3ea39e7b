/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_screen.c - what is shown of a running migration, when nobody reads it
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/units.h"
#include "cli/screen.h"
#include "ktap.h"

struct reader {
	int fd;
	FILE *out;
};

/* A pipe in place of a terminal. */
static struct reader reader_new(void)
{
	struct reader r;
	int ends[2];

	if (pipe(ends))
		abort();
	r.fd = ends[0];
	r.out = fdopen(ends[1], "w");
	return r;
}

static void fill(FILE *out)
{
	static const char zeroes[4096];
	int fd = fileno(out), flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, zeroes, sizeof(zeroes)) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

/* All until the end, or until nothing has come for a second. */
static char *read_all(struct reader *r)
{
	size_t size = 1 << 20, n = 0;
	char *text = calloc(1, size + 1);
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	ssize_t got;

	while (n < size && poll(&p, 1, 1000) > 0 && (got = read(r->fd, text + n, size - n)) > 0)
		n += (size_t)got;
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

static double ms_since(uint64_t ns)
{
	return (double)(mt_now_ns() - ns) / MT_NS_PER_MS;
}

static void test_read(void)
{
	struct reader r = reader_new();
	struct screen *s = screen_new(r.out);
	const char rows[SCREEN_ROWS][SCREEN_ROW] = { "title", "row" };
	mt_autofree char *text = NULL;

	CHECK(s);
	screen_line(s, "first");
	screen_draw(s, rows);
	usleep(100000);
	screen_line(s, "second");
	CHECK(screen_end(s, 5000));
	fclose(r.out);
	text = read_all(&r);
	close(r.fd);
	/* The block is taken away again for the next line. */
	CHECK_STR(text, "first\ntitle\nrow\n\033[2A\033[Jsecond\n");
}

static void test_unread(void)
{
	struct reader r = reader_new();
	struct screen *s;
	const char rows[SCREEN_ROWS][SCREEN_ROW] = { "title" };
	mt_autofree char *text = NULL;
	uint64_t begin_ns = mt_now_ns();
	char line[32];

	fill(r.out);
	s = screen_new(r.out);
	CHECK(s);
	screen_line(s, "stuck");
	usleep(50000);
	begin_ns = mt_now_ns();
	for (int i = 0; i < 1000; i++) {
		snprintf(line, sizeof(line), "line %d.", i);
		screen_line(s, line);
		screen_draw(s, rows);
	}
	CHECK(ms_since(begin_ns) < 500);
	begin_ns = mt_now_ns();
	CHECK(!screen_end(s, 300));
	CHECK(ms_since(begin_ns) >= 300 && ms_since(begin_ns) < 3000);
	/*
	 * What still waits comes when somebody reads: what is oldest was dropped, and that is said.
	 */
	text = read_all(&r);
	CHECK(strstr(text, "stuck\n"));
	CHECK(strstr(text, "(936 lines were dropped: nobody read them)\n"));
	CHECK(!strstr(text, "line 935."));
	CHECK(strstr(text, "line 936.\n"));
	CHECK(strstr(text, "line 999.\n"));
	fclose(r.out);
	close(r.fd);
}

static void test_cut(void)
{
	struct reader r = reader_new();
	struct screen *s = screen_new(r.out);
	mt_autofree char *text = NULL;
	char line[2 * SCREEN_ROW];

	CHECK(s);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	screen_line(s, line);
	CHECK(screen_end(s, 5000));
	fclose(r.out);
	text = read_all(&r);
	close(r.fd);
	CHECK_INT(strlen(text), SCREEN_ROW);
}

static const struct ktap_case cases[] = {
	{ "lines and a block", test_read },
	{ "a screen that nobody reads holds up nobody", test_unread },
	{ "a line that is too long", test_cut },
};

KTAP_MAIN(cases)
