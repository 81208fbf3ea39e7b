// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * promig.c - the method by the state that the guest will be in, as ProMig has it (PURE)
 *
 * ProMig (University of Colombo, 2025; github.com/CloudnetUCSC/ProMig_Implementation, RT_FSP.py of
 * commit 9fe6afd). Each second the guest is in one of 16 states: CPU, memory, incoming and outgoing
 * traffic are each high, from 40 % on, or low. How often one followed the other makes a Markov
 * chain, whose rows begin as uniform. The rules, in its code's order:
 *
 *  - memory is high: post-copy;
 *  - outgoing traffic is high: post-copy;
 *  - incoming is: pre-copy, but post-copy if memory is high in the likeliest state of one of the
 *    next 15 seconds;
 *  - CPU is, and memory will be: post-copy;
 *  - else hybrid.
 *
 * It watches for 67 s, decides, and then migrates; here the chain is learned while the migration
 * runs, and the decision is made anew each second. Its hybrid is not published: it is ihm.c's here.
 * Its code multiplies matrix and state from the wrong side, which gives the state from which the
 * present one is likeliest reached; its description says otherwise. Both can be had.
 */
#include <math.h>
#include <stdio.h>

#include "ihm.h"
#include "policy_rows.h"

#define HIGH		0.40	/* THRESHOLD */
#define STATES		16	/* 2 levels of 4 figures */
#define AHEAD_MAX	600	/* states; inferred, as far as a bound is needed */

enum { MEMORY_IS, STATES_AHEAD, CHAIN, TRAINING, PASSES, IHM };
enum { USED, DIRTIED };		/* memory_is */
enum { FORWARD, PUBLISHED };	/* chain */

static const char *const memories[] = { "used", "dirtied", NULL };
static const char *const chains[] = { "forward", "published", NULL };

static const struct mt_param params[] = {
	[MEMORY_IS] = { .name = "memory_is", .kind = MT_PARAM_WORD, .initial = USED,
			.max = DIRTIED, .words = memories,
			.help = "what is high or low as memory",
			.about = "what is high or low as memory: **used**, the share of it that is not zero (ProMig's own is what the guest calls used), or **dirtied**, the dirty rate as a share of the link, which its authors leave to the future" },
	[STATES_AHEAD] = { .name = "states_ahead", .kind = MT_PARAM_COUNT, .initial = 15,
			   .max = AHEAD_MAX,
			   .help = "seconds that it looks ahead; 0: as long as all memory takes",
			   .about = "how many seconds it looks ahead. 0 is as many as all of the memory takes to be sent" },
	[CHAIN] = { .name = "chain", .kind = MT_PARAM_WORD, .initial = FORWARD, .max = PUBLISHED,
		    .words = chains,
		    .help = "how the states ahead follow from the chain",
		    .about = "how the states ahead follow from the chain: **forward**, as described, or as its **published** code does" },
	[TRAINING] = { .name = "training", .kind = MT_PARAM_DURATION,
		       .initial = 3000 /* as long as a class takes; inferred */,
		       .max = MT_LIMIT_MAX_MS,
		       .help = "for how long it watches before it decides",
		       .about = "for how long it watches the guest before it decides; ProMig's own 67s would be over after most migrations" },
	[PASSES] = { .name = "passes", .kind = MT_PARAM_COUNT, .initial = 1, .max = 1000,
		     .help = "after how many finished passes post-copy begins; 0 at once" },
	MT_IHM_PARAMS(IHM),
	{ .name = NULL }
};

struct promig {
	struct mt_ihm ihm;
	uint64_t samples;			/* of the classifier, taken so far */
	double used_share;			/* of memory; 0 = not known yet */
	unsigned counts[STATES][STATES];	/* how often the second followed the first */
	int state;				/* the newest that was known */
	bool began;
};

/* What a second was like, as shares; NaN: not known. */
struct levels {
	double cpu, memory, in, out;
};

static bool is_high(double share)
{
	return share >= HIGH;
}

static bool all_known(const struct levels *l)
{
	return !isnan(l->cpu) && !isnan(l->memory) && !isnan(l->in) && !isnan(l->out);
}

static int state_of(const struct levels *l)
{
	return is_high(l->cpu) << 3 | is_high(l->memory) << 2 | is_high(l->in) << 1 |
	       is_high(l->out);
}

static bool has_high_memory(int state)
{
	return state >> 2 & 1;
}

/* In the first pass each page is looked at once: what of it was not zero is in use. */
static double used_share(struct promig *s, const struct mt_view *view)
{
	const struct mt_beforehand *before = view->limits->before;
	const struct mt_sample *m = view->sample;
	double sent = (double)m->normal_pages, all = sent + (double)m->zero_pages;

	if (before && before->nonzero_bytes > 0 && m->memory_bytes)
		return before->nonzero_bytes / (double)m->memory_bytes;
	if (!s->used_share && view->iterations->total && all > 0 &&
	    mt_sample_has(m, normal_pages) && mt_sample_has(m, zero_pages))
		s->used_share = sent / all;
	return s->used_share > 0 ? s->used_share : NAN;
}

static struct levels levels_of(struct promig *s, const struct mt_view *view)
{
	const struct mt_classifier *c = view->class;
	const struct mt_class_load *l = &c->load[(c->samples - 1) % MT_CLASS_WINDOW];
	double used = used_share(s, view);

	return (struct levels){
		.cpu = l->cpu_share,
		.memory = view->params[MEMORY_IS] == DIRTIED ?
				  l->dirty_bytes_per_s / l->link_bytes_per_s :
				  used,
		.in = l->received_bytes_per_s / l->link_bytes_per_s,
		.out = l->sent_bytes_per_s / l->link_bytes_per_s,
	};
}

static void learn(struct promig *s, int state)
{
	if (s->began)
		s->counts[s->state][state]++;
	s->state = state;
	s->began = true;
}

static void probabilities(const struct promig *s, double p[STATES][STATES])
{
	for (int i = 0; i < STATES; i++) {
		unsigned n = 0;

		for (int j = 0; j < STATES; j++)
			n += s->counts[i][j];
		for (int j = 0; j < STATES; j++)
			p[i][j] = n ? (double)s->counts[i][j] / n : 1.0 / STATES;
	}
}

/* One second on. The likeliest is the first of those that are as likely. Return: it. */
static int advance(const double p[STATES][STATES], double v[STATES], bool published)
{
	double next[STATES] = { 0 };
	int likeliest = 0;

	for (int i = 0; i < STATES; i++)
		for (int j = 0; j < STATES; j++)
			next[j] += published ? p[j][i] * v[i] : v[i] * p[i][j];
	for (int i = 0; i < STATES; i++) {
		v[i] = next[i];
		if (v[i] > v[likeliest])
			likeliest = i;
	}
	return likeliest;
}

/* Return: in how many seconds memory will be high; 0: in none that is looked at. */
static unsigned memory_high_in(const struct promig *s, const struct mt_view *view)
{
	double p[STATES][STATES], v[STATES] = { 0 }, whole_s = 0;
	uint64_t ahead = view->params[STATES_AHEAD];

	if (!ahead && view->bandwidth_bytes_per_s > 0) {
		whole_s = ceil((double)view->sample->memory_bytes / view->bandwidth_bytes_per_s);
		ahead = (uint64_t)fmin(whole_s, AHEAD_MAX);
	}
	probabilities(s, p);
	v[s->state] = 1;
	for (unsigned k = 1; k <= ahead; k++)
		if (has_high_memory(advance(p, v, view->params[CHAIN] == PUBLISHED)))
			return k;
	return 0;
}

enum method { PRECOPY, POSTCOPY, HYBRID };

static enum method method_of(const struct levels *l, unsigned high_in)
{
	if (is_high(l->memory) || is_high(l->out))
		return POSTCOPY;
	if (!all_known(l))
		return HYBRID;
	if (is_high(l->in))
		return high_in ? POSTCOPY : PRECOPY;
	return is_high(l->cpu) && high_in ? POSTCOPY : HYBRID;
}

static const char *share(char buf[16], double v)
{
	if (isnan(v))
		return "not known";
	snprintf(buf, 16, "%.0f %%", 100 * fmin(v, 99.99));
	return buf;
}

static void say(struct mt_plan *plan, const struct levels *l, unsigned high_in, const char *what)
{
	char cpu[16], memory[16], in[16], out[16], ahead[64] = "", then[200];

	if (high_in)
		snprintf(ahead, sizeof(ahead), ", memory high in %u s by the chain", high_in);
	snprintf(then, sizeof(then), "%s%.180s", *plan->reason ? ": " : "", plan->reason);
	snprintf(plan->reason, sizeof(plan->reason),
		 "CPU %s, memory %s, incoming %s, outgoing %s%s; %s%s", share(cpu, l->cpu),
		 share(memory, l->memory), share(in, l->in), share(out, l->out), ahead, what, then);
}

static void decide(struct promig *s, const struct mt_view *view, const struct levels *l,
		   struct mt_plan *plan)
{
	bool looks = s->began && all_known(l) && (is_high(l->in) || is_high(l->cpu));
	unsigned high_in = looks ? memory_high_in(s, view) : 0;
	enum method method = method_of(l, high_in);
	bool due = view->iterations->total >= view->params[PASSES];

	if (method == POSTCOPY && view->limits->postcopy_allowed) {
		plan->action = due ? MT_ACTION_FLIP : MT_ACTION_CONTINUE;
		*plan->reason = '\0';
		say(plan, l, high_in, due ? "post-copy" : "post-copy after this pass");
	} else if (method == PRECOPY) {
		plan->action = MT_ACTION_CONTINUE;
		*plan->reason = '\0';
		say(plan, l, high_in, "pre-copy, which QEMU ends by itself");
	} else if (*plan->reason) {
		say(plan, l, high_in,
		    method == POSTCOPY ? "post-copy, which is not allowed: stopped as in hybrid" :
					 "hybrid");
	}
}

static void promig_step(void *priv, const struct mt_view *view, uint64_t now_ms,
			struct mt_plan *plan)
{
	const struct mt_classifier *c = view->class;
	struct promig *s = priv;
	struct levels l;

	/* It watches the passes whatever the method: that may change. */
	mt_ihm_step(&s->ihm, view, view->params + IHM, plan);
	if (!c->samples)
		return;
	l = levels_of(s, view);
	if (c->samples > s->samples && all_known(&l))
		learn(s, state_of(&l));
	s->samples = c->samples;
	if (c->samples * MT_CLASS_SAMPLE_MS >= view->params[TRAINING])
		decide(s, view, &l, plan);
	else if (*plan->reason)
		say(plan, &l, 0, "hybrid, until it has been watched for longer");
}

static bool flips_at_once(const uint64_t *own)
{
	return !own[PASSES];
}

_Static_assert(sizeof(struct promig) <= MT_POLICY_STATE_MAX, "state fits");

const struct mt_policy mt_policy_promig = {
	.name = "promig",
	.help = "the method by a Markov chain of CPU, memory and network: post-copy, pre-copy, else as ihm",
	.about = "ProMig's rule: a guest whose memory is in use, or that sends much, goes by post-copy; one that receives much by pre-copy, and one that computes as by *ihm*, unless a Markov chain of its seconds says that much of its memory will be in use. Where post-copy is not allowed the guest is stopped when *ihm* would",
	.acts = true,
	.params = params,
	.flips_at_once = flips_at_once,
	.step = promig_step,
};
