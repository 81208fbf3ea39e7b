// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * wheel.c - one hand for the migration of one guest, and the mark that it was stopped
 *
 * The lock and the mark are two files: the lock is the kernel's and ends with the process, the
 * mark is replaced whole and stays. Threads: any; one at a time writes the mark.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "hands_files.h"
#include "holder.h"
#include "mark.h"

#define STOPPED		"stopped"
#define LIMITED		"limited"
#define COUNT_WAIT_MS	200	/* for another process that is just writing a mark */
#define COUNT_RETRY_MS	5

struct mt_wheel {
	atomic_uint refs;
	struct mt_hands *hands;
	int fd;
	char host[VIR_UUID_STRING_BUFLEN], uuid[VIR_UUID_STRING_BUFLEN];
	char name[HANDS_NAME_MAX], mark[HANDS_NAME_MAX], limited[HANDS_NAME_MAX];
};

/* --- the lock ---------------------------------------------------------------- */
int mt_wheel_take(struct mt_hands *h, const char *host, const char *uuid, const char *who,
		  struct mt_wheel **wheel, struct mt_holder *holder, struct mt_err *err)
{
	struct mt_wheel *w = calloc(1, sizeof(*w));
	int ret;

	if (!w)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (mt_hands_name(w->name, host, uuid, "wheel") ||
	    mt_hands_name(w->mark, host, uuid, STOPPED) ||
	    mt_hands_name(w->limited, host, uuid, LIMITED))
		ret = mt_err_set(err, -EINVAL, "\"%s\" or \"%s\" is no UUID", host, uuid);
	else
		ret = mt_holder_lock(h, w->name, who, &w->fd, holder, "steers this migration", err);
	if (ret) {
		free(w);
		return ret;
	}
	atomic_init(&w->refs, 1);
	w->hands = mt_hands_get(h);
	snprintf(w->host, sizeof(w->host), "%s", host);
	snprintf(w->uuid, sizeof(w->uuid), "%s", uuid);
	*wheel = w;
	return 0;
}

struct mt_wheel *mt_wheel_get(struct mt_wheel *w)
{
	atomic_fetch_add(&w->refs, 1);
	return w;
}

void mt_wheel_put(struct mt_wheel *w)
{
	if (!w || atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	/* While it is locked: whoever has opened it already finds that it is no longer the one. */
	if (mt_wheel_ours(w))
		mt_hands_remove(w->hands, w->name);
	close(w->fd);
	mt_hands_close(w->hands);
	free(w);
}

bool mt_wheel_ours(struct mt_wheel *w)
{
	return mt_hands_file_is(w->hands, w->name, w->fd);
}

const char *mt_wheel_host(const struct mt_wheel *w)
{
	return w->host;
}

const char *mt_wheel_uuid(const struct mt_wheel *w)
{
	return w->uuid;
}

/* --- the mark ------------------------------------------------------------------- */
static unsigned count_others(const struct mt_wheel *w, const struct mt_stop_mark *list, size_t n)
{
	unsigned others = 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].uuid, w->uuid) || strcmp(list[i].host, w->host))
			others++;
	return others;
}

/* Two processes that count at once would each find room for one. */
static int lock_count(struct mt_hands *h)
{
	uint64_t until_ns = mt_deadline_ns(COUNT_WAIT_MS);
	int fd, ret;

	for (;;) {
		ret = mt_hands_file_locked(h, "count.lock", &fd);
		if (!ret)
			return fd;
		if (ret == -EWOULDBLOCK)
			close(fd);
		if (ret != -EWOULDBLOCK || mt_now_ns() >= until_ns)
			return ret;
		mt_sleep_ms(COUNT_RETRY_MS);
	}
}

static int write_as(struct mt_wheel *w, const char *name, const struct mt_stop_mark *mark,
		    struct mt_err *err)
{
	char text[HANDS_TEXT_MAX];
	int ret = mt_mark_format(mark, text);

	if (!ret)
		ret = mt_hands_replace(w->hands, name, text);
	if (ret)
		return mt_err_set(err, ret, "%s/%s: the mark of the guest cannot be written: %s",
				  w->hands->path, name, strerror(-ret));
	return 0;
}

static int write_mark(struct mt_wheel *w, const struct mt_stop_mark *mark, struct mt_err *err)
{
	return write_as(w, w->mark, mark, err);
}

int mt_wheel_mark(struct mt_wheel *w, const struct mt_stop_mark *mark, unsigned max_stopped,
		  struct mt_err *err)
{
	struct mt_stop_mark *list = NULL;
	unsigned others = 0;
	size_t n = 0;
	int ret, lock;

	if (!max_stopped)
		return write_mark(w, mark, err);
	lock = lock_count(w->hands);
	if (lock < 0)
		return mt_err_set(err, lock,
				  "%s: how many guests are stopped cannot be determined: %s",
				  w->hands->path,
				  lock == -EWOULDBLOCK ? "another process holds count.lock" :
							 strerror(-lock));
	ret = mt_hands_marks(w->hands, &list, &n, err);
	if (!ret) {
		others = count_others(w, list, n);
		free(list);
		if (others >= max_stopped)
			ret = mt_err_set(
				err, -EDQUOT,
				"%u guest%s stopped already, and no more than %u may be at once",
				others, others == 1 ? " is" : "s are", max_stopped);
		else
			ret = write_mark(w, mark, err);
	}
	close(lock);
	return ret;
}

static int read_as(struct mt_wheel *w, const char *name, struct mt_stop_mark *mark)
{
	char text[HANDS_TEXT_MAX];
	int ret = mt_hands_read(w->hands, name, text);

	if (ret)
		return ret;
	if (mt_mark_parse(text, mark) || strcmp(mark->uuid, w->uuid) || strcmp(mark->host, w->host))
		return -ENOENT;
	return 0;
}

int mt_wheel_marked(struct mt_wheel *w, struct mt_stop_mark *mark)
{
	return read_as(w, w->mark, mark);
}

int mt_wheel_unmark(struct mt_wheel *w)
{
	return mt_hands_remove(w->hands, w->mark);
}

int mt_wheel_mark_limited(struct mt_wheel *w, const char *uri, const char *name,
			  const struct mt_left *left, struct mt_err *err)
{
	struct mt_stop_mark mark = { .stopped_ns = mt_now_ns(), .confirmed = true, .left = *left };

	mark.due_ns = mark.stopped_ns;
	memcpy(mark.host, w->host, sizeof(mark.host));
	memcpy(mark.uuid, w->uuid, sizeof(mark.uuid));
	snprintf(mark.name, sizeof(mark.name), "%s", name);
	if (snprintf(mark.uri, sizeof(mark.uri), "%s", uri) >= (int)sizeof(mark.uri))
		return mt_err_set(err, -ENAMETOOLONG, "the URI %s is too long for a mark", uri);
	return write_as(w, w->limited, &mark, err);
}

bool mt_wheel_is_limited(struct mt_wheel *w, struct mt_left *left)
{
	struct mt_stop_mark mark;
	int ret = read_as(w, w->limited, &mark);

	/* One that cannot be read now may be there: lifting what is not does no harm. */
	*left = ret ? (struct mt_left){ .vcpus = true } : mark.left;
	return ret != -ENOENT && ret != -ESTALE && ret != -EBADMSG;
}

int mt_wheel_unmark_limited(struct mt_wheel *w)
{
	return mt_hands_remove(w->hands, w->limited);
}

/* --- all marks ---------------------------------------------------------------------- */
static bool is_mark(const char *name, const char *suffix)
{
	const size_t guest = 2 * (VIR_UUID_STRING_BUFLEN - 1) + 1;

	return strlen(name) == guest + 1 + strlen(suffix) && name[guest] == '.' &&
	       !strcmp(name + guest + 1, suffix);
}

/* Return: 0; -EBADMSG what is none of this boot; else it cannot be told now. */
static int read_mark(struct mt_hands *h, const char *name, const char *suffix,
		     struct mt_stop_mark *mark)
{
	char text[HANDS_TEXT_MAX], expected[HANDS_NAME_MAX];
	int ret = mt_hands_read(h, name, text);

	if (!ret)
		ret = mt_mark_parse(text, mark);
	/* What it says must be what it is called. */
	if (!ret &&
	    (mt_hands_name(expected, mark->host, mark->uuid, suffix) || strcmp(name, expected)))
		ret = -EBADMSG;
	return ret == -ESTALE || ret == -EFBIG ? -EBADMSG : ret;
}

/*
 * One of another boot, with which its guest ended; one of this boot is always whole. Unless it has
 * a new one just now.
 */
static void remove_old(struct mt_hands *h, const char *name, const char *suffix)
{
	char wheel[HANDS_NAME_MAX];
	struct mt_stop_mark mark;
	int fd, ret;

	snprintf(wheel, sizeof(wheel), "%.*s.wheel", 2 * (VIR_UUID_STRING_BUFLEN - 1) + 1, name);
	ret = mt_hands_file_locked(h, wheel, &fd);
	if (!ret && read_mark(h, name, suffix, &mark) == -EBADMSG)
		mt_hands_remove(h, name);
	if (!ret)
		mt_hands_remove(h, wheel);
	if (fd >= 0)
		close(fd);
}

static int marks_of(struct mt_hands *h, const char *suffix, struct mt_stop_mark **list, size_t *n,
		    struct mt_err *err)
{
	int fd = mt_hands_dir(h), ret = 0;
	struct mt_stop_mark *more;
	struct dirent *entry;
	DIR *dir;

	*list = NULL;
	*n = 0;
	/* A position of its own, whoever else reads it. */
	if (fd >= 0) {
		fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		fd = fd < 0 ? -errno : fd;
	}
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		ret = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return mt_err_set(err, ret, "%s: cannot be listed: %s", h->path, strerror(-ret));
	}
	while (!ret && (entry = readdir(dir))) {
		struct mt_stop_mark mark;

		if (!is_mark(entry->d_name, suffix))
			continue;
		ret = read_mark(h, entry->d_name, suffix, &mark);
		if (ret == -EBADMSG)
			remove_old(h, entry->d_name, suffix);
		if (ret == -EBADMSG || ret == -ENOENT) {
			ret = 0;
			continue;
		}
		if (ret) {
			mt_err_set(err, ret, "%s/%s: cannot be read: %s", h->path, entry->d_name,
				   strerror(-ret));
			break;
		}
		more = reallocarray(*list, *n + 1, sizeof(**list));
		if (!more) {
			ret = mt_err_set(err, -ENOMEM, "out of memory");
			break;
		}
		*list = more;
		(*list)[(*n)++] = mark;
	}
	closedir(dir);
	if (ret) {
		free(*list);
		*list = NULL;
		*n = 0;
	}
	return ret;
}

int mt_hands_marks(struct mt_hands *h, struct mt_stop_mark **list, size_t *n, struct mt_err *err)
{
	return marks_of(h, STOPPED, list, n, err);
}

int mt_hands_limited(struct mt_hands *h, struct mt_stop_mark **list, size_t *n, struct mt_err *err)
{
	return marks_of(h, LIMITED, list, n, err);
}
