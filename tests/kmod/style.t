#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does the module build without a word from the compiler (W=1) and sparse (C=2), for each
# kernel at hand, and does kernel-doc understand the comments?
#
#	tests/kmod/style.t [KDIR...]	those of the lab and of the running kernel unless told
set -u
cd "$(dirname "$0")/../.." || exit 1

echo "TAP version 13"
if [ -e /run/lab/control ]; then
	echo "1..0 # SKIP compilers are slow in the lab: run it outside"
	exit 0
fi
# The headers of the lab's newest kernel refuse Debian 12's sparse; it is built with W=1 as any.
[ $# -gt 0 ] || set -- build/lab/kernel-6*/build "/lib/modules/$(uname -r)/build"
kdirs=()
for k in "$@"; do
	[ ! -e "$k/Makefile" ] || kdirs+=("$(realpath "$k")")
done
if [ ${#kdirs[@]} = 0 ]; then
	echo "1..0 # SKIP no kernel headers: scripts/lab --prepare, or linux-headers"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "1..$((${#kdirs[@]} + 2))"
count=0
failed=0

# result STATUS NAME: with what was said, if it failed
result()
{
	local ok="ok"
	[ "$1" = 0 ] || { ok="not ok" && failed=1 && sed 's/^/# /' "$work/out"; }
	echo "$ok $((++count)) - $2"
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
		echo "ok $((++count)) - $name # SKIP no sparse"
		continue
	fi
	make -s -C kmod KDIR="$k" OUT="$work/kmod$count" W=1 C=2 >"$work/said" 2>&1
	status=$?
	complaints "$work/said" && [ $status = 0 ]
	result $? "$name"
done

# kernel-doc comes with linux-kbuild, or with the sources.
kernel_doc=
for k in "${kdirs[@]}" /usr/lib/linux-kbuild-* build/lab/kernel-*/usr/lib/linux-kbuild-*; do
	[ -n "$kernel_doc" ] || [ ! -e "$k/scripts/kernel-doc" ] || kernel_doc=$k/scripts/kernel-doc
done
if [ -z "$kernel_doc" ]; then
	echo "ok $((++count)) - kernel-doc # SKIP no kernel-doc"
else
	"$kernel_doc" -none -Werror include/uapi/linux/migtrace.h kmod/*.h >"$work/out" 2>&1 && [ ! -s "$work/out" ]
	result $? "kernel-doc -Werror"
fi
if [ -n "$kernel_doc" ] && [ -e "${kernel_doc%/*}/checkpatch.pl" ] && command -v perl >/dev/null; then
	perl "${kernel_doc%/*}/checkpatch.pl" --no-tree --terse --no-summary --max-line-length=100 -f kmod/*.[ch] >"$work/out" 2>&1
	result $? "checkpatch"
else
	echo "ok $((++count)) - checkpatch # SKIP no checkpatch.pl: it comes with the kernel's sources"
fi
exit $failed
