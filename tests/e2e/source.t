#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sources of dirty pages on a real guest under KVM: the best one is used and named, and where
# there is none from the kernel, that is said and nothing else changes. With a kernel source
# (root, and migtrace.ko or BPF that works) its U(T) is looked at, and its passes beside QEMU's.
#
#	RING=4096 tests/e2e/source.t	a guest with dirty rings; else one with bitmaps
. "$(dirname "$0")/lib.sh"
plan 22
[[ $(scene_types) == *kvm* ]] || { skip_some "$KTAP_PLAN" "no KVM"; exit 0; }
begin

M=$SCENE_B/migtrace
scene_domain src --type kvm --memory 128 ${RING:+--dirty-ring "$RING"} --kernel "$PWD/$SCENE_B/guest/memguest.elf" \
	--cmdline "region=24M rate=2000 pattern=uniform seed=1" || { echo "Bail out! no guest"; exit 1; }

# --- a profile
rec=$SCENE_DIR/profile.mtrec
said=$(scene_migtrace record src -o "$rec" --duration 10s 2>&1)
check_eq "record: exit 0" $? 0
check_match "and says which source" "$said" "kernel source: "
report=$(scene_migtrace report -f json "$rec")
source=$(jq -r .source.source <<<"$report")
check_match "the recording names it" "$source" "^(kmod|bpf|libvirt)$"
note "source $source: $(jq -c .source <<<"$report")"
check_match "the text report, too" "$(scene_migtrace report "$rec")" "dirty pages +$source"
if [ "$source" = libvirt ]; then
	check "why there is no better one is recorded" jq -e '.source.detail | length > 10' <<<"$report"
	check "QEMU's own windows are there" jq -e '.dirty_rates | length > 1' <<<"$report"
	skip_some 4 "no kernel source here"
else
	check "U(T) has points from a millisecond to a second" jq -e '[.curve[] | select(.window_ms <= 1000)] | length == 10' <<<"$report"
	check "U(T) grows, up to the guest's region" jq -e '[.curve[].mean_pages] as $u | ($u | sort) == $u and $u[-1] <= 6144 + 100' <<<"$report"
	check "S <= U(longest) <= M_w" jq -e '.profiles[0] as $p | $p.s_pages <= .curve[-1].mean_pages + 1 and .curve[-1].mean_pages <= 1.02 * $p.mw_pages + 1' <<<"$report"
	note "$(jq -c '[.curve[] | [.window_ms, .windows, .mean_pages]], .profiles[0]' <<<"$report" | xargs)"
	check "ticks are recorded, thinned" jq -e '.ticks | length > 20 and length < 400' <<<"$report"
	check "vCPUs are told of guests with rings" jq -e '(.source.mode == "ring") == (.vcpus | length == 1)' <<<"$report"
	check "nothing is lost" jq -e '.profiles[0] | .overruns == 0 and .lost_ticks == 0' <<<"$report"
fi

# --- which pages
rec=$SCENE_DIR/pages.mtrec
said=$(scene_migtrace record src -o "$rec" --duration 4s --pages 2>&1)
rc=$?
if [ "$source" = libvirt ]; then
	check_eq "record --pages without a kernel source: exit 1" $rc 1
	check_match "and says why there is none" "$said" "--pages needs a kernel source"
	skip_some 2 "no kernel source here"
else
	check_eq "record --pages: exit 0" $rc 0
	sets=$(zstd -dc "$rec" | jq -c 'select(.type == "pages")' | jq -s .)
	note "$(jq -c '[length, (map(.pages | length) | add), (map(select(.begins)) | length)]' <<<"$sets") sets, bytes of text, windows that begin"
	check "sets tick by tick, and where windows begin" jq -e 'length > 20 and (map(select(.begins)) | length > 1) and all(.t_ns > .start_ns)' <<<"$sets"
	# A pass over 128 MiB at 100 MiB/s takes 1.3 s; what it leaves dirty lies about where the profile's U(T) has it.
	played=$(scene_migtrace simulate "$rec" --memory 128MiB --link 100MiB/s --max-downtime 10ms --passes -f json 2>/dev/null)
	note "$(jq -c '.[0]' <<<"$played")"
	check "they can be played" jq -e 'length >= 3 and .[0].sent_pages > 32000 and .[0].duration_ms > 1200' <<<"$played"
	check "and dirty as many pages as the guest does" jq -e --argjson report "$report" '
		($report.curve | map({key: (.window_ms | tostring), value: .mean_pages}) | from_entries) as $u |
		.[0].dirtied_pages > 0.6 * $u["1000"] and .[0].dirtied_pages < 1.3 * $u["2000"]' <<<"$played"
fi

# --- asked for by name
scene_migtrace record src -o "$SCENE_DIR/named.mtrec" --duration 1s --source libvirt >/dev/null 2>&1
check_eq "record --source libvirt: exit 0" $? 0
check_eq "and no kernel source in it" "$(scene_migtrace report -f json "$SCENE_DIR/named.mtrec" | jq -r '.source.source, (.ticks | length)' | xargs)" "libvirt 0"

# --- top
rows=$(scene_migtrace top src --count 2 --interval 300ms -f json 2>/dev/null | jq -s 'add')
check "top: a row each time" jq -e 'length == 2 and all(.domain == "src")' <<<"$rows"
check "top starts no logging" jq -e 'all(.logging != true and .dirty_pages_per_s == null)' <<<"$rows"
# It may take its time to get as far as that.
for s in 2 8 32 128; do
	scripts/testbed exec a -- timeout --preserve-status -s INT $s "$M" top src >/dev/null 2>&1
	rc=$?
	[ $rc != 0 ] || break
done
check_eq "top: Ctrl-C ends it well" $rc 0

# --- a migration
rec=$SCENE_DIR/migration.mtrec
CAP_S=180 migrate src --record "$rec"
check_eq "the migration with a source completes" "$OUTCOME" completed
check "and says which source it had" jq -e 'if type == "array" then .[0] else . end | .kernel_source | length > 3' <<<"$ANSWER"
report=$(scene_migtrace report -f json "$rec")
if [ "$source" = libvirt ]; then
	skip_some 1 "no kernel source here"
else
	note "passes: $(jq -c '.source, (.passes[] | [.iteration, .duration_ms, .kernel_bytes, .qemu_bytes, .difference_percent])' <<<"$report" | xargs)"
	check "passes of the kernel's are in the report" jq -e '.passes | length > 0' <<<"$report"
fi
ktap_end
