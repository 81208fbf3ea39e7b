#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest that migtraced stopped for its last pages, when just then migtraced is killed, terminated,
# or nobody reads its log. The link is cut as well, so that nothing but the guard can end it: the guest
# must run again here, its memory whole.
. tests/e2e/lib.sh
. tests/e2e/daemon.sh

plan 30
begin 120mbit 13	# so slow that it takes some seconds to send the rest
type=$(types | cut -d' ' -f1)
busy="region=48M rate=max pattern=seq"
acts=("mode = act" "policy = timeout" "timeout = 4s" "max_downtime = 5s")

said_stop() { [ "$(grep -ac "> *$1: pass .*: stop: " "$(daemon_file one log)")" -gt 0 ] || is_stopped "$1"; }

# stop NAME SEED: a guest that migrates, until the daemon has stopped it; then the link is cut
stop() {
	scene_guest "$1" "$type" "$busy seed=$2" || note "$1 did not start"
	virsh_migrate "$1" &
	JOB=$!
	eventually 30 said_stop "$1"
	scripts/testbed link down
	is_stopped "$1"
	local rc=$?
	[ $rc = 0 ] || note "$1 was never stopped: $(state "$1")" "$(tail -n 5 "$(daemon_file one log)")"
	return $rc
}

# given_back NAME SECONDS: by when its migration is cancelled. Then the link is mended, since libvirt tells the destination
# before it runs the guest on, or gives up on it after half a minute; one that was not cancelled would now arrive there.
given_back() {
	local rc=0
	eventually "$2" runs_here "$1" && rc=1
	scripts/testbed link up
	[ $rc = 1 ] || eventually 15 runs_here "$1"
	rc=$?
	[ $rc = 0 ] || note "$1 is $(state "$1")" "$(tail -n 20 "$(daemon_file one log)")"
	return $rc
}

# end NAME: what holds after each
end() {
	wait "$JOB"
	check "migtraced, $1: memory verified" verified "$1"
	check "migtraced, $1: no mark is left" eventually 5 no_marks
	scene_remove "$1"
}

left_alone() {
	stop waits 31
	result $? "it is stopped"
	check_eq "status names it, and when it is due" \
		"$(daemon_ask one '.hands.guarded | map([.domain, .due_ms > 0, .adopted] | map(tostring) | join(" ")) | join(", ")')" "waits true false"
	check_match "status for people does so, too" "$("$SCENE_B/migtrace" status --socket "$(daemon_file one sock)")" \
		"guard: +waits stopped for .*, given back in .*stopped at once: 1 of 2|stopped at once: 1 of 2.*guard: +waits stopped for .*, given back in "
	check "link cut after the stop: the guest runs here again" given_back waits 40
	check "link cut: its end is seen" eventually 20 daemon_finished one 1
	# By the guard, or by libvirt where half a minute is less than the guest may be stopped for.
	check_eq "link cut: aborted" "$(daemon_ask one '.finished[0].outcome')" aborted
	end waits
}

killed() {
	stop killed 32
	result $? "migtraced killed: it is stopped"
	daemon_signal one KILL
	check_eq "killed -9 after the stop: a mark is left" "$(marks)" 1
	daemon_start one
	result $? "killed -9: it starts again"
	check_eq "killed -9: the next one looks after it" "$(daemon_ask one '.hands.guarded | map("\(.domain) \(.adopted)") | join(" ")')" "killed true"
	check "migtraced killed -9 after the stop: the guest runs here again" given_back killed 40
	end killed
	check "killed -9: seen to its end" eventually 20 daemon_finished one 1
}

terminated() {
	stop termed 33
	result $? "migtraced terminated: it is stopped"
	local before=$SECONDS
	# Within 5 s it is cancelled, and libvirt runs it on as soon as the destination can be told.
	{ eventually 15 grep -aq 'termed: .*cancelled, so that it goes on running here' "$(daemon_file one log)"; scripts/testbed link up; } &
	local mends=$!
	daemon_signal one TERM
	check_eq "terminated after the stop: exit 0" $RC 0
	check_le "terminated: it waits for that, and no longer" $((SECONDS - before)) 11
	wait $mends
	check "migtraced terminated after the stop: the guest runs here again" given_back termed 1
	# Its mark is removed once the guest was seen to run, by the next one where the link was cut for too long for this one.
	daemon_start one
	result $? "terminated: it starts again"
	end termed
}

# The reader of the log sleeps, and the pipe is full.
unread() {
	daemon_signal one TERM
	mkfifo "$SCENE_DIR/fifo"
	cat "$SCENE_DIR/fifo" >"$(daemon_file one log)" &
	local reader=$!
	exec 9>"$SCENE_DIR/fifo"
	daemon_start one "$SCENE_DIR/fifo"
	result $? "log into a pipe: it starts"
	sleep 0.5
	kill -STOP $reader
	dd if=/dev/zero of="$SCENE_DIR/fifo" bs=4096 count=64 oflag=nonblock conv=notrunc status=none 2>/dev/null
	stop unread 34
	result $? "nobody reads the log: the guest is stopped"
	check "nobody reads the log: status answers" daemon_connected one
	check "nobody reads the log: the guest runs here again" given_back unread 40
	end unread
	kill -CONT $reader
	exec 9>&-
	check "the log tells it later" eventually 5 grep -aq 's ago) unread: ' "$(daemon_file one log)"
	daemon_signal one TERM
	wait $reader
}

daemon_conf one "${acts[@]}"
daemon_start one || note "it does not start: $(cat "$(daemon_file one log)")"
left_alone
killed
terminated
unread
ktap_end
