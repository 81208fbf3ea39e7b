# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts/testbed: makes an instance's hosts and removes them.

start_timeout_s=60	# 0.2 s on an idle machine

# A machine without a libvirt of its own lacks the mount points, and `ip netns`
# makes itself a mount at first use, unsafely when two are the first. What is
# made here the last instance's removal removes.
prepare_machine()
{
	local dir
	lock_dir 8 "$base"
	for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /run/netns; do
		[[ ! -d $dir ]] || continue
		echo "$dir" >>"$base/.made"
		try mkdir -p "$dir"
	done
	# A minimal system has none, and what is not there cannot be mounted over.
	if [[ ! -e /etc/hosts ]]; then
		echo "file /etc/hosts" >>"$base/.made"
		try touch /etc/hosts
	fi
	if ! mountpoint -q /run/netns; then
		echo "mount /run/netns" >>"$base/.made"
		try mount --bind --make-shared /run/netns /run/netns
	fi
	exec 8<&-
}

tidy_machine()
{
	local entry
	lock_dir 8 "$base"
	# Ours is gone by now; any other directory is an instance still in use.
	if [[ -z $(find "$base" -mindepth 1 -type d -print -quit) ]]; then
		# What others have put to use meanwhile is busy or not empty, and stays.
		while read -r entry; do
			case $entry in
			mount\ *) umount "${entry#mount }" || : ;;
			file\ *) [[ -s ${entry#file } ]] || rm -f "${entry#file }" ;;
			*) rmdir "$entry" || : ;;
			esac
		done < <(tac "$base/.made" 2>/dev/null) 2>/dev/null
		rm -f "$base/.made"
		rmdir "$base" 2>/dev/null || :
	fi
	exec 8<&-
}

write_config()
{
	local h=$1 etc=$state/$1/etc address
	address=$(address_of "$h")
	cat >"$state/$h/hosts" <<-END
		127.0.0.1 localhost
		$(address_of a) mt-a
		$(address_of b) mt-b
	END
	cat >"$etc/libvirtd.conf" <<-END
		listen_tls = 0
		listen_tcp = 1
		listen_addr = "$address"
		auth_tcp = "none"
		# Debian's default is to ask polkit, which need not be there.
		auth_unix_ro = "none"
		auth_unix_rw = "none"
		unix_sock_ro_perms = "0777"
		unix_sock_rw_perms = "0700"
		host_uuid = "$(</proc/sys/kernel/random/uuid)"
		log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
	END
	cat >"$etc/qemu.conf" <<-END
		security_driver = "none"
		user = "root"
		group = "root"
		# Images are on paths that both hosts share: neither may change their owner.
		dynamic_ownership = 0
		remember_owner = 0
		cgroup_controllers = []
		namespaces = []
		# Without virtlogd, which would be one more daemon to keep.
		stdio_handler = "file"
		migration_address = "$address"
	END
	# libvirtd looks its compiled-in user up before it reads qemu.conf, and that
	# user comes with a package (libvirt-daemon-system) not needed otherwise.
	if ! getent passwd libvirt-qemu >/dev/null || ! getent group libvirt-qemu >/dev/null; then
		cat /etc/passwd - >"$state/$h/passwd" <<<'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'
		cat /etc/group - >"$state/$h/group" <<<'libvirt-qemu:x:64055:'
	fi
	# The clients' defaults, and nothing else: networks and guests of the
	# machine's own libvirt stay out.
	cp -p /etc/libvirt/libvirt.conf /etc/libvirt/libvirt-admin.conf "$etc/" 2>/dev/null || :
}

make_network()
{
	local mtu=$1 h
	for h in a b; do
		try ip netns add "$(netns_of $h)"
	done
	# Both ends are born inside: no interface is ever seen outside.
	try ip link add eth0 netns "$(netns_of a)" type veth peer name eth0 netns "$(netns_of b)"
	for h in a b; do
		try ip -n "$(netns_of $h)" link set lo up
		try ip -n "$(netns_of $h)" address add "$(address_of $h)/24" dev eth0
		[[ -z $mtu ]] || try ip -n "$(netns_of $h)" link set eth0 mtu "$mtu"
		try ip -n "$(netns_of $h)" link set eth0 up
	done
}

make_holder()
{
	local h=$1 log=$state/$1/log/host.log pid
	nsenter --net="/run/netns/$(netns_of "$h")" unshare -m -u --propagation private -- \
		"$here/testbed.d/host.sh" "$state/$h" "mt-$h" </dev/null >>"$log" 2>&1 &
	pid=$!
	disown "$pid"	# bash need not tell when it is killed
	until [[ -e $state/$h/ready ]]; do
		kill -0 "$pid" 2>/dev/null || die "$name: host $h cannot be made: $(tail -n 1 "$log")"
		sleep 0.02
	done
	identity_of "$pid" >"$state/$h/holder" || die "$name: host $h was killed as soon as it was made"
}

# shape HOST RATE [DELAY_MS LOSS_PERMILLE]. Latency as measured: with 20 ms, TCP stalls for 1
# to 2.6 s when there are many threads; with 400 ms the switch to post-copy takes 3 s.
# netem holds all that is on its way: so many packets, of up to 64 KiB each.
netem_packets=20000
shape()
{
	local parent=root
	# What was there may be none, and changes in place where it can.
	[[ $2 != unlimited ]] || on "$1" tc qdisc del dev eth0 root >/dev/null 2>&1 || :
	if ((${3-0} || ${4-0})); then
		try on "$1" tc qdisc replace dev eth0 root handle 1: netem limit $netem_packets \
			delay "${3}ms" loss "$(($4 / 10)).$(($4 % 10))%"
		parent='parent 1:1'
	fi
	# shellcheck disable=SC2086 # two words
	[[ $2 == unlimited ]] ||
		try on "$1" tc qdisc replace dev eth0 $parent tbf rate "$2" burst 256kb latency 50ms
}

# Starts it unless it runs, and waits for it to answer.
start_libvirtd()
{
	local h=$1 log=$state/$1/log pid end=$((SECONDS + start_timeout_s))
	need_host "$h"
	if ! pid=$(libvirtd_of "$h"); then
		# The caller's environment stays out: it would reach every guest.
		nsenter -t "$(holder_of "$h")" -m -n -u -- setsid "$here/testbed.d/detach.sh" \
			env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			HOME=/root LANG=C.UTF-8 libvirtd --listen </dev/null >>"$log/libvirtd.out" 2>&1 &
		pid=$!
		disown "$pid"
	fi
	until answers "$h"; do
		kill -0 "$pid" 2>/dev/null ||
			die "$name: host $h: libvirtd ended: $(why_libvirtd_ended "$log")"
		((SECONDS < end)) ||
			die "$name: host $h: libvirtd does not answer after $start_timeout_s s"
		sleep 0.05
	done
}

# Its last words are that it failed, those of virStateInitialize say at what.
why_libvirtd_ended()
{
	local lines
	lines=$(cat "$1/libvirtd.log" "$1/libvirtd.out" 2>/dev/null | tail -n 20)
	grep virStateInitialize <<<"$lines" | tail -n 1 | grep . || tail -n 1 <<<"$lines"
}

# libvirt probes a QEMU when first asked about it: 4 s, which would end up in
# somebody's first migration, so make_all asks. Host b, and instances to come,
# get what the first host found; libvirt itself checks that it still holds.
inherit_probes()
{
	local cache=$state/$1/cache/qemu/capabilities
	mkdir -p "$cache"
	cp -p "$base"/*/a/cache/qemu/capabilities/*.xml "$cache" 2>/dev/null || :
}

make_all()
{
	local rate=$1 mtu=$2 h
	prepare_machine
	for h in a b; do
		mkdir -p "$state/$h"/{etc,lib,cache,log,run}
		write_config $h
	done
	say "two namespaces and a link of $rate"
	make_network "$mtu"
	for h in a b; do
		make_holder $h
		shape $h "$rate"
	done
	say "libvirtd on both"
	for h in a b; do
		inherit_probes $h
		start_libvirtd $h
		on $h timeout "$start_timeout_s" virsh -q version >/dev/null 2>&1 </dev/null ||
			die "$name: host $h: libvirtd cannot use QEMU, see: virsh version"
	done
	answers a qemu+tcp://mt-b/system || die "$name: host b does not answer a over TCP"
	answers b qemu+tcp://mt-a/system || die "$name: host a does not answer b over TCP"
	: >"$state/complete"
}

# Needs the instance's lock, and gives it up.
remove_all()
{
	local h pids ns end=$((SECONDS + kill_timeout_s))
	while pids=$(pids_inside | tr '\n' ' '); [[ -n $pids ]]; do
		# shellcheck disable=SC2086 # it is a list
		kill -KILL $pids 2>/dev/null || :
		((SECONDS < end)) || die "$name: these processes do not die: $pids"
		sleep 0.02
	done
	for h in a b; do
		ns=$(netns_of $h)
		[[ ! -e /run/netns/$ns ]] || try ip netns delete "$ns"
	done
	rm -rf --one-file-system "$state" || die "$name: cannot remove $state"
	exec 9<&-
	tidy_machine
}
