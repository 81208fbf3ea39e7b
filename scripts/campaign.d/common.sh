# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the commands with which `migtrace-research campaign` handles our testbed. The
# working directory is the top-level one, as it was when the campaign was started.
set -euo pipefail

B=${B:-build}
export MIGTRACE_TESTBED=${MIGTRACE_TESTBED:-mt}
# QEMU connects to sockets in here: short names, and a file system that has sockets.
run=${TMPDIR:-/tmp}/migtrace-campaign-$MIGTRACE_TESTBED
sock=$run/${MIGTRACE_GUEST:-none}.sock

# stop_watchers [SOCKET...]: all unless told
stop_watchers()
{
	local pid
	(($#)) || set -- "$run"/*.sock
	for pid in "${@/%/.pid}"; do
		[[ ! -e $pid ]] || kill "$(<"$pid")" 2>/dev/null || :
	done
	rm -f "$@" "${@/%/.pid}" "${@/%/.ctl}"
}
