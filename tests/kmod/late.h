/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * late.h - a vCPU that is plugged in while the machine runs
 */
#ifndef LATE_H
#define LATE_H

#include "../kvm/vm.h"

/*
 * Adds the next vCPU, in the state in which the first one was made; vm_vcpu_start() it. 0 or -errno
 */
int late_vcpu(struct vm *vm);

#endif
