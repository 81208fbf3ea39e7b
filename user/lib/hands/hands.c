// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * hands.c - which hypervisor it is, who acts on it, and what is to be left alone
 *
 * Threads: any. Nothing here waits for another process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hands_files.h"
#include "holder.h"

/* --- which hypervisor ----------------------------------------------------- */
int mt_hands_host(struct mt_conn *c, char host[VIR_UUID_STRING_BUFLEN], struct mt_err *err)
{
	uint64_t hash = 0xcbf29ce484222325;	/* FNV-1a */
	struct mt_err why = { 0 };
	int ret = mt_conn_host(c, host, &why);

	if (!ret && strlen(host) == VIR_UUID_STRING_BUFLEN - 1)
		return 0;
	host[0] = '\0';
	if (ret && ret != -ENODATA && ret != -EOPNOTSUPP)
		return mt_err_set(err, ret, "which host %s is cannot be determined: %s",
				  mt_conn_uri(c), why.msg);
	for (const char *p = mt_conn_uri(c); p && *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
	snprintf(host, VIR_UUID_STRING_BUFLEN, "00000000-0000-0000-%04x-%012" PRIx64,
		 (unsigned)(hash >> 48), hash & 0xffffffffffff);
	return 0;
}

/* --- who acts on it --------------------------------------------------------- */
struct mt_host_lock {
	struct mt_hands *hands;
	int fd;
};

int mt_host_lock_take(struct mt_hands *h, const char *host, const char *who,
		      struct mt_host_lock **lock, struct mt_holder *holder, struct mt_err *err)
{
	char name[HANDS_NAME_MAX];
	struct mt_host_lock *l;
	int fd, ret;

	ret = mt_hands_name(name, host, NULL, "lock");
	if (ret)
		return mt_err_set(err, ret, "\"%s\" is no host's UUID", host);
	ret = mt_holder_lock(h, name, who, &fd, holder, "acts on this hypervisor", err);
	if (ret)
		return ret;
	l = calloc(1, sizeof(*l));
	if (!l) {
		close(fd);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	l->hands = mt_hands_get(h);
	l->fd = fd;
	*lock = l;
	return 0;
}

void mt_host_lock_drop(struct mt_host_lock *lock)
{
	if (!lock)
		return;
	close(lock->fd);
	mt_hands_close(lock->hands);
	free(lock);
}

/* --- hands off ----------------------------------------------------------------- */
static bool stands(int dir, const char *host, const char *uuid, const char *suffix)
{
	char name[HANDS_NAME_MAX];

	if (mt_hands_name(name, host, uuid, suffix))
		return true;
	return !faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) || errno != ENOENT;
}

enum mt_off mt_hands_off(struct mt_hands *h, const char *host, const char *uuid)
{
	int dir = mt_hands_dir(h);

	if (dir < 0 || stands(dir, host, NULL, "off"))
		return MT_OFF_ALL;
	return stands(dir, host, uuid, "released") ? MT_OFF_RELEASED : MT_OFF_NOT;
}

int mt_hands_release(struct mt_hands *h, const char *host, const char *uuid, bool off,
		     struct mt_err *err)
{
	char name[HANDS_NAME_MAX];
	int ret = mt_hands_name(name, host, uuid, uuid ? "released" : "off");

	if (!ret && off) {
		ret = mt_hands_file(h, name, O_WRONLY | O_CREAT);
		if (ret >= 0) {
			close(ret);
			ret = 0;
		}
	} else if (!ret) {
		ret = mt_hands_remove(h, name);
	}
	if (ret)
		return mt_err_set(err, ret, "%s: \"hands off\" cannot be %s there: %s", h->path,
				  off ? "written" : "taken back", strerror(-ret));
	return 0;
}
