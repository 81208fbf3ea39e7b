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
#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/cmd.h"
#include "research/check/check.h"
#include "research/spread.h"
#include "working_set.h"

#define WATCHED_MS	10000
/* A migration is given up that takes longer than so many times as its memory. */
#define CAP_TIMES	4
#define CAP_MORE_MS	5000

/* MLLM's wide-area network: 100 Mbit/s, 50 ms there and back. */
#define WAN_BYTES_PER_S	12.5e6
#define WAN_RTT_MS	50

enum { CAMPAIGN_LINK, WAN, LINKS };
static const char *const link_names[LINKS] = { "campaign", "wan" };

static const struct sender {
	const char *name;
	enum mt_sim_sender sender;
	bool postcopy, ranked;
	enum mt_wss_kind by;
	bool idle;			/* the guest stops writing: no order can be quicker */
	double limit_ms;		/* of the downtime; 0: QEMU's default */
} senders[] = {
	{ "qemu", MT_SIM_SENDER_QEMU },
	{ "xen", MT_SIM_SENDER_XEN },
	{ "qemu-hybrid", MT_SIM_SENDER_QEMU, .postcopy = true },
	{ "once", MT_SIM_SENDER_ORDERED, .idle = true },
	{ "address", MT_SIM_SENDER_ORDERED },
	{ "count", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_COUNT },
	{ "decayed", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_DECAYED },
	{ "improved", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_IMPROVED },
	{ "two-level", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_TWO_LEVEL },
	{ "hmm", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_HMM },
	{ "count-handed", MT_SIM_SENDER_ORDERED, true, true, MT_WSS_COUNT },
	{ "improved-handed", MT_SIM_SENDER_ORDERED, true, true, MT_WSS_IMPROVED },
	{ "improved-100ms", MT_SIM_SENDER_ORDERED, false, true, MT_WSS_IMPROVED, .limit_ms = 100 },
	/* no pause is short enough: as soon as nothing but hot pages is left */
	{ "improved-flip", MT_SIM_SENDER_ORDERED, true, true, MT_WSS_IMPROVED, .limit_ms = 1e-3 },
};
#define SENDERS	MT_ARRAY_SIZE(senders)

/* What each is compared with. */
static const char *const against[] = { "qemu", "xen", "address", "count" };
#define AGAINST	MT_ARRAY_SIZE(against)

struct outcome {
	struct mt_sim_result by[LINKS][SENDERS];
	bool played[LINKS];
};

static size_t sender_at(const char *name)
{
	size_t i = 0;

	while (strcmp(senders[i].name, name))
		i++;
	return i;
}

/* --- migrations ------------------------------------------------------------------- */
static void set_link(struct mt_sim_params *p, const struct ws_guest *guest, int link)
{
	if (link == WAN) {
		p->host.link_bytes_per_s = WAN_BYTES_PER_S * CHECK_PAYLOAD_SHARE;
		p->host.rtt_ms = WAN_RTT_MS;
	} else {
		p->host.link_bytes_per_s = guest->bandwidth_bytes_per_s;
	}
	p->cap_ms = CAP_MORE_MS +
		    CAP_TIMES * 1e3 * (double)p->memory_bytes / p->host.link_bytes_per_s;
}

/* As the trace says. */
static uint64_t resident_bytes(const struct ws_guest *guest)
{
	uint64_t pages = guest->memory_bytes / MT_TRACE_PAGE_BYTES, end = guest->trace.resident_end;

	return ((end < pages ? end : pages) - guest->trace.resident_first) * MT_TRACE_PAGE_BYTES;
}

static int migrate(struct mt_sim_result *r, struct ws_guest *guest, int link,
		   const struct sender *sender)
{
	struct mt_sim_params p;
	struct mt_err err = { 0 };
	int rc;

	mt_sim_defaults(&p);
	p.memory_bytes = guest->memory_bytes;
	p.resident_bytes = guest->resident_bytes;
	p.log = MT_SIM_LOG_RING;
	p.sender = sender->sender;
	p.watched_ms = WATCHED_MS;
	p.order.ranked = sender->ranked;
	p.order.by = sender->by;
	p.look_ms = 0;
	if (sender->limit_ms > 0)
		p.downtime_limit_ms = sender->limit_ms;
	if (sender->postcopy)
		p.method = *mt_method_at(MT_METHOD_HYBRID);
	set_link(&p, guest, link);
	rc = mt_sim_check(&p, &err);
	if (rc) {
		cmd_fail(&err);
		return rc;
	}
	if (sender->idle && !p.resident_bytes)
		p.resident_bytes = resident_bytes(guest);
	return mt_sim_run(&p, sender->idle ? NULL : &guest->trace, NULL, r);
}

static int migrate_all(struct outcome *o, struct ws_guest *guest)
{
	int rc = 0;

	for (int link = 0; link < LINKS; link++) {
		o->played[link] = link == WAN || guest->bandwidth_bytes_per_s > 0;
		for (size_t i = 0; i < SENDERS && o->played[link] && !rc; i++)
			rc = migrate(&o->by[link][i], guest, link, &senders[i]);
	}
	return rc;
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
static struct mt_cell rounded(double v)
{
	return isfinite(v) ? MT_DOUBLE(round(v * 1e4) / 1e4) : MT_NONE;
}

struct selection {
	const char *kind;		/* of trace */
	const struct ws_guest *only;	/* NULL: all of them */
	int link;
};

static bool is_in(const struct ws_guests *g, const struct outcome *o, const struct selection *s,
		  size_t i)
{
	return o[i].played[s->link] && !strcmp(g->v[i].trace.ops->name, s->kind) &&
	       (!s->only || s->only == &g->v[i]);
}

/* Medians of those that ended. */
static double median(const struct ws_guests *g, const struct outcome *o, const struct selection *s,
		     size_t sender, enum figure f, struct spread *spread)
{
	spread_clear(spread);
	for (size_t i = 0; i < g->n; i++)
		if (is_in(g, o, s, i) && ended(&o[i].by[s->link][sender]))
			spread_add(spread, figure_of(&o[i].by[s->link][sender], f), g->v[i].name);
	return spread_of_errors(spread).p50;
}

/* What @sender saves of @other's, as a share. */
static struct spread_figures saving(const struct ws_guests *g, const struct outcome *o,
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

static size_t count_ended(const struct ws_guests *g, const struct outcome *o,
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

static int add_row(struct mt_table *t, const struct ws_guests *g, const struct outcome *o,
		   const struct selection *s, size_t sender, const char *other,
		   struct spread *spread)
{
	struct spread_figures f[FIGURES];
	size_t n, done = count_ended(g, o, s, sender, &n);

	if (!n || !strcmp(senders[sender].name, other))
		return 0;
	for (int k = 0; k < FIGURES; k++)
		f[k] = saving(g, o, s, sender, sender_at(other), (enum figure)k, spread);
	return mt_table_row(
		t, (struct mt_cell[]){
			   MT_STR(senders[sender].name), MT_STR(link_names[s->link]),
			   MT_STR(s->kind), MT_STR(s->only ? s->only->name : "all"), MT_UINT(n),
			   MT_UINT(done),
			   rounded(median(g, o, s, sender, TOTAL, spread)),
			   rounded(median(g, o, s, sender, DOWNTIME, spread)),
			   rounded(median(g, o, s, sender, STALL, spread)),
			   rounded(median(g, o, s, sender, SENT, spread)), MT_STR(other),
			   MT_UINT(f[TOTAL].n), rounded(f[TOTAL].mean), rounded(f[TOTAL].low),
			   rounded(f[TOTAL].high), rounded(f[PRECOPY].mean),
			   rounded(f[PRECOPY].low), rounded(f[PRECOPY].high),
			   rounded(f[DOWNTIME].mean), rounded(f[DOWNTIME].low),
			   rounded(f[DOWNTIME].high), rounded(f[STALL].mean),
			   rounded(f[STALL].low), rounded(f[STALL].high), rounded(f[SENT].mean),
			   rounded(f[SENT].low), rounded(f[SENT].high),
		   });
}

static int add_rows(struct mt_table *t, const struct ws_guests *g, const struct outcome *o,
		    const char *kind, const struct ws_guest *only, struct spread *spread)
{
	int rc = 0;

	for (int link = 0; link < LINKS; link++) {
		const struct selection s = { kind, only, link };

		for (size_t a = 0; a < AGAINST; a++)
			for (size_t i = 0; i < SENDERS && !rc; i++)
				rc = add_row(t, g, o, &s, i, against[a], spread);
	}
	return rc;
}

static int fill(struct mt_table *t, const struct ws_guests *g, const struct outcome *o,
		bool by_workload)
{
	static const char *const kinds[] = { "recorded", "pattern", "fitted" };
	autospread spread;
	int rc = spread_init(&spread, g->n);

	for (size_t k = 0; k < MT_ARRAY_SIZE(kinds) && !rc; k++)
		rc = add_rows(t, g, o, kinds[k], NULL, &spread);
	for (size_t i = 0; i < g->n && by_workload && !rc; i++)
		rc = add_rows(t, g, o, g->v[i].trace.ops->name, &g->v[i], &spread);
	return rc;
}

static int print(const struct ws_guests *g, const struct outcome *o, enum mt_format format,
		 bool by_workload)
{
	static const struct mt_column columns[] = {
		{ "sender", "sender" }, { "link", "link" }, { "trace", "trace" },
		{ "workload", "workload" }, { "n", "n" }, { "ended", "ended" },
		{ "total_ms", "total", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
		{ "longest_stall_ms", "stall", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES }, { "against", "against" },
		{ "both", "both" }, { "total_saved", "total saved" }, { "total_low", "low" },
		{ "total_high", "high" }, { "precopy_saved", "pre-copy saved" },
		{ "precopy_low", "low" }, { "precopy_high", "high" },
		{ "downtime_saved", "downtime saved" }, { "downtime_low", "low" },
		{ "downtime_high", "high" }, { "stall_saved", "stall saved" },
		{ "stall_low", NULL }, { "stall_high", NULL },
		{ "transferred_saved", "sent saved" },
		{ "transferred_low", NULL }, { "transferred_high", NULL },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc, finished;

	if (!t)
		return -ENOMEM;
	rc = fill(t, g, o, by_workload);
	finished = mt_table_finish(t);
	return rc ? rc : finished;
}

int ws_ordering(char **args, size_t n, enum mt_format format, bool by_workload)
{
	struct ws_guests g;
	int status = ws_guests_load(&g, args, n), rc = 0;
	struct outcome *o = status == CMD_OK ? calloc(g.n, sizeof(*o)) : NULL;

	if (status == CMD_OK && !o)
		rc = -ENOMEM;
	for (size_t i = 0; o && i < g.n && !rc; i++)
		rc = migrate_all(&o[i], &g.v[i]);
	if (o && !rc)
		rc = print(&g, o, format, by_workload);
	free(o);
	ws_guests_fini(&g);
	if (rc && !ferror(stdout))
		cmd_warn("orders: %s", strerror(-rc));
	return rc ? CMD_FAILED : status;
}
