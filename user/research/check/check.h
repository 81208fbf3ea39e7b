/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.h - the migrations of a campaign, each played again
 */
#ifndef CHECK_H
#define CHECK_H

#include "out/table.h"
#include "cli/campaign/campaign.h"
#include "sim/sim.h"
#include "store/runs.h"

/*
 * Measured: query-migrate's ram.total is larger than the guest's memory by this much (machine pc,
 * no display).
 */
#define CHECK_FIRMWARE_BYTES	(82 * 4096)
/* Of what a tbf shaper lets through, TCP's payload: 1448 of 1514 bytes a packet. */
#define CHECK_PAYLOAD_SHARE	(1448.0 / 1514)
/* Where the test guest's table begins: its image is loaded at 1 MiB. */
#define CHECK_GUEST_AT		"1104K"
#define CHECK_CAP_MS		600e3

struct check_options {
	struct mt_sim_params params;	/* what no run tells */
	bool runs;			/* run by run */
	bool profiled;			/* over the profiles, not the patterns */
	bool xen;			/* what models say of Xen, against Xen's sender */
};

/* check.c. Return: an exit status. */
int check_campaign(const char *dir, const struct check_options *o, enum mt_format format);

/* One run: measured, and simulated. NaN: there is none. */
struct check_row {
	const struct mt_run *run;
	enum mt_sim_end end;
	bool done;			/* it completed */
	bool wrong;			/* one converged and the other did not */
	double total_ms;		/* without what libvirt did before QEMU began */
	double sim_total_ms, sim_sent_bytes, sim_downtime_ms, sim_felt_ms, sim_passes, sim_requests;
};

struct check_xen_row;

struct check {
	const char *dir;
	bool profiled;
	struct campaign_spec spec;	/* what its guests were told to do */
	struct mt_runs runs;
	struct check_row *rows;		/* of those that can be compared */
	size_t n_rows;
	struct check_xen_row *xen;
	size_t n_xen;
};

/* check_recording.c */
/* @name: relative to the directory. */
MT_MUST_CHECK int check_recording(struct mt_recording **rec, const struct check *c,
				  const char *name, struct mt_err *err);
/*
 * A pattern with phases, begun where the migration began: so that its first passes find as many
 * pages dirty.
 */
MT_MUST_CHECK int check_phases(struct mt_trace *t, const char *words, const struct check *c,
			       const char *recording, const struct mt_sim_params *p,
			       struct mt_err *err);

/* How fast pages were compressed in the first pass. */
void check_pace(struct mt_sim_params *p, const struct mt_recording *rec);

/*
 * check_xen.c: @t migrated as Xen does it, and what the baselines say of that; @run is where it is
 * from. Return: 0, also if it did not end; -ENOMEM.
 */
MT_MUST_CHECK int check_xen(struct check *c, const struct mt_run *run,
			    const struct mt_sim_params *given, struct mt_trace *t);
int check_print_xen(const struct check *c, enum mt_format format);
int check_print_xen_runs(const struct check *c, enum mt_format format);

/* check_table.c */
/* errors by workload and by method */
int check_print(const struct check *c, enum mt_format format);
int check_print_runs(const struct check *c, enum mt_format format);	/* run by run */

#endif
