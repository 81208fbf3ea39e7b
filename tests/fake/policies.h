/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policies.h - policies that do what a test wants when it wants it
 *
 * Their parameter passes is after how many finished passes, limits.fixed_ms the pause that the
 * decision predicts, so that the test knows both without asking the code under test.
 */
#ifndef FAKE_POLICIES_H
#define FAKE_POLICIES_H

#include "policy/policy.h"

extern const struct mt_policy fake_policy_none, fake_policy_stop, fake_policy_flip,
	fake_policy_abort, fake_policy_limit, /* raises QEMU's limit by 50 ms at each
							 * pass, and stops in the end */
	fake_policy_stop_or_abort, /* wants to stop, and from the
								 * deadline on to abort */
	fake_policy_restart, /* begins again by auto-converge, and then stops */
	fake_policy_vcpus, /* lets vCPUs dirty 30 MiB/s each, at each pass anew */
	fake_policy_throttle, /* by 40 %, once */
	fake_policy_speed, /* changes the speed, and stops in the
							 * end */
	fake_policy_slow; /* slows every other pass down, and stops at the speed that was */

#endif
