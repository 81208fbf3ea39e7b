# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by package.d/inside, in namespaces of its own: trees of a clean Debian. A base is made by debootstrap, layers
# upon it have packages installed, and both are kept in $cache; what is done to a tree that is used is thrown away.
#
#	tree_base			$suite's, unless it is there
#	tree_layer NAME KEY COMMAND...	the base after COMMAND, which is run with $tree mounted; made anew if KEY is another
#	tree_up NAME			a tree upon that layer, at $tree
#	tree_down
#	in_tree COMMAND...		as root there
#	tree_install PACKAGE...
#
# The caller has $suite, $cache, $tmp, say, die and quietly.

tree=$tmp/tree

tree_base()
{
	local new=$cache/base.new debian security
	[[ ! -e $cache/base ]] || return 0
	say "Debian, by debootstrap"
	rm -rf --one-file-system "$new"
	debian=$(mirror bookworm)
	security=$(mirror bookworm-security)
	: "${debian:=http://deb.debian.org/debian}" "${security:=http://deb.debian.org/debian-security}"
	quietly debootstrap --variant=minbase "$suite" "$new" "$debian"
	cat >"$new/etc/apt/sources.list" <<-END
	deb $debian $suite main
	deb $debian $suite-updates main
	deb $security $suite-security main
	END
	cat >"$new/etc/apt/apt.conf.d/99package" <<-'END'
	APT::Install-Recommends "false";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	END
	# It is thrown away: nothing has to be on the disk in time.
	echo force-unsafe-io >"$new/etc/dpkg/dpkg.cfg.d/package"
	# No service is started there.
	printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d"
	chmod 755 "$new/usr/sbin/policy-rc.d"
	mv "$new" "$cache/base"
}

# tree_mount LOWER UPPER WORK
tree_mount()
{
	mkdir -p "$tree" "$2" "$3" "$cache/archives/partial"
	mount -t overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" overlay "$tree"
	mount -t proc proc "$tree/proc"
	mount --bind "$cache/archives" "$tree/var/cache/apt/archives"
	cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
}

tree_down()
{
	# A daemon that a package left running may hold it; it ends with the namespaces.
	umount -R "$tree" 2>/dev/null || umount -R -l "$tree"
}

tree_layer()
{
	local name=$1 key=$2 new=$cache/$1.new
	shift 2
	[[ ! -e $cache/$name/key || $(<"$cache/$name/key") != "$key" ]] || return 0
	tree_base
	say "what it takes to $name packages"
	rm -rf --one-file-system "$new" "${cache:?}/$name"
	tree_mount "$cache/base" "$new/tree" "$new/work"
	in_tree apt-get -q update
	"$@"
	tree_down
	rm -rf "$new/work"
	echo "$key" >"$new/key"
	mv "$new" "$cache/$name"
}

tree_up()
{
	tree_mount "$cache/$1/tree:$cache/base" "$tmp/upper" "$tmp/work"
}

in_tree()
{
	quietly env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
		chroot "$tree" "$@"
}

tree_install()
{
	in_tree apt-get -q -y install "$@"
}
