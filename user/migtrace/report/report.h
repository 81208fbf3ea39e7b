/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report.h - what a recording tells, gathered once and shown in several ways
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdio.h>

#include "out/table.h"
#include "store/record.h"

/* One of the migrations that a recording tells of; most have one. */
struct report_migration {
	size_t first_iteration;		/* of its own in report.iterations; up to the next one's */
	uint64_t begin_ns, end_ns;	/* first and last sample */
	uint64_t start_ns;		/* when it began, by QEMU's own count; 0 = not known */
	struct mt_sample known;		/* what its samples knew last */
	bool has_outcome;		/* by the status of the last one */
	enum mt_outcome outcome;
};

/* What a person should know of, in the order of report_warnings.c's table. */
#define REPORT_WARNINGS_MAX	8

struct report {
	const struct mt_recording *rec;
	struct mt_iteration *iterations;	/* all finished ones, of all migrations */
	size_t n_iterations, room;
	struct report_migration *migrations;
	size_t n_migrations;
	char warnings[REPORT_WARNINGS_MAX][320];
	size_t n_warnings;
	size_t n_of[MT_ENTRY_COUNT];		/* entries by type */
	uint64_t begin_ns;			/* times are shown relative to it */
	bool has_outcome;
	bool outcome_recorded;			/* else taken from the last sample's status */
	struct mt_record_outcome outcome;	/* of the last migration; without a recorded one,
						 * ->final is what its samples knew last */
	const struct mt_record_decision *compared; /* the decision held against what came of it;
						    * NULL = none */
	bool stopped;				/* that decision stopped pre-copy, so what it
						 * predicts is a stop there */
	const struct mt_record_source *source;	/* of the kernel's figures, the last one; NULL =
						 * none */
	const struct mt_record_profile *profile;	/* the last one; NULL = none */
	const struct mt_record_guest *guest;	/* likewise */
	double predicted_downtime_ms, predicted_total_ms; /* that decision's; NaN = none */
};

MT_MUST_CHECK int report_init(struct report *r, const struct mt_recording *rec, struct mt_err *err);
void report_fini(struct report *r);

/* What came of it; NaN: not known. */
double report_final(const struct report *r, enum mt_field f);
/* Milliseconds since the recording's begin; may be negative. */
double report_ms(const struct report *r, uint64_t t_ns);

/*
 * report_warnings.c: what is wrong with what QEMU tells, or with the migration itself; fills
 * ->warnings.
 */
void report_warn(struct report *r);

/* report_tables.c: the lists, in any format. Return: 0 or -errno as mt_table_finish(). */
int report_migrations(const struct report *r, FILE *out, enum mt_format format);
int report_iterations(const struct report *r, FILE *out, enum mt_format format);
int report_decisions(const struct report *r, FILE *out, enum mt_format format);
int report_events(const struct report *r, FILE *out, enum mt_format format);
int report_dirty_rates(const struct report *r, FILE *out, enum mt_format format);

/* report_kernel.c: likewise, what a kernel source told. */
int report_passes(const struct report *r, FILE *out, enum mt_format format);
int report_curve(const struct report *r, FILE *out, enum mt_format format);
int report_vcpus(const struct report *r, FILE *out, enum mt_format format);
int report_ticks(const struct report *r, FILE *out, enum mt_format format);
/* text: one a line */
int report_figures(const struct report *r, FILE *out, enum mt_format format);
/* report_work.c: likewise, what other probes told. */
int report_work(const struct report *r, FILE *out, enum mt_format format);
/* report_class.c: likewise, the class of its workload, and each that it changed to. */
int report_classes(const struct report *r, FILE *out, enum mt_format format);
/*
 * The median of how far kernel and QEMU are apart, without its sign, in percent; NaN: nothing to
 * compare.
 */
double report_passes_apart(const struct report *r);

/* report_lists.c: those of a report for people, in order; NULL behind the last. */
struct report_list {
	const char *title;
	size_t (*count)(const struct report *r);	/* 0: it is left out */
	int (*show)(const struct report *r, FILE *out, enum mt_format format);
};
const struct report_list *report_list_at(size_t i);

/* report_facts.c: what there is once; @text is as it stands in the recording, not cleaned. */
typedef void (*report_fact_fn)(void *opaque, const char *label, const char *text);
void report_facts(const struct report *r, report_fact_fn fn, void *opaque);
/* Nothing where no outcome is known. */
void report_outcome_facts(const struct report *r, report_fact_fn fn, void *opaque);
/* report_predicted.c: what one decision predicted beside what came of it; if ->compared. */
#define REPORT_TITLE_MAX	96
const char *report_predicted_title(const struct report *r, char title[REPORT_TITLE_MAX]);
int report_predicted(const struct report *r, FILE *out, enum mt_format format);

/* The whole. */
int report_html(const struct report *r, FILE *out);
int report_text(const struct report *r, FILE *out);
int report_json(const struct report *r, FILE *out);

#endif
