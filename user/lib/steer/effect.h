/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * effect.h - whether what libvirt took was done
 *
 * Limits and a speed are read back at once; of a flip and an abort the migration itself has to
 * show it. That a stopped guest stands still is act_stop.c's to see, and its guard's.
 */
#ifndef MT_EFFECT_H
#define MT_EFFECT_H

#include <stdint.h>

#include "policy/policy.h"

/*
 * A flip or an abort that QEMU has taken shows within a moment: it looks for both each time that it
 * has filled its buffer (migration_thread(), migration/migration.c), at least each 100 ms while
 * anything is sent. Inferred: ten seconds are enough for the slowest host.
 */
#define MT_EFFECT_MS	10000

/* A flip or an abort that libvirt took, and that has not shown yet. */
struct effect {
	enum mt_action waits;		/* CONTINUE: none */
	uint64_t since_ns, transferred_bytes;
};

struct supervision;

/* libvirt has taken @plan. Return: 0, also where it cannot be read back; -EIO it had no effect. */
MT_MUST_CHECK int mt_effect_read(struct supervision *s, const struct mt_plan *plan,
				 struct mt_err *err);
/* From now on it has to show. */
void mt_effect_wait(struct supervision *s, enum mt_action action);
/* The newest sample: tells of a flip or an abort that came to nothing, and lets decide anew. */
void mt_effect_look(struct supervision *s);

#endif
