#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command that reads recordings reads hostile ones: it ends with 0 or 1 and a line, within 1 GiB and 2 minutes,
# which only a hang takes, and lets no control character through.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build} seed=${SEED:-$(date +%s)} count=${COUNT:-10}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
memory_bytes=$((1024 << 20)) hang_s=120
export MIGTRACE_HISTORY=$dir/history.db

commands=(
	"report"
	"report -f json"
	"report -f html"
	"report -f svg --plot timeline"
	"replay --policy predict,ihm"
	"replay -f csv"
	"predict --bandwidth 1GiB/s"
	"predict --bandwidth 10MiB/s --memory 1GiB"
	"plan --link 1GiB/s"
	"history import"
	"history -f csv import"
	"evaluate --one-step"
	"evaluate"
	"evaluate --live"
	"evaluate --verdicts --runs"
	"simulate --bandwidth 1GiB/s --cap 30s"
	"simulate --bandwidth 1GiB/s --memory 256MiB --cap 30s -m precopy,xbzrle"
	"simulate --bandwidth 1GiB/s --memory 256MiB --cap 30s --policy predict --history 10s"
)

# What `evaluate` reads is a campaign: one run of it, with a hostile recording as profile and as migration.
# (--epr is left out: the series that it makes up itself take minutes.)
campaign() {
	mkdir "$dir/$1.campaign" && ln "$dir/$1.mtrec" "$dir/$1.campaign/x.mtrec" &&
		sed 1q "$run_of" | sed -E 's/"(profile|recording)": ?"[^"]*"/"\1":"x.mtrec"/g' >"$dir/$1.campaign/runs.jsonl"
}

# hostile COMMAND FILE: what is wrong with how it went, nothing if all is well
hostile() {
	local rc program=migtrace
	[[ $1 != evaluate* ]] || program=migtrace-research
	# shellcheck disable=SC2086
	prlimit --as=$memory_bytes timeout $hang_s "$B/$program" $1 "$2" >"$dir/out" 2>"$dir/err" </dev/null
	rc=$?
	[ $rc -le 1 ] || echo "exit status $rc"
	[ $rc = 0 ] || [ -s "$dir/err" ] || echo "failed without a line"
	grep -q 'for an unknown reason' "$dir/err" && echo "failed without a reason"
	# What a file may take is refused or cut by a bound of ours, not by whatever malloc() has left.
	grep -qi 'out of memory\|cannot allocate' "$dir/err" && echo "ran out of memory"
	# C0 but newline, DEL, C1, and what turns the direction of writing around
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xaf]' "$dir/out" "$dir/err" &&
		echo "a control character"
}

. tests/lib/ktap.sh
plan "${#commands[@]}"
"$B/tests/fuzz/fuzz_consumers" "$dir" "$count" "$seed" || { echo "Bail out! no recordings"; exit 1; }
run_of=$(find tests/data/campaign -name runs.jsonl | sort | sed 1q)
for ((i = 0; i < count; i++)); do
	campaign "$i" || { echo "Bail out! no campaign"; exit 1; }
done
for command in "${commands[@]}"; do
	wrong=
	for ((i = 0; i < count; i++)); do
		file=$dir/$i.mtrec
		case $command in
		evaluate | "history -f csv import") file=$dir/$i.campaign ;;
		esac
		what=$(hostile "$command" "$file")
		[ -z "$what" ] || wrong+="# $i.mtrec: ${what//$'\n'/, }; stderr: $(tail -n 1 "$dir/err" | cut -c 1-200)"$'\n'
	done
	[ -z "$wrong" ]
	result $? "$command survives $count hostile recordings, seed $seed"
	[ -z "$wrong" ] || printf '%s# again with: SEED=%s COUNT=%s tests/fuzz/consumers.t\n' "$wrong" "$seed" "$count"
done
ktap_end
