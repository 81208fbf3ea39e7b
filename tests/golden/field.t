#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What operators have met: each file is a series of QEMU's answers of one kind of trouble, and what is right about it.
#
#	MIGTRACE_DATA	where field/ lies, not in this repository
#			(default ../shared/data); skipped where missing
set -u
export MIGTRACE_LEARNED=none	# what this host has learned is nothing to a test
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
data=${MIGTRACE_DATA:-../shared/data}/field

. tests/lib/ktap.sh

# replays DESCRIPTION FILE JQ [OPTION...]: whether it holds of the rows of all policies, in r. p(NAME): that one's.
replays() {
	local what=$1 file=$2 jq=$3 out
	shift 3
	[ -e "$data/$file" ] || { skip "$what" "$data/$file is missing"; return; }
	out=$("$B/migtrace" replay -f json "$data/$file" "$@" 2>&1)
	check_jq "$what" ". as \$r | def p(n): \$r[] | select(.policy == n); $jq" <<<"$out"
}
# reports DESCRIPTION FILE JQ: of the report
reports() {
	local what=$1 file=$2 jq=$3
	[ -e "$data/$file" ] || { skip "$what" "$data/$file is missing"; return; }
	check_jq "$what" "$jq" < <("$B/migtrace" report -f json "$data/$file" 2>&1)
}
plan 20
replays "a deadline within the switchover ends nothing" switchover-deadline.json \
	'p("predict") | .action == "none" and .at_ms == 23510 and (.reason | test("switchover is under way.*pause of 1.0 s"))' --deadline 22.6s
replays "no policy acts in status device" switchover-deadline.json \
	'all(.action == "none" or .at_ms < 22500)' --deadline 22.6s --timeout 22.4s --postcopy
replays "a rate of -1 is unknown" mbps-minus-one.json 'p("predict") | .action == "none" and .at_ms == 67774'
reports "a rate of -1: the rest is read" mbps-minus-one.json '(.iterations | length >= 2) and .outcome.downtime_ms == 294 and .warnings == []'
replays "lines of a monitor, timed by QEMU" raw-qmp-lines.jsonl 'p("predict") | .action == "none" and .at_ms == 67774'
reports "lines of a monitor: iterations and outcome in the report" raw-qmp-lines.jsonl \
	'(.iterations | length >= 2) and .outcome.t_ms == 67574 and .outcome.downtime_ms == 294 and (.migrations | length == 1)'
if [ -e "$data/raw-qmp-lines.jsonl" ]; then
	same() { "$B/migtrace" replay -f json "$data/$1" | jq -S 'map(select(.policy != "stop-and-copy") | {policy, action, at_ms, iteration})'; }
	# stop-and-copy stops at the first look that has a rate: that is the second where QEMU said -1.
	check_jq "every policy decides the same in both forms" '(.a | length) > 3 and .a == .b' \
		< <(jq -n --argjson a "$(same raw-qmp-lines.jsonl)" --argjson b "$(same mbps-minus-one.json)" '{$a, $b}')
else
	skip "every policy decides the same in both forms" "$data/raw-qmp-lines.jsonl is missing"
fi
replays "post-copy that stands still: for how long, and what to do" postcopy-paused.json \
	'p("predict") | .action == "none" and (.reason | test("postcopy-paused for 9 min 50 s") and test("guest waits") and test("--postcopy-resume") and
	(test("recording ends") | not))'
reports "the report says that post-copy stands still" postcopy-paused.json '.outcome.outcome == "paused" and .migrations[0].status == "postcopy-paused" and
	(.warnings | any(test("stands still.*9 min 50 s.*--postcopy-resume")))'
replays "nobody acts on it" postcopy-paused.json 'all(.action == "none" or .at_ms < 13000)' --deadline 30s --stall-timeout 30s
replays "30 min without a byte are told" stuck-first-pass.json \
	'p("predict") | .action == "none" and (.reason | test("at 37.0 s: nothing has been sent for 10.0 s.*nothing has been sent for 30 min"))'
replays "and ended where there is a limit" stuck-first-pass.json \
	'[p("predict", "qemu", "ihm")] | length == 3 and all(.action == "abort" and .at_ms > 87000 and .at_ms <= 97000 and (.reason | test("nothing has been sent for 1 min")))' \
	--stall-timeout 60s
reports "the report says for how long nothing was sent" stuck-first-pass.json '.warnings | any(test("nothing was sent for 30 min 07 s"))'
replays "two migrations, each for itself" two-attempts.json \
	'[p("predict")] | length == 2 and .[0].migration == 1 and .[0].action == "abort" and .[0].at_ms < 181000 and
	.[1].migration == 2 and .[1].action == "none" and .[1].at_ms == 16745 and (.[1].reason | test("2 of 2.*finished by itself"))'
replays "policy qemu sees both ends" two-attempts.json \
	'[p("qemu").reason] | length == 2 and (.[0] | test("1 of 2.*was cancelled")) and (.[1] | test("2 of 2.*finished by itself"))'
reports "both in the report" two-attempts.json '(.migrations | map([.status, .downtime_ms]) == [["cancelled", null], ["completed", 265]]) and
	(.migrations[0].transferred_bytes == 21602355468) and .outcome.total_ms == 16745 and (.iterations | map(.migration) | unique == [1, 2])'
reports "no pass of one in the other" two-attempts.json \
	'[.iterations[] | select(.migration == 2)] | .[0].iteration == 1 and all(.start_ms < 16745 and .bandwidth_bytes_per_s > 1e9)'
replays "a count that is lost" remaining-wraps.json \
	'p("predict") | .action == "none" and (.reason | test("lost count.*RAM block was resized.*cancel"))'
replays "no stop by it, but an end by the deadline" remaining-wraps.json \
	'[p("timeout", "predict")] | length == 2 and all(.action == "abort" and .at_ms == 40000 and .implied_downtime_ms == null)' --timeout 35s --deadline 40s
reports "the report says that the count is lost" remaining-wraps.json '.warnings | any(test("lost count") and test("17 answers") and test("cancel"))'
ktap_end
