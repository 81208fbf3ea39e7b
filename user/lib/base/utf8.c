// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * utf8.c - what is valid UTF-8 (RFC 3629) and what is printable
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

/* Decodes one code point; 0 = invalid or the end. */
static size_t decode(const char *text, uint32_t *code)
{
	static const uint32_t lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t len;
	uint32_t c;

	if (!s[0])
		return 0;
	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	c = s[0] & (0xff >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)	/* also the terminating NUL */
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < lowest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||	/* C0, DEL, C1 */
	       c == 0x2028 || c == 0x2029 ||		/* line and paragraph separators */
	       c == 0x061c || c == 0x200e || c == 0x200f ||	/* and what turns the writing
								 * direction around */
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x206f);
}

void mt_utf8_scrub(char *s)
{
	char *to = s;		/* never ahead of s: '?' is the shortest sequence */

	while (*s) {
		uint32_t code = 0;
		size_t len = decode(s, &code);

		if (!len || is_control(code)) {
			*to++ = '?';
			s += len ? len : 1;
			continue;
		}
		memmove(to, s, len);
		to += len;
		s += len;
	}
	*to = '\0';
}

char *mt_utf8_clean(const char *s)
{
	char *copy = strdup(s);

	if (copy)
		mt_utf8_scrub(copy);
	return copy;
}

size_t mt_utf8_width(const char *s)
{
	size_t width = 0;

	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}
