/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hands.h - whose hand is on a migration, over all processes of a host
 *
 * One directory of small files that outlive a process but not a boot, as guests do. Their names
 * are made of the hypervisor's host UUID and the guest's UUID, never of what a tenant chose:
 *
 *	HOST.lock		flock: the daemon that acts on that hypervisor
 *	HOST-GUEST.wheel	flock: whoever steers that guest's migration; the text in it only
 *				tells who
 *	HOST-GUEST.stopped	stop mark: a guest that is or was about to be stopped by us, until
 *				when, and how to get at it. Written whole before the guest is
 *				stopped, removed when it has been seen to be safe: a mark whose
 *				wheel nobody holds is an orphan
 *	HOST-GUEST.limited	limit mark: a guest of which we have limited, or were about to,
 *				what its vCPUs may dirty, or changed the speed of its migrations,
 *				until that has been undone; likewise
 *	HOST-GUEST.released	hands off this guest's migration
 *	HOST.off		hands off all of them
 *
 * The lock of a file is the truth, which the kernel drops with the process; what is written in it
 * may be old. Everything is opened as root code opens what others could have put there: no
 * symbolic link, a regular file of ours, one name.
 *
 * Threads: any. Calls do a few system calls on a tmpfs and never wait for another process,
 * but for mt_wheel_mark(), which waits up to 200 ms.
 */
#ifndef MT_HANDS_H
#define MT_HANDS_H

#include "hypervisor/domain.h"

struct mt_hands;	/* the directory */
struct mt_wheel;	/* the lock of one migration; counted */
struct mt_host_lock;

/*
 * @directory NULL: $MIGTRACE_RUN_DIR/hands, else /run/migtrace/hands for root and
 * $XDG_RUNTIME_DIR/migtrace/hands for others. It is made if it is not there; refused (-EPERM) if
 * somebody else owns it or may write to it.
 */
MT_MUST_CHECK int mt_hands_open(struct mt_hands **h, const char *directory, struct mt_err *err);
void mt_hands_close(struct mt_hands *h);
const char *mt_hands_directory(const struct mt_hands *h);

/*
 * What files are called by: the host's UUID, or, where the hypervisor has none, a number made of
 * its URI. Others go by it, too, so where it could not be asked it is not made up: -errno, and
 * @host is "".
 */
MT_MUST_CHECK int mt_hands_host(struct mt_conn *c, char host[VIR_UUID_STRING_BUFLEN],
				struct mt_err *err);

/* Who holds a lock, as the holder wrote it; "" and 0 where that is not known. */
struct mt_holder {
	char who[32];			/* "migtraced", "migtrace migrate" */
	long pid;
	uint64_t since_wall_ms;
};

/* --- one acting daemon for a hypervisor --------------------------------- */
/* Return: 0; -EBUSY somebody else acts there: @holder (may be NULL) and @err say who. */
MT_MUST_CHECK int mt_host_lock_take(struct mt_hands *h, const char *host, const char *who,
				    struct mt_host_lock **lock, struct mt_holder *holder,
				    struct mt_err *err);
void mt_host_lock_drop(struct mt_host_lock *lock);

/* --- one hand for a migration ------------------------------------------- */
/*
 * Return: 0 and one reference; -EBUSY somebody else steers: @holder (may be NULL) and @err say who.
 */
MT_MUST_CHECK int mt_wheel_take(struct mt_hands *h, const char *host, const char *uuid,
				const char *who, struct mt_wheel **wheel, struct mt_holder *holder,
				struct mt_err *err);
struct mt_wheel *mt_wheel_get(struct mt_wheel *wheel);
/* The last one lets go. A stop mark stays, for whoever takes the wheel next. */
void mt_wheel_put(struct mt_wheel *wheel);
/* Whether it still is: nobody has removed the file, so that another could take it. */
bool mt_wheel_ours(struct mt_wheel *wheel);
const char *mt_wheel_host(const struct mt_wheel *wheel);
const char *mt_wheel_uuid(const struct mt_wheel *wheel);

/* --- the stop mark -------------------------------------------------------- */
/* What we have set in QEMU, and would outlast us. */
struct mt_left {
	bool vcpus;			/* a limit to what they dirty */
	struct mt_speed_change speed;
};

struct mt_stop_mark {
	char host[VIR_UUID_STRING_BUFLEN], uuid[VIR_UUID_STRING_BUFLEN];
	char uri[256];			/* of the hypervisor */
	char name[MT_DOMAIN_NAME_MAX + 1]; /* of the guest, for people only */
	uint64_t stopped_ns;		/* CLOCK_MONOTONIC, the same for all processes of a boot */
	uint64_t due_ns;		/* when it is to run again or be gone */
	uint64_t predicted_ms;
	bool confirmed;			/* the call that stops it has come back: no later one is on
					 * its way */
	struct mt_left left;		/* of a limit mark */
};

/*
 * Writes or replaces it, whole or not at all, and on the disk when this returns.
 * @max_stopped: refused (-EDQUOT) when this many others are in the directory; 0: not counted.
 */
MT_MUST_CHECK int mt_wheel_mark(struct mt_wheel *wheel, const struct mt_stop_mark *mark,
				unsigned max_stopped, struct mt_err *err);
/* Return: 0; -ENOENT there is none (of this boot). */
int mt_wheel_marked(struct mt_wheel *wheel, struct mt_stop_mark *mark);
int mt_wheel_unmark(struct mt_wheel *wheel);

/*
 * All of this boot; those of another boot, and what is none, are removed. The array is the caller's
 * to free().
 */
MT_MUST_CHECK int mt_hands_marks(struct mt_hands *h, struct mt_stop_mark **list, size_t *n,
				 struct mt_err *err);

/* --- the limit mark --------------------------------------------------------- */
/* Whole, and on the disk when this returns. */
MT_MUST_CHECK int mt_wheel_mark_limited(struct mt_wheel *wheel, const char *uri, const char *name,
					const struct mt_left *left, struct mt_err *err);
/* @left: what is. */
bool mt_wheel_is_limited(struct mt_wheel *wheel, struct mt_left *left);
int mt_wheel_unmark_limited(struct mt_wheel *wheel);
/* As mt_hands_marks(); their times are when they were written. */
MT_MUST_CHECK int mt_hands_limited(struct mt_hands *h, struct mt_stop_mark **list, size_t *n,
				   struct mt_err *err);

/* --- hands off -------------------------------------------------------------- */
enum mt_off {
	MT_OFF_NOT,
	MT_OFF_RELEASED,		/* this migration */
	MT_OFF_ALL,			/* all of this hypervisor */
};

/* One access(): cheap enough for before each action. Where it cannot be told, hands are off. */
enum mt_off mt_hands_off(struct mt_hands *h, const char *host, const char *uuid);
/* @uuid NULL: all. @off false: takes it back. Both are no error where it is so already. */
MT_MUST_CHECK int mt_hands_release(struct mt_hands *h, const char *host, const char *uuid, bool off,
				   struct mt_err *err);

#endif
