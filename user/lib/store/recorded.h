/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorded.h - what recordings tell the models
 */
#ifndef MT_RECORDED_H
#define MT_RECORDED_H

#include "curve/seconds.h"
#include "curve/ucurve.h"
#include "record.h"

/*
 * U(T): the points of a profile, if @kernel and it has any, or else its dirty-rate calculations.
 * -ENODATA: neither.
 */
MT_MUST_CHECK int mt_recorded_curve(struct mt_ucurve *c, const struct mt_recording *rec,
				    bool kernel, double memory_bytes);

/* What the same tells of whole seconds. -ENODATA: nothing. */
MT_MUST_CHECK int mt_recorded_seconds(struct mt_seconds *s, const struct mt_recording *rec,
				      bool kernel);

/*
 * A curve with the passes of a recorded migration merged in, as far as they ended before
 * @until_ns.
 */
void mt_recorded_passes(struct mt_ucurve *c, const struct mt_recording *rec, uint64_t until_ns);

/*
 * What else a recording tells of a guest, and how much it has seen. Unknown: 0; of cpu_share NaN.
 */
struct mt_recorded_guest {
	double memory_bytes;		/* as the profile says, or the migration, or as much as the
					 * kernel logs */
	double resident_bytes;		/* of it not zero; or resident; or memory without what the
					 * first pass found zero */
	double vcpus, cpu_share;
	double bandwidth_bytes_per_s;	/* of the recorded migration, on the wire, over all its
					 * passes */
	double downtime_limit_ms;	/* QEMU's, then */
	unsigned windows;		/* with a clean start, of the kernel's */
	unsigned calculations;		/* of QEMU's dirty rate */
	unsigned passes;		/* finished ones of a migration */
	bool clears_chunks;		/* its log is a bitmap of KVM's */
	const char *source, *mode;	/* of the kernel's figures; NULL: none */
};
void mt_recorded_guest(struct mt_recorded_guest *g, const struct mt_recording *rec);

/*
 * Whether the guest's log is a bitmap of KVM's, see mt_ucurve_clears(); false where a recording
 * does not tell.
 */
bool mt_recorded_clears_chunks(const struct mt_recording *rec);

#endif
