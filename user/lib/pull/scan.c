// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * scan.c - which of a guest's pages are hot, by looking at their contents again and again
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "pagemap.h"
#include "scan.h"

#define CHUNK_PAGES	64	/* read at once */
#define WORDS		(MT_PULL_PAGE_BYTES / sizeof(uint64_t))

struct mt_scan {
	const struct mt_pull_guest *guest;
	uint64_t *hashes;		/* 0: it was not there, or there was no look yet */
	bool looked;
	struct mt_heatmap heat;
	uint64_t buffer[CHUNK_PAGES * WORDS];
};

struct mt_scan *mt_scan_new(const struct mt_pull_guest *guest)
{
	struct mt_scan *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->guest = guest;
	s->hashes = calloc(guest->pages, sizeof(*s->hashes));
	if (s->hashes && !mt_heatmap_init(&s->heat, guest->pages))
		return s;
	mt_scan_free(s);
	return NULL;
}

void mt_scan_free(struct mt_scan *s)
{
	if (!s)
		return;
	free(s->hashes);
	mt_heatmap_fini(&s->heat);
	free(s);
}

/*
 * Multiply and xor by FNV-1a's 64-bit prime, in four lanes so that it keeps up with memory. Two
 * contents of a page with one hash cost a page that is taken for cold.
 */
static uint64_t hash_of(const uint64_t *words)
{
	const uint64_t prime = 0x100000001b3ULL;
	uint64_t h[4] = { 1, 2, 3, 4 }, all = 0;

	for (size_t i = 0; i < WORDS; i += 4)
		for (size_t lane = 0; lane < 4; lane++) {
			h[lane] = (h[lane] ^ words[i + lane]) * prime;
			h[lane] ^= h[lane] >> 32;
		}
	for (size_t lane = 0; lane < 4; lane++)
		all = (all ^ h[lane]) * prime;
	return all ? all : 1;
}

static void note(struct mt_scan *s, uint64_t page, uint64_t hash)
{
	if (s->looked && s->hashes[page] != hash && mt_heatmap_mark(&s->heat, page, 1))
		return;
	s->hashes[page] = hash;
}

/* Return: pages that were read; -errno: not even the first. */
static ssize_t read_chunk(struct mt_scan *s, uint64_t first, uint64_t n)
{
	const struct mt_pull_guest *g = s->guest;
	struct iovec here = { s->buffer, n * MT_PULL_PAGE_BYTES },
		     there = { (void *)(uintptr_t)(g->address + first * MT_PULL_PAGE_BYTES),
			       n * MT_PULL_PAGE_BYTES };
	ssize_t got = process_vm_readv(g->pid, &here, 1, &there, 1, 0);

	if (got < 0)
		return -errno;
	return got / MT_PULL_PAGE_BYTES;
}

/* How many from @page on are there, or are not: up to CHUNK_PAGES. */
static uint64_t run_of(const struct mt_scan *s, struct mt_pagemap *map, uint64_t page, bool *there)
{
	uint64_t n = 0, end = s->guest->pages;

	*there = mt_pagemap_has(map, s->guest, page, end) > 0;
	do
		n++;
	while (n < CHUNK_PAGES && page + n < end &&
	       (mt_pagemap_has(map, s->guest, page + n, end) > 0) == *there);
	return n;
}

int mt_scan_look(struct mt_scan *s)
{
	struct mt_pagemap map = { 0 };
	uint64_t done = 0;
	int rc = -ESRCH;

	mt_heatmap_begin(&s->heat);
	for (uint64_t page = 0, n; page < s->guest->pages; page += n) {
		bool there;
		ssize_t got = 0;

		n = run_of(s, &map, page, &there);
		if (there)
			got = read_chunk(s, page, n);
		if (got < 0)
			rc = (int)got;
		for (uint64_t i = 0; got > 0 && i < (uint64_t)got; i++)
			note(s, page + i, hash_of(s->buffer + i * WORDS));
		done += got > 0 ? (uint64_t)got : 0;
	}
	s->looked = true;
	return done ? 0 : rc;
}

const struct mt_heatmap *mt_scan_heat(const struct mt_scan *s)
{
	return &s->heat;
}
