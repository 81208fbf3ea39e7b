// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_postcopy.c - how long a process's threads wait for pages by userfaultfd
 */
#include <errno.h>

#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "bpf_probes.h"
#include "bpf_try.h"

#include <postcopy.skel.h>	/* wants events.h first */

struct mt_bpf_postcopy {
	struct postcopy_bpf *skel;
};

void mt_bpf_postcopy_close(struct mt_bpf_postcopy *p)
{
	if (p)
		postcopy_bpf__destroy(p->skel);
	free(p);
}

static int load(struct mt_bpf_postcopy *p, pid_t tgid, bool kprobe, struct mt_err *err)
{
	int rc;

	mt_bpf_quiet();
	p->skel = postcopy_bpf__open();
	rc = p->skel ? 0 : -errno;
	if (!rc) {
		p->skel->rodata->tgid = (uint32_t)tgid;
		bpf_program__set_autoload(p->skel->progs.on_fault, !kprobe);
		bpf_program__set_autoload(p->skel->progs.on_page, !kprobe);
		bpf_program__set_autoload(p->skel->progs.on_fault_kprobe, kprobe);
		bpf_program__set_autoload(p->skel->progs.on_page_kretprobe, kprobe);
		rc = postcopy_bpf__load(p->skel);
	}
	if (!rc)
		rc = postcopy_bpf__attach(p->skel);
	return rc ? mt_bpf_fail(err, rc, "the postcopy probe") : 0;
}

static int open_way(pid_t tgid, bool kprobe, struct mt_bpf_postcopy **out, struct mt_err *err)
{
	struct mt_bpf_postcopy *p = calloc(1, sizeof(*p));
	int rc = p ? load(p, tgid, kprobe, err) : mt_err_set(err, -ENOMEM, "out of memory");

	if (rc) {
		mt_bpf_postcopy_close(p);
		return rc;
	}
	*out = p;
	return 0;
}

int mt_bpf_postcopy_open(pid_t vmm_pid, struct mt_bpf_postcopy **out, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc;

	*out = NULL;
	rc = open_way(vmm_pid, false, out, &why);
	if (!rc || !open_way(vmm_pid, true, out, NULL))
		return 0;
	return mt_err_set(err, rc, "%s", why.msg);
}

int mt_bpf_try_postcopy(struct mt_err *err)
{
	struct mt_bpf_postcopy *p;
	int rc = mt_bpf_postcopy_open(0, &p, err);

	mt_bpf_postcopy_close(p);
	return rc;
}

void mt_bpf_postcopy_read(const struct mt_bpf_postcopy *p, struct mte_postcopy *counts)
{
	*counts = *(volatile struct mte_postcopy *)&p->skel->bss->postcopy;
}
