/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * monitor.h - the class of a guest's workload, second by second, while it migrates (PURE)
 */
#ifndef MT_MONITOR_H
#define MT_MONITOR_H

#include "outlook.h"
#include "source/classifier.h"

struct mt_monitor {
	struct mt_classifier class;
	struct mt_work work;		/* newest; ->t_ns 0: none */
	uint64_t classified_ns;		/* when it last was */
};

void mt_monitor_init(struct mt_monitor *m);
/* What the guest did, in order with the samples: the class of the next ones goes by it. */
void mt_monitor_work(struct mt_monitor *m, const struct mt_work *work);
/* What its host had to spare at that time, by what it did. */
struct mt_spare mt_monitor_spare(const struct mt_monitor *m, uint64_t t_ns);
/*
 * A sample that @its has taken already; classifies if a second has passed since it last did.
 * @before: what was known of the guest, NULL: nothing; @memory_bytes 0: not known. Return: whether
 * the class is another now.
 */
bool mt_monitor_sample(struct mt_monitor *m, const struct mt_iterations *its,
		       const struct mt_beforehand *before, double memory_bytes,
		       const struct mt_sample *s);
/* The dirty rate over the time in which the whole memory could be sent; NaN: not known. */
double mt_monitor_dirty_rate(const struct mt_ucurve *u, double memory_bytes,
			     double link_bytes_per_s);

#endif
