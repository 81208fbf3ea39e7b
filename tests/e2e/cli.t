#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input to the tool, without hosts: each gets the right exit status, one line
# on stderr that says what is wrong, nothing on stdout, and leaves nothing behind.
# Needs no libvirtd (libvirt's test driver lives in the process) and no root,
# without which what is about rights is skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
M=${MIGTRACE:-$PWD/$B/migtrace}
top=$PWD
R=${MIGTRACE_RESEARCH:-$PWD/$B/migtrace-research}
. tests/lib/ktap.sh

dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-cli.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$dir/home" "$dir/files"
cd "$dir/files" || exit 1
export HOME=$dir/home XDG_RUNTIME_DIR=$dir/home XDG_CACHE_HOME=$dir/home XDG_CONFIG_HOME=$dir/home LC_ALL=C
export MIGTRACE_LEARNED=none	# what this host has learned is nothing to a test
unset LIBVIRT_DEFAULT_URI
plan

listing() { find . -mindepth 1 -printf '%p %s %T@\n' | sort; }

# run COMMAND...: sets RC; output in $dir/out and $dir/err, complaints in $WHY
run() {
	local before after
	before=$(listing)
	timeout 600 "$@" >"$dir/out" 2>"$dir/err" </dev/null
	RC=$?
	after=$(listing)
	WHY=
	[ "$before" = "$after" ] || WHY="files changed: $(diff <(echo "$before") <(echo "$after") | grep '^[<>]')"
}

want() {
	local what=$1
	shift
	"$@" || WHY="$WHY${WHY:+; }$what"
}

one_line() { [ "$(wc -l <"$dir/err")" = 1 ] && [[ $(<"$dir/err") == "${M##*/}: "* ]]; }
says() { grep -Eqi -- "$1" "$dir/err"; }
# replay's table has its header whatever becomes of the files.
silent() { [ "$(wc -l <"$dir/out")" -le "${HEADER:-0}" ]; }

judged() {
	[ -z "$WHY" ]
	result $? "$1"
	[ -z "$WHY" ] || note "$WHY; exit $RC; stderr: $(cat "$dir/err")"
}

# refused NAME EXIT PATTERN ARGUMENT...
refused() {
	local name=$1 exit=$2 pattern=$3
	shift 3
	run ${AS[@]+"${AS[@]}"} "$M" "$@"
	want "exit status $exit wanted" [ "$RC" = "$exit" ]
	want "one line wanted" one_line
	want "\"$pattern\" wanted" says "$pattern"
	want "nothing on stdout wanted" silent
	judged "$name: exit $exit"
}

# partly NAME PATTERN ARGUMENT...: shows what there is, and complains in one line
partly() {
	local name=$1 pattern=$2
	shift 2
	run "$M" "$@"
	want "exit status 1 wanted" [ "$RC" = 1 ]
	want "one line wanted" one_line
	want "\"$pattern\" wanted" says "$pattern"
	want "something on stdout wanted" [ -s "$dir/out" ]
	judged "$name: exit 1, and what there is"
}

# works NAME PATTERN ARGUMENT...
works() {
	local name=$1 pattern=$2
	shift 2
	run "$M" "$@"
	want "exit status 0 wanted" [ "$RC" = 0 ]
	want "\"$pattern\" on stdout wanted" grep -Eq -- "$pattern" "$dir/out"
	want "nothing on stderr wanted" [ ! -s "$dir/err" ]
	judged "$name"
}

T=test:///default
NOBODY_THERE="qemu+unix:///system?socket=$dir/home/nobody-listens"
MB=1048576

# --- recordings: good and bad ---------------------------------------------------
header='{"type":"header","schema":1,"domain":"guest","uuid":"28158a57-89db-4e62-890f-5e7c0a3d7ee8","mode":"observe","start_wall_ms":1700000000000,"start_t_ns":1000,"limits":{"postcopy_allowed":false}}'
{
	echo "$header"
	for i in 1 2 3 4; do
		echo "{\"type\":\"sample\",\"t_ns\":${i}000000000,\"status\":\"active\",\"boundary\":true,\"total_ms\":${i}000,\"iteration\":$i,\"memory_bytes\":$((256 * MB)),\"remaining_bytes\":$(((5 - i) * 20 * MB)),\"transferred_bytes\":$((i * 40 * MB)),\"page_size_bytes\":4096}"
	done
	echo '{"type":"outcome","t_ns":5000000000,"outcome":"failed","detail":"for the test"}'
} >good.jsonl
zstd -q good.jsonl -o good.mtrec
sed 's/"schema":1/"schema":99/' good.jsonl | zstd -q >future.mtrec
# A frame a line: so each line is whole before the next begins, as when a writer flushes.
while read -r line; do echo "$line" | zstd -q; done <good.jsonl >flushed.mtrec
head -c $(($(stat -c %s flushed.mtrec) - 8)) flushed.mtrec >cut.mtrec
{ head -n 3 good.jsonl; printf '{"type":"sample","t_ns":4000'; } | zstd -q >halfline.mtrec
{ head -n 2 good.jsonl; echo 'this is no JSON'; tail -n 2 good.jsonl; } | zstd -q >broken.mtrec
tail -n +2 good.jsonl | zstd -q >headless.mtrec
: >empty.mtrec
printf '' | zstd -q >nothing.mtrec
echo 'dear diary' >text.mtrec
gzip -c good.jsonl >gzip.mtrec
head -c 4096 /dev/urandom >random.mtrec
echo '[{"a":1}]' >other.json
echo '{"return":' >half.json
mkdir directory.mtrec

# The same guest, which sends 200 MiB/s meanwhile.
{
	head -n 1 good.jsonl
	for i in 1 2 3 4; do
		echo "{\"type\":\"work\",\"t_ns\":${i}000000000,\"start_ns\":$(((i - 1) * 1000000000)),\"net_sent_bytes\":$((200 * MB)),\"net_received_bytes\":$MB,\"cpu_ns\":300000000,\"vcpus\":1}"
		sed -n "$((i + 1))p" good.jsonl
	done
	tail -n 1 good.jsonl
} | zstd -q >sends.mtrec

# A profile of a guest that dirties 8 MiB/s of 64 MiB, and one that dirties more than a link of 40 MiB/s carries.
profile() {
	echo "${header/'"guest"'/"\"$1\""}"
	for ms in 10 100 1000 10000; do
		awk -v ms=$ms -v rate="$2" -v pages=16384 'BEGIN {
			u = pages * (1 - exp(-rate * ms / 1000 / pages))
			printf "{\"type\":\"curve\",\"t_ns\":11000000000,\"window_ms\":%d,\"windows\":9,\"mean_pages\":%f,\"p10_pages\":%f,\"p50_pages\":%f,\"p90_pages\":%f}\n", ms, u, 0.9 * u, u, 1.1 * u }'
	done
	echo '{"type":"profile","t_ns":11000000000,"duration_ns":10000000000,"windows":9,"mw_pages":16384,"mw_lower_bound":false}'
	echo "{\"type\":\"guest\",\"t_ns\":11000000000,\"memory_bytes\":$((256 * MB)),\"vcpus\":1,\"nonzero_bytes\":$((128 * MB)),\"cpu_share\":0.5}"
}
head -n 2 good.jsonl | zstd -q >halfpass.mtrec
profile quiet 2048 | zstd -q >quiet.mtrec
profile busy 30000 | zstd -q >busy.mtrec
profile unknown 2048 | grep -v '"guest","t_ns"' | zstd -q >unsized.mtrec
echo '{"type":"learned","schema":99}' >future.json
echo '{"type":"learned","schema":1,"figures":{"precopy":{"setup_ms":100}},"residuals":[{"model":"recurrence/1","method":"precopy","metric":"total_ms","n":42,"p10":-1,"p50":0,"p90":1}]}' >learned.json


# --- which command -----------------------------------------------------------------
refused "no such command" 2 'unknown command "frobnicate"' frobnicate
refused "an option where the command belongs" 2 'command comes before' --frobnicate
for command in doctor guard history hot list migrate plan predict pull record release replay report simulate status top tournament train; do
	refused "$command: unknown option" 2 'unknown.*--frobnicate.*--help' "$command" --frobnicate
	refused "$command: unknown letter" 2 'unknown option -Z' "$command" -Z
	works "$command: help" "^Usage: migtrace $command" "$command" --help
done
for command in campaign check evaluate; do
	M=$R refused "research, $command: unknown option" 2 'unknown.*--frobnicate.*--help' "$command" --frobnicate
	M=$R works "research, $command: help" "^Usage: migtrace-research $command" "$command" --help
	refused "$command is no command of the tool" 2 "unknown command \"$command\"" "$command"
done
M=$R refused "research, evaluate: one question at a time" 2 'only one of' \
	evaluate --working-set --ordering idle:
M=$R refused "research, evaluate: no guest" 2 'which campaign' evaluate --working-set
M=$R refused "research, evaluate: a pattern that is none" 1 'region' \
	evaluate --ordering uniform:region=x
M=$R works "research, evaluate: working sets of a pattern" '^two-level  *pattern' \
	evaluate --working-set uniform:region=1M,rate=500
M=$R works "research, evaluate: working sets of a recording" '^improved  *recorded' \
	evaluate --working-set "$OLDPWD/tests/data/pagesets/sqlite-20.mtrec"
M=$R refused "research, evaluate: a directory of no campaign" 1 'cannot read .*spec.ini' \
	evaluate --ordering "$OLDPWD/tests"
M=$R works "research, evaluate: a disk first read" '^busy log  *ordered' evaluate --disk
M=$R works "research, evaluate: orders of a pattern" '^improved-handed  *wan' \
	evaluate --ordering uniform:region=1M,rate=500
run "$M"
want "exit status 2 wanted" [ "$RC" = 2 ]
want "usage on stderr wanted" says '^Usage: migtrace COMMAND'
want "nothing on stdout wanted" silent
judged "no command: usage, exit 2"
works "the tool says its version" '^migtrace [0-9]' --version
works "the tool says how it is used" '^Usage: migtrace COMMAND' --help
M=$R works "research: version" '^migtrace-research [0-9]' --version
M=$R works "research: help" '^Usage: migtrace-research COMMAND' --help

# --- arguments -----------------------------------------------------------------------
refused "record without a domain" 2 'DOMAIN' record -o x.mtrec
refused "record without a file" 2 '-o FILE' record guest
refused "record into a file without a name" 2 'file name' record guest -o ''
refused "record with an option that lacks its value" 2 '--output needs a value' record guest -o
refused "report without a file" 2 'FILE' report
refused "report with two files" 2 'good.mtrec' report cut.mtrec good.mtrec
refused "replay without a file" 2 'FILE' replay
M=$R refused "evaluate without a file" 2 'FILE' evaluate --one-step
M=$R refused "evaluate: a file is no campaign" 1 'good.mtrec/runs.jsonl: Not a directory; a campaign' evaluate good.mtrec
M=$R refused "evaluate: two kinds at once" 2 'only one of .* at a time' evaluate --live --verdicts good.mtrec
M=$R refused "evaluate: rows of verdicts by workload" 2 'by-workload' evaluate --verdicts --by-workload good.mtrec
refused "migrate without a destination" 2 'DESTURI' migrate guest
refused "migrate with too much" 2 'third' migrate guest $T third
refused "list with an argument" 2 'guest' list guest
refused "history: no such part" 2 '"frob" is none of list, show' history frob
refused "history: list with an argument" 2 'list takes no further argument' history list x
refused "history: show without a number" 2 'show takes the number' history show
refused "history: compare by something else" 2 'by policy, method, source' history compare size 1 2
refused "history: no such outcome" 2 '--outcome good: there are unknown, completed' history --outcome good
refused "history: no such time" 2 'neither a time such as' history --since yesterday
refused "history: no such day" 2 'neither a time such as' history --since 2026-02-31x
refused "history: a prune of nothing" 2 'prune wants' history prune
refused "history: no address" 1 'a history is a file' history -d mysql://h/d
refused "history: no history" 1 'none.db is not there: migtrace history import' history -d none.db
refused "doctor with an argument" 2 'guest' doctor guest
refused "a flag with a value" 2 'takes no value|unknown' list --all=yes
for command in doctor list; do
	refused "$command: unknown format" 2 'yaml' "$command" -f yaml
done
refused "replay: unknown policy" 2 'unknown policy "best"' replay good.mtrec --policy best
refused "migrate: unknown policy" 2 'best' migrate guest $T --policy best
refused "record: unknown source" 2 'perf.*kmod.*libvirt' record guest -o x.mtrec --source perf
refused "migrate: unknown source" 2 'perf.*kmod.*libvirt' migrate guest qemu:///system --source perf
for value in 0ms 2s 1 -1ms; do
	refused "record: a tick of $value" 2 '--tick' record guest -o x.mtrec --tick="$value"
done
refused "top: unknown source" 2 'perf' top --source perf
refused "top: what QEMU measures has no ticks" 2 'libvirt' top --source libvirt
for value in 0s 99ms 2h; do
	refused "top: an interval of $value" 2 '--interval is 100ms to 1h' top --interval "$value"
done
refused "top: a malformed count" 2 '--count' top --count many
refused "record: unknown mode" 2 'guesswork' record guest -o x.mtrec --mode guesswork
refused "migrate: a profile that is not there" 1 'nowhere.mtrec' migrate test "$NOBODY_THERE" -c $T --profile nowhere.mtrec
refused "migrate: a profile of another guest" 1 'quiet.mtrec.*another guest' migrate test "$NOBODY_THERE" -c $T --profile quiet.mtrec
refused "migrate: methods that are not known" 2 'smoke.*precopy' migrate guest $T --methods smoke
refused "migrate: methods without a profile" 2 '--profile.*--bandwidth' migrate guest $T --methods precopy
refused "migrate: methods, and one besides" 2 'do not go with it' migrate guest $T --methods precopy,xbzrle --auto-converge
refused "migrate: a flip is no method to begin with" 2 "policy's to decide" \
	migrate guest $T --methods precopy,hybrid --profile quiet.mtrec --bandwidth 1GiB/s
refused "migrate: post-copy with parallel connections" 1 'post-copy.*parallel' migrate test "$NOBODY_THERE" -c $T --postcopy --parallel 2

# --- values --------------------------------------------------------------------------
for value in '' 12abc -5s 99999999999999999999s 300 '3 s' 1e3s 0x10s s .5s 5.s '1s ' 10MiB 1d +1s 0.1ms; do
	refused "duration \"$value\"" 2 '--duration' record guest -o x.mtrec --duration="$value"
done
for value in 0s 999ms 61min; do
	refused "a profile of $value" 2 '--duration is 1s to 1h' record guest -o x.mtrec --duration "$value"
done
for value in 0ms 9ms 11s; do
	refused "an interval of $value" 2 '--interval is 10ms to 10s' record guest -o x.mtrec --interval "$value"
done
for value in '' 40 40MiB -1MiB/s 12abc 99999999999999999999MiB/s 40mib/s 40MiB/min 'MiB/s' '40 MiB/s'; do
	refused "rate \"$value\"" 2 '--bandwidth' migrate guest $T --bandwidth="$value"
done
for option in max-downtime deadline timeout stall-timeout; do
	refused "migrate: $option without unit" 2 "--$option.*unit" migrate guest $T --$option 300
	refused "replay: $option without unit" 2 "--$option.*unit" replay good.mtrec --$option 300
done
for option in max-downtime deadline stall-timeout; do
	refused "migrate: $option of nothing" 2 "--$option.*out of range: 1 ms" migrate guest $T --$option 0ms
	refused "replay: $option of nothing" 2 "--$option.*out of range: 1 ms" replay good.mtrec --$option 0ms
done
# A warning comes before anything is asked of libvirt.
warned() {
	local name=$1 pattern=$2
	shift 2
	run "$M" migrate test "$NOBODY_THERE" -c $T "$@"
	want "exit status 1 wanted" [ "$RC" = 1 ]
	want "\"$pattern\" wanted" says "$pattern"
	judged "$name"
}
warned "migrate: a pause with no room for a stop" 'max_downtime 100 ms is not more than fixed 120 ms' --max-downtime 100ms
warned "migrate: a policy that does not heed the pause" 'stop-and-copy does not heed max_downtime' --policy stop-and-copy
warned "migrate: a policy by its former name" 'stop-and-copy does not heed max_downtime' --policy psc
warned "migrate: nor the deadline" 'ihm does not heed the deadline' --policy ihm --deadline 10min
for command in migrate replay simulate tournament; do
	works "$command --help says what policies do not heed" '^  stop-and-copy .*does not heed max_downtime, deadline' $command --help
done
refused "a timeout of more than a week" 2 '--timeout.*168 h.*, or none' migrate guest $T --timeout 169h
refused "the largest number is no limit" 2 '--deadline.*out of range' migrate guest $T --deadline 18446744073709551615ms
refused "no pause at all" 2 '--max-downtime' migrate guest $T --max-downtime 0ms
for value in '' -1 two 1.5 256 99999999999999999999; do
	refused "parallel connections \"$value\"" 2 '--parallel' migrate guest $T --parallel="$value"
done

for value in '' -1 two 1.5 1001; do
	refused "passes \"$value\"" 2 '--passes' migrate guest $T --policy passes --passes="$value"
done
refused "policy passes without a number" 2 '--passes' migrate guest $T --policy passes
refused "a number without policy passes" 2 '--policy passes' migrate guest $T --passes 2
refused "a flip at once that is not allowed" 2 '--postcopy' migrate guest $T --policy passes --passes 0
refused "an unknown compression" 2 'xbzrle, mt or zstd' migrate guest $T --compression lzo
refused "a cache without xbzrle" 1 'xbzrle' migrate test "$NOBODY_THERE" -c $T --xbzrle-cache 64MiB
refused "a level without mt" 1 'compression by mt' migrate test "$NOBODY_THERE" -c $T --compression xbzrle --compress-level 3
refused "compression on parallel connections" 1 'compression.*parallel' migrate test "$NOBODY_THERE" -c $T --compression mt --parallel 2
refused "zstd on one connection" 1 'parallel connections' migrate test "$NOBODY_THERE" -c $T --compression zstd
refused "a throttle without auto-converge" 1 'auto-converge' migrate test "$NOBODY_THERE" -c $T --throttle-initial 50

# --- campaigns -------------------------------------------------------------------------
printf '[campaign]\nwhere = x\ncolour = red\n' >bad.ini
M=$R refused "campaign without a specification" 2 'SPEC' campaign -o out
M=$R refused "campaign without a directory" 2 '-o DIR' campaign bad.ini
M=$R refused "campaign: no such specification" 1 'nowhere.ini.*No such file' campaign nowhere.ini -o out
M=$R refused "campaign: a key that is none" 1 ':3: unknown key colour' campaign <(head -n 3 bad.ini; printf 'up = u\nstart = s\nstop = s\nlink = l\nwatch = w\n') -o out
M=$R works "campaign: a plan" '^[0-9]+ migrations of [0-9]+ guests' campaign -n "$OLDPWD/tests/data/campaign/machine.ini"

# --- recordings ------------------------------------------------------------------------
works "a good recording is reported" 'for the test' report good.mtrec
works "what kind of work it did is reported" 'network-out: .*receives 1.0 MiB/s, sends 200.0 MiB/s.*CPU 30 %' report sends.mtrec
works "a report as a page" '<h1>Migration of guest</h1>' report -f html good.mtrec
works "a page has a picture of its passes" '<svg .*aria-labelledby="ttimeline' report -f html good.mtrec
sed '1s|"domain":"guest"|"domain":"<img src=x onerror=alert(1)>\\u202e"|' good.jsonl | zstd -q >tenant.mtrec
run "$M" report -f html tenant.mtrec
want "exit status 0 wanted" [ "$RC" = 0 ]
want "the name escaped" grep -q 'Migration of &lt;img src=x onerror=alert(1)&gt;?' "$dir/out"
want "no element of the tenant's" [ "$(grep -c '<img' "$dir/out")" = 0 ]
want "no script, nothing fetched" [ "$(grep -cE '<script|<link|url\(|src="' "$dir/out")" = 0 ]
judged "a page obeys no tenant"
works "one plot" '<svg ' report -f svg good.mtrec
refused "a plot that is none" 2 'no such plot; there are timeline, rates, curve, total, pause' report -f svg --plot colours good.mtrec
refused "a plot of nothing" 1 'good.mtrec: has nothing to plot of curve' report -f svg --plot curve good.mtrec
refused "a page where there is none" 2 'unknown format .html.; use text, json or csv' list -f html
works "replay sees the same kind of work" 'walm +flip .*network-out: .*sends 200.0 MiB/s.*post-copy' replay sends.mtrec --policy walm --postcopy
H="-d $dir/home/h.db"
works "recordings become a history" 'good.mtrec +1$' history $H import good.mtrec sends.mtrec
works "the history lists them" 'guest .*4.0 s' history $H
works "history: JSON" '"guest":"guest"' history $H -f json --guest guest --last 1
works "history: a migration by its number" '^guest +guest$' history $H show \
	"$("$M" history $H -f csv --last 1 | sed -n '2s/,.*//p')"
works "history: compared" "total_ms +guest +" history $H compare guest guest guest
works "history: nothing of a later time" '^number' history $H --since 1h
refused "history: no such number" 1 'no migration of the history has a number' history $H show fff
partly "history: one file of two is none" 'text.mtrec' history $H import good.mtrec text.mtrec
works "history: all but the newest go" '^ *0$' history $H prune --keep 5
works "a good recording is replayed" 'predict' replay good.mtrec
works "replay: a policy by its former name" 'stop-and-copy' replay good.mtrec --policy psc
for command in report replay; do
	[ $command = report ] || HEADER=1
	refused "$command: not there" 1 'nowhere.mtrec.*No such file' $command nowhere.mtrec
	refused "$command: a directory" 1 'directory' $command directory.mtrec
	refused "$command: empty" 1 'empty.mtrec' $command empty.mtrec
	refused "$command: a stream of nothing" 1 'nothing.mtrec' $command nothing.mtrec
	refused "$command: text" 1 'text.mtrec.*recording' $command text.mtrec
	refused "$command: gzip" 1 'gzip.mtrec' $command gzip.mtrec
	refused "$command: random bytes" 1 'random.mtrec' $command random.mtrec
	refused "$command: other JSON" 1 'other.json' $command other.json
	refused "$command: half of a JSON" 1 'half.json' $command half.json
	refused "$command: without its header" 1 'headless.mtrec' $command headless.mtrec
	refused "$command: broken in its middle" 1 'broken.mtrec.*3' $command broken.mtrec
	refused "$command: from the future" 1 'future.mtrec.*(99|newer|later)' $command future.mtrec
	partly "$command: cut short" 'cut.mtrec.*early' $command cut.mtrec
	partly "$command: cut within a line" 'halfline.mtrec.*early' $command halfline.mtrec
done
M=$R refused "evaluate: not there" 1 'nowhere.mtrec.*No such file' evaluate --one-step nowhere.mtrec
M=$R refused "evaluate: a live migration that is not there" 1 'nowhere.mtrec.*No such file' evaluate --live nowhere.mtrec
M=$R refused "evaluate: verdicts on text" 1 'text.mtrec.*recording' evaluate --verdicts text.mtrec
M=$R refused "evaluate: text" 1 'text.mtrec.*recording' evaluate --one-step text.mtrec
HEADER=0
partly "replay: one of two is bad" 'text.mtrec' replay good.mtrec text.mtrec

# --- forecasts ---------------------------------------------------------------------------
works "report: the guest of a profile" '^memory +256.0 MiB, 128.0 MiB of it not empty; 1 vCPU, 50 % busy' report quiet.mtrec
refused "predict: nothing to predict" 2 'DOMAIN or FILE' predict
refused "predict: two guests" 2 'busy.mtrec' predict quiet.mtrec busy.mtrec
refused "predict: no bandwidth" 2 '--bandwidth RATE' predict quiet.mtrec
refused "predict: no bandwidth of a guest, before it is profiled" 2 '--bandwidth RATE' predict test -c $T
for value in '' 40 0MiB/s 40MiB/s, ,40MiB/s '40MiB/s 80MiB/s' -1MiB/s; do
	refused "predict: bandwidth \"$value\"" 2 '--bandwidth' predict quiet.mtrec --bandwidth="$value"
done
for value in '' 300 0ms 1s, 1s,x; do
	refused "predict: a pause of \"$value\"" 2 '--max-downtime' predict quiet.mtrec --bandwidth 40MiB/s --max-downtime="$value"
done
refused "predict: unknown method" 2 'teleport.*precopy.*multifd' predict quiet.mtrec --bandwidth 40MiB/s --method precopy,teleport
refused "predict: unknown model" 2 'prophecy.*recurrence' predict quiet.mtrec --bandwidth 40MiB/s --model prophecy
refused "predict: a model that does not cover the method" 1 'covers' predict quiet.mtrec --bandwidth 40MiB/s --model nathan --method postcopy
refused "predict: how large the guest is is not known" 1 'unsized.mtrec|unknown.*--memory' predict unsized.mtrec --bandwidth 40MiB/s
refused "predict: an assumed guest without its size" 2 '--memory' predict --dirty-rate 1MiB/s --bandwidth 40MiB/s
refused "predict: a guest that is both" 2 'assumed' predict quiet.mtrec --dirty-rate 1MiB/s --memory 1GiB --bandwidth 40MiB/s
refused "predict: a working set larger than the memory" 1 'working-set' predict --dirty-rate 1MiB/s --memory 1GiB --working-set 2GiB --bandwidth 40MiB/s
refused "predict: nobody's profile" 2 '--record' predict quiet.mtrec --bandwidth 40MiB/s --record x.mtrec
refused "predict: a migration without a finished pass" 1 'halfpass.mtrec.*profile.*pass' predict halfpass.mtrec --bandwidth 40MiB/s
refused "predict: a hypervisor that cannot measure" 1 'test.*measure' predict test -c $T --bandwidth 40MiB/s
refused "predict: no such domain" 1 'nobody' predict nobody -c $T --bandwidth 40MiB/s
refused "predict: what was learned is not there" 1 'nowhere.json' predict quiet.mtrec --bandwidth 40MiB/s --learned nowhere.json
refused "predict: what was learned is from the future" 1 'future.json.*later' predict quiet.mtrec --bandwidth 40MiB/s --learned future.json
refused "predict: what was learned is a recording" 1 'good.mtrec.*--save' predict quiet.mtrec --bandwidth 40MiB/s --learned good.mtrec
works "predict: a profile" '^precopy .* (9[0-9]|100) %' predict quiet.mtrec --bandwidth 40MiB/s
works "predict: its inputs stand above" '^quiet: 256.0 MiB of memory, 128.0 MiB of it not empty; 1 vCPU, 50 % busy' predict quiet.mtrec --bandwidth 40MiB/s
works "predict: the working set" 'M_w 64.0 MiB' predict quiet.mtrec --bandwidth 40MiB/s
works "predict: a migration, at its own bandwidth" '^precopy .* 40.0 MiB/s' predict good.mtrec
works "predict: what was learned" '^learned from 42 migrations' predict quiet.mtrec --bandwidth 40MiB/s --learned learned.json
MIGTRACE_LEARNED=$dir/files/learned.json works "predict: what this host has learned counts without being asked for" '^learned from 42 migrations' \
	predict quiet.mtrec --bandwidth 40MiB/s
MIGTRACE_LEARNED=$dir/files/learned.json works "predict: or not, as asked" '^learned from [0-9]+ migrations on other hosts' \
	predict quiet.mtrec --bandwidth 40MiB/s --learned none
MIGTRACE_LEARNED=$dir/files/future.json run "$M" predict quiet.mtrec --bandwidth 40MiB/s
want "a forecast by what is built in" grep -Eq '^learned from [0-9]+ migrations on other hosts' "$dir/out"
want "one line that says why" says 'future.json.*later.*built in'
judged "predict: what a later version has learned is passed over, and said"
works "predict: does not end is an answer" '^precopy at 40.0 MiB/s with a limit of 300 ms does not end: to end it needs .* MiB/s, or a limit of' \
	predict busy.mtrec --bandwidth 40MiB/s --method precopy,postcopy
works "predict: nor is too late" 'to finish within 2.0 s it needs' predict quiet.mtrec --bandwidth 40MiB/s --deadline 2s
works "predict: an assumed guest" '^assumed: 8.0 GiB' predict --dirty-rate 200MiB/s --memory 8GiB --bandwidth 1GiB/s,10GiB/s
# json NAME FILTER ARGUMENT...
json() {
	local name=$1 filter=$2
	shift 2
	run "$M" "$@" -f json
	want "exit status 0 wanted" [ "$RC" = 0 ]
	want "nothing on stderr wanted" [ ! -s "$dir/err" ]
	want "$filter wanted" jq -e "$filter" "$dir/out" >/dev/null
	judged "$name"
}
json "predict: a row for each method, bandwidth and limit" 'length == 7 * 2 * 3 and all(.guest == "quiet" and .curve_origin == "kernel" and .curve_windows == 9)' \
	predict quiet.mtrec --bandwidth 40MiB/s,80MiB/s --max-downtime 100ms,300ms,1s
json "predict: 128 MiB over 40 MiB/s take 3.2 s and more" '.[0] | .ends and .total_p10_ms <= .total_p50_ms and .total_p50_ms <= .total_p90_ms and .total_p50_ms > 3200 and .total_p50_ms < 5000' \
	predict quiet.mtrec --bandwidth 40MiB/s --method precopy
json "predict: and half as long over twice the link" '.[0].total_p50_ms > 1.7 * .[1].total_p50_ms' predict quiet.mtrec --bandwidth 40MiB/s,80MiB/s --method precopy
json "predict: what does not end has no figures, but what it needs" '.[0] | (.ends | not) and .total_p50_ms == null and .needed_bandwidth_bytes_per_s > 40 * 1048576' \
	predict busy.mtrec --bandwidth 40MiB/s --method precopy
needed=$("$M" predict busy.mtrec --bandwidth 40MiB/s --method precopy -f json | jq '.[0].needed_bandwidth_bytes_per_s * 1.02 | round')
json "predict: and with that it does end" '.[0].ends' predict busy.mtrec --bandwidth "${needed}B/s" --method precopy
json "predict: baselines" 'map(.model) == ["recurrence/1", "nathan/1", "once/1"]' predict quiet.mtrec --bandwidth 40MiB/s --method precopy --model recurrence,nathan,once

refused "release: nobody" 2 'which DOMAIN' release
refused "release: one and all" 2 'not both' release test --all
refused "release: two" 2 'argument' release test other
refused "release: cannot connect" 1 'nobody-listens' release test -c "$NOBODY_THERE"
refused "hot: nobody" 2 'argument' hot
refused "hot: more looks than are remembered" 2 'looks' hot test --looks 9
refused "hot: no process" 1 'no process here runs the guest test' hot test -c $T
refused "pull: more than all" 2 'share' pull test --share 101
refused "pull: no threads" 2 'threads' pull test --threads 0
refused "pull: a file that is not there" 1 'nowhere: No such file' pull test -c $T --hot "$dir/nowhere"
refused "pull: not in post-copy" 1 'is not in post-copy: nothing to pull' pull test -c $T --hot /dev/null
refused "pull: no such guest" 1 'no flip to post-copy in sight' pull nobody -c $T --hot /dev/null --wait 50ms
refused "migrate: an agent without post-copy" 2 'for flips: give --postcopy' migrate test "$NOBODY_THERE" -c $T --pull true
refused "guard: a name" 2 'domuuid' guard test
refused "guard: a descriptor that is not there" 2 'parent-fd 77' guard --parent-fd 77
export MIGTRACE_RUN_DIR=$dir/run
works "release: a guest" 'hands off its next migration, none is under way; migtrace release test --undo' release test -c $T
works "release: and back, for one guest" 'may be steered again' release test --undo -c $T
works "release: all" 'hands off all migrations here' release --all -c $T
works "release: and back, for all" 'may be steered again' release --all --undo -c $T
run "$M" guard
want "exit status 0 wanted" [ "$RC" = 0 ]
want "nothing on stderr wanted" [ ! -s "$dir/err" ]
judged "guard: nobody to look after, nothing to say"
unset MIGTRACE_RUN_DIR

refused "plan: nobody" 2 'DOMAIN or FILE' plan --link 40MiB/s
refused "plan: no link" 2 '--link RATE' plan quiet.mtrec
refused "plan: a link that carries nothing" 2 '--link' plan quiet.mtrec --link 0MiB/s
refused "plan: all and some" 2 '--all' plan quiet.mtrec --all --link 40MiB/s
refused "plan: too many at once" 2 '--parallel' plan quiet.mtrec --link 40MiB/s --parallel 5
refused "plan: none at once" 2 '--parallel' plan quiet.mtrec --link 40MiB/s --parallel 0
refused "plan: no time at all" 2 '--deadline' plan quiet.mtrec --link 40MiB/s --deadline 0s
refused "plan: post-copy that is not allowed" 2 '--postcopy' plan quiet.mtrec --link 40MiB/s --method postcopy
refused "plan: one guest twice" 1 'quiet.mtrec and quiet.mtrec are the same guest' plan quiet.mtrec quiet.mtrec --link 40MiB/s
refused "plan: one of them is not there" 1 'nowhere.mtrec.*No such file' plan quiet.mtrec nowhere.mtrec --link 40MiB/s
refused "plan: a hypervisor that cannot measure" 1 'measure' plan test -c $T --link 40MiB/s
refused "plan: cannot connect" 1 'nobody-listens' plan --all --link 40MiB/s -c "$NOBODY_THERE"
works "plan: who goes" '^1 +quiet +precopy' plan quiet.mtrec busy.mtrec --link 40MiB/s --method precopy
works "plan: who stays, and why" '^busy stays: does not end at 40.0 MiB/s with a limit of 300 ms; it needs .* or post-copy' plan quiet.mtrec busy.mtrec --link 40MiB/s --method precopy
json "plan: one moved, one left" 'length == 2 and .[0].moved and .[0].guest == "quiet" and .[1].why_left == "no-end" and all(.exact)' \
	plan busy.mtrec quiet.mtrec --link 40MiB/s --method precopy
json "plan: post-copy takes both, one after the other" 'all(.moved) and .[1].start_ms >= .[0].start_ms and all(.end_ms <= .end_p90_ms)' \
	plan busy.mtrec quiet.mtrec --link 40MiB/s --postcopy
json "plan: no time for both" '[.[] | select(.moved)] | length == 1' plan busy.mtrec quiet.mtrec --link 40MiB/s --postcopy --deadline 5s
works "plan: CSV" '^quiet,true,1,precopy' plan quiet.mtrec --link 40MiB/s --method precopy -f csv

# --- simulations -----------------------------------------------------------------------
P=uniform:region=64M,rate=2000/s
run "$M" simulate "$top/tests/data/campaign/programs/profiles/p512-idle.mtrec" --bandwidth 40MiB/s
want "an end" grep -q ' converged ' "$dir/out"
want "what was fitted" says 'classes of pages fitted'
judged "simulate: a profile by QEMU says how large its guest is"
works "simulate: a pattern" 'converged' simulate $P --link 100MiB/s
works "simulate: passes, as CSV" '^trace,method,policy,.*,pass,start_ms,duration_ms' simulate $P --link 100MiB/s --passes -f csv
works "simulate: each with each, as JSON" '"method":"postcopy".*"end":"postcopied"' \
	simulate $P -m precopy,postcopy --bandwidth 40MiB/s,80MiB/s --max-downtime 100ms,300ms -f json
works "simulate: policies" 'timeout.*stopped' simulate uniform:region=64M,rate=60000/s --link 100MiB/s --policy timeout --timeout 3s
run "$M" simulate good.mtrec --link 100MiB/s
want "exit status 0 wanted" [ "$RC" = 0 ]
want "a row wanted" grep -q 'good.mtrec *precopy' "$dir/out"
want "that it is a fit wanted" grep -q 'fitted' "$dir/err"
judged "simulate: a recording, and that it is a fit"
# 64 MiB of pages once over a link of 40 MiB/s, of whose bytes 1448 of 1514 are TCP's: 1.67 s; and libvirt's second before.
mkdir campaign
printf '[campaign]\nwhere = here\n[workload idle]\nimage = mem\ncommand_line = region=64M rate=0 keepalive=0 seed=1\n' >campaign/spec.ini
printf '%s\n' '{"run":1,"guest":"g","workload":"idle","type":"qemu","memory_bytes":134217728,"method":"precopy","parameters":{},"bandwidth_bytes_per_s":100000000,"link_bytes_per_s":41943040,"downtime_limit_ms":300,"outcome":"completed","converged":true,"prepare_ms":1000.0,"total_ms":2760,"downtime_ms":300,"transferred_bytes":67600000}' \
	'{"run":2,"outcome":"failed","total_ms":5}' >campaign/runs.jsonl
M=$R works "check: a campaign is played again" 'total_time' check campaign
"$R" check campaign -f json | jq -e '[.[] | select(.method == null and .workload == null)] |
	(.[] | select(.metric == "total_time") | .n == 1 and .p50 < 0.1) and (.[] | select(.metric == "traffic") | .p50 < 0.01)' >/dev/null
result $? "check: and comes out near"
M=$R works "check: run by run" '^ *1 +idle +precopy' check campaign --runs
echo '{' >campaign/runs.jsonl
M=$R refused "check: a damaged campaign" 1 'runs.jsonl: line 1' check campaign
refused "simulate without a trace" 2 'TRACE' simulate
refused "simulate: unknown method" 2 'unknown method "warp".*precopy' simulate $P -m precopy,warp
refused "simulate: unknown policy" 2 'unknown policy "best".*predict' simulate $P --policy best
json "simulate: Xen's sender, which skips" 'map(.end == "converged" and .skipped_pages > 0 and (.reason | test("29 passes"))) | all' \
	simulate hotcold:region=48MiB,rate=20000/s,hot=5% --link 40MiB/s --sender xen
refused "simulate: unknown sender" 2 'qemu or xen' simulate $P --sender pigeon
refused "simulate: Xen's sender with a policy" 2 'no --policy' simulate $P --sender xen --policy predict
refused "simulate: Xen's sender by another method" 2 'pre-copy alone' simulate $P --sender xen -m xbzrle
refused "simulate: unknown log" 2 'bitmap or ring' simulate $P --log paper
refused "simulate: a rate without unit" 2 '--bandwidth.*unit' simulate $P --bandwidth 40
refused "simulate: a second rate without unit" 2 '--bandwidth.*unit' simulate $P --bandwidth 40MiB/s,80
refused "simulate: a limit without unit" 2 '--max-downtime.*unit' simulate $P --max-downtime 300
refused "simulate: no time at all" 2 '--cap' simulate $P --cap 0ms
refused "simulate: unknown host figure" 2 '--host has no colour' simulate $P --host colour=red
refused "simulate: a host figure without unit" 2 'page=3.*8.5us' simulate $P --host page=3
M=$R refused "check: without a campaign" 2 'DIR' check
HEADER=1
refused "simulate: unknown option of a pattern" 2 'no option "colour"' simulate uniform:colour=red
refused "simulate: a size without unit" 2 'region=64 is not a size' simulate uniform:region=64
refused "simulate: as fast as possible, which is how fast?" 2 'rate=max needs top' simulate uniform:rate=max
refused "simulate: a guest larger than its memory" 2 'does not fit into --memory' simulate $P --memory 32MiB
refused "simulate: no such file" 1 'nowhere.mtrec.*No such file' simulate nowhere.mtrec
refused "simulate: text" 1 'text.mtrec.*recording' simulate text.mtrec
M=$R refused "check: no campaign" 1 'spec.ini' check .
HEADER=0

# --- train -----------------------------------------------------------------------------------
refused "train: no file" 2 '-o MODEL' train .
refused "train: nothing to learn from" 2 'DIR is expected' train -o x.model
refused "train: an unknown trainer" 2 'unknown trainer "forest"; there are residual' train . -o x.model --trainer forest
refused "train: no such directory" 1 'nowhere.*No such file' train nowhere -o x.model
refused "train: a directory that teaches nothing" 1 'neither a campaign nor recordings' train . -o x.model
mkdir few
head -n 3 "$top/tests/data/campaign/lab/runs.jsonl" >few/runs.jsonl
refused "train: too few" 1 'too little to learn from' train few -o x.model
refused "train: no model is there" 1 'README: no model of migtrace train' train "$top/tests/data/campaign/lab" -o "$top/tests/guest/README"
# The same model from the same migrations; kept where none has been made since; refused if damaged.
trained=$top/tests/data/campaign/programs
"$M" train "$trained" -o own.model >/dev/null 2>&1
"$M" train "$trained" -o again.model >/dev/null 2>&1
WHY=
want "one file of both trainings wanted" cmp -s own.model again.model
judged "train: the same migrations, the same model"
works "train: nothing is newer: it is kept" 'own.model is kept: of the migrations since.* 0 can be' train "$trained" -o own.model
works "sla: by a trained model" '0001.mtrec +sla +none' replay "$trained/runs/0001.mtrec" --policy sla --sla-model own.model
tr '3' '4' <own.model >damaged.model
refused "train: a damaged model" 1 'damaged.*checksum' train "$trained" -o damaged.model
refused "sla: a damaged model" 1 'damaged.*checksum' replay quiet.mtrec --policy sla --sla-model damaged.model
refused "sla: a model that is none" 1 'quiet.mtrec: no model' replay quiet.mtrec --policy sla --sla-model quiet.mtrec
refused "sla: an objective that is none" 2 'total.*performance' simulate idle --policy sla --objective best

# --- tournaments -------------------------------------------------------------------------
# spec NAME LINE...: a specification of that name; what is printed with each \n a new line.
spec() { printf '%b\n' "${@:2}" >"$1.ini"; }
W='[workload w]\ntrace = idle:region=32M\nmemory = 64MiB'
R_OF='[runs r]\nworkloads = w\npolicies = qemu\nbandwidths = 40MiB/s\nmax_downtimes = 300ms'
# bad_spec NAME PATTERN LINE...: one clear line
bad_spec() {
	spec bad "${@:3}"
	refused "tournament: $1" 1 "bad.ini.*$2" tournament bad.ini -o t
}
spec good '[simulator]' "$W" "$R_OF" 'repeat = 2'
works "tournament: the plan" '^ *[0-9]+ +- +w +hindsight' tournament -n good.ini
bad_spec "nowhere to be held" 'one of \[simulator\], \[recordings\] and \[campaign\]' "$W" "$R_OF"
bad_spec "held at two places" 'one of \[simulator\], \[recordings\]' '[simulator]\n[recordings]' "$W" "$R_OF"
bad_spec "nothing to do" 'no \[runs NAME\]' '[simulator]' "$W"
bad_spec "an unknown section" 'unknown section \[race\].*\[policy NAME\]' '[simulator]\n[race]' "$W" "$R_OF"
bad_spec "an unknown key" ':2: unknown key colour' '[simulator]\ncolour = red' "$W" "$R_OF"
bad_spec "an unknown policy takes part" 'unknown policy "best"; there are' '[simulator]' "$W" "${R_OF/= qemu/= best}"
bad_spec "a section of an unknown policy" '\[policy p\]: unknown policy "p"; there are' '[simulator]\n[policy p]' "$W" "$R_OF"
bad_spec "another policy's parameter" 'policy qemu has no parameter timeout' '[simulator]\n[policy q]\npolicy = qemu\ntimeout = 3s' "$W" "$R_OF"
bad_spec "one takes part twice" 'qemu takes part twice' '[simulator]' "$W" "${R_OF/= qemu/= qemu qemu}"
bad_spec "a flip at once that is not allowed" 'flips to post-copy before a pass is done, which is not allowed' '[simulator]\n[policy p]\npolicy = passes\npasses = 0' \
	"$W" "${R_OF/= qemu/= p}"
bad_spec "traffic that nobody counts" 'received and sent need cpu' '[simulator]' "${W/trace/sent = 1MiB\/s\\ntrace}" "$R_OF"
bad_spec "CPU of a recording" 'cpu is for a tournament with \[simulator\]' '[recordings]\n[workload w]\nrecordings = x\ncpu = 5%' "${R_OF/bandwidths = 40MiB\/s\\n/}"
bad_spec "no such workload" 'no \[workload x\]' '[simulator]' "$W" "${R_OF/= w/= x}"
bad_spec "a workload without a trace" 'w\] needs trace' '[simulator]\n[workload w]' "$R_OF"
bad_spec "a workload of elsewhere" 'recordings is for a tournament with \[recordings\]' '[simulator]' "$W" 'recordings = x' "$R_OF"
bad_spec "guests where there are none" 'no \[guest g\]|guests are for a testbed' '[simulator]\n[guest g]\ntype = kvm\nmemory = 64MiB' "$W" "$R_OF" 'guests = g'
bad_spec "no bandwidth" 'needs bandwidths' '[simulator]' "$W" "${R_OF/bandwidths = 40MiB\/s\\n/}"
bad_spec "a pause without unit" 'max_downtimes.*unit' '[simulator]' "$W" "$R_OF 5"
bad_spec "no time at all" 'deadline 0ms is out of range' '[simulator]' "$W" "$R_OF" 'deadline = 0ms'
bad_spec "unknown hosts" 'host.*colour' '[simulator]\nhost = colour=red' "$W" "$R_OF"
bad_spec "a testbed that nobody can handle" 'needs up' '[campaign]\nwhere = x\nstart = x\nstop = x\nlink = x\nwatch = x' "${W/trace*memory = 64MiB/image = mem}" \
	"$R_OF" 'guests = g' '[guest g]\ntype = kvm\nmemory = 64MiB'
spec files '[recordings]' '[workload w]\nrecordings = nowhere*.mtrec' "${R_OF/bandwidths = 40MiB\/s\\n/}"
refused "tournament: no such recordings" 1 'nowhere\*.mtrec: no such recording' tournament files.ini -o t
refused "tournament: no such specification" 1 'nowhere.ini.*No such file' tournament nowhere.ini -o t
refused "tournament without a specification" 2 'SPEC' tournament -o t
refused "tournament without a directory" 2 '-o DIR' tournament good.ini
refused "tournament: scores of nothing" 2 '-o DIR' tournament -s
refused "tournament: scores of a specification" 2 'no SPEC' tournament -s good.ini -o t
refused "tournament: scores of an empty directory" 1 'runs.jsonl' tournament -s -o .
refused "tournament: scores of a campaign" 1 'no policy steered run 1' tournament -s -o "$top/tests/data/campaign/lab"
refused "tournament: both shown and not made" 2 'two different things' tournament -s -n -o t
refused "tournament: a weight that is no number" 2 '--weight-downtime' tournament -s -o t --weight-downtime heavy

# --- libvirt -------------------------------------------------------------------------
works "list: the test driver" '^test +running' list -c $T
works "list: JSON" '"name":"test"' list -c $T -f json
works "list: CSV" '^name,uuid,state' list -c $T -f csv
works "list: what kind of work a guest does" '"class":"idle","vcpu_percent":0,.*"class_reason":"idle: .*; CPU 0 %' list -c $T -f json
works "list: who is not watched has no class" '"class":null,' list -c $T -f json --watch 0ms
refused "list: a link of nothing" 2 'more than 0' list --link 0B/s
refused "list: watched for ever" 2 'at most 1min' list --watch 1h
for uri in "$NOBODY_THERE" qemu+tcp://127.0.0.1:1/system nonsense:///system 'not a uri' qemu+tls://localhost.invalid/system; do
	refused "list: cannot connect to $uri" 1 'nobody-listens|127.0.0.1|nonsense|uri|invalid' list -c "$uri"
	refused "record: cannot connect to $uri" 1 'nobody-listens|127.0.0.1|nonsense|uri|invalid' record guest -o x.mtrec -c "$uri"
	refused "migrate: cannot connect to $uri" 1 'nobody-listens|127.0.0.1|nonsense|uri|invalid' \
		migrate guest qemu+tcp://127.0.0.1:1/system --record x.mtrec -c "$uri"
	run "$M" doctor -f json -c "$uri"
	want "exit status 1 wanted" [ "$RC" = 1 ]
	want "nothing on stderr wanted" [ ! -s "$dir/err" ]
	want "libvirt missing, with a remedy, wanted" jq -e '.[] | select(.check == "libvirt") | .result == "missing" and .remedy != null' \
		"$dir/out" >/dev/null
	judged "doctor: cannot connect to $uri: exit 1, a row and its remedy"
done
refused "migrate: cannot connect to the destination" 1 'nobody-listens' \
	migrate test "$NOBODY_THERE" --record x.mtrec -c $T
refused "record: no such domain" 1 'nobody' record nobody -o x.mtrec -c $T
refused "top: no such domain" 1 'nobody' top nobody -c $T
refused "record: a kernel source of a guest that has none" 1 'kmod.*not a KVM guest' record test -o x.mtrec --source kmod -c $T
refused "migrate: no such domain" 1 'nobody' migrate nobody "$NOBODY_THERE" --record x.mtrec -c $T
refused "record: a hypervisor that cannot measure" 1 'test.*measure' record test -o x.mtrec -c $T
refused "record: a mode the guest has not" 1 'dirty-ring|ring' record test -o x.mtrec --mode dirty-ring -c $T
refused "status: no daemon" 1 'nobody-listens' status --socket "$dir/home/nobody-listens"

# --- a guest's metadata: what it says holds where no option does -----------------------
# guests.xml: a guest whose metadata has these attributes
with_metadata() {
	cat >"$dir/home/guests.xml" <<-END
		<node><domain type='test'><name>web1</name><uuid>28158a57-89db-4e62-890f-5e7c0a3d7ee8</uuid><memory>1024</memory><vcpu>1</vcpu>
		<os><type>hvm</type></os><metadata><m:guest xmlns:m='urn:migtrace:guest:1' $1/></metadata></domain></node>
	END
}
# told NAME LINES PATTERN ARGUMENT...: before it fails, since nobody is there, so many lines are said
told() {
	local name=$1 lines=$2 pattern=$3
	shift 3
	run "$M" migrate web1 "$NOBODY_THERE" -c "test://$dir/home/guests.xml" "$@"
	want "exit status 1 wanted" [ "$RC" = 1 ]
	want "$lines lines wanted" [ "$(wc -l <"$dir/err")" = "$lines" ]
	want "\"$pattern\" wanted" says "$pattern"
	want "nothing on stdout wanted" silent
	judged "$name"
}
with_metadata "max_downtime='900ms' deadline='10min' mode='observe'"
told "metadata: it is said what is taken" 2 ': web1: from its metadata: max_downtime 900ms, deadline 600s$'
told "metadata: an option is over it" 2 ': web1: from its metadata: deadline 600s$' --max-downtime 300ms
told "metadata: it may be left alone" 1 'cannot reach' --no-metadata
told "metadata: nothing is taken where options say all" 1 'cannot reach' --max-downtime 300ms --deadline none
with_metadata "policy='passes' passes='0'"
told "metadata: what contradicts itself is not heeded" 2 'metadata.*is not heeded: policy passes as it is set flips to post-copy before a pass is done, which is not allowed'
told "metadata: unless an option allows it" 3 'from its metadata: policy passes, passes 0$' --postcopy
with_metadata "postcopy='yes'"
told "metadata: post-copy does not go with --parallel" 2 'allows post-copy, which does not go with --parallel' --parallel 4
while IFS='|' read -r bad why <&3; do
	with_metadata "$bad"
	told "metadata: $bad: one line, and it is not heeded" 2 "web1: its metadata .*is not heeded: $why"
done 3<<'END'
polcy='predict'|unknown key 'polcy'
policy='ouija'|policy = ouija: accepted
max_downtime='300'|max_downtime = 300: accepted
deadline='1s' postcopy='perhaps'|postcopy = perhaps: accepted
END

# --- files -----------------------------------------------------------------------------
refused "record: the file exists" 1 'good.mtrec exists.*--force' record test -o good.mtrec -c $T
refused "record: --force does not take a directory's place" 1 'plain file' record test -o directory.mtrec --force -c $T
refused "record: no such directory" 1 'nowhere/x.mtrec.*No such file' record test -o nowhere/x.mtrec -c $T
refused "record: a directory that is a file" 1 'good.mtrec/x' record test -o good.mtrec/x -c $T
echo 'half a recording' >other.mtrec.part
refused "record: somebody's unfinished recording" 1 'other.mtrec.part is' record test -o other.mtrec -c $T
rm other.mtrec.part
refused "record: too long a name" 1 'too long' record test -o "$(printf 'x%.0s' {1..300})" -c $T

if [ -c /dev/full ]; then
	for command in "list -c $T" "report good.mtrec" "replay good.mtrec" "report -f json good.mtrec" "predict good.mtrec" "plan good.mtrec --link 40MiB/s"; do
		# shellcheck disable=SC2086
		"$M" $command >/dev/full 2>"$dir/err" </dev/null
		RC=$? WHY=
		want "exit status 1 wanted" [ "$RC" = 1 ]
		want "one line wanted" one_line
		want "\"standard output\" wanted" says 'standard output'
		judged "$command: standard output is full: exit 1"
	done
else
	skip "standard output is full" "no /dev/full"
fi

# --- rights -----------------------------------------------------------------------------
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
	# Where nobody may look: the build directory perhaps not, so a copy.
	install -m 755 "$M" "$dir/migtrace"
	chmod 755 "$dir" "$dir/files"
	mkdir -m 700 "$dir/home/private"
	chmod 755 "$dir/home"
	install -m 600 good.mtrec private.mtrec
	M=$dir/migtrace
	AS=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	if "${AS[@]}" "$M" --version >/dev/null 2>&1; then
		uri="qemu+unix:///system?socket=$dir/home/private/sock"
		refused "list: may not connect" 1 'not allowed.*Permission denied' list -c "$uri"
		refused "record: may not connect" 1 'not allowed.*Permission denied' record guest -o x.mtrec -c "$uri"
		refused "migrate: may not connect" 1 'not allowed.*Permission denied' migrate guest "$NOBODY_THERE" -c "$uri"
		refused "status: may not connect" 1 'not allowed|Permission denied' status --socket "$dir/home/private/sock"
		refused "report: may not read" 1 'private.mtrec.*Permission denied' report private.mtrec
		HEADER=1 refused "replay: may not read" 1 'private.mtrec.*Permission denied' replay private.mtrec
		refused "record: may not write there" 1 'x.mtrec.*Permission denied' record test -o x.mtrec -c $T
		refused "record: may not look there" 1 'Permission denied' record test -o "$dir/home/private/x.mtrec" -c $T
	else
		skip "who may not look is told so" "another user cannot run $M here"
	fi
	AS=()
else
	skip "who may not look is told so" "needs root, to become another user"
fi

ktap_end
