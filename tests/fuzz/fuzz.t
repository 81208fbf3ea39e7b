#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A bounded run of each fuzzer, under ASan and UBSan; the seed is printed, and may be given.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build} seed=${SEED:-$(date +%s)}
echo "TAP version 13"
echo "1..2"
n=0
for what in "recording 3000" "engine 400"; do
	set -- $what
	n=$((n + 1))
	if out=$("$B/tests/fuzz/fuzz_$1" "$2" "$seed" 2>&1); then
		echo "ok $n - $1: $2 hostile inputs, seed $seed"
	else
		echo "not ok $n - $1: seed $seed"
		tail -n 30 <<<"$out" | sed 's/^/# /'
	fi
done
