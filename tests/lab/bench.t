#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/bench and scripts/bench-kernel: parts chosen by name, a line for each as soon as it is
# measured, and a run that is cut keeps what it has. What is measured is not judged.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/ktap.sh
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

KTAP_SHOW=("$dir/err")
# Only parts that need neither root nor hosts: the first takes seconds, the second half a minute.
quick=ucurve long=simulated

# is_line PART: the output's only line
is_line() { cat "$dir/out"; jq -es --arg part "$1" 'length == 1 and (.[0] | .part == $part and (.result | type) == "object" and .seconds >= 0)' "$dir/out"; }
refused() { cat "$dir/out"; [ "$1" = 2 ] && [ ! -s "$dir/out" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -q "$2" "$dir/err"; }

plan 9
scripts/bench --list >"$dir/out" 2>"$dir/err"
check "the parts are listed, each with what it measures" awk 'NF < 2 { bad = 1 } END { exit bad || NR < 5 }' "$dir/out"
scripts/bench $quick nonsense >"$dir/out" 2>"$dir/err"
check "a part that there is not is refused before anything is measured" refused $? nonsense
scripts/bench-kernel 2.4 >"$dir/out" 2>"$dir/err"
check "so is a kernel that there is not" refused $? 2.4
KERNELS='' scripts/bench-kernel >"$dir/out" 2>"$dir/err"
check_eq "without kernels nothing is measured of them" "$?/$(wc -c <"$dir/out")" 0/0

scripts/bench $quick >"$dir/out" 2>"$dir/err"
check_eq "one part alone is measured" $? 0
check "and is one line of JSON" is_line $quick

# All its processes inherit the name of this directory.
BENCH_TEST=$dir scripts/bench $quick $long >"$dir/out" 2>"$dir/err" &
pid=$!
for ((i = 0; i < 6000; i++)); do
	! grep -q "bench: $long" "$dir/err" || break
	sleep 0.1
done
sleep 1
kill -TERM $pid
wait $pid
check_eq "a run that is told to end says so" $? 143
check "what it had measured is there, whole" is_line $quick
nothing_left()
{
	local p left=0
	for p in /proc/[0-9]*; do
		[ "${p#/proc/}" = $$ ] || ! tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qxF "BENCH_TEST=$dir" || { cat "$p/cmdline"; left=1; }
	done
	return $left
}
check "and nothing of it goes on" nothing_left
ktap_end
