/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guard_decide.h - what to do now about a guest that we stopped
 */
#ifndef MT_GUARD_DECIDE_H
#define MT_GUARD_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/sample.h"

/*
 * libvirtd lets a call wait up to 30 s for another to end (QEMU_JOB_WAIT_TIME): later than this
 * none takes effect.
 */
#define GUARD_CALL_MAX_MS	35000

/* How the call that stops the guest stands. */
enum guard_call {
	GUARD_CALL_OUT,			/* it has not come back */
	GUARD_CALL_DOUBTFUL,		/* it has, with an error that leaves it open, or its caller
					 * is dead: ->call_until_ns */
	GUARD_CALL_BACK,		/* nothing is on its way any more */
	GUARD_CALL_NEVER,		/* it was not made: whatever the guest does, it is not by
					 * us */
};

enum guard_job {
	GUARD_JOB_NOT_ASKED,
	GUARD_JOB_NOT_TOLD,		/* asked, no answer */
	GUARD_JOB_NONE,
	GUARD_JOB_ACTIVE,
};

/* Of one guest, from look to look. */
struct guard_case {
	uint64_t due_ns;
	enum guard_call call;
	uint64_t call_until_ns;		/* doubtful: it may take effect until then */
	uint64_t held_since_ns;		/* it is paused, and no migration is the reason; 0 = not
					 * so */
	uint64_t next_try_ns;		/* of what failed */
	uint64_t retry_ms;		/* after the next failure */
	unsigned aborts_done, resumes_done;	/* that libvirt took */
	bool no_job;			/* said libvirt at the last abort */
};

/* What a look saw. */
struct guard_seen {
	int error;			/* of the look, -errno; 0 = it saw */
	int state, reason;		/* virDomainState and its reason */
	enum guard_job job;
	bool qemu_asked, qemu_told;
	enum mt_status qemu;		/* QEMU's own word on its newest migration */
};

enum guard_action {
	GUARD_WAIT,
	GUARD_ASK_JOB,			/* then decide again */
	GUARD_ASK_QEMU,			/* likewise */
	GUARD_ABORT,
	GUARD_RESUME,
	GUARD_END,			/* it is safe, or none of ours: ->news */
};

struct guard_plan {
	enum guard_action action;
	int news;			/* END: enum mt_guard_news */
	uint64_t wake_ns;		/* WAIT: look again then */
	const char *text;		/* END: the rest of a sentence that begins with the guest */
};

void guard_decide(struct guard_case *c, const struct guard_seen *seen, uint64_t now_ns,
		  struct guard_plan *plan);

/* How an action went; @error as of the call, 0 = done. */
void guard_acted(struct guard_case *c, enum guard_action action, int error, uint64_t now_ns);

#endif
