// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * speed.c - the speed of a guest's migrations, put back to what it was before we changed it
 *
 * Threads: any but the loop's. Nothing is kept.
 */
#include <errno.h>

#include "base/units.h"
#include "domain.h"

/* Not limited is a speed, too. Return: 0; -EOPNOTSUPP nobody can tell; else as mt_virt_error(). */
static int read_speed(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
		      struct mt_err *err)
{
	int ret = mt_domain_max_bandwidth(c, uuid, bytes_per_s, err);

	if (ret == -ENODATA)
		*bytes_per_s = MT_SPEED_UNLIMITED;
	return ret == -ENODATA ? 0 : ret;
}

static bool is_ours(const struct mt_speed_change *change, uint64_t bytes_per_s)
{
	/* What it was counts: a call of ours that failed may come to something yet. */
	return bytes_per_s == change->was_bytes_per_s ||
	       bytes_per_s == change->ours_bytes_per_s[0] ||
	       bytes_per_s == change->ours_bytes_per_s[1];
}

static int put_back(struct mt_conn *c, const char *uuid, const struct mt_speed_change *change,
		    struct mt_err *err)
{
	struct mt_err ignored = { 0 };
	uint64_t is_bytes_per_s;
	int ret = read_speed(c, uuid, &is_bytes_per_s, err);

	if (!ret && !is_ours(change, is_bytes_per_s))
		return 0;
	if (ret && ret != -EOPNOTSUPP)
		return ret;
	ret = mt_domain_set_max_bandwidth(c, uuid, change->was_bytes_per_s, err);
	if (!ret && !read_speed(c, uuid, &is_bytes_per_s, &ignored) &&
	    is_bytes_per_s != change->was_bytes_per_s && is_ours(change, is_bytes_per_s))
		ret = mt_err_set(err, -EIO, "libvirt took it, but QEMU's speed is still ours");
	return ret;
}

int mt_domain_put_speed_back(struct mt_conn *c, const char *uuid,
			     const struct mt_speed_change *change, struct mt_err *err)
{
	int ret;

	if (!change->was_bytes_per_s || mt_domain_is_gone(c, uuid))
		return 0;
	ret = put_back(c, uuid, change, err);
	return ret && mt_domain_is_gone(c, uuid) ? 0 : ret;
}
