#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots the Linux guest with each of its workloads and looks whether it keeps
# its protocol; migrates the redis one from QEMU to QEMU. Environment: B, the
# build directory.

set -u

cd "$(dirname "$0")/../.." || exit 1
readonly guest=${B:-build}/guest/linux
readonly memory_mib=320
# Limits for what hangs; how fast a busy machine is, is not judged.
readonly ready_s=600
readonly migration_s=600
readonly median_max_us=15000
readonly workloads=(idle redis memcached stress)
readonly tests=$((${#workloads[@]} * 5 + 3))

tmp=
qemus=()
. tests/lib/ktap.sh

cleanup()
{
	((${#qemus[@]})) && kill "${qemus[@]}" 2>/dev/null
	wait
	rm -rf "$tmp"
}

qemu_major() { qemu-system-x86_64 --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p'; }

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

accelerator()
{
	# A virtual /dev/kvm without either does not boot Linux.
	if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		echo kvm
	else
		echo tcg,thread=multi
	fi
}

# "MICROSECONDS LINE" for each line, stamped on arrival.
stamp_lines()
{
	local line

	while IFS= read -r line; do
		printf '%s %s\n' "${EPOCHREALTIME/[.,]/}" "${line%$'\r'}"
	done
}

# boot NAME APPEND QEMU-ARGUMENT...: serial lines go to $tmp/NAME.log.
boot()
{
	local name=$1 append=$2 fd
	shift 2

	mkfifo "$tmp/$name."{serial,qmp}.{in,out}
	: >"$tmp/$name.log"
	timeout 3000 qemu-system-x86_64 -machine pc -accel "$accel" -m $memory_mib \
		-display none -nodefaults -no-user-config -no-reboot \
		-kernel "$guest/vmlinuz" -initrd "$guest/initrd.gz" \
		-append "console=ttyS0 quiet loglevel=1 panic=-1 $append" \
		-serial pipe:"$tmp/$name.serial" \
		-chardev pipe,id=qmp,path="$tmp/$name.qmp" -mon chardev=qmp,mode=control \
		"$@" </dev/null >"$tmp/$name.qemu" 2>&1 &
	pid=$!
	qemus+=("$pid")
	stamp_lines <"$tmp/$name.serial.out" >>"$tmp/$name.log" &
	exec {fd}<>"$tmp/$name.serial.in" && serial=$fd
	exec {fd}<>"$tmp/$name.qmp.in" && qmp_in=$fd
	exec {fd}<>"$tmp/$name.qmp.out" && qmp_out=$fd
	qmp '"qmp_capabilities"' >/dev/null
}

close_pipes()
{
	local fd

	for fd; do
		exec {fd}>&-
	done
}

# qmp COMMAND [ARGUMENTS]: to the guest booted last, or that of qmp_in and qmp_out.
qmp()
{
	local line

	printf '{"execute": %s%s}\n' "$1" "${2:+, \"arguments\": $2}" >&"$qmp_in"
	while IFS= read -r -t 300 line <&"$qmp_out"; do
		case $line in
		'{"return"'*|'{"error"'*) echo "$line"; return ;;
		esac
	done
	return 1
}

# wait_line NAME FROM-LINE PATTERN SECONDS: the line, without its stamp.
wait_line()
{
	local deadline=$(($(now_us) + $4 * 1000000)) line

	while (($(now_us) < deadline)); do
		if line=$(tail -n "+$2" "$tmp/$1.log" | grep -a -m 1 -E "^[0-9]+ ($3)"); then
			echo "${line#* }"
			return
		fi
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	echo "no line like '$3' in $4 s; last: $(tail -n 1 "$tmp/$1.log") $(tail -n 1 "$tmp/$1.qemu")"
	return 1
}

lines() { echo $(($(wc -l <"$tmp/$1.log") + 1)); }

# ask NAME BYTE PATTERN: the answer.
ask()
{
	local from

	from=$(lines "$1")
	printf %s "$2" >&$serial
	wait_line "$1" "$from" "$3" 300
}

# Of the intervals between the heartbeats from this line on, in microseconds.
median_interval()
{
	tail -n "+$2" "$tmp/$1.log" |
		awk '$2 == "hb" { if (last) print $1 - last; last = $1 }' | sort -n |
		awk '{ us[NR] = $1 } END { if (NR < 20) exit 1; print us[int((NR + 1) / 2)] }'
}

test_verify()
{
	local answer

	answer=$(ask $1 v verify) && [[ $answer == "verify ok"* ]]
	result $? "$2" "$answer"
}

# What is spoilt is found: verify does not just say ok.
test_spoilt()
{
	local answer

	answer=$(ask $1 x corrupted) && answer=$(ask $1 v verify) && [[ $answer == "verify FAIL"* ]]
	result $? "$2" "$answer"
}

# test_workload WORKLOAD: boots and tests it; the guest runs on.
test_workload()
{
	local name=$1 start answer before from median tries

	start=$(now_us)
	boot $name "workload=$1"
	answer=$(wait_line $name 1 'ready|error|panic' $ready_s) && [[ $answer == ready ]]
	result $? "$name: says that it is ready" \
		"$answer after $((($(now_us) - start) / 1000)) ms"
	[[ $answer == ready ]] || return 1

	# Its own pace shows as soon as the machine has time for it.
	before=$(ask $name s stats)
	for tries in 1 2 4 8 16; do
		from=$(lines $name)
		sleep $((tries * 3 / 2 + 1))
		median=$(median_interval $name "$from") && ((median <= median_max_us)) && break
	done
	[[ $median ]] && ((median <= median_max_us))
	result $? "$name: heartbeats keep their interval" "median interval ${median:-unknown} us"
	answer=$(ask $name s stats)
	[[ $before =~ ops=([0-9]+) ]] && before=${BASH_REMATCH[1]} &&
		[[ $answer =~ ops=([0-9]+) ]] && ((BASH_REMATCH[1] > before))
	result $? "$name: work is done" "$answer, $before before"
	test_verify $name "$name: memory is as written"
	return 0	# the guest runs, whatever the tests said
}

# The end of a QEMU, which is killed if it does not come.
wait_end()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		kill -0 $1 2>/dev/null || break
		sleep 0.1
	done
	kill $1 2>/dev/null
	wait $1
}

power_off()
{
	printf q >&$serial
	wait_end $pid
	close_pipes $serial $qmp_in $qmp_out
}

heartbeat_numbers() { awk '$2 == "hb" && NF == 4 { print $1, $3 }' "$tmp/$1.log"; }

# test_migration WORKLOAD: migrates the guest booted last; it arrives as "arrived".
test_migration()
{
	local source=$pid source_fds=($serial $qmp_in $qmp_out) answer deadline
	local last_us last_hb first_us first_hb fds

	boot arrived "workload=$1" -incoming "unix:$tmp/migration"
	fds=($qmp_in $qmp_out)
	qmp_in=${source_fds[1]} qmp_out=${source_fds[2]}
	answer=$(qmp '"migrate"' "{\"uri\": \"unix:$tmp/migration\"}")
	deadline=$(($(now_us) + migration_s * 1000000))
	while (($(now_us) < deadline)); do
		answer=$(qmp '"query-migrate"') || break
		[[ $answer =~ \"status\":\ *\"(completed|failed)\" ]] && break
		sleep 0.2
	done
	[[ $answer == *'"completed"'* ]]
	result $? "$1: migration completes" \
		"$(grep -o '"\(downtime\|total-time\|dirty-sync-count\|transferred\)": [0-9]*' <<<"$answer" | tr -d '"' | tr '\n' ' ')"
	qmp '"quit"' >/dev/null
	wait_end $source
	close_pipes "${source_fds[@]}"
	qmp_in=${fds[0]} qmp_out=${fds[1]}

	if [[ $(accelerator) == tcg* ]] && (($(qemu_major) < 9)); then
		for what in "heartbeat goes on where it was" "verify after migration"; do
			skip "$1: $what" "QEMU before 9.0 loses memory of a TCG guest in pre-copy"
		done
		return
	fi
	# The line being sent at the switchover is torn: one may be missing.
	answer=$(wait_line arrived 1 'hb [0-9]+' 300)
	sleep 0.5
	read -r last_us last_hb < <(heartbeat_numbers $1 | tail -n 1)
	read -r first_us first_hb < <(heartbeat_numbers arrived | head -n 1)
	((first_hb > last_hb && first_hb <= last_hb + 2))
	result $? "$1: heartbeat goes on where it was" \
		"hb $last_hb, then $first_hb after $(((first_us - last_us) / 1000)) ms"
	test_verify arrived "$1: verify after migration"
}

for program in qemu-system-x86_64 timeout mkfifo; do
	command -v $program >/dev/null || skip_all "needs $program"
done
answer=$(tests/guest/linux/build "$guest" 2>&1)
case $? in
0) ;;
4) skip_all "$answer" ;;
*) echo "Bail out! $answer"; exit 1 ;;
esac
readonly accel=$(accelerator)
tmp=$(mktemp -d) || exit 1
trap cleanup EXIT
trap 'exit 1' INT TERM

plan "$tests"
echo "# accelerator $accel"
for workload in "${workloads[@]}"; do
	name=$workload
	if test_workload "$name"; then
		if [[ $workload == redis ]]; then
			test_migration "$name"
			name=arrived
		fi
		test_spoilt $name "$workload: verify finds what was spoilt"
	fi
	power_off
done
((KTAP_N == tests)) || KTAP_FAILED=1
ktap_end
