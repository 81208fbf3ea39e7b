// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cell.c - a table's cell as people read it
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "cell.h"

static char *show_number(double v, enum mt_show show)
{
	char buf[MT_UNIT_STR];
	char *s;

	switch (show) {
	case MT_SHOW_DURATION_MS:
		return strdup(mt_format_duration_ms(buf, v));
	case MT_SHOW_SIZE_BYTES:
		return strdup(mt_format_size_bytes(buf, v));
	case MT_SHOW_RATE_BYTES_PER_S:
		return strdup(mt_format_rate_bytes_per_s(buf, v));
	case MT_SHOW_PLAIN:
		break;
	}
	return asprintf(&s, "%.6g", v) < 0 ? NULL : s;
}

char *mt_cell_shown(const struct mt_cell *c, enum mt_show show)
{
	char *s;

	switch (c->kind) {
	case MT_CELL_UNKNOWN:
		break;
	case MT_CELL_STRING:
		return mt_utf8_clean(c->s);
	case MT_CELL_UINT:
		if (show != MT_SHOW_PLAIN)
			return show_number((double)c->u, show);
		return asprintf(&s, "%" PRIu64, c->u) < 0 ? NULL : s;
	case MT_CELL_DOUBLE:
		if (isfinite(c->d))
			return show_number(c->d, show);
		break;
	case MT_CELL_BOOL:
		return strdup(c->b ? "yes" : "no");
	}
	return strdup("-");
}
