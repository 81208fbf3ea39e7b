/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vm.h - telling a KVM VM's file from any other
 */
#ifndef MIGTRACE_VM_H
#define MIGTRACE_VM_H

#include <linux/file.h>
#include <linux/kvm_host.h>

/* The VM behind a file; NULL when it is none. */
struct kvm *migtrace_vm_of(struct file *file);
/* Whether the VMM's memory is gone: nobody runs the VM any more, whoever still pins it. */
bool migtrace_vm_dead(struct kvm *kvm);
/*
 * Whether nobody but us has the file: what hangs on it (irqfds) would live on because of us alone.
 */
bool migtrace_vm_abandoned(struct file *file);
/*
 * Whether the caller may know what the VMM's guest writes: it is the VMM's user, or may trace it.
 */
bool migtrace_vm_permitted(struct kvm *kvm);

#endif
