# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts/lab: fetches QEMU and the kernels from Debian's archive and
# unpacks them below build/lab. Nothing is installed, and the machine's own apt
# is asked for nothing but where its mirror is.
#
# QEMU is that of the backports: under 7.2's TCG a kernel that patches its code
# while another CPU runs it (each tracepoint switched on) crashed 3 boots of 4.

# shellcheck source=scripts/lib/mirror.sh
. "$here/lib/mirror.sh"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
declare -A apt_is_fresh=()

# quietly CMD...: what it says is shown when it fails.
quietly()
{
	"$@" >"$lab/log" 2>&1 </dev/null || {
		tail -n 5 "$lab/log" >&2
		die "$1 failed, its log is $lab/log"
	}
}

# refresh_apt SUITE: a private apt, of that Debian with its backports, that knows of nothing installed.
refresh_apt()
{
	local suite=$1 apt=$lab/apt-$1 debian security
	[[ ! ${apt_is_fresh[$suite]-} ]] || return 0
	mkdir -p "$apt/lists/partial" "$apt/archives/partial"
	debian=$(mirror bookworm)
	security=$(mirror bookworm-security)
	cat >"$apt/sources.list" <<-END
	deb [signed-by=$keyring] ${debian:=http://deb.debian.org/debian} $suite main
	deb [signed-by=$keyring] $debian $suite-updates main
	deb [signed-by=$keyring] $debian $suite-backports main
	deb [signed-by=$keyring] ${security:-http://deb.debian.org/debian-security} $suite-security main
	END
	# The machine's own hooks are for its own packages.
	cat >"$apt/apt.conf" <<-END
	Dir::Etc::SourceList "$apt/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State "$apt";
	Dir::State::status "/dev/null";
	Dir::Cache "$apt";
	APT::Architecture "amd64";
	APT::Sandbox::User "root";
	#clear APT::Update::Pre-Invoke;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	END
	quietly apt-get -c "$apt/apt.conf" -o APT::Update::Error-Mode=any update
	apt_is_fresh[$suite]=1
}

# unpack SUITE DIRECTORY PACKAGE...
unpack()
{
	local suite=$1 to=$2 deb
	shift 2
	refresh_apt "$suite"
	mkdir -p "$to/debs"
	(cd "$to/debs" && quietly apt-get -c "$lab/apt-$suite/apt.conf" -t "$suite-backports" download "$@")
	for deb in "$to"/debs/*.deb; do
		quietly dpkg -x "$deb" "$to"
	done
	rm -r "$to/debs"
}

prepare_qemu()
{
	local new=$lab/qemu.new version
	[[ ! -e $lab/qemu/version ]] || return 0
	say "fetching QEMU"
	rm -rf "$new" "$lab/qemu"
	unpack bookworm "$new" qemu-system-x86 qemu-system-common qemu-system-data seabios
	version=$("$new/usr/bin/qemu-system-x86_64" --version) ||
		die "the QEMU of bookworm-backports does not run here: scripts/install-deps installs its libraries"
	[[ $version =~ version\ ([0-9.]+) ]]
	echo "${BASH_REMATCH[1]}" >"$new/version"
	mv "$new" "$lab/qemu"
}

# What tells this machine's time stamp counter's frequency, if there is a compiler. See lab.d/tsc.c.
prepare_tsc()
{
	[[ ! $lab/tsc -nt $here/lab.d/tsc.c ]] || return 0
	command -v cc >/dev/null || { say "no compiler: on a busy machine the kernels' clocks may go wrong" && return; }
	quietly cc -O2 -o "$lab/tsc.new" "$here/lab.d/tsc.c"
	mv "$lab/tsc.new" "$lab/tsc"
}

# The kernels of the lab: which Debian has it, and the name of its image; neither -cloud nor -rt.
declare -A lab_kernels=(
	[6.1]='bookworm linux-image-6\.1\.0-[0-9]+-amd64'
	[6.12]='bookworm linux-image-6\.12\.[0-9]+\+[a-z0-9]+-amd64'
	[newest]='trixie linux-image-[0-9]+\.[0-9]+\.[0-9]+\+[a-z0-9]+-amd64'
)

# latest_image SUITE PATTERN: the package's name
latest_image()
{
	apt-cache -c "$lab/apt-$1/apt.conf" pkgnames linux-image- |
		grep -xE "$2(-unsigned)?" | sort -V | tail -n 1
}

# wrap FILE DIRECTORY: has a program run with the C library and the libraries that were unpacked beside it.
wrap()
{
	local file=$1 up
	[[ $(head -c 4 "$file") == $'\x7fELF' ]] || return 0
	# From its directory to usr.
	up=${file#"$2"/usr/}
	up=$(dirname "$up" | sed 's|[^/][^/]*|..|g')/
	mv "$file" "$file.elf"
	cat >"$file" <<-END
	#!/bin/sh
	at=\${0%/*} lib=\${0%/*}/${up}lib/x86_64-linux-gnu
	exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$lib" --argv0 "\$0" "\$at/${file##*/}.elf" "\$@"
	END
	chmod 755 "$file"
}

# fetch_compiler DIRECTORY SUITE HEADERS: a later Debian's kbuild wants its own compiler, which this machine's may not
# be, and both want its C library. Nothing of it is found by anybody else.
fetch_compiler()
{
	local to=$1 suite=$2 headers=$3 gcc file
	gcc=$(sed -n 's/^CC = .*\(gcc-[0-9]*\)$/\1/p' "$to/usr/src/$headers/.kernelvariables")
	unpack "$suite" "$to" "$gcc-x86-64-linux-gnu" "cpp${gcc#gcc}-x86-64-linux-gnu" \
		libc6 libelf1t64 libssl3t64 zlib1g libzstd1 libgmp10 libisl23 libmpc3 libmpfr6
	find "$to"/usr/{bin,libexec,lib/linux-kbuild-*} -type f -perm /111 ! -name '*.so*' | while read -r file; do
		wrap "$file" "$to"
	done
	# Where the file is, by its own name: it may be copied elsewhere.
	sed -i "s|^CC = .*|CC := \$(dir \$(realpath \$(lastword \$(MAKEFILE_LIST))))../../bin/x86_64-linux-gnu-$gcc|" \
		"$to/usr/src/$headers/.kernelvariables"
	sed -i 's|^KBUILD_OUTPUT=.*|KBUILD_OUTPUT := $(realpath $(dir $(lastword $(MAKEFILE_LIST))))|' "$to/usr/src/$headers/Makefile"
	# With it modules get BTF, for which this machine may have no pahole, or an old one.
	rm -f "$to/usr/src/$headers/vmlinux"
}

# Kernel, modules, and headers complete enough to build modules against.
fetch_kernel()
{
	local to=$1 kernel=$2 suite pattern image release headers more
	read -r suite pattern <<<"${lab_kernels[$kernel]}"
	refresh_apt "$suite"
	image=$(latest_image "$suite" "$pattern") || die "the mirror has no Linux $kernel"
	release=${image#linux-image-}
	release=${release%-unsigned}
	headers=linux-headers-$release
	# The -common headers and kbuild, and the parts that an image has since 7.0, whatever they are called.
	more=$(apt-cache -c "$lab/apt-$suite/apt.conf" show "$headers" "$image" | grep ^Depends: |
		grep -oE '\blinux-(headers|kbuild|base|binary|modules)-[^ ,]+' | sort -u) || die "the mirror has no $headers"
	# shellcheck disable=SC2086
	unpack "$suite" "$to" "$image" "$headers" $more
	[[ -e $to/lib ]] || ln -s usr/lib "$to/lib"
	[[ $suite == bookworm ]] || fetch_compiler "$to" "$suite" "$headers"

	# Only these three name places on the machine that they are not installed on.
	sed -i "s|^include /usr/src/|include \$(dir \$(realpath \$(lastword \$(MAKEFILE_LIST))))../|" \
		"$to/usr/src/$headers/Makefile"
	ln -sfn "../../../usr/src/$headers" "$to/lib/modules/$release/build"
	ln -sfn "../../../usr/src/${headers%-amd64}-common" "$to/lib/modules/$release/source"

	quietly depmod -b "$to" "$release"
	if [[ -e $to/boot/vmlinuz-$release ]]; then
		ln -s "boot/vmlinuz-$release" "$to/vmlinuz"
	else
		ln -s "lib/modules/$release/vmlinuz" "$to/vmlinuz"
	fi
	ln -s "lib/modules/$release" "$to/modules"
	ln -s "usr/src/$headers" "$to/build"
	echo "$release" >"$to/release"
}

# make_initrd MODULES_DIRECTORY|'' FILE: busybox, what mounts the root, lab.d/init.
make_initrd()
{
	local modules=$1 file=$2 tree=$2.tree release m
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,modules,proc,sys,dev,lower,upper,new,control}
	cp "$(command -v busybox)" "$tree/bin/busybox"
	cp "$here/lab.d/init" "$tree/init"
	cp "$here/lab.d/guest" "$tree/guest"
	chmod 755 "$tree/init"
	: >"$tree/modules/order"
	if [[ $modules ]]; then
		release=${modules##*/}
		mkdir -p "$tree/base/lib/modules"
		ln -s "$modules" "$tree/base/lib/modules/$release"
		for m in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
			# Built in is fine; not there at all shows when the guest mounts.
			modprobe -d "$tree/base" -S "$release" --show-depends "$m" 2>/dev/null
		done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
			while read -r m; do
				case $m in
				*.xz) xz -dc "$m" >"$tree/modules/$(basename "$m" .xz)" ;;
				*) cp "$m" "$tree/modules/" ;;
				esac
				basename "$m" .xz >>"$tree/modules/order"
			done
		rm -r "$tree/base"
	fi
	(cd "$tree" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$file.new"
	mv "$file.new" "$file"
	rm -r "$tree"
}

kernel_ready()
{
	local k=$lab/kernel-$1 f
	[[ -e $k/release && -e $k/initrd ]] || return
	for f in init guest prepare.sh; do
		[[ $k/initrd -nt $here/lab.d/$f ]] || return
	done
}

# prepare [KERNEL]: nothing to do is the common case, and needs no lock.
prepare()
{
	local kernel=${1-}
	if [[ -e $lab/qemu/version && $lab/tsc -nt $here/lab.d/tsc.c ]] && { [[ ! $kernel ]] || kernel_ready "$kernel"; }; then
		return
	fi
	mkdir -p "$lab"
	exec 9>"$lab/lock"
	flock 9
	prepare_qemu
	prepare_tsc
	if [[ $kernel ]]; then
		if [[ ! -e $lab/kernel-$kernel/release ]]; then
			say "fetching Linux $kernel"
			rm -rf "$lab/kernel-$kernel" "$lab/kernel-$kernel.new"
			fetch_kernel "$lab/kernel-$kernel.new" "$kernel"
			mv "$lab/kernel-$kernel.new" "$lab/kernel-$kernel"
		fi
		kernel_ready "$kernel" ||
			make_initrd "$(readlink -e "$lab/kernel-$kernel/modules")" "$lab/kernel-$kernel/initrd"
	fi
	exec 9>&-
}
