// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * diskmove.c - a disk that moves with its guest, by plain copying or by its working sets (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "bits.h"
#include "diskmove.h"
#include "scatter.h"
#include "wss/extents.h"

#define SLOT_S		0.1
#define SLOTS_A_SECOND	10
#define SLOTS_LOG2	16		/* of the counters */
/*
 * Inferred: reads that the read working set has; and how much of a disk may be left when memory
 * begins: what the link carries in a second.
 */
#define READ_SET_READS	0.95
#define LEFT_S		1.0

struct move {
	const struct mt_diskmove *p;
	struct mt_diskmove_result *r;
	struct mt_rng rng;
	struct mt_scatter scatter;	/* read set first, write set behind it */
	struct mt_extents *heat;
	struct mt_bits todo;		/* not there as it is here */
	uint64_t n_todo;
	double todo_bytes;
	uint16_t *rewritten;		/* of each: requests since it was sent; 0: never sent */
	uint32_t *order;
	size_t next;			/* in it */
	double now_s, owed_reads, owed_writes;
	double budget_bytes;		/* of this slot */
	double memory_left;
	bool there;			/* the guest is */
};

/* --- the guest ----------------------------------------------------------- */
static uint64_t read_extent(struct move *m)
{
	double share = m->p->read_set_share;
	uint64_t hot = (uint64_t)fmax(1, share * (double)m->p->extents);

	if (mt_rng_unit(&m->rng) < m->p->read_set_reads)
		return mt_scatter_page(&m->scatter, mt_rng_below(&m->rng, hot));
	return mt_rng_below(&m->rng, m->p->extents);
}

/* From the other end of the same order. */
static uint64_t written_extent(struct move *m)
{
	uint64_t set = (uint64_t)fmax(1, m->p->write_set_share * (double)m->p->extents);

	return mt_scatter_page(&m->scatter,
			       m->p->extents - 1 - mt_rng_below(&m->rng, set));
}

/* What goes of it: what was written since, if it is there otherwise. */
static double bytes_of(const struct move *m, uint64_t extent)
{
	if (!m->rewritten[extent])
		return MT_EXTENT_BYTES;
	return fmin(MT_EXTENT_BYTES, m->rewritten[extent] * m->p->request_bytes);
}

static void send(struct move *m, uint64_t extent)
{
	double bytes = bytes_of(m, extent);

	mt_bits_clear(&m->todo, extent);
	m->n_todo--;
	m->todo_bytes -= bytes;
	m->r->sent_bytes += bytes;
	m->budget_bytes -= bytes;
	m->rewritten[extent] = 0;
}

/* Before the guest is there. */
static void rewrite(struct move *m, uint64_t extent)
{
	double before = bytes_of(m, extent);

	if (!mt_bits_has(&m->todo, extent)) {
		mt_bits_set(&m->todo, extent);
		m->n_todo++;
		m->rewritten[extent] = 1;
		m->todo_bytes += bytes_of(m, extent);
	} else if (m->rewritten[extent] && m->rewritten[extent] < UINT16_MAX) {
		m->rewritten[extent]++;
		m->todo_bytes += bytes_of(m, extent) - before;
	}
}

/* @queue_ms: what was asked for before, in this slot. */
static void pull(struct move *m, uint64_t extent, double *queue_ms)
{
	double wait_ms;

	*queue_ms += bytes_of(m, extent) / m->p->link_bytes_per_s * 1e3;
	wait_ms = m->p->rtt_ms + *queue_ms;
	m->r->waits++;
	m->r->waited_ms += wait_ms;
	m->r->longest_wait_ms = fmax(m->r->longest_wait_ms, wait_ms);
	send(m, extent);
}

static void request(struct move *m, uint64_t extent, bool write, double *queue_ms)
{
	mt_extents_request(m->heat, 0, extent * MT_EXTENT_BYTES, (uint64_t)m->p->request_bytes,
			   write);
	if (m->there) {
		if (!write && mt_bits_has(&m->todo, extent))
			pull(m, extent, queue_ms);
	} else if (write) {
		rewrite(m, extent);
	}
}

static void guest_slot(struct move *m)
{
	double queue_ms = 0;

	m->owed_reads += m->p->reads_per_s * SLOT_S;
	m->owed_writes += m->p->writes_per_s * SLOT_S;
	for (; m->owed_reads >= 1; m->owed_reads--)
		request(m, read_extent(m), false, &queue_ms);
	for (; m->owed_writes >= 1; m->owed_writes--)
		request(m, written_extent(m), true, &queue_ms);
}

/* After each second of them, the counters decay. */
static void slot(struct move *m)
{
	m->budget_bytes += m->p->link_bytes_per_s * SLOT_S;
	guest_slot(m);
	m->now_s += SLOT_S;
	if (llround(m->now_s / SLOT_S) % SLOTS_A_SECOND == 0)
		mt_extents_pass(m->heat, 1);
}

static bool over(const struct move *m)
{
	return m->now_s >= m->p->cap_s;
}

/* --- sending ------------------------------------------------------------- */
/* Extents of the order up to @end, round and round if @again; within the budget. */
static void send_extents(struct move *m, size_t end, bool again)
{
	while (m->budget_bytes > 0 && m->n_todo) {
		if (m->next >= end) {
			if (!again)
				return;
			m->next = 0;
		}
		if (mt_bits_has(&m->todo, m->order[m->next]))
			send(m, m->order[m->next]);
		m->next++;
	}
}

static void send_memory(struct move *m)
{
	double bytes = fmin(fmax(m->budget_bytes, 0), m->memory_left);

	m->memory_left -= bytes;
	m->budget_bytes -= bytes;
	m->r->sent_bytes += bytes;
}

/* A link that had nothing to carry does not carry it later. */
static void end_slot(struct move *m)
{
	m->budget_bytes = fmin(m->budget_bytes, 0);
}

static double link_ms(const struct move *m, double bytes)
{
	return bytes / m->p->link_bytes_per_s * 1e3;
}

static void switched(struct move *m, double downtime_ms)
{
	m->r->downtime_ms = downtime_ms;
	m->now_s += downtime_ms / 1e3;
	m->r->switch_ms = m->now_s * 1e3;
	m->there = true;
}

static void move_plain(struct move *m)
{
	double left = m->p->link_bytes_per_s * LEFT_S;
	bool memory = false;

	while ((m->memory_left > 0 || m->todo_bytes > left) && !over(m)) {
		slot(m);
		send_extents(m, m->p->extents, true);
		memory = memory || m->todo_bytes <= left;
		if (memory)
			send_memory(m);
		end_slot(m);
	}
	m->r->sent_bytes += m->todo_bytes;
	switched(m, m->p->stop_ms + link_ms(m, m->todo_bytes));
}

static void move_ordered(struct move *m)
{
	size_t first = m->r->read_set;

	while (m->next < first && !over(m)) {
		slot(m);
		send_extents(m, first, false);
		end_slot(m);
	}
	while (m->memory_left > 0 && !over(m)) {
		slot(m);
		send_memory(m);
		end_slot(m);
	}
	switched(m, m->p->stop_ms + m->p->rtt_ms);
	m->next = first;	/* and round, to what was written of the first ones */
	while (m->n_todo && !over(m)) {
		slot(m);
		send_extents(m, m->p->extents, true);
		end_slot(m);
	}
}

/* --- all of it ----------------------------------------------------------- */
static int init(struct move *m)
{
	const struct mt_diskmove *p = m->p;

	if (p->extents < 2 || p->extents > 1ULL << 31 || !(p->link_bytes_per_s > 0) ||
	    !(p->cap_s > 0))
		return -EINVAL;
	mt_scatter_init(&m->scatter, p->extents, 0);
	m->heat = mt_extents_new(SLOTS_LOG2, MT_EXTENTS_KEPT);
	m->order = calloc(p->extents, sizeof(*m->order));
	m->rewritten = calloc(p->extents, sizeof(*m->rewritten));
	if (!m->heat || !m->order || !m->rewritten || mt_bits_init(&m->todo, p->extents))
		return -ENOMEM;
	for (size_t i = 0; i < p->extents; i++)
		m->order[i] = (uint32_t)i;
	return 0;
}

static int watch(struct move *m)
{
	long read;

	mt_bits_fill(&m->todo, 0, m->p->extents);
	m->n_todo = m->p->extents;
	m->todo_bytes = (double)m->p->extents * MT_EXTENT_BYTES;
	while (m->now_s < m->p->watched_s)
		slot(m);
	m->now_s = m->budget_bytes = 0;
	if (!m->p->ordered)
		return 0;
	read = mt_extents_order(m->heat, 0, m->order, m->p->extents);
	if (read < 0)
		return (int)read;
	m->r->read_set =
		mt_extents_read_set(m->heat, 0, m->order, (size_t)read, READ_SET_READS);
	return 0;
}

int mt_diskmove(const struct mt_diskmove *p, struct mt_diskmove_result *r)
{
	struct move m = { .p = p, .r = r, .rng = { p->seed }, .memory_left = p->memory_bytes };
	int rc = init(&m);

	memset(r, 0, sizeof(*r));
	if (!rc)
		rc = watch(&m);
	if (!rc) {
		(p->ordered ? move_ordered : move_plain)(&m);
		r->total_ms = m.now_s * 1e3;
		r->ended = !over(&m);
	}
	mt_extents_free(m.heat);
	free(m.order);
	free(m.rewritten);
	mt_bits_fini(&m.todo);
	return rc;
}
