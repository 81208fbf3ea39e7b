// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domain.c - a domain's name and states, as they are kept and told
 */
#include <string.h>

#include "base/units.h"
#include "domain.h"

static const char *const state_names[] = {
	[VIR_DOMAIN_NOSTATE] = "no state",
	[VIR_DOMAIN_RUNNING] = "running",
	[VIR_DOMAIN_BLOCKED] = "idle",
	[VIR_DOMAIN_PAUSED] = "paused",
	[VIR_DOMAIN_SHUTDOWN] = "in shutdown",
	[VIR_DOMAIN_SHUTOFF] = "shut off",
	[VIR_DOMAIN_CRASHED] = "crashed",
	[VIR_DOMAIN_PMSUSPENDED] = "pmsuspended",
};

const char *mt_domain_state_name(int state)
{
	if (state < 0 || (size_t)state >= MT_ARRAY_SIZE(state_names))
		return "unknown";
	return state_names[state];
}

bool mt_domain_name_copy(char to[MT_DOMAIN_NAME_MAX + 1], const char *name)
{
	size_t len = name ? strlen(name) : 0;
	bool cut = !name || len > MT_DOMAIN_NAME_MAX;

	if (len > MT_DOMAIN_NAME_MAX)
		len = MT_DOMAIN_NAME_MAX;
	/* Not within a character: whoever prints it expects UTF-8. */
	while (cut && len && ((unsigned char)name[len] & 0xc0) == 0x80)
		len--;
	memcpy(to, name ? name : "", len);
	to[len] = '\0';
	return cut;
}

uint64_t mt_downtime_clamp(uint64_t ms)
{
	if (ms < MT_DOWNTIME_MIN_MS)
		return MT_DOWNTIME_MIN_MS;
	return ms < MT_DOWNTIME_MAX_MS ? ms : MT_DOWNTIME_MAX_MS;
}

uint64_t mt_bandwidth_mib_per_s(uint64_t bytes_per_s)
{
	uint64_t mib = bytes_per_s / MT_MIB;

	if (!mib)
		return 1;
	return mib < MT_BANDWIDTH_MAX_MIB_PER_S ? mib : MT_BANDWIDTH_MAX_MIB_PER_S;
}
