/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * supervision.h - what supervise.c, hand.c, look.c, act.c, act_stop.c, act_restart.c,
 * act_limit.c, act_speed.c, effect.c, others.c, happened.c and conclude.c share
 *
 * One thread runs all of it. Nothing here is shared with another thread but the inbox, the guard
 * and the flags in the options.
 */
#ifndef MT_SUPERVISION_H
#define MT_SUPERVISION_H

#include "effect.h"
#include "others.h"
#include "supervise.h"
#include "trust.h"

enum phase {
	PHASE_BEGINNING,
	PHASE_RUNNING,
	PHASE_ENDING,		/* the job is gone: waiting for what libvirt says of it */
	PHASE_OVER,
};

struct supervision {
	struct mt_conn *conn;
	struct mt_inbox *inbox;
	const char *uuid;
	char host[VIR_UUID_STRING_BUFLEN];
	char domain[MT_DOMAIN_NAME_MAX + 1];
	const struct mt_supervise_options *o;
	struct mt_supervise_result *result;
	struct mt_engine engine;
	struct mt_beforehand before;	/* what was known of the guest: ->engine points to it */
	struct mt_sample sample;	/* newest */
	uint64_t asked_ns;		/* when the newest was asked for: nothing in it is older */
	uint64_t looked_ns;		/* and the newest that was decided by: QEMU had not synced
					 * again before that */
	enum mt_status told;		/* by QEMU's newest event, or when it was asked; NONE:
					 * neither */
	bool caught_up;			/* with the events before the first, or that a lost
					 * connection missed */
	enum phase phase;
	uint64_t phase_since_ns;
	bool settling;
	uint64_t missed;		/* iteration that polls have seen begin, and no event has
					 * told of */
	bool claimed, cancelled, was_paused, down;
	bool stopped;			/* the guest is under guard: nothing else is asked or done
					 * until its news */
	bool told_room;			/* that nobody knows whether the destination has it */
	bool told_postcopy;		/* that it can no longer be cancelled */
	struct effect effect;
	bool throttled;			/* QEMU's largest throttle is ours */
	struct mt_left left;		/* what else of ours is to be undone, or may be */
	bool restarting;		/* cancelled to be begun again, by: */
	struct mt_plan restart;
	bool anew;			/* the next sample is the first of the new one */
	enum mt_action dropped;		/* the newest, and in which pass */
	uint64_t dropped_iteration;
	struct mt_trust trust;
	struct mt_domainwork work;
	enum mt_class class;		/* as last told */
	struct others others;
	char text[256];			/* why it failed, as libvirt says */
	char off[96];			/* how the guest was powered off meanwhile; "" = it was
					 * not */

	/* hand.c */
	struct mt_wheel *wheel;		/* NULL: another has it */
	bool own_wheel;			/* and we took it */
	uint64_t next_take_ns;
	char held_by[96];
	bool begun, acts;
	bool only_said;			/* the newest final decision was not carried out */
	char hand[160];			/* why not; "" = it acts */
};

/* --- supervise.c ---------------------------------------------------------- */
void mt_enter(struct supervision *s, enum phase phase);
void mt_tell(struct supervision *s, const struct mt_plan *plan, bool boundary, const char *note);
/* Every write goes through here: the first that fails is told, and supervision goes on without. */
void mt_recorded(struct supervision *s, int rc);
void mt_note_event(struct supervision *s, const char *event, const char *detail);
/* Flags are set by other threads. */
bool mt_flag_is_set(const volatile int *flag);

/* --- hand.c: whether what is decided is done -------------------------------- */
void mt_hand_begin(struct supervision *s);
/* Looks at flags, files and locks, takes what can be had, tells of a change. Return: ->acts. */
bool mt_hand_look(struct supervision *s);
/* The migration is over. */
void mt_hand_end(struct supervision *s);

/* --- look.c ------------------------------------------------------------------ */
/*
 * When QEMU finished what @ev tells of, on our clock; never before the last look or after the event
 * reached us.
 */
uint64_t mt_sync_time(const struct supervision *s, const struct mt_event *ev);
void mt_look(struct supervision *s, const struct mt_event *cause);
void mt_take_ticks(struct supervision *s);
/* Begins to count what else the guest does. */
void mt_begin_work(struct supervision *s);
/* Once a second, between boundaries. */
void mt_take_work(struct supervision *s);
bool mt_may_look(const struct supervision *s);

/* --- act.c --------------------------------------------------------------------- */
/* @plan becomes CONTINUE, with the reason why, where it is dropped. */
void mt_act(struct supervision *s, struct mt_plan *plan, const struct mt_event *cause);
/* A person's wish, whatever the rules. Return: 0 once libvirt took it. */
int mt_cancel(struct supervision *s);
void mt_record_decision(struct supervision *s, const struct mt_plan *plan, const char *applied,
			const char *error, uint64_t latency_ns);
bool mt_too_old(const struct supervision *s);

/* --- act_stop.c ------------------------------------------------------------------- */
/* Return: 0; -ESTALE it would have been too late; else as mt_virt_error(). */
int mt_act_stop(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		struct mt_err *err);
void mt_on_guard(struct supervision *s, const struct mt_event *ev);

/* --- happened.c -------------------------------------------------------------------- */
void mt_happened(struct supervision *s, const struct mt_event *ev);

/* --- act_restart.c: cancelled, and begun again with another method ------------------ */
/* Return: 0; -EOPNOTSUPP nobody can; else as mt_virt_error(). */
int mt_restart(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
	       struct mt_err *err);
/* A guest that stays here is not left with a limit of ours to how far QEMU may throttle it. */
void mt_unthrottle(struct supervision *s);
/* The cancelled call has returned. Return: whether a new one is under way. */
bool mt_restart_begins(struct supervision *s);

/* --- act_limit.c: what vCPUs may dirty, and whatever else would outlast us --------------- */
/* @left is marked, and is ->left, before it is done. */
MT_MUST_CHECK int mt_mark_left(struct supervision *s, const struct mt_left *left,
			       struct mt_err *err);
/* No more than @left is, from now on. */
void mt_forget_left(struct supervision *s, struct mt_left left);
/* Return: 0; -EOPNOTSUPP nobody could lift it after us; else as mt_virt_error(). */
int mt_act_limit(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		 struct mt_err *err);
/* Where it is limited by us. What fails is told, and left to whoever looks at the mark. */
void mt_lift_limit(struct supervision *s);
/* Who had the wheel before us may have left it limited. */
void mt_inherit_limit(struct supervision *s);

/* --- act_speed.c: QEMU's speed ---------------------------------------------------------- */
/* A plan that wants it as it was says now what that is. Return: false: it is so already. */
bool mt_fill_speed(const struct supervision *s, struct mt_plan *plan);
/* Return: 0; -EOPNOTSUPP, -EBUSY it could not be undone; else as mt_virt_error(). */
int mt_act_speed(struct supervision *s, const struct mt_actuators *a, const struct mt_plan *plan,
		 struct mt_err *err);
/* Where it is ours. Return: 0; what fails is told. */
int mt_put_speed_back(struct supervision *s);

/* --- conclude.c ---------------------------------------------------------------------- */
void mt_conclude(struct supervision *s);

#endif
