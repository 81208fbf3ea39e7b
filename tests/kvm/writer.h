/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer.h - what kvmwriter can be told
 */
#ifndef WRITER_H
#define WRITER_H

#include "vm.h"

enum writer_pattern {
	WRITER_UNIFORM,
	WRITER_ZIPF,
	WRITER_SEQUENTIAL,
};

struct writer_options {
	struct vm_params vm;		/* with its slots: one for each vCPU, or one that all
					 * share */
	unsigned int slots;
	uint64_t pages;			/* of each slot */
	enum writer_pattern pattern;
	double exponent;
	double rate;			/* pages/s of all vCPUs together, or VM_RATE_MAX */
	double duration_s;
	uint64_t seed;
	unsigned int reap_ms;		/* 0: harvest at full rings and at the end only */
	bool huge;
	bool hold;			/* for a line on stdin after each object */
};

/* By their values */
extern const char *const writer_modes[], *const writer_fulls[], *const writer_patterns[];

/* Says what is wrong and exits, where it is; exits after --help. */
void writer_options_parse(struct writer_options *o, int argc, char **argv);

#endif
