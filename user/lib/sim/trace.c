// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - what all traces have in common (PURE)
 */
#include <string.h>

#include "trace.h"

void mt_trace_fini(struct mt_trace *t)
{
	if (t->ops)
		t->ops->free(t->opaque);
	memset(t, 0, sizeof(*t));
}
