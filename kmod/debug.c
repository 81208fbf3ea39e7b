// SPDX-License-Identifier: GPL-2.0-only
/*
 * debug.c - debugfs: what the sessions cost, for whoever looks after the host
 *
 * migtrace/sessions has a line for each session: the process of its VMM, and what its own reader
 * gets by MIGTRACE_IOC_STATS. Its opener's records are nobody else's, so no counts of pages.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "debug.h"
#include "hooks.h"

static struct dentry *dir;

static void show(struct migtrace_session *s, void *opaque)
{
	struct seq_file *m = opaque;
	struct migtrace_cost cost;
	u64 tick_ns = READ_ONCE(s->tick_now_ns);

	raw_spin_lock(&s->lock);
	cost = s->cost;
	raw_spin_unlock(&s->lock);
	seq_printf(m, "%d %s %llu %llu %llu %llu %llu %llu %zu %zu %llu\n", s->kvm->userspace_pid,
		   s->ring ? "ring" : "bitmap", tick_ns, cost.late_ns, cost.look_ns, cost.hold_ns,
		   cost.hold_work, cost.missed, cost.bytes, cost.bytes_max, cost.kicks);
}

static int sessions_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "pid mode tick_ns late_ns look_ns hold_ns hold_work missed_hooks bytes bytes_max kicks\n");
	migtrace_hooks_each(show, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(sessions);

void migtrace_debug_init(void)
{
	/* Without debugfs there is none: nobody has to ask. */
	dir = debugfs_create_dir("migtrace", NULL);
	debugfs_create_file("sessions", 0400, dir, NULL, &sessions_fops);
}

void migtrace_debug_fini(void)
{
	debugfs_remove(dir);
}
