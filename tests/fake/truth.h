/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * truth.h - what was really done to whom, and what must hold
 *
 * Kept by the hypervisors' side from calls and states alone: nothing of what the code under test
 * believes, marks or tells enters here, but for the pause that a decision predicts (which the
 * policies of the tests make up) and for what it told when a call had failed.
 *
 * What must hold:
 *  - A guest is *ours* from the moment on at which a suspend call of a process of ours stopped it
 *    (or came back with success for one that its owner had just stopped) until it runs at either
 *    end, or is gone from here for another reason. It is ours no longer than
 *
 *	FAKE_MORE_MS + FAKE_FACTOR x predicted pause + FAKE_MARGIN_MS
 *
 *    of time in which somebody could do something about it: a process of ours lives (one that is up
 *    for FAKE_UP_MS), libvirtd runs, QEMU answers (it is not stopped, nor deaf while the last pages
 *    are under way, nor has it stopped the guest itself before it switches over), and no fault hits
 *    the calls that are needed (fake_fault_hinders(); faults that hit so many calls only do not
 *    count, they are to be overcome: one that hangs within FAKE_STUCK_MS, one that does nothing
 *    within FAKE_AGAIN_MS).
 *  - At the end none is ours, and none that runs at the source is limited in what it dirties, or
 *    has a speed that one of ours has set and nobody else since (but by a process that was not
 *    killed, and whose call that sets it has never come back: it has the mark, and stands still).
 *  - No call that changes something reaches an exempted guest, or comes after a release during a
 *    migration (but for abort and resume while it is paused here by us, or may be because a suspend
 *    call was sent FAKE_DOUBT_MS ago or later by a process that is dead, and an abort that a person
 *    asked for), or from a process that last heard pre-switchover, device, cancelling or
 *    postcopy-active, FAKE_AGE_MS ago or earlier.
 *  - Such calls within one migration come from one process, until that is dead.
 *  - No more than so many guests are ours at once.
 *  - A guest that only its owner paused is not resumed, and none that runs at the destination is
 *    resumed here.
 *  - Of a guest that has rules: post-copy is asked for only where it is allowed, never with
 *    parallel connections, and not before the first pass is over but by who does so on purpose;
 *    QEMU's limit is never set above what is allowed; in one migration one kind of call comes from
 *    one process at most once in so long; what a process was answered that it is done (a stop that
 *    holds, a flip, an abort) is followed by nothing but what gives the guest back; nothing comes
 *    FAKE_AGE_MS after the migration has ended. Calls that give back, that
 *    take back what outlives a migration, or that a person asked for, are free.
 *  - A guest is throttled only if its migration was begun with auto-converge. QEMU's largest
 *    throttle outlives a migration: whoever has set it asks for QEMU's own again before it says
 *    that the guest has stayed here. That is free, too.
 *  - Every such call that a fault let fail is told: a note or an entry has the number that was in
 *    its error, or in that of another of its kind, process and guest. Those by which a guest is
 *    given back are many, and told as a whole.
 */
#ifndef FAKE_TRUTH_H
#define FAKE_TRUTH_H

#include "hv.h"

#define FAKE_FACTOR	4
#define FAKE_MORE_MS	3000
#define FAKE_MARGIN_MS	15000
#define FAKE_UP_MS	1000
#define FAKE_STUCK_MS	6000	/* another thread tries after 5 s */
#define FAKE_AGAIN_MS	2500	/* the guard tries again each 2 s at the latest */
#define FAKE_DOUBT_MS	60000	/* libvirt gives a call up after 30 s */
#define FAKE_AGE_MS	1000	/* what was decided may be carried out so much later */

/* What is allowed of one guest. */
struct truth_rules {
	const char *policy;		/* its calls are counted by this name */
	bool flips, flips_at_once;
	uint64_t limit_ms;		/* 0: any */
	uint64_t every_ms;
};

void truth_reset(unsigned max_stopped);
/* The first that was violated, as a sentence; NULL: none. */
const char *truth_violation(void);
void truth_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- told by the test ---------------------------------------------------------- */
void truth_exempt(const struct fake_guest *g, bool exempt);	/* from now on */
void truth_rule(const struct fake_guest *g, const struct truth_rules *rules);
void truth_released(const struct fake_guest *g, bool released);	/* NULL: all */
void truth_process(int group, bool lives);			/* of ours, that gives guests
								 * back */
void truth_wished(int group);					/* a person asks it to cancel */
void truth_predicted(const struct fake_guest *g, double ms);	/* by the decision to stop it */
void truth_predicts_itself(const struct fake_guest *g);		/* nobody tells: no more than all
								 * of its memory takes */
void truth_untold(void);					/* what is told is lost: that is no
								 * failure here */
void truth_told(int group, const char *text);			/* a note, an entry of a recording,
								 * a line of a log */
/* It says that the guest has stayed at the source. */
void truth_stayed(const struct fake_guest *g, int group);
/* When all is over: judges the rest. */
void truth_conclude(void);
/* Every now and then while there are guests of ours: how long they are. */
void truth_tick(void);
unsigned truth_ours(void);			/* guests that are ours now */
unsigned truth_stops(void);			/* that became ours so far */
bool truth_is_ours(const struct fake_guest *g);
uint64_t truth_stopped_ms(const struct fake_guest *g);		/* the longest time that it was
								 * ours */
unsigned truth_writes(const struct fake_guest *g, enum fake_call call);	/* so many were issued */

/* --- told by the hypervisor, with its lock held -------------------------------- */
/* Return: whether it gives a guest back, which is told as a whole. */
bool truth_issued(struct fake_guest *g, enum fake_call call, int group, uint64_t value);
/* A call of a process of ours about it hangs, or does nothing: noticing that takes so long. */
void truth_excused(struct fake_guest *g, double ms);
/* Its caller knows how it went; not told of one that came to nothing. */
void truth_answered(struct fake_guest *g, enum fake_call call, int group, int rc);
void truth_throttled(struct fake_guest *g, int group);	/* QEMU has it */
/* One is sent (1), or has come back (-1). */
void truth_calls(const struct fake_guest *g, int group, int more);
/* Is about to be set; group 0: by somebody else. */
void truth_speed(const struct fake_guest *g, int group, uint64_t bytes_per_s);
void truth_unthrottles(struct fake_guest *g, int group);	/* it asks for QEMU's own again */
void truth_effect(struct fake_guest *g, enum fake_call call, int group, int rc);
/* Return: the number for the error's text. */
unsigned truth_refused(struct fake_guest *g, enum fake_call call, int group, bool gives_back);
void truth_heard(struct fake_guest *g, int group, const char *status);
void truth_deaf(int group);			/* it may have missed something since */
void truth_state(struct fake_guest *g);		/* it may have changed */

#endif
