#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service under a systemd of its own, which is the first process of a clean Debian: installed, asked, killed, upgraded
# and removed while it runs. Run by scripts/package --test, which makes the tree at $TREE and throws it away; $CGROUP is
# the control group that is to be its root. It is in namespaces, not in a machine: the kernel is this one's, with its
# /proc/sys and /sys read-only; where memory and tasks are counted by cgroups of version 1, their limits do not hold.
# KTAP on stdout.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/ktap.sh
[ -n "${TREE:-}" ] && [ -n "${PACKAGES:-}" ] || skip_all "scripts/package --test runs it, in a tree of its own"
[ -n "${CGROUP:-}" ] || skip_all "no cgroup2 is mounted here"

conf=/etc/migtrace/migtraced.conf
console=$TREE/../console
booter='' first=
trap '[ -z "$booter" ] || { kill -KILL "$booter" && wait "$booter"; } 2>/dev/null' EXIT

# --- a systemd -------------------------------------------------------------------------------
# In the new namespaces: what systemd finds mounted it leaves, and what is the machine's it cannot write.
# shellcheck disable=SC2317 # run by another shell
enter()
{
	cd "$1" || return
	mount --make-rprivate / && umount ./proc && mount -t proc proc proc && mount --bind proc/sys proc/sys &&
		mount -o remount,bind,ro proc/sys && mount -t sysfs -o ro sysfs sys &&
		mount -t cgroup2 cgroup2 sys/fs/cgroup && mount -t tmpfs tmpfs run || return
	mkdir nodes && mv dev/* nodes && mount -t tmpfs -o mode=755 tmpfs dev && cp -a nodes/* dev/ &&
		mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts && rm -f dev/console || return
	exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		chroot . /lib/systemd/systemd --system --unit=multi-user.target
}
boot()
{
	rm -f "$TREE/usr/sbin/policy-rc.d"
	mkdir -p "$CGROUP" || return
	(
		echo "$BASHPID" >"$CGROUP/cgroup.procs" || exit
		exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup \
			bash -c "$(declare -f enter)"'; enter "$1"' bash "$TREE"
	) >"$console" 2>&1 &
	booter=$!
	within 60 up
}
up()
{
	first=$(cat "/proc/$booter/task/$booter/children") || return
	first=${first%% *}
	[ -n "$first" ] && case $(there systemctl is-system-running) in
	running | degraded) return 0 ;;
	*) return 1 ;;
	esac
}
there()
{
	nsenter --target "$first" --all --root --wd env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@" </dev/null 2>&1
}
# within SECONDS COMMAND...: once it succeeds
within()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

# --- the service -----------------------------------------------------------------------------
property() { there systemctl show --value -p "$1" migtraced; }
active() { [ "$(property ActiveState)" = active ]; }
another() { active && [ "$(property MainPID)" != "$pid" ]; }
# what systemd itself has to say of it
warnings() { there journalctl -q --no-pager -o cat -p warning _PID=1 | grep migtraced; }
# as_user GROUP COMMAND...
as_user()
{
	local group=$1
	shift
	there setpriv --reuid 65534 --regid "$group" --clear-groups "$@"
}
or_bail_out() { [ "$KTAP_FAILED" = 0 ] || { echo "Bail out! there is nothing to look at"; exit 1; }; }
milliseconds() { echo "$((($(date +%s%N) - $1) / 1000000))"; }

KTAP_SHOW=("$console")
plan
mkdir -p "$TREE/new"
cp "$PACKAGES"/migtrace_*.deb "$TREE/new/migtrace.deb"
check "systemd comes up" boot
or_bail_out
note "$(there systemctl --version | head -n 1), $(there systemctl is-system-running)"

check "the package installs where systemd runs" there dpkg -i /new/migtrace.deb
or_bail_out
check_eq "the service is up, and has said so itself" "$(property ActiveState) $(property Type) $(property SubState)" "active notify running"
check_eq "systemd says nothing against its unit" "$(warnings)" ""
check_eq "its socket is for its group" "$(there stat -c '%a %U:%G' /run/migtrace/control.sock)" "660 root:migtrace"
check "who is in the group is answered" as_user migtrace migtrace status
refused() { ! as_user nogroup migtrace status; }
check "and nobody else" refused
check_match "what it logs is in the journal" "$(there journalctl -q --no-pager -u migtraced)" 'migtraced'

pid=$(property MainPID)
sed -i 's/^mode = observe$/mode = act/' "$TREE$conf"
check "it takes over a configuration" there systemctl reload migtraced
acts() { there migtrace status -f json | jq -e '.mode == "act"' >/dev/null; }
check "and acts by it" within 5 acts
check_eq "as the same process" "$(property MainPID)" "$pid"
since=$(date +%s%N)
there systemctl kill --kill-whom=main --signal=KILL migtraced
check "killed, it is back within 5 s" within 5 another
note "after $(milliseconds "$since") ms"
check_match "that systemd says" "$(warnings)" "migtraced.service: Failed with result 'signal'"

check "a running daemon is given kernel sources" there sh -c 'install -D -m 644 \
	/usr/share/doc/migtrace/migtraced.service.d/kernel-sources.conf \
	/etc/systemd/system/migtraced.service.d/kernel-sources.conf && systemctl daemon-reload && systemctl restart migtraced'
check "it runs with them" active
check_match "with the rights that they take" "$(there grep CapBnd "/proc/$(property MainPID)/status")" 'CapBnd:.*c000280005'
there rm -r /etc/systemd/system/migtraced.service.d

pid=$(property MainPID)
check "installed again, as by an upgrade" there dpkg -i /new/migtrace.deb
check "it has been started anew" another
since=$(date +%s%N)
check "systemd stops it" there systemctl stop migtraced
note "after $(milliseconds "$since") ms"
check_eq "which ends it in good order" "$(property Result) $(property ActiveState)" "success inactive"
there systemctl start migtraced
check "the package is purged while it runs" there dpkg -P migtrace
running() { there pgrep -x migtraced; }
check_eq "no daemon is left" "$(running)" ""
check_eq "and no unit" "$(property LoadState)" not-found

ktap_end
