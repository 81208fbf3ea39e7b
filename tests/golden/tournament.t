#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Small tournaments: what they say of a migration is what simulate and replay say of it, what is
# interrupted is taken up, and what is shipped can be read.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
. tests/lib/ktap.sh
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
plan 23

cat >"$dir/sim.ini" <<'END_OF_SPEC'
[simulator]
seed = 5
hindsight = 4
[policy after-3]
policy = fixed-passes
passes = 3
[workload steady]
trace = uniform:region=32MiB,rate=20000/s
memory = 64MiB
[workload still]
trace = idle:region=32MiB
memory = 64MiB
[runs all]
workloads = steady still
policies = qemu after-3 predict
bandwidths = 40MiB/s
max_downtimes = 500ms
deadline = 20s
repeat = 2
[runs flips]
workloads = steady
policies = qemu ihm
bandwidths = 40MiB/s
max_downtimes = 200ms 1s
deadline = 20s
postcopy = yes
END_OF_SPEC
tournament() { "$B/migtrace" tournament "$@" 2>"$dir/err"; }
lines() { wc -l <"$dir/$1/runs.jsonl"; }

check_eq "the plan: each under each, and hindsight" "$(tournament -n "$dir/sim.ini" | tail -n 1)" "$((2 * 4 * 2 + 3 * 2)) migrations"
tournament "$dir/sim.ini" -o "$dir/out" --svg "$dir/chart.svg" -f json >"$dir/scores"
check_eq "held to its end" "$?/$(lines out)" 0/22
check "a line says what was asked, and what came of it" jq -se 'all(.where == "simulator" and .start_wall_ms > 0 and .max_downtime_ms and .deadline_ms == 20000
	and (.postcopy_allowed | type) == "boolean" and .outcome)' "$dir/out/runs.jsonl"

# The simulator's own answer: seed 6 is the second round's.
link=$(jq -s '.[0].link_bytes_per_s' "$dir/out/runs.jsonl")
"$B/migtrace" simulate uniform:region=32MiB,rate=20000/s --memory 64MiB --seed 6 --bandwidth 40MiB/s --link "${link}B/s" \
	--postcopy-bandwidth 40MiB/s --max-downtime 300ms --cap 23s --deadline 20s --policy qemu,fixed-passes --stop-after 3 -f json >"$dir/simulated"
of() { jq -s ".[] | select(.policy == \"$1\" and .workload == \"steady\" and .round == 1 and (.postcopy_allowed | not)) | $2" "$dir/out/runs.jsonl"; }
sim() { jq ".[] | select(.policy == \"$1\") | $2" "$dir/simulated"; }
check_eq "as simulate says: bytes under qemu" "$(of qemu .transferred_bytes)" "$(sim qemu .transferred_bytes)"
check_eq "as simulate says: total time of a policy with a parameter" "$(of after-3 .total_ms)" "$(sim fixed-passes '.total_ms | round')"
check_eq "a guest that a policy stopped pauses until it runs again" "$(of after-3 .downtime_ms)" "$(sim fixed-passes '.stall_ms | round')"

check "no policy beats hindsight" jq -e 'all(.[]; .regret_percent_p10 == null or .regret_percent_p10 >= 0)' "$dir/scores"
check "hindsight has the least regret" jq -e 'all(.[] | select(.policy == "hindsight"); .met == 0 or .regret_percent_p50 == 0)' "$dir/scores"
check "met means: completed, the pause and the total time within limits" jq -n --slurpfile s "$dir/scores" --slurpfile r "$dir/out/runs.jsonl" -e '
	[$r[] | select(.policy != "hindsight" and .outcome == "completed" and .total_ms <= .deadline_ms and .downtime_ms <= .max_downtime_ms)] | length as $met
	| $met == ([$s[0][] | select(.workload == "all" and .policy != "hindsight") | .met] | add) and $met > 0'
check "and so it has with weights" test "$(tournament -s -o "$dir/out" --weight-downtime 50 --weight-stall 1 -f json |
	jq "all(.[] | select(.policy == \"hindsight\"); .met == 0 or .regret_percent_p50 == 0)")" = true
check "a heavier pause turns the order" test "$(tournament -s -o "$dir/out" --weight-downtime 100 -f json | jq -c '[.[] | .regret_percent_p50]')" \
	!= "$(jq -c '[.[] | .regret_percent_p50]' "$dir/scores")"
check "the chart has a panel for each workload and permission" test "$(grep -c '<g>' "$dir/chart.svg")" = 3
check "and fetches nothing" test "$(grep -Eo '(href|src|url\(|https?:)[^ ]*' "$dir/chart.svg")" = 'http://www.w3.org/2000/svg"'

# What the guest sends and receives takes its part of the link: before it runs there, and from then on.
for traffic in sent received; do
	cat >"$dir/$traffic.ini" <<-END_OF_SPEC
		[simulator]
		hindsight = 0
		profile = 4s
		[policy flip]
		policy = passes
		passes = 0
		[workload alone]
		trace = idle:region=56MiB
		memory = 64MiB
		[workload talks]
		trace = idle:region=56MiB
		memory = 64MiB
		cpu = 50%
		$traffic = 20MiB/s
		[runs all]
		workloads = alone talks
		policies = qemu flip
		bandwidths = 28MiB/s
		max_downtimes = 300ms
		postcopy = yes
	END_OF_SPEC
	tournament "$dir/$traffic.ini" -o "$dir/$traffic" >/dev/null
done
# The link carries 28 / 0.945 MiB/s, of which 20 are taken: 2.9 times as long, but for what takes no bandwidth.
slower() { jq -s "def t(w): .[] | select(.workload == w and .policy == \"$2\") | .total_ms; t(\"talks\") / t(\"alone\") | . > $3 and . < $4" "$dir/$1/runs.jsonl"; }
check_eq "what it sends slows pre-copy, not post-copy" "$(slower sent qemu 2.7 2.95) $(slower sent flip 0.95 1.05)" "true true"
check_eq "what it receives slows post-copy, not pre-copy" "$(slower received flip 2.7 2.95) $(slower received qemu 0.95 1.05)" "true true"

# Cut in the middle of a line, and interrupted.
figures() { jq -Sc 'del(.start_wall_ms)' "$dir/$1/runs.jsonl" | sort; }
mkdir "$dir/cut"
cp "$dir/out/spec.ini" "$dir/cut"
{ head -n 9 "$dir/out/runs.jsonl"; printf '{"run":10,"wh'; } >"$dir/cut/runs.jsonl"
tournament "$dir/sim.ini" -o "$dir/cut" >/dev/null
check_match "taken up: what is left" "$(<"$dir/err")" '13 of 22 migrations to make'
check_eq "taken up: the same figures" "$(figures cut)" "$(figures out)"
sed 's/repeat = 2/repeat = 400/' "$dir/sim.ini" >"$dir/long.ini"
"$B/migtrace" tournament "$dir/long.ini" -o "$dir/long" >"$dir/part" 2>"$dir/err" &
pid=$!
for ((i = 0; i < 600; i++)); do
	[ ! -s "$dir/long/runs.jsonl" ] || break
	sleep 0.1
done
kill -INT $pid
wait $pid
check_eq "interrupted: exit 130, and it says that the same command goes on" "$?/$(grep -c 'the same command goes on' "$dir/err")" 130/1
check "interrupted: scores of what there is" grep -q '^steady\|^still' "$dir/part"

# On recordings: as replay says.
cat >"$dir/replay.ini" <<'END_OF_SPEC'
[recordings]
dir = tests/golden/recordings
[workload hopeless]
recordings = hopeless.mtrec
[workload several]
recordings = conv*.mtrec zipf.mtrec
[runs all]
workloads = hopeless several
policies = qemu fixed-passes predict
max_downtimes = 60s
END_OF_SPEC
tournament "$dir/replay.ini" -o "$dir/replayed" >/dev/null
check_eq "each recording is a round" "$(jq -sc '[group_by(.workload)[] | length]' "$dir/replayed/runs.jsonl")" '[4,8]'
"$B/migtrace" replay tests/golden/recordings/hopeless.mtrec --policy predict --max-downtime 60s -f json >"$dir/said"
# And what was dirtied since the pass began: little, since it acted at a look right behind a boundary.
check "as replay says: time and implied pause" jq -n -e --slurpfile s "$dir/said" --slurpfile r "$dir/replayed/runs.jsonl" '
	($r[] | select(.workload == "hopeless" and .policy == "predict")) as $r | $s[0][0] as $s
	| $r.downtime_ms >= ($s.implied_downtime_ms | floor) and $r.downtime_ms <= 1.01 * $s.implied_downtime_ms
	and ($r.total_ms - $r.downtime_ms - $s.at_ms | fabs) <= 1'

check "what is shipped can be read" sh -c "
	for s in sim walm ihm real; do $B/migtrace tournament -n tests/data/tournament/\$s.ini >/dev/null || exit 1; done"
data=${MIGTRACE_DATA:-../shared/data}/pg-ycsb
if [ -d "$data" ]; then
	check "those of recordings, too, where they are" sh -c "
		d=\$(realpath tests/data/tournament) b=\$(realpath $B/migtrace)
		cd '$data' && for s in recordings ihm-recordings; do \"\$b\" tournament -n \"\$d/\$s.ini\" >/dev/null || exit 1; done"
else
	skip "those of recordings, too, where they are" "no $data"
fi
ktap_end
