# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests of migtraced share: daemons on host a, each with a name, and migrations
# that virsh starts.
#
#	. tests/e2e/lib.sh; . tests/e2e/daemon.sh
#	daemon_conf NAME LINE...	its configuration: lines of [supervise], then of [domain ...]
#	daemon_start NAME [FILE]	its log goes to FILE, else to NAME.log
#	daemon_signal NAME SIGNAL	and waits for its end; RC is its exit status
#	daemon_ask NAME JQ		of what it says as status
#	daemon_request NAME LINE	over its socket
#	eventually SECONDS COMMAND...	until it succeeds

declare -A DAEMON_PID

daemon_file() { echo "$SCENE_DIR/daemon-$1.$2"; }

daemon_conf() {
	local name=$1
	shift
	mkdir -p "$SCENE_DIR/rec-$name"
	{
		echo "[libvirt]"
		echo "uri = qemu:///system"
		echo "[verify]"
		echo "destinations = $SCENE_DEST"
		echo "[record]"
		echo "directory = $SCENE_DIR/rec-$name"
		echo "[control]"
		echo "socket = $(daemon_file "$name" sock)"
		echo "[supervise]"
		printf '%s\n' "$@"
	} >"$(daemon_file "$name" conf)"
}

daemon_ask() { timeout 5 "$SCENE_B/migtrace" status --socket "$(daemon_file "$1" sock)" -f json 2>/dev/null | jq -r "$2"; }

daemon_request() { printf '%s\n' "$2" | timeout 5 socat -t 5 - "UNIX-CONNECT:$(daemon_file "$1" sock)" 2>/dev/null; }

daemon_connected() { [ "$(daemon_ask "$1" '.libvirt.connected')" = true ]; }

# What scripts/testbed runs takes the place of its shell, and so on: the daemon is our child. It has the rights that its service
# leaves it.
daemon_start() {
	local log=${2:-$(daemon_file "$1" log)}
	scripts/testbed exec a -- setpriv --bounding-set="$(sed -n 's/^CapabilityBoundingSet=/-all /p' user/migtraced/migtraced.service |
		tr A-Z a-z | sed 's/ cap_/,+/g')" "$PWD/$SCENE_B/migtraced" -C "$(daemon_file "$1" conf)" </dev/null >>"$log" 2>&1 9>&- &
	DAEMON_PID[$1]=$!
	eventually 10 daemon_connected "$1" && return
	cat "$(daemon_file "$1" log)"
	return 1
}

daemon_reload() { kill -HUP "${DAEMON_PID[$1]}"; sleep 0.3; }

daemon_signal() {
	kill "-$2" "${DAEMON_PID[$1]}"
	wait "${DAEMON_PID[$1]}" 2>/dev/null
	RC=$?
	unset "DAEMON_PID[$1]"
}

# daemon_finished NAME N: it has seen so many migrations to their end
daemon_finished() { [ "$(daemon_ask "$1" '.finished | length')" = "$2" ]; }

# daemon_sees NAME GUEST: it supervises its migration
daemon_sees() { [ "$(daemon_ask "$1" "[.supervised[] | select(.domain == \"$2\")] | length")" != 0 ]; }

# daemon_says NAME GUEST KEY: of a migration that is supervised
daemon_says() { daemon_ask "$1" "[.supervised[] | select(.domain == \"$2\")][0].$3"; }

# daemon_recorded NAME GUEST JQ: of the newest recording of GUEST
daemon_recorded() {
	"$SCENE_B/migtrace" report -f json "$(ls -t "$SCENE_DIR/rec-$1/$2"-*.mtrec | head -n 1)" | jq -r "$3"
}

# What was done to a guest, by one daemon's recording.
daemon_did() { daemon_recorded "$1" "$2" '[.decisions[] | select(.applied == "done") | .action] | unique | join(" ")'; }

eventually() {
	local until=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	while :; do
		"$@" && return 0
		((${EPOCHREALTIME/./} < until)) || return 1
		sleep 0.05
	done
}

# virsh_migrate NAME OPTION...: a migration that migtrace knows nothing of
virsh_migrate() {
	local name=$1
	shift
	scene_on a virsh -q migrate "$name" "$SCENE_DEST" --live --p2p --bandwidth "$SCENE_LIMIT_MIB" "$@" \
		>"$SCENE_DIR/$name.virsh" 2>&1 </dev/null
}

virsh_cancel() { scene_on a virsh -q domjobabort "$1" >/dev/null 2>&1; }

state() { scene_on a virsh -q domstate --reason "$1" 2>/dev/null; }
is_stopped() { [ "$(state "$1")" = "paused (migrating)" ]; }
runs_here() { [ "$(scene_where "$1")" = a ]; }
runs_there() { [ "$(scene_where "$1")" = b ]; }
marks() { scene_on a sh -c "ls /run/migtrace/hands 2>/dev/null | grep -c stopped"; }
no_marks() { [ "$(marks)" = 0 ]; }
