# SPDX-License-Identifier: GPL-2.0-or-later
# A scene: two hosts and guests on them, for the demo, the end-to-end tests and
# the benchmarks. Sourced by bash; the caller has set `set -u` and is in the
# top-level directory.
#
#	scene_up RATE [LIMIT]		hosts a and b, a link of RATE, QEMU kept to LIMIT (MiB/s)
#	scene_guest NAME TYPE CMDLINE [MIB]	a memory-writing guest on host a, ready
#	scene_linux NAME WORKLOAD [MIB]	a Linux guest on host a (TCG), ready
#	scene_ask NAME COMMAND...	ask its watcher, JSON on stdout
#	scene_on HOST COMMAND...	run something on a host
#	scene_migtrace ARGUMENT...	migtrace on host a
#	scene_remove NAME		end a guest, wherever it is, and its watcher
#	scene_down			everything away
#
# scene_types prints the domain types that work here: "kvm qemu" or "qemu".

SCENE_B=${B:-build}
SCENE_DIR=
# The link's tbf carries 320 Mbit/s = 38.1 MiB/s; QEMU's limit stays just below, or switchover would burst past it.
SCENE_RATE=320mbit
SCENE_LIMIT_MIB=36
SCENE_DEST=qemu+tcp://mt-b/system
SCENE_MIGRATEURI=tcp://mt-b

scene_up() {
	SCENE_RATE=${1:-$SCENE_RATE} SCENE_LIMIT_MIB=${2:-$SCENE_LIMIT_MIB}
	SCENE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-scene.XXXXXX") || return
	scripts/testbed up --rate "$SCENE_RATE" 2>"$SCENE_DIR/testbed.log" || {
		cat "$SCENE_DIR/testbed.log" >&2
		return 1
	}
}

scene_down() {
	local sock
	[ -n "$SCENE_DIR" ] || return 0
	scripts/testbed down 2>>"$SCENE_DIR/testbed.log" || cat "$SCENE_DIR/testbed.log" >&2
	for sock in "$SCENE_DIR"/*.sock.pid; do
		[ -e "$sock" ] && kill "$(cat "$sock")" 2>/dev/null
	done
	rm -rf "$SCENE_DIR"
	SCENE_DIR=
}

scene_on() {
	local host=$1
	shift
	scripts/testbed exec "$host" -- "$@"
}

scene_migtrace() {
	scripts/testbed exec a -- "$SCENE_B/migtrace" "$@"
}

# scene_sock NAME: of its watcher. A socket's path has at most 107 bytes, so of a long name it has the end.
scene_sock() { echo "$SCENE_DIR/${1: -$((${#1} < 40 ? ${#1} : 40))}.sock"; }

scene_ask() {
	local name=$1
	shift
	"$SCENE_B/guest/guestwatch" --ask "$(scene_sock "$name")" "$@"
}

# scene_domain NAME [domain's options]: a watcher, the domain, and its "ready"
scene_domain() {
	local name=$1
	shift
	"$SCENE_B/guest/guestwatch" --daemon "$(scene_sock "$name")" "$SCENE_DIR/$name.serial" &&
		tests/guest/domain --name "$name" --serial "$(scene_sock "$name")" "$@" >"$SCENE_DIR/$name.xml" &&
		scene_on a virsh -q create "$SCENE_DIR/$name.xml" >"$SCENE_DIR/$name.out" 2>&1 || {
		cat "$SCENE_DIR/$name.out" >&2
		return 1
	}
	scene_ask "$name" ready 60000 >"$SCENE_DIR/$name.ready"
}

scene_guest() {
	scene_domain "$1" --type "$2" --memory "${4:-128}" --kernel "$PWD/$SCENE_B/guest/memguest.elf" --cmdline "$3"
}

scene_linux() {
	scene_domain "$1" --type qemu --memory "${3:-320}" --kernel "$PWD/$SCENE_B/guest/linux/vmlinuz" \
		--initrd "$PWD/$SCENE_B/guest/linux/initrd.gz" \
		--cmdline "console=ttyS0 quiet loglevel=1 panic=-1 $2"
}

scene_remove() {
	local name=$1 host
	for host in a b; do
		scene_on "$host" virsh -q destroy "$name" >/dev/null 2>&1
	done
	if [ -e "$(scene_sock "$name").pid" ]; then
		kill "$(cat "$(scene_sock "$name").pid")" 2>/dev/null
		rm -f "$(scene_sock "$name")" "$(scene_sock "$name").ctl" "$(scene_sock "$name").pid"
	fi
	return 0
}

# Where a guest is: "a", "b", "a b" or nothing
scene_where() {
	local host
	for host in a b; do
		[ "$(scene_on "$host" virsh -q domstate "$1" 2>/dev/null)" = running ] && printf '%s ' "$host"
	done | sed 's/ $//'
}

scene_types() {
	if [ -w /dev/kvm ]; then
		echo kvm qemu
	else
		echo qemu
	fi
}

scene_now_ns() {
	scene_ask "$1" now | jq .now_ns
}
