#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The full-screen top on real terminals (ptys): it draws, follows a new size, comes back from
# Ctrl-Z, gives the terminal back, and keeps to what the terminal can. No root, no libvirtd:
# libvirt's test driver lives in the process.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
M=${MIGTRACE:-$PWD/$B/migtrace}
. tests/lib/ktap.sh

dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-top.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
export HOME=$dir XDG_RUNTIME_DIR=$dir XDG_CACHE_HOME=$dir XDG_CONFIG_HOME=$dir
unset LIBVIRT_DEFAULT_URI
plan

# on TERM LOCALE ROWS COLUMNS ARGUMENT...: top in a shell with jobs on a terminal of its own; what
# is seen in $dir/out, keys by descriptor 9. Stopped, it goes on when $dir/again is there.
on() {
	local term=$1 locale=$2 rows=$3 columns=$4
	shift 4
	rm -f "$dir"/{out,keys,tty,pid,again}
	mkfifo "$dir/keys"
	: >"$dir/out"
	cat >"$dir/run" <<-EOF
		tty >"$dir/tty"
		stty rows $rows cols $columns
		set -m
		sh -c 'echo \$\$ >"$dir/pid"; exec "\$@"' sh "$M" top -c test:///default $*
		rc=\$?
		while [ \$rc -gt 128 ] && kill -0 "\$(cat "$dir/pid")" 2>/dev/null; do
			until [ -e "$dir/again" ]; do sleep 0.1; done
			fg >/dev/null
			rc=\$?
		done
		exit \$rc
	EOF
	TERM=$term LC_ALL=$locale script -qefc "bash $dir/run" /dev/null <"$dir/keys" >"$dir/out" 2>&1 &
	script=$!
	exec 9>"$dir/keys"
}

# until COMMAND...: it succeeds within half a minute
until_() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	return 1
}

shows() { LC_ALL=C grep -aqF -- "$1" "$dir/out"; }
shows_again() { [ "$(LC_ALL=C grep -aoF -- "$1" "$dir/out" | wc -l)" -gt "$2" ]; }
count_of() { LC_ALL=C grep -aoF -- "$1" "$dir/out" | wc -l; }
stopped() { [[ $(sed 's/.*) //' "/proc/$(<"$dir/pid")/stat" 2>/dev/null) == T* ]]; }

# ended: it is quit; sets RC
ended() {
	exec 9>&-
	until_ eval '! kill -0 $script 2>/dev/null'
	wait $script
	RC=$?
}

tell() { [ "$1" = 0 ] || { note "exit ${RC-none}; the end of what was seen:"; tail -c 600 "$dir/out" | cat -v | sed 's/^/# /; $a\'; }; }

on xterm-256color C.UTF-8 24 100
until_ shows GUEST && until_ shows idle
rc=$?
result $rc "guests are seen"
tell $rc
printf '?' >&9
until_ shows 'another guest'
rc=$?
result $rc "a key shows help"
tell $rc
seen=$(count_of 'quit')
stty -F "$(<"$dir/tty")" rows 12 cols 60
until_ shows_again quit "$seen"
rc=$?
result $rc "a new size is drawn anew"
tell $rc
printf '\032' >&9
until_ stopped
rc=$?
result $rc "Ctrl-Z stops it"
seen=$(count_of 'another guest')
: >"$dir/again"
until_ shows_again 'another guest' "$seen"
rc=$?
result $rc "and it draws again afterwards"
tell $rc
printf 'q' >&9
ended
[ "$RC" = 0 ] && tail -c 200 "$dir/out" | grep -aqF $'\e[?1049l'
rc=$?
result $rc "q gives the terminal back, exit status 0"
tell $rc

on xterm C.UTF-8 5 20
until_ shows test
printf '\003' >&9
ended
[ "$RC" = 0 ] && tail -c 200 "$dir/out" | grep -aqF $'\e[?1049l'
rc=$?
result $rc "twenty columns and five rows, and Ctrl-C"
tell $rc

on vt100 C 24 80
until_ shows GUEST && until_ shows idle
printf q >&9
ended
[ "$RC" = 0 ] && ! LC_ALL=C grep -aqP '[\x80-\xff]|\x1b\[3[0-9]m' "$dir/out"
rc=$?
result $rc "no colours and no letters that the terminal does not have"
tell $rc

# tables NAME TERM ARGUMENT...: that, and nothing that moves a cursor
tables() {
	local name=$1 term=$2
	shift 2
	on "$term" C.UTF-8 24 80 "$@" --interval 200ms
	until_ shows DOMAIN
	printf '\003' >&9
	ended
	[ "$RC" = 0 ] && ! grep -aqF $'\e' "$dir/out"
	rc=$?
	result $rc "$name"
	tell $rc
}
tables "a terminal that can do nothing gets tables" dumb
tables "--batch is tables" xterm --batch

on xterm C.UTF-8 24 80 nobody
until_ shows "no domain"
printf q >&9
ended
[ "$RC" = 0 ]
rc=$?
result $rc "a guest that is not there is said so"
tell $rc
ktap_end
