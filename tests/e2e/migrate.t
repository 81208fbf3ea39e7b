#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Supervised migrations of the memory-verifying guest, each under KVM (where it
# works) and under TCG: converging, not converging in three ways, hopeless, idle.
. tests/e2e/lib.sh

plan 46
begin 320mbit 36

# Under TCG QEMU 7.2 can itself lose memory in pre-copy unless the guest keeps dirtying: the default keepalive sees to that.
converging() {
	local g=conv-$1
	scene_guest "$g" "$1" "region=64M rate=1500 pattern=uniform seed=1"
	migrate "$g" --max-downtime 1s
	check_eq "$1, converging: completed" "$OUTCOME/$RC" completed/0
	check_eq "$1, converging: nobody interfered" "$ACTIONS" 0
	check "$1, converging: memory verified" verified "$g"
	scene_remove "$g"
}

idle() {
	local g=idle-$1
	scene_guest "$g" "$1" "region=64M rate=0 seed=2"
	migrate "$g"
	check_eq "$1, idle: completed without help" "$OUTCOME/$RC/$ACTIONS" completed/0/0
	check_le "$1, idle: pause within QEMU's own limit" "$DOWNTIME_MS" 400
	check "$1, idle: memory verified" verified "$g"
	scene_remove "$g"
}

postcopy_allowed() {
	local g=post-$1
	scene_guest "$g" "$1" "region=96M rate=30000 pattern=uniform seed=3" 160
	migrate "$g" --max-downtime 500ms --postcopy
	check_eq "$1, not converging, post-copy allowed: completed" "$OUTCOME/$RC" completed/0
	check "$1, post-copy: it flipped, and said why" grep -q 'flip: will not converge' "$ERR"
	check_eq "$1, post-copy: the guest runs at b only" "$(scene_where "$g")" b
	check "$1, post-copy: memory verified" verified "$g"
	scene_remove "$g"
}

good_moment() {
	local g=stop-$1
	# Not within QEMU's 300 ms by itself, but each boundary leaves well under 64 MiB.
	scene_guest "$g" "$1" "region=64M rate=15000 pattern=uniform seed=4"
	migrate "$g" --max-downtime 1300ms
	check_eq "$1, post-copy forbidden: completed" "$OUTCOME/$RC" completed/0
	check "$1, post-copy forbidden: stopped at a boundary, or QEMU let off at one" grep -Eq '(stop: (will|may) not converge by itself: pass [0-9]+ left .*; stopping now pauses the guest for .*, 1.3 s allowed|set-downtime: .*within the 1.3 s allowed)' "$ERR"
	check_le "$1, post-copy forbidden: pause within what is allowed" "$DOWNTIME_MS" 1300
	check "$1, post-copy forbidden: memory verified" verified "$g"
	scene_remove "$g"
}

hopeless() {
	local g=hope-$1
	scene_guest "$g" "$1" "region=96M rate=max pattern=seq seed=5" 160
	migrate "$g" --max-downtime 500ms
	check_eq "$1, hopeless: aborted, exit 1" "$OUTCOME/$RC" aborted/1
	check "$1, hopeless: the verdict says what it would take" grep -Eq 'abort: will not converge: .*it would need' "$ERR"
	# The last of them is told by the abort itself.
	check_le "$1, hopeless: within three iterations" "$(grep -c 'pass .* done' "$ERR")" 2
	check_eq "$1, hopeless: the guest goes on at the source" "$(scene_where "$g")" a
	check "$1, hopeless: memory verified" verified "$g"
	scene_remove "$g"
}

# Pre-copy that does not pay is cancelled and begun again with auto-converge, in one command and one recording.
begun_again() {
	local g=again-$1
	scene_guest "$g" "$1" "region=32M rate=max pattern=seq seed=6"
	migrate "$g" --bandwidth 20MiB/s --policy adamig --max-downtime 900ms --record "$SCENE_DIR/$g.mtrec"
	check_eq "$1, begun again: completed" "$OUTCOME/$RC" completed/0
	check "$1, begun again: it said why" grep -Eq 'restart: .* are sent and .* dirtied, .*: begun again with autoconverge' "$ERR"
	check_eq "$1, begun again: once" "$(jq 'if type == "array" then .[0] else . end | .restarts' <<<"$ANSWER")" 1
	check_eq "$1, begun again: the recording has both" "$("$SCENE_B/migtrace" replay "$SCENE_DIR/$g.mtrec" --policy qemu -f json | jq 'length')" 2
	check_eq "$1, begun again: the guest runs at b only" "$(scene_where "$g")" b
	check "$1, begun again: memory verified" verified "$g"
	scene_remove "$g"
}

for type in kvm qemu; do
	if [[ " $(types) " != *" $type "* ]]; then
		skip_some $([ $type = qemu ] && echo 19 || echo 25) "no /dev/kvm to write to"
		continue
	fi
	converging $type
	idle $type
	postcopy_allowed $type
	good_moment $type
	hopeless $type
	# Under TCG a guest dirties as much however it is throttled.
	[ "$type" = qemu ] || begun_again "$type"
done
check_eq "nothing is left running on either host" "$(scene_on a virsh -q list --all; scene_on b virsh -q list --all)" ""
check_eq "no recording or temporary file is left" "$(find "$SCENE_DIR" -name '*.part')" ""
ktap_end
