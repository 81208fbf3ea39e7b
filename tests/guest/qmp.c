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

static FILE *open_qmp(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return NULL;
	}
	return fdopen(fd, "r+");
}

/* Sends a command; the answer, newline included, is in *line. */
static bool ask(FILE *f, const char *command, char **line, size_t *room)
{
	fseek(f, 0, SEEK_CUR);	/* from reading to writing; a socket does not mind */
	if (*command == '{')
		fprintf(f, "%s\n", command);
	else
		fprintf(f, "{\"execute\":\"%s\"}\n", command);
	if (fflush(f))
		return false;
	while (getline(line, room, f) > 0) {
		if (!strncmp(*line, "{\"return\"", 9) || !strncmp(*line, "{\"id\"", 5))
			return true;
		if (!strncmp(*line, "{\"error\"", 8)) {
			fputs(*line, stderr);
			return false;
		}
		/* else a greeting or an event */
	}
	fprintf(stderr, "qmp: no answer to %s\n", command);
	return false;
}

static bool wait_migration(FILE *f, long seconds, char **line, size_t *room)
{
	static const char *const ended[] = { "completed", "failed", "cancelled", "postcopy-paused" };
	time_t end = time(NULL) + seconds;

	while (time(NULL) <= end) {
		const char *status;

		if (!ask(f, "query-migrate", line, room))
			return false;
		status = strstr(*line, "\"status\": \"");
		for (size_t i = 0; status && i < sizeof(ended) / sizeof(*ended); i++) {
			if (strncmp(status + 11, ended[i], strlen(ended[i])))
				continue;
			fputs(*line, stdout);
			return i == 0;
		}
		usleep(POLL_US);
	}
	fputs(*line, stdout);
	return false;
}

int main(int argc, char **argv)
{
	bool wait = argc == 4 && !strcmp(argv[1], "--wait-migration");
	const char *path = wait ? argv[3] : argv[1];
	char *line = NULL;
	size_t room = 0;
	FILE *f;

	if (argc < 3 || (*argv[1] == '-' && !wait)) {
		fprintf(stderr, "usage: qmp SOCKET COMMAND...\n"
			"       qmp --wait-migration SECONDS SOCKET\n");
		return 2;
	}
	f = open_qmp(path);
	if (!f) {
		fprintf(stderr, "qmp: %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (!ask(f, "qmp_capabilities", &line, &room))
		return 1;
	if (wait)
		return wait_migration(f, atol(argv[2]), &line, &room) ? 0 : 1;
	for (int i = 2; i < argc; i++) {
		if (!ask(f, argv[i], &line, &room))
			return 1;
		fputs(line, stdout);
	}
	return 0;
}
