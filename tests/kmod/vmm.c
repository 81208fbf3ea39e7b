// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmm.c - a VMM in a process of its own, to be killed
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm.h"

static int run(const struct vm_params *params, uint32_t slot, double rate, unsigned int reap_ms)
{
	struct vm *vm;
	int err = vm_open(&vm, params);

	if (err)
		return err;
	err = vm_start(vm);
	for (unsigned int i = 0; !err && i < params->vcpus; i++) {
		struct vm_run r = { .first_gfn = vm_slot_gfn(vm, slot, 0),
				    .count = VM_COUNT_ENDLESS,
				    .rate = rate };

		pattern_init(&r.pattern, PATTERN_UNIFORM, vm_slot_pages(vm, slot), i + 1);
		err = vm_run_begin(vm, i, &r);
	}
	if (!err && reap_ms)
		err = vm_reaper_start(vm, reap_ms);
	return err ? err : vm_vm_fd(vm);
}

static void child(pid_t parent, int to, const struct vm_params *params, uint32_t slot, double rate,
		  unsigned int reap_ms)
{
	int said;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)	/* it was gone before we asked */
		_exit(1);
	said = run(params, slot, rate, reap_ms);
	if (write(to, &said, sizeof(said)) != sizeof(said) || said < 0)
		_exit(1);
	for (;;)
		pause();
}

int vmm_start(struct vmm *vmm, const struct vm_params *params, uint32_t slot, double rate,
	      unsigned int reap_ms)
{
	int pipes[2], said = -EPIPE, pidfd;
	pid_t self = getpid();

	vmm->vm_fd = -1;
	if (pipe(pipes))
		return -errno;
	vmm->pid = fork();
	if (vmm->pid < 0) {
		close(pipes[0]);
		close(pipes[1]);
		return -errno;
	}
	if (!vmm->pid)
		child(self, pipes[1], params, slot, rate, reap_ms);
	close(pipes[1]);
	if (read(pipes[0], &said, sizeof(said)) != sizeof(said))
		said = -EPIPE;
	close(pipes[0]);
	if (said >= 0) {
		pidfd = syscall(SYS_pidfd_open, vmm->pid, 0);
		vmm->vm_fd = syscall(SYS_pidfd_getfd, pidfd, said, 0);
		said = vmm->vm_fd < 0 ? -errno : 0;
		close(pidfd);
	}
	if (said)
		vmm_kill(vmm);
	return said;
}

void vmm_close_fd(struct vmm *vmm)
{
	if (vmm->vm_fd >= 0)
		close(vmm->vm_fd);
	vmm->vm_fd = -1;
}

void vmm_kill(struct vmm *vmm)
{
	kill(vmm->pid, SIGKILL);
	while (waitpid(vmm->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
