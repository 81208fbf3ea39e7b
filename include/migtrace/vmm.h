/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vmm.h - the process in which a guest of libvirt's runs
 */
#ifndef MIGTRACE_VMM_H
#define MIGTRACE_VMM_H

#include <sys/types.h>

#include <migtrace/cleanup.h>
#include <migtrace/err.h>

/* Where to look; the defaults are those of a host with a system libvirtd. */
struct mt_vmm_paths {
	const char *proc;	/* NULL: "/proc" */
	const char *run;	/* where libvirt keeps NAME.pid; NULL: "/run/libvirt/qemu" */
};

/**
 * mt_vmm_pid() - which process runs a guest of this host
 * @paths: NULL: the defaults
 * @name: the domain's, for libvirt's pidfile; may be NULL
 * @uuid: the domain's: QEMU has it on its command line, behind -uuid
 *
 * The pidfile is believed only where the process it names has the UUID. Without one, as for
 * a libvirtd of a user's own, all processes are looked at. Asks neither libvirt nor QEMU.
 *
 * Return: 0; -ESRCH no process has it; -ENOTUNIQ several have; each with a line in @err.
 */
MT_MUST_CHECK int mt_vmm_pid(const struct mt_vmm_paths *paths, const char *name, const char *uuid,
			     pid_t *pid, struct mt_err *err);

#endif
