#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does scripts/lab run a command under each kernel, with KVM, and hand back just
# what it should, in the time it was given?
# shellcheck disable=SC2016,SC2317 # scripts are for the guest; checks are called by name
set -uo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
lab=$here/../../scripts/lab
plan=25
count=0
failed=0

echo "TAP version 13"
work=$(mktemp -d)
finish()
{
	local status=$?
	# shellcheck disable=SC2046 # a list of numbers
	kill $(jobs -p) 2>/dev/null && wait
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" || exit 1
if ! "$lab" --prepare 2>prepare.err; then
	echo "1..0 # SKIP cannot be prepared: $(tail -n 1 prepare.err)"
	exit 0
fi
echo "1..$plan"

# check NAME COMMAND...: one result; what the command said is shown if it failed.
check()
{
	local title=$1 ok="ok"
	shift
	if ! "$@" >"$work/out" 2>&1 </dev/null; then
		ok="not ok"
		failed=1
		sed 's/^/# /' "$work/out"
	fi
	echo "$ok $((++count)) - $title"
}

is()
{
	[[ $1 == "$2" ]] || { echo "'$1' instead of '$2'"; return 1; }
}

# run OPTION... -- CMD...: sets status and stdout; stderr is in stderr.txt.
run()
{
	"$lab" "$@" >stdout.txt 2>stderr.txt </dev/null
	status=$?
	stdout=$(<stdout.txt)
}

no_qemu_left()
{
	! pgrep -af "qemu-system.*$work"
}

# This one only waits, so it does while the others work. On a busy machine a boot
# takes half a minute.
mkdir late
began_s=$EPOCHSECONDS
"$lab" --timeout 45 --scratch "$work/late" -- sh -c 'echo begun; echo x >/scratch/x; sleep 1000' >late/stdout.txt 2>late/stderr.txt &
late=$!

for kernel in 6.1 6.12; do
	export LAB_TEST="it's \"kept\""
	echo here >mine
	run --kernel $kernel --scratch "$work/s" --env LAB_TEST -- sh -c '
		uname -r
		pwd
		id -u
		echo "$1 $LAB_TEST"
		echo aside >&2
		dmesg >$SCRATCH/dmesg
		echo "<6>lab.t: only for the log" >/dev/kmsg
		[ -c /dev/kvm ] && echo kvm >$SCRATCH/kvm
		cat mine && echo changed >mine && echo new >fresh && cat mine fresh
		modprobe -a veth sch_tbf tun bridge sch_netem && echo modules >$SCRATCH/modules
		[ -e /lib/modules/$(uname -r)/build/Makefile ] && echo headers
		ping -c1 -W5 127.0.0.1 >/dev/null 2>&1 || ip -o addr show lo | grep -q 127.0.0.1 && echo loopback
		sleep 1000 &
		exit 7' x "two  words"
	release=$(<"$here/../../build/lab/kernel-$kernel/release")
	check "$kernel: exit status" is "$status" 7
	check "$kernel: output, arguments, environment, directory, what was written is seen" is "$stdout" \
		"$release"$'\n'"$work"$'\n0\ntwo  words it\'s "kept"\nhere\nchanged\nnew\nheaders\nloopback'
	check "$kernel: stderr is stderr" grep -qx aside stderr.txt
	check "$kernel: the kernel's log is apart" bash -c '! grep -q "only for the log" stdout.txt stderr.txt && grep -q "only for the log" s/console.log'
	check "$kernel: nothing written outside of scratch" bash -c '[[ $(<mine) == here && ! -e fresh ]]'
	check "$kernel: /dev/kvm" is "$(cat s/kvm)" kvm
	check "$kernel: hardware virtualisation with nested paging" grep -qE 'Nested Paging enabled|kvm_intel|VMX' s/dmesg
	check "$kernel: modules for the network" is "$(cat s/modules)" modules
	rm -rf s
done

wait "$late"
status=$?
took_s=$(($(stat -c %Y late/stderr.txt) - began_s))	# its last words
check "out of time: 124" is "$status" 124
check "within the limit" test "$took_s" -le 51
check "what was said and written before is there" bash -c '[[ $(<late/stdout.txt) == begun && $(<late/x) == x ]]'
check "no QEMU is left" no_qemu_left

run --scratch "$work/s" -- sh -c 'echo "BUG: no bug at all" >/dev/kmsg'
check "a splat: 125, and is shown" bash -c '[[ $1 == 125 ]] && grep -q "BUG: no bug at all" stderr.txt' - "$status"

run --scratch "$work/s" -- sh -c 'echo c >/proc/sysrq-trigger'
check "a panic: 125, and says so" bash -c '[[ $1 == 125 ]] && grep -q "the kernel panicked" stderr.txt' - "$status"

"$lab" --scratch "$work/s" -- sh -c 'echo begun; sleep 1000' >stdout.txt 2>stderr.txt &
pid=$!
for ((i = 0; i < 300; i++)); do
	[[ ! -s stdout.txt ]] || break
	sleep 0.1
done
kill -TERM $pid
wait $pid
status=$?
check "output comes live; TERM ends it" bash -c '[[ $1 == 143 && $(<stdout.txt) == begun ]]' - "$status"
check "no QEMU is left" no_qemu_left

run --smp none -- true
check "usage: 2" is "$status" 2
rm -rf s
exit $failed
