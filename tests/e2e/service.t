#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service as it is installed: what systemd says of its unit, with and without
# kernel sources, and whether the rights it leaves are enough for the daemon.
# Needs systemd-analyze, which needs no systemd that runs. KTAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-service.XXXXXX") || exit 1
other=
trap '[ -z "$other" ] || kill "$other" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
. tests/lib/ktap.sh

command -v systemd-analyze >/dev/null || skip_all "no systemd-analyze"
plan

# The unit and its drop-in as `make install` leaves them, beneath a root of their own.
lay_out()
{
	mkdir -p "$dir/root/etc/systemd/system" "$dir/root/usr/local/sbin" "$dir/root/bin" &&
		cp user/migtraced/migtraced.service "$dir/root/etc/systemd/system/" &&
		install -m 755 "$B/migtraced" "$dir/root/usr/local/sbin/migtraced" &&
		install -m 755 /bin/kill /bin/sh "$dir/root/bin/"
}
turn_on()
{
	install -D -m 644 user/migtraced/migtraced.service.d/kernel-sources.conf \
		"$dir/root/etc/systemd/system/migtraced.service.d/kernel-sources.conf"
}
# What systemd does not understand it warns of, and starts the service without.
verified()
{
	systemd-analyze verify --man=no --recursive-errors=no --root="$dir/root" migtraced.service 2>"$dir/err"
	local rc=$?
	cat "$dir/err"
	[ $rc = 0 ] && ! grep -E 'migtraced|kernel-sources' "$dir/err"
}
# exposed MAX: at most so much of systemd's 0.0 (little) to 10.0
exposed()
{
	systemd-analyze security --no-pager --offline=true --root="$dir/root" --threshold="$1" migtraced.service
}
# setting NAME: as the files leave it, the last one given; lists are joined
setting()
{
	cat "$dir/root/etc/systemd/system/migtraced.service" "$dir"/root/etc/systemd/system/migtraced.service.d/*.conf 2>/dev/null |
		sed -n "s/^$1=//p"
}
# as setpriv wants them
bounding() { echo "-all$(setting CapabilityBoundingSet | tr '\n' ' ' | tr 'A-Z' 'a-z' | sed 's/cap_/,+/g; s/ //g')"; }

check "the unit is laid out" lay_out
check "systemd finds nothing wrong with it" verified
check "and calls its exposure 2.5 at most" exposed 25
plain=$(bounding)

check "kernel sources are turned on" turn_on
check "systemd finds nothing wrong with that" verified
check "what it exposes is known: 3.5 at most" exposed 35
full=$(bounding)

# Another user's process, as QEMU's is.
sees_descriptors() { setpriv --bounding-set="$1" ls "/proc/$other/fd"; }
hides_descriptors() { ! sees_descriptors "$1"; }
if [ "$(id -u)" = 0 ]; then
	setpriv --reuid 65534 --clear-groups sleep 100 &
	other=$!
	while [ "$(stat -c %u "/proc/$other" 2>/dev/null)" = 0 ]; do sleep 0.01; done
	check "without them it does not see other users' descriptors" hides_descriptors "$plain"
	check "with them it does" sees_descriptors "$full"
else
	skip "without them it does not see other users' descriptors" "needs root"
	skip "with them it does" "needs root"
fi

ktap_end
