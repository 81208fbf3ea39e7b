#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The agent that pulls hot pages after a flip, on two hosts: that it does, and that whatever becomes
# of it the guest is not worse off.
. "$(dirname "$0")/lib.sh"

plan 25
refused() { # NAME STATUS PATTERN ARGUMENT...
	local name=$1 status=$2 pattern=$3 rc
	shift 3
	scripts/testbed exec b -- "$SCENE_B/migtrace" "$@" >"$SCENE_DIR/out" 2>"$SCENE_DIR/err" </dev/null
	rc=$?
	check_eq "$name: exit $status" "$rc" "$status"
	check "$name: says so" grep -Eq -- "$pattern" "$SCENE_DIR/err"
}

begin

workload="region=96M rate=2000 pattern=hotcold hot=5% hotshare=99.9% seed=1"
flip=(--postcopy --policy passes --passes 0)
pull() { echo "scripts/testbed exec b -- $SCENE_B/migtrace pull $1 -f json >&2"; }
fetched() { grep -o '"'"$1"'_pages":[0-9]*' "$ERR" | tail -n 1 | cut -d : -f 2; }
well() {
	check_eq "$2: completed" "$OUTCOME/$RC" completed/0
	check_eq "$2: the guest runs at b only" "$(scene_where "$1")" b
	check "$2: memory verified" verified "$1"
	scene_remove "$1"
}

# --- it pulls
g=hot
scene_guest $g qemu "$workload" 160
scene_on a "$SCENE_B/migtrace" hot $g --looks 3 --every 300ms >"$SCENE_DIR/extents"
check_le "hot: at least half of the 1228 hot pages are found" 614 "$(awk '{ n += $2 } END { print n + 0 }' "$SCENE_DIR/extents")"
check_le "hot: and not many others" "$(awk '{ n += $2 } END { print n + 0 }' "$SCENE_DIR/extents")" 1600
migrate $g "${flip[@]}" --postcopy-unsent 128KiB --pull "$(pull $g)"
check_le "pulled: at least 300 pages fetched" 300 "$(fetched fetched)"
check_eq "pulled: none failed" "$(fetched failed)" 0
check "pulled: QEMU's socket was found" test -z "$(grep 'is left as it is' "$ERR")"
well $g pulled

# --- a command that fails, and one that does not read
g=bad
scene_guest $g qemu "$workload" 160
migrate $g "${flip[@]}" --pull "exit 3"
check "command fails: told" grep -q 'the command failed (exit status 3)' "$ERR"
well $g "command fails"

# --- the agent is killed while it pulls: one thread takes long
g=killed
scene_guest $g qemu "$workload" 160
cat >"$SCENE_DIR/kill" <<END
exec 3<&0
$SCENE_B/migtrace pull $g --threads 1 --share 100% <&3 &
until virsh domstate --reason $g 2>/dev/null | grep -q post-copy; do sleep 0.02; done
sleep 0.5
kill -9 \$! && echo killed >$SCENE_DIR/was
wait
END
migrate $g "${flip[@]}" --pull "scripts/testbed exec b -- sh $SCENE_DIR/kill"
check_eq "agent killed: in time" "$(cat "$SCENE_DIR/was")" killed
well $g "agent killed"

# --- not in post-copy, not there, no extents
g=still
scene_guest $g qemu "region=16M rate=100 seed=1"
migrate $g
refused "not in post-copy" 1 'is not in post-copy: nothing to pull' pull $g
refused "not there" 1 'no flip to post-copy in sight' pull nobody --wait 100ms
refused "no --postcopy" 2 '--postcopy' migrate $g qemu+tcp://mt-a/system --pull true
scene_remove $g

# --- the destination's QEMU is killed: the guest is lost, the agent ends
g=gone
scene_guest $g qemu "$workload" 160
scene_on a "$SCENE_B/migtrace" hot $g --looks 3 --every 300ms >"$SCENE_DIR/extents"
scripts/testbed exec b -- "$SCENE_B/migtrace" pull $g --threads 1 --share 100% --hot "$SCENE_DIR/extents" \
	>"$SCENE_DIR/pull.out" 2>"$SCENE_DIR/pull.err" &
agent=$!
(
	until scene_on b virsh domstate --reason $g 2>/dev/null | grep -q post-copy; do sleep 0.02; done
	sleep 0.5
	kill -9 "$(scene_on b cat /run/libvirt/qemu/$g.pid)"
) &
CAP_S=20 migrate $g "${flip[@]}"
wait $agent
check_eq "destination's QEMU killed: the agent fails" $? 1
check "destination's QEMU killed: and says why" grep -Eq 'has ended|is gone' "$SCENE_DIR/pull.err"
check "destination's QEMU killed: no process is left" test -z "$(pgrep -f "migtrace pull $g")"
scene_remove $g
ktap_end
