// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_ordering.c - what it is worth to send pages by how probable it is that they are dirtied again
 *
 * Each guest is migrated in the simulator by each sender, over the link that it had in its campaign
 * and over a wide-area link, and beginning at the same moment: after it was watched for some
 * seconds. Two by two: what one saves of another is the mean over the guests of whose migrations
 * both ended, workloads drawn anew for the interval. How many ended is told, too: a sender that
 * gives up the hard ones has easy figures.
 */
#include <math.h>
#include <string.h>

#include "ws_migrate.h"

static const char *const link_names[WS_LINKS] = { "campaign", "wan" };

/* What each is compared with. */
static const char *const against[] = { "qemu", "xen", "address", "count" };
#define AGAINST	MT_ARRAY_SIZE(against)

static size_t sender_at(const char *name)
{
	size_t i = 0;

	while (strcmp(ws_senders[i].name, name))
		i++;
	return i;
}

/* --- figures ------------------------------------------------------------------------ */
enum figure { TOTAL, PRECOPY, DOWNTIME, STALL, SENT, FIGURES };

static bool ended(const struct mt_sim_result *r)
{
	return r->end == MT_SIM_CONVERGED || r->end == MT_SIM_POSTCOPIED;
}

static double figure_of(const struct mt_sim_result *r, enum figure f)
{
	switch (f) {
	case TOTAL:
		return r->total_ms;
	case PRECOPY:		/* up to when the guest stops */
		return r->end == MT_SIM_POSTCOPIED ? r->flip_ms : r->total_ms - r->downtime_ms;
	case DOWNTIME:
		return r->downtime_ms;
	case STALL:		/* the longest silence of the guest */
		return fmax(r->stall_ms, r->downtime_ms);
	case SENT:
		return (double)r->transferred_bytes;
	default:
		return NAN;
	}
}

/* --- the table ---------------------------------------------------------------------- */
struct selection {
	const char *kind;		/* of trace */
	const struct ws_guest *only;	/* NULL: all of them */
	int link;
};

static bool is_in(const struct ws_guests *g, const struct ws_outcome *o, const struct selection *s,
		  size_t i)
{
	return o[i].played[s->link] && !strcmp(g->v[i].trace.ops->name, s->kind) &&
	       (!s->only || s->only == &g->v[i]);
}

/* Medians of those that ended. */
static double median(const struct ws_guests *g, const struct ws_outcome *o,
		     const struct selection *s, size_t sender, enum figure f, struct spread *spread)
{
	spread_clear(spread);
	for (size_t i = 0; i < g->n; i++)
		if (is_in(g, o, s, i) && ended(&o[i].by[s->link][sender]))
			spread_add(spread, figure_of(&o[i].by[s->link][sender], f), g->v[i].name);
	return spread_of_errors(spread).p50;
}

/* What @sender saves of @other's, as a share. */
static struct spread_figures saving(const struct ws_guests *g, const struct ws_outcome *o,
				    const struct selection *s, size_t sender, size_t other,
				    enum figure f, struct spread *spread)
{
	spread_clear(spread);
	for (size_t i = 0; i < g->n; i++) {
		const struct mt_sim_result *ours = &o[i].by[s->link][sender],
					   *theirs = &o[i].by[s->link][other];

		if (is_in(g, o, s, i) && ended(ours) && ended(theirs))
			spread_add(spread, 1 - figure_of(ours, f) / figure_of(theirs, f),
				   g->v[i].name);
	}
	return spread_of_shares(spread);
}

static size_t count_ended(const struct ws_guests *g, const struct ws_outcome *o,
			  const struct selection *s, size_t sender, size_t *n)
{
	size_t count = 0;

	*n = 0;
	for (size_t i = 0; i < g->n; i++) {
		*n += is_in(g, o, s, i);
		count += is_in(g, o, s, i) && ended(&o[i].by[s->link][sender]);
	}
	return count;
}

static int add_row(struct mt_table *t, const struct ws_guests *g, const struct ws_outcome *o,
		   const struct selection *s, size_t sender, const char *other,
		   struct spread *spread)
{
	struct spread_figures f[FIGURES];
	size_t n, done = count_ended(g, o, s, sender, &n);

	if (!n || !strcmp(ws_senders[sender].name, other))
		return 0;
	for (int k = 0; k < FIGURES; k++)
		f[k] = saving(g, o, s, sender, sender_at(other), (enum figure)k, spread);
	return mt_table_row(t, (struct mt_cell[]){
				       MT_STR(ws_senders[sender].name),
				       MT_STR(link_names[s->link]),
				       MT_STR(s->kind),
				       MT_STR(s->only ? s->only->name : "all"),
				       MT_UINT(n),
				       MT_UINT(done),
				       ws_rounded(median(g, o, s, sender, TOTAL, spread)),
				       ws_rounded(median(g, o, s, sender, DOWNTIME, spread)),
				       ws_rounded(median(g, o, s, sender, STALL, spread)),
				       ws_rounded(median(g, o, s, sender, SENT, spread)),
				       MT_STR(other),
				       MT_UINT(f[TOTAL].n),
				       ws_rounded(f[TOTAL].mean),
				       ws_rounded(f[TOTAL].low),
				       ws_rounded(f[TOTAL].high),
				       ws_rounded(f[PRECOPY].mean),
				       ws_rounded(f[PRECOPY].low),
				       ws_rounded(f[PRECOPY].high),
				       ws_rounded(f[DOWNTIME].mean),
				       ws_rounded(f[DOWNTIME].low),
				       ws_rounded(f[DOWNTIME].high),
				       ws_rounded(f[STALL].mean),
				       ws_rounded(f[STALL].low),
				       ws_rounded(f[STALL].high),
				       ws_rounded(f[SENT].mean),
				       ws_rounded(f[SENT].low),
				       ws_rounded(f[SENT].high),
			       });
}

static int add_rows(struct mt_table *t, const struct ws_guests *g, const void *outcomes,
		    const char *kind, const struct ws_guest *only, struct spread *spread)
{
	const struct ws_outcome *o = outcomes;
	int rc = 0;

	for (int link = 0; link < WS_LINKS; link++) {
		const struct selection s = { kind, only, link };

		for (size_t a = 0; a < AGAINST; a++)
			for (size_t i = 0; i < WS_SENDERS && !rc; i++)
				rc = add_row(t, g, o, &s, i, against[a], spread);
	}
	return rc;
}

static int migrate(void *outcome, struct ws_guest *g)
{
	return ws_migrate_all(outcome, g);
}

static const struct mt_column columns[] = {
	{ "sender", "sender" },
	{ "link", "link" },
	{ "trace", "trace" },
	{ "workload", "workload" },
	{ "n", "n" },
	{ "ended", "ended" },
	{ "total_ms", "total", MT_SHOW_DURATION_MS },
	{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
	{ "longest_stall_ms", "stall", MT_SHOW_DURATION_MS },
	{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES },
	{ "against", "against" },
	{ "both", "both" },
	{ "total_saved", "total saved" },
	{ "total_low", "low" },
	{ "total_high", "high" },
	{ "precopy_saved", "pre-copy saved" },
	{ "precopy_low", "low" },
	{ "precopy_high", "high" },
	{ "downtime_saved", "downtime saved" },
	{ "downtime_low", "low" },
	{ "downtime_high", "high" },
	{ "stall_saved", "stall saved" },
	{ "stall_low", NULL },
	{ "stall_high", NULL },
	{ "transferred_saved", "sent saved" },
	{ "transferred_low", NULL },
	{ "transferred_high", NULL },
};

int ws_ordering(char **args, size_t n, enum mt_format format, bool by_workload)
{
	static const struct ws_measure measure = {
		.about = "orders", .outcome_bytes = sizeof(struct ws_outcome),
		.one = migrate, .add_rows = add_rows,
		.columns = columns, .n_columns = MT_ARRAY_SIZE(columns),
	};

	return ws_measure(&measure, args, n, format, by_workload);
}
