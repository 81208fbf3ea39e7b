// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * past.c - a migration that is over, as the history keeps it
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "past.h"

#define ID_BITS	60

const struct mt_past_column mt_past_columns[] = {
#define X(name, room) { #name, offsetof(struct mt_past, name), room },
	MT_PAST_TEXTS(X)
#undef X
#define X(name) { #name, offsetof(struct mt_past, name), 0 },
	MT_PAST_NUMBERS(X)
#undef X
};
const size_t mt_past_n_columns = MT_ARRAY_SIZE(mt_past_columns);

const char *mt_past_stage_name(enum mt_past_stage stage)
{
	static const char *const names[MT_PAST_STAGES] = { "before", "pass-1" };

	return names[stage];
}

void mt_past_init(struct mt_past *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < mt_past_n_columns; i++)
		if (!mt_past_columns[i].room)
			*(double *)((char *)p + mt_past_columns[i].offset) = NAN;
}

void mt_past_fini(struct mt_past *p)
{
	free(p->decisions);
	mt_past_init(p);
}

void mt_past_text(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "");
	mt_utf8_scrub(to);
}

/* FNV-1a (Fowler, Noll, Vo; RFC 9923), of 64 bits */
static uint64_t hash(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
	return (h ^ '\n') * 0x100000001b3ULL;
}

void mt_past_number(struct mt_past *p, const char *otherwise)
{
	uint64_t h = hash(0xcbf29ce484222325ULL, *p->uuid ? p->uuid : p->guest);
	char begin[24];

	snprintf(begin, sizeof(begin), "%" PRIu64, p->begin_ms);
	h = hash(h, p->begin_ms ? begin : otherwise);
	p->id = (h ^ h >> ID_BITS) & ((1ULL << ID_BITS) - 1);
	if (!p->id)
		p->id = 1;
}

const char *mt_past_id_text(uint64_t id, char text[MT_PAST_ID_STR])
{
	snprintf(text, MT_PAST_ID_STR, "%015llx",
		 (unsigned long long)id & ((1ULL << ID_BITS) - 1));
	return text;
}

int mt_past_id_range(const char *digits, uint64_t *first, uint64_t *last)
{
	size_t n = strlen(digits);
	unsigned rest = 4 * (unsigned)(MT_PAST_ID_DIGITS - n);

	if (!n || n > MT_PAST_ID_DIGITS || strspn(digits, "0123456789abcdefABCDEF") != n)
		return -EINVAL;
	*first = strtoull(digits, NULL, 16) << rest;
	*last = *first | ((1ULL << rest) - 1);
	return 0;
}
