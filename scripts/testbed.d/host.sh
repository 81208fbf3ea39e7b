#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# host.sh DIRECTORY NAME: make the namespaces this runs in look like one host of
# the testbed, then hold them until killed. Run by scripts/testbed in new mount
# and UTS namespaces, with the network namespace already entered.
set -euo pipefail

dir=$1
base=${dir%/*/*}	# where all instances have their state
hostname "$2"

# Our copies of these mounts would keep other instances' namespaces alive.
umount -R -l /run/netns 2>/dev/null || :

mount --bind "$dir/etc" /etc/libvirt
mount --bind "$dir/lib" /var/lib/libvirt
mount --bind "$dir/cache" /var/cache/libvirt
mount --bind "$dir/log" /var/log/libvirt
for f in hosts passwd group; do
	[[ ! -e $dir/$f ]] || mount --bind "$dir/$f" "/etc/$f"
done

# /sys/class/net shows the network namespace of whoever mounted sysfs: mount our
# own, with everything the machine has mounted below it (tracefs, bpf, cgroup).
mkdir -p "$dir/sys"
mount -t sysfs sysfs "$dir/sys"
last=/none
while read -r _ _ _ _ point _; do
	[[ $point == /sys/* && $point/ != "$last"/* ]] || continue
	last=$point
	mount --rbind "$point" "$dir/sys${point#/sys}" 2>/dev/null || :
done </proc/self/mountinfo
mount --move "$dir/sys" /sys

# /run is a directory of the instance's, so that it can be read from outside too.
# All instances' state stays visible within: the logs, and how to reach the other
# host.
mkdir -p "$dir/run/lock" "$dir/run/${base#/run/}"
chmod 1777 "$dir/run/lock"
mount --bind "$base" "$dir/run/${base#/run/}"
mount --rbind "$dir/run" /run

: >"$dir/ready"
exec "${BASH_SOURCE[0]%/*}/detach.sh" sleep infinity
