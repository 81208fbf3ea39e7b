#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does scripts/lab run a command under each kernel, with KVM, and hand back just
# what it should, in the time it was given?
# shellcheck disable=SC2016,SC2317 # scripts are for the guest; checks are called by name
set -uo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
lab=$here/../../scripts/lab
. "$here/../lib/ktap.sh"
exec </dev/null

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
"$lab" --prepare 2>prepare.err || skip_all "cannot be prepared: $(tail -n 1 prepare.err)"
plan 31

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

# This one only waits, so it does while the others work. How long a boot takes is up to who else
# uses the machine: a limit that is over before the command begins is doubled.
run_late()
{
	local limit_s status began_s
	for limit_s in 45 90 180 360 720; do
		rm -rf late.scratch
		began_s=$EPOCHSECONDS
		"$lab" --timeout $limit_s --scratch "$work/late.scratch" -- \
			sh -c 'echo begun; echo x >/scratch/x; exec sleep 98761' >late.stdout 2>late.stderr </dev/null
		status=$?
		echo "$status $((EPOCHSECONDS - began_s - limit_s))" >late.ended
		grep -q 'before the command began' late.stderr || break
	done
}
run_late &
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
	check "$kernel: /dev/kvm is there" is "$(cat s/kvm)" kvm
	check "$kernel: hardware virtualisation with nested paging" grep -qE 'Nested Paging enabled|kvm_intel|VMX' s/dmesg
	check "$kernel: an emulated clock is this machine's, not guessed" bash -c '
		! grep -q " TCG," stderr.txt || {
			# The processor first, as guessed, then the counter, where that differs.
			khz=$(sed -n "s/.*tsc: Detected \([0-9]*\)\.\([0-9]*\) MHz.*/\1\2/p" s/dmesg | tail -n 1)
			((khz > 0 && (khz - $1) ** 2 <= (khz / 1000) ** 2)) || { echo "$khz kHz, not $1"; exit 1; }
		}' - "$("$here/../../build/lab/tsc")"
	check "$kernel: modules for the network" is "$(cat s/modules)" modules
	rm -rf s
done

# Interrupts off, for ever: a kernel that cannot be asked any more
mkdir stuck
cat >stuck/stuck.c <<-'END'
	#include <linux/module.h>
	static int __init stuck_init(void)
	{
		pr_info("lab.t: stuck\n");
		local_irq_disable();
		for (;;)
			cpu_relax();
		return 0;
	}
	module_init(stuck_init);
	MODULE_LICENSE("GPL");
END
echo 'obj-m := stuck.o' >stuck/Kbuild
make -s -C "$here/../../build/lab/kernel-6.1/build" M="$work/stuck" modules >stuck/log 2>&1 </dev/null || sed 's/^/# /' stuck/log
for limit_s in 45 90 180 360 720; do
	run --smp 1 --timeout $limit_s --scratch "$work/s" -- insmod stuck/stuck.ko
	! grep -q 'lab.t: stuck' s/console.log || break
done
check "a kernel with interrupts off: 124 too, and its stack" bash -c '
	[[ $1 == 124 ]] && grep -q "not syncing: NMI" s/console.log && grep -q stuck_init s/console.log' - "$status"
rm -rf s

wait "$late"
read -r status over_s <late.ended
check "out of time: 124" is "$status" 124
# The command would go on for a day; how long a killed machine takes for its end is not judged.
check "it was ended" test "$over_s" -lt 600
check "what was said and written before is there" bash -c '[[ $(<late.stdout) == begun && $(<late.scratch/x) == x ]]'
check "the kernel's log has the stacks of all tasks" bash -c '
	tr -d "\r" <late.scratch/console.log | sed -n "/sysrq: Show State/,\$p" | grep -aA30 "task:sleep " | grep -aq nanosleep'
check "what the CPUs did is shown" grep -q 'sysrq: Show backtrace of all active CPUs' late.stderr
check "and their registers are kept" test "$(grep -c ^RIP= late.scratch/registers.log)" -ge 2
check "no QEMU is left of one out of time" no_qemu_left

run --scratch "$work/s" -- sh -c 'echo "BUG: no bug at all" >/dev/kmsg'
check "a splat: 125, and is shown" bash -c '[[ $1 == 125 ]] && grep -q "BUG: no bug at all" stderr.txt' - "$status"

run --scratch "$work/s" -- sh -c 'echo c >/proc/sysrq-trigger'
check "a panic: 125, and says so" bash -c '[[ $1 == 125 ]] && grep -q "the kernel panicked" stderr.txt' - "$status"

"$lab" --scratch "$work/s" -- sh -c 'echo begun; sleep 1000' >stdout.txt 2>stderr.txt &
pid=$!
for ((i = 0; i < 6000; i++)); do
	[[ ! -s stdout.txt ]] || break
	sleep 0.1
done
kill -TERM $pid
wait $pid
status=$?
check "output comes live; TERM ends it" bash -c '[[ $1 == 143 && $(<stdout.txt) == begun ]]' - "$status"
check "no QEMU is left of one told to end" no_qemu_left

run --smp none -- true
check "wrong usage ends with 2" is "$status" 2
rm -rf s
ktap_end
