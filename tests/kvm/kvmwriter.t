#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvmwriter: does it write what it says, and say what it wrote? KTAP on stdout.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
writer=${B:-$top/build}/tests/kvm/kvmwriter
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. "$top/tests/lib/ktap.sh"

# told NAME CONDITION: over both objects, as .[0] (start) and .[1] (end)
told()
{
	check_jq "$1" "$2" < <(jq -s . "$dir/out")
	[ ! -s "$dir/err" ] || note "$(cat "$dir/err")"
}

run()
{
	"$writer" "$@" >"$dir/out" 2>"$dir/err"
}

# run_until JQ-CONDITION OPTION...: longer each time until that much was done. A busy machine is slow,
# and only what was done can be judged; when nothing comes of it the check that follows says so.
run_until()
{
	local duration enough=$1
	shift
	for duration in 1 4 16 64; do
		run "$@" --duration $duration
		! jq -se "$enough" "$dir/out" >/dev/null 2>&1 || break
	done
}

run --duration 0.01
[ $? != 4 ] || skip_all "$(cat "$dir/err")"
plan 9

# Pages 0 to 999 of slot 10: the hash is vm_page_hash() as computed elsewhere.
run_until '.[1].written[0] >= 1000' --pattern sequential --pages 1000 --rate 5000 --reap 50
told "a sweep has every page" '.[1] | .distinct == 1000 and .distinct_hash == "7d519addbd0fcc91" and .stray == 0'
told "no more writes than the rate says" '.[1] | .written[0] <= 5000 * .elapsed_s and .elapsed_s > 0.99'

run_until '.[1].harvests >= 3' --pattern zipf --vcpus 2 --rate 6000 --reap 100
told "zipf, two vCPUs: distinct pages as by the closed form" \
	'.[1] | .distinct - .expected_distinct | fabs < 250'
told "the sum of the rings is what was harvested" '.[1] | .harvested == (.pushed | add) and .harvests >= 3'

run_until '(.[1].written | add) >= 4000' --mode manual --vcpus 2 --shared --pages 500 --rate 4000 --reap 20
told "a bitmap, one slot that two vCPUs share" '(.[0].slots | length) == 1 and .[1].distinct > 450'

run_until '.[1].written[0] > 0' --mode initially-set --pages 5000 --rate 1000
told "pages that start dirty are not counted" '.[1] | .harvested <= .written[0] and .harvested > 0'

run_until '.[1].ring_full == [1]' --full wait --ring 1024 --reap 0 --rate 0
told "nobody harvests: the writer stands still" '.[1] | .ring_full == [1] and .harvests == 2'

"$writer" --duration 3000 --rate 1000 >"$dir/out" 2>"$dir/err" &
pid=$!
for _ in $(seq 3000); do
	[ ! -s "$dir/out" ] || break
	sleep 0.1
done
kill -TERM $pid
wait $pid
told "cut short, it still tells" '.[1].elapsed_s < 2999'

run --rate 1k; a=$?
run --full never; b=$?
run more; c=$?
echo "[$a, $b, $c]" >"$dir/out"
told "what it does not understand it refuses" '.[0] == [2, 2, 2]'
ktap_end
