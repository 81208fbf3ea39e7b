#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Does scripts/run-tests tell tests that passed from those that did not, as prove does, keep and
# show what they printed, end those that hang, and leave nothing running?
# shellcheck disable=SC2016 # scripts are for others
set -uo pipefail

cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." || exit 1
. tests/lib/ktap.sh
exec </dev/null
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
KTAP_SHOW=("$work/said")

# test_of NAME BODY
test_of()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$work/$1.t"
	chmod +x "$work/$1.t"
}

# run OPTION... NAME: sets status; said has the output, results the lines.
run()
{
	local name=${*: -1}
	set -- "${@:1:$# - 1}"
	rm -rf "$work/logs"
	LIMIT_GRACE_S=2 scripts/run-tests --logs "$work/logs" "$@" "$work/$name.t" >"$work/said" 2>&1
	status=$?
	cp "$work/logs/results" "$work/results"
	counted=$(awk -F'\t' '$1 == "test" { print $2, $3, $4 }' "$work/results")
}

# judged PASSED FAILED SKIPPED: as that, by its exit status, and by prove's
# shellcheck disable=SC2317 # called by check
judged()
{
	local proves=0
	[[ $counted == "$1 $2 $3" ]] || { echo "$counted instead of $*"; return 1; }
	(((status != 0) == ($2 > 0))) || { echo "exit status $status"; return 1; }
	prove "$work/$name.t" </dev/null || proves=1
	((proves == ($2 > 0))) || { echo "prove says $proves"; return 1; }
}

cases=(
	"passes|echo 1..2; echo ok 1 - a; echo 'ok 2 - b # SKIP no such thing'|1 0 1"
	"nested tests are not counted|echo 1..1; echo '    not ok 1 - x'; echo '    1..7'; echo ok 1|1 0 0"
	"the plan at its end|echo ok 1; echo ok 2; echo 1..2|2 0 0"
	"skips all, with a reason|echo 1..0 '# SKIP no KVM'|0 0 1"
	"one fails|echo 1..2; echo not ok 1 - a; echo ok 2 - b; exit 1|1 1 0"
	"one fails, and it says 0|echo 1..2; echo not ok 1 - a; echo ok 2 - b|1 1 0"
	"all pass, and it says 3|echo 1..1; echo ok 1; exit 3|1 1 0"
	"dies without a plan|exit 0|0 1 0"
	"dies after a test, without a plan|echo ok 1; exit 1|1 1 0"
	"dies with tests to go|echo 1..3; echo ok 1; kill -SEGV \$\$|1 1 0"
	"more than it planned|echo 1..1; echo ok 1; echo ok 2|2 1 0"
	"a number left out|echo 1..2; echo ok 1; echo ok 3|2 1 0"
	"several without a name|echo 1..2; echo ok 1; echo ok 2|2 0 0"
	"gives up|echo 1..1; echo ok 1; echo Bail out! no disk; exit 255|1 1 0"
	"a command that is not there|echo 1..1; no-such-command && echo ok 1|0 1 0"
)
plan "$((${#cases[@]} + 9))"

for c in "${cases[@]}"; do
	IFS='|' read -r title body expected <<<"$c"
	name=case
	test_of case "$body"
	run case
	# shellcheck disable=SC2086 # three numbers
	check "$title" judged $expected
done

# prove lets these two through.
test_of same 'echo 1..3; echo ok 1 - a; echo ok 2 - b; echo "ok 3 - a # SKIP no disk"'
run same
check "two tests of one name have failed, and it is told" bash -c '
	[[ $1 == "2 1 1" ]] && grep -q "^fail.*two tests of one name: a$" "$2"' - "$counted" "$work/results"
test_of mute 'echo "1..1"; echo "ok 1 - a # SKIP"'
run mute
check "skipped without a reason: failed" test "$counted" = "0 1 0"
check "that is said, and the reason of one that has some" bash -c '
	grep -q "^fail.*skipped without a reason: a$" "$1/results" &&
	printf "1..1\nok 1 - a # SKIP no disk\n" | awk -v name=n -f scripts/lib/tap.awk - | grep -qx "skip	n	no disk: a"' - "$work"

test_of loud 'echo 1..1; echo "# a reason"; echo aside >&2; echo "not ok 1 - a"; seq 1000'
run loud
check "what a failed one printed is shown and kept, all of it" bash -c '
	for f in "$1/said" "$(find "$1/logs" -name "loud.t.log")"; do
		grep -qx "# a reason" "$f" && grep -qx aside "$f" && grep -qx 1000 "$f" || exit
	done' - "$work"

# It ignores being told to end, and what it started is in another session.
test_of hangs 'trap "" TERM; echo 1..1; echo "# before"; setsid sleep 98765 & sleep 98765; sleep 98765'
run --limit 1 hangs
check "one that hangs has failed, and what it printed is there" bash -c '
	[[ $1 == "0 2 0" ]] && grep -qx "# before" "$2/said" && grep -q "out of time" "$2/results"' - "$counted" "$work"
check "and where its processes were" grep -q '^# .*sleep 98765' "$work/said"
check "and nothing is left of it" bash -c '! pgrep -f "sleep 9876[5]"'

test_of one 'echo 1..1; echo ok 1; sleep 98766 & exit 0'
run one
check "what one left running is ended with it" bash -c '[[ $1 == "1 0 0" ]] && ! pgrep -f "sleep 9876[6]"' - "$counted"

for n in a b c; do
	test_of $n "trap 'echo ended >$work/$n.ended; exit' TERM; echo 1..1; echo x >$work/$n.began; sleep 98767 & wait"
done
scripts/run-tests -j2 --logs "$work/logs" "$work"/[abc].t >"$work/said" 2>&1 &
pid=$!
for _ in $(seq 600); do
	[[ ! -s $work/a.began || ! -s $work/b.began ]] || break
	sleep 0.1
done
kill -TERM $pid
wait $pid
status=$?
check "told to end it ends its tests, and begins no more" bash -c '
	[[ $2 == 143 && -s $1/a.ended && -s $1/b.ended && ! -e $1/c.began ]] && ! pgrep -f "sleep 9876[7]"' - "$work" $status
ktap_end
