/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * classifier.h - what kind of work a guest does: memory-, network- or CPU-intensive, or none (PURE)
 *
 * After WALM (University of Colombo, 2024), which decides by CPU, network, dirty rate and memory.
 * Each sample of a second tells what share the guest uses: of its vCPUs' time by running, of the
 * link by sending and receiving, and of the link by dirtying memory, over a time in which its whole
 * memory could be sent. A share counts that is over its threshold in three of the latest five
 * samples, until it is clearly below in four of them: a guest that is at it every other second
 * keeps its class.
 */
#ifndef MT_CLASSIFIER_H
#define MT_CLASSIFIER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload.h"

enum mt_class {
	MT_CLASS_UNKNOWN,		/* nothing is known of its CPU and network */
	MT_CLASS_IDLE,
	MT_CLASS_MEMORY,
	MT_CLASS_NETWORK_IN,		/* mostly incoming */
	MT_CLASS_NETWORK_OUT,
	MT_CLASS_CPU,
	MT_CLASS_MIXED,			/* several of these, or none and not idle */
	MT_CLASS_COUNT
};
const char *mt_class_name(enum mt_class c);	/* "memory-intensive" ... */

/* What is judged, each by itself. */
enum mt_trait {
	MT_TRAIT_MEMORY,		/* dirty rate, of the link */
	MT_TRAIT_NETWORK,		/* sent and received, of the link */
	MT_TRAIT_INCOMING,		/* received, of both */
	MT_TRAIT_CPU,			/* of its vCPUs' time */
	MT_TRAIT_BUSY,			/* the largest of memory, network and CPU */
	MT_TRAIT_COUNT
};

/* A second of a guest. NaN: not known. Begins as MT_CLASS_LOAD_UNKNOWN. */
struct mt_class_load {
	double dirty_bytes_per_s, received_bytes_per_s, sent_bytes_per_s;
	double cpu_share;		/* 1: all its vCPUs run all the time */
	double link_bytes_per_s;	/* that the guest's traffic and a migration share */
};

#define MT_CLASS_LOAD_UNKNOWN	{ NAN, NAN, NAN, NAN, NAN }

#define MT_CLASS_WINDOW		5	/* samples; how many of them are wanted is inferred, too */
#define MT_CLASS_SAMPLE_MS	1000	/* between two. Inferred */
/*
 * Thresholds are inferred: WALM's are not public. Half the link is also where QEMU begins to
 * throttle (throttle-trigger-threshold).
 */
#define MT_CLASS_MEMORY_PERCENT	50
#define MT_CLASS_NETWORK_PERCENT 50
#define MT_CLASS_CPU_PERCENT	75
#define MT_CLASS_IDLE_PERCENT	5
/* what nobody has measured: WALM's testbed had 1 Gbit/s */
#define MT_CLASS_LINK_BYTES_PER_S 125e6

struct mt_class_limits {
	double memory_share, network_share, cpu_share, idle_share;
};
#define MT_CLASS_LIMITS_DEFAULT { \
	MT_CLASS_MEMORY_PERCENT / 100.0, MT_CLASS_NETWORK_PERCENT / 100.0, \
	MT_CLASS_CPU_PERCENT / 100.0, MT_CLASS_IDLE_PERCENT / 100.0 }

struct mt_classifier {
	struct mt_class_limits limits;
	struct mt_class_load load[MT_CLASS_WINDOW];	/* the latest, in a circle */
	uint64_t samples;		/* so far */
	bool known[MT_TRAIT_COUNT], has[MT_TRAIT_COUNT];
	enum mt_class class;
};

/* @limits NULL: those above. */
void mt_classifier_init(struct mt_classifier *c, const struct mt_class_limits *limits);
/* Return: whether the class is another now. */
bool mt_classifier_feed(struct mt_classifier *c, const struct mt_class_load *load);
/* There are as many samples as a class takes: what cannot be taken back may be decided by it. */
bool mt_classifier_is_settled(const struct mt_classifier *c);
/* The mean of what is known of the latest samples. */
void mt_classifier_mean(const struct mt_classifier *c, struct mt_class_load *mean);

#define MT_CLASS_TEXT	240
/* One sentence: the class, and the numbers that led to it. */
const char *mt_classifier_tell(const struct mt_classifier *c, char text[MT_CLASS_TEXT]);

/*
 * What was counted as rates; all that it does not tell stays. Counters that say more than its vCPUs
 * can do are not believed, and tell nothing.
 */
void mt_class_load_work(struct mt_class_load *load, const struct mt_work *work);

#endif
