#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Records which pages an emulated guest writes to: pagewatch.sh RECORDING SECONDS MEMORY_MIB KERNEL
# INITRD COMMAND_LINE. Needs Linux 6.7 and no root; the guest is neither migrated nor in a network.
set -eu

[ $# -eq 6 ] || { sed -n 3,4p "$0" >&2; exit 2; }
recording=$1 seconds=$2 memory=$3 kernel=$4 initrd=$5 words=$6
tick_ms=100
here=$(dirname "$0")
dir=$(mktemp -d)
trap '[ -z "${qemu:-}" ] || kill "$qemu" 2>/dev/null || :; rm -rf "$dir"' EXIT

${CC:-cc} -O2 -Wall -Wextra -shared -fPIC -o "$dir/pagewatch.so" "$here/pagewatch.c" -lpthread
initrd_words=()
[ -z "$initrd" ] || initrd_words=(-initrd "$initrd")
LD_PRELOAD=$dir/pagewatch.so PAGEWATCH_MEMORY=$((memory << 20)) PAGEWATCH_OUT=$dir/pages \
PAGEWATCH_START=$dir/start PAGEWATCH_TICK_MS=$tick_ms PAGEWATCH_TICKS=$((seconds * 1000 / tick_ms)) \
qemu-system-x86_64 -machine pc,accel=tcg -m "$memory" -kernel "$kernel" "${initrd_words[@]}" \
	-append "$words" -nodefaults -display none -no-reboot \
	-chardev file,id=serial,path="$dir/serial" -serial chardev:serial &
qemu=$!
for ((i = 0; i < 1500; i++)); do
	! grep -qs '^error' "$dir/serial" || { cat "$dir/serial" >&2; exit 1; }
	! grep -qs '^ready' "$dir/serial" || break
	kill -0 $qemu || exit 1
	sleep 0.1
done
grep -qs '^ready' "$dir/serial" || { echo 'the guest is not ready' >&2; tail "$dir/serial" >&2; exit 1; }
touch "$dir/start"
wait $qemu || :
start=$(sed -n '1s/.*"start_ns":\([0-9]*\).*/\1/p' "$dir/pages")
{
	printf '{"type":"header","schema":1,"domain":"%s","domain_type":"qemu","tool":"pagewatch","qemu":"%s","kernel":"%s","mode":"profile","start_wall_ms":%s,"start_t_ns":%s,"limits":{"postcopy_allowed":false}}\n' \
		"$(basename "$recording" .mtrec)" \
		"$(qemu-system-x86_64 --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')" "$(uname -r)" \
		"$(date +%s%3N)" "$start"
	cat "$dir/pages"
	printf '{"type":"guest","t_ns":%s,"memory_bytes":%s,"vcpus":1}\n' \
		"$(tail -n 1 "$dir/pages" | sed 's/.*"t_ns":\([0-9]*\).*/\1/')" $((memory << 20))
} >"$dir/lines"
zstd -q -19 -f -o "$recording" "$dir/lines"
