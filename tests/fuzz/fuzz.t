#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bounded run of each fuzzer, under ASan and UBSan; the seed is printed, and may be given.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build} seed=${SEED:-$(date +%s)}
. tests/lib/ktap.sh
plan 3
for what in "recording 3000" "engine 400" "history 1500"; do
	# shellcheck disable=SC2086 # a fuzzer, and how often
	set -- $what
	out=$("$B/tests/fuzz/fuzz_$1" "$2" "$seed" 2>&1)
	status=$?
	result $status "$1 survives $2 hostile inputs, seed $seed"
	[ $status = 0 ] || tail -n 30 <<<"$out" | sed 's/^/# /'
done
ktap_end
