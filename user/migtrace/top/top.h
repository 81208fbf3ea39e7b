/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.h - one guest of `migtrace top`: its session, and its row
 */
#ifndef TOP_H
#define TOP_H

#include "out/table.h"
#include "source/tick.h"
#include "watch/domainclass.h"
#include "watch/domainsource.h"
#include "watch/domainwork.h"

struct top_guest {
	struct mt_domain_info domain;
	struct mt_source *source;	/* NULL: see ->why */
	char why[256];
	struct mt_workload *workload;	/* NULL: not asked for, or see ->why_no_work */
	char why_no_work[512];
	struct mt_domainclass class;
	bool gone;
	struct migtrace_record *record;
	size_t room;
	/* Since the last row: */
	struct mt_tick sum;		/* all 0: no tick yet */
	uint64_t logged_ns;		/* of that time logging was on */
	bool logging;			/* in the newest tick */
	struct top_vcpu {
		uint64_t events, ring_used;
	} *vcpu;
	unsigned vcpus;			/* 0: not told */
	/* Since it was opened, for the size to ask for: */
	uint64_t most_used;
	bool ring_was_full;
};

/*
 * Never fails: a guest without a source, or without probes (a bit per enum mt_probe), has a row,
 * too.
 */
void top_guest_open(struct top_guest *g, struct mt_conn *conn, const struct mt_domain_info *d,
		    const char *source_name, unsigned probes, double link_bytes_per_s);
void top_guest_close(struct top_guest *g);
int top_guest_fd(const struct top_guest *g);	/* for poll(2); -1: none */
void top_guest_read(struct top_guest *g);
/*
 * Before its row: asks libvirt what it does, once a second. @dirty_bytes_per_s: by whom else, where
 * no source counts; NaN: by nobody.
 */
void top_guest_classify(struct top_guest *g, double dirty_bytes_per_s);

/* On stdout, in text with the columns of the source and of these probes. NULL: no memory. */
struct mt_table *top_table(enum mt_format format, unsigned probes);
/* Of the time since the last row, as far as it is known: else NaN. */
struct top_figures {
	double seconds;			/* for which logging was on */
	double pages_per_s, bytes_per_s;
	double window_ms, window_pages;	/* since all pages were clean */
	double ring_used, ring_entries, ring_wanted, ring_full_exits;
};
void top_guest_figures(const struct top_guest *g, struct top_figures *f);
/* What it has counted begins anew. */
void top_guest_next(struct top_guest *g);

/* Adds the row, and begins the next one. */
int top_guest_row(struct top_guest *g, struct mt_table *t);

#endif
