/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loads.h - the loads that a guest goes to and fro between, and when a low one is near (PURE)
 *
 * A kernel source's ticks tell where the load changes (growth.h); a history tells of loads before
 * the migration. From one change to the next the guest stays with a load; stays fall into low and
 * high ones at the widest gap between their rates. A guest that was high, low and high before is
 * expected to be so again: how long it stays is what its stays have been so far.
 */
#ifndef MT_LOADS_H
#define MT_LOADS_H

#include "base/units.h"
#include "model/markov/slots.h"
#include "model/outlook.h"
#include "source/tick.h"

struct mt_stay {
	double seconds, bytes;		/* how long, and what was found dirty in it */
	bool begun;			/* it was seen to begin; else it was longer */
};

#define MT_LOADS_STAYS	32

/* A source that has been silent for so long tells nothing of what the guest does now. Inferred. */
#define MT_LOADS_SILENT_NS	(2 * MT_NS_PER_S)

/* Of a history, the newest: five minutes of a tenth of a second. */
#define MT_LOADS_SLOTS	3000

/* Zeroed before the first tick. */
struct mt_loads {
	struct mt_stay stay[MT_LOADS_STAYS];	/* oldest first; the last is under way */
	unsigned n;			/* 0: no tick yet */
	struct mt_stay newest;		/* the last tick alone, of those of the stay */
	uint64_t changes;		/* seen by ticks */
	uint64_t last_ns;		/* the newest tick's end; 0: none yet */
};

struct mt_loads_ahead {
	bool low;			/* it is low now */
	double low_bytes_per_s, high_bytes_per_s;	/* medians of their stays */
	struct mt_interval low_in_s;	/* until it is low; 0: it is */
	struct mt_interval low_for_s;	/* how long it then stays so, or still does */
	uint64_t changes;		/* seen in this migration */
};

/*
 * What was before all ticks: its slots fall into two loads by Otsu's threshold, if there are two.
 */
void mt_loads_history(struct mt_loads *l, const struct mt_history *h);

/* What a tick stands for that ends @seconds after the one before: missing ones were like it. */
double mt_loads_tick_bytes(const struct mt_tick *t, double seconds);

/* A tick, in order; @changed: growth.h found another load in it. */
void mt_loads_tick(struct mt_loads *l, const struct mt_tick *t, bool changed);

/*
 * @t_ns: now. Return: false where no phases are known, the guest no longer keeps to them, or no
 * tick has come lately.
 */
bool mt_loads_look(const struct mt_loads *l, uint64_t t_ns, struct mt_loads_ahead *ahead);

#endif
