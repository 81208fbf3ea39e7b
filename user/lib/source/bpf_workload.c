// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_workload.c - the probes beside the dirty one, read together
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bpf_probes.h"
#include "workload.h"
#include "wss/extents.h"

struct mt_workload {
	struct mt_bpf_vcpu *vcpu;
	struct mt_bpf_net *net;
	struct mt_bpf_disk *disk;
	struct mt_extents *extents;	/* of all its files and devices */
	uint64_t disk_lost;		/* requests that these lack */
	bool read_set_known;		/* since the last read */
	struct mt_bpf_postcopy *postcopy;
	struct mt_work seen;		/* all that was counted, as last read */
	struct mte_vcpu_time times[MTE_VCPU_TIMES];
	char lacks[512];
};

static int open_net(pid_t pid, struct mt_bpf_net **net, struct mt_err *err)
{
	unsigned taps[MTE_NET_DEVICES];
	int n = mt_bpf_net_taps(pid, taps, MTE_NET_DEVICES);

	if (n < 0)
		return mt_err_set(err, n, "its process cannot be looked into: %s", strerror(-n));
	if (!n)
		return mt_err_set(err, -ENODEV, "it has no tap in this network namespace");
	return mt_bpf_net_open(taps, n < MTE_NET_DEVICES ? (size_t)n : MTE_NET_DEVICES, net, err);
}

/* 1 MiB of memory; 6000 extents, 6 GiB of disk in use, take a tenth of it. */
#define EXTENT_SLOTS_LOG2	16
#define READ_SET_SHARE		0.95	/* inferred */

static int open_disk(struct mt_workload *w, pid_t pid, struct mt_err *err)
{
	int rc = mt_bpf_disk_open(pid, &w->disk, err);

	if (rc)
		return rc;
	w->extents = mt_extents_new(EXTENT_SLOTS_LOG2, MT_EXTENTS_KEPT);
	if (w->extents)
		return 0;
	mt_bpf_disk_close(w->disk);
	w->disk = NULL;
	return mt_err_set(err, -ENOMEM, "out of memory");
}

static int open_probe(struct mt_workload *w, enum mt_probe probe, pid_t pid, struct mt_err *err)
{
	switch (probe) {
	case MT_PROBE_VCPU:
		return mt_bpf_vcpu_open(pid, &w->vcpu, err);
	case MT_PROBE_NET:
		return open_net(pid, &w->net, err);
	case MT_PROBE_DISK:
		return open_disk(w, pid, err);
	case MT_PROBE_POSTCOPY:
		return mt_bpf_postcopy_open(pid, &w->postcopy, err);
	case MT_PROBE_COUNT:
		break;
	}
	return -EINVAL;
}

int mt_workload_open(pid_t vmm_pid, unsigned probes, struct mt_workload **out, struct mt_err *err)
{
	struct mt_workload *w = calloc(1, sizeof(*w));
	int first_rc = -EINVAL;
	bool any = false;
	struct mt_work now;

	*out = NULL;
	if (!w)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < MT_PROBE_COUNT; i++) {
		size_t used = strlen(w->lacks);
		struct mt_err why = { 0 };
		int rc;

		if (!(probes >> i & 1))
			continue;
		rc = open_probe(w, i, vmm_pid, &why);
		any |= !rc;
		if (!rc)
			continue;
		if (!used)
			first_rc = rc;
		snprintf(w->lacks + used, sizeof(w->lacks) - used, "%s%s: %.110s", used ? "; " : "",
			 mt_probe_name(i), why.msg);
	}
	if (!any) {
		mt_err_set(err, first_rc, "%s", *w->lacks ? w->lacks : "no probe was asked for");
		mt_workload_close(w);
		return first_rc;
	}
	mt_workload_read(w, &now);
	*out = w;
	return 0;
}

const char *mt_workload_lacks(const struct mt_workload *w)
{
	return w->lacks;
}

void mt_workload_close(struct mt_workload *w)
{
	if (!w)
		return;
	mt_bpf_vcpu_close(w->vcpu);
	mt_bpf_net_close(w->net);
	mt_bpf_disk_close(w->disk);
	mt_extents_free(w->extents);
	mt_bpf_postcopy_close(w->postcopy);
	free(w);
}

static void read_vcpus(struct mt_workload *w, struct mt_work *all)
{
	mt_bpf_vcpu_read(w->vcpu, w->times, MTE_VCPU_TIMES);
	for (size_t i = 0; i < MTE_VCPU_TIMES; i++) {
		all->run_ns += w->times[i].run_ns;
		all->exits += w->times[i].exits;
		all->ring_full_ns += w->times[i].full_ns;
	}
}

static void read_net(struct mt_workload *w, struct mt_work *all)
{
	struct mte_net counts;

	mt_bpf_net_read(w->net, &counts);
	all->net_sent_bytes = counts.from_guest.bytes;
	all->net_received_bytes = counts.to_guest.bytes;
}

static void on_request(const struct mte_disk_event *e, void *opaque)
{
	mt_extents_request(opaque, e->file.ino ^ (uint64_t)e->file.dev << 32, e->offset, e->bytes,
			   e->write);
}

/* Where requests were lost it would be too small: unknown, until the next read. */
static void read_extents(struct mt_workload *w, struct mt_work *all)
{
	uint64_t lost;

	w->read_set_known = mt_bpf_disk_requests(w->disk, on_request, w->extents) >= 0;
	lost = mt_bpf_disk_lost(w->disk);
	w->read_set_known &= lost == w->disk_lost;
	w->disk_lost = lost;
	all->disk_read_set_bytes = mt_extents_read_set_bytes(w->extents, READ_SET_SHARE);
	mt_extents_pass(w->extents, (double)(all->t_ns - all->start_ns) / 1e9);
}

static void read_disk(struct mt_workload *w, struct mt_work *all)
{
	struct mte_disk_sum sum;

	read_extents(w, all);

	mt_bpf_disk_total(w->disk, &sum);
	all->disk_read_bytes = sum.read_bytes;
	all->disk_written_bytes = sum.write_bytes;
}

static void read_postcopy(struct mt_workload *w, struct mt_work *all)
{
	struct mte_postcopy counts;

	mt_bpf_postcopy_read(w->postcopy, &counts);
	all->page_waits = counts.faults;
	all->page_wait_ns = counts.sum_ns;
}

static uint64_t at(const struct mt_work *w, size_t field)
{
	uint64_t value;

	memcpy(&value, (const char *)w + mt_work_schema[field].offset, sizeof(value));
	return value;
}

void mt_workload_read(struct mt_workload *w, struct mt_work *work)
{
	struct mt_work all = { .t_ns = mt_now_ns(), .start_ns = w->seen.t_ns };
	const bool has[MT_PROBE_COUNT] = { w->vcpu, w->net, w->disk, w->postcopy };

	if (w->vcpu)
		read_vcpus(w, &all);
	if (w->net)
		read_net(w, &all);
	if (w->disk)
		read_disk(w, &all);
	if (w->postcopy)
		read_postcopy(w, &all);
	*work = (struct mt_work){ .t_ns = all.t_ns, .start_ns = all.start_ns };
	/*
	 * Times of what goes on now are estimated up to now: they may come out a little lower than
	 * before.
	 */
	for (size_t f = 0; f < MT_WORK_COUNT; f++)
		if (mt_work_schema[f].probe < MT_PROBE_COUNT && !mt_work_is_level(f) &&
		    has[mt_work_schema[f].probe])
			mt_work_put(work, f,
				    at(&all, f) > at(&w->seen, f) ? at(&all, f) - at(&w->seen, f) :
								    0);
	if (w->disk && w->read_set_known)
		mt_work_put(work, MT_WORK_disk_read_set_bytes, all.disk_read_set_bytes);
	w->seen = all;
}
