/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard.h - a guest that we stopped runs again, or is gone to the other side
 *
 * One guard a process. Each guest that is about to be stopped is put under it first, by a stop
 * mark that outlives the process (hands.h). From then on a thread of its own, with connections of
 * its own, looks after it: no supervising thread, hung call, log, terminal or recording delays
 * that. When the guest is still stopped at its due time, the migration is cancelled, so that it
 * runs on where it is, again and again until that has worked. It ends only with a guest that was
 * seen to be safe: running, gone from here, or paused for a reason that is not ours.
 *
 *	due = stopped + MT_GUARD_MORE_MS + MT_GUARD_FACTOR x predicted pause
 *
 * Marks whose process is dead are adopted by whoever looks: mt_guard_adopt().
 */
#ifndef MT_GUARD_H
#define MT_GUARD_H

#include "hands/hands.h"

/*
 * The stated margin. Inferred: predictions are off by less than the factor, switching over takes
 * less than the rest.
 */
#define MT_GUARD_FACTOR		4
#define MT_GUARD_MORE_MS	3000
#define MT_GUARD_MAX_STOPPED	2	/* guests stopped at once, over all processes of the host */
/* a process that wants to end waits this long for its guests */
#define MT_GUARD_LEAVE_MS	5000

struct mt_guard;

/* What became of a guest, MT_EVENT_GUARD's ->detail. ->text is a sentence. */
enum mt_guard_news {
	MT_GUARD_ADOPTED,		/* whoever stopped it has ended; always told before what
					 * comes of it */
	MT_GUARD_GIVING_BACK,		/* it should have been safe by now: cancelling */
	MT_GUARD_TROUBLE,		/* that failed; goes on */
	/* Ends: the guest is no longer under guard. */
	MT_GUARD_GIVEN_BACK,		/* it runs here again, by our doing */
	MT_GUARD_RUNS,			/* it runs here again, not by our doing: the migration
					 * ended */
	MT_GUARD_GONE,			/* moved, or powered off */
	MT_GUARD_NOT_OURS,		/* it is paused for another reason: I/O error, post-copy,
					 * ... */
	/* Of no stop: */
	MT_GUARD_UNLIMITED,		/* what its vCPUs may dirty is not limited any more */
};

struct mt_guard_options {
	struct mt_hands *hands;		/* outlives the guard */
	const char *who;		/* the program, for the wheels that it adopts */
	unsigned max_stopped;		/* 0 = MT_GUARD_MAX_STOPPED */
	mt_event_fn news;		/* everything, also what an inbox is told; on the guard's
					 * threads; must not block. NULL = nobody */
	void *opaque;
};

MT_MUST_CHECK int mt_guard_new(struct mt_guard **g, const struct mt_guard_options *options,
			       struct mt_err *err);
/*
 * Does not wait for guests: what is still under guard keeps its mark, and whoever comes next adopts
 * it. A thread that hangs in a call is left to itself.
 */
void mt_guard_free(struct mt_guard *g);

/* --- around a stop --------------------------------------------------------- */
/*
 * Before the guest is stopped; when this fails, it must not be. Takes a reference to @wheel.
 * @predicted_ms: the pause that is expected. @inbox: told as MT_EVENT_GUARD; NULL = nobody.
 *
 * Return: 0; -EDQUOT as many are stopped already as may be; -EALREADY this one is under guard;
 * else the mark could not be written.
 */
MT_MUST_CHECK int mt_guard_arm(struct mt_guard *g, struct mt_wheel *wheel, struct mt_conn *conn,
			       const char *name, double predicted_ms, struct mt_inbox *inbox,
			       struct mt_err *err);
/*
 * The call that stops it has come back with @rc. Until this has been called the guest stays under
 * guard even when it runs, since the call may still take effect.
 */
void mt_guard_suspended(struct mt_guard *g, const char *uuid, int rc);
/* It was not made after all: whatever the guest does, it is not by us. */
void mt_guard_not_suspended(struct mt_guard *g, const char *uuid);
/* It is due now: what it was stopped for no longer holds. */
void mt_guard_due(struct mt_guard *g, const char *uuid, const char *why);
/* Something has happened: have a look now. */
void mt_guard_look(struct mt_guard *g, const char *uuid);
/* Its inbox is about to be freed. The guest stays under guard. */
void mt_guard_detach(struct mt_guard *g, const char *uuid);
bool mt_guard_has(struct mt_guard *g, const char *uuid);

/* --- a person's wish -------------------------------------------------------- */
/*
 * Once *@cancel is non-zero the migration is cancelled: by the supervising thread, which then says
 * mt_guard_heeded(), or, where that has not happened after a second since it is stuck in some call,
 * by the guard. Until mt_guard_unwatch().
 */
MT_MUST_CHECK int mt_guard_watch(struct mt_guard *g, struct mt_conn *conn, const char *uuid,
				 const volatile int *cancel, struct mt_inbox *inbox);
void mt_guard_heeded(struct mt_guard *g, const char *uuid);
void mt_guard_unwatch(struct mt_guard *g, const char *uuid);

/* --- the guests of the dead -------------------------------------------------- */
/*
 * Takes every orphaned stop mark, or that of @uuid alone, under guard, and sees to it that what an
 * orphaned limit mark is of is lifted. Cheap; whoever runs for long calls it at the beginning and
 * every second. Return: how many it took, or -errno.
 */
int mt_guard_adopt(struct mt_guard *g, const char *uuid, struct mt_err *err);

/* --- all of them --------------------------------------------------------------- */
struct mt_guarded {
	char uuid[VIR_UUID_STRING_BUFLEN];
	char name[MT_DOMAIN_NAME_MAX + 1];
	uint64_t stopped_ns, due_ns;
	uint64_t stuck_since_ns;	/* a call of the guard's has not come back since; 0 =
					 * none */
	bool adopted;
	char text[256];			/* newest news but that it was adopted, "" = none */
};
/* For status. The array is the caller's to free(). */
MT_MUST_CHECK int mt_guard_list(struct mt_guard *g, struct mt_guarded **list, size_t *n);

/*
 * The process wants to end: all are due within @within_ms at the latest. Waits until none is left,
 * at most @within_ms and MT_GUARD_MORE_MS. Return: how many are left, for whoever adopts them.
 */
unsigned mt_guard_leave(struct mt_guard *g, uint64_t within_ms);
/* Waits for all without hurrying them. Return: how many are left at @until_ns. */
unsigned mt_guard_wait(struct mt_guard *g, uint64_t until_ns);

#endif
