#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whose hand is on a migration: two daemons at once, daemon and tool, a reload to observe and a release in
# mid-migration, an exemption by the end of a long name, a guest whose QEMU hangs, auto-converge.
. tests/e2e/lib.sh
. tests/e2e/daemon.sh

plan 49
begin 320mbit 36
type=$(types | cut -d' ' -f1)
never="region=96M rate=max pattern=seq"		# does not converge, whatever the machine's load
acts=("mode = act" "policy = timeout" "max_downtime = 5s")

# migrates NAME SEED OPTION...: in the background
migrates() {
	local name=$1 seed=$2
	shift 2
	scene_guest "$name" "$type" "$never seed=$seed" 160 || note "$name did not start"
	virsh_migrate "$name" "$@" &
	JOB=$!
}

# cancel NAME: whoever wants it ended
cancel() {
	virsh_cancel "$1"
	wait "$JOB"
}

# running_for NAME SECONDS: nobody stops it
running_for() {
	local until=$((SECONDS + $2))
	while ((SECONDS <= until)); do
		[[ $(state "$1") == running* ]] || { state "$1"; return 1; }
		sleep 0.1
	done
}

end() {
	check "hands, $1: memory verified" verified "$1"
	scene_remove "$1"
}

# --- two daemons on one libvirt, each with a socket and a directory of its own
two_daemons() {
	daemon_conf one "${acts[@]}" "timeout = 3s"
	daemon_conf two "${acts[@]}" "timeout = 3s"
	daemon_start one
	result $? "two daemons: the first starts"
	daemon_start two
	result $? "two daemons: the second starts"
	check_eq "two daemons: one may act" "$(daemon_ask one .hands.may_act)/$(daemon_ask two .hands.may_act)" true/false
	check_match "two daemons: the second says whom it leaves it to" "$(daemon_ask two .hands.why)" "migtraced, pid ${DAEMON_PID[one]}"
	migrates both 41
	check "two daemons: both see it" eventually 5 daemon_sees two both
	check "two daemons: the guest arrives" eventually 30 runs_there both
	wait "$JOB"
	check "two daemons: the first saw its end" eventually 10 daemon_finished one 1
	check "two daemons: the second, too" eventually 10 daemon_finished two 1
	check_eq "two daemons: the first stopped it, the second did nothing" "$(daemon_did one both)/$(daemon_did two both)" "stop/"
	end both
	daemon_signal one TERM
	check "two daemons: the second takes over" eventually 5 daemon_may_act two
	daemon_signal two TERM
}

daemon_may_act() { [ "$(daemon_ask "$1" .hands.may_act)" = true ]; }

# --- the tool steers, and the daemon would have been earlier
beside_the_tool() {
	daemon_conf one "${acts[@]}" "timeout = 1s"
	daemon_start one
	scene_guest tool "$type" "$never seed=42" 160
	scripts/testbed exec a -- "$SCENE_B/migtrace" migrate tool "$SCENE_DEST" --bandwidth "${SCENE_LIMIT_MIB}MiB/s" -f json \
		--policy timeout --timeout 5s >"$SCENE_DIR/tool.json" 2>"$SCENE_DIR/tool.err" </dev/null &
	JOB=$!
	check "beside the tool: the daemon sees it" eventually 5 daemon_sees one tool
	check "beside the tool: nobody stops it before its time" running_for tool 2
	check_match "beside the tool: the daemon says who steers" "$(daemon_says one tool mode_why)" "migtrace migrate"
	wait "$JOB"
	check_eq "beside the tool: the tool succeeds" $? 0
	check "beside the tool: the daemon saw its end" eventually 10 daemon_finished one 1
	check_eq "beside the tool: and did nothing" "$(daemon_did one tool)" ""
	end tool
	daemon_signal one TERM
}

reloaded() {
	daemon_conf one "${acts[@]}" "timeout = 4s"
	daemon_start one
	migrates reload 43
	check "reload: the migration is seen" eventually 5 daemon_sees one reload
	eventually 3 daemon_acts one reload
	check_eq "reload: steered at first" "$(daemon_says one reload mode)" act
	daemon_conf one "mode = observe" "policy = timeout" "timeout = 4s"
	daemon_reload one
	check_eq "reload to observe: holds at once" "$(daemon_says one reload mode)/$(daemon_says one reload mode_why)" "observe/as configured since"
	check "reload to observe: nobody stops it" running_for reload 6
	cancel reload
	check "reload: its end is seen" eventually 20 daemon_finished one 1
	check_eq "reload to observe: nothing was done" "$(daemon_did one reload)" ""
	end reload
	daemon_signal one TERM
}

daemon_acts() { [ "$(daemon_says "$1" "$2" mode)" = act ]; }

released() {
	daemon_conf one "${acts[@]}" "timeout = 4s"
	daemon_start one
	migrates release 44
	check "release: the migration is seen" eventually 5 daemon_sees one release
	check_match "release: over the socket, by name" "$(daemon_request one "release release" | jq -c '[.released, .all]')" '\[true,false\]'
	check "release: nobody stops it" running_for release 6
	check_match "release: status says why" "$(daemon_says one release mode_why)" "hands off this migration"
	cancel release
	check "release: its end is seen" eventually 20 daemon_finished one 1
	check_eq "release: over with the migration" "$(scene_on a sh -c 'ls /run/migtrace/hands | grep -c released')" 0
	check_match "release of nobody is an error" "$(daemon_request one "release nobody" | jq -r .error)" "no migration of nobody"
	end release
	daemon_signal one TERM
}

# KubeVirt joins namespace and name; the rule is by the end of it.
long_names() {
	local name=a-namespace-of-some-length-that-somebody-chose_an-instance-of-a-virtual-machine-0123456789
	daemon_conf one "${acts[@]}" "timeout = 2s" "[domain *-0123456789]" "mode = observe"
	daemon_start one
	migrates "$name" 45
	check "a name of ${#name} bytes: seen" eventually 5 daemon_sees one "$name"
	check "a long name: exempted by its end, nobody stops it" running_for "$name" 4
	cancel "$name"
	check "a long name: its end is seen" eventually 20 daemon_finished one 1
	check_eq "a long name: nothing was done" "$(daemon_did one "$name")" ""
	end "$name"
	daemon_signal one TERM
}

# Its QEMU is stopped, so that whoever asks it anything waits. The daemon finds that at its start.
hung() {
	local qemu
	migrates hung 46
	local first=$JOB
	eventually 10 migrating hung
	qemu=$(cat "$(scripts/testbed dir)/a/run/libvirt/qemu/hung.pid")
	kill -STOP "$qemu"
	daemon_conf one "${acts[@]}" "timeout = 2s"
	daemon_start one
	result $? "a guest hangs: the daemon starts"
	migrates fine 47
	check "a guest hangs: another is seen within 3 s" eventually 3 daemon_sees one fine
	check "a guest hangs: status names it" eventually 12 names_stuck one hung
	check "a guest hangs: the other one is steered and arrives" eventually 30 runs_there fine
	kill -CONT "$qemu"
	wait "$JOB"
	check "the guest that hung is steered when it answers" eventually 45 runs_there hung
	wait "$first"
	end fine
	end hung
	daemon_signal one TERM
}

migrating() { [[ $(scene_on a virsh -q domjobinfo "$1" 2>/dev/null) == *Unbounded* ]]; }

names_stuck() { [ "$(daemon_ask "$1" ".stuck | map(.domain) | index(\"$2\") != null")" = true ]; }

# QEMU slows the guest; the default policy has to let it, or end it well.
auto_converge() {
	daemon_conf one "mode = act" "max_downtime = 1s"
	daemon_start one
	scene_guest auto "$type" "region=64M rate=15000 pattern=uniform seed=48"
	virsh_migrate auto --auto-converge
	check_eq "auto-converge under the default policy: virsh succeeds" $? 0
	check "auto-converge: its end is seen" eventually 20 daemon_finished one 1
	check_eq "auto-converge: the migration completes" "$(daemon_ask one '.finished[0].outcome')" completed
	end auto
	daemon_signal one TERM
}

two_daemons
beside_the_tool
reloaded
released
long_names
hung
auto_converge
ktap_end
