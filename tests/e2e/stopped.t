#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens to a guest that was stopped for its last pages when, just then, whoever stopped it is
# killed, terminated, or not heard; or libvirtd or QEMU does not answer. The link is cut as well, so
# that nothing but the guard can end it: the guest must run again here, its memory whole.
. tests/e2e/lib.sh

plan 43
begin 120mbit 13	# so slow that it takes a second or two to send the rest
type=$(types | cut -d' ' -f1)
busy="region=48M rate=max pattern=seq"
hands=/run/migtrace/hands

# start NAME SEED OPTION...: a guest, and in the background its migration, which is stopped after 7 s
start() {
	local name=$1 seed=$2
	shift 2
	scene_guest "$name" "$type" "$busy seed=$seed" || note "$name did not start"
	ERR=$SCENE_DIR/$name.err OUT=$SCENE_DIR/$name.json
	start_watch "$name"
	scripts/testbed exec a -- "$SCENE_B/migtrace" migrate "$name" "$SCENE_DEST" \
		--bandwidth "${SCENE_LIMIT_MIB}MiB/s" -f json --policy timeout --timeout 7s "$@" >"$OUT" 2>"${TO:-$ERR}" </dev/null &
	JOB=$!
}

# eventually SECONDS COMMAND...
eventually() {
	local until=$((SECONDS + $1))
	shift
	while [ $SECONDS -le $until ]; do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

state() { scene_on a virsh -q domstate --reason "$1" 2>/dev/null; }
is_stopped() { [ "$(state "$1")" = "paused (migrating)" ]; }
runs_here() { [ "$(scene_where "$1")" = a ]; }
said() { grep -Eq "$1" "$ERR"; }
marks() { scene_on a sh -c "ls $hands 2>/dev/null | grep -c stopped"; }
pid_of() { pgrep -f "^$SCENE_B/migtrace migrate $1 "; }
libvirtd_pid() { scene_on a cat /run/libvirtd.pid; }
qemu_pid() { cat "$(scripts/testbed dir)/a/run/libvirt/qemu/$1.pid"; }

# stopped NAME: now it is, and the link is cut
stopped() {
	local rc
	if [ "${2:-}" = unread ]; then
		eventually 20 is_stopped "$1"
	else
		eventually 20 said ' stop: '
	fi
	scripts/testbed link down
	is_stopped "$1"
	rc=$?
	[ $rc = 0 ] || note "$1 was never stopped: $(state "$1"):" "$(cat "$ERR")"
	return $rc
}

# given_back NAME SECONDS: by when its migration is cancelled. Then the link is mended, since libvirt tells the destination
# before it runs the guest on; one that was not cancelled would now arrive there.
given_back() {
	local rc=0
	eventually "$2" runs_here "$1" && rc=1
	scripts/testbed link up
	[ $rc = 1 ] || eventually 15 runs_here "$1"
	rc=$?
	[ $rc = 0 ] || note "$1 is $(state "$1"):" "$(cat "$ERR")"
	return $rc
}

ended() {
	wait "$JOB"
	RC=$?
	ANSWER=$(cat "$OUT")
	answer
	note "exit $RC, $OUTCOME: $DETAIL"
}

# end NAME: what holds after each
end() {
	check "$1: memory verified" verified "$1"
	check_eq "$1: no mark is left" "$(marks)" 0
	scene_remove "$1"
}

killed() {
	start killed 21
	check "killed: it is stopped" stopped killed
	kill -9 "$(pid_of killed)"
	wait "$JOB" 2>/dev/null
	check "killed -9 after the stop: the guest runs here again" given_back killed 22
	check "killed: said who did it" eventually 5 said 'process that has ended'
	check "killed: nobody is left behind" eventually 10 sh -c "! pgrep -f '^migtrace guard .*' >/dev/null"
	end killed
}

terminated() {
	start termed 22
	check "terminated: it is stopped" stopped termed
	kill -TERM "$(pid_of termed)"
	check "terminated after the stop: the guest runs here again" given_back termed 5
	ended
	check_eq "terminated: aborted, exit 1" "$OUTCOME/$RC" aborted/1
	end termed
}

# The second signal says: leave it alone. That is not to leave it stopped.
left() {
	start left 23
	check "left: it is stopped" stopped left
	scripts/testbed kill a STOP
	kill -INT "$(pid_of left)"
	sleep 2.5
	kill -INT "$(pid_of left)"
	sleep 0.5
	scripts/testbed kill a CONT
	check "left after the stop: the guest runs here again" given_back left 12
	wait "$JOB"
	check_eq "left: exit 1" $? 1
	end left
}

# The reader of its messages sleeps, and the pipe is full.
unread() {
	mkfifo "$SCENE_DIR/unread.fifo"
	cat "$SCENE_DIR/unread.fifo" >"$SCENE_DIR/unread.err" &
	local reader=$!
	exec 9>"$SCENE_DIR/unread.fifo"
	TO=$SCENE_DIR/unread.fifo start unread 24
	ERR=$SCENE_DIR/unread.err
	eventually 20 said 'kernel source'
	kill -STOP $reader
	dd if=/dev/zero of="$SCENE_DIR/unread.fifo" bs=4096 count=64 oflag=nonblock conv=notrunc status=none 2>/dev/null
	check "unread: it is stopped" stopped unread unread
	check "nobody reads its messages: the guest runs here again" given_back unread 22
	kill -CONT $reader
	exec 9>&-
	ended
	check_eq "nobody reads its messages: aborted, exit 1" "$OUTCOME/$RC" aborted/1
	end unread
}

# Its calls, the first cancellation among them, come to nothing until libvirtd goes on.
libvirtd_hangs() {
	start hangs 25
	check "libvirtd hangs: it is stopped" stopped hangs
	scripts/testbed kill a STOP
	sleep 12
	scripts/testbed kill a CONT
	check "libvirtd hangs for 12 s: the guest runs here again" given_back hangs 22
	ended
	# Its connection to the destination may not live through that.
	check_match "libvirtd hangs: failed or aborted, exit 1" "$OUTCOME/$RC" '^(failed|aborted)/1$'
	end hangs
}

libvirtd_restarted() {
	start again 26
	check "libvirtd restarted: it is stopped" stopped again
	scripts/testbed kill a
	sleep 1
	scripts/testbed start a
	check "libvirtd restarted: the guest runs here again" given_back again 22
	ended
	check_match "libvirtd restarted: failed or aborted, exit 1" "$OUTCOME/$RC" '^(failed|aborted)/1$'
	end again
}

# libvirtd lives, and throws us out.
connection_cut() {
	start cut 27
	check "connection cut: it is stopped" stopped cut
	scene_on a sh -c 'for id in $(virt-admin -q client-list libvirtd | awk "\$1 ~ /^[0-9]+\$/ { print \$1 }"); do
		virt-admin -q client-disconnect libvirtd $id; done' >/dev/null 2>&1
	check "connection cut: the guest runs here again" given_back cut 22
	check "connection cut: it was" said 'libvirtd went away'
	ended
	check_match "connection cut: failed or aborted, exit 1" "$OUTCOME/$RC" '^(failed|aborted)/1$'
	end cut
}

qemu_hangs() {
	local pid
	start qemu 28
	check "QEMU hangs: it is stopped" stopped qemu
	pid=$(qemu_pid qemu)
	kill -STOP "$pid"
	sleep 12
	kill -CONT "$pid"
	check "QEMU hangs for 12 s: the guest runs here again" given_back qemu 22
	ended
	check_eq "QEMU hangs: aborted, exit 1" "$OUTCOME/$RC" aborted/1
	end qemu
}

killed
terminated
left
unread
libvirtd_hangs
libvirtd_restarted
if scene_on a sh -c 'command -v virt-admin && virt-admin -q srv-list' >/dev/null 2>&1; then
	connection_cut
else
	skip_some 6 "no virt-admin that answers"
fi
qemu_hangs
check_eq "after the stops nothing is left running on either host" "$(scene_on a virsh -q list --all; scene_on b virsh -q list --all)" ""
ktap_end
