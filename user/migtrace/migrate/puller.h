/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puller.h - migrate's side of the agent that pulls pages after a flip
 */
#ifndef PULLER_H
#define PULLER_H

#include "hypervisor/domain.h"

struct puller;

struct puller_options {
	const char *command;		/* the agent, given the hot pages on its standard input;
					 * NULL: none */
	uint64_t unsent_bytes;		/* that QEMU's socket may hold; 0: as it is */
	bool at_once;			/* it may be flipped as soon as it has begun: look before */
	void (*note)(void *opaque, const char *text);	/* any thread */
	void *opaque;
};

/*
 * Before the migration begins: makes sure of the guest's process, looks at its pages, starts the
 * command. Return: 0 or -errno; -EPERM and the like: this host does not let us.
 */
MT_MUST_CHECK int puller_start(struct puller **p, struct mt_conn *conn,
			       const struct mt_domain_info *domain,
			       const struct puller_options *options, struct mt_err *err);
/* The migration is over. The command is waited for, but not for long. NULL is fine. */
void puller_end(struct puller *p);

#endif
