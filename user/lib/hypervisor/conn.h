/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conn.h - a libvirt connection that comes back, and the events on it
 *
 * libvirt's own event loop runs on a thread of its own (mt_loop_start()). Event
 * functions are called on that thread and must not block: they hand the event
 * to an inbox, and whoever works on the migration reads it there. Blocking
 * calls (job statistics block for over a second when a migration completes)
 * are made by the worker, so one guest never delays another.
 *
 * A connection serves one calling thread at a time well. libvirt before 10.0 can
 * fail to wake the thread that waits for a reply when a second one wants to send,
 * whose call then waits as long as the first one's does. So each worker opens its
 * own; events may come in over another.
 */
#ifndef MT_CONN_H
#define MT_CONN_H

#include <libvirt/libvirt.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "source/sample.h"

/*
 * Bytes of a guest's name. libvirt's QEMU driver keeps a file NAME.xml of each running guest, and a
 * file's name has at most 255 bytes (NAME_MAX), so every name that QEMU's guests can have fits.
 * Other drivers have no limit: a name that does not fit is cut for those who read it, and marked,
 * since nothing may be decided by a part of a name.
 */
#define MT_DOMAIN_NAME_MAX	255

/* Return: whether @name had to be cut, or is not known at all. */
MT_MUST_CHECK bool mt_domain_name_copy(char to[MT_DOMAIN_NAME_MAX + 1], const char *name);

enum mt_event_kind {
	MT_EVENT_ITERATION,	/* QEMU finished a dirty-bitmap sync: ->iteration */
	MT_EVENT_MIGRATION,	/* QEMU's migration changed state: ->status */
	MT_EVENT_JOB_COMPLETED,	/* libvirt says the job succeeded: ->sample has the final figures */
	MT_EVENT_LIFECYCLE,	/* ->lifecycle, ->detail: virDomainEventType and its detail */
	MT_EVENT_METADATA,	/* of the guest, was changed: ->text is the namespace */
	MT_EVENT_CONN_DOWN,	/* libvirtd went away */
	MT_EVENT_CONN_UP,	/* and is back */
	MT_EVENT_MIGRATE_DONE,	/* the migration call that we made returned: ->detail 0 or -1,
				 * ->text */
	MT_EVENT_GUARD,		/* of a guest that we stopped: ->detail is an enum mt_guard_news,
				 * ->text a sentence */
	MT_EVENT_WAKE,		/* somebody wants the worker to look at its flags */
	MT_EVENT_COUNT
};

struct mt_event {
	enum mt_event_kind kind;
	uint64_t t_ns;			/* CLOCK_MONOTONIC, when it reached us */
	uint64_t qemu_wall_us;		/* QEMU's own stamp, Unix time; 0 = none */
	char uuid[VIR_UUID_STRING_BUFLEN];	/* "" for events of the connection */
	char domain[MT_DOMAIN_NAME_MAX + 1];	/* name */
	bool domain_cut;		/* it is longer than that: not to be matched with
					 * anything */
	uint64_t iteration;
	enum mt_status status;
	int lifecycle, detail;
	struct mt_sample sample;
	char text[256];
};

typedef void (*mt_event_fn)(const struct mt_event *ev, void *opaque);

/* --- the loop --------------------------------------------------------- */
/* Before the first connection; idempotent. Silences libvirt's own stderr. */
MT_MUST_CHECK int mt_loop_start(struct mt_err *err);
void mt_loop_stop(void);

/* --- the connection --------------------------------------------------- */
struct mt_conn;

/*
 * @uri NULL: libvirt's default. Return -ECONNREFUSED when nobody answers, -EACCES
 * when we may not, -EINVAL for a URI nobody understands; @err names URI and remedy.
 */
MT_MUST_CHECK int mt_conn_open(struct mt_conn **c, const char *uri, struct mt_err *err);
void mt_conn_close(struct mt_conn *c);
const char *mt_conn_uri(const struct mt_conn *c);

/*
 * Another connection of the same kind, for another thread. @uri NULL: to the same place. Errors as
 * mt_conn_open().
 */
MT_MUST_CHECK int mt_conn_peer(struct mt_conn *c, const char *uri, struct mt_conn **peer,
			       struct mt_err *err);

/* Which host it is, whatever the URI that led there. -ENODATA: it does not say. */
MT_MUST_CHECK int mt_conn_host(struct mt_conn *c, char uuid[VIR_UUID_STRING_BUFLEN],
			       struct mt_err *err);
/* major * 1000000 + minor * 1000 + release, as libvirt has them; 0: not told. */
void mt_conn_versions(struct mt_conn *c, unsigned long *libvirt, unsigned long *qemu);

/* Of the host: what its processes can have without swapping. -EOPNOTSUPP: it does not say. */
MT_MUST_CHECK int mt_conn_free_memory(struct mt_conn *c, uint64_t *bytes, struct mt_err *err);

struct mt_work;
/*
 * Of the host: for how long its CPUs had nothing to do since it was started, and, where it is this
 * one, what its network card has sent. Differences are mt_work_between()'s.
 */
MT_MUST_CHECK int mt_conn_host_work(struct mt_conn *c, struct mt_work *total, struct mt_err *err);

/*
 * libvirt's connection as it is now; NULL too where it is no libvirt's. With a reference the caller
 * drops by virConnectClose(); NULL while down.
 */
virConnectPtr mt_conn_get(struct mt_conn *c);

/*
 * While down, a thread of the connection tries again: after 100 ms, then ever
 * more slowly, at most every 5 s. Subscriptions survive.
 * mt_conn_wait() waits until it is up: 0, or -ETIMEDOUT.
 */
int mt_conn_wait(struct mt_conn *c, uint64_t timeout_ms);

/*
 * @uuid NULL: all domains. @fn runs on the loop's thread (CONN_DOWN and CONN_UP on
 * the reconnecting thread). Unsubscribe waits for a running @fn, so it must not be
 * called from one. Return: an id > 0, or -errno.
 */
int mt_conn_subscribe(struct mt_conn *c, const char *uuid, mt_event_fn fn, void *opaque);
void mt_conn_unsubscribe(struct mt_conn *c, int id);

/*
 * libvirt's last error of this thread as -errno and one line:
 * VIR_ERR_NO_DOMAIN -ENOENT, NO_DOMAIN_METADATA -ENODATA, OPERATION_INVALID -EBUSY,
 * OPERATION_DENIED and AUTH_* -EACCES, NO_CONNECT and RPC/connection loss -ECONNRESET,
 * OPERATION_ABORTED -ECANCELED,
 * OPERATION_TIMEOUT -ETIMEDOUT, NO_SUPPORT, OPERATION_UNSUPPORTED and ARGUMENT_UNSUPPORTED
 * -EOPNOTSUPP, NO_MEMORY -ENOMEM, the rest -EIO.
 */
int mt_virt_error(struct mt_err *err, const char *what);

/* --- an inbox: events waiting for one worker ---------------------------- */
struct mt_inbox;
struct mt_inbox *mt_inbox_new(void);
void mt_inbox_free(struct mt_inbox *in);
/* An mt_event_fn. Never blocks; when 256 wait already, the oldest iteration event is dropped. */
void mt_inbox_post(const struct mt_event *ev, void *inbox);
/* Return: 0 and the oldest event; -ETIMEDOUT; signals do not matter here. */
int mt_inbox_take(struct mt_inbox *in, struct mt_event *ev, uint64_t timeout_ms);
/* Of the newest MIGRATION event that waits; NONE: there is none. */
enum mt_status mt_inbox_status(struct mt_inbox *in);

#endif
