// SPDX-License-Identifier: GPL-2.0-or-later
/* test_logqueue.c - lines on their way to a reader that stalls, goes away, or comes back */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/thread.h"
#include "base/units.h"
#include "migtraced/log.h"
#include "migtraced/logqueue.h"
#include "ktap.h"

#define MANY		5000
#define ROOM		(64 * 1024)
#define INFO		6
#define ERROR		3
#define PIPE_BYTES	4096	/* the least that Linux gives one */

static size_t compose(char *buf, size_t size, int priority, const char *text, uint64_t late_ms)
{
	return snprintf(buf, size, "%d%s %s\n", priority, late_ms >= 200 ? " late" : "", text);
}

struct pipe {
	int read, write;
};

static struct pipe pipe_new(void)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) || fcntl(fd[1], F_SETPIPE_SZ, PIPE_BYTES) < 0)
		abort();
	return (struct pipe){ fd[0], fd[1] };
}

/* Until everything is written that was put, and read; at most 20 s. */
static char *read_all(bool (*written)(void *), void *opaque, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t until_ns = mt_deadline_ns(20000);
	size_t len = 0, size = 1 << 20;
	char *text = malloc(size);

	while (len + 1 < size && mt_now_ns() < until_ns) {
		bool all = written(opaque);	/* before the look, so that what was written last is
						 * seen by it */
		ssize_t n =
			poll(&p, 1, all ? 0 : 20) > 0 ? read(fd, text + len, size - len - 1) : 0;

		len += n > 0 ? n : 0;
		if (n <= 0 && all)
			break;
	}
	text[len] = '\0';
	return text;
}

static bool queue_written(void *q)
{
	return logqueue_flush(q, 0);
}

static bool log_written(void *unused)
{
	return log_flush(0);
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, what)); p++)
		n++;
	return n;
}

/* The sum of what the notes say. */
static uint64_t told_lost(const char *text)
{
	uint64_t sum = 0, n;

	for (const char *p = text; (p = strstr(p, "\n4 ")); p++)
		if (sscanf(p, "\n4 %" SCNu64 " line", &n) == 1)
			sum += n;
	return sum;
}

static uint64_t ms_since(uint64_t t_ns)
{
	return (mt_now_ns() - t_ns) / MT_NS_PER_MS;
}

static void test_stalled_reader(void)
{
	struct pipe p = pipe_new();
	struct logqueue *q;
	uint64_t begin_ns = mt_now_ns(), lost;
	mt_autofree char *text = NULL;

	CHECK(!logqueue_new(&q, p.write, ROOM, compose));
	for (unsigned i = 0; i < MANY; i++)
		logqueue_put(q, INFO, "nobody reads this line, however long one waits for it");
	CHECK(ms_since(begin_ns) < 2000);
	CHECK(!logqueue_flush(q, 50));
	lost = logqueue_lost(q);
	CHECK(lost > MANY / 2 && lost < MANY);

	/* Somebody reads on: whatever is lost is told, and where. */
	text = read_all(queue_written, q, p.read);
	CHECK_INT(told_lost(text), lost);
	CHECK_INT(count(text, "nobody reads"), MANY - lost);
	logqueue_put(q, INFO, "next");
	CHECK(logqueue_flush(q, 5000));
	CHECK_INT(logqueue_lost(q), lost);
	CHECK(logqueue_free(q, 5000));
	close(p.read);
	close(p.write);
}

static void test_note_is_where_they_were(void)
{
	struct pipe p = pipe_new();
	mt_autofree char *text = NULL, *rest = NULL;
	char some[PIPE_BYTES + 1];
	struct logqueue *q;
	unsigned i = 0;
	uint64_t lost;
	ssize_t n;

	CHECK(!logqueue_new(&q, p.write, 4096, compose));
	while (!logqueue_lost(q) && i++ < MANY)
		logqueue_put(
			q, ERROR,
			"before the gap, and long enough to fill what there is of a pipe in some few lines");
	CHECK(i < MANY);
	/* A little is read, so that a line fits again after those that did not. */
	n = read(p.read, some, sizeof(some) - 1);
	CHECK(n > 0);
	some[n] = '\0';
	do {
		lost = logqueue_lost(q);
		mt_sleep_ms(10);
		logqueue_put(q, ERROR, "after the gap");
	} while (logqueue_lost(q) != lost);
	rest = read_all(queue_written, q, p.read);
	CHECK(asprintf(&text, "%s%s", some, rest) > 0);
	CHECK(strstr(text, "of this log lost") && strstr(text, "after the gap"));
	CHECK(strstr(text, "of this log lost") < strstr(text, "after the gap"));
	CHECK(logqueue_free(q, 5000));
	close(p.read);
	close(p.write);
}

static void test_urgent(void)
{
	struct pipe p = pipe_new();
	mt_autofree char *text = NULL;
	struct logqueue *q;

	CHECK(!logqueue_new(&q, p.write, ROOM, compose));
	for (unsigned i = 0; i < MANY; i++)
		logqueue_put(q, INFO, "chatter");
	logqueue_put(q, ERROR, "a guest is paused");
	text = read_all(queue_written, q, p.read);
	CHECK(strstr(text, "3 a guest is paused") || strstr(text, "3 late a guest is paused"));
	CHECK(logqueue_free(q, 5000));
	close(p.read);
	close(p.write);
}

static void test_reader_gone(void)
{
	struct pipe p = pipe_new(), other = pipe_new();
	mt_autofree char *text = NULL;
	struct logqueue *q;
	int fd = dup(p.write);

	signal(SIGPIPE, SIG_IGN);
	CHECK(!logqueue_new(&q, fd, ROOM, compose));
	close(p.read);
	for (unsigned i = 0; i < 10; i++)
		logqueue_put(q, INFO, "to nobody");
	CHECK(logqueue_flush(q, 5000));
	CHECK_INT(logqueue_lost(q), 10);
	/* The descriptor leads somewhere again. */
	dup2(other.write, fd);
	logqueue_put(q, INFO, "to somebody");
	CHECK(logqueue_flush(q, 5000));
	text = read_all(queue_written, q, other.read);
	CHECK_STR(text, "4 10 lines of this log lost: it could not be written\n6 to somebody\n");
	CHECK_INT(logqueue_lost(q), 10);
	CHECK(logqueue_free(q, 5000));
	close(fd);
	close(p.write);
	close(other.read);
	close(other.write);
}

static void test_nonblocking(void)
{
	struct pipe p = pipe_new();
	mt_autofree char *text = NULL;
	struct logqueue *q;

	fcntl(p.write, F_SETFL, O_NONBLOCK);
	CHECK(!logqueue_new(&q, p.write, ROOM, compose));
	for (unsigned i = 0; i < 500; i++)
		logqueue_put(q, ERROR, "a descriptor that somebody made non-blocking");
	CHECK_INT(logqueue_lost(q), 0);
	mt_sleep_ms(300);
	text = read_all(queue_written, q, p.read);
	CHECK_INT(count(text, "somebody made"), 500);
	CHECK(strstr(text, "3 late a descriptor"));
	CHECK(logqueue_free(q, 5000));
	close(p.read);
	close(p.write);
}

/* What the daemon logs by: before log_start() at once, afterwards without waiting. */
static void test_log(void)
{
	struct pipe p = pipe_new();
	int was = dup(STDERR_FILENO);
	mt_autofree char *text = NULL, *rest = NULL;
	uint64_t begin_ns;

	log_init(false);
	dup2(p.write, STDERR_FILENO);
	log_warn("at once");
	text = read_all(log_written, NULL, p.read);
	CHECK_STR(text, "<4>at once\n");
	CHECK(!log_start());
	begin_ns = mt_now_ns();
	for (unsigned i = 0; i < MANY; i++)
		log_warn("line %u, that nobody reads, of a guest that waits meanwhile", i);
	CHECK(ms_since(begin_ns) < 2000);
	CHECK(log_lost() > 0);
	CHECK(!log_flush(10));
	rest = read_all(log_written, NULL, p.read);
	CHECK(log_flush(5000));
	CHECK_INT(count(rest, "that nobody reads"), MANY - log_lost());
	dup2(was, STDERR_FILENO);
	close(was);
	close(p.read);
	close(p.write);
}

static const struct ktap_case cases[] = {
	{ "a reader that stalls: nobody waits, and what is lost is told", test_stalled_reader },
	{ "it is told where the lines are missing", test_note_is_where_they_were },
	{ "chatter leaves room for what is urgent", test_urgent },
	{ "a reader that went away", test_reader_gone },
	{ "a descriptor that does not block", test_nonblocking },
	{ "the daemon's log waits for nobody", test_log },
};
KTAP_MAIN(cases)
