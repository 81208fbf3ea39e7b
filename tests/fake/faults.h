/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * faults.h - what goes wrong with calls, events and figures, and when
 *
 * Incidents (a host goes down, a guest is powered off) are no faults in this sense: whoever wants
 * one makes it happen by hv.h.
 */
#ifndef FAKE_FAULTS_H
#define FAKE_FAULTS_H

#include "hv.h"

enum fake_fault_kind {
	FAKE_FAULT_NONE,
	/* Calls. */
	FAKE_FAULT_ERROR,		/* ->error; nothing was done, or it was and only the answer
					 * is bad (->late); a suspend: is, ->ms later */
	FAKE_FAULT_SLOW,		/* takes ->ms longer; done before or after (->late) */
	FAKE_FAULT_VOID,		/* comes back as if it were done, and nothing was */
	FAKE_FAULT_NEVER,		/* comes back when the fault ends, ->for_ever: when all is
					 * over */
	/* Events; doubled: comes again up to ->ms later. */
	FAKE_FAULT_LOST, FAKE_FAULT_LATE, FAKE_FAULT_DOUBLE,
	/*
	 * Figures; contradictory: ->ms says how, 1 too much is left, 2 and 3 they go backwards, 4
	 * nothing is left, 5 the guest has shrunk, 6 the time is an hour on, 0 any. ->call
	 * FAKE_CALL_WORK: of its workload alone, else all. Clock: the wall clock, by which libvirt
	 * counts, is set at each look.
	 */
	FAKE_FAULT_STALE, FAKE_FAULT_CONTRADICTORY, FAKE_FAULT_OTHER_JOB, FAKE_FAULT_CLOCK,
	FAKE_FAULT_KINDS
};
extern const char *const fake_fault_names[FAKE_FAULT_KINDS];

struct fake_fault {
	enum fake_fault_kind kind;
	enum fake_call call;		/* FAKE_CALL_COUNT: all */
	int guest;			/* index; -1: all */
	uint64_t from_ns, until_ns;
	unsigned times;			/* at most so often; 0: as long as it lasts */
	unsigned percent;		/* of what it could hit; 0: all */
	int error;			/* -errno */
	uint64_t ms;
	bool late, for_ever;
	unsigned hit;
};

#define FAKE_FAULTS	64

struct fake_fault *fake_fault_add(const struct fake_fault *f);
void fake_faults_reset(void);
/* The fault of @kinds' range that hits, or NULL; it is counted. With hv's lock held. */
struct fake_fault *fake_fault_call(enum fake_call call, const struct fake_guest *g);
struct fake_fault *fake_fault_event(const struct fake_guest *g, enum fake_fault_kind kind);
struct fake_fault *fake_fault_figures(const struct fake_guest *g, enum fake_call call);
/* Whether a call that giving back @g needs fails, hangs or takes over a second now. */
bool fake_fault_hinders(const struct fake_guest *g, uint64_t now_ns);
void fake_fault_print(const struct fake_fault *f, FILE *to);
const struct fake_fault *fake_fault_at(size_t i);

#endif
