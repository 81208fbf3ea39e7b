#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does scripts/testbed make two hosts that migrate guests, and leave nothing?
# What is left is looked for here by other means than the testbed's own.
# shellcheck disable=SC2015,SC2016,SC2317 # checks are called by name
set -uo pipefail

here=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
testbed=$here/../../scripts/testbed
. "$here/../lib/ktap.sh"
exec </dev/null

((EUID == 0)) || skip_all "needs root"
for tool in ip tc nsenter virsh libvirtd qemu-system-x86_64; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || skip_all "no $tool"
done
PATH=$PATH:/usr/sbin:/sbin

MIGTRACE_TESTBED=t$(($$ % 10000000))
export MIGTRACE_TESTBED
work=$(mktemp -d)
finish()
{
	local status=$?
	"$testbed" down
	rm -rf "$work"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
plan 20

# is WANTED COMMAND...: does it print just that?
is()
{
	local wanted=$1 got
	shift
	got=$("$@")
	[[ $got == "$wanted" ]] || { echo "$*: '$got' instead of '$wanted'"; return 1; }
}

# exits STATUS COMMAND...
exits()
{
	local wanted=$1 got=0
	shift
	"$@" || got=$?
	((got == wanted)) || { echo "$*: exit status $got instead of $wanted"; return 1; }
}

# refuses STATUS COMMAND...: with that status, and one line on stderr.
refuses()
{
	exits "$@" 2>"$work/err" && (($(wc -l <"$work/err") == 1)) || { cat "$work/err"; return 1; }
}

on()
{
	"$testbed" exec "$@"
}

# nothing_left NAME: no process with its mounts, no namespace, no mount, no file.
nothing_left()
{
	local left=0 p
	for p in /proc/[0-9]*; do
		if grep -qs "/migtrace-testbed/$1/" "$p/mountinfo"; then
			echo "process ${p#/proc/}: $(tr '\0' ' ' <"$p/cmdline")"
			left=1
		fi
	done
	ip netns list | grep "migtrace-$1-" && left=1
	grep "migtrace-$1-" /proc/self/mountinfo && left=1
	ip -o link | grep "link-netns migtrace-$1-" && left=1
	ls -d "/run/migtrace-testbed/$1" 2>/dev/null && left=1
	return "$left"
}

# alive PID: a dead one may stay a zombie for as long as init pleases.
alive()
{
	[[ $(ps -o stat= -p "$1") == [!Z]* ]]
}

libvirtds()
{
	"$testbed" status | grep -o 'libvirtd [0-9]*'
}

write_guest()
{
	cat >"$work/$1.xml" <<-END
		<domain type='$1'>
		  <name>guest-$1</name>
		  <memory unit='MiB'>32</memory>
		  <os><type arch='x86_64' machine='pc'>hvm</type></os>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    <controller type='usb' model='none'/>
		    <memballoon model='none'/>
		    <serial type='file'><source path='$work/$1.serial'/></serial>
		  </devices>
		</domain>
	END
}

is_up()
{
	"$testbed" status >"$work/status" || return 1
	(($(wc -l <"$work/status") == 2)) &&
		grep -q '^a: .* answers, 0 domains, 0 active, link 320Mbit up$' "$work/status" &&
		grep -q '^b: .* answers, 0 domains, 0 active, link 320Mbit up$' "$work/status" ||
		{ cat "$work/status"; return 1; }
}

up_again_changes_nothing()
{
	local before
	before=$(libvirtds)
	is "" "$testbed" up && is "$before" libvirtds
}

exec_hands_on()
{
	exits 0 on a true && exits 42 on b -- sh -c 'exit 42' && exits 127 on a /nonexistent &&
		is "$PWD" on a pwd && X='a  b' is 'a  b' on b printenv X &&
		is hello on a cat <<<hello
}

hosts_differ()
{
	is mt-a on a hostname && is mt-b on b hostname &&
		is "10.77.0.2       mt-b" on a getent hosts mt-b &&
		[[ $(on a virsh capabilities | grep '<uuid>') != "$(on b virsh capabilities | grep '<uuid>')" ]]
}

answer_by_socket()
{
	is mt-a on a virsh -q -c qemu:///system hostname && is mt-b on b virsh -q hostname &&
		is mt-a on a setpriv --reuid 65534 --clear-groups virsh -q -r -c qemu:///system hostname &&
		exits 1 on a setpriv --reuid 65534 --clear-groups virsh -q -c qemu:///system hostname
}

answer_by_tcp()
{
	is mt-b on a virsh -q -c qemu+tcp://mt-b/system hostname &&
		is mt-a on b virsh -q -c qemu+tcp://mt-a/system hostname
}

networks_of_libvirt_are_off()
{
	is "" on a virsh -q net-list --all
}

migrates()
{
	local guest=guest-$1
	on a virsh -q create "$work/$1.xml" &&
		on a virsh -q migrate "$guest" qemu+tcp://mt-b/system --live --p2p --migrateuri tcp://mt-b &&
		is running on b virsh -q domstate "$guest" &&
		on b virsh -q migrate "$guest" qemu+tcp://mt-a/system --live --p2p &&
		is running on a virsh -q domstate "$guest" && is "" on b virsh -q list --name &&
		on a virsh -q destroy "$guest"
}

guest_outlives_libvirtd()
{
	local qemu signal
	on a virsh -q create "$work/qemu.xml" || return
	qemu=$(cat "$("$testbed" dir)/a/run/libvirt/qemu/guest-qemu.pid")
	for signal in KILL TERM; do
		"$testbed" kill a "$signal" && refuses 1 "$testbed" status >/dev/null &&
			exits 1 on a virsh -q list 2>/dev/null && refuses 1 "$testbed" kill a &&
			alive "$qemu" && "$testbed" start a && "$testbed" start a &&
			is running on a virsh -q domstate guest-qemu && is mt-b on b virsh -q hostname || return
	done
	on a virsh -q destroy guest-qemu
}

connects()
{
	on a timeout "${1:-300}" bash -c 'exec 3<>/dev/tcp/mt-b/16509' 2>/dev/null
}

link_is_cut_and_mended()
{
	connects && "$testbed" link down && ! connects 3 && "$testbed" status | grep 'link 320Mbit down' &&
		"$testbed" link up && connects
}

link_is_reshaped()
{
	"$testbed" rate 1gbit && on b tc qdisc show dev eth0 | grep 'tbf.* rate 1Gbit .* lat 50ms' &&
		"$testbed" rate unlimited && "$testbed" rate unlimited &&
		! on a tc qdisc show dev eth0 | grep tbf && "$testbed" up --rate 320mbit --mtu 9000 &&
		is 9000 on b cat /sys/class/net/eth0/mtu && is_up
}

wrong_use_is_refused()
{
	local bad
	for bad in '' UPPER a_b ../x morethan8; do
		MIGTRACE_TESTBED=$bad refuses 2 "$testbed" status || return
	done
	refuses 2 "$testbed" && refuses 2 "$testbed" frob && refuses 2 "$testbed" exec c true &&
		refuses 2 "$testbed" exec a && refuses 2 "$testbed" up --rate fast && refuses 2 "$testbed" rate 0mbit &&
		refuses 2 "$testbed" rate 1gbit --delay 50ms && refuses 2 "$testbed" rate 1gbit --loss 501 &&
		refuses 2 "$testbed" rate 1gbit --jitter 1 &&
		refuses 2 "$testbed" kill a FROB && refuses 2 "$testbed" link sideways &&
		refuses 1 on a "$testbed" down
}

# Two at once: the other is made, used and removed, this one goes on.
other=${MIGTRACE_TESTBED/t/u}
two_at_once()
{
	local before
	before=$(libvirtds)
	MIGTRACE_TESTBED=$other "$testbed" up && MIGTRACE_TESTBED=$other on b virsh -q create "$work/qemu.xml" &&
		is "" on b virsh -q list --name && MIGTRACE_TESTBED=$other "$testbed" down &&
		nothing_left "$other" && is "$before" libvirtds && is_up
}

# A reader at the end of a pipe sees its end when the command ends, not the daemon.
nothing_is_held()
{
	local name=$other
	MIGTRACE_TESTBED=$name timeout 600 bash -c 'exec 5>&1; "$1" up 2>&1 | cat; "$1" kill a; "$1" start a 2>&1 | cat' - "$testbed" | cat &&
		MIGTRACE_TESTBED=$name "$testbed" down <&- >&- 2>&- && nothing_left "$name"
}

crash_is_cleaned_up()
{
	local name=$other after pid
	for after in 0.03 0.08 0.13 0.18 0.25 0.35 0.5; do
		MIGTRACE_TESTBED=$name "$testbed" up 2>/dev/null &
		pid=$!
		sleep "$after"
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		MIGTRACE_TESTBED=$name "$testbed" down && nothing_left "$name" ||
			{ echo "killed after $after s"; return 1; }
	done
}

interrupt_cleans_up()
{
	local name=$other after
	for after in 0.1 0.2 0.3; do
		MIGTRACE_TESTBED=$name timeout -s TERM "$after" "$testbed" up
		nothing_left "$name" || { echo "interrupted after $after s"; return 1; }
	done
}

half_a_testbed_is_made_anew()
{
	local name=$other status
	MIGTRACE_TESTBED=$name "$testbed" up && MIGTRACE_TESTBED=$name "$testbed" kill b &&
		MIGTRACE_TESTBED=$name "$testbed" up && MIGTRACE_TESTBED=$name is_up
	status=$?
	MIGTRACE_TESTBED=$name "$testbed" down && return "$status"
}

down_leaves_nothing()
{
	local pids h p
	on a virsh -q create "$work/qemu.xml" || return
	pids=$(for h in a b; do ip netns pids "migtrace-$MIGTRACE_TESTBED-$h"; done)
	(($(wc -w <<<"$pids") >= 5)) || return
	"$testbed" down && nothing_left "$MIGTRACE_TESTBED" || return
	for p in $pids; do
		! alive "$p" || { echo "process $p lives"; return 1; }
	done
}

write_guest qemu
write_guest kvm
check "up makes two hosts" "$testbed" up
check "status: one line a host" is_up
check "up again changes nothing" up_again_changes_nothing
check "exec hands on status, directory, environment and input" exec_hands_on
check "hosts have names and UUIDs of their own" hosts_differ
check "both answer by their sockets, to others read-only" answer_by_socket
check "both answer by TCP across the link" answer_by_tcp
check "libvirt starts no network" networks_of_libvirt_are_off
check "a guest of type qemu migrates there and back" migrates qemu
if [[ -r /dev/kvm && -w /dev/kvm ]]; then
	check "a guest of type kvm migrates there and back" migrates kvm
else
	skip "a guest of type kvm migrates there and back" "no /dev/kvm"
fi
check "a guest outlives its libvirtd, and is found again" guest_outlives_libvirtd
check "link down, link up" link_is_cut_and_mended
check "rate and MTU" link_is_reshaped
check "wrong use is refused in one line" wrong_use_is_refused
check "two instances at once" two_at_once
check "descriptors of the caller are not held" nothing_is_held
check "killed half-way: down leaves nothing" crash_is_cleaned_up
check "interrupted half-way: cleans up" interrupt_cleans_up
check "a broken testbed is made anew" half_a_testbed_is_made_anew
check "down leaves nothing" down_leaves_nothing
ktap_end
