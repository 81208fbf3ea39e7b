/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * migration.h - a live migration played page by page, as the oracle of the unit tests
 *
 * Shares nothing with the models under test: real bitmaps, single writes,
 * single pages sent. It does what QEMU does (migration/migration.c, ram.c):
 * send for 50 ms (MAX_WAIT in ram.c), look after each such step whether what is
 * left is below bandwidth x downtime limit, if so sync the dirty bitmap, and
 * stop the guest if it still is. Guest and link run in slices of 10 ms. Two
 * simplifications: the whole dirty log is cleared at a sync, and the guest
 * writes on as fast while its memory is sent.
 */
#ifndef MIGRATION_H
#define MIGRATION_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/rng.h"
#include "base/units.h"
#include "source/sample.h"

#define MIGRATION_PAGE		4096u
#define MIGRATION_PAGES		16384u	/* of the largest guest: 64 MiB */
#define MIGRATION_HEADER	8u	/* of each page on the wire */
#define MIGRATION_SLICE_MS	10u
#define MIGRATION_STEP_MS	50u	/* MAX_WAIT */
#define MIGRATION_POLL_MS	200u	/* how often a sample is taken between boundaries */
#define MIGRATION_FIXED_MS	60u	/* part of the downtime that is not memory */
#define MIGRATION_START_NS	(5 * MT_NS_PER_S)

/*
 * Each write hits one of the first @hot_pages with probability @hot_share, else any of the first
 * @pages.
 */
struct migration_load {
	uint32_t writes_per_s;
	uint32_t pages;
	uint32_t hot_pages;
	double hot_share;
	bool cyclic;		/* not at random: one page after the other */
};

struct migration_guest {
	const char *name;
	uint32_t pages;
	uint32_t zero_pages;	/* the last ones; never written to, sent as a mark */
	struct migration_load load;
	double later_s;		/* when the second phase begins, 0 = never */
	struct migration_load later;
	enum {
		MIGRATION_ENDS,		/* by QEMU's own rule */
		MIGRATION_NEARLY,	/* it does as well, but at the edge: when is a matter of
					 * chance */
		MIGRATION_STOPPABLE,	/* never, but each boundary stays within 500 ms */
		MIGRATION_ENDLESS	/* nor do they */
	/* over MIGRATION_LINK with a limit of MIGRATION_LIMIT_MS; checked by test_outlook */
	} fate;
};

#define MIGRATION_LINK		(32.0 * MT_MIB)	/* bytes/s: a first pass of 2 s */
#define MIGRATION_LIMIT_MS	300
#define MIGRATION_ALLOWED_MS	500

/* 1 s of the link is 8176 pages, the threshold 2453, a step 409. */
static const struct migration_guest migration_guests[] = {
	{ .name = "idle", .pages = MIGRATION_PAGES },
	{ .name = "mostly zero",
	  .pages = MIGRATION_PAGES,
	  .zero_pages = 8192,
	  .load = { 20, 8000 } },
	{ .name = "read-only", .pages = MIGRATION_PAGES, .load = { 100, MIGRATION_PAGES } },
	{ .name = "uniform, slow", .pages = MIGRATION_PAGES, .load = { 600, MIGRATION_PAGES } },
	{ .name = "uniform, small", .pages = MIGRATION_PAGES, .load = { 3000, 4000 } },
	{ .name = "uniform, 3/4 of the link",
	  .pages = MIGRATION_PAGES,
	  .load = { 6000, MIGRATION_PAGES },
	  .fate = MIGRATION_NEARLY },
	{ .name = "uniform, 1.5 x the link",
	  .pages = MIGRATION_PAGES,
	  .load = { 12000, MIGRATION_PAGES },
	  .fate = MIGRATION_ENDLESS },
	{ .name = "uniform, 2.4 x the link",
	  .pages = MIGRATION_PAGES,
	  .load = { 20000, MIGRATION_PAGES },
	  .fate = MIGRATION_ENDLESS },
	{ .name = "hot set 1 step",
	  .pages = MIGRATION_PAGES,
	  .load = { 10000, MIGRATION_PAGES, 400, 0.98 } },
	{ .name = "hot set 2 steps",
	  .pages = MIGRATION_PAGES,
	  .load = { 20000, MIGRATION_PAGES, 700, 0.99 } },
	{ .name = "hot set 1/2 threshold",
	  .pages = MIGRATION_PAGES,
	  .load = { 20000, MIGRATION_PAGES, 1200, 0.99 } },
	{ .name = "hot set below threshold",
	  .pages = MIGRATION_PAGES,
	  .load = { 40000, MIGRATION_PAGES, 2000, 0.99 },
	  .fate = MIGRATION_NEARLY },
	{ .name = "hot set above threshold",
	  .pages = MIGRATION_PAGES,
	  .load = { 60000, MIGRATION_PAGES, 3200, 0.99 },
	  .fate = MIGRATION_STOPPABLE },
	{ .name = "hot set far above",
	  .pages = MIGRATION_PAGES,
	  .load = { 60000, MIGRATION_PAGES, 6000, 0.99 },
	  .fate = MIGRATION_ENDLESS },
	{ .name = "cyclic, slow",
	  .pages = MIGRATION_PAGES,
	  .load = { 2000, MIGRATION_PAGES, .cyclic = true } },
	{ .name = "cyclic, small",
	  .pages = MIGRATION_PAGES,
	  .load = { 20000, 500, .cyclic = true } },
	{ .name = "cyclic, 1.5 x the link",
	  .pages = MIGRATION_PAGES,
	  .load = { 12000, MIGRATION_PAGES, .cyclic = true },
	  .fate = MIGRATION_ENDLESS },
	{ .name = "calms down",
	  .pages = MIGRATION_PAGES,
	  .load = { 20000, MIGRATION_PAGES },
	  .later_s = 6,
	  .later = { 200, MIGRATION_PAGES } },
	{ .name = "wakes up",
	  .pages = MIGRATION_PAGES,
	  .load = { 1000, MIGRATION_PAGES },
	  .later_s = 1.5,
	  .later = { 20000, MIGRATION_PAGES },
	  .fate = MIGRATION_ENDLESS },
};

#define MIGRATION_GUESTS	(sizeof(migration_guests) / sizeof(migration_guests[0]))

struct migration {
	const struct migration_guest *guest;
	double link_bytes_per_s;
	double limit_ms;
	struct mt_rng rng;
	bool due[MIGRATION_PAGES], log[MIGRATION_PAGES];	/* QEMU's bitmap of pages to send,
								 * KVM's log of pages written to */
	uint32_t due_pages;
	uint32_t scan, cursor;	/* the next page to look at, the next a cyclic guest writes to */
	uint64_t slices, polled_ms;
	double writes_due, send_bytes;
	bool began, looked, ended;	/* looked: at the threshold, after this step */
	uint64_t iteration;
	uint32_t synced_pages;	/* newly set in the bitmap by the last sync: the truth about
				 * "dirtied" */
	uint32_t unsent_pages;	/* still due just before it */
	double synced_ms, left_at_sync_bytes;
	uint64_t transferred_bytes, normal_pages, zero_pages;
	double total_ms, downtime_ms;	/* once it ended */
};

static inline void migration_init(struct migration *m, const struct migration_guest *guest,
				  double link_bytes_per_s, double limit_ms, uint64_t seed)
{
	*m = (struct migration){
		.guest = guest,
		.link_bytes_per_s = link_bytes_per_s,
		.limit_ms = limit_ms,
		.rng = { seed },
		.iteration = 1,
		.due_pages = guest->pages,
	};
	memset(m->due, true, guest->pages * sizeof(bool));
	m->left_at_sync_bytes = (double)guest->pages * MIGRATION_PAGE;
}

static inline double migration_ms(const struct migration *m)
{
	return (double)m->slices * MIGRATION_SLICE_MS;
}

static inline void migration_guest_runs(struct migration *m)
{
	bool later = m->guest->later_s > 0 && migration_ms(m) >= m->guest->later_s * 1e3;
	const struct migration_load *load = later ? &m->guest->later : &m->guest->load;

	m->writes_due += load->writes_per_s * MIGRATION_SLICE_MS / 1e3;
	for (; m->writes_due >= 1; m->writes_due--) {
		if (load->cyclic)
			m->log[m->cursor++ % load->pages] = true;
		else if (load->hot_pages && mt_rng_unit(&m->rng) < load->hot_share)
			m->log[mt_rng_next(&m->rng) % load->hot_pages] = true;
		else
			m->log[mt_rng_next(&m->rng) % load->pages] = true;
	}
}

static inline void migration_send_page(struct migration *m)
{
	bool zero;

	while (!m->due[m->scan])
		m->scan = (m->scan + 1) % m->guest->pages;
	m->due[m->scan] = false;
	m->due_pages--;
	zero = m->scan >= m->guest->pages - m->guest->zero_pages;
	m->zero_pages += zero;
	m->normal_pages += !zero;
	m->transferred_bytes += MIGRATION_HEADER + (zero ? 1 : MIGRATION_PAGE);
	m->send_bytes -= MIGRATION_HEADER + (zero ? 1 : MIGRATION_PAGE);
}

static inline void migration_link_runs(struct migration *m)
{
	m->send_bytes += m->link_bytes_per_s * MIGRATION_SLICE_MS / 1e3;
	while (m->due_pages && m->send_bytes >= MIGRATION_HEADER + MIGRATION_PAGE)
		migration_send_page(m);
	if (!m->due_pages)
		m->send_bytes = 0;
}

static inline void migration_sync(struct migration *m)
{
	m->unsent_pages = m->due_pages;
	m->synced_pages = 0;
	for (uint32_t i = 0; i < m->guest->pages; i++) {
		m->synced_pages += m->log[i] && !m->due[i];
		m->due[i] |= m->log[i];
		m->log[i] = false;
	}
	m->due_pages += m->synced_pages;
	m->iteration++;
	m->synced_ms = migration_ms(m);
	m->left_at_sync_bytes = (double)m->due_pages * MIGRATION_PAGE;
}

static inline bool migration_below(const struct migration *m)
{
	return !m->due_pages ||
	       m->due_pages * (double)MIGRATION_PAGE < m->link_bytes_per_s * m->limit_ms / 1e3;
}

/* The guest no longer runs here; all that is left goes out, once. */
static inline void migration_end(struct migration *m, bool guest_waits)
{
	double before = migration_ms(m), rest_ms;

	while (m->due_pages)
		migration_send_page(m);
	rest_ms = fmax(0, -m->send_bytes) / m->link_bytes_per_s * 1e3;
	m->downtime_ms = MIGRATION_FIXED_MS + (guest_waits ? rest_ms : 0);
	m->total_ms = before + MIGRATION_FIXED_MS + rest_ms;
	m->ended = true;
}

/* The downtime if it were stopped now; it goes on. */
static inline double migration_stop_ms(const struct migration *m)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < m->guest->pages; i++)
		left += m->due[i] || m->log[i];
	return MIGRATION_FIXED_MS +
	       left * (double)(MIGRATION_PAGE + MIGRATION_HEADER) / m->link_bytes_per_s * 1e3;
}

/* What a policy can ask for: the guest is paused now, or runs on at the destination. */
static inline void migration_stop(struct migration *m)
{
	migration_sync(m);
	migration_end(m, true);
}

static inline void migration_flip(struct migration *m)
{
	migration_sync(m);
	migration_end(m, false);
}

static inline void migration_look(const struct migration *m, bool boundary, struct mt_sample *s)
{
	memset(s, 0, sizeof(*s));
	s->t_ns = MIGRATION_START_NS + (uint64_t)migration_ms(m) * MT_NS_PER_MS;
	s->status = m->ended ? MT_STATUS_COMPLETED : MT_STATUS_ACTIVE;
	s->boundary = boundary;
	mt_sample_set(s, total_ms, m->ended ? (uint64_t)m->total_ms : (uint64_t)migration_ms(m));
	mt_sample_set(s, iteration, m->iteration);
	mt_sample_set(s, memory_bytes, (uint64_t)m->guest->pages * MIGRATION_PAGE);
	mt_sample_set(s, remaining_bytes, (uint64_t)m->due_pages * MIGRATION_PAGE);
	mt_sample_set(s, transferred_bytes, m->transferred_bytes);
	mt_sample_set(s, normal_pages, m->normal_pages);
	mt_sample_set(s, zero_pages, m->zero_pages);
	mt_sample_set(s, page_size_bytes, MIGRATION_PAGE);
	mt_sample_set(s, bandwidth_bytes_per_s, (uint64_t)m->link_bytes_per_s);
	/* QEMU expects the limit itself until it has seen dirty pages. */
	mt_sample_set(s, expected_downtime_ms, m->iteration == 1 ? (uint64_t)m->limit_ms :
		      (uint64_t)(m->left_at_sync_bytes / m->link_bytes_per_s * 1e3));
}

/*
 * Runs on until there is something to see: the begin, a sync, or a poll.
 * Return: false once it has ended and that was seen. The sync after which QEMU
 * stops the guest is seen as any other.
 */
static inline bool migration_next(struct migration *m, struct mt_sample *s)
{
	if (m->ended)
		return false;
	if (!m->began) {
		m->began = true;
		migration_look(m, true, s);
		return true;
	}
	for (;;) {
		bool step_over =
			m->slices && m->slices % (MIGRATION_STEP_MS / MIGRATION_SLICE_MS) == 0;

		if (m->looked && m->synced_ms == migration_ms(m) && migration_below(m)) {
			migration_end(m, true);
			migration_look(m, false, s);
			return true;
		}
		if (!m->looked && (step_over || !m->due_pages) && migration_below(m)) {
			m->looked = true;
			migration_sync(m);
			m->polled_ms = migration_ms(m);
			migration_look(m, true, s);
			return true;
		}
		if (migration_ms(m) - m->polled_ms >= MIGRATION_POLL_MS) {
			m->polled_ms = migration_ms(m);
			migration_look(m, false, s);
			return true;
		}
		migration_guest_runs(m);
		migration_link_runs(m);
		m->slices++;
		m->looked = false;
	}
}

#endif
