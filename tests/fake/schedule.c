// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * schedule.c - one random run: guests, processes, faults and incidents that follow from a seed
 *
 * Half of what happens is set off by the first stop, because it is there that it matters.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "faults.h"
#include "files.h"
#include "policies.h"
#include "process.h"
#include "schedule.h"
#include "trace.h"
#include "truth.h"

#define INCIDENTS	96
#define TICK_MS		100
/* a call that takes so much longer may outlast its process */
#define LEFT_MS		5000
/* migrations that go on by then are cancelled, as by virsh */
#define QUIET_MS	90000
#define CAP_MS		1200000

enum kind {
	K_MIGRATE,
	K_KILL,
	K_RESTART,
	K_TERMINATE,
	K_USER_CANCELS,
	K_LIBVIRTD_DOWN,
	K_CUT,
	K_DESTINATION_DOWN,
	K_WALL_STEP,
	K_LIMIT,
	K_SPEED,
	K_POWER_OFF,
	K_RENAME,
	K_UNDEFINE,
	K_PAUSE,
	K_UNPAUSE,
	K_HANG,
	K_STALL,
	K_CANCEL,
	K_FAIL,
	K_RELEASE,
	K_RELEASE_ALL,
	K_UNRELEASE,
	K_OBSERVE,
	K_UP,
	K_FAULT,
	K_NO_RESUME,
	K_SINK,
	K_KINDS
};

static const char *const kind_names[K_KINDS] = {
	"somebody migrates",
	"kill -9",
	"started again",
	"SIGTERM",
	"Ctrl-C",
	"libvirtd is restarted",
	"connections are cut",
	"the destination's libvirtd is restarted",
	"the wall clock steps",
	"another sets the limit",
	"another sets the speed",
	"powered off",
	"renamed",
	"undefined",
	"paused by its owner",
	"unpaused by its owner",
	"QEMU hangs",
	"the link stalls",
	"cancelled by another",
	"the destination dies",
	"released",
	"all released",
	"taken back",
	"reload to observe",
	"libvirtd is up again",
	"fault",
	"libvirt will not resume",
	"what is written to",
};

struct incident {
	enum kind kind;
	bool after_stop;		/* at_ms counts from the first stop */
	uint64_t at_ms, ms;
	int guest;
	int64_t value;
	struct fake_fault fault;
	enum fake_sink sink;
	bool done;
};

struct schedule {
	struct mt_rng rng;
	bool real, kills;
	const struct mt_policy *policy;
	struct incident incidents[INCIDENTS];
	size_t n;
	unsigned n_guests, max_stopped;
	bool daemons;			/* migtraced itself, in place of what stands for it */
	bool logs;			/* with its log */
	bool has_supervisor, two_supervisors, has_tool;
	struct fake_process *supervisors[2], *tool;
	uint64_t stop_ns;
	unsigned restarts;
	bool observing;
	FILE *print;
};

const char *const fake_schedule_must_occur[] = { "migration",
						 "guest stopped by us",
						 "killed",
						 "killed while a guest is stopped by us",
						 "terminated",
						 "terminated while a guest is stopped by us",
						 "cancelled by its user",
						 "libvirtd down",
						 "destination's libvirtd down",
						 "connection lost",
						 "wall clock forward",
						 "wall clock backward",
						 "limit set by another",
						 "speed set by another",
						 "powered off",
						 "renamed",
						 "undefined",
						 "paused by its owner before",
						 "paused by its owner while migrating",
						 "QEMU hangs",
						 "link stalls",
						 "pre-switchover",
						 "source stays paused after it was done",
						 "cancelled by another",
						 "destination dies",
						 "released",
						 "all released",
						 "reload to observe",
						 "libvirt does not resume",
						 "log blocks",
						 "log fails",
						 "recording blocks",
						 "recording fails",
						 "hands fail",
						 "call fails",
						 "call is slow",
						 "call never answers",
						 "event lost",
						 "event late",
						 "event doubled",
						 "figures stale",
						 "figures contradictory",
						 "figures of another job",
						 "clock jumps at each look",
						 "call does nothing",
						 "call does nothing: suspend",
						 "call does nothing: abort",
						 "call fails: suspend",
						 "a suspend that failed is done later",
						 "call fails: abort",
						 "call fails: resume",
						 "call fails: state",
						 "call fails: flip",
						 "call fails: set downtime limit",
						 "call fails: set speed",
						 "call fails: sample",
						 "call fails: open",
						 "call fails: info",
						 "call fails: get downtime limit",
						 "call is slow: suspend",
						 "call is slow: abort",
						 "call is slow: state",
						 "call never answers: suspend",
						 "call never answers: abort",
						 "call never answers: state",
						 "call never answers: sample",
						 "completed",
						 "aborted",
						 "failed",
						 "mark adopted",
						 "second daemon observes",
						 "begun again",
						 NULL };

/* --- drawing ------------------------------------------------------------------------- */
static uint64_t draw(struct schedule *s, uint64_t below)
{
	return mt_rng_below(&s->rng, below);
}

static bool chance(struct schedule *s, unsigned percent)
{
	return draw(s, 100) < percent;
}

static uint64_t between(struct schedule *s, uint64_t least, uint64_t most)
{
	return least + draw(s, most - least + 1);
}

/* Of some milliseconds to many seconds, each magnitude as likely. */
static uint64_t draw_ms(struct schedule *s, uint64_t most_ms)
{
	uint64_t ms = 1;

	while (ms < most_ms && chance(s, 80))
		ms *= 3;
	ms += draw(s, ms * 2);
	return ms < most_ms ? ms : most_ms;
}

static struct incident *add(struct schedule *s, enum kind kind)
{
	struct incident *in = &s->incidents[s->n < INCIDENTS ? s->n++ : INCIDENTS - 1];

	*in = (struct incident){ .kind = kind, .guest = (int)draw(s, s->n_guests) };
	in->after_stop = chance(s, 60);
	in->at_ms = in->after_stop ? draw_ms(s, 20000) - 1 : between(s, 0, 12000);
	return in;
}

static uint64_t within(const struct mt_param *p, uint64_t value)
{
	return value < p->min ? p->min : p->max && value > p->max ? p->max : value;
}

static void ignore(bool error, const char *line, void *opaque)
{
}

/* Half of them, so that it acts within seconds; unless they contradict each other. */
static void draw_params(struct schedule *s, struct fake_how *how)
{
	static const struct mt_params none = MT_PARAMS_UNSET;

	how->limits.params = none;
	for (const struct mt_param *p = how->policy->params; p && p->name; p++) {
		bool given = chance(s, 50);
		uint64_t ms = 100 + draw_ms(s, 10000), count = draw(s, 7);

		if (!given)
			continue;
		if (p->kind == MT_PARAM_COUNT)
			fake_param(how, p->name, within(p, count));
		else if (p->kind == MT_PARAM_DURATION || p->kind == MT_PARAM_DURATION_OR_NONE)
			fake_param(how, p->name, within(p, ms));
	}
	if (mt_limits_check(how->policy, &how->limits, ignore, NULL))
		how->limits.params = none;
}

static void set_rules(const struct fake_guest *g, const struct fake_how *how)
{
	const struct mt_policy *policy = how->policy;
	bool heeds = policy->heeds & MT_HEEDS_MAX_DOWNTIME;

	truth_rule(g, &(struct truth_rules){
		.policy = policy->name,
		.flips = how->limits.postcopy_allowed,
		.flips_at_once = mt_policy_flips_at_once(policy, &how->limits),
		.limit_ms = heeds ? how->limits.max_downtime_ms : 0,
		.every_ms = MT_COMMAND_EVERY_DEFAULT_MS,
	});
}

/* By numbers of its own, so that all else of a seed stays as it is. */
static void draw_work(const struct schedule *s, struct fake_guest *g)
{
	struct mt_rng rng = { s->rng.state ^ 0x776f726b };

	g->work.cpu_share = mt_rng_unit(&rng);
	g->work.received_bytes_per_s = 10e6 * mt_rng_unit(&rng);
	g->work.sent_bytes_per_s = 10e6 * mt_rng_unit(&rng);
	if (mt_rng_below(&rng, 2))
		g->work.flaps_ms = 200 + mt_rng_below(&rng, 5000);
}

/*
 * What else it may be migrated by: throttled, if it was begun so, and begun again by the tool,
 * which began it. By numbers of its own, too.
 */
static void draw_levers(const struct schedule *s, struct fake_guest *g, struct fake_how *how)
{
	struct mt_rng rng = { s->rng.state ^ 0x6c657665 };
	bool tools = s->has_tool && !g->index;
	struct mt_method_row begun;

	if (s->policy) {
		g->auto_converge = mt_rng_below(&rng, 2);
	} else if (tools && !s->daemons && mt_rng_below(&rng, 4) == 0) {
		how->policy = &fake_policy_restart;
	} else {
		return;
	}
	begun = (struct mt_method_row){ .auto_converge = g->auto_converge,
					.channels = g->parallel ? 2 : 0 };
	how->limits.auto_converge = g->auto_converge;
	/* The simulator that plays it has no zstd. */
	if (tools)
		how->limits.methods = mt_method_beyond(&begun, how->limits.postcopy_allowed) &
				      ~(1U << MT_METHOD_ZSTD);
	/* predict's. */
	if (s->policy && mt_rng_below(&rng, 2))
		fake_param(how, "max_throttle", 80);
}

static void draw_guest(struct schedule *s, unsigned i)
{
	static const char *const patterns[] = {
		"uniform:region=%u M,rate=%u/s,seed=1",
		"hotcold:region=%u M,rate=%u/s,hot=0.1,hotshare=0.9,seed=2",
		"seq:region=%u M,rate=%u/s",
		"idle",
	};
	static const struct mt_policy *const policies[] = {
		&fake_policy_stop,
		&fake_policy_stop,
		&fake_policy_stop,
		&fake_policy_stop,
		&fake_policy_stop,
		&fake_policy_limit,
		&fake_policy_speed,
		&fake_policy_slow,
		&fake_policy_flip,
		&fake_policy_abort,
		&fake_policy_none,
		NULL,
		NULL,
		NULL,
	};
	static const char *const often[] = { "passes",	      "passes",	      "passes",
					     "timeout",	      "timeout",      "predict",
					     "stop-and-copy", "fixed-passes", "ihm" };
	static const char *const real[] = { "predict", "timeout",	"passes",
					    "ihm",     "stop-and-copy", "qemu" };
	struct fake_guest *g;
	struct fake_how *how = &fake_hows[i];
	char name[32], text[128], *p;
	const char *pattern = patterns[chance(s, 8) ? 3 : draw(s, 3)];
	static char kept[FAKE_GUESTS][128];

	snprintf(name, sizeof(name), "guest%u", i);
	g = fake_guest_new(name);
	g->memory_bytes = (8 + draw(s, 17)) << 20;
	snprintf(text, sizeof(text), pattern, (unsigned)between(s, 2, 8),
		 (unsigned)between(s, 100, 4000));
	p = strchr(text, ' ');
	if (p)
		memmove(p, p + 1, strlen(p));
	snprintf(kept[i], sizeof(kept[i]), "%s", text);
	g->pattern = kept[i];
	g->link_bytes_per_s = (double)between(s, 2, 12) * 1e6;
	g->postcopy = chance(s, 40);
	g->parallel = !g->postcopy && chance(s, 15);
	g->persistent = chance(s, 70);
	g->limit_ms = chance(s, 70) ? 300 : between(s, 10, 1000);
	if (chance(s, 10))
		g->preswitchover_ms = draw_ms(s, 20000);
	if (chance(s, 20))
		g->speed_bytes_per_s = between(s, 2, 20) << 20;

	how->policy = policies[draw(s, MT_ARRAY_SIZE(policies))];
	if (s->daemons)
		how->policy = mt_policy_find(often[draw(s, MT_ARRAY_SIZE(often))]);
	if (!how->policy)
		how->policy = mt_policy_find(real[draw(s, 6)]);
	draw_work(s, g);
	how->limits = (struct mt_limits)MT_LIMITS_UNSET;
	how->limits.max_downtime_ms = between(s, 200, 2000);
	how->limits.deadline_ms = chance(s, 40) ? between(s, 5000, 30000) : MT_LIMIT_NONE;
	fake_param(how, "timeout", between(s, 1000, 8000));
	fake_param(how, "waits", i % 2);
	how->limits.stall_timeout_ms = chance(s, 10) ? between(s, 2000, 20000) : MT_LIMIT_NONE;
	how->limits.fixed_ms = between(s, 50, 1000);
	fake_param(how, "passes", between(s, 1, 3));
	how->limits.postcopy_allowed = g->postcopy || chance(s, 20);
	how->observe = chance(s, 15);
	how->record = chance(s, 30);
	how->others = chance(s, 30) ? MT_OTHERS_OBSERVE : MT_OTHERS_BACK_OFF;
	if (s->policy) {
		how->policy = s->policy;
		draw_params(s, how);
	}
	draw_levers(s, g, how);
	set_rules(g, how);
	truth_exempt(g, how->observe);
	if (s->daemons)
		truth_predicts_itself(g);
	else
		truth_predicted(g, 1000);
	if (s->print)
		fprintf(s->print,
			"# %s: %s, %.0f MB/s, policy %s%s, %llu passes, %llu ms predicted%s%s%s\n",
			g->name, g->pattern, g->link_bytes_per_s / 1e6, how->policy->name,
			how->observe ? " (exempted)" : "",
			(unsigned long long)mt_params_get(&how->limits.params, "passes"),
			(unsigned long long)how->limits.fixed_ms, g->postcopy ? ", post-copy" : "",
			g->parallel ? ", parallel" : "", how->record ? ", recorded" : "");
	if (s->print && g->preswitchover_ms)
		fprintf(s->print, "#	pauses before it switches over, %llu ms\n",
			(unsigned long long)g->preswitchover_ms);
}

static enum fake_call draw_call(struct schedule *s)
{
	static const enum fake_call likely[] = {
		FAKE_CALL_ABORT,	FAKE_CALL_SUSPEND,	FAKE_CALL_STATE,
		FAKE_CALL_RESUME,	FAKE_CALL_SAMPLE,	FAKE_CALL_INFO,
		FAKE_CALL_SET_DOWNTIME, FAKE_CALL_SET_DOWNTIME, FAKE_CALL_SET_SPEED,
		FAKE_CALL_FLIP,		FAKE_CALL_OPEN,		FAKE_CALL_GET_DOWNTIME,
		FAKE_CALL_COUNT,
	};

	/* The throttle's are drawn where somebody throttles. */
	return chance(s, 80) ? likely[draw(s, MT_ARRAY_SIZE(likely))] :
			       (enum fake_call)draw(s, FAKE_CALL_THROTTLE);
}

static bool is_refusal(int error)
{
	return error == -EBUSY || error == -EACCES || error == -EOPNOTSUPP;
}

static void draw_call_fault(struct schedule *s, struct incident *in)
{
	static const int errors[] = { -EIO,    -ETIMEDOUT,  -ECONNRESET, -EBUSY,
				      -EACCES, -EOPNOTSUPP, -ECANCELED,	 -ENOMEM };
	struct fake_fault *f = &in->fault;

	f->call = draw_call(s);
	f->late = chance(s, 30);
	switch (draw(s, 4)) {
	case 0:
		f->kind = FAKE_FAULT_ERROR;
		f->error = errors[draw(s, MT_ARRAY_SIZE(errors))];
		f->times = chance(s, 60) ? (unsigned)between(s, 1, 3) : 0;
		if (f->call == FAKE_CALL_SUSPEND && chance(s, 50)) {
			f->late = true;
			f->ms = draw_ms(s, 20000);
			/* What libvirt has refused it does not do later. */
			if (is_refusal(f->error))
				f->error = -ETIMEDOUT;
		}
		break;
	case 1:
		f->kind = FAKE_FAULT_SLOW;
		f->ms = draw_ms(s, 30000);
		break;
	case 2:
		f->kind = FAKE_FAULT_VOID;
		f->times = (unsigned)between(s, 1, 3);
		break;
	default:
		f->kind = FAKE_FAULT_NEVER;
		/* Who hangs for ever is not to be helped more often than this. */
		f->for_ever = chance(s, 50);
		f->times = f->for_ever ? (unsigned)between(s, 1, 2) : 0;
	}
}

static void draw_fault(struct schedule *s)
{
	struct incident *in = add(s, K_FAULT);
	struct fake_fault *f = &in->fault;

	f->guest = chance(s, 70) ? in->guest : -1;
	in->ms = 50 * draw_ms(s, 1200);
	switch (draw(s, 4)) {
	case 0:
		f->kind = FAKE_FAULT_LOST + (enum fake_fault_kind)draw(s, 3);
		f->percent = chance(s, 50) ? (unsigned)between(s, 5, 95) : 0;
		f->ms = draw_ms(s, 10000);
		break;
	case 1:
		f->kind = FAKE_FAULT_STALE + (enum fake_fault_kind)draw(s, 4);
		f->ms = 0;
		f->percent = chance(s, 50) ? (unsigned)between(s, 5, 95) : 0;
		break;
	default:
		draw_call_fault(s, in);
	}
}

/* What a policy sees and what is done of what it wants: more of that goes wrong. */
static void draw_astray(struct schedule *s)
{
	static const enum fake_call commands[] = { FAKE_CALL_SET_DOWNTIME, FAKE_CALL_SET_SPEED,
						   FAKE_CALL_SUSPEND, FAKE_CALL_FLIP,
						   FAKE_CALL_ABORT };
	static const enum fake_fault_kind seen[] = { FAKE_FAULT_STALE, FAKE_FAULT_CONTRADICTORY,
						     FAKE_FAULT_OTHER_JOB, FAKE_FAULT_CLOCK,
						     FAKE_FAULT_LOST, FAKE_FAULT_DOUBLE };
	struct incident *in;

	for (unsigned n = (unsigned)draw(s, 4); n; n--) {
		in = add(s, K_FAULT);
		in->after_stop = false;
		in->ms = 50 * draw_ms(s, 400);
		in->fault.guest = chance(s, 70) ? in->guest : -1;
		in->fault.kind = seen[draw(s, MT_ARRAY_SIZE(seen))];
		in->fault.percent = chance(s, 70) ? (unsigned)between(s, 5, 95) : 0;
		in->fault.ms = in->fault.kind == FAKE_FAULT_DOUBLE ? draw_ms(s, 3000) : 0;
	}
	for (unsigned n = (unsigned)draw(s, 3); n; n--) {
		in = add(s, K_FAULT);
		in->after_stop = false;
		in->ms = 60000;
		in->fault = (struct fake_fault){ .kind = chance(s, 70) ? FAKE_FAULT_ERROR :
									 FAKE_FAULT_VOID,
						 .call = commands[draw(
							 s, MT_ARRAY_SIZE(commands))],
						 .guest = in->guest,
						 .error = chance(s, 50) ? -EIO : -EBUSY,
						 .times = (unsigned)between(s, 1, 6) };
	}
	for (unsigned n = (unsigned)draw(s, 3); n; n--) {
		in = add(s, K_WALL_STEP);
		in->after_stop = false;
		in->value = (int64_t)draw_ms(s, 600000) * (chance(s, 50) ? 1 : -1);
	}
}

/* Throttles that QEMU refuses, or that come to nothing; by numbers of their own, as the levers. */
static void draw_throttle_faults(struct schedule *s)
{
	struct mt_rng rng = { s->rng.state ^ 0x74687274 };

	for (uint64_t n = mt_rng_below(&rng, 3); n && s->n < INCIDENTS; n--) {
		struct incident *in = &s->incidents[s->n++];

		*in = (struct incident){ .kind = K_FAULT, .at_ms = mt_rng_below(&rng, 12000),
					 .guest = (int)mt_rng_below(&rng, s->n_guests),
					 .ms = 60000 };
		in->fault = (struct fake_fault){
			.kind = mt_rng_below(&rng, 4) ? FAKE_FAULT_ERROR : FAKE_FAULT_VOID,
			.call = FAKE_CALL_THROTTLE, .guest = in->guest,
			.error = mt_rng_below(&rng, 2) ? -EIO : -ETIMEDOUT,
			.late = mt_rng_below(&rng, 2),
			.times = 1 + (unsigned)mt_rng_below(&rng, 5),
		};
	}
}

static void draw_sink(struct schedule *s, bool log)
{
	struct incident *in = add(s, K_SINK);

	in->sink = log ? FAKE_SINK_LOG : chance(s, 60) ? FAKE_SINK_RECORDING : FAKE_SINK_HANDS;
	/* a tmpfs does not block */
	in->value = in->sink == FAKE_SINK_HANDS || chance(s, 50) ? ENOSPC : 0;
	in->ms = chance(s, 50) ? 3600000 : draw_ms(s, 60000);
}

/* Weights of what happens once or never. */
static const struct { enum kind kind; unsigned percent; } chances[] = {
	{ K_KILL, 30 }, { K_TERMINATE, 20 }, { K_USER_CANCELS, 10 }, { K_LIBVIRTD_DOWN, 15 },
	{ K_CUT, 20 }, { K_DESTINATION_DOWN, 5 },
	{ K_WALL_STEP, 15 }, { K_LIMIT, 12 }, { K_SPEED, 10 }, { K_POWER_OFF, 8 }, { K_RENAME, 6 },
	{ K_UNDEFINE, 6 }, { K_PAUSE, 10 },
	{ K_HANG, 12 }, { K_STALL, 65 }, { K_CANCEL, 8 }, { K_FAIL, 8 }, { K_RELEASE, 10 },
	{ K_RELEASE_ALL, 5 }, { K_OBSERVE, 8 },
	{ K_NO_RESUME, 20 },
};

static void detail(struct schedule *s, struct incident *in)
{
	switch (in->kind) {
	case K_KILL:
	case K_TERMINATE:
		in->ms = draw_ms(s, 8000);		/* until it is started again */
		in->value = (int64_t)draw(s, 3);	/* which */
		break;
	case K_LIBVIRTD_DOWN:
	case K_DESTINATION_DOWN:
		in->ms = draw_ms(s, 20000);
		break;
	case K_WALL_STEP:
		in->value = (int64_t)draw_ms(s, 7200000) * (chance(s, 50) ? 1 : -1);
		break;
	case K_LIMIT:
		in->value = (int64_t)between(s, 1, 5000);
		break;
	case K_SPEED:
		in->value = (int64_t)between(s, 1, 30) << 20;
		break;
	case K_HANG:
		in->ms = draw_ms(s, 60000);
		break;
	case K_STALL:
		in->after_stop = chance(s, 85);
		in->at_ms = in->after_stop ? 0 : in->at_ms;
		in->ms = 100 * draw_ms(s, 6000);
		break;
	default:
		break;
	}
}

static void draw_all(struct schedule *s)
{
	unsigned faults = (unsigned)draw(s, 8);

	for (unsigned i = 0; i < s->n_guests; i++) {
		struct incident *in = add(s, K_MIGRATE);

		in->guest = (int)i;
		in->after_stop = false;
		in->at_ms = between(s, 300, 3000);
		if (chance(s, 15)) {
			in = add(s, K_MIGRATE);
			in->guest = (int)i;
			in->after_stop = false;
			in->at_ms = between(s, 12000, 25000);
		}
	}
	for (size_t i = 0; i < MT_ARRAY_SIZE(chances); i++) {
		bool on = chance(s, chances[i].percent);
		struct incident *in;

		if (!on ||
		    (!s->kills && (chances[i].kind == K_KILL || chances[i].kind == K_TERMINATE)))
			continue;
		in = add(s, chances[i].kind);
		detail(s, in);
	}
	for (unsigned i = 0; i < faults; i++)
		draw_fault(s);
	if (s->policy) {
		draw_astray(s);
		draw_throttle_faults(s);
	}
	if (s->logs || chance(s, 15))
		draw_sink(s, s->logs);
}

static void print_incident(const struct schedule *s, const struct incident *in)
{
	fprintf(s->print, "# %s%llu ms: %s", in->after_stop ? "stop + " : "",
		(unsigned long long)in->at_ms, kind_names[in->kind]);
	if (in->kind == K_SINK)
		fprintf(s->print, ": %s %s",
			in->sink == FAKE_SINK_LOG   ? "log" :
			in->sink == FAKE_SINK_HANDS ? "hands" :
						      "recording",
			in->value ? "fails" : "blocks");
	if (in->ms)
		fprintf(s->print, ", %llu ms", (unsigned long long)in->ms);
	if (in->value)
		fprintf(s->print, ", %lld", (long long)in->value);
	fprintf(s->print, ", guest %d\n", in->guest);
	if (in->kind == K_FAULT) {
		fprintf(s->print, "#	");
		fake_fault_print(&in->fault, s->print);
	}
}

/* --- what happens ------------------------------------------------------------------------ */
static void follow_up(struct schedule *s, enum kind kind, uint64_t ms, int64_t value)
{
	struct incident *in;

	if (s->n == INCIDENTS)
		s->n--;			/* the last one is given up for it */
	in = &s->incidents[s->n++];
	*in = (struct incident){ .kind = kind, .at_ms = (uint64_t)fake_ms() + ms, .value = value };
}

/* Return: the process that is meant, if it lives. */
static struct fake_process *victim(struct schedule *s, int64_t which)
{
	struct fake_process *p =
		which == 2 || !s->supervisors[which] ? s->tool : s->supervisors[which];

	if (!p)
		p = s->supervisors[0];
	return p && fake_process_lives(p) ? p : NULL;
}

static void end_process(struct schedule *s, struct incident *in)
{
	struct fake_process *p = victim(s, in->value);

	if (!p)
		return;
	if (in->kind == K_KILL)
		fake_process_kill(p);
	else
		fake_process_terminate(p);
	if (p->kind != FAKE_TOOL)
		follow_up(s, K_RESTART, in->ms, p == s->supervisors[1]);
}

static struct fake_process *start_daemon(const struct schedule *s, const char *name)
{
	return s->daemons ? fake_daemon_start(name) : fake_supervisor_start(name);
}

static void start_again(struct schedule *s, const struct incident *in)
{
	struct fake_process *old = s->supervisors[in->value];
	char name[24];

	/* systemd waits for the end of the old one. */
	if (fake_process_lives(old)) {
		follow_up(s, K_RESTART, 200, in->value);
		return;
	}
	snprintf(name, sizeof(name), "daemon%d.%u", (int)in->value, ++s->restarts);
	s->supervisors[in->value] = start_daemon(s, name);
	if (s->observing)
		fake_process_observe(s->supervisors[in->value], true);
}

static void set_released(const struct fake_guest *g, bool released)
{
	struct mt_hands *hands;
	struct mt_err err = { 0 };
	char path[300];

	snprintf(path, sizeof(path), "%s/hands", fake_setup.directory);
	if (mt_hands_open(&hands, path, &err)) {
		truth_fail("no hands: %s", err.msg);
		return;
	}
	if (mt_hands_release(hands, fake_hv.host[FAKE_SOURCE].uuid, g ? g->uuid : NULL, released,
			     &err))
		truth_fail("cannot release: %s", err.msg);
	else
		truth_released(g, released);
	mt_hands_close(hands);
	fake_count(g ? "released" : "all released");
}

static void start_migration(struct schedule *s, struct fake_guest *g)
{
	if (s->has_tool && !s->tool && g->index == 0)
		s->tool = fake_tool_start("tool", g);
	else
		fake_guest_migrate(g, NULL, NULL);
}

static void observe(struct schedule *s, bool on)
{
	s->observing = on;
	for (int i = 0; i < 2; i++)
		if (s->supervisors[i] && fake_process_lives(s->supervisors[i])) {
			fake_process_observe(s->supervisors[i], on);
			for (size_t g = 0; g < fake_hv.n_guests; g++)
				if (!(s->has_tool && g == 0))
					truth_exempt(&fake_hv.guests[g],
						     on || fake_hows[g].observe);
		}
}

static void happen(struct schedule *s, struct incident *in)
{
	struct fake_guest *g = &fake_hv.guests[in->guest];
	uint64_t now_ns = mt_now_ns();

	fake_trace("--- %s, guest %d", kind_names[in->kind], in->guest);
	switch (in->kind) {
	case K_MIGRATE:
		start_migration(s, g);
		break;
	case K_KILL:
	case K_TERMINATE:
		end_process(s, in);
		break;
	case K_RESTART:
		start_again(s, in);
		break;
	case K_USER_CANCELS:
		if (s->tool && fake_process_lives(s->tool))
			fake_process_cancel(s->tool);
		break;
	case K_LIBVIRTD_DOWN:
	case K_DESTINATION_DOWN:
		fake_host_down(in->kind == K_LIBVIRTD_DOWN ? FAKE_SOURCE : FAKE_DESTINATION);
		follow_up(s, K_UP, in->ms,
			  in->kind == K_LIBVIRTD_DOWN ? FAKE_SOURCE : FAKE_DESTINATION);
		break;
	case K_UP:
		fake_host_up((int)in->value);
		break;
	case K_CUT:
		fake_host_cut(FAKE_SOURCE, 0);
		break;
	case K_WALL_STEP:
		fake_wall_step_us(in->value * 1000);
		fake_count(in->value > 0 ? "wall clock forward" : "wall clock backward");
		break;
	case K_LIMIT:
		fake_guest_set_limit(g, (uint64_t)in->value);
		break;
	case K_SPEED:
		fake_guest_set_speed(g, (uint64_t)in->value);
		break;
	case K_POWER_OFF:
		fake_guest_power_off(g);
		break;
	case K_RENAME:
		fake_guest_rename(g, "somebody-else");
		break;
	case K_UNDEFINE:
		fake_guest_undefine(g);
		break;
	case K_PAUSE:
		fake_guest_pause(g);
		break;
	case K_UNPAUSE:
		fake_guest_unpause(g);
		break;
	case K_HANG:
		fake_guest_hang(g, in->ms);
		break;
	case K_STALL:
		fake_count("link stalls");
		for (size_t i = 0; i < fake_hv.n_guests; i++)
			if (!in->after_stop ? &fake_hv.guests[i] == g :
					      truth_is_ours(&fake_hv.guests[i]) || chance(s, 30))
				fake_guest_stall(&fake_hv.guests[i], 0, in->ms);
		break;
	case K_CANCEL:
		fake_guest_cancel(g);
		break;
	case K_FAIL:
		fake_guest_fail(g);
		break;
	case K_RELEASE:
		set_released(g, true);
		break;
	case K_RELEASE_ALL:
		set_released(NULL, true);
		break;
	case K_UNRELEASE:
		set_released(NULL, false);
		break;
	case K_OBSERVE:
		observe(s, true);
		break;
	case K_FAULT:
		in->fault.from_ns = now_ns;
		in->fault.until_ns = now_ns + in->ms * MT_NS_PER_MS;
		(void)fake_fault_add(&in->fault);
		break;
	case K_NO_RESUME:
		fake_guest_no_resume(g);
		break;
	case K_SINK:
		for (int group = 1; group < FAKE_GROUPS; group++)
			fake_sink_set(group, in->sink,
				      &(struct fake_sink_fault){ .from_ns = now_ns,
								 .until_ns = now_ns +
									     in->ms * MT_NS_PER_MS,
								 .error = (int)in->value });
		break;
	case K_KINDS:
		break;
	}
}

/* --- the run ---------------------------------------------------------------------------- */
static bool is_due(const struct schedule *s, const struct incident *in)
{
	uint64_t begin_ns = in->after_stop ? s->stop_ns : FAKE_BEGIN_NS;

	return !in->done && begin_ns && mt_now_ns() >= begin_ns + in->at_ms * MT_NS_PER_MS;
}

static uint64_t next_due_ns(const struct schedule *s)
{
	uint64_t next_ns = mt_now_ns() + TICK_MS * MT_NS_PER_MS * (truth_ours() ? 1 : 10);

	for (size_t i = 0; i < s->n; i++) {
		const struct incident *in = &s->incidents[i];
		uint64_t begin_ns = in->after_stop ? s->stop_ns : FAKE_BEGIN_NS;

		if (!in->done && begin_ns && begin_ns + in->at_ms * MT_NS_PER_MS < next_ns)
			next_ns = begin_ns + in->at_ms * MT_NS_PER_MS;
	}
	return next_ns;
}

static bool is_quiet(const struct schedule *s)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		if (fake_hv.guests[i].playing)
			return false;
	for (size_t i = 0; i < s->n; i++)
		if (!s->incidents[i].done && (!s->incidents[i].after_stop || s->stop_ns))
			return false;
	return !truth_ours();
}

/* Somebody who has waited long enough. */
static void cancel_all(void)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		if (!truth_is_ours(&fake_hv.guests[i]))
			fake_guest_cancel(&fake_hv.guests[i]);
}

static void go(struct schedule *s)
{
	while (fake_ms() < CAP_MS && !truth_violation()) {
		bool quiet;

		fake_lock();
		fake_wait(NULL, next_due_ns(s));
		if (truth_stops() && !s->stop_ns)
			s->stop_ns = mt_now_ns();
		truth_tick();
		quiet = is_quiet(s);
		fake_release();
		if (quiet)
			break;
		for (size_t i = 0; i < s->n; i++)
			if (is_due(s, &s->incidents[i])) {
				s->incidents[i].done = true;
				happen(s, &s->incidents[i]);
			}
		fake_processes_bury();
		if (fake_ms() > QUIET_MS)
			cancel_all();
	}
	if (truth_ours() && !truth_violation())
		truth_fail("a guest is stopped by us after %d s", CAP_MS / 1000);
}

static void judge_end(struct schedule *s)
{
	char text[600];

	/* Late news are told, too. */
	mt_sleep_ms(3000);
	fake_processes_judge();
	if (truth_violation() && s->print)
		for (size_t i = 0; i < fake_hv.n_guests; i++)
			fprintf(s->print, "# %s\n",
				fake_guest_told(&fake_hv.guests[i], text, sizeof(text)));
	fake_processes_let_go();
}

static void begin(struct schedule *s, uint64_t seed)
{
	s->logs = fake_schedule_wants_process(seed) && !s->real;
	s->daemons = s->logs || chance(s, 45);
	s->n_guests = (unsigned)between(s, 1, 3);
	s->max_stopped = (unsigned)between(s, 1, 2);
	s->kills = !s->real && chance(s, 60);
	s->has_tool = chance(s, 30);
	s->has_supervisor = !s->has_tool || chance(s, 50) || s->n_guests > 1 || s->logs;
	s->two_supervisors = s->has_supervisor && chance(s, 15);
	fake_setup.max_stopped = s->max_stopped;
	fake_setup.log = s->logs;
	fake_setup.record = chance(s, 30);
	truth_reset(s->max_stopped);
	if (s->print)
		fprintf(s->print, "# seed %llu: %u guests, at most %u stopped%s%s%s\n",
			(unsigned long long)seed, s->n_guests, s->max_stopped,
			s->two_supervisors ? ", two daemons" :
			s->has_supervisor  ? ", a daemon" :
					     "",
			s->daemons ? " (migtraced)" : "", s->has_tool ? ", the tool" : "");
	for (unsigned i = 0; i < s->n_guests; i++)
		draw_guest(s, i);
	draw_all(s);
	fake_setup.leaks = s->kills;
	/* A daemon that lets go of a migration keeps its recording open until it is gone. */
	fake_setup.leaks |= s->logs || (s->daemons && fake_setup.record);
	for (size_t i = 0; i < s->n; i++) {
		const struct fake_fault *f = &s->incidents[i].fault;

		/* Whose thread is in a call when it ends leaves it to itself. */
		fake_setup.leaks |= f->kind == FAKE_FAULT_NEVER || s->incidents[i].kind == K_SINK ||
				    (f->kind == FAKE_FAULT_SLOW && f->ms >= LEFT_MS);
		if (s->print)
			print_incident(s, &s->incidents[i]);
	}
}

bool fake_schedule_wants_process(uint64_t seed)
{
	return seed % 12 == 7;
}

const char *fake_schedule_run(uint64_t seed, const struct fake_schedule_options *o)
{
	static char violation[600];
	struct schedule s = { .rng = { seed }, .real = o->real, .print = o->print,
			      .policy = o->policy };
	unsigned left;

	fake_files_reset();
	if (o->real)
		fake_world_begin_real(seed, o->scale);
	else
		fake_world_begin(seed);
	fake_hv_begin();
	fake_processes_reset();
	fake_directory_make();
	begin(&s, seed);
	if (s.logs)
		truth_untold();
	if (s.has_supervisor)
		s.supervisors[0] = start_daemon(&s, "daemon0");
	if (s.two_supervisors)
		s.supervisors[1] = start_daemon(&s, "daemon1");
	go(&s);
	judge_end(&s);
	fake_hv_end();
	left = fake_world_end();
	fake_directory_remove();
	snprintf(violation, sizeof(violation), "%s",
		 truth_violation() ? truth_violation() :
		 left		   ? "a thread is left" :
				     "");
	return violation[0] ? violation : NULL;
}
