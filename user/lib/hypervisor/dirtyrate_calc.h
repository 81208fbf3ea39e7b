/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirtyrate_calc.h - QEMU's own dirty-rate measurement, asked for through libvirt
 */
#ifndef MT_DIRTYRATE_CALC_H
#define MT_DIRTYRATE_CALC_H

#include <libvirt/libvirt.h>

#include "source/dirtyrate.h"

struct mt_dirtyrate {
	uint64_t window_ms;
	uint64_t bytes_per_s;
};

/*
 * Starts one measurement of @window_s seconds; it ends by itself. The caller has
 * asked mt_dirtyrate_check(). Return: 0; -EOPNOTSUPP this QEMU or libvirt cannot;
 * -EBUSY; -ECONNRESET; -ENOENT the domain is gone; else -EIO.
 */
MT_MUST_CHECK int mt_dirtyrate_start(virDomainPtr dom, unsigned window_s,
				     enum mt_dirtyrate_mode mode, struct mt_err *err);

/*
 * Return: 0 and the result of the last measurement; -EAGAIN while it runs; -EIO it failed; else as
 * above.
 */
MT_MUST_CHECK int mt_dirtyrate_read(virDomainPtr dom, struct mt_dirtyrate *rate,
				    struct mt_err *err);

#endif
