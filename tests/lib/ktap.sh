# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a test that is a shell script says, as KTAP: sourced by bash. For programs in C see
# tests/unit/ktap.h; scripts/lib/tap.awk judges both.
#
#	plan N			how many there will be; without N it is said by ktap_end
#	skip_all REASON		instead of a plan: nothing can be tested here; ends the script
#	result STATUS NAME [TEXT]	it holds if STATUS is 0; TEXT is shown in either case
#	check NAME COMMAND...	it holds if COMMAND succeeds; what it printed is shown if not
#	check_eq NAME GOT WANTED
#	check_le NAME GOT MOST	numbers
#	check_match NAME GOT REGEX
#	check_jq NAME CONDITION [JQ OPTION...]	of the JSON on standard input
#	skip NAME REASON	one test
#	skip_some N REASON	those that come next
#	note TEXT...		for whoever reads
#	ktap_end		ends the script: 1 if anything failed
#
# A command of check runs in this shell: what it sets stays. KTAP_SHOW may list files that are
# shown beside what a failed one printed. A name says what holds, and is not used twice.

KTAP_N=0 KTAP_PLAN='' KTAP_FAILED=0
KTAP_SHOW=()
# What a command prints goes to a file without a name, so that nothing is left whenever it ends.
ktap_said=$(mktemp) && exec {KTAP_FD}<>"$ktap_said" && rm "$ktap_said" || exit 1
ktap_said=/proc/$$/fd/$KTAP_FD

plan()
{
	KTAP_PLAN=${1:-}
	echo "TAP version 13"
	[ -z "$KTAP_PLAN" ] || echo "1..$KTAP_PLAN"
}

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 0
}

note() { printf '%s\n' "$*" | sed 's/^/# /'; }

result()
{
	KTAP_N=$((KTAP_N + 1))
	if [ "$1" = 0 ]; then
		echo "ok $KTAP_N - $2"
	else
		echo "not ok $KTAP_N - $2"
		KTAP_FAILED=1
	fi
	[ -z "${3:-}" ] || note "$3"
}

check()
{
	# Not names that a command may know as its own.
	local ktap_name=$1 ktap_status
	shift
	"$@" >"$ktap_said" 2>&1
	ktap_status=$?
	result $ktap_status "$ktap_name"
	[ $ktap_status != 0 ] || return 0
	note "$*: exit $ktap_status"
	sed 's/^/# /' "$ktap_said" ${KTAP_SHOW[@]+"${KTAP_SHOW[@]}"} 2>/dev/null
	return 0
}

check_eq()
{
	[ "$2" = "$3" ]
	result $? "$1"
	[ "$2" = "$3" ] || note "got \"$2\", wanted \"$3\""
}

check_le()
{
	local status
	jq -en --arg a "$2" --arg b "$3" '($a | tonumber) <= ($b | tonumber)' >/dev/null 2>&1
	status=$?
	result $status "$1"
	[ $status = 0 ] || note "got \"$2\", at most \"$3\" wanted"
}

check_match()
{
	local status
	[[ $2 =~ $3 ]]
	status=$?
	result $status "$1"
	[ $status = 0 ] || note "got \"$2\", wanted a match of \"$3\""
}

check_jq()
{
	local name=$1 condition=$2 json status
	shift 2
	json=$(cat)
	# No value at all is no success, as it is to jq -e alone.
	jq -es "$@" "length == 1 and (.[0] | ($condition))" <<<"$json" >/dev/null 2>&1
	status=$?
	result $status "$name"
	[ $status = 0 ] || note "$(cut -c 1-400 <<<"$json" | head -n 20)"
}

skip()
{
	KTAP_N=$((KTAP_N + 1))
	echo "ok $KTAP_N - $1 # SKIP $2"
}

skip_some()
{
	local i
	for ((i = 0; i < $1; i++)); do
		KTAP_N=$((KTAP_N + 1))
		echo "ok $KTAP_N # SKIP $2"
	done
}

ktap_end()
{
	[ -n "$KTAP_PLAN" ] || echo "1..$KTAP_N"
	exit $KTAP_FAILED
}
