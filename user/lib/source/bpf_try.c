// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_try.c - whether this kernel takes a probe: a row for each
 */
#include <errno.h>
#include <string.h>

#include "bpf_dirty.h"
#include "bpf_load.h"
#include "bpf_probes.h"
#include "bpf_try.h"

/* Both modes, for guests of either kind; one of them missing leaves the other's. */
int mt_bpf_try_dirty(struct mt_err *err)
{
	struct mt_err ring = { 0 }, bitmap = { 0 };
	struct mt_bpf_dirty *d;
	int ring_rc, bitmap_rc;

	ring_rc = mt_bpf_dirty_open(0, true, 1, 0, false, &d, &ring);
	mt_bpf_dirty_close(d);
	bitmap_rc = mt_bpf_dirty_open(0, false, 1, 0, false, &d, &bitmap);
	mt_bpf_dirty_close(d);
	if (!ring_rc && !bitmap_rc)
		return 0;
	if (!ring_rc)
		return mt_err_set(err, bitmap_rc, "guests with dirty rings only; with bitmaps: %s",
				  bitmap.msg);
	if (!bitmap_rc)
		return mt_err_set(err, ring_rc, "guests with bitmaps only; with dirty rings: %s",
				  ring.msg);
	return mt_err_set(err, ring_rc, "%s", ring.msg);
}

static const struct {
	const char *name;
	int (*run)(struct mt_err *err);
} rows[] = {
	{ "dirty", mt_bpf_try_dirty }, { "vcpu", mt_bpf_try_vcpu }, { "net", mt_bpf_try_net },
	{ "disk", mt_bpf_try_disk }, { "postcopy", mt_bpf_try_postcopy },
};

int mt_bpf_try(const char *name, struct mt_err *err)
{
	int rc = mt_bpf_usable(err);

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows) && !rc; i++)
		if (!strcmp(rows[i].name, name))
			return rows[i].run(err);
	return rc ? rc : mt_err_set(err, -ENOENT, "there is no probe %s", name);
}
