// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * scan.c - which of a guest's pages are hot, by looking at their contents again and again
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "pagemap.h"
#include "scan.h"

#define CHUNK_PAGES	64	/* read at once */
#define WORDS		(MT_PULL_PAGE_BYTES / sizeof(uint64_t))

struct mt_scan {
	const struct mt_pull_guest *guest;
	uint64_t looks;
	uint64_t *hashes;		/* 0: it was not there */
	uint8_t *changes;		/* bit 0: between the last two looks */
	uint64_t buffer[CHUNK_PAGES * WORDS];
};

struct mt_scan *mt_scan_new(const struct mt_pull_guest *guest)
{
	struct mt_scan *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->guest = guest;
	s->hashes = calloc(guest->pages, sizeof(*s->hashes));
	s->changes = calloc(guest->pages, sizeof(*s->changes));
	if (s->hashes && s->changes)
		return s;
	mt_scan_free(s);
	return NULL;
}

void mt_scan_free(struct mt_scan *s)
{
	if (!s)
		return;
	free(s->hashes);
	free(s->changes);
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
	bool changed = s->looks && s->hashes[page] != hash;

	s->changes[page] = (uint8_t)(s->changes[page] << 1 | changed);
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
	s->looks++;
	return done ? 0 : rc;
}

unsigned mt_scan_heat(uint8_t changes)
{
	return (unsigned)__builtin_popcount(changes);
}

uint64_t mt_scan_print(const struct mt_scan *s, FILE *out)
{
	uint64_t all = 0;

	for (uint64_t page = 0, n; page < s->guest->pages; page += n) {
		unsigned heat = mt_scan_heat(s->changes[page]);

		for (n = 1; page + n < s->guest->pages; n++)
			if (mt_scan_heat(s->changes[page + n]) != heat)
				break;
		if (!heat)
			continue;
		fprintf(out, "%" PRIu64 " %" PRIu64 " %u\n", page, n, heat);
		all += n;
	}
	return all;
}
