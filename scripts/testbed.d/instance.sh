# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts/testbed: what an instance is called, its lock, and how its
# hosts and their processes are found.

base=/run/migtrace-testbed
lock_timeout_s=120
kill_timeout_s=20	# a guest of many GiB takes seconds to die
answer_timeout_s=10

say()
{
	echo "testbed: $name: $*" >&2 || :
}

die()
{
	echo "testbed: $*" >&2 || :
	exit 1
}

die_usage()
{
	echo "testbed: $* (testbed --help)" >&2 || :
	exit 2
}

# try CMD...: silent when it works, else one line that says what failed and why.
try()
{
	local out
	out=$("$@" 2>&1 </dev/null) || die "$name: $*: ${out%%$'\n'*}"	# the rest is tc's usage
}

pick_instance()
{
	local LC_ALL=C
	name=${MIGTRACE_TESTBED-mt}
	[[ $name =~ ^[a-z0-9]{1,8}$ ]] ||
		die_usage "MIGTRACE_TESTBED='$name' is refused: one to eight of a-z and 0-9"
	state=$base/$name
}

netns_of()
{
	echo "migtrace-$name-$1"
}

address_of()
{
	case $1 in
	a) echo 10.77.0.1 ;;
	b) echo 10.77.0.2 ;;
	esac
}

# lock_dir FD DIRECTORY: the directory itself is made and locked, so that no lock
# file is left over. One that was removed while we waited is not ours: try again.
lock_dir()
{
	local fd=$1 dir=$2 i
	for ((i = 0; i < 100; i++)); do
		if mkdir -p "$dir" 2>/dev/null && { eval "exec $fd<\"\$dir\""; } 2>/dev/null; then
			flock -w "$lock_timeout_s" "$fd" ||
				die "$dir: another command has held the lock for $lock_timeout_s s"
			[[ ! /proc/self/fd/$fd -ef $dir ]] || return 0
		fi
		sleep 0.01
	done
	die "$dir: cannot be made or locked"
}

lock_instance()
{
	lock_dir 9 "$state"
}

# first_line VARIABLE FILE: fails, and says nothing, when there is none. Not
# $(<FILE): bash 5.2 exits, whatever the context, when that cannot be opened.
first_line()
{
	{ IFS= read -r "$1" <"$2"; } 2>/dev/null || [[ -n ${!1} ]]	# newline or not
}

# A pid is used again, and so is a namespace's number: together with the time
# of its start they name one process.
identity_of()
{
	local pid=$1 stat='' mnt net
	first_line stat "/proc/$pid/stat" || return 1
	mnt=$(readlink "/proc/$pid/ns/mnt") && net=$(readlink "/proc/$pid/ns/net") || return 1
	read -ra stat <<<"${stat##*) }"	# the name in brackets may contain anything
	echo "$pid ${stat[19]} $mnt $net"
}

# The holder is the process that keeps a host's namespaces alive. Prints its
# pid if it is still the one that was recorded.
holder_of()
{
	local recorded=''
	first_line recorded "$state/$1/holder" || return 1
	[[ $(identity_of "${recorded%% *}") == "$recorded" ]] || return 1
	echo "${recorded%% *}"
}

# on HOST CMD...: run CMD there.
on()
{
	local pid
	pid=$(holder_of "$1") || return 1
	shift
	nsenter -t "$pid" -m -n -u -- "$@"
}

# Prints the pid of everything that is in one of the instance's namespaces.
pids_inside()
{
	local h p ns spaces=()
	for h in a b; do
		spaces+=("/run/netns/$(netns_of $h) net")
		p=$(holder_of $h) && spaces+=("/proc/$p/ns/net net" "/proc/$p/ns/mnt mnt")
	done
	for p in /proc/[0-9]*; do
		for ns in "${spaces[@]}"; do
			if [[ $p/ns/${ns##* } -ef ${ns% *} ]]; then
				echo "${p#/proc/}"
				break
			fi
		done
	done
}

# The libvirtd of a host, whoever started it there: the one its pid file names,
# if it is in the host's namespaces.
libvirtd_of()
{
	local holder pid='' comm=''
	holder=$(holder_of "$1") || return 1
	first_line pid "$state/$1/run/libvirtd.pid" || return 1
	first_line comm "/proc/$pid/comm" || return 1
	[[ $comm == libvirtd && /proc/$pid/ns/mnt -ef /proc/$holder/ns/mnt ]] || return 1
	echo "$pid"
}

# answers HOST [URI]: does the libvirtd there answer a client on HOST?
answers()
{
	on "$1" timeout "$answer_timeout_s" virsh -q -c "${2:-qemu:///system}" uri >/dev/null 2>&1 </dev/null
}

is_well()
{
	local h
	[[ -e $state/complete ]] || return 1
	for h in a b; do
		libvirtd_of $h >/dev/null && answers $h &&
			[[ /run/netns/$(netns_of $h) -ef /proc/$(holder_of $h)/ns/net ]] || return 1
	done
}

anything_there()
{
	[[ -n $(ls -A "$state" 2>/dev/null) || -e /run/netns/$(netns_of a) || -e /run/netns/$(netns_of b) ]]
}
