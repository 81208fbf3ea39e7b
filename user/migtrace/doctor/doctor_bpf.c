// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor_bpf.c - checks of the BPF probes: each is loaded, attached and taken away again
 */
#include "doctor.h"

#ifdef MT_HAVE_BPF
#include "source/bpf_probes.h"

static void check(const struct doctor *d, struct finding *f, const char *name, const char *what)
{
	struct mt_err err = { 0 };

	if (!d->local) {
		doctor_found(f, DOCTOR_SKIP,
			     "the hypervisor is another host: run migtrace doctor there");
		return;
	}
	if (!mt_bpf_try(name, &err)) {
		doctor_found(f, DOCTOR_OK, "loads here: %s", what);
		return;
	}
	/* Nothing needs it: sources are picked among those that work. */
	doctor_found(f, DOCTOR_WARN, "without %s", what);
	doctor_remedy(f, "%s", err.msg);
}

static void check_dirty(const struct doctor *d, struct finding *f)
{
	check(d, f, "dirty", "ticks of dirty pages from KVM's tracepoints");
}

static void check_vcpu(const struct doctor *d, struct finding *f)
{
	check(d, f, "vcpu", "run time of vCPUs, and what full rings cost them");
}

static void check_net(const struct doctor *d, struct finding *f)
{
	check(d, f, "net", "bytes of a guest on its taps");
}

static void check_disk(const struct doctor *d, struct finding *f)
{
	check(d, f, "disk", "which parts of its disks a guest reads and writes");
}

static void check_postcopy(const struct doctor *d, struct finding *f)
{
	check(d, f, "postcopy", "how long a guest waits for pages in post-copy");
}

static const struct doctor_check checks[] = {
	{ "bpf-dirty", check_dirty },
	{ "bpf-vcpu", check_vcpu },
	{ "bpf-net", check_net },
	{ "bpf-disk", check_disk },
	{ "bpf-postcopy", check_postcopy },
};

const struct doctor_check *doctor_bpf_check(size_t i)
{
	return i < MT_ARRAY_SIZE(checks) ? &checks[i] : NULL;
}
#else
const struct doctor_check *doctor_bpf_check(size_t i)
{
	return NULL;
}
#endif
