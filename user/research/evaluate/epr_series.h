/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epr_series.h - what a guest dirtied in each slot, from a recording or made up
 *
 * With storage a slot is Chen & Cao's SN = D u M u R: what was written to its disks (D, by the disk
 * probe), memory (M), and registers and the devices' state (R), which are in each snapshot.
 */
#ifndef EPR_SERIES_H
#define EPR_SERIES_H

#include "model/markov/phases.h"
#include "store/record.h"

#define EPR_TICKS	"ticks"
#define EPR_RATE	"dirty rate"
#define EPR_MADE	"made up"

struct epr_series {
	char name[256];
	char folder[64];	/* of a recording, as far as it fits */
	const char *source;	/* one of these */
	unsigned slot_ms;
	double *slots;		/* bytes, or pages, in each: one or the other throughout */
	size_t n, room;
};

/*
 * The kernel's ticks where there are any, in slots of 100 ms; else QEMU's own dirty rate, a slot
 * for each one that it gives, at syncs at least 1 s apart: between them it says the same again, and
 * slots of time would be right without a forecast. Their length is the mean one. With @storage:
 * those ticks only that the disk probe covers.
 * Return: 0; -ENODATA nothing in it; -ENOMEM.
 */
MT_MUST_CHECK int epr_series_load(struct epr_series *s, const struct mt_recording *rec,
				  bool storage);
MT_MUST_CHECK int epr_series_make(struct epr_series *s, const struct mt_phases *phases, size_t n,
				  bool storage);
/* Is it of the same source, from the same folder? */
bool epr_series_beside(const struct epr_series *a, const struct epr_series *b);
/* Every @n slots become one; what is left over is dropped. */
void epr_series_coarsen(struct epr_series *s, unsigned n);
MT_MUST_CHECK int epr_series_copy(struct epr_series *s, const struct epr_series *from);
void epr_series_fini(struct epr_series *s);

#endif
