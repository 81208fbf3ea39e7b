/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * others.h - QEMU's downtime limit and speed, when somebody else changes them
 */
#ifndef MT_OTHERS_H
#define MT_OTHERS_H

#include <stdbool.h>
#include <stdint.h>

struct supervision;
struct mt_plan;

/* One of the two as we know it: what it was when we came, or what we set. */
struct others_value {
	bool known;
	bool limited;		/* the speed may have no limit */
	uint64_t value;
	bool theirs;		/* somebody else set it: we do not any more */
};

struct others {
	struct others_value limit_ms, bytes_per_s;
	bool active;
	bool observe;		/* and this migration is left alone */
};

/* What is set when we come. */
void mt_others_begin(struct supervision *s);
/* QEMU sends: only from now on libvirt tells the speed that this migration was given. */
void mt_others_active(struct supervision *s);
/* We set it. */
void mt_others_set(struct supervision *s, const struct mt_plan *plan);
/*
 * Reads again what @plan stands on. Return: 0 it is as we know it; -EAGAIN it is not, which has
 * been told: decide anew; -errno it could not be read.
 */
int mt_others_check(struct supervision *s, const struct mt_plan *plan);

#endif
