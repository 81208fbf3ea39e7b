// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * restart.c - a migration that is cancelled, and begun again with another method (PURE)
 *
 * The guest goes on from where it is; all that QEMU knew of its memory is forgotten.
 */
#include <string.h>

#include "state.h"

/*
 * Measured (QEMU 7.2, libvirt 9.0): 1.7 s until the call that was cancelled came back, 0.5 s until
 * the next was under way.
 */
#define CANCEL_MS	2200

/* What was written since is no longer zero; the rest of the memory's state begins again. */
static int memory_again(struct sim *s)
{
	struct mt_bits zero = s->zero;
	int rc;

	memset(&s->zero, 0, sizeof(s->zero));
	sim_memory_fini(s);
	s->dirty = s->log = s->synced = s->pending = s->zero;
	s->writes = NULL;
	rc = sim_memory_init(s);
	mt_bits_fini(&s->zero);
	s->zero = zero;
	return rc;
}

struct mt_sim_params *sim_own_params(struct sim *s)
{
	if (s->p != &s->params)
		s->params = *s->p;
	s->p = &s->params;
	return &s->params;
}

static void set_method(struct sim *s)
{
	const struct mt_method_row *row = mt_method_at(s->how.method);

	struct mt_sim_params *own = sim_own_params(s);

	own->throttle_max_percent = s->given->throttle_max_percent;
	own->method.name = row->name;
	own->method.auto_converge |= row->auto_converge;
	own->method.xbzrle |= row->xbzrle;
	own->method.compression |= row->compression;
	if (row->channels)
		own->method.channels = row->channels;
	if (row->auto_converge && s->how.throttle_percent)
		own->throttle_initial_percent = own->throttle_max_percent = s->how.throttle_percent;
}

int sim_restart(struct sim *s)
{
	const struct mt_sim_host *host;
	int rc;

	sim_throttle_set(s, 0);
	s->now_ns += CANCEL_MS * NS_PER_MS;
	sim_advance(s);
	set_method(s);
	host = &s->p->host;
	rc = memory_again(s);
	xbzrle_free(s->cache);
	s->cache = NULL;
	if (!rc && s->p->method.xbzrle)
		rc = xbzrle_new(&s->cache, s->p->xbzrle_cache_bytes);
	s->link = (struct sim_link){
		.bytes_per_ns = host->link_bytes_per_s / 1e9,
		.here_bytes = host->buffer_bytes * (1 + s->p->method.channels),
		.there_bytes = host->there_buffer_bytes * (1 + s->p->method.channels),
	};
	s->job_ns = s->now_ns;
	s->job_bytes = s->r->transferred_bytes;
	s->job_normal = s->r->normal_pages;
	s->job_zero = s->r->zero_pages;
	s->at = s->syncs = s->period_dirtied = s->packet_pages = 0;
	s->period_bytes = s->r->transferred_bytes;
	s->xbzrle_on = s->over = s->again = false;
	s->budget_ms = sim_ms(s);
	s->budget_total_bytes = s->total_bytes;
	s->used_bytes = s->threshold_bytes = s->rate_bytes_per_ms = 0;
	s->dirty_rate = s->expected_ms = 0;
	s->rate_high = 0;
	s->limit_ms = s->p->downtime_limit_ms;
	s->limit_bytes = s->p->bandwidth_bytes_per_s / 10;
	s->flip_ns = s->look_ns = INFINITY;
	s->anew = true;
	s->r->end = MT_SIM_END_COUNT;
	return rc;
}
