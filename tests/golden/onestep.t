#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One-step forecasts: the figures of Documentation/evaluation/one-step.md.
#
#	MIGTRACE_DATA	other people's recordings, not in this repository
#			(default ../shared/data); skipped where missing
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
data=${MIGTRACE_DATA:-../shared/data}/pg-ycsb

. tests/lib/ktap.sh
# holds NAME JQ: of the rows in $rows. row(MODEL; FOLDER; METRIC) is one of them.
holds() {
	check_jq "$1" "def row(m; w; k): .[] | select(.model == m and .workload == w and .metric == \"one_step_\" + k); $2" <<<"$rows"
	[ "$KTAP_FAILED" = 0 ] || note "$(jq -r '.[] | "\(.model) \(.workload) \(.metric) \(.n) \(.p50) \(.p90) \(.mean)"' <<<"$rows")"
}

plan 10
rows=$("$B/migtrace-research" evaluate --one-step -f json tests/golden/recordings/*.mtrec)
holds "rows of our own recordings have what rows must have" 'length > 0 and all(keys == (["model", "method", "workload", "metric", "n", "p50", "p90", "mean", "unit"] | sort)) and
	all(.n > 0 and .unit == "%" and .workload == "recordings" and .p50 <= .p90)'
holds "there is a row of each causal model" '[.[] | select(.metric == "one_step_from_1s") | .model] | contains(["ucurve", "qemu", "proportional", "last"])'

if [ ! -d "$data" ]; then
	skip_some 8 "$data is missing"
	ktap_end
fi
busy=precopy-nonconvergent-16t reads=precopy-nonconvergent-onlyreads-16t
files=("$data"/{$busy,$reads}/run-*.json)
rows=$("$B/migtrace-research" evaluate --one-step -f json "${files[@]}")
holds "non-convergent, iterations of 1 s and more: 9 %" "row(\"ucurve\"; \"$busy\"; \"from_1s\") | .n == 28 and .mean < 9.5"
holds "non-convergent, shorter ones: 14 %" "row(\"ucurve\"; \"$busy\"; \"below_1s\") | .n == 915 and .mean < 14.5"
holds "in both better than two parameters fitted to the other runs" \
	"[row(\"ucurve\"; \"$busy\"; \"from_1s\", \"below_1s\").mean] as \$a | [row(\"nathan-others\"; \"$busy\"; \"from_1s\", \"below_1s\").mean] as \$b | \$a[0] < \$b[0] and \$a[1] < \$b[1]"
holds "read-only, under load: 5.3 %, median 3.2 %" "row(\"ucurve\"; \"$reads\"; \"from_1s_under_load\") | .n == 226 and .mean < 5.5 and .p50 < 3.5"
holds "read-only, with the five in which the load ended: as documented" "row(\"ucurve\"; \"$reads\"; \"from_1s\") | .n == 231 and .mean > 14 and .mean < 17"
rows=$("$B/migtrace-research" evaluate --one-step -f json "$data"/precopy-convergent/run-*.json "$data"/autoconverge-16t/run-*.json)
holds "auto-converge is told by its name, and the convergent are within 5 %" \
	'any(.method == "auto-converge") and (row("ucurve"; "precopy-convergent"; "from_1s") | .mean < 5)'
rows=$("$B/migtrace-research" evaluate --one-step --polled-time -f json "${files[@]}")
holds "by the time between polls: 9.6 %" "row(\"ucurve\"; \"$busy\"; \"from_1s\") | .n == 30 and .mean < 10"
holds "by the time between polls, shorter ones: 17 %" "row(\"ucurve\"; \"$busy\"; \"below_1s\") | .n == 913 and .mean < 17.5"
ktap_end
