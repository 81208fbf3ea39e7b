#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes wrong in mid-migration: the guest survives wherever QEMU lets it, its
# memory whole, and the tool says what happened and fails where it failed.
. tests/e2e/lib.sh

plan 33
begin 320mbit 36
type=$(types | cut -d' ' -f1)
never="region=96M rate=max pattern=seq seed=7"	# does not converge, whatever the machine's load

# in_background NAME OPTION...: migtrace migrate, its progress in $ERR
in_background() {
	local name=$1
	shift
	ERR=$SCENE_DIR/$name.err OUT=$SCENE_DIR/$name.json
	start_watch "$name"
	scripts/testbed exec a -- "$SCENE_B/migtrace" migrate "$name" "$SCENE_DEST" \
		--bandwidth "${SCENE_LIMIT_MIB}MiB/s" -f json "$@" >"$OUT" 2>"$ERR" </dev/null &
	JOB=$!
}

# wait_for PATTERN: in the progress, at most 20 s
wait_for() {
	local i
	for ((i = 0; i < 400; i++)); do
		grep -Eq "$1" "$ERR" && return 0
		sleep 0.05
	done
	note "\"$1\" never came:" "$(cat "$ERR")"
	return 1
}

ended() {
	wait "$JOB"
	RC=$?
	ANSWER=$(cat "$OUT")
	answer
	note "exit $RC, $OUTCOME: $DETAIL"
}

destination_killed() {
	scene_guest dies "$type" "$never" 160
	in_background dies --policy qemu
	wait_for 'pass 1 done'
	kill -9 "$(cat "$(scripts/testbed dir)/b/run/libvirt/qemu/dies.pid")"
	ended
	check_eq "destination QEMU killed in pre-copy: failed, exit 1" "$OUTCOME/$RC" failed/1
	check_match "destination QEMU killed: says where the guest is" "$DETAIL" "goes on at the source"
	check_eq "destination QEMU killed: the guest runs at a" "$(scene_where dies)" a
	check "destination QEMU killed: memory verified" verified dies
	scene_remove dies
}

link_down() {
	scene_guest cut "$type" "region=64M rate=1500 pattern=uniform seed=8"
	in_background cut --max-downtime 1s --record "$SCENE_DIR/cut.mtrec"
	sleep 1
	scripts/testbed link down
	sleep 5
	scripts/testbed link up
	ended
	check_eq "link down for 5 s: completes" "$OUTCOME/$RC" completed/0
	check_eq "link down: the guest runs at b only" "$(scene_where cut)" b
	check "link down: memory verified" verified cut
	check "link down: the recording is whole" "$SCENE_B/migtrace" report "$SCENE_DIR/cut.mtrec"
	scene_remove cut
}

libvirtd_restarted() {
	scene_guest restart "$type" "$never" 160
	in_background restart --policy qemu
	wait_for 'pass 1 done'
	scripts/testbed kill a
	sleep 1
	scripts/testbed start a
	ended
	check_eq "source libvirtd restarted: failed, exit 1" "$OUTCOME/$RC" failed/1
	check "source libvirtd restarted: said that it went away" grep -q 'libvirtd went away' "$ERR"
	check "source libvirtd restarted: and that it came back" grep -q 'libvirtd is back' "$ERR"
	check_eq "source libvirtd restarted: the guest runs at a" "$(scene_where restart)" a
	check "source libvirtd restarted: memory verified" verified restart
	scene_remove restart
}

disk_full() {
	# Blocks of 1 KiB, so that a short recording already needs several.
	truncate -s 64K "$SCENE_DIR/disk" && /sbin/mkfs.ext2 -q -b 1024 -N 32 "$SCENE_DIR/disk" && mkdir "$SCENE_DIR/small" &&
		scene_on a mount -o loop "$SCENE_DIR/disk" "$SCENE_DIR/small" || {
		skip_some 6 "no loop device for a small disk"
		return
	}
	scene_on a dd if=/dev/zero of="$SCENE_DIR/small/other" bs=1024 status=none 2>/dev/null
	scene_on a truncate -s -1536 "$SCENE_DIR/small/other"
	scene_guest full "$type" "region=64M rate=1500 pattern=uniform seed=9"
	in_background full --max-downtime 1s --record "$SCENE_DIR/small/full.mtrec"
	ended
	check_eq "disk full while recording: the migration completes" "$OUTCOME" completed
	check_eq "disk full: exit 1" "$RC" 1
	check "disk full: says so" grep -q 'No space left' "$ERR"
	check "disk full: memory verified" verified full
	local report
	report=$(scene_on a "$SCENE_B/migtrace" report "$SCENE_DIR/small/full.mtrec.part" 2>&1)
	check_eq "disk full: report reads what there is, exit 1" $? 1
	check_match "disk full: report says that it ends early" "$report" "ends early"
	scene_on a umount "$SCENE_DIR/small"
	scene_remove full
}

interrupted() {
	scene_guest intr "$type" "$never" 160
	in_background intr --policy qemu --record "$SCENE_DIR/intr.mtrec"
	wait_for 'pass 1 done'
	kill -INT "$(pgrep -f "migtrace migrate intr " -P "$JOB" || pgrep -f "^$SCENE_B/migtrace migrate intr ")"
	ended
	check_eq "Ctrl-C: cancelled, exit 1" "$OUTCOME/$RC" aborted/1
	check_eq "Ctrl-C: the guest runs at a" "$(scene_where intr)" a
	check "Ctrl-C: memory verified" verified intr
	check "Ctrl-C: the recording is whole" "$SCENE_B/migtrace" report "$SCENE_DIR/intr.mtrec"
	scene_remove intr
}

# A dry run binds the policy, not the person.
dry_interrupted() {
	scene_guest dry "$type" "$never" 160
	in_background dry --dry-run
	wait_for 'pass 2 done'
	kill -INT "$(pgrep -f "^$SCENE_B/migtrace migrate dry ")"
	ended
	check_eq "Ctrl-C in a dry run: cancelled, exit 1" "$OUTCOME/$RC" aborted/1
	check "Ctrl-C in a dry run: memory verified" verified dry
	scene_remove dry
}

# The link dies just when the guest has been stopped for its last pages: it must not stay so.
stopped_and_cut() {
	scene_guest guard "$type" "region=64M rate=15000 pattern=uniform seed=10"
	in_background guard --policy timeout --timeout 4s
	wait_for ' stop: '
	scripts/testbed link down
	wait_for 'should have moved long ago'
	check_eq "link cut after the stop: the guest is given back" $? 0
	sleep 1
	scripts/testbed link up
	ended
	check_eq "link cut after the stop: aborted, exit 1" "$OUTCOME/$RC" aborted/1
	check_eq "link cut after the stop: the guest runs at a" "$(scene_where guard)" a
	check "link cut after the stop: memory verified" verified guard
	scene_remove guard
}

# Our own death does not matter: the migration is libvirtd's.
killed() {
	scene_guest orphan "$type" "region=64M rate=1500 pattern=uniform seed=11"
	in_background orphan --max-downtime 1s --record "$SCENE_DIR/orphan.mtrec"
	sleep 1
	kill -9 "$(pgrep -f "^$SCENE_B/migtrace migrate orphan ")"
	wait "$JOB" 2>/dev/null
	for ((i = 0; i < 100; i++)); do
		[ "$(scene_where orphan)" = b ] && break
		sleep 0.1
	done
	check_eq "migtrace killed -9: the migration completes by itself" "$(scene_where orphan)" b
	check "migtrace killed -9: memory verified" verified orphan
	"$SCENE_B/migtrace" report "$SCENE_DIR/orphan.mtrec.part" >"$SCENE_DIR/out" 2>&1
	check_eq "migtrace killed -9: what was recorded is readable, exit 1" $? 1
	scene_remove orphan
}

destination_killed
link_down
libvirtd_restarted
disk_full
interrupted
dry_interrupted
stopped_and_cut
killed
check_eq "after the faults nothing is left running on either host" "$(scene_on a virsh -q list --all; scene_on b virsh -q list --all)" ""
ktap_end
