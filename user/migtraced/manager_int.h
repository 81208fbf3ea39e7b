/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager_int.h - what manager.c and manager_status.c share
 */
#ifndef MIGTRACED_MANAGER_INT_H
#define MIGTRACED_MANAGER_INT_H

#include <pthread.h>

#include "facts.h"
#include "fleet.h"
#include "manager.h"
#include "probe.h"
#include "reins.h"

struct manager {
	pthread_t thread;
	struct mt_inbox *inbox;		/* of the thread */
	int changed;			/* eventfd */
	uint64_t start_ns;
	volatile int leave;

	/* Each has a lock of its own. */
	struct fleet *fleet;
	struct reins *reins;
	struct probes *probes;
	struct knowledge *knowledge;	/* NULL: nothing is recorded */
	struct historian *historian;	/* NULL: no history is kept */

	/* The thread's own. */
	struct mt_conn *conn;
	struct facts *facts;		/* being asked */
	bool facts_known;
	uint64_t next_facts_ns;
	struct leftovers *leftovers;
	bool scanned;			/* once: all guests have been listed */
	bool listed;			/* since the connection came up, or the rules changed */
	bool finished_leftovers;
	uint64_t next_scan_ns;

	pthread_mutex_t lock;		/* of what follows; held for moments, no call of libvirt's
					 * under it */
	struct mt_versions versions;	/* written once, before others are told of it */
	bool connected;
	char uri[256];			/* as it is, once connected */
	char error[512];		/* why not connected */
	bool reloaded;			/* other guests may be wanted */
};

#endif
