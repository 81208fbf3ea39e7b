// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guest_header.c - the header of a guest's recording
 */
#include "base/clock.h"
#include "guest_header.h"

static const char *known(const char *text)
{
	return *text ? text : NULL;
}

struct mt_record_header mt_guest_header(const struct mt_domain_info *d, const struct mt_versions *v,
					const char *source, const char *tool)
{
	return (struct mt_record_header){
		.schema = MT_RECORD_SCHEMA,
		.domain = d->name,
		.uuid = d->uuid,
		.domain_type = d->type,
		.source = source,
		.tool = tool,
		.qemu = known(v->qemu),
		.libvirt = known(v->libvirt),
		.kernel = known(v->kernel),
		.start_wall_ms = mt_wall_us() / 1000,
		.start_t_ns = mt_now_ns(),
		.limits = MT_LIMITS_UNSET,
	};
}
