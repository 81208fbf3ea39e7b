#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migtraced without a libvirt that answers: its configuration, its socket, its
# signals, and what remains of it after kill -9. KTAP on stdout; no root needed.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
bin=${B:-build}
case $bin in /*) ;; *) bin=$top/$bin ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-daemon.XXXXXX") || exit 1
sock=$dir/run/control.sock
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
export MIGTRACE_RUN_DIR=$dir	# whose hand is on what is nobody else's business here
umask 077	# the modes of what it makes must not depend on it
. tests/lib/ktap.sh

config()
{
	cat >"$dir/conf" <<-EOF
	[libvirt]
	uri = qemu+tcp://127.0.0.1:1/system
	[record]
	directory = $dir/recordings
	[control]
	socket = $sock
	EOF
	printf '%s\n' "$@" >>"$dir/conf"
}

# ask LINE: one request, its answer
ask()
{
	printf '%s\n' "$1" | timeout 5 socat -t 5 - "UNIX-CONNECT:$sock" 2>/dev/null
}

# until_true COMMAND...: within 5 s
until_true()
{
	local i
	for i in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	return 1
}

# With the rights that its service leaves it, where there are any to be taken.
as=()
[ "$(id -u)" != 0 ] || as=(setpriv --bounding-set="$(sed -n 's/^CapabilityBoundingSet=/-all /p' user/migtraced/migtraced.service |
	tr A-Z a-z | sed 's/ cap_/,+/g')")
start()
{
	"${as[@]}" "$bin/migtraced" -v -C "$dir/conf" 2>>"$dir/log" &
	pid=$!
	until_true answers
}

# judge EXPRESSION: of one JSON value on stdin; none at all is false (jq -e alone takes it for true)
judge() { jq -es "length == 1 and (.[0] | $1)"; }

answers() { ask ping | judge ".pong and .pid == $pid"; }
logged() { grep -qF -- "$1" "$dir/log"; }

# status EXPRESSION: of jq, on the answer to `status`
status() { ask status | tee "$dir/status" | judge "$1" || { cat "$dir/status"; false; }; }

# stop SIGNAL: exit status 0 in less than 2 s
stop()
{
	local before=$EPOCHREALTIME rc
	kill -s "$1" "$pid"
	wait "$pid"
	rc=$?
	pid=
	[ $rc = 0 ] && awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a < 2) }' ||
		{ echo "exit status $rc after $before .. $EPOCHREALTIME"; return 1; }
}

plan
mkdir "$dir/recordings"

# --- the configuration
prints_what_it_accepts()
{
	config '[supervise]' 'mode = act' 'deadline = 90s' '[domain a*]' 'poll = 1s'
	"$bin/migtraced" -n -C "$dir/conf" >"$dir/once" && "$bin/migtraced" -n -C "$dir/once" >"$dir/twice" &&
		cmp "$dir/once" "$dir/twice" && grep -qx 'mode = act' "$dir/once"
}
example_is_accepted()
{
	"$bin/migtraced" -n -C "$bin/migtraced.conf"
}
names_line()
{
	config '[supervise]' 'colour = blue' 'max_downtime = 300'
	! "$bin/migtraced" -n -C "$dir/conf" >"$dir/out" 2>"$dir/err" && [ ! -s "$dir/out" ] &&
		grep -F "$dir/conf:8: unknown key 'colour' in [supervise]; accepted are mode, " "$dir/err" &&
		grep -F "$dir/conf:9: max_downtime = 300: accepted is " "$dir/err"
}
warns_of_contradictions()
{
	config '[supervise]' 'max_downtime = 50ms' '[domain uuid:6f1c1c5e-*]' 'policy = stop-and-copy'
	"$bin/migtraced" -n -C "$dir/conf" >"$dir/out" 2>"$dir/err" && grep -qx 'policy = stop-and-copy ; does not heed max_downtime, deadline' "$dir/out" &&
		grep -F "warning: $dir/conf: [supervise]: max_downtime 50 ms is not more than fixed 120 ms" "$dir/err" &&
		grep -F "warning: $dir/conf:9: [domain uuid:6f1c1c5e-*]: policy stop-and-copy does not heed max_downtime" "$dir/err" &&
		[ "$(wc -l <"$dir/err")" = 2 ] && "$bin/migtraced" -n -C "$dir/out" >"$dir/again" 2>/dev/null && cmp "$dir/out" "$dir/again"
}
refuses_to_start()
{
	config '[supervise]' 'colour = blue'
	timeout 5 "$bin/migtraced" -C "$dir/conf" 2>"$dir/err"
	[ $? = 1 ] && grep -F "$dir/conf:8: " "$dir/err" && [ ! -e "$sock" ]
}
missing_file()
{
	timeout 5 "$bin/migtraced" -C "$dir/nowhere" 2>"$dir/err"
	[ $? = 1 ] && grep -F "$dir/nowhere: cannot be read: No such file" "$dir/err"
}
usage()
{
	"$bin/migtraced" --help | grep -q '^Usage: migtraced' && "$bin/migtraced" --version | grep -q '^migtraced [0-9]' || return
	"$bin/migtraced" --nonsense 2>/dev/null
	[ $? = 2 ] || return
	"$bin/migtraced" argument 2>/dev/null
	[ $? = 2 ]
}
check "-n prints a configuration that it accepts" prints_what_it_accepts
check "-n accepts the example" example_is_accepted
check "-n names each bad line, and what is accepted" names_line
check "-n warns of limits that contradict each other" warns_of_contradictions
check "a bad configuration does not start" refuses_to_start
check "nor does a file that is missing" missing_file
check "--help, --version and wrong usage" usage

# --- the socket, with a libvirt that does not answer
config
check "starts without libvirt" start
rights()
{
	[ "$(id -u)" != 0 ] || [ "$(awk '/^CapEff/ { print $2 }' "/proc/$pid/status")" = 0000000000000001 ]
}
check "of root's rights it has CAP_CHOWN" rights
check "status says that it is not connected" \
	status '.libvirt.connected == false and (.libvirt.error | length) > 0 and .mode == "observe" and .policy == "predict"
		and .supervised == [] and .finished == [] and .pid == '"$pid"
modes() { stat -c %a "$dir/run" "$sock" | paste -sd' ' | tee /dev/stderr | grep -qx '755 660'; }
check "the socket is 0660 in a directory 0755" modes
second()
{
	timeout 5 "$bin/migtraced" -C "$dir/conf" 2>"$dir/err"
	[ $? = 1 ] && grep -F "another migtraced is running with the socket $sock" "$dir/err" && answers
}
check "a second daemon is refused, the first goes on" second
garbage()
{
	head -c 100000 /dev/urandom | timeout 5 socat -t 1 - "UNIX-CONNECT:$sock" >/dev/null 2>&1
	ask "$(head -c 600 /dev/zero | tr '\0' x)" | judge '.error | contains("longer")' || return
	ask $'st\377atus' | judge '.error | contains("unknown request") and contains("status, reload, release, undo, ping")' || return
	ask 'status of a guest' | judge '.error == "status takes no argument"' || return
	ask '' | cmp - /dev/null && answers
}
helps() { ask help | judge '[.requests[] | .request] == ["status", "reload", "release", "undo", "ping"] and all(.requests[]; .help | length > 0)'; }
check "help lists the requests" helps
# Who: another process of another name than the shell's, and perhaps another user.
who_asked()
{
	local uid=0 as=()
	if [ "$(id -u)" = 0 ]; then
		uid=65534
		chmod 711 "$dir" && chmod 666 "$sock" && as=(setpriv --reuid 65534 --clear-groups)
	else
		uid=$(id -u)
	fi
	echo reload | "${as[@]}" timeout 5 socat -t 5 - "UNIX-CONNECT:$sock" | judge '.reloaded' || return
	echo ping | "${as[@]}" timeout 5 socat -t 5 - "UNIX-CONNECT:$sock" | judge '.pong' || return
	chmod 660 "$sock"
	grep -E "^<6>reload asked for by pid [0-9]+ \(socat\), uid $uid\$" "$dir/log" &&
		grep -E "^<7>ping asked for by pid [0-9]+ \(socat\), uid $uid\$" "$dir/log"
}
check "the log says who asked for what" who_asked
check "garbage, overlong and empty lines" garbage
releases()
{
	# Nothing is acted upon before libvirt has said which host it is.
	ask 'release --all' | judge '.error | contains("libvirt has not said yet which host")' &&
		ask release | judge '.error | contains("release needs an argument")' &&
		ask 'release web-1' | judge '.error | contains("no migration of web-1 is under way")' &&
		ask $'undo \e[2Jx' | judge '.error | contains("no migration of ?[2Jx")'
}
check "release and undo say what is missing" releases
stopping_is_told() { status '.hands.may_act == false and .hands.stopped == 0 and .hands.max_stopped == 2 and .stuck == [] and .log_lost == 0'; }
check "status says that it does not act, and that nothing is stopped, stuck or lost" stopping_is_told
pipelined()
{
	printf 'ping\r\n\nping\nnonsense\nping' | timeout 5 socat -t 5 - "UNIX-CONNECT:$sock" >"$dir/out"
	jq -se 'length == 4 and .[0].pong and .[1].pong and .[2].error and .[3].pong' "$dir/out"
}
check "many requests on one connection, the last without its newline" pipelined
crowd()
{
	local i clients=() rc
	for i in $(seq 80); do
		socat -u "UNIX-CONNECT:$sock" STDOUT >/dev/null 2>&1 &
		clients+=($!)
	done
	sleep 0.3
	kill "${clients[@]}" 2>/dev/null
	wait "${clients[@]}" 2>/dev/null
	until_true answers
}
check "eighty clients that say nothing" crowd
slow()
{
	# Asks without end and never reads: must not grow, nor stop the others.
	yes status | socat -u - "UNIX-CONNECT:$sock" >/dev/null 2>&1 &
	local client=$! before after rc
	before=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
	sleep 1
	answers
	rc=$?
	after=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
	kill $client
	wait $client 2>/dev/null
	echo "RSS $before kB, then $after kB"
	[ $rc = 0 ] && [ $((after - before)) -lt 8192 ]
}
check "a client that asks and never reads" slow
tool_text() { "$bin/migtrace" status --socket "$sock" | tee /dev/stderr | grep -q 'not connected'; }
tool_json() { "$bin/migtrace" status --socket "$sock" -f json | judge '.version and (.supervised == [])'; }
if [ -x "$bin/migtrace" ]; then
	check "migtrace status says what the daemon says" tool_text
	check "migtrace status -f json says it for scripts" tool_json
else
	for name in "migtrace status says what the daemon says" "migtrace status -f json says it for scripts"; do
		skip "$name" "migtrace is not built"
	done
fi

# --- reload
reload_bad()
{
	config '[supervise]' 'mode = maybe'
	kill -HUP "$pid"
	until_true logged "$dir/conf:8: mode = maybe" && until_true logged "the configuration stays as it was" &&
		status '.mode == "observe"'
}
reload_good()
{
	config '[supervise]' 'mode = act'
	kill -HUP "$pid"
	until_true logged "in effect for migrations that begin from now on: mode act" && status '.mode == "act"'
}
reload_by_socket()
{
	config '[supervise]' 'mode = maybe' 'x = y'
	ask reload | judge '.reloaded == false and (.errors | length) == 2' || return
	config '[supervise]' 'mode = observe'
	sed -i 's/:1/:2/' "$dir/conf"
	ask reload | judge '.reloaded and .errors == [] and (.notes[0] | contains("restart"))' && status '.mode == "observe"'
}
check "SIGHUP with a bad configuration keeps the old one" reload_bad
check "SIGHUP with a good one takes it over" reload_good
check "reload over the socket says the same, and what needs a restart" reload_by_socket

# --- the end
check "SIGTERM: exit 0 within 2 s" stop TERM
gone() { [ ! -e "$sock" ]; }
check "the socket is gone" gone
config
check "it starts again" start
killed()
{
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	[ -S "$sock" ] && ! answers
}
check "kill -9 leaves a socket that does not answer" killed
tool_alone()
{
	"$bin/migtrace" status --socket "$sock" >"$dir/out" 2>"$dir/err"
	[ $? = 1 ] && [ ! -s "$dir/out" ] && grep -F "no migtraced answers on $sock" "$dir/err" && [ "$(wc -l <"$dir/err")" = 1 ]
}
if [ -x "$bin/migtrace" ]; then
	check "migtrace status says so" tool_alone
else
	skip "migtrace status says so" "migtrace is not built"
fi
check "the next daemon replaces it" start
check "SIGINT: exit 0 within 2 s" stop INT
other_file()
{
	echo precious >"$sock"
	timeout 5 "$bin/migtraced" -C "$dir/conf" 2>"$dir/err"
	[ $? = 1 ] && grep -F "is no socket; it is not replaced" "$dir/err" && grep -qx precious "$sock"
}
check "a file that is no socket is not replaced" other_file
rm -f "$sock"

# --- systemd
notifies()
{
	rm -f "$dir/notify" "$dir/notified"
	socat -u "UNIX-RECV:$dir/notify" "OPEN:$dir/notified,creat,append" &
	local listener=$!
	until_true test -S "$dir/notify"
	NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=400000 start || return
	until_true grep -q WATCHDOG=1 "$dir/notified" && until_true grep -q '^STATUS=observe, libvirt disconnected' "$dir/notified"
	kill -HUP "$pid"
	until_true grep -q RELOADING=1 "$dir/notified"
	stop TERM
	local rc=$?
	kill $listener
	wait $listener 2>/dev/null
	cat "$dir/notified"
	[ $rc = 0 ] && grep -q READY=1 "$dir/notified" && grep -q STOPPING=1 "$dir/notified"
}
check "systemd is told: READY, STATUS, WATCHDOG, RELOADING, STOPPING" notifies
prefixed() { grep -q '^<6>migtraced ' "$dir/log" && ! grep -vE '^<[3-7]>' "$dir/log"; }
check "each line of the log has its priority" prefixed

ktap_end
