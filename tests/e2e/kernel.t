#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module as the source of `migtrace record` and `migtrace migrate`, on QEMU guests of
# both kinds, between two hosts: on a hypervisor, or in the lab, whose guests need it quiet:
#
#	scripts/lab --timeout 1200 -- tests/e2e/kernel.t
#
# A profile is made of measurements by QEMU one right after the other: on bitmap guests of a second each,
# for each of which QEMU turns the log on anew: DURATION (30s) is as many of them in one session.
#
# U(T) of a guest that writes uniformly is known: N pages, of which each write takes one,
# have been written to N (1 - (1 - 1/N)^n) after n writes. The guest counts its writes.
. tests/e2e/lib.sh

plan 14
module=$SCENE_B/kmod/$(uname -r)/migtrace.ko
if [ ! -e "$module" ] || [ ! -w /dev/kvm ]; then
	skip_some "$KTAP_PLAN" "needs KVM, and $module"
	exit 0
fi
grep -q '^migtrace ' /proc/modules || { insmod "$module" && loaded=1; } || { skip_some "$KTAP_PLAN" "the module cannot be loaded"; exit 0; }
begin 320mbit 36
trap 'scene_down; [ -z "${loaded:-}" ] || rmmod migtrace' EXIT

REGION_PAGES=8192
RATE=${RATE:-1500}

# guest NAME [DOMAIN OPTION...]: 32 MiB written uniformly, and nothing else
guest() {
	local name=$1
	shift
	scene_domain "$name" --type kvm --memory 64 --kernel "$PWD/$SCENE_B/guest/memguest.elf" \
		--cmdline "region=32M rate=$RATE pattern=uniform seed=1 keepalive=0" "$@"
}

writes() { scene_ask "$1" stats 2>/dev/null | jq .writes; }

profile() {
	local name=$1 kind=$2 file=$SCENE_DIR/$1.profile.mtrec w0 w1 t0 t1

	w0=$(writes "$name") t0=$(date +%s%N)
	scene_migtrace record "$name" -o "$file" --duration "${DURATION:-30s}" >"$SCENE_DIR/rec.out" 2>"$SCENE_DIR/rec.err"
	check_eq "$kind: record of an idle-migration guest" $? 0
	w1=$(writes "$name") t1=$(date +%s%N)
	"$SCENE_B/migtrace" report -f json "$file" >"$SCENE_DIR/report.json" 2>&1
	"$SCENE_B/migtrace" report "$file" >"$SCENE_DIR/report.txt" 2>&1
	note "$(cat "$SCENE_DIR/rec.err" | tail -n 3)"
	note "$(cat "$SCENE_DIR/report.txt")"
	check_eq "$kind: by the module" "$(jq -r .source.source "$SCENE_DIR/report.json")" kmod
	note "writes/s by the guest's own count: $(((w1 - w0) * 1000000000 / (t1 - t0)))"
	# Against the closed form, for each T of the curve that has windows.
	jq -r --argjson rate "$(((w1 - w0) * 1000000000 / (t1 - t0)))" --argjson n $REGION_PAGES '
		.curve[] | select(.windows > 0 and .window_ms >= 10) |
		($n * (1 - pow(1 - 1 / $n; $rate * .window_ms / 1000))) as $u |
		"\(.window_ms) \(.mean_pages) \($u) \((.mean_pages / $u - 1) * 100)"' "$SCENE_DIR/report.json" >"$SCENE_DIR/curve"
	note "$(printf 'T_ms measured closed_form error_percent\n' && cat "$SCENE_DIR/curve")"
	check "$kind: U(T) has points from 10 ms on" test "$(wc -l <"$SCENE_DIR/curve")" -ge 5
	# The guest writes to a dozen pages of its own besides, which are much of what 10 ms dirty and little of half a second.
	check_le "$kind: U(T) against the closed form from 500 ms on, median error in percent" \
		"$(awk '$1 >= 500 { print ($4 < 0 ? -$4 : $4) }' "$SCENE_DIR/curve" | sort -g | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }')" "${MEDIAN_PERCENT:-10}"
	# What was written just before the log was turned on, or after, is in the guest's count alone.
	check_le "$kind: pages dirtied at all against the closed form, error in percent" \
		"$(jq --argjson writes $((w1 - w0)) --argjson n $REGION_PAGES '
			.profiles[0].mw_pages / ($n * (1 - pow(1 - 1 / $n; $writes))) * 100 - 100 | fabs' "$SCENE_DIR/report.json")" "${MW_PERCENT:-25}"
}

migration() {
	local name=$1 kind=$2 file=$SCENE_DIR/$1.mtrec

	RATE=$RATE migrate "$name" --max-downtime 1s --record "$file"
	check_eq "$kind: migrated with the module as source" "$OUTCOME/$RC" completed/0
	"$SCENE_B/migtrace" report -f json "$file" >"$SCENE_DIR/report.json" 2>&1
	note "$("$SCENE_B/migtrace" report "$file" 2>&1)"
	check_le "$kind: what the kernel logged in a pass, and what QEMU found, apart in percent" \
		"$(jq -r '.source.passes_apart_percent // 1000' "$SCENE_DIR/report.json")" 10
}

for kind in ring bitmap; do
	RATE=1500
	if [ $kind = ring ]; then guest "p$kind" --dirty-ring 4096; else guest "p$kind"; fi ||
		{ skip_some 6 "the guest does not start: $(cat "$SCENE_DIR/p$kind.out")"; continue; }
	profile "p$kind" "$kind"
	scene_remove "p$kind"
	# Faster than the link: 36 MiB/s are 9216 pages/s.
	RATE=20000
	if [ $kind = ring ]; then guest "m$kind" --dirty-ring 4096; else guest "m$kind"; fi
	migration "m$kind" "$kind"
	scene_remove "m$kind"
done
ktap_end
