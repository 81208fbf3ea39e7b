/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm.h - which of a process's descriptors is its virtual machine
 */
#ifndef MIGTRACE_SOURCE_VM_H
#define MIGTRACE_SOURCE_VM_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

/*
 * The lowest descriptor of @pid that is a KVM VM, by the links below @proc ("/proc").
 * Return: its number there; -ESRCH no such process; -ENOENT it has no VM; -EPERM.
 */
MT_MUST_CHECK int mt_vm_find(const char *proc, pid_t pid, struct mt_err *err);

#endif
