#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loads the module for the running kernel, runs the programs beside this file, each a
# test of its own, and looks whether the kernel complained and the module unloads.
#
#	tests/kmod/module.t [PROGRAM...]		only these, without options
#
# KVM is unloaded and loaded again if nobody uses it: not for a host with guests that matter.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
export MIGTRACE_KO=${MIGTRACE_KO:-$B/kmod/$(uname -r)/migtrace.ko}
# Of each program. The longest takes half a minute where nothing else runs, and ten times that beside
# a dozen compilers.
limit_s=${MODULE_LIMIT_S:-1500}

. tests/lib/ktap.sh
# shellcheck source=scripts/lib/limit.sh
. scripts/lib/limit.sh

# Programs with options of their own; the others are found.
programs=()
for source in tests/kmod/test_*.c; do
	name=${source##*/}
	programs+=("${name%.c}")
done
programs+=("lossless --events 5e4 --seconds 0.1" "churn --cycles 12" "fuzz_ioctl --seconds 5")
[ $# = 0 ] || programs=("$@")

[ "$(id -u)" = 0 ] || skip_all "not root"
[ -e "$MIGTRACE_KO" ] || skip_all "no $MIGTRACE_KO: make kmod"
[ -c /dev/kvm ] || skip_all "no /dev/kvm"
if [ -e /sys/module/migtrace ]; then
	rmmod migtrace 2>/dev/null || skip_all "another migtrace.ko is in use"
fi
for p in "${programs[@]}"; do
	[ -x "$B/tests/kmod/${p%% *}" ] || skip_all "no $B/tests/kmod/${p%% *}: make kmod-tests"
done

plan "$((${#programs[@]} + 3))"
output=$(mktemp) || exit 1
# shellcheck disable=SC2317 # called by trap
finish()
{
	limit_stop
	rm -f "$output"
}
trap finish EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

mark="migtrace module.t $$ begins"
echo "$mark" >/dev/kmsg 2>/dev/null
insmod "$MIGTRACE_KO" 2>&1 | sed 's/^/# /'
[ -c /dev/migtrace ]
result $? "the module loads"
for p in "${programs[@]}"; do
	began_s=$SECONDS
	# shellcheck disable=SC2086 # a program with its options
	limit_run "$limit_s" "$output" "$B/tests/kmod/"$p
	status=$?
	sed 's/^/    /' "$output"
	[ $status = 0 ] || echo "# exit status $status"
	result $status "$p: $((SECONDS - began_s)) s"
done
rmmod migtrace 2>&1 | sed 's/^/# /'
[ ! -e /sys/module/migtrace ]
result $? "the module unloads"
complaints=$(dmesg | sed "0,/$mark/d" | grep -E 'WARNING:|BUG:|Oops|general protection|memory leak|refcount_t|UBSAN|INFO: (task|rcu)' | sed 's/^/# /')
[ -z "$complaints" ] || echo "$complaints"
[ -z "$complaints" ]
result $? "the kernel did not complain"
ktap_end
