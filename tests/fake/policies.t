#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Random schedules for each policy that acts: a share of them here, and all by hand. A minute and a half for each
# 10,000 on two idle processors:
#
#	POLICY_RUNS=10000 tests/fake/policies.t
cd "$(dirname "$0")/../.." || exit 1
exec "${B:-build}/tests/fake/schedules" --policy all --runs "${POLICY_RUNS:-150}" --keep-going
