/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what a recording tells, gathered once and shown in three ways
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include <migtrace/out.h>
#include <migtrace/record.h>

struct report {
	const struct mt_recording *rec;
	struct mt_iteration *iterations;	/* all finished ones */
	size_t n_iterations, room;
	size_t n_of[MT_ENTRY_COUNT];		/* entries by type */
	uint64_t begin_ns;			/* times are shown relative to it */
	bool has_outcome;
	bool outcome_recorded;			/* else taken from the last sample's status */
	struct mt_record_outcome outcome;	/* without a recorded one, ->final is what the samples knew last */
	const struct mt_record_decision *compared; /* the decision held against what came of it; NULL = none */
	bool stopped;				/* that decision stopped pre-copy, so what it predicts is a stop there */
	const struct mt_record_source *source;	/* of the kernel's figures, the last one; NULL = none */
	const struct mt_record_profile *profile;	/* the last one; NULL = none */
	const struct mt_record_guest *guest;	/* likewise */
	double predicted_downtime_ms, predicted_total_ms; /* that decision's; NaN = none */
};

MT_MUST_CHECK int report_init(struct report *r, const struct mt_recording *rec, struct mt_err *err);
void report_fini(struct report *r);

/* Milliseconds since the recording's begin; may be negative. */
double report_ms(const struct report *r, uint64_t t_ns);

/* report_tables.c: the lists, in any format. Return: 0 or -errno as mt_table_finish(). */
int report_iterations(const struct report *r, FILE *out, enum mt_format format);
int report_decisions(const struct report *r, FILE *out, enum mt_format format);
int report_events(const struct report *r, FILE *out, enum mt_format format);
int report_dirty_rates(const struct report *r, FILE *out, enum mt_format format);

/* report_kernel.c: likewise, what a kernel source told. */
int report_passes(const struct report *r, FILE *out, enum mt_format format);
int report_curve(const struct report *r, FILE *out, enum mt_format format);
int report_vcpus(const struct report *r, FILE *out, enum mt_format format);
int report_ticks(const struct report *r, FILE *out, enum mt_format format);
int report_figures(const struct report *r, FILE *out, enum mt_format format);	/* text: one a line */
/* The median of how far kernel and QEMU are apart, without its sign, in percent; NaN: nothing to compare. */
double report_passes_apart(const struct report *r);

/* The whole. */
int report_text(const struct report *r, FILE *out);
int report_json(const struct report *r, FILE *out);

#endif
