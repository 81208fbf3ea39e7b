#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The play of forecasts against the simulator, which shares no code with it: pages, KVM's log and its chunks one by one.
# Large guests, which no campaign has: 16 and 64 GiB, bitmap and ring, 1 to 100 Gbit/s, with and without empty memory.
# Total time and traffic within 5 %. Documentation/evaluation/play.md has the figures. KTAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=${B:-build}/migtrace
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
. tests/lib/ktap.sh
most=${MOST_PERCENT:-5}

# Rules alone, and what the simulator's hosts take.
echo '{"type":"learned","schema":1,"figures":{"precopy":{"setup_ms":10,"switchover_ms":45}},"residuals":[]}' >"$dir/rules.json"

# try GIB RESIDENT_GIB LOG GBIT_PER_S PAGES_PER_S: writes go to all memory that is not empty, evenly
try() {
	local region=$(($2 * 1024 - 64)) rate dirty
	rate=$(($4 * 125))MB/s
	dirty=$(awk -v r=$region -v w="$5" 'BEGIN { r *= 1048576; printf "%.0f", r * (1 - exp(-w * 4096 / r)) }')
	"$tool" simulate "uniform:region=${region}MiB,rate=$5/s" --memory "$1GiB" --resident "$2GiB" --bandwidth "$rate" --link "$rate" --log "$3" --cap 1h \
		--policy qemu --host kvm -f json >"$dir/sim" 2>"$dir/err"
	"$tool" predict --memory "$1GiB" --resident "$2GiB" --dirty-rate "${dirty}B/s" --working-set "${region}MiB" --bandwidth "$rate" \
		--method precopy --log "$3" --learned "$dir/rules.json" -f json >"$dir/play" 2>>"$dir/err"
	jq -rn --slurpfile s "$dir/sim" --slurpfile p "$dir/play" --argjson most "$most" '
		$s[0][0] as $s | $p[0][0] as $p |
		(100 * ($p.total_p50_ms / $s.total_ms - 1)) as $t | (100 * ($p.transferred_p50_bytes / $s.transferred_bytes - 1)) as $b |
		"# simulated \($s.total_ms / 1000 * 10 | round / 10) s, \($s.transferred_bytes / 1073741824 * 10 | round / 10) GiB; played \($t * 10 | round / 10) %, \($b * 10 | round / 10) % off",
		($s.end == "converged" and $s.hosts == "kvm" and ($t | fabs) <= $most and ($b | fabs) <= $most)' >"$dir/out" 2>>"$dir/err"
	[ "$(tail -n 1 "$dir/out")" = true ]
	result $? "played as simulated within $most %: $1 GiB, $2 not empty, $3, $4 Gbit/s" "$(cat "$dir/err")"
	sed -n 1p "$dir/out"
}

plan 24
for gib in 16 64; do
	for resident in "$gib" $((gib / 4)); do
		for log in bitmap ring; do
			try $gib $resident $log 1 10000
			try $gib $resident $log 10 100000
			try $gib $resident $log 100 800000
		done
	done
done
ktap_end
