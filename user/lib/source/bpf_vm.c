// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_vm.c - a VM as the kernel has it: its address, and the memslots that it has now
 *
 * A BPF iterator over our own files reads where the VM's file points to; a program run on
 * request follows the memslots from there. Nothing is attached to anything.
 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "bpf_vm.h"

#include <vm.skel.h>	/* wants events.h first */

#define WALKS_MAX	20	/* KVM changes memslots rarely, and each time for microseconds */

struct mt_bpf_vm {
	struct vm_bpf *skel;
};

/* Runs the iterator over this process's files. */
static int iterate(struct vm_bpf *skel)
{
	union bpf_iter_link_info info = { .task.pid = (uint32_t)getpid() };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));
	struct bpf_link *link = bpf_program__attach_iter(skel->progs.on_file, &opts);
	mt_autoclose int fd = -1;
	char buf[64];
	int rc = 0;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0)
		rc = -errno;
	while (!rc) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n == 0)
			break;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			rc = -errno;
	}
	bpf_link__destroy(link);
	return rc;
}

void mt_bpf_vm_close(struct mt_bpf_vm *vm)
{
	if (vm)
		vm_bpf__destroy(vm->skel);
	free(vm);
}

int mt_bpf_vm_open(int vm_fd, struct mt_bpf_vm **vm, struct mt_err *err)
{
	struct mt_bpf_vm *v = calloc(1, sizeof(*v));
	int rc;

	*vm = NULL;
	if (!v)
		return mt_err_set(err, -ENOMEM, "out of memory");
	mt_bpf_quiet();
	v->skel = vm_bpf__open();
	rc = v->skel ? 0 : -errno;
	if (!rc) {
		v->skel->rodata->wanted_fd = (uint32_t)vm_fd;
		rc = vm_bpf__load(v->skel);
	}
	if (!rc)
		rc = iterate(v->skel);
	if (rc)
		mt_bpf_fail(err, rc, "looking for the VM");
	else if (!v->skel->bss->kvm)
		rc = mt_err_set(err, -ENOENT, "descriptor %d is no VM", vm_fd);
	if (rc) {
		mt_bpf_vm_close(v);
		return rc;
	}
	*vm = v;
	return 0;
}

uint64_t mt_bpf_vm_kvm(const struct mt_bpf_vm *vm)
{
	return vm->skel->bss->kvm;
}

uint32_t mt_bpf_vm_ring_size(const struct mt_bpf_vm *vm)
{
	return vm->skel->bss->walk.ring_size;
}

int mt_bpf_vm_walk(struct mt_bpf_vm *vm, const struct mte_walk **walk)
{
	int rc, changed = 0;

	*walk = &vm->skel->bss->walk;
	for (int i = 0; i < WALKS_MAX; i++) {
		rc = mt_bpf_run(vm->skel->progs.do_walk, NULL, 0);
		if (rc < 0)
			return rc;
		changed |= rc;
		if (!vm->skel->bss->walk.torn)
			return changed;
		vm->skel->bss->walk.count = 0;	/* have it look again */
	}
	return -EAGAIN;
}
