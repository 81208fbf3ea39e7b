// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pages.c - a set of pages as text, and back
 *
 * Decimal numbers rather than bits in base64: zstd, behind this, takes as little of them, and
 * whoever looks at a recording can read them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "curve/pageset.h"
#include "record.h"

#define PIECE_BYTES	(512U << 10)	/* of a line's MT_LINE_MAX_BYTES */
#define RUN_BYTES	44		/* two numbers of 64 bits */

struct text {
	char *bytes;
	size_t len;
	uint64_t end;			/* of the last run in it */
	int (*fn)(void *opaque, const char *text);
	void *opaque;
};

static int flush(struct text *t)
{
	int rc = t->len ? t->fn(t->opaque, t->bytes) : 0;

	t->len = 0;
	t->end = 0;
	t->bytes[0] = '\0';
	return rc;
}

static int add_run(void *opaque, uint64_t first, uint64_t count)
{
	struct text *t = opaque;

	if (t->len + RUN_BYTES > PIECE_BYTES) {
		int rc = flush(t);

		if (rc)
			return rc;
	}
	t->len +=
		(size_t)sprintf(t->bytes + t->len, "%s%" PRIu64, t->len ? " " : "", first - t->end);
	if (count > 1)
		t->len += (size_t)sprintf(t->bytes + t->len, "+%" PRIu64, count - 1);
	t->end = first + count;
	return 0;
}

int mt_record_pages_write(const struct mt_pageset *set, int (*fn)(void *opaque, const char *text),
			  void *opaque)
{
	struct text t = { .bytes = malloc(PIECE_BYTES), .fn = fn, .opaque = opaque };
	int rc;

	if (!t.bytes)
		return -ENOMEM;
	t.bytes[0] = '\0';
	rc = mt_pageset_runs(set, add_run, &t);
	if (!rc)
		rc = flush(&t);
	free(t.bytes);
	return rc;
}

/* A number below 2^40, which no page reaches. */
static bool read_number(const char **p, uint64_t *n)
{
	const char *from = *p;

	for (*n = 0; **p >= '0' && **p <= '9'; (*p)++) {
		*n = *n * 10 + (uint64_t)(**p - '0');
		if (*n >> 40)
			return false;
	}
	return *p != from;
}

int mt_record_pages_read(const char *text, int (*fn)(void *opaque, uint64_t first, uint64_t count),
			 void *opaque)
{
	uint64_t at = 0, skip, more;

	while (*text) {
		int rc;

		if (!read_number(&text, &skip))
			return -EBADMSG;
		more = 0;
		if (*text == '+' && (text++, !read_number(&text, &more)))
			return -EBADMSG;
		if (*text && (*text != ' ' || !*++text))
			return -EBADMSG;
		at += skip;
		rc = fn(opaque, at, more + 1);
		if (rc)
			return rc;
		at += more + 1;
	}
	return 0;
}
