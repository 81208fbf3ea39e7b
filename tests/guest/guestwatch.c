// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guestwatch: listens to a test guest's serial port on the host.
 *
 * QEMU connects the guest's COM1 to a UNIX socket; the source of a migration and
 * its destination each make a connection. Every line is stamped on arrival with
 * CLOCK_MONOTONIC and logged as "NS CONN TEXT". Scripts ask questions through a
 * second socket (SOCKET.ctl): one command a line, one line of JSON back. What
 * the guest says and what the commands answer is described in README.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNS		64	/* over the whole run */
#define MAX_CLIENTS		16
#define LINE_BYTES		512
#define FLUSH_MS		100
#define NS_PER_MS		1000000ll
#define NS_PER_S		1000000000ll
#define LIFETIME_S		900
#define VERIFY_TIMEOUT_MS	10000
#define READY_TIMEOUT_MS	30000
#define STATS_TIMEOUT_MS	2000

struct beat {
	int64_t ns;
	int conn;
};

/* One connection of a QEMU's serial port; its number is its index. */
struct conn {
	int fd;				/* -1: closed */
	char line[LINE_BYTES];
	size_t len;
	size_t lines;
	size_t beats;
	int64_t last_ns;
};

enum wait { WAIT_COMMAND, WAIT_VERIFY, WAIT_READY, WAIT_STATS };

/* One connection of a script, and what its answer waits for */
struct client {
	int fd;				/* -1: free */
	char line[LINE_BYTES];
	size_t len;
	enum wait wait;
	int asked_conn;
	int64_t asked_ns;
	int64_t deadline_ns;
};

/* A file of ours; it is not ours any more once another run has replaced it. */
struct own_file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t dev;
	ino_t ino;
};

static struct {
	struct own_file socket;
	struct own_file ctl;
	struct own_file pid;
	FILE *log;
	int guest_fd;
	int ctl_fd;
	struct conn conns[MAX_CONNS];
	int nconns;
	struct client clients[MAX_CLIENTS];
	struct beat *beats;
	size_t nbeats;
	size_t beats_room;
	uint64_t number;		/* of the last heartbeat */
	uint64_t writes;		/* as the last heartbeat said */
	unsigned int backwards;		/* heartbeats that said less than before */
	int64_t ready_ns;		/* 0: not ready yet */
	int64_t last_line_ns;
	char banner[LINE_BYTES];
	char error[LINE_BYTES];
} watch = { .guest_fd = -1, .ctl_fd = -1 };

static volatile sig_atomic_t stopping;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void on_stop(int sig)
{
	(void)sig;
	stopping = 1;
}

/* --- answers --------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void answer(struct client *client, const char *format, ...)
{
	char text[8192];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text) - 1, format, args);
	va_end(args);
	if (len > (int)sizeof(text) - 2)
		len = sizeof(text) - 2;
	text[len++] = '\n';
	if (send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) != len) {
		close(client->fd);
		client->fd = -1;
	}
	client->wait = WAIT_COMMAND;
}

/* Turns "... name=1 other=2" into ,"name":1,"other":2; words that are not so are left out. */
static const char *fields_json(const char *text, char *buf, size_t room)
{
	size_t len = 0;
	char copy[LINE_BYTES], *word, *save;

	snprintf(copy, sizeof(copy), "%s", text);
	buf[0] = 0;
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		if (!value || !value[1] || strspn(value + 1, "0123456789") != strlen(value + 1) ||
		    strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789") != (size_t)(value - word))
			continue;
		*value++ = 0;
		len += snprintf(buf + len, room - len, ",\"%s\":%s", word, value);
		if (len >= room)
			break;
	}
	return buf;
}

static void answer_ready(struct client *client)
{
	char buf[LINE_BYTES * 2];

	if (watch.error[0])
		answer(client, "{\"ready\":false,\"error\":\"%s\"}", watch.error);
	else
		answer(client, "{\"ready\":true,\"at_ns\":%" PRId64 "%s}", watch.ready_ns,
		       fields_json(watch.banner, buf, sizeof(buf)));
}

/* A line arrived that clients waiting for `wait` have been waiting for. */
static void answer_waiting(enum wait wait, const char *text, int64_t ns)
{
	char buf[LINE_BYTES * 2];

	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &watch.clients[i];

		if (client->fd < 0 || client->wait != wait)
			continue;
		fields_json(text, buf, sizeof(buf));
		if (wait == WAIT_READY)
			answer_ready(client);
		else if (wait == WAIT_VERIFY)
			answer(client, "{\"verify\":\"%s\"%s,\"took_ms\":%.1f}",
			       strstr(text, " ok") ? "ok" : "fail", buf,
			       (ns - client->asked_ns) / 1e6);
		else
			answer(client, "{\"at_ns\":%" PRId64 "%s}", ns, buf);
	}
}

static void expire_clients(int64_t ns)
{
	static const char *const names[] = {
		[WAIT_VERIFY] = "verify", [WAIT_READY] = "ready", [WAIT_STATS] = "stats",
	};

	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &watch.clients[i];

		if (client->fd >= 0 && client->wait != WAIT_COMMAND && ns >= client->deadline_ns)
			answer(client, "{\"%s\":\"timeout\"}", names[client->wait]);
	}
}

/* --- the guest's lines ------------------------------------------------------ */

/* A question that went to the source when the guest had left it is asked again. */
static void ask_again(int conn)
{
	for (int i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &watch.clients[i];
		const char *byte = client->wait == WAIT_VERIFY ? "v" : "s";

		if (client->fd < 0 || client->asked_conn == conn ||
		    (client->wait != WAIT_VERIFY && client->wait != WAIT_STATS))
			continue;
		client->asked_conn = conn;
		if (send(watch.conns[conn].fd, byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			continue;	/* the client's timeout will tell */
	}
}

static void add_beat(int64_t ns, int conn)
{
	if (watch.nbeats == watch.beats_room) {
		size_t room = watch.beats_room ? watch.beats_room * 2 : 4096;
		struct beat *beats = realloc(watch.beats, room * sizeof(*beats));

		if (!beats)
			return;
		watch.beats = beats;
		watch.beats_room = room;
	}
	watch.beats[watch.nbeats++] = (struct beat){ ns, conn };
}

/* "hb N writes=M" and nothing else */
static bool parse_beat(const char *text, uint64_t *number, uint64_t *writes)
{
	int end = 0;

	return sscanf(text, "hb %" SCNu64 " writes=%" SCNu64 "%n", number, writes, &end) == 2 &&
	       end && !text[end];
}

static void on_line(int index, const char *text, int64_t ns)
{
	struct conn *conn = &watch.conns[index];
	uint64_t number, writes;

	fprintf(watch.log, "%" PRId64 " %d %s\n", ns, index, text);
	conn->lines++;
	conn->last_ns = watch.last_line_ns = ns;
	if (parse_beat(text, &number, &writes)) {
		add_beat(ns, index);
		ask_again(index);
		conn->beats++;
		if (writes < watch.writes || number <= watch.number)
			watch.backwards++;
		watch.number = number;
		watch.writes = writes;
	} else if (!strncmp(text, "verify ", 7)) {
		answer_waiting(WAIT_VERIFY, text, ns);
	} else if (!strncmp(text, "stats ", 6)) {
		answer_waiting(WAIT_STATS, text, ns);
	} else if (!strncmp(text, "migtrace-guest ", 15)) {
		snprintf(watch.banner, sizeof(watch.banner), "%s", text);
	} else if (!strcmp(text, "ready")) {
		watch.ready_ns = ns;
		answer_waiting(WAIT_READY, text, ns);
	} else if (!strncmp(text, "error ", 6)) {
		size_t len = 0;

		for (const char *p = text + 6; *p && len < sizeof(watch.error) - 1; p++)
			watch.error[len++] = *p == '"' || *p == '\\' ? '\'' : *p;
		watch.error[len] = 0;
		answer_waiting(WAIT_READY, text, ns);
	}
}

static bool is_line_start(const char *text)
{
	static const char *const starts[] = {
		"hb ",	  "verify ",	"stats ", "ready", "migtrace-guest ",
		"error ", "corrupted ", "bye",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (!strncmp(text, starts[i], strlen(starts[i])))
			return true;
	return false;
}

/*
 * A migration can fall into the middle of a line: its beginning then came from
 * the source and the rest comes first from the destination.
 */
static void on_full_line(int index, int64_t ns)
{
	struct conn *conn = &watch.conns[index];
	char joined[2 * LINE_BYTES];

	conn->line[conn->len] = 0;
	if (!conn->lines && !is_line_start(conn->line)) {
		for (int i = index - 1; i >= 0; i--) {
			struct conn *before = &watch.conns[i];

			if (!before->len)
				continue;
			snprintf(joined, sizeof(joined), "%.*s%s", (int)before->len,
				 before->line, conn->line);
			before->len = 0;
			on_line(index, joined, ns);
			conn->len = 0;
			return;
		}
	}
	on_line(index, conn->line, ns);
	conn->len = 0;
}

static void on_guest_data(int index, int64_t ns)
{
	struct conn *conn = &watch.conns[index];
	char buf[4096];
	ssize_t n = recv(conn->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(conn->fd);
		conn->fd = -1;
		fprintf(watch.log, "%" PRId64 " %d # closed\n", ns, index);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n')
			on_full_line(index, ns);
		else if (buf[i] >= ' ' && buf[i] < 127 && conn->len < LINE_BYTES - 1)
			conn->line[conn->len++] = buf[i];
	}
}

static void on_guest_connect(int64_t ns)
{
	int fd = accept4(watch.guest_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (watch.nconns == MAX_CONNS) {
		close(fd);
		return;
	}
	watch.conns[watch.nconns].fd = fd;
	fprintf(watch.log, "%" PRId64 " %d # connected\n", ns, watch.nconns);
	watch.nconns++;
}

/* --- commands --------------------------------------------------------------- */

/* Where the guest runs: the connection of the last heartbeat, else the last one */
static int current_conn(void)
{
	if (watch.nbeats && watch.conns[watch.beats[watch.nbeats - 1].conn].fd >= 0)
		return watch.beats[watch.nbeats - 1].conn;
	for (int i = watch.nconns - 1; i >= 0; i--)
		if (watch.conns[i].fd >= 0)
			return i;
	return -1;
}

static bool send_guest(const char *bytes)
{
	int conn = current_conn();
	ssize_t len = strlen(bytes);

	return conn >= 0 &&
	       send(watch.conns[conn].fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT) == len;
}

static bool parse_number(const char *text, int64_t *value)
{
	char *end;

	if (!text)
		return true;		/* keep the default */
	errno = 0;
	*value = strtoll(text, &end, 10);
	return !errno && end != text && !*end && *value >= 0;
}

static void wait_for(struct client *client, enum wait wait, int64_t timeout_ms)
{
	client->wait = wait;
	client->asked_conn = current_conn();
	client->asked_ns = now_ns();
	client->deadline_ns = client->asked_ns + timeout_ms * NS_PER_MS;
}

static int cmp_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static int64_t median(int64_t *values, size_t n)
{
	if (!n)
		return 0;
	qsort(values, n, sizeof(*values), cmp_i64);
	return values[n / 2];
}

/*
 * Silences that overlap FROM..TO, in their full length; the silence since the
 * last heartbeat counts until now.
 */
static void cmd_gap(struct client *client, char **args)
{
	int64_t from = 0, to = 0, now = now_ns(), longest = -1, at = 0;
	int64_t *intervals = malloc((watch.nbeats + 1) * sizeof(*intervals));
	size_t n = 0, beats = 0;
	int before = -1, after = -1;

	if (!parse_number(args[0], &from) || !parse_number(args[1], &to) || !intervals) {
		answer(client, "{\"error\":\"usage: gap FROM_NS TO_NS\"}");
		free(intervals);
		return;
	}
	if (!to)
		to = now;
	for (size_t i = 0; i < watch.nbeats; i++) {
		const struct beat *b = &watch.beats[i];
		bool last = i + 1 == watch.nbeats;
		int64_t end = last ? now : b[1].ns;

		if (b->ns >= from && b->ns <= to)
			beats++;
		if (end < from || b->ns > to)
			continue;
		if (!last)
			intervals[n++] = end - b->ns;
		if (end - b->ns > longest) {
			longest = end - b->ns;
			at = b->ns;
			before = b->conn;
			after = last ? -1 : b[1].conn;
		}
	}
	if (longest < 0)
		answer(client, "{\"longest_gap_ms\":null,\"beats\":0}");
	else
		answer(client, "{\"longest_gap_ms\":%.3f,\"at_ns\":%" PRId64
		       ",\"median_interval_ms\":%.3f,\"beats\":%zu,\"conn_before\":%d,\"conn_after\":%d}",
		       longest / 1e6, at, median(intervals, n) / 1e6, beats, before, after);
	free(intervals);
}

static void cmd_now(struct client *client, char **args)
{
	(void)args;
	answer(client, "{\"now_ns\":%" PRId64 "}", now_ns());
}

static void cmd_verify(struct client *client, char **args)
{
	int64_t timeout_ms = VERIFY_TIMEOUT_MS;

	if (!parse_number(args[0], &timeout_ms))
		answer(client, "{\"error\":\"usage: verify [TIMEOUT_MS]\"}");
	else if (!send_guest("v"))
		answer(client, "{\"verify\":\"timeout\",\"error\":\"no guest connected\"}");
	else
		wait_for(client, WAIT_VERIFY, timeout_ms);
}

static void cmd_stats(struct client *client, char **args)
{
	int64_t timeout_ms = STATS_TIMEOUT_MS;

	if (!parse_number(args[0], &timeout_ms))
		answer(client, "{\"error\":\"usage: stats [TIMEOUT_MS]\"}");
	else if (!send_guest("s"))
		answer(client, "{\"stats\":\"timeout\",\"error\":\"no guest connected\"}");
	else
		wait_for(client, WAIT_STATS, timeout_ms);
}

static void cmd_ready(struct client *client, char **args)
{
	int64_t timeout_ms = READY_TIMEOUT_MS;

	if (!parse_number(args[0], &timeout_ms))
		answer(client, "{\"error\":\"usage: ready [TIMEOUT_MS]\"}");
	else if (watch.ready_ns || watch.error[0])
		answer_ready(client);
	else
		wait_for(client, WAIT_READY, timeout_ms);
}

static void cmd_send(struct client *client, char **args)
{
	if (!args[0])
		answer(client, "{\"error\":\"usage: send BYTES\"}");
	else if (!send_guest(args[0]))
		answer(client, "{\"error\":\"no guest connected\"}");
	else
		answer(client, "{\"sent\":%zu,\"conn\":%d}", strlen(args[0]), current_conn());
}

static void cmd_status(struct client *client, char **args)
{
	char list[4096] = "";
	size_t len = 0;
	int64_t now = now_ns();

	(void)args;
	for (int i = 0; i < watch.nconns && len < sizeof(list); i++) {
		const struct conn *c = &watch.conns[i];

		len += snprintf(list + len, sizeof(list) - len,
				"%s{\"conn\":%d,\"open\":%s,\"lines\":%zu,\"beats\":%zu,\"last_line_age_ms\":%.1f}",
				i ? "," : "", i, c->fd >= 0 ? "true" : "false", c->lines, c->beats,
				c->last_ns ? (now - c->last_ns) / 1e6 : -1.0);
	}
	answer(client, "{\"beats\":%zu,\"writes\":%" PRIu64 ",\"backwards\":%u,\"ready\":%s,"
	       "\"last_line_age_ms\":%.1f,\"current_conn\":%d,\"connections\":[%s]}",
	       watch.nbeats, watch.writes, watch.backwards, watch.ready_ns ? "true" : "false",
	       watch.last_line_ns ? (now - watch.last_line_ns) / 1e6 : -1.0, current_conn(), list);
}

static const struct command {
	const char *name;
	void (*run)(struct client *client, char **args);
} commands[] = {
	{ "gap", cmd_gap },
	{ "now", cmd_now },
	{ "ready", cmd_ready },
	{ "send", cmd_send },
	{ "stats", cmd_stats },
	{ "status", cmd_status },
	{ "verify", cmd_verify },
};

static void run_command(struct client *client)
{
	char *args[4] = { NULL }, *word, *save;
	int n = 0;

	for (word = strtok_r(client->line, " \t\r", &save); word && n < 3;
	     word = strtok_r(NULL, " \t\r", &save))
		args[n++] = word;
	for (size_t i = 0; n && i < sizeof(commands) / sizeof(*commands); i++) {
		if (!strcmp(args[0], commands[i].name)) {
			commands[i].run(client, args + 1);
			return;
		}
	}
	answer(client, "{\"error\":\"unknown command\"}");
}

static void on_client_data(struct client *client)
{
	char c;

	/* One command at a time; what follows stays in the socket meanwhile. */
	while (client->fd >= 0 && client->wait == WAIT_COMMAND) {
		ssize_t n = recv(client->fd, &c, 1, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close(client->fd);
			client->fd = -1;
			return;
		}
		if (c != '\n') {
			if (client->len < LINE_BYTES - 1)
				client->line[client->len++] = c;
			continue;
		}
		client->line[client->len] = 0;
		client->len = 0;
		run_command(client);
	}
}

static void on_client_connect(void)
{
	int fd = accept4(watch.ctl_fd, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; fd >= 0 && i < MAX_CLIENTS; i++) {
		if (watch.clients[i].fd < 0) {
			watch.clients[i] = (struct client){ .fd = fd };
			return;
		}
	}
	if (fd >= 0)
		close(fd);
}

/* --- the loop --------------------------------------------------------------- */

static void serve(int64_t end_ns)
{
	struct pollfd fds[2 + MAX_CONNS + MAX_CLIENTS];
	int64_t flushed_ns = now_ns();

	while (!stopping) {
		int64_t ns;

		fds[0] = (struct pollfd){ watch.guest_fd, POLLIN, 0 };
		fds[1] = (struct pollfd){ watch.ctl_fd, POLLIN, 0 };
		for (int i = 0; i < MAX_CONNS; i++)
			fds[2 + i] = (struct pollfd){ i < watch.nconns ? watch.conns[i].fd : -1,
						      POLLIN, 0 };
		for (int i = 0; i < MAX_CLIENTS; i++)
			fds[2 + MAX_CONNS + i] = (struct pollfd){ watch.clients[i].fd,
				watch.clients[i].wait == WAIT_COMMAND ? POLLIN : 0, 0 };
		if (poll(fds, 2 + MAX_CONNS + MAX_CLIENTS, FLUSH_MS / 2) < 0 && errno != EINTR)
			break;
		ns = now_ns();
		for (int i = 0; i < MAX_CONNS; i++)
			if (fds[2 + i].fd >= 0 && fds[2 + i].revents)
				on_guest_data(i, ns);
		if (fds[0].revents)
			on_guest_connect(ns);
		for (int i = 0; i < MAX_CLIENTS; i++)
			if (fds[2 + MAX_CONNS + i].fd >= 0 && fds[2 + MAX_CONNS + i].revents)
				on_client_data(&watch.clients[i]);
		if (fds[1].revents)
			on_client_connect();
		expire_clients(ns);
		if (ns - flushed_ns >= FLUSH_MS / 2 * NS_PER_MS) {
			fflush(watch.log);
			flushed_ns = ns;
		}
		if (ns >= end_ns)
			break;
	}
}

static int socket_address(struct sockaddr_un *addr, const char *path)
{
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	strcpy(addr->sun_path, path);
	return 0;
}

static int own(struct own_file *file)
{
	struct stat st;

	if (stat(file->path, &st) < 0)
		return -errno;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return 0;
}

static void disown(const struct own_file *file)
{
	struct stat st;

	if (!stat(file->path, &st) && st.st_dev == file->dev && st.st_ino == file->ino)
		unlink(file->path);
}

static int listen_at(struct own_file *file)
{
	struct sockaddr_un addr;
	int err = socket_address(&addr, file->path);
	int fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(file->path);
	err = 0;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 8) < 0)
		err = -errno;
	if (!err)
		err = own(file);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int open_all(const char *path, const char *log_path)
{
	size_t room = sizeof(watch.socket.path);

	if (snprintf(watch.socket.path, room, "%s", path) >= (int)room ||
	    snprintf(watch.ctl.path, room, "%s.ctl", path) >= (int)room ||
	    snprintf(watch.pid.path, room, "%s.pid", path) >= (int)room)
		return -ENAMETOOLONG;
	watch.log = fopen(log_path, "we");
	if (!watch.log)
		return -errno;
	setvbuf(watch.log, NULL, _IOFBF, 1 << 20);
	watch.guest_fd = listen_at(&watch.socket);
	if (watch.guest_fd < 0)
		return watch.guest_fd;
	watch.ctl_fd = listen_at(&watch.ctl);
	return watch.ctl_fd < 0 ? watch.ctl_fd : 0;
}

static int write_pid(void)
{
	FILE *f;

	unlink(watch.pid.path);
	f = fopen(watch.pid.path, "we");
	if (!f)
		return -errno;
	fprintf(f, "%d\n", (int)getpid());
	return fclose(f) ? -errno : own(&watch.pid);
}

/* The parent leaves here, once the child has told that all is in place. */
static int detach(int *told)
{
	int null, pipe_fd[2];
	pid_t pid;
	char c;

	if (pipe2(pipe_fd, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		close(pipe_fd[1]);
		_exit(read(pipe_fd[0], &c, 1) == 1 ? 0 : 1);
	}
	close(pipe_fd[0]);
	*told = pipe_fd[1];
	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	for (int fd = 0; fd <= 2; fd++)
		dup2(null, fd);
	return 0;
}

static int run_server(const char *path, const char *log_path, bool daemon, int64_t lifetime_s)
{
	struct sigaction action = { .sa_handler = on_stop };
	int told = -1;
	int err;

	for (int i = 0; i < MAX_CLIENTS; i++)
		watch.clients[i].fd = -1;
	for (int i = 0; i < MAX_CONNS; i++)
		watch.conns[i].fd = -1;
	err = open_all(path, log_path);
	if (!err && daemon)
		err = detach(&told);
	if (!err)
		err = write_pid();
	if (err) {
		fprintf(stderr, "guestwatch: %s: %s\n", path, strerror(-err));
		return 1;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (told >= 0) {
		if (write(told, "", 1) != 1)
			return 1;
		close(told);
	}
	/* Stamps should not wait for a busy machine; it is no fault if they must. */
	setpriority(PRIO_PROCESS, 0, -10);
	serve(now_ns() + lifetime_s * NS_PER_S);
	fclose(watch.log);
	disown(&watch.socket);
	disown(&watch.ctl);
	disown(&watch.pid);
	return 0;
}

/* --- the client ------------------------------------------------------------- */

static int run_ask(const char *path, char **words)
{
	static const char *const failed[] = {
		"\"error\":", "\"timeout\"", "\"verify\":\"fail\"",
	};
	char ctl_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char text[8192] = "";
	struct sockaddr_un addr;
	size_t len = 0;
	int fd;

	if (snprintf(ctl_path, sizeof(ctl_path), "%s.ctl", path) >= (int)sizeof(ctl_path) ||
	    socket_address(&addr, ctl_path)) {
		fprintf(stderr, "guestwatch: %s: path too long\n", path);
		return 1;
	}
	for (; *words; words++)
		len += snprintf(text + len, len < sizeof(text) ? sizeof(text) - len : 0, "%s%s",
				*words, words[1] ? " " : "\n");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || len >= sizeof(text) ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len) {
		fprintf(stderr, "guestwatch: %s: %s\n", ctl_path, strerror(errno));
		return 1;
	}
	for (len = 0; len < sizeof(text) - 1 && !memchr(text, '\n', len);) {
		ssize_t n = recv(fd, text + len, sizeof(text) - 1 - len, 0);

		if (n <= 0)
			break;
		len += n;
	}
	text[len] = 0;
	close(fd);
	if (!strchr(text, '\n')) {
		fprintf(stderr, "guestwatch: %s: no answer\n", ctl_path);
		return 1;
	}
	fputs(text, stdout);
	for (size_t i = 0; i < sizeof(failed) / sizeof(*failed); i++)
		if (strstr(text, failed[i]))
			return 1;
	return 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: guestwatch [--daemon] [--lifetime SECONDS] SOCKET LOG\n"
		"       guestwatch --ask SOCKET COMMAND...\n"
		"commands: ready [TIMEOUT_MS], verify [TIMEOUT_MS], stats [TIMEOUT_MS],\n"
		"          gap [FROM_NS [TO_NS]], now, status, send BYTES\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "daemon", no_argument, NULL, 'd' },
		{ "lifetime", required_argument, NULL, 'l' },
		{ "ask", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	bool daemon = false, ask = false;
	int64_t lifetime_s = LIFETIME_S;
	int opt;

	while ((opt = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			daemon = true;
			break;
		case 'l':
			if (!parse_number(optarg, &lifetime_s))
				return usage();
			break;
		case 'a':
			ask = true;
			break;
		default:
			return usage();
		}
	}
	if (ask)
		return argc - optind >= 2 ? run_ask(argv[optind], argv + optind + 1) : usage();
	if (argc - optind != 2)
		return usage();
	return run_server(argv[optind], argv[optind + 1], daemon, lifetime_s);
}
