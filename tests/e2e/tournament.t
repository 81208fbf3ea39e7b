#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small tournament on two hosts: interrupted after a migration, taken up again, and what is said
# of a guest that is left alone, stopped, or flipped.
. "$(dirname "$0")/lib.sh"
plan 15
begin_campaign tournament
out=$(realpath --relative-to=. "$dir")/out

cat >"$dir/spec.ini" <<'END'
[campaign]
where = test
up = scripts/campaign.d/up
start = scripts/campaign.d/start
stop = scripts/campaign.d/stop
link = scripts/campaign.d/link
watch = scripts/campaign.d/watch
source = libvirt
profile = 1s
pause = 100ms
baseline = 500ms
[guest small]
type = qemu
memory = 64MiB
[workload busy]
image = mem
command_line = region=32M rate=max pattern=uniform seed=1
[policy stop-after-2]
policy = fixed-passes
passes = 2
[policy flip-after-1]
policy = passes
passes = 1
[runs stopped]
guests = small
workloads = busy
policies = qemu stop-after-2
bandwidths = 36MiB/s
max_downtimes = 3s
deadline = 6s
[runs flipped]
guests = small
workloads = busy
policies = flip-after-1
bandwidths = 36MiB/s
max_downtimes = 3s
deadline = 6s
postcopy = yes
END

tournament() { "$SCENE_B/migtrace" tournament "$@" -o "$out" -f json; }
lines() { cat "$out/runs.jsonl" 2>/dev/null | wc -l; }
of() { jq -cs ".[] | select(.policy == \"$1\") | $2" "$out/runs.jsonl"; }

# Not by the function: a signal would reach the shell that runs it.
"$SCENE_B/migtrace" tournament "$dir/spec.ini" -o "$out" -f json >"$dir/part" 2>"$dir/err" &
PID=$!
for ((i = 0; i < 3000; i++)); do
	[ ! -e "$out/runs/0001.mtrec.part" ] || break
	sleep 0.1
done
kill -INT $PID
wait $PID
check_eq "interrupted: the migration under way is finished, exit 130" "$?/$(lines)" 130/1
PID=
note "$(cat "$dir/err")"
check "and its score is shown" jq -e 'length == 2 and .[0].runs == 1' "$dir/part"
tournament "$dir/spec.ini" >"$dir/scores" 2>"$dir/err"
check_eq "taken up again: exit 0, each migration once" "$?/$(jq .run "$out/runs.jsonl" | xargs)" "0/1 2 3"
note "$(cat "$dir/err")"
note "$(jq -c '[.policy, .outcome, .total_ms, .downtime_ms, .felt_ms, .work_before_per_s, .work_during_per_s, .reason]' "$out/runs.jsonl")"
check "it says how many are left, and for how long" grep -Eq '[01] left, about ' "$dir/err"
check "the memory of each is whole" jq -se 'all(.verified == "ok")' "$out/runs.jsonl"
check_eq "left alone it does not end: cancelled after the deadline" \
	"$(of qemu '[.outcome, (.note | test("cap"))]')" '["aborted",true]'
check_eq "one is stopped" "$(of stop-after-2 '[.outcome, .converged, (.reason | test("^stop: 2 of 2"))]')" '["completed",false,true]'
check "and pauses for what was left" \
	test "$(of stop-after-2 '.downtime_ms > 300 and .downtime_ms < 3000 and .felt_ms + 100 > .downtime_ms')" = true
check_eq "one is flipped" "$(of flip-after-1 '[.outcome, .converged, .postcopy_allowed, (.reason | test("^flip: "))]')" \
	'["completed",false,true,true]'
check "and pauses for less than that" test "$(of flip-after-1 .downtime_ms)" -lt "$(of stop-after-2 .downtime_ms)"
check "the guest's own work is known" jq -se 'all(.work_before_per_s > 1000 and .work_during_per_s > 1000)' "$out/runs.jsonl"
check "objectives: met but by who was cancelled" jq -e '[.[] | select(.workload == "busy") | {(.policy): .met}] | add
	== {"qemu": 0, "stop-after-2": 1, "flip-after-1": 1}' "$dir/scores"
check "alone in its set, each that met them is the best" \
	jq -e '[.[] | select(.met == 1) | .regret_percent_p50] | length == 4 and all(. == 0)' "$dir/scores"
check_eq "no guest is left, nor anything of a guard" \
	"$(scene_on a virsh -q list --all; scene_on b virsh -q list --all; ls "$out/hands" | grep stopped)" ""
check "a line says when it was" jq -se 'all(.start_wall_ms > 1e12)' "$out/runs.jsonl"
ktap_end
