/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmm.h - a VMM in a process of its own, to be killed
 */
#ifndef VMM_H
#define VMM_H

#include <sys/types.h>

#include "../kvm/vm.h"

struct vmm {
	pid_t pid;
	int vm_fd;		/* ours, by pidfd_getfd(2); -1 once closed: it pins the VM */
};

/*
 * Makes the machine in a child. All its vCPUs write random pages of slot @slot at @rate,
 * without end, and it harvests each @reap_ms (0: never). 0 or -errno
 */
int vmm_start(struct vmm *vmm, const struct vm_params *params, uint32_t slot, double rate,
	      unsigned int reap_ms);
void vmm_close_fd(struct vmm *vmm);
/* SIGKILL, and waits for it. The file of the VM stays ours. */
void vmm_kill(struct vmm *vmm);

#endif
