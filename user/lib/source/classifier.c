// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * classifier.c - what kind of work a guest does (PURE)
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "classifier.h"

/* A share that counts does so until it is below this part of its threshold. Inferred */
#define RELEASE		0.8
/* Counters are read a little early or late. Inferred */
#define CPU_SHARE_MAX	1.2

const char *mt_class_name(enum mt_class c)
{
	static const char *const names[MT_CLASS_COUNT] = {
		[MT_CLASS_UNKNOWN] = "unknown",
		[MT_CLASS_IDLE] = "idle",
		[MT_CLASS_MEMORY] = "memory-intensive",
		[MT_CLASS_NETWORK_IN] = "network-in",
		[MT_CLASS_NETWORK_OUT] = "network-out",
		[MT_CLASS_CPU] = "cpu-intensive",
		[MT_CLASS_MIXED] = "mixed",
	};

	return c < MT_CLASS_COUNT ? names[c] : names[MT_CLASS_UNKNOWN];
}

void mt_classifier_init(struct mt_classifier *c, const struct mt_class_limits *limits)
{
	static const struct mt_class_limits otherwise = MT_CLASS_LIMITS_DEFAULT;

	memset(c, 0, sizeof(*c));
	c->limits = limits ? *limits : otherwise;
}

/* --- the share of each trait; NaN: not known ------------------------------- */
static double of_link(const struct mt_class_load *l, double bytes_per_s)
{
	return l->link_bytes_per_s > 0 ? bytes_per_s / l->link_bytes_per_s : NAN;
}

static double memory_of(const struct mt_class_load *l)
{
	return of_link(l, l->dirty_bytes_per_s);
}

static double network_of(const struct mt_class_load *l)
{
	return of_link(l, l->received_bytes_per_s + l->sent_bytes_per_s);
}

static double incoming_of(const struct mt_class_load *l)
{
	return l->received_bytes_per_s / (l->received_bytes_per_s + l->sent_bytes_per_s);
}

static double cpu_of(const struct mt_class_load *l)
{
	return l->cpu_share;
}

/* A guest that hardly runs does little else; fmax() leaves out what is not known. */
static double busy_of(const struct mt_class_load *l)
{
	return isnan(l->cpu_share) ? NAN : fmax(l->cpu_share, fmax(memory_of(l), network_of(l)));
}

static double (*const share_of[MT_TRAIT_COUNT])(const struct mt_class_load *l) = {
	[MT_TRAIT_MEMORY] = memory_of,
	[MT_TRAIT_NETWORK] = network_of,
	[MT_TRAIT_INCOMING] = incoming_of,
	[MT_TRAIT_CPU] = cpu_of,
	[MT_TRAIT_BUSY] = busy_of,
};

static double threshold_of(const struct mt_class_limits *l, enum mt_trait trait)
{
	const double thresholds[MT_TRAIT_COUNT] = {
		[MT_TRAIT_MEMORY] = l->memory_share,
		[MT_TRAIT_NETWORK] = l->network_share,
		[MT_TRAIT_INCOMING] = 0.5,
		[MT_TRAIT_CPU] = l->cpu_share,
		[MT_TRAIT_BUSY] = l->idle_share,
	};

	return thresholds[trait];
}

/* --- judged over the window --------------------------------------------------- */
static size_t kept(const struct mt_classifier *c)
{
	return c->samples < MT_CLASS_WINDOW ? (size_t)c->samples : MT_CLASS_WINDOW;
}

static void judge(struct mt_classifier *c, enum mt_trait trait)
{
	double threshold = threshold_of(&c->limits, trait);
	size_t known = 0, over = 0, below = 0;

	for (size_t i = 0; i < kept(c); i++) {
		double share = share_of[trait](&c->load[i]);

		if (isnan(share))
			continue;
		known++;
		/* Exactly half is not mostly incoming. */
		over += trait == MT_TRAIT_INCOMING ? share > threshold : share >= threshold;
		below += share < RELEASE * threshold;
	}
	c->known[trait] = known > 0;
	if (!known)
		c->has[trait] = false;
	else if (5 * over >= 3 * known)
		c->has[trait] = true;
	else if (5 * below >= 4 * known)
		c->has[trait] = false;
}

static enum mt_class class_of(const struct mt_classifier *c)
{
	int n = c->has[MT_TRAIT_MEMORY] + c->has[MT_TRAIT_NETWORK] + c->has[MT_TRAIT_CPU];

	if (n > 1)
		return MT_CLASS_MIXED;
	if (c->has[MT_TRAIT_MEMORY])
		return MT_CLASS_MEMORY;
	if (c->has[MT_TRAIT_NETWORK])
		return c->has[MT_TRAIT_INCOMING] ? MT_CLASS_NETWORK_IN : MT_CLASS_NETWORK_OUT;
	if (c->has[MT_TRAIT_CPU])
		return MT_CLASS_CPU;
	if (!c->known[MT_TRAIT_CPU])
		return MT_CLASS_UNKNOWN;
	return c->has[MT_TRAIT_BUSY] ? MT_CLASS_MIXED : MT_CLASS_IDLE;
}

bool mt_classifier_feed(struct mt_classifier *c, const struct mt_class_load *load)
{
	enum mt_class before = c->class;

	c->load[c->samples++ % MT_CLASS_WINDOW] = *load;
	for (int t = 0; t < MT_TRAIT_COUNT; t++)
		judge(c, (enum mt_trait)t);
	c->class = class_of(c);
	return c->class != before;
}

bool mt_classifier_is_settled(const struct mt_classifier *c)
{
	return 5 * c->samples >= 3 * MT_CLASS_WINDOW;
}

/* --- told -------------------------------------------------------------------- */
static double mean_of(const struct mt_classifier *c, size_t offset)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < kept(c); i++) {
		double v;

		memcpy(&v, (const char *)&c->load[i] + offset, sizeof(v));
		if (isnan(v))
			continue;
		sum += v;
		n++;
	}
	return n ? sum / (double)n : NAN;
}

void mt_classifier_mean(const struct mt_classifier *c, struct mt_class_load *mean)
{
#define MEAN(field)	.field = mean_of(c, offsetof(struct mt_class_load, field))
	*mean = (struct mt_class_load){ MEAN(dirty_bytes_per_s), MEAN(received_bytes_per_s),
					MEAN(sent_bytes_per_s), MEAN(cpu_share),
					MEAN(link_bytes_per_s) };
#undef MEAN
}

struct text {
	char *at;
	size_t left;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		n = (int)t->left - 1;
	t->at += n;
	t->left -= (size_t)n;
}

static void add_percent(struct text *t, const char *before, double share)
{
	if (!isnan(share))
		add(t, "%s%.0f %%", before, fmin(share, 99.99) * 100);
}

const char *mt_classifier_tell(const struct mt_classifier *c, char text[MT_CLASS_TEXT])
{
	char in[MT_UNIT_STR], out[MT_UNIT_STR], dirty[MT_UNIT_STR], link[MT_UNIT_STR];
	struct text t = { text, MT_CLASS_TEXT };
	struct mt_class_load m;

	mt_classifier_mean(c, &m);
	add(&t, "%s: ", mt_class_name(c->class));
	if (isnan(m.dirty_bytes_per_s))
		add(&t, "dirty rate not known");
	else
		add(&t, "dirties %s", mt_format_rate_bytes_per_s(dirty, m.dirty_bytes_per_s));
	add_percent(&t, ", ", memory_of(&m));
	if (!isnan(m.link_bytes_per_s))
		add(&t, "%s a link of %s", isnan(m.dirty_bytes_per_s) ? "," : " of",
		    mt_format_rate_bytes_per_s(link, m.link_bytes_per_s));
	if (isnan(m.received_bytes_per_s))
		add(&t, "; network not known");
	else
		add(&t, "; receives %s, sends %s",
		    mt_format_rate_bytes_per_s(in, m.received_bytes_per_s),
		    mt_format_rate_bytes_per_s(out, m.sent_bytes_per_s));
	add_percent(&t, ", ", network_of(&m));
	if (isnan(m.cpu_share))
		add(&t, "; CPU not known");
	add_percent(&t, "; CPU ", m.cpu_share);
	add(&t, "; over %zu s", kept(c));
	return text;
}

/* --- from what was counted -------------------------------------------------------- */
/* Its vCPUs' time, as the best of those who count it tells. */
static bool cpu_ns_of(const struct mt_work *w, uint64_t *ns)
{
	return mt_work_get(w, MT_WORK_run_ns, ns) || mt_work_get(w, MT_WORK_cpu_ns, ns);
}

void mt_class_load_work(struct mt_class_load *load, const struct mt_work *w)
{
	double seconds = w->t_ns > w->start_ns ? (double)(w->t_ns - w->start_ns) / 1e9 : 0;
	uint64_t cpu_ns, vcpus, in, out;
	double share;

	if (!(seconds > 0))
		return;
	if (cpu_ns_of(w, &cpu_ns) && mt_work_get(w, MT_WORK_vcpus, &vcpus) && vcpus) {
		share = (double)cpu_ns / 1e9 / seconds / (double)vcpus;
		if (share > CPU_SHARE_MAX)
			return;
		load->cpu_share = share;
	}
	if (mt_work_get(w, MT_WORK_net_received_bytes, &in) &&
	    mt_work_get(w, MT_WORK_net_sent_bytes, &out)) {
		load->received_bytes_per_s = (double)in / seconds;
		load->sent_bytes_per_s = (double)out / seconds;
	}
}
