// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qmp: drives a QEMU from shell scripts, without libvirt.
 *
 *	qmp SOCKET COMMAND...		each a JSON object or a bare command name;
 *					prints the answers, one a line
 *	qmp --wait-migration SECONDS SOCKET
 *					until no migration is in progress; prints the
 *					last answer to query-migrate
 *
 * Exit status 0 if all was answered (and the migration completed), else 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_S	30
#define POLL_US			20000

/* Reads and writes must not share a stream: QEMU sends events at any time. */
struct qmp {
	int fd;
	FILE *in;
	char *line;		/* the last answer, newline included */
	size_t room;
};

static int qmp_open(struct qmp *qmp, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (qmp->fd < 0)
		return -errno;
	setsockopt(qmp->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(qmp->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	qmp->in = fdopen(qmp->fd, "r");
	return qmp->in ? 0 : -errno;
}

static bool ask(struct qmp *qmp, const char *command)
{
	const char *format = *command == '{' ? "%s\n" : "{\"execute\":\"%s\"}\n";

	if (dprintf(qmp->fd, format, command) < 0) {
		perror("qmp");
		return false;
	}
	while (getline(&qmp->line, &qmp->room, qmp->in) > 0) {
		if (!strncmp(qmp->line, "{\"return\"", 9) || !strncmp(qmp->line, "{\"id\"", 5))
			return true;
		if (!strncmp(qmp->line, "{\"error\"", 8)) {
			fputs(qmp->line, stderr);
			return false;
		}
		/* else a greeting or an event */
	}
	fprintf(stderr, "qmp: no answer to %s\n", command);
	return false;
}

static bool wait_migration(struct qmp *qmp, long seconds)
{
	static const char *const ended[] = { "completed", "failed", "cancelled",
					     "postcopy-paused" };
	time_t end = time(NULL) + seconds;

	while (time(NULL) <= end) {
		const char *status;

		if (!ask(qmp, "query-migrate"))
			return false;
		status = strstr(qmp->line, "\"status\": \"");
		for (size_t i = 0; status && i < sizeof(ended) / sizeof(*ended); i++) {
			if (strncmp(status + 11, ended[i], strlen(ended[i])))
				continue;
			fputs(qmp->line, stdout);
			return i == 0;
		}
		usleep(POLL_US);
	}
	fputs(qmp->line, stdout);
	return false;
}

int main(int argc, char **argv)
{
	bool wait = argc == 4 && !strcmp(argv[1], "--wait-migration");
	const char *path = wait ? argv[3] : argv[1];
	struct qmp qmp = { .fd = -1 };
	int err;

	if (argc < 3 || (*argv[1] == '-' && !wait)) {
		fprintf(stderr, "usage: qmp SOCKET COMMAND...\n"
			"       qmp --wait-migration SECONDS SOCKET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	err = qmp_open(&qmp, path);
	if (err) {
		fprintf(stderr, "qmp: %s: %s\n", path, strerror(-err));
		return 1;
	}
	if (!ask(&qmp, "qmp_capabilities"))
		return 1;
	if (wait)
		return wait_migration(&qmp, atol(argv[2])) ? 0 : 1;
	for (int i = 2; i < argc; i++) {
		if (!ask(&qmp, argv[i]))
			return 1;
		fputs(qmp.line, stdout);
	}
	return 0;
}
