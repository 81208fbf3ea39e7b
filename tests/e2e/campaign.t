#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A small campaign on two hosts: killed in the middle of a migration, taken up again, and
# what is in its directory then.
. "$(dirname "$0")/lib.sh"
plan 17
begin_campaign campaign
out=$dir/out

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
[guest small]
type = qemu
memory = 64MiB
[workload steady]
image = mem
command_line = region=32M rate=1000 pattern=uniform seed=1
[method precopy]
kind = precopy
[method postcopy]
kind = postcopy
[runs all]
guests = small
workloads = steady
methods = precopy precopy postcopy
bandwidths = 36MiB/s
downtime_limits = 300ms
END

campaign() { "$SCENE_B/migtrace-research" campaign "$dir/spec.ini" -o "$out"; }
lines() { cat "$out/runs.jsonl" 2>/dev/null | wc -l; }

# Killed while the second migration is under way.
"$SCENE_B/migtrace-research" campaign "$dir/spec.ini" -o "$out" 2>"$dir/err" &
PID=$!
for ((i = 0; i < 6000; i++)); do
	[ "$(lines)" -lt 1 ] || [ ! -e "$out/runs/0002.mtrec.part" ] || break
	sleep 0.1
done
check_eq "one migration done, and the second under way" "$(lines)" 1
kill -9 $PID
wait $PID 2>/dev/null
PID=
check "what was cut off has no line" test ! -e "$out/runs/0002.mtrec"
# As if it had died while it wrote one.
printf '{"run":2,"where":"te' >>"$out/runs.jsonl"

campaign 2>"$dir/err"
check_eq "taken up again: exit 0" $? 0
note "$(cat "$dir/err")"
check "it says how many were left" grep -q '2 of 3 migrations to make' "$dir/err"
check "and how long they take" grep -Eq '1 left, about [0-9]' "$dir/err"
check_eq "each migration once, in order" "$(jq .run "$out/runs.jsonl" | xargs)" "1 2 3"
check "all completed, and the memory is whole" jq -se 'all(.outcome == "completed" and .verified == "ok")' "$out/runs.jsonl"
check "pre-copy converged, post-copy flipped" jq -se 'all(.converged == (.method == "precopy")) and (map(select(.method == "postcopy")) | length == 1)' "$out/runs.jsonl"
note "$(jq -c '[.method, .prepare_ms, .total_ms, .downtime_ms, .felt_ms, .transferred_bytes, .nonzero_bytes, .iterations]' "$out/runs.jsonl")"
check "figures are there, and make sense" jq -se 'all(.total_ms > .prepare_ms and .transferred_bytes > 32e6 and .nonzero_bytes > 32e6
	and .nonzero_bytes <= .memory_bytes and .felt_ms + 250 > .downtime_ms and .busy_percent >= 0 and .iterations >= 2)' "$out/runs.jsonl"
check "the link is a little faster than QEMU" jq -se 'all(.link_bytes_per_s / .bandwidth_bytes_per_s | . > 1.05 and . < 1.07)' "$out/runs.jsonl"
check_eq "a profile for each start of the guest" "$(ls "$out/profiles" | xargs)" "small-steady-2.mtrec small-steady.mtrec"
check_eq "each migration's recording ends well" \
	"$(for i in 1 2 3; do "$SCENE_B/migtrace" report -f json "$out/runs/000$i.mtrec" | jq -r .outcome.outcome; done | xargs)" "completed completed completed"
check_eq "a profile has QEMU's own measurement" \
	"$("$SCENE_B/migtrace" report -f json "$out/profiles/small-steady.mtrec" | jq '.dirty_rates | length')" 1
check_eq "nothing is half written" "$(find "$out" -name '*.part')" ""
check_eq "no guest is left" "$(scene_on a virsh -q list --all; scene_on b virsh -q list --all)" ""
campaign 2>"$dir/err"
check_eq "all done: nothing to do" "$?/$(lines)" 0/3
echo '# another' >>"$dir/spec.ini"
check_match "another specification is refused" "$(campaign 2>&1)" "another specification"
ktap_end
