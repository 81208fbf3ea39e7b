#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# detach.sh CMD...: become CMD, keeping nothing of the caller's: not its current
# directory, not the signals it ignores, no descriptor but the first three. The
# lock is among those closed: we are inside the namespaces here, and so found.
set -euo pipefail

cd /
for fd in /proc/self/fd/*; do
	fd=${fd##*/}
	# 255 is bash's own, and is closed at exec.
	((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
done
exec env --default-signal "$@"
