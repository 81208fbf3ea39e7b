/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard_ward.h - the guard and the guests under it; for the guard_*.c
 *
 * Everything is under the guard's lock, which nobody holds during a call of the hypervisor's, a
 * look into the directory of hands, or news. Threads are left to themselves where they hang; each
 * holds the guard and its ward.
 */
#ifndef MT_GUARD_WARD_H
#define MT_GUARD_WARD_H

#include <pthread.h>

#include "guard.h"
#include "guard_decide.h"

#define GUARD_STUCK_MS		5000	/* a call that does not come back: another thread tries */
#define GUARD_NEWS_MAX		32	/* that wait for whoever is told; the oldest is dropped */
#define GUARD_THREADS_MAX	3	/* that hang for one guest */

struct ward {
	struct ward *next;
	unsigned refs;			/* the list, and each thread */
	bool over;			/* no longer in the list */
	struct mt_wheel *wheel;		/* while it is in the list */
	struct mt_stop_mark mark;	/* as it was last written */
	struct guard_case state;
	struct mt_inbox *inbox;		/* NULL = nobody */
	bool adopted;
	bool look;			/* somebody wants one now */
	bool told_giving, told_trouble, told_stuck;	/* once each */
	unsigned threads;		/* at work on it */
	unsigned slots;			/* bit for each thread */
	uint64_t busy_since_ns[GUARD_THREADS_MAX];	/* of each: in calls since; 0 = waits, or is
							 * none */
	char why[192];			/* it is due early; "" = it is not */
	char text[256];			/* newest news */
};

/* A flag by which a person cancels a migration. */
struct watch {
	struct watch *next;
	char uri[256], uuid[VIR_UUID_STRING_BUFLEN];
	const volatile int *cancel;
	struct mt_inbox *inbox;		/* NULL = nobody */
	uint64_t since_ns;		/* it is set; 0 = not */
	bool heeded;
	bool thread;			/* one of ours is at it */
};

#define GUARD_STUCK_MAX	16

struct mt_guard {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned refs;			/* the owner, and each thread */
	unsigned threads;
	bool closing;
	struct mt_hands *hands;
	char who[32];
	unsigned max_stopped;
	mt_event_fn news;
	void *opaque;
	struct mt_event told[GUARD_NEWS_MAX];	/* a ring of news that wait for the one who is
						 * told */
	unsigned first_told, n_told;
	struct ward *wards;
	struct watch *watches;
	/* Limits that could not be lifted: told of once, and tried again after a while. */
	struct guard_stuck {
		char uuid[VIR_UUID_STRING_BUFLEN];
		uint64_t again_ns;
	} stuck[GUARD_STUCK_MAX];
	unsigned n_stuck;		/* in all; the newest are kept */
};

/* --- guard.c: with the lock held ------------------------------------------------- */
struct ward *guard_ward(struct mt_guard *g, const char *uuid);
/* Into the list, with a first thread. Takes a reference to @wheel. */
int guard_add(struct mt_guard *g, struct mt_wheel *wheel, const struct mt_stop_mark *mark,
	      struct ward **added);
void guard_ward_put(struct mt_guard *g, struct ward *w);
/* A thread that holds the guard; it ends with guard_thread_end(). */
int guard_thread(struct mt_guard *g, const char *name, void *(*fn)(void *), void *arg);
/* Drops the lock. */
void guard_thread_end(struct mt_guard *g);

/* --- guard_watch.c ------------------------------------------------------------------ */
/* Another thread for @w, with the lock held. */
int guard_look_after(struct mt_guard *g, struct ward *w);

/* --- guard_news.c ------------------------------------------------------------------- */
/* On another thread, to whoever wants all news; and to @w's inbox, too. With the lock held. */
void guard_publish(struct mt_guard *g, const struct mt_stop_mark *mark, enum mt_guard_news kind,
		   const char *text);
void guard_post(struct mt_guard *g, struct ward *w, enum mt_guard_news kind, const char *text);
/* Likewise, of one that is not stopped. @inbox: NULL: nobody's. */
void guard_post_trouble(struct mt_guard *g, const char *uuid, struct mt_inbox *inbox,
			const char *text);
void *guard_tell(void *guard);

/* --- guard_limit.c ------------------------------------------------------------------ */
/*
 * What stands in the limit mark of a guest whose wheel we have. May block as any call of the
 * connection.
 */
void guard_lift(struct mt_guard *g, struct mt_wheel *wheel, struct mt_conn *conn,
		const struct mt_stop_mark *stopped);
/* Of limit marks, as mt_guard_adopt(). */
int guard_adopt_limits(struct mt_guard *g, const char *uuid, struct mt_err *err);

/* --- guard_keep.c ------------------------------------------------------------------- */
void *guard_keep(void *guard);

#endif
