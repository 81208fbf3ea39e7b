// SPDX-License-Identifier: GPL-2.0-or-later
/* control.c - the UNIX socket: a line in, a line of JSON out */
#include "control.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "log.h"
#include "usocket.h"

#define CLIENTS_MAX	64
#define LINE_MAX_BYTES	512	/* a request and a guest's name */
/* A client that neither asks nor reads for this long makes room for others. */
#define IDLE_US		(60 * 1000000ULL)

struct client {
	struct client *next;
	struct control *control;
	int fd;
	struct control_peer peer;
	sd_event_source *io, *idle;
	char in[LINE_MAX_BYTES];
	size_t in_len;
	char *out;			/* an answer that is not yet read; no further request is
					 * taken meanwhile */
	size_t out_len, out_done;
	bool at_end;			/* it will ask no more */
};

struct control {
	sd_event *event;
	struct usocket socket;
	sd_event_source *io;
	const struct control_request *requests;
	void *opaque;
	struct client *clients;
	unsigned n_clients;
};

/* --- clients ---------------------------------------------------------- */

static void client_free(struct client *client)
{
	struct control *c = client->control;

	for (struct client **link = &c->clients; *link; link = &(*link)->next) {
		if (*link == client) {
			*link = client->next;
			c->n_clients--;
			break;
		}
	}
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->idle);
	close(client->fd);
	free(client->out);
	free(client);
	if (c->io)		/* was off while there were too many */
		sd_event_source_set_enabled(c->io, SD_EVENT_ON);
}

/* --- who asks --------------------------------------------------------- */

static void read_peer(int fd, struct control_peer *peer)
{
	struct ucred cred = { .pid = 0, .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	char path[64];
	FILE *f;

	*peer = (struct control_peer){ .uid = (uid_t)-1, .comm = "?" };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return;
	peer->pid = cred.pid;
	peer->uid = cred.uid;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)cred.pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(peer->comm, sizeof(peer->comm), f))
		peer->comm[strcspn(peer->comm, "\n")] = '\0';
	else
		strcpy(peer->comm, "?");
	fclose(f);
}

static void log_request(const struct control_request *r, const char *args,
			const struct control_peer *peer)
{
	if (r->changes)
		log_info("%s%s%s asked for by pid %d (%s), uid %u", r->name, *args ? " " : "", args,
			 (int)peer->pid, peer->comm, peer->uid);
	else
		log_debug("%s%s%s asked for by pid %d (%s), uid %u", r->name, *args ? " " : "",
			  args, (int)peer->pid, peer->comm, peer->uid);
}

/* --- answers ---------------------------------------------------------- */

static json_t *error_json(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

static json_t *args_json(const struct control_request *r)
{
	char text[128];

	if (r->args)
		snprintf(text, sizeof(text), "%s needs an argument: %s %s", r->name, r->name,
			 r->args);
	else
		snprintf(text, sizeof(text), "%s takes no argument", r->name);
	return error_json(text);
}

static json_t *help_json(const struct control *c)
{
	json_t *a = json_array();

	for (const struct control_request *r = c->requests; r->name && a; r++)
		json_array_append_new(a, json_pack("{s:s, s:s?, s:s}", "request", r->name,
						   "arguments", r->args, "help", r->help));
	return a ? json_pack("{s:o}", "requests", a) : NULL;
}

static json_t *unknown_json(const struct control *c, const char *line)
{
	char text[LINE_MAX_BYTES + 256];
	int at = snprintf(text, sizeof(text), "unknown request '");

	for (const char *p = line; *p && at < LINE_MAX_BYTES; p++)
		text[at++] = *p >= ' ' && *p <= '~' ? *p : '?';
	at += snprintf(text + at, sizeof(text) - at, "'; there are");
	for (const struct control_request *r = c->requests; r->name && at < (int)sizeof(text); r++)
		at += snprintf(text + at, sizeof(text) - at, "%s %s", r == c->requests ? "" : ",",
			       r->name);
	return error_json(text);
}

static void set_answer(struct client *client, json_t *answer)
{
	char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;

	json_decref(answer);
	if (asprintf(&client->out, "%s\n", text ? text : "{\"error\":\"out of memory\"}") < 0)
		client->out = NULL;
	free(text);
	client->out_len = client->out ? strlen(client->out) : 0;
	client->out_done = 0;
	if (!client->out)
		client->at_end = true;
}

/* @line: without its newline. An empty line is no request. */
static void answer_line(struct client *client, char *line)
{
	struct control *c = client->control;
	const struct control_request *r = c->requests;
	size_t len = strlen(line), word;
	const char *args;

	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	if (!len)
		return;
	word = strcspn(line, " \t");
	args = line + word + strspn(line + word, " \t");
	while (r->name && (strlen(r->name) != word || strncmp(r->name, line, word)))
		r++;
	if (!r->name) {
		set_answer(client, strcmp(line, "help") ? unknown_json(c, line) : help_json(c));
		return;
	}
	if (!r->args == !!*args) {
		set_answer(client, args_json(r));
		return;
	}
	log_request(r, args, &client->peer);
	set_answer(client, r->answer(c->opaque, args, &client->peer));
}

/* Takes requests from the buffer until one has an answer to be sent. */
static void take_requests(struct client *client)
{
	while (!client->out && client->in_len) {
		char line[LINE_MAX_BYTES + 1];
		char *end = memchr(client->in, '\n', client->in_len);
		size_t len = end ? (size_t)(end - client->in) : client->in_len;

		if (!end && client->in_len == sizeof(client->in)) {
			client->in_len = 0;
			client->at_end = true;
			set_answer(client, error_json("the request is longer than a line may be"));
			return;
		}
		if (!end && !client->at_end)
			return;
		memcpy(line, client->in, len);
		line[len] = '\0';
		len += end != NULL;
		memmove(client->in, client->in + len, client->in_len - len);
		client->in_len -= len;
		answer_line(client, line);
	}
}

/* Return: 1 something was moved, 0 nothing can be now, -errno it is over. */
static int client_write(struct client *client)
{
	ssize_t n;

	if (!client->out)
		return 0;
	n = send(client->fd, client->out + client->out_done, client->out_len - client->out_done,
		 MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	client->out_done += n;
	if (client->out_done == client->out_len) {
		free(client->out);
		client->out = NULL;
	}
	return 1;
}

static int client_read(struct client *client)
{
	ssize_t n;

	if (client->out || client->at_end || client->in_len == sizeof(client->in))
		return 0;
	n = recv(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len,
		 MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!n)
		client->at_end = true;
	client->in_len += n;
	return 1;
}

/*
 * Something to send, or a request that waits in our own buffer: that makes no descriptor
 * readable, but writable the client is.
 */
static bool has_work(const struct client *client)
{
	return client->out ||
	       (client->in_len && (client->at_end || memchr(client->in, '\n', client->in_len)));
}

static int on_client(sd_event_source *source, int fd, uint32_t revents, void *opaque)
{
	struct client *client = opaque;
	int moved = revents & EPOLLERR ? -EPIPE : 0;

	/* One answer at a time, so that one busy client does not keep the others waiting. */
	if (!moved)
		moved = client_write(client);
	if (moved >= 0 && !client->out) {
		int ret = client_read(client);

		moved = ret ? ret : moved;
		if (moved >= 0) {
			take_requests(client);
			ret = client_write(client);
			moved = ret ? ret : moved;
		}
	}
	if (moved < 0 || (client->at_end && !has_work(client))) {
		client_free(client);
		return 0;
	}
	if (moved > 0)
		sd_event_source_set_time_relative(client->idle, IDLE_US);
	sd_event_source_set_io_events(client->io, has_work(client) ? EPOLLOUT : EPOLLIN);
	return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *opaque)
{
	client_free(opaque);
	return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *opaque)
{
	struct control *c = opaque;
	struct client *client;
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			/* Out of descriptors: the next client that leaves gives one back. */
			log_warn("%s: cannot accept a client: %s", c->socket.path, strerror(errno));
			if (c->clients)
				sd_event_source_set_enabled(source, SD_EVENT_OFF);
		}
		return 0;
	}
	client = calloc(1, sizeof(*client));
	if (!client) {
		close(conn);
		return 0;
	}
	client->control = c;
	client->fd = conn;
	read_peer(conn, &client->peer);
	client->next = c->clients;
	c->clients = client;
	c->n_clients++;
	if (sd_event_add_io(c->event, &client->io, conn, EPOLLIN, on_client, client) < 0 ||
	    sd_event_add_time_relative(c->event, &client->idle, CLOCK_MONOTONIC, IDLE_US, 0,
				       on_idle, client) < 0) {
		client_free(client);
		return 0;
	}
	if (c->n_clients >= CLIENTS_MAX)
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* --- the whole -------------------------------------------------------- */

int control_open(struct control **out, sd_event *event, const char *path, mode_t mode, gid_t gid,
		 const struct control_request *requests, void *opaque, struct mt_err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return mt_err_set(err, -ENOMEM, "out of memory");
	c->requests = requests;
	c->opaque = opaque;
	c->event = sd_event_ref(event);
	ret = usocket_open(&c->socket, path, mode, gid, CLIENTS_MAX, err);
	if (!ret) {
		ret = sd_event_add_io(event, &c->io, c->socket.fd, EPOLLIN, on_connection, c);
		if (ret < 0)
			mt_err_set(err, ret, "%s: cannot be watched: %s", path, strerror(-ret));
	}
	if (ret < 0) {
		control_close(c);
		return ret;
	}
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	c->io = sd_event_source_disable_unref(c->io);
	while (c->clients)
		client_free(c->clients);
	usocket_close(&c->socket);
	sd_event_unref(c->event);
	free(c);
}
