#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replays recordings and compares every decision with what is on file, and with
# what was decided live.
#
#	tests/golden/golden.t --update	writes the files anew
#	MIGTRACE_DATA			other people's recordings, not in this repository
#					(default ../shared/data); skipped where missing
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
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

n=0
report() {
	n=$((n + 1))
	if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}
compare() {
	local out
	out=$(diff -u "$1" <(shift; replay "$@") | head -n 40)
	[ -z "$out" ]
	report $? "$(basename "$1" .json): every policy decides as on file"
	[ -z "$out" ] || sed 's/^/# /' <<<"$out"
}

echo "TAP version 13"
echo "1..$((${#ours[@]} * 2 + 6))"
compare "$expected/ours.json" "${ours[@]}"
for f in "${ours[@]}"; do
	live=$("$B/migtrace" report -f json "$f" | jq -r '[.decisions[] | select(.applied == "done" and (.action | IN("stop", "flip", "abort")))] | .[0] |
		if . then "\(.action)/\(.iteration)" else "none" end')
	policy=$("$B/migtrace" report -f json "$f" | jq -r .header.policy)
	again=$("$B/migtrace" replay -f json --policy "$policy" "$f" | jq -r '.[0] | if .action == "none" then .action else "\(.action)/\(.iteration)" end')
	[ "$live" = "$again" ]
	report $? "$(basename "$f"): $policy decides as it did live"
	[ "$live" = "$again" ] || echo "# live $live, again $again"
	out=$("$B/migtrace" report "$f")
	[ $? = 0 ] && grep -q '^Outcome' <<<"$out"
	report $? "$(basename "$f"): report"
done

if [ ! -d "$data" ]; then
	for what in "as on file" "post-copy as on file" "convergent" "non-convergent" "read-only"; do
		n=$((n + 1))
		echo "ok $n # SKIP $data is missing ($what)"
	done
	exit 0
fi
compare "$expected/pg-ycsb.json" $(theirs)
compare "$expected/pg-ycsb-postcopy.json" --postcopy $(theirs)

# What any change of constants has to keep, said in words and not in files.
holds() { "$B/migtrace" replay -f json --policy predict "${@:3}" | jq -e "$2" >/dev/null; report $? "$1"; }
holds "predict leaves what converges alone, post-copy allowed or not" 'all(.action == "none")' --postcopy "$data"/precopy-convergent/run-*.json
holds "predict stops the non-convergent ones within 500 ms, 60 s before QEMU" \
	'all(.action == "stop" and .implied_downtime_ms <= 500 and .at_ms < 52000)' "$data"/precopy-nonconvergent-16t/run-*.json
holds "predict gives the read-only ones up early, three times over what is allowed" \
	'all(.action == "abort" and .at_ms < 40000)' "$data"/precopy-nonconvergent-onlyreads-16t/run-*.json
