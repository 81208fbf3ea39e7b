/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.h - processes of ours in the fake world: supervisors and the tool, each a group
 *
 * fake_supervisor_start() is what migtraced does with a connection, without its manager: a thread
 * and a connection for each migration that is told of, one guard, adoption every second.
 * fake_tool_start() is what `migtrace migrate` does, its guardian being a process of its own.
 */
#ifndef FAKE_PROCESS_H
#define FAKE_PROCESS_H

#include "steer/supervise.h"
#include "hv.h"

#define FAKE_LEAVE_MS	5000

/* How a guest is supervised, by its index. */
struct fake_how {
	const struct mt_policy *policy;
	struct mt_limits limits;
	bool observe;
	bool record;
	enum mt_others others;
};
extern struct fake_how fake_hows[FAKE_GUESTS];

/* Of a policy's parameter: there has to be one. */
static inline void fake_param(struct fake_how *how, const char *name, uint64_t value)
{
	*mt_params_value(&how->limits.params, name) = value;
}

struct fake_setup {
	char directory[256];		/* has hands/ and recordings/ */
	unsigned max_stopped;
	bool record, log;		/* the daemon's recordings, and its log's own thread */
	bool leaks;			/* processes may be killed, or end while a call hangs */
};
extern struct fake_setup fake_setup;

enum fake_process_kind { FAKE_SUPERVISOR, FAKE_TOOL, FAKE_GUARDIAN, FAKE_DAEMON };

struct fake_daemon;

struct fake_process {
	int group;
	enum fake_process_kind kind;
	bool used, ended;
	struct fake_guest *guest;	/* the tool's */
	volatile int leave, cancel;
	volatile int observe;		/* reloaded so, or another daemon acts */
	bool reloaded;
	struct mt_supervise_result result[FAKE_GUESTS];
	bool has_result[FAKE_GUESTS];
	unsigned notes;
	uint64_t ended_ns;
	struct fake_daemon *daemon;	/* daemon.c; NULL: it is none, or not up */
};

#define FAKE_PROCESSES	24
extern struct fake_process fake_processes[FAKE_PROCESSES];

struct fake_process *fake_supervisor_start(const char *name);
/* migtraced itself: see daemon.c. */
struct fake_process *fake_daemon_start(const char *name);
struct fake_process *fake_tool_start(const char *name, struct fake_guest *g);
bool fake_process_lives(const struct fake_process *p);
void fake_process_kill(struct fake_process *p);		/* -9 */
void fake_process_terminate(struct fake_process *p);	/* SIGTERM; the tool's second Ctrl-C */
void fake_process_cancel(struct fake_process *p);	/* the tool's first */
void fake_process_observe(struct fake_process *p, bool observe);	/* a reload */
/* Asks all to end and waits. Return: NULL, or what did not. */
const char *fake_processes_end(void);
/* At the end: what did not end, what truth.h says of the whole, and what was left open. */
void fake_processes_judge(void);
/* After that: all calls come back, so whatever still runs is the code's own, and is ended. */
void fake_processes_let_go(void);
/* Those that have ended: a thread of theirs that hangs in a call ends, too. Now and then. */
void fake_processes_bury(void);
void fake_processes_reset(void);

/* What `migtrace status` shows, as JSON; free() it. NULL: it is not up. */
char *fake_daemon_status(struct fake_process *p);

/* --- daemon.c, process.c: for each other --- */
void *fake_daemon_main(void *process);
void fake_daemon_poke(struct fake_process *p);
void fake_process_ended(struct fake_process *p);

/* fake_setup.directory, made and removed. */
void fake_directory_make(void);
void fake_directory_remove(void);

#endif
