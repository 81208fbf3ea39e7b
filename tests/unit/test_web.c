// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_web.c - what is served over HTTP begins with what is now, and ends when it is to
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cleanup.h"
#include "base/units.h"
#include "migtraced/web.h"
#include "ktap.h"

#define CLIENTS	8

static char directory[] = "/tmp/migtrace-web.XXXXXX", path[64];

static int ask(const char *what)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char request[128];

	strcpy(address.sun_path, path);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", what);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Whether @text is among what comes within @ms. */
static bool comes(int fd, const char *text, uint64_t ms)
{
	const uint64_t until_ns = mt_deadline_ns(ms);
	char buf[4096] = "";
	size_t used = 0;

	while (!strstr(buf, text) && mt_now_ns() < until_ns && used + 1 < sizeof(buf)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 10) != 1)
			continue;
		n = recv(fd, buf + used, sizeof(buf) - 1 - used, 0);
		if (n <= 0)
			break;
		used += (size_t)n;
		buf[used] = '\0';
	}
	return strstr(buf, text);
}

/* Nobody watched when it was published, and the next time is a second away. */
static void stream_begins(void)
{
	struct mt_err err = { 0 };
	struct web *w;
	bool came;
	int fd;

	CHECK_INT(web_open(&w, path, 0600, (gid_t)-1, &err), 0);
	web_publish(w, json_pack("{s:i}", "look", 1));
	fd = ask("/api/v1/events");
	came = fd >= 0 && comes(fd, "data: {\"look\":1}\n\n", 300);
	close(fd);
	web_close(w);
	CHECK(came);
}

/* They wait for a status that never comes; each may for half a second. */
static void ends_at_once(void)
{
	struct mt_err err = { 0 };
	uint64_t begin_ns;
	int fds[CLIENTS];
	struct web *w;
	double s;

	CHECK_INT(web_open(&w, path, 0600, (gid_t)-1, &err), 0);
	for (size_t i = 0; i < CLIENTS; i++)
		fds[i] = ask("/api/v1/status");
	mt_sleep_ms(100);
	begin_ns = mt_now_ns();
	web_close(w);
	s = (double)(mt_now_ns() - begin_ns) / MT_NS_PER_S;
	for (size_t i = 0; i < CLIENTS; i++)
		close(fds[i]);
	printf("# %.2f s\n", s);
	/* One after the other they took 3.9 s. */
	CHECK(s < 1.6);
}

static const struct ktap_case cases[] = {
	{ "a stream begins with what was published last", stream_begins },
	{ "it ends at once, whoever waits for an answer", ends_at_once },
};

int main(void)
{
	int status;

	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof(path), "%s/sock", directory);
	status = ktap_main(cases, MT_ARRAY_SIZE(cases));
	strcat(path, ".lock");
	unlink(path);
	rmdir(directory);
	return status;
}
