// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * strings.c - a recording's strings, packed into blocks and freed at once
 */
#include <stdlib.h>
#include <string.h>

#include "strings.h"

#define BLOCK_BYTES	(16 * 1024)

struct mt_string_block {
	struct mt_string_block *next;
	size_t used, size;
	char bytes[];
};

const char *mt_strings_add(struct mt_strings *strings, const char *s)
{
	struct mt_string_block *b = strings->newest;
	size_t len = strlen(s) + 1;
	char *copy;

	if (!b || b->size - b->used < len) {
		size_t size = len > BLOCK_BYTES ? len : BLOCK_BYTES;

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct mt_string_block){ .next = strings->newest, .size = size };
		strings->newest = b;
		strings->bytes += sizeof(*b) + size;
	}
	copy = memcpy(b->bytes + b->used, s, len);
	b->used += len;
	return copy;
}

void mt_strings_fini(struct mt_strings *strings)
{
	struct mt_string_block *b = strings->newest;

	while (b) {
		struct mt_string_block *next = b->next;

		free(b);
		b = next;
	}
	*strings = (struct mt_strings){ 0 };
}
