/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - the running kernel's modules and log, as tests need them
 *
 * Functions return 0 or -errno unless they say otherwise.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>

/*
 * migtrace.ko for the running kernel: $MIGTRACE_KO, or where the build puts it; NULL if there is
 * none
 */
const char *kernel_ko(void);

int kernel_load(const char *ko, const char *params);
/* -EBUSY (or -EWOULDBLOCK) while somebody uses it */
int kernel_unload(const char *module);
/* The same, but waits up to timeout_ms for its last user to go */
int kernel_unload_within(const char *module, int timeout_ms);
/* Users of a module, -ENOENT when it is not loaded */
int kernel_users(const char *module);

/* "kvm_amd" or "kvm_intel", whichever is loaded as a module; NULL if neither */
const char *kernel_kvm(void);
/* Loads that again, by modprobe */
int kernel_load_kvm(const char *module);

/* From here on the kernel's log is watched: -1 when that may not be. close() it */
int kernel_log_open(void);
/* Prints what the kernel has complained of since (as a KTAP comment): how many lines */
int kernel_log_complaints(int log);

#endif
