// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * listener.c - where the web is served: a port of loopback, or a UNIX socket
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "listener.h"

static const struct {
	const char *prefix;
	int family;
} loopbacks[] = {
	{ "127.0.0.1:", AF_INET },
	{ "[::1]:", AF_INET6 },
};

/* The port behind @prefix; 0: none that can be had. */
static unsigned port_of(const char *address, const char *prefix)
{
	size_t n = strlen(prefix);
	char *end;
	unsigned long port;

	if (strncmp(address, prefix, n) || address[n] < '1' || address[n] > '9')
		return 0;
	port = strtoul(address + n, &end, 10);
	return *end || port > 65535 ? 0 : (unsigned)port;
}

bool listener_is_address(const char *address)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(loopbacks); i++)
		if (port_of(address, loopbacks[i].prefix))
			return true;
	return *address == '/' && strlen(address) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

static int listen_tcp(struct listener *l, const char *address, int family, unsigned port,
		      int backlog, struct mt_err *err)
{
	const struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
					  .sin6_port = htons((uint16_t)port),
					  .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const int on = 1;

	l->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return mt_err_set(err, -errno, "%s: no socket: %s", address, strerror(errno));
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(l->fd, family == AF_INET ? (const struct sockaddr *)&in :
					    (const struct sockaddr *)&in6,
		 family == AF_INET ? sizeof(in) : sizeof(in6)) || listen(l->fd, backlog))
		return mt_err_set(err, -errno, "%s: cannot be listened on: %s; set [web] listen",
				  address, strerror(errno));
	return 0;
}

int listener_open(struct listener *l, const char *address, mode_t mode, gid_t gid, int backlog,
		  struct mt_err *err)
{
	int ret;

	*l = (struct listener){ .fd = -1, .path = { .fd = -1, .lock = -1 } };
	if (*address == '/') {
		ret = usocket_open(&l->path, address, mode, gid, backlog, err);
		l->fd = l->path.fd;
		return ret;
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(loopbacks); i++) {
		unsigned port = port_of(address, loopbacks[i].prefix);

		if (port)
			return listen_tcp(l, address, loopbacks[i].family, port, backlog, err);
	}
	return mt_err_set(err, -EINVAL, "%s: neither a port of loopback nor a path", address);
}

/* Over a path usocket's own descriptor is closed with it. */
void listener_close(struct listener *l)
{
	if (l->fd >= 0 && l->fd != l->path.fd)
		close(l->fd);
	usocket_close(&l->path);
	l->fd = -1;
}

bool listener_is_host(const struct listener *l, const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	if (l->path.bound)
		return true;
	for (size_t i = 0; host && i < MT_ARRAY_SIZE(names); i++) {
		size_t n = strlen(names[i]);

		if (!strncasecmp(host, names[i], n) && (!host[n] || host[n] == ':'))
			return true;
	}
	return false;
}
