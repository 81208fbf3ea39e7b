/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * workload.h - what a guest does besides dirtying memory: its vCPUs, network, disks, waits for
 * pages
 *
 * By BPF probes, each for itself, as sums over an interval: no device, file or guest is named in
 * them. None is loaded unless asked for: what each costs is in bpf/NAME.bpf.c, OVERHEAD. Where
 * there are none, the hypervisor's statistics have a part of it.
 */
#ifndef MT_WORKLOAD_H
#define MT_WORKLOAD_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

enum mt_probe { MT_PROBE_VCPU, MT_PROBE_NET, MT_PROBE_DISK, MT_PROBE_POSTCOPY, MT_PROBE_COUNT };
#define MT_PROBE_STATS	MT_PROBE_COUNT	/* in the table below: no probe, but statistics */

const char *mt_probe_name(enum mt_probe probe);		/* "vcpu", "net", "disk", "postcopy" */
/* "vcpu,net", or "all". Return: 0 and a bit for each in @probes; -EINVAL with a line in @err. */
MT_MUST_CHECK int mt_probes_parse(const char *names, unsigned *probes, struct mt_err *err);

/*
 * Every column: name and JSON key, unit, probe, meaning. All are sums over the interval, but for
 * those of mt_work_is_level().
 */
#define MT_WORK_FIELDS(X) \
	X(run_ns,		"ns",	VCPU, \
	  "time that vCPUs were in the guest, summed over them") \
	X(exits,		"",	VCPU,	  "exits of vCPUs from the guest") \
	X(ring_full_ns,		"ns",	VCPU, \
	  "time that vCPUs stood still because of a full dirty ring") \
	X(net_sent_bytes,	"bytes", NET,	  "what the guest sent by its taps, whole frames") \
	X(net_received_bytes,	"bytes", NET, \
	  "what the guest received by its taps, whole frames") \
	X(disk_read_bytes,	"bytes", DISK, \
	  "what its process asked to read of files and block devices") \
	X(disk_written_bytes,	"bytes", DISK, \
	  "what its process asked to write to files and block devices") \
	X(disk_read_set_bytes,	"bytes", DISK, \
	  "read working set: extents of 1 MiB with 95 % of what was read lately") \
	X(page_waits,		"",	POSTCOPY, \
	  "finished waits of its threads for pages that had not arrived yet") \
	X(page_wait_ns,		"ns",	POSTCOPY, "how long they took") \
	X(cpu_ns,		"ns",	STATS, \
	  "time of the host's CPUs that vCPUs used, by libvirt's statistics, exits included") \
	X(vcpus,		"",	STATS,	  "how many vCPUs it has") \
	X(host_idle_ns,		"ns",	STATS, \
	  "time in which CPUs of its host had nothing to do, summed over them") \
	X(link_sent_bytes,	"bytes", STATS, "what its host's network card sent") \
	X(link_bytes_per_s,	"bytes/s", STATS, "the rate of that card")

enum mt_work_field {
#define X(name, unit, probe, help) MT_WORK_##name,
	MT_WORK_FIELDS(X)
#undef X
	MT_WORK_COUNT
};

struct mt_work {
	uint64_t t_ns, start_ns;	/* CLOCK_MONOTONIC */
	uint64_t valid;			/* bit per enum mt_work_field */
#define X(name, unit, probe, help) uint64_t name;
	MT_WORK_FIELDS(X)
#undef X
};

struct mt_work_info {
	const char *name, *unit, *help;
	enum mt_probe probe;
	size_t offset;			/* of the uint64_t in struct mt_work */
};

extern const struct mt_work_info mt_work_schema[MT_WORK_COUNT];
/* No sum, but how it is: vcpus, link_bytes_per_s, disk_read_set_bytes. */
bool mt_work_is_level(enum mt_work_field f);
bool mt_work_get(const struct mt_work *w, enum mt_work_field f, uint64_t *value);
void mt_work_put(struct mt_work *w, enum mt_work_field f, uint64_t value);
/* @work fills in what it lacks from @other, whatever the interval of that. */
void mt_work_fill(struct mt_work *work, const struct mt_work *other);
/*
 * From counters that grow to what was counted between them. What is not known of both, or went
 * backwards, is unknown. Return: false where something did, or a level is another now.
 */
bool mt_work_between(struct mt_work *work, const struct mt_work *before, const struct mt_work *now);

/* What a guest's host has left over; NaN: not known. */
struct mt_spare {
	double cpus;			/* 1.5: on average one and a half had nothing to do */
	double link_bytes_per_s;	/* that the card could have sent besides */
};
#define MT_SPARE_UNKNOWN	{ NAN, NAN }
struct mt_spare mt_spare_of(const struct mt_work *work);

struct mt_workload;

/**
 * mt_workload_open() - load probes for a guest
 * @vmm_pid: the process it runs in
 * @probes: bit per enum mt_probe
 *
 * Those that cannot be had are left out; mt_workload_lacks() has why. Return: 0; -errno, with a
 * line in
 * @err, where none could be had.
 */
MT_MUST_CHECK int mt_workload_open(pid_t vmm_pid, unsigned probes, struct mt_workload **w,
				   struct mt_err *err);
const char *mt_workload_lacks(const struct mt_workload *w);	/* "net: it has no taps here; ...";
								 * "" = nothing */
/* What was counted since it was opened or last read. */
void mt_workload_read(struct mt_workload *w, struct mt_work *work);
void mt_workload_close(struct mt_workload *w);			/* NULL is fine */

#endif
