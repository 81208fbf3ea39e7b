// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * truth.c - what was really done to whom, and what must hold
 *
 * Locks: its own, taken last.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "faults.h"
#include "trace.h"
#include "truth.h"

#define REFUSED	512

struct guest_truth {
	bool ours, exempt;
	bool held;			/* stopped by us, and paused at the source still: it may
					 * have arrived elsewhere */
	unsigned released;		/* that migration, by its number; 0: none */
	uint64_t since_ns, ticked_ns;
	uint64_t charged_ns;		/* of the time since, in which something could be done */
	double excused_ms;		/* what overcoming faults may have taken since */
	double predicted_ms;
	bool whole;			/* who decides predicts for itself: at most all of it */
	bool violated;
	uint64_t longest_ms;
	unsigned migration;		/* job number that ->writer is about */
	int writer;			/* group that wrote in this migration first, or took over
					 * from a dead one */
	bool owner_paused;
	char heard[FAKE_GROUPS][20];
	uint64_t heard_ns[FAKE_GROUPS];
	unsigned heard_of[FAKE_GROUPS];	/* in which migration */
	unsigned stopping[FAKE_GROUPS];	/* the migration in which its suspend call was sent */
	bool giving_back[FAKE_GROUPS];	/* it has sent calls that give it back */
	uint64_t stopping_ns[FAKE_GROUPS];	/* and when */
	unsigned writes[FAKE_CALL_COUNT];
	struct truth_rules rules;	/* ->policy NULL: it has none */
	uint64_t issued_ns[FAKE_GROUPS][FAKE_CALL_COUNT];	/* by its rules, in migration: */
	unsigned issued_of[FAKE_GROUPS];
	struct { unsigned job; enum fake_call call; } done[FAKE_GROUPS];	/* so it was told */
	bool throttles[FAKE_GROUPS];	/* QEMU's largest throttle is of its making */
	int calls[FAKE_GROUPS];		/* of it that have not come back */
	int speed_changed;		/* by which group of ours, 0: none; and so it is: */
	uint64_t speed_was_bytes_per_s, speed_bytes_per_s;
};

int __real_pthread_mutex_lock(pthread_mutex_t *lock);

static struct {
	pthread_mutex_t lock;
	struct guest_truth g[FAKE_GUESTS];
	unsigned ours, max_stopped, stops;
	bool all_released, untold;
	bool wished[FAKE_GROUPS];	/* a person asked it to cancel */
	bool abort_failed[FAKE_GROUPS];	/* it has told that an abort of its own failed, whatever the
					 * reason */
	uint64_t up_ns[FAKE_GROUPS];	/* of processes of ours; 0: not alive */
	struct { int group; bool told; enum fake_call call; size_t guest; } refused[REFUSED];
	unsigned n_refused;
	char violation[512];
} t = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void hold(void)
{
	__real_pthread_mutex_lock(&t.lock);
}

static void release(void)
{
	pthread_mutex_unlock(&t.lock);
}

static void violated(const char *fmt, ...)
{
	va_list ap;
	char text[sizeof(t.violation)];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fake_trace("VIOLATION: %s", text);
	if (!t.violation[0])
		snprintf(t.violation, sizeof(t.violation), "at %.1f ms: %.480s", fake_ms(), text);
}

void truth_reset(unsigned max_stopped)
{
	hold();
	memset(t.g, 0, sizeof(t.g));
	memset(t.up_ns, 0, sizeof(t.up_ns));
	memset(t.wished, 0, sizeof(t.wished));
	t.ours = t.n_refused = t.stops = 0;
	t.all_released = t.untold = false;
	t.max_stopped = max_stopped;
	t.violation[0] = '\0';
	release();
}

const char *truth_violation(void)
{
	return t.violation[0] ? t.violation : NULL;
}

void truth_fail(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hold();
	violated("%s", text);
	release();
}

/* --- told by the test ---------------------------------------------------------- */
void truth_exempt(const struct fake_guest *g, bool exempt)
{
	hold();
	t.g[g->index].exempt = exempt;
	release();
}

void truth_rule(const struct fake_guest *g, const struct truth_rules *rules)
{
	hold();
	t.g[g->index].rules = *rules;
	release();
}

void truth_released(const struct fake_guest *g, bool released)
{
	hold();
	if (g)
		t.g[g->index].released = released && g->job.active ? g->job.number : 0;
	else
		t.all_released = released;
	release();
}

void truth_process(int group, bool lives)
{
	hold();
	t.up_ns[group] = lives ? mt_now_ns() : 0;
	release();
}

void truth_wished(int group)
{
	hold();
	t.wished[group] = true;
	release();
}

void truth_predicted(const struct fake_guest *g, double ms)
{
	hold();
	t.g[g->index].predicted_ms = ms;
	release();
}

void truth_predicts_itself(const struct fake_guest *g)
{
	hold();
	t.g[g->index].whole = true;
	release();
}

void truth_untold(void)
{
	hold();
	t.untold = true;
	release();
}

void truth_told(int group, const char *text)
{
	const char *p = text;

	hold();
	t.abort_failed[group] |= strstr(text, "abort failed: ") != NULL;
	while ((p = strstr(p, "[fault "))) {
		unsigned number = (unsigned)strtoul(p + 7, NULL, 10);

		if (number < t.n_refused)
			t.refused[number].told = true;
		p += 7;
	}
	release();
}

unsigned truth_ours(void)
{
	return t.ours;
}

unsigned truth_stops(void)
{
	return t.stops;
}

bool truth_is_ours(const struct fake_guest *g)
{
	return t.g[g->index].ours;
}

uint64_t truth_stopped_ms(const struct fake_guest *g)
{
	return t.g[g->index].longest_ms;
}

unsigned truth_writes(const struct fake_guest *g, enum fake_call call)
{
	return t.g[g->index].writes[call];
}

/* --- how long they are ours ------------------------------------------------------ */
static bool somebody_lives(uint64_t now_ns)
{
	for (int group = 1; group < FAKE_GROUPS; group++)
		if (t.up_ns[group] && now_ns >= t.up_ns[group] + FAKE_UP_MS * MT_NS_PER_MS)
			return true;
	return false;
}

/* QEMU has stopped it too, and somebody wants it so. */
static bool is_switching_over(const struct fake_guest *g)
{
	return !strcmp(g->job.status, "pre-switchover");
}

static bool can_be_helped(const struct fake_guest *g, uint64_t now_ns)
{
	return fake_hv.host[FAKE_SOURCE].up && now_ns >= g->hung_until_ns && !g->job.deaf &&
	       !is_switching_over(g) && !fake_hv.over && !fake_fault_hinders(g, now_ns) &&
	       somebody_lives(now_ns);
}

/*
 * Its memory, at half of the slowest that it was let send at: what a first quarter of a second
 * tells of the link may be as far off.
 */
static double predicted_ms(const struct fake_guest *g, const struct guest_truth *gt)
{
	if (!gt->whole)
		return gt->predicted_ms;
	return (double)g->memory_bytes / g->slowest_bytes_per_s * 2000;
}

static void charge(struct fake_guest *g)
{
	struct guest_truth *gt = &t.g[g->index];
	uint64_t now_ns = mt_now_ns();
	double may_ms;

	if (!gt->ours)
		return;
	if (can_be_helped(g, now_ns))
		gt->charged_ns += now_ns - gt->ticked_ns;
	gt->ticked_ns = now_ns;
	may_ms = FAKE_MORE_MS + FAKE_FACTOR * predicted_ms(g, gt) + FAKE_MARGIN_MS +
		 gt->excused_ms;
	if ((double)gt->charged_ns / 1e6 > may_ms && !gt->violated) {
		gt->violated = true;
		violated("%s has been stopped by us for %.0f ms in which it could have been helped, %.0f ms are allowed (%.0f ms predicted)",
			 g->name, (double)gt->charged_ns / 1e6, may_ms, predicted_ms(g, gt));
	}
}

void truth_tick(void)
{
	hold();
	for (size_t i = 0; t.ours && i < fake_hv.n_guests; i++)
		charge(&fake_hv.guests[i]);
	release();
}

static void is_ours(struct fake_guest *g)
{
	struct guest_truth *gt = &t.g[g->index];

	if (gt->ours)
		return;
	gt->ours = gt->held = true;
	gt->since_ns = gt->ticked_ns = mt_now_ns();
	gt->charged_ns = 0;
	gt->excused_ms = 0;
	gt->violated = false;
	t.ours++;
	fake_count("guest stopped by us");
	t.stops++;
	mt_cond_wake(&fake_hv.changed);
	if (t.ours > t.max_stopped)
		violated("%u guests are stopped by us at once, %u may be", t.ours, t.max_stopped);
}

/* Paused for another reason since. */
static bool is_foreign(const struct fake_side *here)
{
	return here->state == VIR_DOMAIN_PAUSED && here->reason == VIR_DOMAIN_PAUSED_IOERROR;
}

void truth_state(struct fake_guest *g)
{
	struct guest_truth *gt = &t.g[g->index];
	const struct fake_side *here = &g->side[FAKE_SOURCE];
	uint64_t ms;

	hold();
	charge(g);
	if (here->state == VIR_DOMAIN_RUNNING)
		gt->owner_paused = false;
	if (here->state == VIR_DOMAIN_RUNNING || !here->here || here->state == VIR_DOMAIN_SHUTOFF)
		gt->held = false;
	if (gt->ours && (fake_guest_runs(g) || !here->here || here->state == VIR_DOMAIN_SHUTOFF ||
			 is_foreign(here))) {
		gt->ours = false;
		t.ours--;
		ms = (mt_now_ns() - gt->since_ns) / MT_NS_PER_MS;
		if (ms > gt->longest_ms)
			gt->longest_ms = ms;
		fake_trace("%s is ours no more after %llu ms", g->name, (unsigned long long)ms);
	}
	release();
}

/* --- calls ------------------------------------------------------------------------ */
static bool may_not_act(const char *heard)
{
	return !strcmp(heard, "pre-switchover") || !strcmp(heard, "device") ||
	       !strcmp(heard, "cancelling") || !strcmp(heard, "postcopy-active");
}

/*
 * Somebody died with a suspend call of his under way, or so it must look: it may come to something
 * yet.
 */
static bool in_doubt(const struct guest_truth *gt)
{
	for (int group = 1; group < FAKE_GROUPS; group++)
		if (gt->stopping_ns[group] && !t.up_ns[group] &&
		    mt_now_ns() < gt->stopping_ns[group] + FAKE_DOUBT_MS * MT_NS_PER_MS)
			return true;
	return false;
}

static void two_hands(struct fake_guest *g, struct guest_truth *gt, enum fake_call call, int group)
{
	if (gt->migration != g->job.number) {
		gt->migration = g->job.number;
		gt->writer = 0;
	}
	if (gt->writer && gt->writer != group && t.up_ns[gt->writer])
		violated("%s on %s by %s, while %s steers it and lives", fake_call_names[call],
			 g->name, fake_group_name(group), fake_group_name(gt->writer));
	gt->writer = group;
}

static void may_flip(const struct fake_guest *g, const struct truth_rules *r)
{
	if (!r->flips)
		violated("flip of %s, for which post-copy is not allowed", g->name);
	if (fake_guest_is_parallel(g))
		violated("flip of %s, which has parallel connections", g->name);
	if (!r->flips_at_once && g->job.sample.iteration < 2)
		violated("flip of %s in its first pass", g->name);
}

/* What a policy wanted, and nothing else. */
static void obeys(struct fake_guest *g, struct guest_truth *gt, enum fake_call call, int group,
		  uint64_t value)
{
	uint64_t now_ns = mt_now_ns(), *last_ns = &gt->issued_ns[group][call];
	const struct truth_rules *r = &gt->rules;
	char what[48];

	if (gt->issued_of[group] != g->job.number)
		memset(gt->issued_ns[group], 0, sizeof(gt->issued_ns[group]));
	gt->issued_of[group] = g->job.number;
	snprintf(what, sizeof(what), "%.20s: %s", r->policy, fake_call_names[call]);
	fake_count(what);
	if (call == FAKE_CALL_FLIP)
		may_flip(g, r);
	if (call == FAKE_CALL_SET_DOWNTIME && r->limit_ms && value > r->limit_ms)
		violated("QEMU's limit for %s is set to %llu ms, %llu ms are allowed", g->name,
			 (unsigned long long)value, (unsigned long long)r->limit_ms);
	if (call == FAKE_CALL_THROTTLE && !g->job.method.auto_converge)
		violated("%s is throttled, which was begun without auto-converge", g->name);
	if (*last_ns && now_ns < *last_ns + r->every_ms * MT_NS_PER_MS)
		violated("%s on %s again after %.0f ms, %llu ms are the least",
			 fake_call_names[call], g->name, (double)(now_ns - *last_ns) / 1e6,
			 (unsigned long long)r->every_ms);
	*last_ns = now_ns;
	if (gt->done[group].job == g->job.number && call != FAKE_CALL_ABORT &&
	    (gt->done[group].call != FAKE_CALL_SUSPEND || gt->held))
		violated("%s on %s by %s, which was told that its %s is done",
			 fake_call_names[call], g->name, fake_group_name(group),
			 fake_call_names[gt->done[group].call]);
	if (!g->job.active && now_ns > g->job.end_ns + FAKE_AGE_MS * MT_NS_PER_MS)
		violated("%s on %s, whose migration is over", fake_call_names[call], g->name);
}

bool truth_issued(struct fake_guest *g, enum fake_call call, int group, uint64_t value)
{
	struct guest_truth *gt = &t.g[g->index];
	bool unthrottles = call == FAKE_CALL_THROTTLE && !value;
	bool gives_back = unthrottles ||
			  ((call == FAKE_CALL_ABORT || call == FAKE_CALL_RESUME) &&
			   (gt->held || gt->stopping[group] == g->job.number || in_doubt(gt)));
	bool wished = call == FAKE_CALL_ABORT && t.wished[group];
	bool undoes = (call == FAKE_CALL_LIMIT_THROTTLE && value == MT_THROTTLE_MAX_PERCENT) ||
		      (call == FAKE_CALL_LIMIT_VCPUS && !value) ||
		      (call == FAKE_CALL_SET_SPEED && gt->speed_changed &&
		       value == gt->speed_was_bytes_per_s);

	if (!fake_call_writes(call) || !group)
		return false;
	hold();
	gt->writes[call]++;
	gt->giving_back[group] |= gives_back && !unthrottles;
	if (call == FAKE_CALL_SUSPEND) {
		gt->stopping[group] = g->job.number;
		gt->stopping_ns[group] = mt_now_ns();
	}
	if (!gives_back && !wished && !undoes) {
		if (gt->exempt)
			violated("%s on %s, which is exempted", fake_call_names[call], g->name);
		if (((gt->released && gt->released == g->job.number) || t.all_released) &&
		    call != FAKE_CALL_RESUME)
			violated("%s on %s, which was released", fake_call_names[call], g->name);
		if (may_not_act(gt->heard[group]) && gt->heard_of[group] == g->job.number &&
		    mt_now_ns() > gt->heard_ns[group] + FAKE_AGE_MS * MT_NS_PER_MS &&
		    call != FAKE_CALL_RESUME)
			violated("%s on %s, which %s knows to be in %s", fake_call_names[call],
				 g->name, fake_group_name(group), gt->heard[group]);
	}
	if (!gives_back && !wished && !undoes && call != FAKE_CALL_RESUME && gt->rules.policy)
		obeys(g, gt, call, group, value);
	if (!undoes)
		two_hands(g, gt, call, group);
	release();
	return gives_back;
}

void truth_excused(struct fake_guest *g, double ms)
{
	hold();
	t.g[g->index].excused_ms += ms;
	release();
}

void truth_answered(struct fake_guest *g, enum fake_call call, int group, int rc)
{
	struct guest_truth *gt = &t.g[g->index];

	if (rc || !group || (call != FAKE_CALL_SUSPEND && call != FAKE_CALL_FLIP &&
			     call != FAKE_CALL_ABORT))
		return;
	hold();
	gt->done[group].job = g->job.number;
	gt->done[group].call = call;
	release();
}

void truth_throttled(struct fake_guest *g, int group)
{
	hold();
	t.g[g->index].throttles[group] = true;
	release();
}

void truth_unthrottles(struct fake_guest *g, int group)
{
	hold();
	t.g[g->index].throttles[group] = false;
	release();
}

void truth_stayed(const struct fake_guest *g, int group)
{
	hold();
	if (t.g[g->index].throttles[group])
		violated("%s has stayed, and QEMU's largest throttle is %u %% by %s", g->name,
			 g->throttle_most, fake_group_name(group));
	release();
}

void truth_effect(struct fake_guest *g, enum fake_call call, int group, int rc)
{
	struct guest_truth *gt = &t.g[g->index];

	hold();
	if (call == FAKE_CALL_SUSPEND && !group && !rc)
		gt->owner_paused = true;
	if (call == FAKE_CALL_SUSPEND && group && !rc && !fake_guest_runs(g) &&
	    g->side[FAKE_SOURCE].state == VIR_DOMAIN_PAUSED)
		is_ours(g);
	if (call == FAKE_CALL_RESUME && group && !rc && gt->owner_paused && !gt->ours)
		violated("%s was resumed, which its owner had paused", g->name);
	if (call == FAKE_CALL_RESUME && group && !rc &&
	    g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING && g->side[FAKE_DESTINATION].here &&
	    g->side[FAKE_DESTINATION].state == VIR_DOMAIN_RUNNING)
		violated("%s was resumed here while it runs at the destination", g->name);
	release();
}

unsigned truth_refused(struct fake_guest *g, enum fake_call call, int group, bool gives_back)
{
	unsigned number;

	hold();
	number = t.n_refused < REFUSED ? t.n_refused++ : REFUSED - 1;
	t.refused[number].group = group;
	t.refused[number].call = call;
	t.refused[number].guest = g ? g->index : 0;
	/*
	 * How a guest is given back is told as a whole, and that a call for it hangs before it
	 * fails.
	 */
	t.refused[number].told = !fake_call_writes(call) || !group || !g || gives_back ||
		((call == FAKE_CALL_ABORT || call == FAKE_CALL_RESUME) &&
		 t.g[g->index].giving_back[group]);
	release();
	return number;
}

void truth_heard(struct fake_guest *g, int group, const char *status)
{
	hold();
	snprintf(t.g[g->index].heard[group], sizeof(t.g[g->index].heard[group]), "%s", status);
	t.g[g->index].heard_ns[group] = mt_now_ns();
	t.g[g->index].heard_of[group] = g->job.number;
	release();
}

/*
 * What fails again and again is told once at least; an abort, also where it could not even be asked
 * for.
 */
static bool told_before(unsigned i)
{
	if (t.refused[i].call == FAKE_CALL_ABORT && t.abort_failed[t.refused[i].group])
		return true;
	for (unsigned k = 0; k < t.n_refused; k++)
		if (t.refused[k].told && t.refused[k].group == t.refused[i].group &&
		    t.refused[k].guest == t.refused[i].guest &&
		    t.refused[k].call == t.refused[i].call)
			return true;
	return false;
}

void truth_deaf(int group)
{
	hold();
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		t.g[i].heard[group][0] = '\0';
	release();
}

/* 0: not limited. */
static bool has_our_speed(const struct fake_guest *g)
{
	const struct guest_truth *gt = &t.g[g->index];

	return gt->speed_changed && g->speed_bytes_per_s == gt->speed_bytes_per_s &&
	       g->speed_bytes_per_s != gt->speed_was_bytes_per_s;
}

void truth_calls(const struct fake_guest *g, int group, int more)
{
	hold();
	t.g[g->index].calls[group] += more;
	release();
}

/*
 * Who put it there lives, holds the mark, and waits for a call about this guest to come back: until
 * then supervision stands still, and nobody else may put it right.
 */
static bool waits_for_a_call(const struct guest_truth *gt)
{
	int group = gt->speed_changed;

	return gt->calls[group] > 0 && !fake_group_is_dead(group);
}

void truth_speed(const struct fake_guest *g, int group, uint64_t bytes_per_s)
{
	struct guest_truth *gt = &t.g[g->index];

	hold();
	/* What somebody else has set since is what it was. */
	if (!has_our_speed(g))
		gt->speed_was_bytes_per_s = g->speed_bytes_per_s;
	gt->speed_changed = group;
	gt->speed_bytes_per_s = bytes_per_s;
	release();
}

void truth_conclude(void)
{
	hold();
	for (size_t i = 0; i < fake_hv.n_guests; i++) {
		const struct fake_guest *g = &fake_hv.guests[i];

		if (t.g[i].ours)
			violated("%s is still stopped by us at the end", g->name);
		if (g->vcpu_limit_mib_per_s && g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING)
			violated("%s is still limited by us at the end", g->name);
		if (has_our_speed(g) && !waits_for_a_call(&t.g[i]) &&
		    g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING)
			violated("%s still has our speed at the end", g->name);
	}
	for (unsigned i = 0; i < t.n_refused; i++)
		if (!t.untold && !t.refused[i].told && !told_before(i) &&
		    !fake_group_is_dead(t.refused[i].group))
			violated("that %s on %s failed (fault %u) was told nowhere",
				 fake_call_names[t.refused[i].call],
				 fake_hv.guests[t.refused[i].guest].name, i);
	release();
}
