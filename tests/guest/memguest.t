#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The memory guest and guestwatch: does the guest do what it says? What it
# dirties is judged from outside, by dumps of its memory and by QEMU's dirty
# log, not by the counters that it keeps itself. KTAP on stdout.
set -u

top=$(cd "$(dirname "$0")/../.." && pwd)
bin=${B:-$top/build}/guest
qemu=${QEMU:-qemu-system-x86_64}
dir=$(mktemp -d) || exit 1
pids=()
. "$top/tests/lib/ktap.sh"
firmware=()	# else SeaBIOS
[ ! -r /usr/share/qemu/qboot.rom ] || firmware=(-bios qboot.rom)
cleanup()
{
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	for f in "$dir"/*.pid; do
		[ ! -f "$f" ] || kill "$(cat "$f")" 2>/dev/null
	done
	wait
	pids=()
}
trap 'cleanup; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

# calc EXPRESSION [VAR=VALUE...]: a number, or a truth as exit status
calc()
{
	local expr=$1 args=()

	shift
	for a in "$@"; do
		args+=(-v "$a")
	done
	awk "${args[@]}" "BEGIN { x = ($expr); print x; exit !x }" </dev/null
}

# field NAME JSON
field()
{
	sed -n "s/.*\"$1\": *\"\{0,1\}\(-\{0,1\}[0-9a-z.]*\).*/\1/p" <<<"$2"
}

ask() { "$bin/guestwatch" --ask "$dir/serial" "$@"; }
qmp() { "$bin/qmp" "$dir/$1" "${@:2}"; }

# boot NAME OPTIONS [QEMU OPTION...]: a QEMU whose QMP socket is NAME
boot()
{
	"$qemu" -accel "$accel" -m 128 -nodefaults -display none -serial "unix:$dir/serial" \
		-qmp "unix:$dir/$1,server=on,wait=off" -no-reboot \
		"${firmware[@]}" -kernel "$bin/memguest.elf" -append "$2" "${@:3}" 2>>"$dir/qemu.err" &
	pids+=($!)
}

# guest OPTIONS: a watched guest that is ready
guest()
{
	cleanup
	rm -f "$dir/serial"* "$dir/qemu"
	"$bin/guestwatch" --daemon --lifetime 3000 "$dir/serial" "$dir/log" || return
	boot qemu "$1"
	ready=$(ask ready 300000)
}

# snapshot FILE: all of the region, and the stats that belong to it
snapshot()
{
	local stats

	stats=$(ask stats) || return
	qmp qemu stop "{\"execute\":\"pmemsave\",\"arguments\":{\"val\":$(field region_addr "$stats"),
		\"size\":$(($(field region_pages "$ready") * 4096)),\"filename\":\"$1\"}}" cont >/dev/null
}

# Compares two snapshots: prints pages, pages whose content differs, writes
# (by the pages' own numbers), share of the writes in the top 1 % and 10 % of
# the pages, largest difference between two pages' writes.
compare()
{
	perl -e '
		use strict;
		my ($n, $changed, $writes, @w) = (0, 0, 0);
		open(my $before, "<:raw", $ARGV[0]) or die; open(my $after, "<:raw", $ARGV[1]) or die;
		while (read($before, my $x, 4096) && read($after, my $y, 4096)) {
			my $d = unpack("x4V", $y) - unpack("x4V", $x);
			$n++; $changed++ if $x ne $y; $writes += $d; push @w, $d;
		}
		@w = sort { $b <=> $a } @w;
		my ($one, $ten) = (0, 0);
		for (my $i = 0; $i < $n / 10; $i++) { $ten += $w[$i]; $one += $w[$i] if $i < $n / 100; }
		printf "%d %d %d %.4f %.4f %d\n", $n, $changed, $writes,
			$writes ? $one / $writes : 0, $writes ? $ten / $writes : 0, $w[0] - $w[-1];
	' "$1" "$2"
}

# A guest keeps its pace where the machine has time for it. A busy one may have none at first: so it
# is looked at again, and for longer. patiently COMMAND SECONDS...: COMMAND with each of these, until it succeeds
patiently()
{
	local command=$1 s

	shift
	for s; do
		! $command "$s" || return 0
	done
	return 1
}

# Runs OPTIONS for a while and sets pages, changed, writes, top1, top10, spread.
window()
{
	guest "$1" || return
	sleep 0.2
	snapshot "$dir/a" || return
	sleep "$2"
	snapshot "$dir/b" || return
	read -r pages changed writes top1 top10 spread < <(compare "$dir/a" "$dir/b")
}

verify_ok()
{
	local verdict

	verdict=$(ask verify)
	result $? "$1" "$verdict"
}

# Writes done in host time, and those given up because the machine had no time
# for the guest: both together are what was asked for.
keeps_rate()
{
	local before after

	before=$(ask stats)
	sleep "$1"
	after=$(ask stats)
	set -- "t0=$(field at_ns "$before")" "t1=$(field at_ns "$after")" \
		"w0=$(field writes "$before")" "w1=$(field writes "$after")" \
		"s0=$(field skipped "$before")" "s1=$(field skipped "$after")"
	rate=$(calc '(w1 - w0) / (t1 - t0) * 1e9' "$@")
	asked=$(calc '(w1 - w0 + s1 - s0) / (t1 - t0) * 1e9' "$@")
	calc 'a > 9500 && a < 10500 && r > 5000' a="$asked" r="$rate" >/dev/null
}

test_rate()
{
	local rate asked

	patiently keeps_rate 2 4 8 16
	result $? "$accel: writes at the rate asked for" "$rate/s done, $asked/s due, of 10000/s"
}

keeps_heartbeat()
{
	local from

	from=$(field now_ns "$(ask now)")
	sleep "$1"
	gap=$(ask gap "$from")
	calc 'm > 0 && m <= 10' m="$(field median_interval_ms "$gap")" >/dev/null
}

test_basics()
{
	local gap verdict

	guest "region=64M rate=10000 seed=7"
	result $? "$accel: boots and is ready" "$ready"
	test_rate
	patiently keeps_heartbeat 2 4 8 16
	result $? "$accel: heartbeat every 10 ms or less" "$gap"
	verify_ok "$accel: memory verifies"
}

test_verifier_fails()
{
	local verdict

	ask send "$1" >/dev/null
	verdict=$(ask verify)
	[ $? -eq 1 ] && [ "$(field "$2" "$verdict")" = 1 ]
	result $? "$accel: the verifier finds a page that is $3" "$verdict"
}

# QEMU's own dirty log: the oracle that shares nothing with the guest
test_dirty_log()
{
	local before after answer rate expected

	before=$(ask stats)
	qmp qemu '{"execute":"calc-dirty-rate","arguments":{"calc-time":1,"mode":"dirty-bitmap"}}' >/dev/null
	while answer=$(qmp qemu query-dirty-rate); [[ $answer == *measuring* ]]; do
		sleep 0.02
	done
	after=$(ask stats)
	rate=$(field dirty-rate "$answer")
	# Distinct pages of uniform writes, plus at most 1 MiB of tables and stack
	expected=$(calc 'n * (1 - exp(-(w1 - w0) / (t1 - t0) * 1e9 / n)) / 256' n=16384 \
		w0="$(field writes "$before")" w1="$(field writes "$after")" \
		t0="$(field at_ns "$before")" t1="$(field at_ns "$after")")
	calc 'r > e * 0.93 - 1 && r < e * 1.07 + 1' r="$rate" e="$expected" >/dev/null
	result $? "$accel: QEMU's dirty log sees the expected distinct pages" \
		"$rate MiB in 1 s, expected $expected"
}

test_migration()
{
	local from result gap

	from=$(field now_ns "$(ask now)")
	boot dst '' -incoming "unix:$dir/mig"
	while [ ! -S "$dir/mig" ]; do
		sleep 0.02
	done
	qmp qemu '{"execute":"migrate-set-parameters","arguments":{"max-bandwidth":62914560}}' \
		"{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"unix:$dir/mig\"}}" >/dev/null
	result=$("$bin/qmp" --wait-migration 600 "$dir/qemu")
	result $? "$accel: migrates live"
	verify_ok "$accel: memory verifies on the destination"
	sleep 0.2	# until guestwatch has written its log
	# The silence between the last heartbeat of the source and the first of the
	# destination, if no other changes sides
	gap=$(awk '$3 == "hb" {
			if (last != "" && $2 != last) {
				changes++
				gap = ($1 - ns) / 1e6
			}
			last = $2
			ns = $1
		}
		END { print changes == 1 && last == 1 ? gap : -1 }' "$dir/log")
	# How long it was silent is up to QEMU and the machine.
	calc 'g > 0 && g < 30000' g="$gap" >/dev/null
	result $? "$accel: heartbeats go over to the destination once" \
		"silent for $gap ms, QEMU says $(field downtime "$result") ms; $(ask gap "$from")"
	[ "$(field backwards "$(ask status)")" = 0 ]
	result $? "$accel: the write counter never goes back"
}

writes_in_turn()
{
	window "region=32M rate=30000 pattern=seq" "$1"
	calc 'w > 20000 && s <= 1' w="$writes" s="$spread" >/dev/null
}

reads_only()
{
	window "region=32M rate=10000 pattern=readonly" "$1"
	calc 'c == 0 && r > 1000' c="$changed" r="$(field reads "$(ask stats)")" >/dev/null
}

test_patterns()
{
	window "region=32M rate=8000 pattern=uniform" 1
	expected=$(calc 'n * (1 - exp(w * log(1 - 1 / n)))' n="$pages" w="$writes")
	calc 'd > e * 0.95 && d < e * 1.05' d="$changed" e="$expected" >/dev/null
	result $? "uniform: distinct pages as in theory" \
		"$changed of $pages after $writes, expected $expected"

	patiently writes_in_turn 1 2 4 8
	result $? "seq: no page gets ahead of another" "$writes writes, spread $spread"

	window "region=32M rate=60000 pattern=zipf s=1.1" 1
	expected=$(awk -v n="$pages" 'BEGIN {
		for (k = 1; k <= n; k++) {
			w = k ^ -1.1
			all += w
			if (k <= n / 100)
				top += w
		}
		print top / all }')
	calc 't > e * 0.95 && t < e * 1.05' t="$top1" e="$expected" >/dev/null
	result $? "zipf: the top 1 % of the pages get their share" "$top1, expected $expected"

	window "region=32M rate=100000 pattern=hotcold hot=10% hotshare=90%" 1
	calc 't > 0.88 && t < 0.92' t="$top10" >/dev/null
	result $? "hotcold: 10 % of the pages get 90 % of the writes" "$top10"

	patiently reads_only 0.5 1 2 4
	result $? "readonly: reads, writes nothing" "$changed pages changed"
	verify_ok "readonly: memory verifies"
}

# How much of the time the counter in the heartbeats does not move
is_quiet_by_turns()
{
	guest "region=32M rate=20000 pattern=phases rate2=0 period=400ms"
	sleep "$1"
	quiet=$(awk '$3 == "hb" {
			n++
			if ($5 == last)
				still++
			last = $5
		}
		END { print still / n }' "$dir/log")
	calc 'q > 0.4 && q < 0.6' q="$quiet" >/dev/null
}

test_phases()
{
	local quiet

	patiently is_quiet_by_turns 2 4 8 16
	result $? "phases: quiet half of the time" "$quiet of the heartbeats"
	verify_ok "phases: memory verifies"
}

test_refusals()
{
	local answer

	guest "region=32M ratio=3"
	[[ $ready == *"option ratio=3"* ]]
	result $? "refuses an unknown option" "$ready"
	guest "region=1G"
	[[ $ready == *"does not fit"* ]]
	result $? "refuses a region that does not fit" "$ready"
}

plan
accel=kvm
if [ -w /dev/kvm ]; then
	test_basics
	test_dirty_log
	test_migration
	test_verifier_fails x lost stale
else
	skip "kvm: the guest does what it says" "/dev/kvm is not usable"
fi

accel=tcg
test_basics
test_verifier_fails x lost stale
test_verifier_fails t torn torn
test_verifier_fails k table "newer than the table says"
test_verifier_fails w wrong "another page's"
test_patterns
test_phases
test_refusals
ktap_end
