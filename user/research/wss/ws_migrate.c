// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ws_migrate.c - one guest migrated by each sender, over each link
 */
#include "cli/cmd.h"
#include "research/check/check.h"
#include "ws_migrate.h"

#define WATCHED_MS 10000
/* A migration is given up that takes longer than so many times as its memory. */
#define CAP_TIMES   4
#define CAP_MORE_MS 5000

/* MLLM's wide-area network: 100 Mbit/s, 50 ms there and back. */
#define WAN_BYTES_PER_S 12.5e6
#define WAN_RTT_MS	50

const struct ws_sender ws_senders[WS_SENDERS] = {
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

static void set_link(struct mt_sim_params *p, const struct ws_guest *guest, int link)
{
	if (link == WS_WAN) {
		p->host.link_bytes_per_s = WAN_BYTES_PER_S * CHECK_PAYLOAD_SHARE;
		p->host.rtt_ms = WAN_RTT_MS;
	} else {
		p->host.link_bytes_per_s = guest->bandwidth_bytes_per_s;
	}
	p->cap_ms =
		CAP_MORE_MS + CAP_TIMES * 1e3 * (double)p->memory_bytes / p->host.link_bytes_per_s;
}

/* As the trace says. */
static uint64_t resident_bytes(const struct ws_guest *guest)
{
	uint64_t pages = guest->memory_bytes / MT_TRACE_PAGE_BYTES, end = guest->trace.resident_end;

	return ((end < pages ? end : pages) - guest->trace.resident_first) * MT_TRACE_PAGE_BYTES;
}

static int migrate(struct mt_sim_result *r, struct ws_guest *guest, int link,
		   const struct ws_sender *sender)
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

int ws_migrate_all(struct ws_outcome *o, struct ws_guest *guest)
{
	int rc = 0;

	for (int link = 0; link < WS_LINKS; link++) {
		o->played[link] = link == WS_WAN || guest->bandwidth_bytes_per_s > 0;
		for (size_t i = 0; i < WS_SENDERS && o->played[link] && !rc; i++)
			rc = migrate(&o->by[link][i], guest, link, &ws_senders[i]);
	}
	return rc;
}
