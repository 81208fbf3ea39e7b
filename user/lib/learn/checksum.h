/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * checksum.h - whether bytes are those that were written (PURE)
 *
 * FNV-1a of 64 bits (Fowler, Noll, Vo; IETF draft-eastlake-fnv): each step is one to one in the sum
 * and in the byte, so no change of a single byte goes unnoticed.
 */
#ifndef MT_CHECKSUM_H
#define MT_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MT_CHECKSUM_INIT	0xcbf29ce484222325ULL

static inline uint64_t mt_checksum(uint64_t sum, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	while (n--)
		sum = (sum ^ *b++) * 0x100000001b3ULL;
	return sum;
}

/* With the NUL that ends it, so that texts in a row are told from others. */
static inline uint64_t mt_checksum_text(uint64_t sum, const char *text)
{
	return mt_checksum(sum, text, strlen(text) + 1);
}

#endif
