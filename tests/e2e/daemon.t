#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migtraced on a real host: migrations that virsh starts are noticed, steered and
# recorded; two at once; killed in the middle and started again; only watching.
. tests/e2e/lib.sh

plan 42
begin 320mbit 36
first=$(types | cut -d' ' -f1)
type=$first
SOCK=$SCENE_DIR/control.sock REC=$SCENE_DIR/rec
mkdir "$REC"

# configure KEY=VALUE...: of [supervise]
configure() {
	{
		echo "[libvirt]"
		echo "uri = qemu:///system"
		echo "[supervise]"
		printf '%s\n' "$@"
		echo "[verify]"
		echo "destinations = $SCENE_DEST"
		echo "[record]"
		echo "directory = $REC"
		echo "[control]"
		echo "socket = $SOCK"
	} >"$SCENE_DIR/migtraced.conf"
}

daemon_start() {
	local i
	# With the rights that its service leaves it.
	scripts/testbed exec a -- setpriv --bounding-set="$(sed -n 's/^CapabilityBoundingSet=/-all /p' user/migtraced/migtraced.service |
		tr A-Z a-z | sed 's/ cap_/,+/g')" "$PWD/$SCENE_B/migtraced" -C "$SCENE_DIR/migtraced.conf" </dev/null >>"$SCENE_DIR/daemon.log" 2>&1 &
	DAEMON=$!
	for ((i = 0; i < 100; i++)); do
		[ "$(ask_status '.libvirt.connected')" = true ] && return 0
		sleep 0.1
	done
	cat "$SCENE_DIR/daemon.log"
	return 1
}

# The shell's child is nsenter's wrapper or migtraced itself: ask it.
daemon_kill() {
	kill "-$1" "$(ask_status .pid)"
	wait "$DAEMON" 2>/dev/null
}

ask_status() { "$SCENE_B/migtrace" status --socket "$SOCK" -f json 2>/dev/null | jq -r "$1"; }

# virsh NAME OPTION...: a migration that we know nothing of
virsh_migrate() {
	local name=$1
	shift
	scene_on a virsh -q migrate "$name" "$SCENE_DEST" --live --p2p --bandwidth "$SCENE_LIMIT_MIB" "$@" \
		>"$SCENE_DIR/$name.virsh" 2>&1 </dev/null
}

# finished N: waits until the daemon has seen N migrations to their end
finished() {
	local i
	for ((i = 0; i < 150; i++)); do
		[ "$(ask_status '.finished | length')" = "$1" ] && return 0
		sleep 0.1
	done
	"$SCENE_B/migtrace" status --socket "$SOCK"
	return 1
}

# recorded NAME JQ: of the newest recording of NAME
recorded() {
	"$SCENE_B/migtrace" report -f json "$(ls -t "$REC/$1"-*.mtrec | head -n 1)" | jq -r "$2"
}

steered() {
	configure "mode = act" "max_downtime = 1300ms"
	kill -HUP "$(ask_status .pid)"
	sleep 0.5
	scene_guest "one-$type" "$type" "region=64M rate=15000 pattern=uniform seed=1"
	virsh_migrate "one-$type"
	check_eq "$type, virsh's migration, steered: virsh succeeds" $? 0
	check "$type, steered: the daemon saw its end" finished $((seen + 1))
	check_eq "$type, steered: completed, and looked at" "$(ask_status '.finished | map(.outcome) | unique | join(" ")')" completed
	check_match "$type, steered: recorded with its decision" "$(recorded "one-$type" '[.decisions[] | select(.applied == "done") | .action] | .[-1]')" "^(stop|set-downtime)$"
	check_eq "$type, steered: noticed at its start" "$(recorded "one-$type" '.iterations[0].iteration')" 1
	check_eq "$type, steered: the guest runs at b only" "$(scene_where "one-$type")" b
	check "$type, steered: memory verified" verified "one-$type"
	scene_remove "one-$type"
	seen=$((seen + 1))
}

two_at_once() {
	configure "mode = act" "max_downtime = 300ms" "postcopy = yes"
	kill -HUP "$(ask_status .pid)"
	sleep 0.5
	scene_guest left-$type "$type" "region=48M rate=max pattern=seq seed=2" 96
	scene_guest right-$type "$type" "region=48M rate=max pattern=seq seed=3" 96
	SCENE_LIMIT_MIB=18 virsh_migrate left-$type --postcopy &
	local l=$!
	SCENE_LIMIT_MIB=18 virsh_migrate right-$type --postcopy
	check_eq "$type, two at once: the second succeeds" $? 0
	wait $l
	check_eq "$type, two at once: the first succeeds" $? 0
	check "$type, two at once: both ends seen" finished $((seen + 2))
	check_eq "$type, two at once: both flipped" "$(for g in left right; do recorded $g-$type '[.decisions[] | select(.applied == "done") | .action] | .[0]'; done | xargs)" "flip flip"
	check "$type, two at once: memory of the first verified" verified left-$type
	check "$type, two at once: memory of the second verified" verified right-$type
	scene_remove left-$type
	scene_remove right-$type
	seen=$((seen + 2))
}

killed() {
	configure "mode = act" "max_downtime = 1300ms"
	kill -HUP "$(ask_status .pid)"
	sleep 0.5
	scene_guest kill9 "$type" "region=64M rate=15000 pattern=uniform seed=4"
	virsh_migrate kill9 &
	local v=$!
	sleep 1.5
	daemon_kill KILL
	check_eq "kill -9 in mid-migration: the guest goes on" "$(scene_where kill9)" a
	daemon_start
	result $? "kill -9: started again over the stale socket"
	wait $v
	check_eq "kill -9: virsh's migration succeeds" $? 0
	check "kill -9: picked up and seen to its end" finished 1
	check_match "kill -9: steered after all" "$(recorded kill9 '[.decisions[] | select(.applied == "done") | .action] | .[-1]')" "^(stop|set-downtime)$"
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
	check "libvirtd restarted: the end is seen" finished 2
	check_eq "libvirtd restarted: the guest goes on at a, and that is what the daemon says" \
		"$(scene_where back)/$(ask_status '[.finished[] | select(.domain == "back")][0].outcome')" a/failed
	check "libvirtd restarted: memory verified" verified back
	scene_remove back
}

watching() {
	configure "mode = observe" "max_downtime = 1300ms"
	daemon_kill TERM
	daemon_start
	result $? "stops and starts again, now only to watch"
	scene_guest watch "$type" "region=96M rate=max pattern=seq seed=6" 160
	virsh_migrate watch --timeout 6 --timeout-suspend &
	local v=$!
	wait $v
	check "watching: the end is seen" finished 1
	check_eq "watching: it would have, and did not" "$(recorded watch '[.decisions[] | select(.action != "none") | .applied] | unique | join(" ")')" dry-run
	check "watching: memory verified" verified watch
	scene_remove watch
	daemon_kill TERM
}

seen=0
configure "mode = act"
daemon_start
result $? "starts and connects"
for type in kvm qemu; do
	if [[ " $(types) " != *" $type "* ]]; then
		skip 13 "no /dev/kvm to write to"
		continue
	fi
	steered
	two_at_once
done
type=$first
killed
libvirtd_restarted
watching
check_eq "no daemon, socket or half recording is left" "$(find "$SCENE_DIR" -name '*.part' -o -name 'control.sock')" ""
