// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domain.c - a domain's states in words
 */
#include <migtrace/domain.h>

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
