# SPDX-License-Identifier: GPL-2.0-or-later
# What the end-to-end tests share: a scene of two hosts that is cleaned up
# whatever happens, and one supervised migration with all that can be said of it.
#
#	. tests/e2e/lib.sh
#	plan 3				and what else tests/lib/ktap.sh has
#	begin [RATE LIMIT]		root, packages, two hosts; skips the file where that cannot be
#	begin_campaign NAME		root; $dir, and nothing left of hosts and guests that a campaign
#					starts itself; $PID is killed if it is still there
#	migrate NAME OPTION...		runs migtrace migrate -f json; sets RC, and OUTCOME TOTAL_MS DOWNTIME_MS
#					SENT_BYTES DETAIL FELT_MS from its answer and from the guest; progress is in $ERR
#	verified NAME			the guest's own check of all its memory

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
set -u
export MIGTRACE_TESTBED=${MIGTRACE_TESTBED:-e$(($$ % 100000))}
. tests/lib/ktap.sh
. scripts/lib/scene.sh

need_root() {
	[ "$(id -u)" != 0 ] || return 0
	skip_some "$KTAP_PLAN" "needs root, for network namespaces"
	exit 0
}

begin() {
	need_root
	trap scene_down EXIT
	trap 'exit 130' INT TERM HUP
	scene_up "$@" || {
		echo "Bail out! the two hosts do not come up"
		exit 1
	}
}

campaign_away() {
	[ -z "${PID:-}" ] || kill -9 "$PID" 2>/dev/null
	TMPDIR=$dir MIGTRACE_GUEST=none bash -c '. scripts/campaign.d/common.sh; stop_watchers'
	scripts/testbed down 2>/dev/null
	rm -rf "$dir"
}

begin_campaign() {
	need_root
	dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-$1-t.XXXXXX") || exit 1
	trap campaign_away EXIT
	trap 'exit 130' INT TERM HUP
	export TMPDIR=$dir
}

# start_watch NAME; then felt NAME: longest silence of the guest since, in ms
start_watch() { WATCH_FROM=$(scene_now_ns "$1"); }
felt() { scene_ask "$1" gap "$WATCH_FROM" 0 | jq .longest_gap_ms; }

verified() {
	VERIFY=$(scene_ask "$1" verify 30000)
	[ "$(jq -r .verify <<<"$VERIFY")" = ok ] || { echo "$VERIFY"; return 1; }
}

migrate() {
	local name=$1
	shift
	start_watch "$name"
	ERR=$SCENE_DIR/$name.err
	ANSWER=$(timeout --foreground --signal INT "${CAP_S:-300}" scripts/testbed exec a -- "$SCENE_B/migtrace" migrate "$name" "$SCENE_DEST" \
		--bandwidth "${SCENE_LIMIT_MIB}MiB/s" -f json "$@" 2>"$ERR")
	RC=$?
	FELT_MS=$(felt "$name")
	answer
	note "migrate $name $*: exit $RC, $OUTCOME, total $TOTAL_MS ms, pause $DOWNTIME_MS ms, felt $FELT_MS ms"
	note "$DETAIL"
}

answer() {
	local one='(if type == "array" then .[0] else . end)'
	OUTCOME=$(jq -r "$one.outcome" <<<"$ANSWER" 2>/dev/null)
	DETAIL=$(jq -r "$one.detail" <<<"$ANSWER" 2>/dev/null)
	TOTAL_MS=$(jq -r "$one.total_ms // \"-\"" <<<"$ANSWER" 2>/dev/null)
	DOWNTIME_MS=$(jq -r "$one.downtime_ms // \"-\"" <<<"$ANSWER" 2>/dev/null)
	SENT_BYTES=$(jq -r "$one.transferred_bytes // \"-\"" <<<"$ANSWER" 2>/dev/null)
	ITERATIONS=$(jq -r "$one.iterations // \"-\"" <<<"$ANSWER" 2>/dev/null)
	ACTIONS=$(jq -r "$one.actions_done // \"-\"" <<<"$ANSWER" 2>/dev/null)
}

# A file may be run for one domain type only: TYPES=kvm tests/e2e/x.t
types() { echo "${TYPES:-$(scene_types)}"; }
