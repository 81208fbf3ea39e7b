// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * extents.c - the read and write working sets of disks, by extents of 1 MiB (PURE)
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "base/rng.h"
#include "extents.h"

#define HALVES	2
/* Less than this is nothing: a sector, of which most has decayed. */
#define NOTHING_BYTES	64.0

struct counter {
	float bytes[2];			/* read, written */
};

struct mt_extents {
	struct counter *half[HALVES];
	size_t n;
	double kept;
};

struct mt_extents *mt_extents_new(unsigned slots_log2, double kept)
{
	struct mt_extents *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->n = (size_t)1 << slots_log2;
	e->kept = kept;
	for (int i = 0; i < HALVES; i++) {
		e->half[i] = calloc(e->n, sizeof(*e->half[i]));
		if (!e->half[i]) {
			mt_extents_free(e);
			return NULL;
		}
	}
	return e;
}

void mt_extents_free(struct mt_extents *e)
{
	if (!e)
		return;
	for (int i = 0; i < HALVES; i++)
		free(e->half[i]);
	free(e);
}

static struct counter *counter_of(const struct mt_extents *e, int half, uint64_t file,
				  uint64_t extent)
{
	struct mt_rng mix = { file + (uint64_t)half };
	struct mt_rng where = { mt_rng_next(&mix) ^ extent };

	return &e->half[half][mt_rng_next(&where) & (e->n - 1)];
}

void mt_extents_request(struct mt_extents *e, uint64_t file, uint64_t offset, uint64_t bytes,
			bool write)
{
	while (bytes) {
		uint64_t extent = offset / MT_EXTENT_BYTES,
			 part = MT_EXTENT_BYTES - offset % MT_EXTENT_BYTES;

		part = part < bytes ? part : bytes;
		for (int i = 0; i < HALVES; i++)
			counter_of(e, i, file, extent)->bytes[write] += (float)part;
		offset += part;
		bytes -= part;
	}
}

void mt_extents_pass(struct mt_extents *e, double seconds)
{
	float kept = (float)pow(e->kept, seconds);

	for (int i = 0; i < HALVES; i++) {
		for (size_t k = 0; k < e->n; k++) {
			e->half[i][k].bytes[0] *= kept;
			e->half[i][k].bytes[1] *= kept;
		}
	}
}

static double lower(double a, double b)
{
	return a < b ? a : b;
}

struct mt_extent_heat mt_extents_heat(const struct mt_extents *e, uint64_t file, uint64_t extent)
{
	const struct counter *a = counter_of(e, 0, file, extent),
			     *b = counter_of(e, 1, file, extent);

	return (struct mt_extent_heat){
		.read_bytes = lower((double)a->bytes[0], (double)b->bytes[0]),
		.written_bytes = lower((double)a->bytes[1], (double)b->bytes[1]),
	};
}

/* --- the order ------------------------------------------------------------ */
enum kind { READ, NEITHER, WRITTEN };

struct ranked {
	enum kind kind;
	double heat;
	uint32_t extent;
};

static struct ranked rank(const struct mt_extents *e, uint64_t file, uint32_t extent)
{
	struct mt_extent_heat h = mt_extents_heat(e, file, extent);

	if (h.written_bytes > h.read_bytes && h.written_bytes > NOTHING_BYTES)
		return (struct ranked){ WRITTEN, h.written_bytes, extent };
	if (h.read_bytes > NOTHING_BYTES)
		return (struct ranked){ READ, -h.read_bytes, extent };
	return (struct ranked){ NEITHER, 0, extent };
}

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->heat < y->heat || x->heat > y->heat)
		return x->heat < y->heat ? -1 : 1;
	return x->extent < y->extent ? -1 : x->extent > y->extent;
}

long mt_extents_order(const struct mt_extents *e, uint64_t file, uint32_t *order, size_t n)
{
	mt_autofree struct ranked *all = calloc(n + 1, sizeof(*all));
	long read = 0;

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		all[i] = rank(e, file, (uint32_t)i);
		read += all[i].kind == READ;
	}
	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 0; i < n; i++)
		order[i] = all[i].extent;
	return read;
}

size_t mt_extents_read_set(const struct mt_extents *e, uint64_t file, const uint32_t *order,
			   size_t n, double share)
{
	double all = 0, so_far = 0;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		all += mt_extents_heat(e, file, order[k]).read_bytes;
	while (i < n && so_far < share * all)
		so_far += mt_extents_heat(e, file, order[i++]).read_bytes;
	return i;
}

uint64_t mt_extents_read_set_bytes(const struct mt_extents *e, double share)
{
	mt_autofree double *read = calloc(e->n, sizeof(*read));
	double all = 0, so_far = 0;
	size_t n = 0, from;

	for (size_t k = 0; read && k < e->n; k++) {
		double bytes = (double)e->half[0][k].bytes[0];

		if (bytes <= NOTHING_BYTES)
			continue;
		read[n++] = bytes;
		all += bytes;
	}
	from = n;
	if (n)
		mt_sort(read, n);
	while (from && so_far < share * all)
		so_far += read[--from];
	return (n - from) * MT_EXTENT_BYTES;
}
