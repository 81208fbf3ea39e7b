/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * source.h - where ticks come from: the kernel module or the BPF probes, behind one table
 *
 * A source watches one guest through its VMM's process and makes a record for each tick,
 * in the layout of the module's ABI whichever source it is. Opening picks the best source
 * that works on this host unless one is named, and says why the better ones do not.
 *
 * Not safe for threads: one thread at a time for each source.
 */
#ifndef MT_SOURCE_H
#define MT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/migtrace.h>

#include "base/cleanup.h"
#include "base/err.h"

#define MT_SOURCE_TICK_DEFAULT_NS	10000000ULL
/* A record with the counts of as many vCPUs as there may be: room that fits any source's. */
#define MT_SOURCE_RECORD_MAX_BYTES \
	(sizeof(struct migtrace_record) + MIGTRACE_VCPUS_MAX * sizeof(struct migtrace_vcpu))

struct mt_source;

/* What is to be watched, and how finely. */
struct mt_source_params {
	pid_t vmm_pid;			/* the process that holds the VM's file, as seen here */
	uint64_t tick_ns;		/* MIGTRACE_TICK_MIN_NS .. MIGTRACE_TICK_MAX_NS */
	uint64_t window_ns;		/* as in struct migtrace_attach */
	unsigned vcpus;			/* how many to count apart, at most MIGTRACE_VCPUS_MAX */
	unsigned records;		/* to hold for a slow reader; 0: 1024 */
};

/* Rows of the table, best first. Functions return 0 or -errno with one line in @err. */
struct mt_source_ops {
	const char *name;		/* "kmod", "bpf" */
	const char *help;		/* what it is, for --help and doctor */
	int (*probe)(struct mt_err *err);	/* whether it can work on this host, with the remedy
						 * if not */
	int (*open)(const struct mt_source_params *params, struct mt_source **source,
		    struct mt_err *err);
	int (*fd)(struct mt_source *source);	/* for poll(2): readable when there is a record */
	int (*read)(struct mt_source *source, struct migtrace_record *record, size_t room_bytes);
	int (*slots)(struct mt_source *source, struct migtrace_slot *slots, size_t room,
		     size_t *count);
	int (*pages)(struct mt_source *source, struct migtrace_pages *pages);
	int (*window)(struct mt_source *source);
	void (*close)(struct mt_source *source);
};

/* mt_source_bpf is in builds with BPF only; what is not built is not in the table. */
extern const struct mt_source_ops mt_source_kmod, mt_source_bpf;
extern const struct mt_source_ops *const mt_sources[];		/* NULL at the end */
const struct mt_source_ops *mt_source_find(const char *name);	/* NULL: there is none */

/* Every source begins with this; the rest of it is its own. */
struct mt_source {
	const struct mt_source_ops *ops;
	enum migtrace_mode mode;
	uint64_t features;		/* enum migtrace_feature */
	size_t record_bytes;		/* of a record with its vcpu counts */
	/* The rest by mt_source_open() and mt_source_read(): */
	uint64_t tick_ns;		/* as asked for */
	bool gone;			/* the VMM's last record has been read */
	char why_not_better[256];	/* "kmod: ...": what spoke against the better ones; "" =
					 * this is the best */
};

const char *mt_source_mode_name(enum migtrace_mode mode);	/* "ring", "bitmap" */

/**
 * mt_source_open() - watch a guest
 * @name: source wanted, NULL for the best that works
 * @source: where to put it
 * @err: on failure the reason; with @name NULL the best source's
 *
 * Return: 0; -EPERM, -ENOENT (no such process, or it has no VM), -EOPNOTSUPP, -ENODEV (no
 * such source here), or another negative errno.
 */
MT_MUST_CHECK int mt_source_open(const char *name, const struct mt_source_params *params,
				 struct mt_source **source, struct mt_err *err);
/* Return: 1 and a record, 0 when there is none now, -ENODEV after the VMM's last, else -errno. */
MT_MUST_CHECK int mt_source_read(struct mt_source *source, struct migtrace_record *record,
				 size_t room_bytes);
void mt_source_close(struct mt_source *source);			/* NULL is fine */

/*
 * A descriptor of the process's VM (the file "anon_inode:kvm-vm"), by pidfd_getfd(2).
 * Return: the descriptor; -ESRCH; -ENOENT the process has no VM; -EPERM.
 */
MT_MUST_CHECK int mt_vm_fd(pid_t vmm_pid, struct mt_err *err);

#endif
