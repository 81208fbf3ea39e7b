#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU's calc-dirty-rate again and again on one guest, each measurement right after the other, and one
# session of the module that sees them all: each is a log of its own, which QEMU turns on, reads, clears
# and turns off. What was dirtied in 5 s, and in all of a measurement, against the guest's own count of
# its writes: N pages of which each write takes one are N (1 - (1 - 1/N)^n) after n writes.
#
#	COUNT=50 MEASURE_S=6 [KEEP=DIR] tests/kmod/dirtyrate.t [ring|bitmap...]
#
# KEEP: where the ticks and the guest's beats are left.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
count=${COUNT:-4} seconds=${MEASURE_S:-2} percent=${PERCENT:-5}
module=${MIGTRACE_KO:-$B/kmod/$(uname -r)/migtrace.ko}
qemu=${QEMU:-qemu-system-x86_64}
region_pages=8192

. tests/lib/ktap.sh
[ "$(id -u)" = 0 ] || skip_all "not root"
[ -c /dev/kvm ] || skip_all "no /dev/kvm"
command -v "$qemu" jq >/dev/null || skip_all "no $qemu, or no jq"
for f in tests/kmod/vmwatch guest/guestwatch guest/qmp guest/memguest.elf; do
	[ -e "$B/$f" ] || skip_all "no $B/$f: make kmod-tests guest"
done
loaded=
if [ ! -e /sys/module/migtrace ]; then
	[ -e "$module" ] || skip_all "no $module: make kmod"
	insmod "$module" || skip_all "the module cannot be loaded"
	loaded=1
fi
modes=("${@:-ring}")
[ $# -gt 0 ] || modes=(ring bitmap)

dir=$(mktemp -d) || exit 1
pids=()
# shellcheck disable=SC2317 # called by trap
cleanup()
{
	[ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
	[ ! -e "$dir/s.pid" ] || kill "$(<"$dir/s.pid")" 2>/dev/null
	wait
	pids=()
}
# shellcheck disable=SC2317
finish()
{
	cleanup
	rm -rf "$dir"
	[ -z "$loaded" ] || rmmod migtrace
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# A running guest that is watched: by its serial line, and by the module
guest()
{
	local accel=kvm
	[ "$1" = bitmap ] || accel=kvm,dirty-ring-size=65536
	rm -rf "${dir:?}"/*
	"$B/guest/guestwatch" --daemon --lifetime 36000 "$dir/s" "$dir/log" || return
	"$qemu" -bios qboot.rom -accel "$accel" -m 64 -nodefaults -display none -no-reboot -serial "unix:$dir/s" \
		-qmp "unix:$dir/q,server=on,wait=off" -kernel "$B/guest/memguest.elf" \
		-append "region=32M rate=1500 pattern=uniform seed=1 keepalive=0 hb=10ms" >"$dir/qemu.out" 2>&1 &
	pids+=($!)
	"$B/guest/guestwatch" --ask "$dir/s" ready 120000 >"$dir/ready" || return
	"$B/tests/kmod/vmwatch" --tick 5 "${pids[0]}" >"$dir/ticks" 2>"$dir/watch.err" &
	pids+=($!)
	until grep -q ready "$dir/watch.err"; do
		kill -0 "${pids[1]}" 2>/dev/null || return
		sleep 0.05
	done
}

# measure MODE: one measurement, to its end
measure()
{
	local answer
	"$B/guest/qmp" "$dir/q" "{\"execute\":\"calc-dirty-rate\",\"arguments\":{\"calc-time\":$seconds,\"mode\":\"dirty-$1\"}}" \
		>"$dir/answer" 2>&1 && ! grep -q '"error"' "$dir/answer" || return
	while answer=$("$B/guest/qmp" "$dir/q" query-dirty-rate); do
		case $answer in
		*'"measuring"'*) sleep 0.02 ;;
		*'"measured"'*) return 0 ;;
		*) return 1 ;;
		esac
	done
	return 1
}

# For each log: pages in the first 5 s (or as long as it was) and in all, and the error of each in percent; then
# how far each is beyond what the beats around it allow
compare()
{
	jq -r 'select(.valid / 2 % 2 >= 1) | [.epoch, .window_start_ns, .end_ns, .window_pages] | @tsv' "$dir/ticks" |
		awk -v pages=$region_pages -v at_s=5 '
		FILENAME != "-" {
			if ($3 == "hb") { t[++beats] = $1; writes[beats] = substr($5, length("writes=") + 1) }
			next
		}
		function beat_before(time,   low, high, mid) {
			low = 1
			high = beats
			while (high - low > 1) {
				mid = int((low + high) / 2)
				if (t[mid] <= time) low = mid; else high = mid
			}
			return low
		}
		function writes_at(time,   i) {
			i = beat_before(time)
			return writes[i] + (writes[i + 1] - writes[i]) * (time - t[i]) / (t[i + 1] - t[i])
		}
		# The guest writes to its table, its variables and its stack beside the region.
		function form(n) { return pages * (1 - exp(n * log(1 - 1 / pages))) + pages / 1024 + 2 }
		function error(epoch, last) { return (got[last] / form(writes_at(end[last]) - writes_at(start[epoch])) - 1) * 100 }
		# Beats are stamped as they arrive, on a busy machine late: between two of them nobody knows better.
		function beyond(epoch, last,   i, j, least, most) {
			i = beat_before(start[epoch])
			j = beat_before(end[last])
			least = form(writes[j] - writes[i + 1])
			most = form(writes[j + 1] - writes[i])
			return got[last] < least ? (got[last] / least - 1) * 100 : got[last] > most ? (got[last] / most - 1) * 100 : 0
		}
		{
			line++
			if (!($1 in start)) { start[$1] = $2; order[++epochs] = $1 }
			end[line] = $3
			got[line] = $4
			all[$1] = line
			if ($3 - $2 <= at_s * 1e9) early[$1] = line
		}
		END {
			for (i = 1; i <= epochs; i++) {
				e = order[i]
				printf "%d %.3f %d %.2f %.3f %d %.2f %.2f %.2f\n", e, (end[early[e]] - start[e]) / 1e9, got[early[e]], error(e, early[e]),
				       (end[all[e]] - start[e]) / 1e9, got[all[e]], error(e, all[e]), beyond(e, early[e]), beyond(e, all[e])
			}
		}' "$dir/log" -
}

plan "$((${#modes[@]} * 4))"
for mode in "${modes[@]}"; do
	guest "$mode"
	result $? "$mode: a guest, watched"
	for ((i = 1; i <= count; i++)); do
		measure "$mode" || break
	done
	[ $i -gt "$count" ]
	result $? "$mode: $count measurements of $seconds s one right after the other"
	[ $i -gt "$count" ] || sed 's/^/# /' "$dir/answer" "$dir/qemu.out"
	sleep 0.1
	kill "${pids[1]}" && wait "${pids[1]}"
	[ -z "${KEEP:-}" ] || { mkdir -p "$KEEP/$mode" && cp "$dir/ticks" "$dir/log" "$KEEP/$mode"; }
	compare >"$dir/compared"
	echo "# $mode: log, s, U, error in percent, s, pages dirtied at all, error in percent, beyond (U, all)"
	sed 's/^/# /' "$dir/compared"
	awk '{ a = $4 < 0 ? -$4 : $4; b = $7 < 0 ? -$7 : $7; if (a > u) u = a; if (b > m) m = b; su += $4; sm += $7 }
		END { if (NR) printf "# of %d: U is off by %.2f at most, %+.2f in the mean; all pages by %.2f, %+.2f\n", NR, u, su / NR, m, sm / NR }' "$dir/compared"
	[ "$(wc -l <"$dir/compared")" = "$count" ]
	result $? "$mode: each is a log of its own, with a valid window"
	awk -v most="$percent" '$8 > most || $8 < -most || $9 > most || $9 < -most { bad++ } END { exit !NR || bad }' "$dir/compared"
	result $? "$mode: U(T) and all pages within $percent percent each time"
	cleanup
done
ktap_end
