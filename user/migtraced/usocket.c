// SPDX-License-Identifier: GPL-2.0-or-later
/* usocket.c - a UNIX socket that listens, and is one daemon's alone */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "usocket.h"

static int make_directory(const char *path, struct mt_err *err)
{
	mt_autofree char *copy = strdup(path);
	char *directory;

	if (!copy)
		return mt_err_set(err, -ENOMEM, "out of memory");
	directory = dirname(copy);
	if (!mkdir(directory, 0755)) {
		/* Whatever the umask: who may come in is the socket's business. */
		if (chmod(directory, 0755))
			return mt_err_set(err, -errno, "%s: cannot set its mode: %s", directory,
					  strerror(errno));
	} else if (errno != EEXIST) {
		return mt_err_set(err, -errno,
				  "%s: cannot be made: %s; make it, or set another path",
				  directory, strerror(errno));
	}
	return 0;
}

static int address_of(const char *path, struct sockaddr_un *address, struct mt_err *err)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return mt_err_set(err, -ENAMETOOLONG, "%s: too long for a socket's path", path);
	strcpy(address->sun_path, path);
	return 0;
}

/* The lock is what two daemons that start at once go by; the socket file alone would not do. */
static int take_lock(struct usocket *s, struct mt_err *err)
{
	s->lock = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return mt_err_set(err, -errno, "%s: cannot be opened: %s", s->lock_path,
				  strerror(errno));
	if (flock(s->lock, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return mt_err_set(err, -errno, "%s: cannot be locked: %s", s->lock_path,
					  strerror(errno));
		return mt_err_set(err, -EADDRINUSE,
				  "another migtraced is running with the socket %s; stop it, or set another path",
				  s->path);
	}
	return 0;
}

static int remove_stale(const struct usocket *s, const struct sockaddr_un *address,
			struct mt_err *err)
{
	mt_autoclose int probe = -1;
	struct stat st;

	if (lstat(s->path, &st))
		return errno == ENOENT ?
			       0 :
			       mt_err_set(err, -errno, "%s: %s", s->path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return mt_err_set(err, -EEXIST, "%s: exists and is no socket; it is not replaced",
				  s->path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe >= 0 && (!connect(probe, (const struct sockaddr *)address, sizeof(*address)) ||
			   errno == EAGAIN))
		return mt_err_set(err, -EADDRINUSE,
				  "somebody else answers on %s; stop it, or set another path",
				  s->path);
	if (unlink(s->path) && errno != ENOENT)
		return mt_err_set(err, -errno, "%s: cannot be replaced: %s", s->path,
				  strerror(errno));
	return 0;
}

static int listen_on(struct usocket *s, const struct sockaddr_un *address, mode_t mode, gid_t gid,
		     int backlog, struct mt_err *err)
{
	mode_t old;
	int ret;

	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return mt_err_set(err, -errno, "no socket: %s", strerror(errno));
	/* Nobody gets in before group and mode are what they should be. */
	old = umask(0777);
	ret = bind(s->fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(old);
	if (ret)
		return mt_err_set(err, ret, "%s: cannot be made: %s", s->path, strerror(-ret));
	s->bound = true;
	if (gid != (gid_t)-1 && chown(s->path, -1, gid))
		return mt_err_set(err, -errno, "%s: cannot be given to group %u: %s", s->path, gid,
				  strerror(errno));
	if (chmod(s->path, mode))
		return mt_err_set(err, -errno, "%s: cannot set its mode: %s", s->path,
				  strerror(errno));
	if (listen(s->fd, backlog))
		return mt_err_set(err, -errno, "%s: %s", s->path, strerror(errno));
	return 0;
}

int usocket_open(struct usocket *s, const char *path, mode_t mode, gid_t gid, int backlog,
		 struct mt_err *err)
{
	struct sockaddr_un address;
	int ret;

	*s = (struct usocket){ .lock = -1, .fd = -1 };
	if (asprintf(&s->lock_path, "%s.lock", path) < 0)
		s->lock_path = NULL;
	s->path = strdup(path);
	ret = s->path && s->lock_path ? 0 : mt_err_set(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = address_of(path, &address, err);
	if (!ret)
		ret = make_directory(path, err);
	if (!ret)
		ret = take_lock(s, err);
	if (!ret)
		ret = remove_stale(s, &address, err);
	return ret ? ret : listen_on(s, &address, mode, gid, backlog, err);
}

void usocket_close(struct usocket *s)
{
	if (s->bound)
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock >= 0)
		close(s->lock);
	free(s->path);
	free(s->lock_path);
	*s = (struct usocket){ .lock = -1, .fd = -1 };
}
