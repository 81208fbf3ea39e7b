#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replays recordings and compares every decision with what is on file, with what was decided
# live, and, where QEMU's answers alone say what is right, with that: when the policies that
# know only the clock and the passes must act (expect.jq), how QEMU itself ended it, and what
# predict must leave alone. Only the first is the code's own word.
#
#	tests/golden/golden.t --update	writes the files anew
#	MIGTRACE_DATA			other people's recordings, not in this repository
#					(default ../shared/data); skipped where missing
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
. tests/lib/ktap.sh
data=${MIGTRACE_DATA:-../shared/data}/pg-ycsb
expected=tests/golden/expected
ours=(tests/golden/recordings/*.mtrec)
scenarios=(precopy-convergent precopy-nonconvergent-16t precopy-nonconvergent-onlyreads-16t autoconverge-16t)

# The reason's figures are for people, and longer than a decision: the rest is compared. Each of these files has one migration.
replay() {
	"$B/migtrace" replay -f json "$@" | jq -S 'if all(.migration == 1) then . else error("another migration") end | map(del(.reason, .migration) | .file |= (split("/")[-2:] | join("/")) |
		.implied_downtime_ms |= if . then (. * 10 | round / 10) else . end)'
}

theirs() {
	local s
	for s in "${scenarios[@]}"; do printf '%s\n' "$data/$s"/run-*.json; done
}

if [ "${1:-}" = --update ]; then
	replay "${ours[@]}" >"$expected/ours.json"
	[ -d "$data" ] && replay $(theirs) >"$expected/pg-ycsb.json" &&
		replay --postcopy $(theirs) >"$expected/pg-ycsb-postcopy.json"
	exit
fi

# compare EXPECTED OPTION... FILE...
compare() {
	local out name
	name=$(basename "$1" .json)
	out=$(diff -u "$1" <(shift; replay "$@") | head -n 40)
	[ -z "$out" ]
	result $? "$name: every policy decides as on file" "$out"
}

# worked_out NAME FILE: what the simple policies must do, by expect.jq, for limits of many kinds
worked_out() {
	local name=$1 file=$2 rows lines limits timeout_ms passes postcopy wrong='' want got tried=0
	rows=$(mktemp) lines=$(mktemp)
	case $file in
	*.mtrec) zstd -dqc "$file" ;;
	*) cat "$file" ;;
	esac >"$lines"
	for limits in "- -" "0 0" "1000 1" "2500 2" "5001 3" "20000 5" "60000 9"; do
		for postcopy in "" --postcopy; do
			read -r timeout_ms passes <<<"$limits"
			"$B/migtrace" replay -f json --policy qemu,timeout,passes,stop-and-copy,fixed-passes $postcopy \
				$([ "$passes" = - ] || echo --timeout "${timeout_ms}ms" --passes "$passes") "$file" >"$rows" 2>/dev/null
			got=$(jq -Sc '.[] | {policy, action, at_ms, iteration, transferred_bytes}' "$rows")
			[ "$passes" != - ] || {
				passes=null
				timeout_ms=$(jq -s '[.[] | objects | select(.type == "header") | .limits.timeout_ms][0] // 30000' "$lines")
			}
			want=$(jq -Scs --argjson timeout_ms "$timeout_ms" --argjson passes "$passes" \
				--argjson postcopy "$([ -n "$postcopy" ] || jq -s 'any(.[] | objects; .type == "header" and .limits.postcopy_allowed)' "$lines" | grep -q true &&
					echo true || echo false)" -f tests/golden/expect.jq "$lines")
			tried=$((tried + 1))
			[ -n "$want" ] && [ "$got" = "$want" ] ||
				wrong+="limits $limits $postcopy:"$'\n'"$(diff <(echo "$want") <(echo "$got"))"$'\n'
		done
	done
	rm -f "$rows" "$lines"
	[ -z "$wrong" ] && [ $tried = 14 ]
	result $? "$name: policies of clock and passes act where QEMU's own answers say" "$(head -n 40 <<<"$wrong")"
}

plan $((${#ours[@]} * 3 + ${#scenarios[@]} + 8))
compare "$expected/ours.json" "${ours[@]}"
for f in "${ours[@]}"; do
	name=$(basename "$f" .mtrec)
	live=$("$B/migtrace" report -f json "$f" | jq -r '[.decisions[] | select(.applied == "done" and (.action | IN("stop", "flip", "abort")))] | .[0] |
		if . then "\(.action)/\(.iteration)" else "none" end')
	policy=$("$B/migtrace" report -f json "$f" | jq -r .header.policy)
	again=$("$B/migtrace" replay -f json --policy "$policy" "$f" | jq -r '.[0] | if .action == "none" then .action else "\(.action)/\(.iteration)" end')
	check_eq "$name: $policy decides as it did live" "$again" "$live"
	check "$name: the report tells how it ended" bash -c '"$1" report "$2" | grep "^Outcome"' - "$B/migtrace" "$f"
	worked_out "$name" "$f"
done

# holds NAME CONDITION [OPTION...] FILE...: of what predict does
holds() { check_jq "$1" "$2" < <("$B/migtrace" replay -f json --policy predict "${@:3}" 2>&1); }

# QEMU's word on how it ended, as recorded, and whether anybody had stopped, flipped or cancelled it, or moved its limit.
ended_by_itself=()
for f in "${ours[@]}"; do
	zstd -dqc "$f" | jq -es 'any(.type == "outcome" and .final.status == "completed") and
		all(.type != "decision" or .applied != "done")' >/dev/null && ended_by_itself+=("$f")
done
holds "predict leaves alone what QEMU itself ended" 'length >= 4 and all(.action == "none")' "${ended_by_itself[@]}"

if [ ! -d "$data" ]; then
	skip_some $((${#scenarios[@]} + 6)) "$data is missing"
	ktap_end
fi
compare "$expected/pg-ycsb.json" $(theirs)
compare "$expected/pg-ycsb-postcopy.json" --postcopy $(theirs)
for s in "${scenarios[@]}"; do
	worked_out "$s" "$data/$s/run-1.json"
done

# As QEMU ended each of fifty, post-copy and stopped ones among them: when, whether it had flipped, and the pause that it tells.
ended() {
	local f
	for f in "$data"/*/run-*.json; do
		jq -c --arg file "$f" '[.[].query_migrate | select(.status)] | {file: $file, at_ms: ([.[]."total-time" // empty] | last), status: .[-1].status,
			pause_ms: ([.[] | select(.status == "completed") | .downtime // empty] | last), flipped: any(.status == "postcopy-active")}' "$f"
	done
}
check_jq "of each policy qemu says when and how QEMU ended it" \
	'(.qemu | length == 50 and all(.status == "completed")) and ([.qemu, .ours] | transpose | all(.[0] as $q | .[1] |
		.file == $q.file and .action == "none" and .at_ms == $q.at_ms and (.reason | test("finished by itself") and (test("post-copy was started") == $q.flipped) and
		(capture("after a pause of (?<ms>[0-9]+) ms") | .ms | tonumber) == $q.pause_ms)))' \
	< <(jq -n --argjson qemu "$(ended | jq -s .)" --argjson ours "$("$B/migtrace" replay -f json --policy qemu "$data"/*/run-*.json)" '{$qemu, $ours}')

# What any change of constants has to keep, said in words and not in files.
holds "predict leaves what converges alone, post-copy allowed or not" 'all(.action == "none")' --postcopy "$data"/precopy-convergent/run-*.json
holds "predict stops the non-convergent ones within 500 ms, 60 s before QEMU" \
	'all(.action == "stop" and .implied_downtime_ms <= 500 and .at_ms < 52000)' "$data"/precopy-nonconvergent-16t/run-*.json
holds "predict gives the read-only ones up early, three times over what is allowed" \
	'all(.action == "abort" and .at_ms < 40000)' "$data"/precopy-nonconvergent-onlyreads-16t/run-*.json
ktap_end
