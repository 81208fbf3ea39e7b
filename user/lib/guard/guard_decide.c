// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_decide.c - what to do now about a guest that we stopped
 *
 *	seen					then
 *	not here, or shut off			the end: moved, or powered off
 *	running					the end, unless the call that stops it may
 *						still take effect
 *	paused in post-copy, by an I/O error,
 *	a person's snapshot, ...		the end: none of ours
 *	paused for the migration, due		cancel it; again until it is no longer paused
 *						so. But QEMU is asked first as long as it may
 *						have been stopped by QEMU itself, to switch over
 *	paused by a person's call, or ours that
 *	came too late, or because libvirt could	once libvirt says for 2 s that no job is there:
 *	not resume it				resume
 *	paused for a migration that libvirt has	QEMU is asked: cancelled or failed, resume;
 *	no more					completed, it may run at the destination:
 *						never resumed here
 *	no answer				look again
 *
 * Cancelling comes before asking whether there is a job: while QEMU sends the last pages it answers
 * nobody, and each question would be one more call that hangs.
 *
 * Pure: time is an argument, and what it keeps from look to look is in the case.
 */
#include <errno.h>

#include "base/units.h"
#include "guard.h"
#include "guard_decide.h"

#define LOOK_MS		250
#define UNTOLD_MS	8000	/* QEMU cannot be asked: then it is taken to be ours */
/* libvirt resumes a guest itself, a moment after its migration has ended */
#define HELD_MS		2000
#define RETRY_FIRST_MS	250
#define RETRY_MAX_MS	2000

/* libvirt 9.2 and later: it could not resume the guest itself. */
#define PAUSED_API_ERROR	14

enum kind {
	KIND_OURS,			/* as our stop in a migration leaves it */
	KIND_HELD,			/* paused outside of a migration: our call came late, or it
					 * could not be resumed */
	KIND_FOREIGN,
};

static enum kind kind_of(int reason)
{
	switch (reason) {
	case VIR_DOMAIN_PAUSED_UNKNOWN:
	case VIR_DOMAIN_PAUSED_MIGRATION:
		return KIND_OURS;
	case VIR_DOMAIN_PAUSED_USER:
	case PAUSED_API_ERROR:
		return KIND_HELD;
	default:
		return KIND_FOREIGN;
	}
}

static const char *foreign_text(int reason)
{
	switch (reason) {
	case VIR_DOMAIN_PAUSED_POSTCOPY:
		return "is in post-copy: it is safe only when that has finished";
	case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED:
		return "is paused because post-copy failed: virsh migrate --postcopy --postcopy-resume";
	case VIR_DOMAIN_PAUSED_IOERROR:
		return "is paused by an I/O error of its disk, and no longer by us";
	case VIR_DOMAIN_PAUSED_WATCHDOG:
		return "is paused by its watchdog, and no longer by us";
	case VIR_DOMAIN_PAUSED_CRASHED:
		return "is paused because it crashed, and no longer by us";
	default:
		return "is paused for a reason that is not ours: virsh domstate --reason says which";
	}
}

static uint64_t later_ns(uint64_t now_ns, uint64_t ms)
{
	return now_ns + ms * MT_NS_PER_MS;
}

static void wait(const struct guard_case *c, uint64_t now_ns, struct guard_plan *plan)
{
	plan->action = GUARD_WAIT;
	plan->wake_ns = later_ns(now_ns, LOOK_MS);
	if (c->due_ns > now_ns && c->due_ns < plan->wake_ns)
		plan->wake_ns = c->due_ns;
	if (c->next_try_ns > now_ns && c->next_try_ns < plan->wake_ns)
		plan->wake_ns = c->next_try_ns;
}

static void end(int news, const char *text, struct guard_plan *plan)
{
	plan->action = GUARD_END;
	plan->news = news;
	plan->text = text;
}

/*
 * Whether the call that stops the guest may still take effect, and so whether one that is paused
 * was paused by it: QEMU itself stops a guest to switch over.
 */
static bool call_may_come(const struct guard_case *c, uint64_t now_ns)
{
	return c->call == GUARD_CALL_OUT ||
	       (c->call == GUARD_CALL_DOUBTFUL && now_ns < c->call_until_ns);
}

static void running(const struct guard_case *c, uint64_t now_ns, struct guard_plan *plan)
{
	if (call_may_come(c, now_ns))
		wait(c, now_ns, plan);
	else if (c->aborts_done || c->resumes_done)
		end(MT_GUARD_GIVEN_BACK, "runs on here", plan);
	else
		end(MT_GUARD_RUNS, "runs here", plan);
}

/* No migration is going on, says libvirt. */
static void without_job(const struct guard_case *c, enum kind kind, const struct guard_seen *seen,
			uint64_t now_ns, struct guard_plan *plan)
{
	if (now_ns < later_ns(c->held_since_ns, HELD_MS)) {
		wait(c, now_ns, plan);
	} else if (kind == KIND_HELD) {
		plan->action = GUARD_RESUME;
	} else if (!seen->qemu_asked) {
		plan->action = GUARD_ASK_QEMU;
	} else if (!seen->qemu_told) {
		wait(c, now_ns, plan);
	} else if (seen->qemu == MT_STATUS_COMPLETED) {
		end(MT_GUARD_NOT_OURS, "is paused here, and its migration has completed: it is at the destination, or has to be looked for there first",
		    plan);
	} else if (seen->qemu == MT_STATUS_NONE || seen->qemu == MT_STATUS_FAILED ||
		   seen->qemu == MT_STATUS_CANCELLED) {
		plan->action = GUARD_RESUME;
	} else {
		plan->action = GUARD_ABORT;
	}
}

/*
 * As long as we do not know that it was us. While QEMU is active it does not stop a guest itself;
 * and while it is deaf, sending the last pages, cancelling would not reach it either. Return:
 * whether that is decided.
 */
static bool unsure(const struct guard_case *c, const struct guard_seen *seen, uint64_t now_ns,
		   struct guard_plan *plan)
{
	if (!seen->qemu_asked) {
		plan->action = GUARD_ASK_QEMU;
		return true;
	}
	if (!seen->qemu_told && now_ns >= later_ns(c->due_ns, UNTOLD_MS))
		return false;
	if (seen->qemu_told && seen->qemu == MT_STATUS_ACTIVE)
		plan->action = GUARD_ABORT;
	else if (seen->qemu_told &&
		 (seen->qemu == MT_STATUS_NONE || seen->qemu == MT_STATUS_FAILED ||
		  seen->qemu == MT_STATUS_CANCELLED))
		return false;
	else
		wait(c, now_ns, plan);
	return true;
}

static void paused(struct guard_case *c, const struct guard_seen *seen, uint64_t now_ns,
		   struct guard_plan *plan)
{
	enum kind kind = kind_of(seen->reason);
	bool due = now_ns >= c->due_ns;

	if (kind == KIND_FOREIGN) {
		end(MT_GUARD_NOT_OURS, foreign_text(seen->reason), plan);
		return;
	}
	/* When it began to be so; a job that is seen starts it anew. */
	if (seen->job == GUARD_JOB_ACTIVE || (kind == KIND_OURS && !due))
		c->held_since_ns = 0;
	else if (!c->held_since_ns)
		c->held_since_ns = now_ns;
	if ((kind == KIND_OURS && !due) || now_ns < c->next_try_ns) {
		wait(c, now_ns, plan);
	} else if (kind == KIND_OURS && call_may_come(c, now_ns) && unsure(c, seen, now_ns, plan)) {
		return;
	} else if (kind == KIND_OURS && !c->no_job && seen->job == GUARD_JOB_NOT_ASKED &&
		   (!c->aborts_done || now_ns < later_ns(c->held_since_ns, HELD_MS))) {
		plan->action = GUARD_ABORT;
	} else if (kind == KIND_HELD && now_ns < later_ns(c->held_since_ns, HELD_MS)) {
		wait(c, now_ns, plan);
	} else if (seen->job == GUARD_JOB_NOT_ASKED) {
		plan->action = GUARD_ASK_JOB;
	} else if (seen->job == GUARD_JOB_NONE) {
		without_job(c, kind, seen, now_ns, plan);
	} else if (seen->job == GUARD_JOB_ACTIVE && due) {
		c->no_job = false;
		plan->action = GUARD_ABORT;
	} else {
		wait(c, now_ns, plan);
	}
}

void guard_decide(struct guard_case *c, const struct guard_seen *seen, uint64_t now_ns,
		  struct guard_plan *plan)
{
	*plan = (struct guard_plan){ .text = "" };
	if (c->call == GUARD_CALL_NEVER) {
		end(MT_GUARD_RUNS, "was not stopped after all", plan);
		return;
	}
	if (seen->error == -ENOENT) {
		end(MT_GUARD_GONE, "is not here any more", plan);
		return;
	}
	if (seen->error) {
		wait(c, now_ns, plan);
		return;
	}
	switch (seen->state) {
	case VIR_DOMAIN_SHUTOFF:
		end(MT_GUARD_GONE,
		    seen->reason == VIR_DOMAIN_SHUTOFF_MIGRATED ? "has moved on" :
								  "is shut off here",
		    plan);
		break;
	case VIR_DOMAIN_CRASHED:
		end(MT_GUARD_NOT_OURS, "has crashed", plan);
		break;
	case VIR_DOMAIN_PMSUSPENDED:
		end(MT_GUARD_NOT_OURS, "has suspended itself", plan);
		break;
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
	case VIR_DOMAIN_SHUTDOWN:
		running(c, now_ns, plan);
		break;
	case VIR_DOMAIN_PAUSED:
		paused(c, seen, now_ns, plan);
		break;
	default:
		wait(c, now_ns, plan);
	}
	if (plan->action != GUARD_WAIT && plan->action != GUARD_END)
		plan->wake_ns = now_ns;
}

void guard_acted(struct guard_case *c, enum guard_action action, int error, uint64_t now_ns)
{
	if (!c->retry_ms)
		c->retry_ms = RETRY_FIRST_MS;
	if (action == GUARD_ABORT) {
		c->aborts_done += !error;
		/* "No job is active" and the like. Whether it is so will be asked. */
		c->no_job = error == -EBUSY;
	} else if (action == GUARD_RESUME) {
		c->resumes_done += !error;
	}
	c->next_try_ns = later_ns(now_ns, c->retry_ms);
	c->retry_ms = c->retry_ms * 2 < RETRY_MAX_MS ? c->retry_ms * 2 : RETRY_MAX_MS;
}
