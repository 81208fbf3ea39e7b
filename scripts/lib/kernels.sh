# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts/check and scripts/check-lab: the tests of module, probes and raw machine on
# the lab's kernels. All that a boot leaves is in $B/lab-check-KERNEL: output, logs of the tests,
# results (lines of lib/tap.awk), status, seconds, console.log.

KERNELS=(6.1 6.12)
# Of a boot. Each test's own limit comes first.
KERNEL_LIMIT_S=${KERNEL_LIMIT_S:-5400}

# kernel_boot KERNEL [OPTION OF LAB...]: in the background; what it says is shown when it has ended.
kernel_boot()
{
	local kernel=$1 dir=$B/lab-check-$1 lab_pid='' status=0 began=$SECONDS
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	trap '[ -z "$lab_pid" ] || kill -TERM $lab_pid; wait; exit 143' TERM
	scripts/lab --kernel "$kernel" --timeout "$KERNEL_LIMIT_S" --scratch "$dir" "$@" -- make -s check-kernel >"$dir/output" 2>&1 </dev/null &
	lab_pid=$!
	wait $lab_pid || status=$?
	touch "$dir/results"
	echo $((SECONDS - began)) >"$dir/seconds"
	echo $status >"$dir/status"
}

# kernel_progress: tells each minute how far they are; until it is killed. (Builtins only: nothing outlives it.)
kernel_progress()
{
	local kernel said done_so_far never began=$SECONDS
	exec {never}<> <(:)
	until read -r -t 60 -u "$never"; do
		said=
		for kernel in "${KERNELS[@]}"; do
			done_so_far=$(sed -n 's|^\[\([0-9]*\)/\([0-9]*\)\].*|\1 of \2|p' "$B/lab-check-$kernel/output" 2>/dev/null | tail -n 1)
			said+=", Linux $kernel: ${done_so_far:-none yet}"
		done
		echo "   after $((SECONDS - began)) s: ${said#, }"
	done
}

# kernel_wrong KERNEL: what went wrong with it, in a line for each kind; nothing if nothing did
kernel_wrong()
{
	local dir=$B/lab-check-$1 status log
	status=$(cat "$dir/status" 2>/dev/null) || status=none
	log=$dir/console.log
	awk -F'\t' '$1 == "fail" { print "a test failed: " $2 ": " $3 }' "$dir/results"
	if [ "$status" = 124 ]; then
		echo "out of time after $(cat "$dir/seconds") s"
	elif grep -aq 'Kernel panic' "$log" 2>/dev/null; then
		if grep -aqE '\+0x[0-9a-f]+/0x[0-9a-f]+ \[migtrace\]' "$log"; then
			echo "a panic, migtrace in the trace"
		elif grep -aq 'migtrace: loading out-of-tree' "$log"; then
			echo "a panic, migtrace not in the trace"
		else
			echo "a panic before migtrace was loaded"
		fi
	elif [ "$status" = 0 ]; then
		grep -q ^test "$dir/results" || echo "no test ran"
	elif [ "$status" = 125 ] || ! grep -q ^fail "$dir/results"; then
		echo "status $status: $(sed -n 's/^lab: //p' "$dir/output" | tail -n 2 | head -n 1)"
	fi
}
