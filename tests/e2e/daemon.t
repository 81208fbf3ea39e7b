#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migtraced on a real host: migrations that virsh starts are noticed, steered and
# recorded; two at once; killed in the middle and started again; only watching.
. tests/e2e/lib.sh
. tests/e2e/daemon.sh

plan 46
begin 320mbit 36
first=$(types | cut -d' ' -f1)
type=$first
REC=$SCENE_DIR/rec-one

steered() {
	daemon_conf one "mode = act" "max_downtime = 1300ms"
	daemon_reload one
	scene_guest "one-$type" "$type" "region=64M rate=15000 pattern=uniform seed=1"
	virsh_migrate "one-$type"
	check_eq "$type, virsh's migration, steered: virsh succeeds" $? 0
	check "$type, steered: the daemon saw its end" eventually 15 daemon_finished one $((seen + 1))
	check_eq "$type, steered: completed, and looked at" "$(daemon_ask one '.finished | map(.outcome) | unique | join(" ")')" completed
	check_match "$type, steered: recorded with its decision" "$(daemon_recorded one "one-$type" '[.decisions[] | select(.applied == "done") | .action] | .[-1]')" "^(stop|set-downtime)$"
	check_eq "$type, steered: noticed at its start" "$(daemon_recorded one "one-$type" '.iterations[0].iteration')" 1
	check_eq "$type, steered: the guest runs at b only" "$(scene_where "one-$type")" b
	check "$type, steered: memory verified" verified "one-$type"
	check "$type, steered: it has taught something" eventually 15 test -s "$REC/learned.json"
	scene_remove "one-$type"
	seen=$((seen + 1))
}

two_at_once() {
	daemon_conf one "mode = act" "max_downtime = 300ms" "postcopy = yes"
	daemon_reload one
	scene_guest left-$type "$type" "region=48M rate=max pattern=seq seed=2" 96
	scene_guest right-$type "$type" "region=48M rate=max pattern=seq seed=3" 96
	SCENE_LIMIT_MIB=18 virsh_migrate left-$type --postcopy &
	local l=$!
	SCENE_LIMIT_MIB=18 virsh_migrate right-$type --postcopy
	check_eq "$type, two at once: the second succeeds" $? 0
	wait $l
	check_eq "$type, two at once: the first succeeds" $? 0
	check "$type, two at once: both ends seen" eventually 15 daemon_finished one $((seen + 2))
	check "$type, two at once: they go by what has been learned" grep -q "right-$type: learned from [0-9]* migration" "$(daemon_file one log)"
	check_eq "$type, two at once: both flipped" "$(for g in left right; do daemon_recorded one $g-$type '[.decisions[] | select(.applied == "done") | .action] | .[0]'; done | xargs)" "flip flip"
	check "$type, two at once: memory of the first verified" verified left-$type
	check "$type, two at once: memory of the second verified" verified right-$type
	scene_remove left-$type
	scene_remove right-$type
	seen=$((seen + 2))
}

killed() {
	daemon_conf one "mode = act" "max_downtime = 1300ms"
	daemon_reload one
	scene_guest kill9 "$type" "region=64M rate=15000 pattern=uniform seed=4"
	virsh_migrate kill9 &
	local v=$!
	sleep 1.5
	daemon_signal one KILL
	check_eq "kill -9 in mid-migration: the guest goes on" "$(scene_where kill9)" a
	daemon_start one
	result $? "kill -9: started again over the stale socket"
	wait $v
	check_eq "kill -9: virsh's migration succeeds" $? 0
	check "kill -9: picked up and seen to its end" eventually 15 daemon_finished one 1
	check_match "kill -9: steered after all" "$(daemon_recorded one kill9 '[.decisions[] | select(.applied == "done") | .action] | .[-1]')" "^(stop|set-downtime)$"
	check_eq "kill -9: one recording, none half done" "$(find "$REC" -name 'kill9*' | grep -c mtrec)/$(find "$REC" -name '*.part' | wc -l)" 1/0
	check "kill -9: memory verified" verified kill9
	scene_remove kill9
}

libvirtd_restarted() {
	scene_guest back "$type" "region=96M rate=max pattern=seq seed=5" 160
	virsh_migrate back &
	local v=$!
	sleep 2
	scripts/testbed kill a
	sleep 0.5
	scripts/testbed start a
	wait $v
	check "libvirtd restarted: the end is seen" eventually 15 daemon_finished one 2
	check_eq "libvirtd restarted: the guest goes on at a, and that is what the daemon says" \
		"$(scene_where back)/$(daemon_ask one '[.finished[] | select(.domain == "back")][0].outcome')" a/failed
	check "libvirtd restarted: memory verified" verified back
	scene_remove back
}

watching() {
	daemon_conf one "mode = observe" "max_downtime = 1300ms"
	daemon_signal one TERM
	daemon_start one
	result $? "stops and starts again, now only to watch"
	scene_guest watch "$type" "region=96M rate=max pattern=seq seed=6" 160
	virsh_migrate watch --timeout 6 --timeout-suspend &
	local v=$!
	wait $v
	check "watching: the end is seen" eventually 15 daemon_finished one 1
	check_eq "watching: it would have, and did not" "$(daemon_recorded one watch '[.decisions[] | select(.action != "none") | .applied] | unique | join(" ")')" dry-run
	check "watching: memory verified" verified watch
	scene_remove watch
	daemon_signal one TERM
}

seen=0
daemon_conf one "mode = act"
daemon_start one
result $? "starts and connects"
for type in kvm qemu; do
	if [[ " $(types) " != *" $type "* ]]; then
		skip_some 15 "no /dev/kvm to write to"
		continue
	fi
	steered
	two_at_once
done
type=$first
killed
libvirtd_restarted
watching
check_eq "no daemon, socket or half recording is left" "$(find "$SCENE_DIR" -name '*.part' -o -name '*.sock')" ""
ktap_end
