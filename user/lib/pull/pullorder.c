// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pullorder.c - in which order a guest's missing pages are pulled after a flip (PURE)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pullorder.h"

/* --- what is hot ------------------------------------------------------------ */
static int add_range(struct mt_pageset *set, uint64_t first, uint64_t count)
{
	uint64_t end = first + count;
	int rc = 0;

	while (!rc && first < end) {
		uint64_t at = first & ~63ULL, upto = at + 64 < end ? at + 64 : end;
		uint64_t word = ~0ULL << (first - at);

		if (upto < at + 64)
			word &= ~(~0ULL << (upto - at));
		rc = mt_pageset_add_words(set, at, &word, 1);
		first = upto;
	}
	return rc;
}

/* Digits, and a blank or the end behind them. */
static bool number(const char **text, uint64_t *value)
{
	char *end;

	while (**text == ' ' || **text == '\t')
		(*text)++;
	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	if (errno || (*end && !strchr(" \t\r\n", *end)))
		return false;
	*text = end;
	return true;
}

static bool at_end(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

int mt_heat_line(struct mt_heat *heat, const char *line, uint64_t pages, struct mt_err *err)
{
	uint64_t first, count, degree = 1;
	const char *at = line;
	struct mt_pageset **set;

	if (at_end(line) || *line == '#')
		return 0;
	if (!number(&at, &first) || !number(&at, &count) ||
	    (!at_end(at) && (!number(&at, &degree) || !at_end(at))))
		return mt_err_set(err, -EINVAL, "\"%.40s\" is no extent: FIRST COUNT [HEAT] is",
				  line);
	if (!count || first >= pages || count > pages - first)
		return mt_err_set(err, -ERANGE,
				  "pages %" PRIu64 " and %" PRIu64
				  " on are not this guest's, which has %" PRIu64,
				  first, count, pages);
	if (!degree || degree > MT_PULL_HEATS)
		return mt_err_set(err, -ERANGE, "there is no heat %" PRIu64 ", only 1 to %d",
				  degree, MT_PULL_HEATS);
	set = &heat->of[degree - 1];
	if (!*set)
		*set = mt_pageset_new();
	if (!*set || add_range(*set, first, count))
		return mt_err_set(err, -ENOMEM, "out of memory");
	heat->pages += count;
	return 0;
}

void mt_heat_fini(struct mt_heat *heat)
{
	for (size_t i = 0; i < MT_PULL_HEATS; i++)
		mt_pageset_free(heat->of[i]);
	*heat = (struct mt_heat){ 0 };
}

/* --- the order --------------------------------------------------------------- */
static int append(struct mt_order *order, uint64_t first, uint64_t count)
{
	if (order->n == order->room) {
		size_t room = order->room ? 2 * order->room : 64;
		struct mt_extent *v = realloc(order->v, room * sizeof(*v));

		if (!v)
			return -ENOMEM;
		order->v = v;
		order->room = room;
	}
	order->v[order->n++] = (struct mt_extent){ first, count };
	order->pages += count;
	return 0;
}

/* One heat's extents. */
struct merging {
	struct mt_order *order;
	const struct mt_pageset *taken;
	uint64_t gap_pages;
	size_t from;			/* extents before are of other heats */
};

/* What is pulled already lies in a gap: it is not pulled again. */
static bool gap_is_free(const struct merging *m, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		if (mt_pageset_has(m->taken, from))
			return false;
	return true;
}

static int merge(void *opaque, uint64_t first, uint64_t count)
{
	struct merging *m = opaque;
	struct mt_extent *last = m->order->n > m->from ? &m->order->v[m->order->n - 1] : NULL;
	uint64_t end = last ? last->first + last->count : 0;

	if (last && first - end <= m->gap_pages && gap_is_free(m, end, first)) {
		last->count += first - end + count;
		m->order->pages += first - end + count;
		return 0;
	}
	return append(m->order, first, count);
}

static int take_heat(struct mt_order *order, const struct mt_pageset *hot,
		     struct mt_pageset *taken, uint64_t gap_pages)
{
	struct merging m = { order, taken, gap_pages, order->n };
	struct mt_pageset *set = mt_pageset_copy(hot);
	int rc = set ? 0 : -ENOMEM;

	if (!rc) {
		mt_pageset_andnot(set, taken);
		rc = mt_pageset_runs(set, merge, &m);
	}
	for (size_t i = m.from; !rc && i < order->n; i++)
		rc = add_range(taken, order->v[i].first, order->v[i].count);
	mt_pageset_free(set);
	return rc;
}

int mt_order_make(struct mt_order *order, const struct mt_heat *heat, uint64_t gap_pages)
{
	struct mt_pageset *taken = mt_pageset_new();
	int rc = taken ? 0 : -ENOMEM;

	*order = (struct mt_order){ 0 };
	for (size_t i = MT_PULL_HEATS; !rc && i--;)
		if (heat->of[i])
			rc = take_heat(order, heat->of[i], taken, gap_pages);
	mt_pageset_free(taken);
	if (rc)
		mt_order_fini(order);
	return rc;
}

void mt_order_fini(struct mt_order *order)
{
	free(order->v);
	*order = (struct mt_order){ 0 };
}
