/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * classed.h - what policies share that go by the class of a guest's workload (PURE)
 */
#ifndef MT_CLASSED_H
#define MT_CLASSED_H

#include "policy.h"

/* Their thresholds, as the first rows of a list of parameters: see classifier.h. */
enum { MT_CLASSED_MEMORY, MT_CLASSED_NETWORK, MT_CLASSED_CPU, MT_CLASSED_IDLE, MT_CLASSED_COUNT };

#define MT_CLASSED_PARAMS \
	[MT_CLASSED_MEMORY] = { \
		.name = "memory_percent", .kind = MT_PARAM_COUNT, \
		.initial = MT_CLASS_MEMORY_PERCENT, .min = 1, .max = 1000, \
		.help = "memory-intensive: dirty rate, of the link", \
		.about = "memory-intensive is a guest that dirties so much of what the link carries (inferred)" }, \
	[MT_CLASSED_NETWORK] = { \
		.name = "network_percent", .kind = MT_PARAM_COUNT, \
		.initial = MT_CLASS_NETWORK_PERCENT, .min = 1, .max = 1000, \
		.help = "network-intensive: sent and received, of the link", \
		.about = "network-intensive is a guest that sends and receives so much of what the link carries (inferred)" }, \
	[MT_CLASSED_CPU] = { \
		.name = "cpu_percent", .kind = MT_PARAM_COUNT, \
		.initial = MT_CLASS_CPU_PERCENT, .min = 1, .max = 100, \
		.help = "CPU-intensive: of its vCPUs' time", \
		.about = "CPU-intensive is a guest that uses so much of its vCPUs' time (inferred)" }, \
	[MT_CLASSED_IDLE] = { \
		.name = "idle_percent", .kind = MT_PARAM_COUNT, \
		.initial = MT_CLASS_IDLE_PERCENT, .min = 0, .max = 100, \
		.help = "idle: below it in all of these", \
		.about = "idle is a guest that is below it in all of these (inferred)" }

/* @limits: resolved. */
void mt_limits_class(const struct mt_limits *limits, struct mt_class_limits *class);

/* "memory-intensive: dirties ...: @what", in front of @plan's reason if it has one. */
void mt_classed_say(struct mt_plan *plan, const struct mt_classifier *class, const char *what);

#endif
