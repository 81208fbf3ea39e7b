// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vm.c - a VMM's virtual machine as a descriptor of our own
 *
 * QEMU's file of the VM has no name that could be opened: it is found among the process's
 * descriptors by what its link says, and duplicated with pidfd_getfd(2), which needs the
 * rights of ptrace(2) and disturbs nobody.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "source.h"
#include "vm.h"

#define VM_LINK	"anon_inode:kvm-vm"	/* kvm_dev_ioctl_create_vm(), virt/kvm/kvm_main.c */

static int refused(pid_t pid, int code, struct mt_err *err)
{
	switch (code) {
	case ENOENT:
	case ESRCH:
		return mt_err_set(err, -ESRCH, "there is no process %d", (int)pid);
	case EACCES:
	case EPERM:
		return mt_err_set(
			err, -EPERM,
			"the files of process %d are not for this user: run as root, or with CAP_SYS_PTRACE",
			(int)pid);
	default:
		return mt_err_set(err, -code, "cannot look at process %d: %s", (int)pid,
				  strerror(code));
	}
}

static bool is_vm(int dir, const char *name)
{
	char target[sizeof(VM_LINK) + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	return n == sizeof(VM_LINK) - 1 && !memcmp(target, VM_LINK, sizeof(VM_LINK) - 1);
}

int mt_vm_find(const char *proc, pid_t pid, struct mt_err *err)
{
	int lowest = INT_MAX;
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%d/fd", proc, (int)pid);
	dir = opendir(path);
	if (!dir)
		return refused(pid, errno, err);
	while ((e = readdir(dir))) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);

		if (end != e->d_name && !*end && fd >= 0 && fd < lowest &&
		    is_vm(dirfd(dir), e->d_name))
			lowest = (int)fd;
	}
	closedir(dir);
	if (lowest == INT_MAX)
		return mt_err_set(
			err, -ENOENT,
			"process %d has no KVM virtual machine: a guest under TCG has none to watch",
			(int)pid);
	return lowest;
}

int mt_vm_fd(pid_t vmm_pid, struct mt_err *err)
{
	mt_autoclose int pidfd = -1;
	int remote, fd;

	pidfd = (int)syscall(SYS_pidfd_open, vmm_pid, 0);
	if (pidfd < 0)
		return refused(vmm_pid, errno == EINVAL ? ESRCH : errno, err);
	remote = mt_vm_find("/proc", vmm_pid, err);
	if (remote < 0)
		return remote;
	/*
	 * Close-on-exec, by pidfd_getfd(2). That the file is a VM's is checked again by who gets
	 * it.
	 */
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, remote, 0);
	return fd < 0 ? refused(vmm_pid, errno, err) : fd;
}
