#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What migtrace migrate refuses on real hosts: one clear line, exit 1 or 2, and
# the guest untouched.
. tests/e2e/lib.sh

plan 30
begin 320mbit 36
type=$(types | cut -d' ' -f1)
scene_guest here "$type" "region=32M rate=500 pattern=uniform seed=1"
sed -e 's/<name>here/<name>off/' "$SCENE_DIR/here.xml" >"$SCENE_DIR/off.xml"
scene_on a virsh -q define "$SCENE_DIR/off.xml" >/dev/null

# refused NAME EXIT PATTERN ARGUMENT...
refused() {
	local name=$1 exit=$2 pattern=$3 out rc
	shift 3
	out=$(timeout 600 scripts/testbed exec a -- "$SCENE_B/migtrace" "$@" 2>&1 >/dev/null </dev/null)
	rc=$?
	out=$(grep -v 'runs under TCG' <<<"$out")
	check_eq "$name: exit $exit, one line" "$rc/$(grep -c . <<<"$out")" "$exit/1"
	check_match "$name: says what" "$out" "$pattern"
}

refused "a domain nobody knows" 1 'nobody' migrate nobody "$SCENE_DEST"
refused "domain not running" 1 'not run|shut off' migrate off "$SCENE_DEST"
refused "destination is the source, by its URI" 1 'is the source' migrate here qemu:///system
refused "destination is the source, by another name" 1 'same' migrate here qemu+tcp://mt-a/system
refused "a destination that cannot be reached" 1 'mt-nowhere' migrate here qemu+tcp://mt-nowhere/system
refused "nobody listens there" 1 '10.77.0.2' migrate here qemu+tcp://10.77.0.2:1/system
refused "post-copy with parallel connections" 1 'post-copy.*parallel|parallel.*post-copy' migrate here "$SCENE_DEST" --postcopy --parallel 2
refused "measurement by a ring that the guest has not" 1 'ring' record here --mode dirty-ring -o "$SCENE_DIR/x.mtrec"
scene_guest soft qemu "region=8M rate=100 seed=3" 64
refused "dirty-bitmap measurement of a TCG guest" 1 'TCG' record soft --mode dirty-bitmap -o "$SCENE_DIR/x.mtrec"
scene_remove soft
refused "recording cannot be written" 1 'nowhere' migrate here "$SCENE_DEST" --record "$SCENE_DIR/nowhere/x.mtrec"
refused "domain not running, profiled" 1 'not run|shut off' record off -o "$SCENE_DIR/x.mtrec"

# already migrating
scene_guest busy "$type" "region=96M rate=max pattern=seq seed=2" 160
scene_on a virsh -q migrate busy "$SCENE_DEST" --live --p2p --bandwidth 10 >/dev/null 2>&1 &
for _ in $(seq 600); do
	[[ $(scene_on a virsh domjobinfo busy 2>/dev/null) != *"Job type:"*Unbounded* ]] || break
	sleep 0.1
done
refused "a guest that migrates already" 1 'migrat' migrate busy "$SCENE_DEST"
scene_on a virsh -q domjobabort busy
wait
check_eq "already migrating: the guest goes on" "$(scene_where busy)" a

# no permission
if command -v setpriv >/dev/null; then
	out=$(scripts/testbed exec a -- setpriv --reuid 65534 --regid 65534 --clear-groups "$PWD/$SCENE_B/migtrace" migrate here "$SCENE_DEST" -c qemu:///system 2>&1 </dev/null)
	check_eq "no permission: exit 1, one line" "$?/$(grep -c . <<<"$out")" "1/1"
	check_match "no permission: says so" "$out" '[Pp]ermission|denied|not allowed|root'
else
	skip_some 2 "setpriv is missing"
fi
check_eq "the guest was left alone" "$(scene_where here)" a
check "and its memory is whole" verified here
check_eq "no file is left" "$(find "$SCENE_DIR" -name 'x.mtrec*')" ""
scene_on a virsh -q undefine off
ktap_end
