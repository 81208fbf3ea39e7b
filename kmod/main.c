// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - migtrace.ko comes and goes
 *
 * What a KVM guest dirties, tick by tick, without a hook on the path on which it writes.
 * include/uapi/linux/migtrace.h is the interface; session.h says how things live and who
 * may touch them.
 */
#include <linux/module.h>

#include "debug.h"
#include "device.h"
#include "hooks.h"

static int __init migtrace_init(void)
{
	int err = migtrace_hooks_init();

	if (err)
		return err;
	err = migtrace_device_init();
	if (err) {
		migtrace_hooks_fini();
		return err;
	}
	migtrace_debug_init();
	return 0;
}

static void __exit migtrace_exit(void)
{
	migtrace_debug_fini();
	migtrace_device_fini();
	migtrace_hooks_fini();
}

module_init(migtrace_init);
module_exit(migtrace_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The migtrace developers");
MODULE_DESCRIPTION("Dirty pages of KVM guests, tick by tick");
MODULE_VERSION("0.1.0");
