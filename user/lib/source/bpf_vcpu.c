// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_vcpu.c - run time, exits, and time lost to full rings, of each vCPU
 */
#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "base/clock.h"
#include "bpf_load.h"
#include "bpf_probes.h"
#include "bpf_try.h"
#include "bpf_vm.h"
#include "source.h"

#include <vcpu.skel.h>	/* wants events.h first */

struct mt_bpf_vcpu {
	struct vcpu_bpf *skel;
	int vm_fd;		/* keeps the address of the VM from becoming another's */
};

void mt_bpf_vcpu_close(struct mt_bpf_vcpu *p)
{
	if (!p)
		return;
	vcpu_bpf__destroy(p->skel);
	if (p->vm_fd >= 0)
		close(p->vm_fd);
	free(p);
}

static int load(struct mt_bpf_vcpu *p, uint64_t kvm, struct mt_err *err)
{
	int rc;

	mt_bpf_quiet();
	p->skel = vcpu_bpf__open();
	rc = p->skel ? 0 : -errno;
	if (!rc) {
		p->skel->rodata->kvm = kvm;
		rc = vcpu_bpf__load(p->skel);
	}
	if (!rc)
		rc = vcpu_bpf__attach(p->skel);
	return rc ? mt_bpf_fail(err, rc, "the vcpu probe") : 0;
}

static struct mt_bpf_vcpu *new_probe(void)
{
	struct mt_bpf_vcpu *p = calloc(1, sizeof(*p));

	if (p)
		p->vm_fd = -1;
	return p;
}

int mt_bpf_vcpu_open(pid_t vmm_pid, struct mt_bpf_vcpu **out, struct mt_err *err)
{
	struct mt_bpf_vcpu *p = new_probe();
	struct mt_bpf_vm *vm = NULL;
	int rc;

	*out = NULL;
	if (!p)
		return mt_err_set(err, -ENOMEM, "out of memory");
	p->vm_fd = mt_vm_fd(vmm_pid, err);
	rc = p->vm_fd < 0 ? p->vm_fd : mt_bpf_vm_open(p->vm_fd, &vm, err);
	if (!rc)
		rc = load(p, mt_bpf_vm_kvm(vm), err);
	mt_bpf_vm_close(vm);
	if (rc) {
		mt_bpf_vcpu_close(p);
		return rc;
	}
	*out = p;
	return 0;
}

int mt_bpf_try_vcpu(struct mt_err *err)
{
	struct mt_bpf_vcpu *p = new_probe();
	int rc = p ? load(p, 0, err) : mt_err_set(err, -ENOMEM, "out of memory");

	mt_bpf_vcpu_close(p);
	return rc;
}

void mt_bpf_vcpu_read(const struct mt_bpf_vcpu *p, struct mte_vcpu_time *times, size_t vcpus)
{
	uint64_t now;

	if (vcpus > MTE_VCPU_TIMES)
		vcpus = MTE_VCPU_TIMES;
	memcpy(times, p->skel->bss->times, vcpus * sizeof(*times));
	now = mt_now_ns();
	for (size_t i = 0; i < vcpus; i++) {
		if (times[i].entered_ns && times[i].entered_ns < now)
			times[i].run_ns += now - times[i].entered_ns;
		if (times[i].full_since_ns && times[i].full_since_ns < now)
			times[i].full_ns += now - times[i].full_since_ns;
	}
}
