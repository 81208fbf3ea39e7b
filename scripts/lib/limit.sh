# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by what runs tests: a command in a session of its own, with a limit of time. Whether a
# test is right is never judged by time; that it hangs is. Then the first question is where, so its
# threads' stacks are shown before it ends, and in the lab all of the kernel's, in the kernel's log.

# How long a command that is told to end may take for it, and one that is killed.
: "${LIMIT_GRACE_S:=20}"
limit_pid='' limit_watcher=''

# limit_processes SID: that session's, and what those started in other ones
limit_processes()
{
	ps -e -o pid=,ppid=,sid= | awk -v sid="$1" '
		{ pid[NR] = $1; parent[$1] = $2; in_it[$1] = $3 == sid }
		END {
			for (i = 1; i <= NR; i++) {
				for (p = pid[i]; p > 1 && !in_it[p]; p = parent[p])
					;
				if (p > 1)
					print pid[i]
			}
		}'
}

# limit_dump SID: as comments of TAP
limit_dump()
{
	local pid task key
	echo "# its processes and threads: number, state, where it waits, seconds of CPU time, command"
	for pid in $(limit_processes "$1"); do
		ps -L -p "$pid" -o pid=,tid=,stat=,wchan:24=,times=,args= | cut -c 1-150 | sed 's/^/# /'
		for task in /proc/"$pid"/task/*; do
			sed "s|^|#   ${task##*/} |" "$task/stack" 2>/dev/null
		done
	done
	# The lab's kernel is there to be looked into, anybody else's is not.
	if [[ ${LAB_KERNEL-} && -w /proc/sysrq-trigger ]]; then
		echo "# tasks, those that are blocked, and what the CPUs do: in the kernel's log"
		for key in t w l; do
			echo $key >/proc/sysrq-trigger
		done
	fi
}

# limit_gone PID SECONDS: wait for a child of ours, but no longer
limit_gone()
{
	local i
	for ((i = 0; i < $2 * 10; i++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# limit_end SID: all that is left of a session, told first, then killed. False: it cannot be killed.
limit_end()
{
	local left
	left=$(limit_processes "$1")
	[[ $left ]] || return 0
	# shellcheck disable=SC2086 # a list of numbers
	kill -TERM $left 2>/dev/null
	limit_gone "$1" "$LIMIT_GRACE_S" || :
	left+=" $(limit_processes "$1")"
	# shellcheck disable=SC2086
	kill -KILL $left 2>/dev/null
	limit_gone "$1" "$LIMIT_GRACE_S"
}

# limit_watch SECONDS OUTPUT CALLER: ends what runs when its time is over. (Builtins only, so that
# nothing outlives it while it waits: bash's wait -n misses who ends before it, and sleep stays.)
limit_watch()
{
	local never
	exec {never}<> <(:)
	read -r -t "$1" -u "$never" && return
	: >"$2.late"
	{
		echo "# out of time: not over after $1 s"
		limit_dump "$limit_pid"
		limit_end "$limit_pid" && return
		echo "# it is still there after SIGKILL: stuck in the kernel"
	} >>"$2" 2>&1
	kill -USR1 "$3"
}

# limit_stop: what is running now, for who is told to end
limit_stop()
{
	[[ ! $limit_watcher ]] || { kill "$limit_watcher" && wait "$limit_watcher"; } 2>/dev/null
	[[ ! $limit_pid ]] || limit_end "$limit_pid"
}

# limit_run SECONDS OUTPUT CMD...: its exit status, 124 out of time. What it says, and why it was
# ended, is in OUTPUT. limit_pid is its number, and its session's, as long as it runs.
limit_run()
{
	local limit_s=$1 output=$2 status=0
	shift 2
	rm -f "$output.late"
	trap : USR1
	# What is started in the background ignores these; a test sees them as from a terminal.
	env --default-signal=INT,QUIT setsid "$@" >"$output" 2>&1 </dev/null &
	limit_pid=$!
	limit_watch "$limit_s" "$output" $BASHPID &
	limit_watcher=$!
	{ wait "$limit_pid" || status=$?; } 2>/dev/null	# bash would say who was killed
	if [[ -e $output.late ]]; then
		wait "$limit_watcher"
		status=124
		rm -f "$output.late"
	else
		kill "$limit_watcher" 2>/dev/null
		wait "$limit_watcher" 2>/dev/null
		# What it left running would take time from the next one.
		limit_end "$limit_pid"
	fi
	trap - USR1
	limit_pid='' limit_watcher=''
	return $status
}
