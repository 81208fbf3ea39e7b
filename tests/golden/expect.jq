# SPDX-License-Identifier: GPL-2.0-or-later
# What the policies that look at nothing but the clock and the count of passes must do, worked
# out from the answers of QEMU alone: no code of migtrace is behind it, nor a file on record.
#
#	jq -s -f expect.jq --argjson timeout_ms MS --argjson passes N --argjson postcopy true|false
#
# Input: the lines of a recording (zstd -dc), or an array of answers to query-migrate.
# N is null where it was not given: 1 pass for policy passes, 4 for fixed-passes.
# Output: a row for each of them, as `migtrace replay` has it.

def looks:
	if (.[0] | type) == "array" then
		[.[0][] | .query_migrate | select(.status) |
			{status, ms: ."total-time", sync: .ram."dirty-sync-count", left: .ram.remaining, sent: .ram.transferred,
			 rate: (.ram.mbps | if . then . * 1e6 / 8 else null end)}]
	else
		# Where the policy that steered acted, what comes after is its doing.
		([.[] | select(.type == "decision" and .applied == "done" and (.action | IN("stop", "flip", "abort"))) | .total_ms][0] // infinite) as $until |
		[.[] | select(.type == "sample" and .total_ms <= $until) |
			{status, ms: .total_ms, sync: .iteration, left: .remaining_bytes, sent: .transferred_bytes, rate: .bandwidth_bytes_per_s}]
	end;

# What an answer leaves out is as it was; a pass is over where the count of syncs was seen to rise.
def known:
	reduce .[] as $l ({now: {done: 0}, all: []};
		.now as $before |
		.now += ($l | with_entries(select(.value != null))) |
		.now.done = $before.done + (if ($before.sync // 0) >= 1 and .now.sync > $before.sync then 1 else 0 end) |
		.all += [.now]) | .all;

def row($policy; $action):
	{policy: $policy, action: $action, at_ms: (.ms // 0), iteration: (.sync // 0), transferred_bytes: (.sent // 0)};

# Nothing is done but in pre-copy, and no flip before each page was sent once, unless 0 passes ask for just that.
def first($policy; $action; due):
	(first(.[] | select(.status == "active" and due and ($action != "flip" or .done > 0 or ($policy == "passes" and $passes == 0)))) // null) as $at |
	if $at then $at | row($policy; $action) else .[-1] | row($policy; "none") end;

(if $postcopy then "flip" else "stop" end) as $flip |
looks | known |
(.[-1] | row("qemu"; "none")),
first("timeout"; $flip; .ms >= $timeout_ms),
first("passes"; $flip; .done >= ($passes // 1)),
first("stop-and-copy"; "stop"; (.rate // 0) > 0),
first("fixed-passes"; "stop"; .done >= ($passes // 4) and (.rate // 0) > 0)
