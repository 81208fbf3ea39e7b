#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/check itself, over tests made for it: what it says at its end, its exit status, and that
# Ctrl-C leaves nothing running.
# shellcheck disable=SC2016 # scripts are for others
set -uo pipefail

cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.." || exit 1
. tests/lib/ktap.sh
exec </dev/null
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
KTAP_SHOW=("$work/said")
export CHECK_LOGS=$work/logs

# test_of NAME BODY
test_of()
{
	printf '#!/bin/bash\n%s\n' "$2" >"$work/$1.t"
	chmod +x "$work/$1.t"
}

test_of good 'echo 1..2; echo ok 1 - a; echo "ok 2 - b # SKIP no such device"'
test_of bad 'echo 1..2; echo "# the reason"; echo not ok 1 - a; echo ok 2 - b'
test_of dead 'exit 0'
test_of stays "trap 'echo ended >$work/ended; exit' TERM; echo 1..1; echo x >$work/began; sleep 98768 & wait"

plan 9
scripts/check "$work/good.t" >"$work/said" 2>&1
status=$?
check "all passed: 0" test $status = 0
check "the count is the last line, alone" test "$(tail -n 1 "$work/said")" = "1 passed, 0 failed, 1 skipped"
check "a skip's reason is told" grep -q 'skipped: .*good.t: no such device: b$' "$work/said"

scripts/check "$work"/{bad,dead,good}.t >"$work/said" 2>&1
status=$?
check "one failed, one died without a plan: 1" test $status = 1
check "both are counted" test "$(tail -n 1 "$work/said")" = "2 passed, 2 failed, 1 skipped"
check "and told, with what the first had printed" bash -c '
	grep -qx "# the reason" "$1" && grep -q "FAILED: .*bad.t: not ok 1 - a$" "$1" && grep -q "FAILED: .*dead.t: no plan" "$1"' - "$work/said"

scripts/check tests/e2e/no-such.t >"$work/said" 2>&1
status=$?
check "no such test: told at once, in one line, and 2" bash -c '
	[[ $1 == 2 && $(wc -l <"$2") == 1 ]] && grep -q "no test tests/e2e/no-such.t" "$2"' - $status "$work/said"

# As from a terminal: to all of its process group. env, since what is begun in the background ignores it.
env --default-signal=INT setsid scripts/check "$work/stays.t" "$work/good.t" >"$work/said" 2>&1 &
pid=$!
for _ in $(seq 6000); do
	[[ ! -s $work/began ]] || break
	sleep 0.1
done
kill -INT -- -$pid
wait $pid
status=$?
check "Ctrl-C: 130, and the test was told to end" bash -c '[[ $1 == 130 && -s $2/ended ]]' - $status "$work"
check "and nothing is left running" bash -c '! pgrep -af "sleep 9876[8]" && ! ps -s "$1" -o stat=,args= | grep -v ^Z' - $pid
ktap_end
