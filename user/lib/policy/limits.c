// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * limits.c - an operator's limits: what stands where nothing was given, and what contradicts itself
 * (PURE)
 */
#include <inttypes.h>
#include <stdio.h>

#include "policy_rows.h"

void mt_limits_resolve(struct mt_limits *limits)
{
	const struct {
		uint64_t *value, otherwise;
	} rows[] = {
		{ &limits->max_downtime_ms, MT_MAX_DOWNTIME_DEFAULT_MS },
		{ &limits->deadline_ms, MT_LIMIT_NONE },
		{ &limits->stall_timeout_ms, MT_LIMIT_NONE },
		{ &limits->command_every_ms, MT_COMMAND_EVERY_DEFAULT_MS },
		{ &limits->qemu_limit_ms, MT_QEMU_LIMIT_DEFAULT_MS },
		{ &limits->fixed_ms, MT_FIXED_DEFAULT_MS },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (*rows[i].value == MT_LIMIT_UNSET)
			*rows[i].value = rows[i].otherwise;
	mt_params_resolve(&limits->params);
}

const char *mt_policy_ignores(const struct mt_policy *policy)
{
	bool downtime = policy->acts && !(policy->heeds & MT_HEEDS_MAX_DOWNTIME);
	bool deadline = policy->acts && !(policy->heeds & MT_HEEDS_DEADLINE);

	return downtime && deadline ? "max_downtime, deadline" :
	       downtime		    ? "max_downtime" :
	       deadline		    ? "deadline" :
				      "";
}

/* --- contradictions: each says what is wrong and what to do, or nothing ---- */
struct check {
	const struct mt_policy *policy;
	const struct mt_limits *limits;		/* resolved */
	char *line;
	size_t size;
};

static bool heeds(const struct check *c, unsigned what)
{
	uint64_t params[MT_POLICY_PARAMS_MAX];

	if (what == MT_HEEDS_MAX_DOWNTIME && c->policy->stops_at_any_price) {
		mt_policy_params(c->policy, c->limits, params);
		if (c->policy->stops_at_any_price(params))
			return false;
	}
	return c->policy->heeds & what;
}

/* Return: false if it does not act by the clock. */
static bool acts_at(const struct check *c, uint64_t *at_ms)
{
	uint64_t params[MT_POLICY_PARAMS_MAX];

	if (!c->policy->acts_at_ms)
		return false;
	mt_policy_params(c->policy, c->limits, params);
	*at_ms = c->policy->acts_at_ms(params);
	return true;
}

static bool no_room_for_a_stop(const struct check *c)
{
	char allowed[MT_UNIT_STR], fixed[MT_UNIT_STR];

	if (!heeds(c, MT_HEEDS_FIXED) || c->limits->max_downtime_ms > c->limits->fixed_ms)
		return false;
	snprintf(
		c->line, c->size,
		"max_downtime %s is not more than fixed %s, the part of each pause that is not memory: policy %s never stops the guest and %s; raise max_downtime, or lower fixed if pauses here were measured to have less",
		mt_format_duration_ms(allowed, (double)c->limits->max_downtime_ms),
		mt_format_duration_ms(fixed, (double)c->limits->fixed_ms), c->policy->name,
		c->limits->postcopy_allowed ? "flips what QEMU does not end by itself" :
					      "aborts what QEMU does not end by itself");
	return true;
}

static bool pause_is_not_heeded(const struct check *c)
{
	char allowed[MT_UNIT_STR];

	if (!c->policy->acts || heeds(c, MT_HEEDS_MAX_DOWNTIME))
		return false;
	snprintf(
		c->line, c->size,
		"policy %s does not heed max_downtime %s: the guest pauses for as long as what is left takes%s; policy " MT_POLICY_DEFAULT
		" heeds it",
		c->policy->name, mt_format_duration_ms(allowed, (double)c->limits->max_downtime_ms),
		c->limits->postcopy_allowed ? ", where it is stopped because post-copy is refused" :
					      "");
	return true;
}

static bool deadline_is_not_heeded(const struct check *c)
{
	char deadline[MT_UNIT_STR], timeout[MT_UNIT_STR];
	uint64_t at_ms;

	if (c->limits->deadline_ms == MT_LIMIT_NONE || heeds(c, MT_HEEDS_DEADLINE))
		return false;
	mt_format_duration_ms(deadline, (double)c->limits->deadline_ms);
	if (acts_at(c, &at_ms) && at_ms != MT_LIMIT_NONE && at_ms > c->limits->deadline_ms)
		snprintf(c->line, c->size,
			 "policy %s acts after its timeout of %s, beyond the deadline of %s, which it does not heed: make the timeout shorter, or take policy " MT_POLICY_DEFAULT,
			 c->policy->name, mt_format_duration_ms(timeout, (double)at_ms), deadline);
	else
		snprintf(
			c->line, c->size,
			"policy %s does not heed the deadline of %s: a migration may go on after it; policy " MT_POLICY_DEFAULT
			" heeds it",
			c->policy->name, deadline);
	return true;
}

static bool timeout_never_comes(const struct check *c)
{
	uint64_t at_ms;

	if (!acts_at(c, &at_ms) || at_ms != MT_LIMIT_NONE)
		return false;
	snprintf(c->line, c->size,
		 "policy %s without a timeout never acts, as policy qemu; give it one",
		 c->policy->name);
	return true;
}

static bool deadline_is_shorter_than_the_pause(const struct check *c)
{
	char deadline[MT_UNIT_STR], allowed[MT_UNIT_STR];

	if (!heeds(c, MT_HEEDS_DEADLINE) || !heeds(c, MT_HEEDS_MAX_DOWNTIME) ||
	    c->limits->deadline_ms > c->limits->max_downtime_ms)
		return false;
	snprintf(
		c->line, c->size,
		"the deadline of %s for the whole migration is not more than max_downtime %s, its pause alone: policy %s aborts nearly all; raise the deadline",
		mt_format_duration_ms(deadline, (double)c->limits->deadline_ms),
		mt_format_duration_ms(allowed, (double)c->limits->max_downtime_ms),
		c->policy->name);
	return true;
}

static bool flips_at_once_but_may_not(const struct check *c)
{
	if (c->limits->postcopy_allowed || !mt_policy_flips_at_once(c->policy, c->limits))
		return false;
	snprintf(
		c->line, c->size,
		"policy %s as it is set flips to post-copy before a pass is done, which is not allowed: allow post-copy, or have it wait for a pass",
		c->policy->name);
	return true;
}

unsigned mt_limits_check(const struct mt_policy *policy, const struct mt_limits *given,
			 mt_limits_tell_fn tell, void *opaque)
{
	static const struct {
		bool error;
		bool (*wrong)(const struct check *c);
	} rows[] = {
		{ true, flips_at_once_but_may_not },
		{ false, no_room_for_a_stop },
		{ false, deadline_is_shorter_than_the_pause },
		{ false, pause_is_not_heeded },
		{ false, deadline_is_not_heeded },
		{ false, timeout_never_comes },
	};
	struct mt_limits limits = *given;
	unsigned errors = 0;

	mt_limits_resolve(&limits);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		char line[512];
		const struct check c = {
			.policy = policy, .limits = &limits, .line = line, .size = sizeof(line)
		};

		if (!rows[i].wrong(&c))
			continue;
		errors += rows[i].error;
		tell(rows[i].error, line, opaque);
	}
	return errors;
}
