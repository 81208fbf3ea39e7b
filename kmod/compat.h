/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between kernels; the only place that asks for their version
 */
#ifndef MIGTRACE_COMPAT_H
#define MIGTRACE_COMPAT_H

#include <linux/kvm_host.h>
#include <linux/version.h>

/* 6.8 made the number of address spaces a property of the VM (SEV-SNP, TDX). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define migtrace_nr_as_ids(kvm)	kvm_arch_nr_memslot_as_ids(kvm)
#else
#define migtrace_nr_as_ids(kvm)	KVM_ADDRESS_SPACE_NUM
#endif

#endif
