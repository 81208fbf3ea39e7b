/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * layout.h - whether KVM's structures are those that this module was built for
 */
#ifndef MIGTRACE_LAYOUT_H
#define MIGTRACE_LAYOUT_H

struct kvm;

/* -EOPNOTSUPP: they are not, as far as can be seen without following a pointer. May sleep. */
int migtrace_layout_check(struct kvm *kvm);
/* Another kvm.ko is being loaded: what was found of the last one does not hold. */
void migtrace_layout_forget(void);

#endif
