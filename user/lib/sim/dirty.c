// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * dirty.c - when a write counts: the log, its syncs and its clears (PURE)
 *
 * QEMU's bitmap of what is to be sent grows at syncs only (migration_bitmap_sync(),
 * migration/ram.c). With KVM's bitmap a sync reads the log and leaves it as it is; the pages it
 * answered with are cleared in the log, and trap again, when the first page of their chunk
 * (clear-bitmap, 1 GiB) is sent: migration_clear_memory_region_dirty_bitmap(),
 * kvm_log_clear_one_slot() (accel/kvm/kvm-all.c). What was written in between to a page that the
 * sync did not name stays in the log. So a page's window runs from its chunk's clear, or from the
 * sync if it was clean then, to the next sync. With rings, and under TCG, a sync clears all that it
 * reads.
 *
 * At the start all pages are to be sent, and KVM's log is all ones (KVM_DIRTY_LOG_INITIALLY_SET):
 * no write counts before its chunk has been cleared.
 */
#include <errno.h>

#include "state.h"

static uint64_t sync_word(struct sim *s, size_t word)
{
	uint64_t log = s->log.words[word], old = s->dirty.words[word];

	mt_bits_put_word(&s->log, word, 0);
	if (s->p->log == MT_SIM_LOG_BITMAP)
		mt_bits_put_word(&s->synced, word, s->synced.words[word] | log);
	if (log & ~old)
		mt_bits_put_word(&s->dirty, word, old | log);
	return (uint64_t)__builtin_popcountll(log & ~old);
}

uint64_t sim_read_log(struct sim *s)
{
	uint64_t dirtied = 0;

	for (size_t w = mt_bits_next_word(&s->log, 0, s->log.n_words); w != MT_BITS_NONE;
	     w = mt_bits_next_word(&s->log, w + 1, s->log.n_words))
		dirtied += sync_word(s, w);
	if (s->p->log == MT_SIM_LOG_BITMAP)
		mt_bits_fill(&s->pending, 0, s->pending.n);
	return dirtied;
}

void sim_sync(struct sim *s)
{
	uint64_t dirtied, end_ms;

	s->now_ns += s->p->host.sync_ms * NS_PER_MS;
	sim_advance(s);
	if (!s->syncs++)
		s->period_ms = sim_ms(s);
	dirtied = sim_read_log(s);
	s->dirty_pages += dirtied;
	s->period_dirtied += dirtied;
	end_ms = sim_ms(s);
	if (end_ms > s->period_ms + 1000) {
		sim_throttle(s);
		s->dirty_rate = (double)s->period_dirtied * 1e3 / (double)(end_ms - s->period_ms);
		s->period_ms = end_ms;
		s->period_dirtied = 0;
		s->period_bytes = s->r->transferred_bytes;
	}
	if (s->syncs > 1)
		sim_pass_end(s, dirtied);
	sim_sample(s, true);
}

void sim_clear_chunk(struct sim *s, size_t chunk)
{
	size_t first = (size_t)chunk << (s->p->clear_shift - 6),
	       end = first + ((size_t)1 << (s->p->clear_shift - 6));

	mt_bits_clear(&s->pending, chunk);
	sim_advance(s);
	for (size_t w = mt_bits_next_word(&s->synced, first, end); w != MT_BITS_NONE;
	     w = mt_bits_next_word(&s->synced, w + 1, end)) {
		if (s->log.words[w])
			mt_bits_put_word(&s->log, w, s->log.words[w] & ~s->synced.words[w]);
		mt_bits_put_word(&s->synced, w, 0);
	}
}

int sim_memory_init(struct sim *s)
{
	uint64_t chunk_pages = 1ULL << s->p->clear_shift;
	bool bitmap = s->p->log == MT_SIM_LOG_BITMAP;

	if (mt_bits_init(&s->dirty, s->pages) || mt_bits_init(&s->log, s->pages) ||
	    mt_bits_init(&s->zero, s->pages) || mt_bits_init(&s->synced, bitmap ? s->pages : 1) ||
	    mt_bits_init(&s->pending, (s->pages + chunk_pages - 1) / chunk_pages))
		return -ENOMEM;
	if (s->p->method.xbzrle) {
		s->writes = calloc(s->pages, 1);
		if (!s->writes)
			return -ENOMEM;
	}
	mt_bits_fill(&s->dirty, 0, s->pages);
	s->dirty_pages = s->pages;
	if (bitmap)
		mt_bits_fill(&s->synced, 0, s->pages);
	mt_bits_fill(&s->zero, 0, s->resident_first);
	mt_bits_fill(&s->zero, s->resident_end, s->pages - s->resident_end);
	return 0;
}

void sim_memory_fini(struct sim *s)
{
	mt_bits_fini(&s->dirty);
	mt_bits_fini(&s->log);
	mt_bits_fini(&s->synced);
	mt_bits_fini(&s->pending);
	mt_bits_fini(&s->zero);
	free(s->writes);
}
