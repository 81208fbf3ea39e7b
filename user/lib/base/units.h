/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * units.h - durations, sizes and rates as people write them
 *
 * A number without a unit is refused: 300 of what? Decimals are accepted
 * ("1.5s"), signs, blanks inside and trailing text are not. Zero is a value.
 */
#ifndef MT_UNITS_H
#define MT_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define MT_MS_PER_S	1000ULL
#define MT_NS_PER_MS	1000000ULL
#define MT_NS_PER_S	1000000000ULL
#define MT_MIB		(1024ULL * 1024)

/*
 * Each parses the whole of @text into @out, or leaves @out alone and returns
 * -EINVAL (malformed, missing or unknown unit, negative) or -ERANGE (does not
 * fit) with a line in @err that names @what and the accepted units.
 */
/* ms s min h */
int mt_parse_duration_ms(const char *what, const char *text, uint64_t *out, struct mt_err *err);
/* B KiB MiB GiB TiB kB MB GB TB */
int mt_parse_size_bytes(const char *what, const char *text, uint64_t *out, struct mt_err *err);
/* a size and /s, or kbit/s Mbit/s Gbit/s */
int mt_parse_rate_bytes_per_s(const char *what, const char *text, uint64_t *out,
			      struct mt_err *err);
/* plain decimal, at most @max */
int mt_parse_percent(const char *what, const char *text, uint64_t max, uint64_t *out,
		     struct mt_err *err);	/* a whole number, with or without % behind it */
int mt_parse_count(const char *what, const char *text, uint64_t max, uint64_t *out,
		   struct mt_err *err);

#define MT_UNIT_STR	32	/* fits what any of the formatters below writes */

/* Formatters write at most MT_UNIT_STR bytes into @buf and return it. */
const char *mt_format_duration_ms(char *buf, double ms);	/* "812 ms", "12.3 s", "4 min 05
								 * s" */
const char *mt_format_size_bytes(char *buf, double bytes);	/* "512 B", "38.7 MiB" */
const char *mt_format_rate_bytes_per_s(char *buf, double bytes_per_s);	/* "129.0 MiB/s" */

#endif
