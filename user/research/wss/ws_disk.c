// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_disk.c - what it is worth to send a disk's read working set first, over a wide-area link
 *
 * No campaign has a disk: the loads are made up, of one guest of 512 MiB with a disk of 4 GiB, and
 * how much of the link its writes would take is what they differ in. Each is drawn some times.
 */
#include <math.h>
#include <string.h>

#include "cli/cmd.h"
#include "research/check/check.h"
#include "research/spread.h"
#include "sim/diskmove.h"
#include "working_set.h"

#define SEEDS		10
#define WAN_BYTES_PER_S	(12.5e6 * CHECK_PAYLOAD_SHARE)	/* 100 Mbit/s */

static const struct load {
	const char *name;
	double reads_per_s, writes_per_s, read_set_share, read_set_reads, write_set_share;
} loads[] = {
	/* 64 KiB each: 191 a second are what the link carries */
	{ "archive", 2, 0.1, 0.02, 0.9, 0.01 },
	{ "web", 50, 10, 0.05, 0.99, 0.05 },
	{ "scattered", 20, 10, 0.3, 0.7, 0.3 },
	{ "database", 100, 50, 0.05, 0.99, 0.02 },
	{ "log", 5, 50, 0.02, 0.95, 0.5 },
	{ "busy log", 5, 120, 0.02, 0.95, 0.5 },
};

static struct mt_diskmove move_of(const struct load *load, uint64_t seed, bool ordered)
{
	return (struct mt_diskmove){
		.extents = 4096, .link_bytes_per_s = WAN_BYTES_PER_S, .rtt_ms = 50,
		.memory_bytes = 512 << 20, .stop_ms = 300, .request_bytes = 65536,
		.reads_per_s = load->reads_per_s, .writes_per_s = load->writes_per_s,
		.read_set_share = load->read_set_share, .read_set_reads = load->read_set_reads,
		.write_set_share = load->write_set_share, .watched_s = 60, .cap_s = 7200,
		.seed = seed, .ordered = ordered,
	};
}

struct sums {
	unsigned ended;
	double total_ms, switch_ms, downtime_ms, sent_bytes, waits, waited_ms, longest_ms;
};

static void add(struct sums *s, const struct mt_diskmove_result *r)
{
	s->ended += r->ended;
	s->total_ms += r->total_ms / SEEDS;
	s->switch_ms += r->switch_ms / SEEDS;
	s->downtime_ms += r->downtime_ms / SEEDS;
	s->sent_bytes += r->sent_bytes / SEEDS;
	s->waits += (double)r->waits / SEEDS;
	s->waited_ms += r->waited_ms / SEEDS;
	s->longest_ms = fmax(s->longest_ms, r->longest_wait_ms);
}

static int add_row(struct mt_table *t, const char *load, const char *sender, const struct sums *s,
		   double total_saved, double downtime_saved)
{
	bool mean = isnan(s->total_ms);

	return mt_table_row(t, (struct mt_cell[]){
				       MT_STR(load), MT_STR(sender),
				       mean ? MT_NONE : MT_UINT(SEEDS),
				       mean ? MT_NONE : MT_UINT(s->ended), ws_rounded(s->total_ms),
				       ws_rounded(s->switch_ms), ws_rounded(s->downtime_ms),
				       ws_rounded(s->sent_bytes), ws_rounded(s->waits),
				       ws_rounded(s->waited_ms), ws_rounded(s->longest_ms),
				       ws_rounded(total_saved), ws_rounded(downtime_saved),
			       });
}

/* Both ways, and what the second saves; what a load saves is noted in @total and @downtime. */
static int add_load(struct mt_table *t, const struct load *load, struct spread *total,
		    struct spread *downtime)
{
	struct sums plain = { 0 }, ordered = { 0 };
	double total_saved, downtime_saved;
	int rc = 0;

	for (uint64_t seed = 1; seed <= SEEDS && !rc; seed++) {
		const struct mt_diskmove a = move_of(load, seed, false),
					 b = move_of(load, seed, true);
		struct mt_diskmove_result r;

		rc = mt_diskmove(&a, &r);
		if (rc)
			break;
		add(&plain, &r);
		rc = mt_diskmove(&b, &r);
		add(&ordered, &r);
	}
	if (rc)
		return rc;
	total_saved = 1 - ordered.total_ms / plain.total_ms;
	downtime_saved = 1 - ordered.downtime_ms / plain.downtime_ms;
	spread_add(total, total_saved, load->name);
	spread_add(downtime, downtime_saved, load->name);
	rc = add_row(t, load->name, "plain", &plain, NAN, NAN);
	return rc ? rc :
		    add_row(t, load->name, "ordered", &ordered, total_saved, downtime_saved);
}

static int fill(struct mt_table *t)
{
	const struct sums none = { 0, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	autospread total, downtime;
	int rc = spread_init(&total, MT_ARRAY_SIZE(loads));
	int rc2 = spread_init(&downtime, MT_ARRAY_SIZE(loads));

	rc = rc ? rc : rc2;
	for (size_t i = 0; i < MT_ARRAY_SIZE(loads) && !rc; i++)
		rc = add_load(t, &loads[i], &total, &downtime);
	return rc ? rc :
		    add_row(t, "mean", "ordered", &none, spread_of_shares(&total).mean,
			    spread_of_shares(&downtime).mean);
}

int ws_disk(enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "load", "load" }, { "sender", "sender" }, { "n", "n" }, { "ended", "ended" },
		{ "total_ms", "total", MT_SHOW_DURATION_MS },
		{ "switch_ms", "guest there", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "downtime", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "sent", MT_SHOW_SIZE_BYTES }, { "waits", "waits" },
		{ "waited_ms", "waited", MT_SHOW_DURATION_MS },
		{ "longest_wait_ms", "longest", MT_SHOW_DURATION_MS },
		{ "total_saved", "total saved" }, { "downtime_saved", "downtime saved" },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc, finished;

	if (!t) {
		cmd_warn("out of memory");
		return CMD_FAILED;
	}
	rc = fill(t);
	finished = mt_table_finish(t);
	if (rc)
		cmd_warn("disks: %s", strerror(-rc));
	return rc || finished ? CMD_FAILED : CMD_OK;
}
