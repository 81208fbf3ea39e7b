#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does the module build without a word from the compiler (W=1) and sparse (C=2), for each
# kernel at hand, and does kernel-doc understand the comments?
#
#	tests/kmod/style.t [KDIR...]	those of the lab and of the running kernel unless told
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/ktap.sh

[ ! -e /run/lab/control ] || skip_all "compilers are slow in the lab: run it outside"
# The headers of the lab's newest kernel refuse Debian 12's sparse; it is built with W=1 as any.
[ $# -gt 0 ] || set -- build/lab/kernel-6*/build "/lib/modules/$(uname -r)/build"
kdirs=()
for k in "$@"; do
	[ ! -e "$k/Makefile" ] || kdirs+=("$(realpath "$k")")
done
[ ${#kdirs[@]} != 0 ] || skip_all "no kernel headers: scripts/lab --prepare, or linux-headers"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
plan "$((${#kdirs[@]} + 2))"

# judge STATUS NAME: with what was said, if it failed
judge()
{
	result "$1" "$2"
	[ "$1" = 0 ] || sed 's/^/# /' "$work/out"
}

# What make says of itself, and of BTF where there is no vmlinux, is no complaint.
complaints()
{
	grep -Ev '^(make|  (CC|CHECK|LD|MODPOST|BTF|SYMLINK|DESCEND))|^Skipping BTF|^$' "$1" >"$work/out"
	[ ! -s "$work/out" ]
}

for k in "${kdirs[@]}"; do
	name="W=1 C=2 for $(make -s -C "$k" kernelrelease 2>/dev/null || echo "$k")"
	if ! command -v sparse >/dev/null; then
		skip "$name" "no sparse"
		continue
	fi
	make -s -C kmod KDIR="$k" OUT="$work/kmod$KTAP_N" W=1 C=2 >"$work/said" 2>&1
	status=$?
	complaints "$work/said" && [ $status = 0 ]
	judge $? "$name"
done

# kernel-doc comes with linux-kbuild, or with the sources.
kernel_doc=
for k in "${kdirs[@]}" /usr/lib/linux-kbuild-* build/lab/kernel-*/usr/lib/linux-kbuild-*; do
	[ -n "$kernel_doc" ] || [ ! -e "$k/scripts/kernel-doc" ] || kernel_doc=$k/scripts/kernel-doc
done
if [ -z "$kernel_doc" ]; then
	skip "kernel-doc understands every comment" "no kernel-doc"
else
	"$kernel_doc" -none -Werror include/uapi/linux/migtrace.h kmod/*.h >"$work/out" 2>&1 && [ ! -s "$work/out" ]
	judge $? "kernel-doc understands every comment"
fi
if [ -n "$kernel_doc" ] && [ -e "${kernel_doc%/*}/checkpatch.pl" ] && command -v perl >/dev/null; then
	perl "${kernel_doc%/*}/checkpatch.pl" --no-tree --terse --no-summary --max-line-length=100 -f kmod/*.[ch] >"$work/out" 2>&1
	judge $? "checkpatch has nothing to say"
else
	skip "checkpatch has nothing to say" "no checkpatch.pl: it comes with the kernel's sources"
fi
ktap_end
