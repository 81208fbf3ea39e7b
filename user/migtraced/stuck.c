// SPDX-License-Identifier: GPL-2.0-or-later
/* stuck.c - a row of what status shows as stuck: who, in what, since when */
#include "base/json.h"
#include "base/units.h"
#include "hypervisor/conn.h"
#include "stuck.h"

void stuck_add(json_t *array, const char *uuid, const char *domain, const char *what,
	       uint64_t since_ns)
{
	json_t *o = json_object();
	int failed = 0;

	if (!o)
		return;
	mt_json_set(o, "domain", mt_json_string(domain && *domain ? domain : NULL), &failed);
	mt_json_set(o, "uuid", mt_json_string(uuid), &failed);
	mt_json_set(o, "what", mt_json_string(what), &failed);
	mt_json_set(o, "since_ms",
		    since_ns ? mt_json_uint((mt_now_ns() - since_ns) / MT_NS_PER_MS) : json_null(),
		    &failed);
	if (json_array_append_new(array, o))
		return;
}
