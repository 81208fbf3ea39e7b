/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * policy.h - what to do about a migration: step(state, view, now) -> plan (PURE)
 *
 * A policy is one row of a table. It is called at every iteration
 * boundary and, between boundaries, whenever time passes (view->boundary tells
 * which). It keeps what it must remember in its state, reads no clock, and the
 * same row serves a live migration, a recording and the simulator.
 *
 * mt_policy_step() wraps every row with the rules that hold for all of them:
 *
 *  - nothing in any status but active (sample.h has the table): from switchover on the guest has
 *    stopped already;
 *  - post-copy only where the operator allowed it and after a whole pass (but for a row that
 *    flips_at_once), and where no guard of flip.c forbids it: a device, a link that varies, the
 *    destination's memory, the operator's limit on what the guest may wait;
 *  - neither it nor a stop while the link is stuck, nor while QEMU has lost count of what is left;
 *  - nor one that was refused MT_POLICY_TRIES times;
 *  - but what these rules turn down when the deadline is over becomes an abort;
 *  - an abort when nothing at all was sent for as long as the operator allows;
 *  - begun again only by who began it, once with each method, and never while a disk is copied;
 *  - nothing more once a final action has been asked for and was not refused.
 */
#ifndef MT_POLICY_H
#define MT_POLICY_H

#include "model/markov/slots.h"
#include "model/method.h"
#include "model/outlook.h"
#include "source/classifier.h"
#include "loads.h"
#include "param.h"

enum mt_action {
	MT_ACTION_CONTINUE,
	MT_ACTION_SET_DOWNTIME,		/* downtime limit: plan.downtime_limit_ms */
	MT_ACTION_SET_BANDWIDTH,	/* plan.bandwidth_bytes_per_s; 0: as it was before the first
					 * of these */
	MT_ACTION_THROTTLE,		/* plan.throttle_percent */
	MT_ACTION_LIMIT_VCPUS,		/* each may dirty plan.vcpu_limit_bytes_per_s */
	MT_ACTION_STOP,			/* stop pre-copy: the guest pauses and what is left is
					 * sent */
	MT_ACTION_FLIP,			/* to post-copy */
	MT_ACTION_ABORT,
	MT_ACTION_RESTART,		/* cancel, and begin again by plan.method; with
					 * auto-converge: throttled by plan.throttle_percent and
					 * no more; 0: as QEMU does */
	MT_ACTION_COUNT
};

/*
 * What a limit may be besides a number. 0 is a number like any other: nothing stands for "the
 * default" but UNSET, which the engine replaces before anybody uses it, and nothing for "never" but
 * NONE, which is merely later than everything.
 */
#define MT_LIMIT_UNSET		UINT64_MAX
/* also the largest that a recording holds */
#define MT_LIMIT_NONE		((uint64_t)INT64_MAX)

/*
 * The largest that is accepted of an operator: what takes a week has to be looked at by a person.
 */
#define MT_LIMIT_MAX_MS		(7 * 86400 * 1000ULL)
#define MT_FIXED_MAX_MS		(60 * 1000ULL)

struct mt_trained;

/*
 * What the operator asked for, of any migration whatever the policy. Begins as MT_LIMITS_UNSET,
 * never zeroed: a deadline of 0 ms is over.
 */
struct mt_limits {
	uint64_t max_downtime_ms;	/* the guest may pause this long */
	uint64_t deadline_ms;		/* the migration may take this long; NONE */
	uint64_t stall_timeout_ms;	/* pre-copy is aborted when nothing was sent for this long;
					 * NONE */
	uint64_t command_every_ms;	/* each kind of command is sent at most once in this long;
					 * see engine.h */
	uint64_t qemu_limit_ms;		/* QEMU's downtime limit as it stands */
	uint64_t fixed_ms;		/* see struct mt_outlook_input */
	struct mt_params params;	/* of policies, each its own */
	bool postcopy_allowed;
	bool auto_converge;		/* QEMU throttles the guest, or will */
	unsigned methods;		/* that it may be begun again with, each once: 1U << enum
					 * mt_method; 0: it is somebody else's */
	unsigned limitable_vcpus;	/* of which QEMU can limit what they dirty; 0: it cannot */
	bool clears_chunks;		/* its log is known to be a bitmap of KVM's: see
					 * mt_ucurve_clears() */
	/* All four outlive whatever has these limits. */
	const struct mt_history *history;	/* what fm and am learn from; NULL = none */
	const struct mt_learned *learned;	/* what these hosts' migrations have taught, of each
						 * stage; NULL = mt_learned_prior */
	const struct mt_beforehand *before;	/* what was known of the guest; NULL = nothing */
	const struct mt_trained *trained;	/* what sla decides by; NULL = the analytic model */
};

#define MT_LIMITS_UNSET { .max_downtime_ms = MT_LIMIT_UNSET, .deadline_ms = MT_LIMIT_UNSET, \
			  .stall_timeout_ms = MT_LIMIT_UNSET, \
			  .command_every_ms = MT_LIMIT_UNSET, .qemu_limit_ms = MT_LIMIT_UNSET, \
			  .fixed_ms = MT_LIMIT_UNSET, .params = MT_PARAMS_UNSET }

#define MT_MAX_DOWNTIME_DEFAULT_MS	500	/* Nova's live_migration_downtime */
#define MT_QEMU_LIMIT_DEFAULT_MS	300	/* QEMU's downtime-limit */
/*
 * What a command changes shows in QEMU's own figures only after it has measured anew: its bandwidth
 * over 100 ms (BUFFER_DELAY, migration/migration.c), a pass over its length. Inferred: ten such
 * measures; and each command takes libvirt's lock of the guest, for which others wait.
 */
#define MT_COMMAND_EVERY_DEFAULT_MS	1000
/* when nothing was sent for this long it is reported, whatever the limits. Inferred */
#define MT_STALL_TELL_MS			10000
/*
 * measured: a stopped guest was away 73 to 118 ms longer than its memory took (QEMU 7.2, libvirt
 * 9.0)
 */
#define MT_FIXED_DEFAULT_MS		120

/* What is known of a flip besides the migration's figures. */
struct mt_flip_facts {
	double room_bytes;		/* of memory, free at the destination; NaN = not known */
	bool device;			/* one of the host's is the guest's (VFIO) */
};

struct mt_view {
	const struct mt_limits *limits;
	const uint64_t *params;			/* the policy's own, in the order of its row;
						 * mt_policy_step() sets it */
	uint64_t limit_ms;			/* QEMU's downtime limit: what the policy asked for
						 * last and was not refused, else as it stands;
						 * mt_policy_step() sets it */
	uint64_t speed_bytes_per_s;		/* QEMU's speed as the policy asked for it last and
						 * was not refused; 0: as it was;
						 * mt_policy_step() sets it */
	const struct mt_sample *sample;		/* the newest */
	const struct mt_iterations *iterations;
	const struct mt_prediction *prediction;	/* verdict UNKNOWN before the first pass is done */
	const struct mt_course *course;		/* what is yet to come; its rate is 0 as long */
	const struct mt_classifier *class;	/* of the guest's workload */
	double bandwidth_bytes_per_s;		/* 0 = unknown */
	const struct mt_ucurve *u;		/* by its passes so far; NULL: nothing is known */
	bool boundary;				/* an iteration has just ended */
	const struct mt_tick *tick;		/* that the kernel has just counted; NULL: none */
	const struct mt_loads_ahead *loads;	/* at a boundary, of a guest in phases; NULL: there
						 * are none known */
	const struct mt_flip_facts *flip;	/* NULL: nothing is known */
	struct mt_spare spare;			/* of the host that it leaves */
	unsigned refused;			/* a bit for each action that was refused too often;
						 * mt_policy_step() sets it */
};

struct mt_plan {
	enum mt_action action;
	uint64_t downtime_limit_ms;
	uint64_t bandwidth_bytes_per_s;
	unsigned throttle_percent;
	uint64_t vcpu_limit_bytes_per_s;
	enum mt_method method;		/* of RESTART */
	double implied_downtime_ms;	/* remaining / bandwidth at this moment; < 0 = unknown */
	bool warns;			/* the reason is something a person should know, and is told
					 * for the first time */
	char reason[384];		/* one sentence with the numbers behind it */
};

/* fm and am keep patterns. */
#define MT_POLICY_STATE_MAX	(40 * 1024)

struct mt_policy_state {
	enum mt_action last;		/* a final one, once asked for */
	unsigned refused[MT_ACTION_COUNT];	/* how often */
	uint64_t asked_limit_ms;	/* of QEMU, and not refused; MT_LIMIT_UNSET: none */
	uint64_t speed_bytes_per_s, speed_before_bytes_per_s;	/* likewise; 0: as it was; and
								 * before the newest step */
	unsigned warned;		/* a bit for each warning that still holds and was told */
	_Alignas(16) unsigned char priv[MT_POLICY_STATE_MAX];
};

/* Which limits a policy goes by. */
#define MT_HEEDS_MAX_DOWNTIME	(1u << 0)
#define MT_HEEDS_DEADLINE	(1u << 1)
#define MT_HEEDS_FIXED		(1u << 2)	/* a stop has to leave room for it */

struct mt_policy {
	const char *name;
	const char *former;		/* its name once, which is still accepted; NULL: it had
					 * none */
	const char *help;		/* one line */
	const char *about;		/* what the man pages say, in their markup; NULL = help */
	unsigned heeds;			/* MT_HEEDS_*; whatever is not there it ignores */
	bool acts;			/* false: it never stops, flips or aborts, nor moves QEMU's
					 * limit */
	const struct mt_param *params;	/* its own; NULL = none */
	/* With parameters by which it needs no whole pass before a flip; NULL = never. */
	bool (*flips_at_once)(const uint64_t *params);
	/*
	 * With parameters by which, not allowed to flip, it stops the guest for however long that
	 * takes, although it heeds max_downtime without them; NULL = never.
	 */
	bool (*stops_at_any_price)(const uint64_t *params);
	/*
	 * If it acts by the clock: when, by its parameters; MT_LIMIT_NONE: not at all. NULL: it
	 * does not.
	 */
	uint64_t (*acts_at_ms)(const uint64_t *params);
	/* @now_ms: since the migration began. @plan comes in as CONTINUE with an empty reason. */
	void (*step)(void *priv, const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan);
};

const struct mt_policy *mt_policy_at(size_t i);		/* NULL beyond the last; the order is that
							 * of the help text */
#define MT_POLICY_DEFAULT "predict"
const struct mt_policy *mt_policy_find(const char *name);

void mt_policy_init(struct mt_policy_state *state);
void mt_policy_step(const struct mt_policy *policy, struct mt_policy_state *state,
		    const struct mt_view *view, uint64_t now_ms, struct mt_plan *plan);

/* Its parameter of that name; NULL: it has none. */
const struct mt_param *mt_policy_param(const struct mt_policy *policy, const char *name);
/* What it goes by: as given, else its default. */
void mt_policy_params(const struct mt_policy *policy, const struct mt_limits *limits,
		      uint64_t own[MT_POLICY_PARAMS_MAX]);
/* With these limits it flips as soon as QEMU takes it. */
bool mt_policy_flips_at_once(const struct mt_policy *policy, const struct mt_limits *limits);

/*
 * Fills in defaults where nothing was given, but of parameters for which each policy has its own:
 * they stay UNSET.
 */
void mt_limits_resolve(struct mt_limits *limits);

/*
 * Limits that contradict each other or the policy: each is one sentence with its remedy. @error:
 * nothing can come of it, it should be refused; else a warning. Return: how many errors.
 */
typedef void (*mt_limits_tell_fn)(bool error, const char *line, void *opaque);
unsigned mt_limits_check(const struct mt_policy *policy, const struct mt_limits *limits,
			 mt_limits_tell_fn tell, void *opaque);

/*
 * "max_downtime, deadline": the limits out of these two that a policy that acts does not heed; "" =
 * none.
 */
const char *mt_policy_ignores(const struct mt_policy *policy);

/*
 * What mt_policy_step() asked for was not done: an abort may be asked for again, the others
 * MT_POLICY_TRIES times.
 */
#define MT_POLICY_TRIES		3
void mt_policy_refused(struct mt_policy_state *state, enum mt_action action);
/* It was not even tried; it is decided anew. */
void mt_policy_dropped(struct mt_policy_state *state);

bool mt_action_is_final(enum mt_action action);	/* it ends this pre-copy: stop, flip, abort,
						 * restart */
const char *mt_action_name(enum mt_action action);	/* "none", "stop", "flip", "abort",
							 * "set-downtime" ... */

#endif
