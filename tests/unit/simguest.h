/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * simguest.h - a small guest whose pages have versions, and KVM's log taken literally
 *
 * What the simulator's bitmaps are checked against: every write makes a new version of a page,
 * every page sent carries its version over, and at each sync the pages that are dirty again follow
 * from three arrays that hold what the kernel and QEMU hold.
 */
#ifndef SIMGUEST_H
#define SIMGUEST_H

#include "sim/sim.h"
#include "ktap.h"

#define GUEST_PAGES	4096

struct simguest {
	struct mt_sim_params p;
	uint32_t version[GUEST_PAGES], there[GUEST_PAGES];
	unsigned sends[GUEST_PAGES];
	/* the last: by chunk */
	bool dirty[GUEST_PAGES], kvm[GUEST_PAGES], answered[GUEST_PAGES], cleared[GUEST_PAGES];
	bool begun, flipped;		/* flipped: what is written now is written at the
					 * destination */
	unsigned wrong_dirtied;		/* passes whose count differs */
	unsigned stale;			/* accesses at the destination to an old page */
	uint64_t writes, sent, sent_after_flip, first_after_flip;
	struct mt_sim_pass passes[512];
	size_t n_passes;
	struct mt_sim_result r;
};

/* Hosts that take no time for anything but the link. */
static inline void simguest_defaults(struct simguest *g, double link_bytes_per_s)
{
	memset(g, 0, sizeof(*g));
	mt_sim_defaults(&g->p);
	g->p.memory_bytes = GUEST_PAGES * 4096;
	g->p.resident_bytes = g->p.memory_bytes;
	g->p.clear_shift = 9;
	g->p.cap_ms = 20000;
	g->p.downtime_limit_ms = 20;	/* QEMU's 300 would be a third of such a guest */
	g->p.host = (struct mt_sim_host){
		.link_bytes_per_s = link_bytes_per_s, .buffer_bytes = 65536,
		.there_buffer_bytes = 65536, .page_ns = 1, .zero_page_ns = 1,
		.xbzrle_page_ns = 1, .compress_page_ns = 1, .beat_touches = 32,
	};
}

static inline void simguest_sync(struct simguest *g, const struct mt_sim_pass *pass)
{
	bool bitmap = g->p.log == MT_SIM_LOG_BITMAP;
	uint64_t dirtied = 0;

	for (size_t i = 0; i < GUEST_PAGES; i++) {
		dirtied += g->kvm[i] && !g->dirty[i];
		g->dirty[i] |= g->kvm[i];
		g->answered[i] = g->kvm[i];
		if (!bitmap)
			g->kvm[i] = false;
	}
	memset(g->cleared, 0, sizeof(g->cleared));
	if (dirtied != pass->dirtied_pages)
		g->wrong_dirtied++;
}

static inline void simguest_on_pass(void *opaque, const struct mt_sim_pass *pass)
{
	struct simguest *g = opaque;

	if (g->n_passes < 512)
		g->passes[g->n_passes++] = *pass;
	if (g->flipped || pass->dirtied_pages + pass->remaining_pages == 0)
		return;
	simguest_sync(g, pass);
	if (g->p.method.postcopy && pass->n == g->p.method.flip_after_passes + 1)
		g->flipped = true;
}

/* Everything is dirty and logged as a migration begins. */
static inline void simguest_begin(struct simguest *g)
{
	for (size_t i = 0; i < GUEST_PAGES && !g->begun; i++)
		g->dirty[i] = g->kvm[i] = g->answered[i] = true;
	if (g->p.log == MT_SIM_LOG_RING && !g->begun)
		memset(g->kvm, 0, sizeof(g->kvm));
	g->begun = true;
}

static inline void simguest_on_sent(void *opaque, uint64_t page)
{
	struct simguest *g = opaque;
	uint64_t chunk = page >> g->p.clear_shift, first = chunk << g->p.clear_shift;

	simguest_begin(g);
	if (g->p.log == MT_SIM_LOG_BITMAP && !g->cleared[chunk])
		for (uint64_t i = first; i < first + (1ULL << g->p.clear_shift) && i < GUEST_PAGES;
		     i++)
			if (g->answered[i])
				g->kvm[i] = false;
	g->cleared[chunk] = true;
	g->there[page] = g->version[page];
	g->dirty[page] = false;
	g->sends[page]++;
	g->sent++;
	if (g->flipped && !g->sent_after_flip++)
		g->first_after_flip = page;
}

static inline void simguest_on_written(void *opaque, uint64_t page)
{
	struct simguest *g = opaque;

	g->writes++;
	if (g->flipped) {
		g->stale += g->there[page] != g->version[page];
		g->there[page]++;
		g->version[page]++;
		return;
	}
	g->version[page]++;
	g->kvm[page] = true;
}

static inline int simguest_run(struct simguest *g, struct mt_trace *trace)
{
	const struct mt_sim_hooks hooks = {
		.opaque = g, .pass = simguest_on_pass, .sent = simguest_on_sent,
		.written = simguest_on_written,
	};
	struct mt_err err = { 0 };

	if (mt_sim_check(&g->p, &err)) {
		printf("# %s\n", err.msg);
		return -1;
	}
	return mt_sim_run(&g->p, trace, &hooks, &g->r);
}

/* Pages of which the destination has another version than the source. */
static inline unsigned simguest_different(const struct simguest *g)
{
	unsigned n = 0;

	for (size_t i = 0; i < GUEST_PAGES; i++)
		n += g->version[i] != g->there[i];
	return n;
}

#endif
