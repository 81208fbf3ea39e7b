#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migtraced's page, JSON and metrics: over TCP and a UNIX socket, to clients that behave and to
# some that do not, to Debian's Prometheus and in Debian's chromium where they are installed.
# The migrations are of the tests' own hypervisor. No root, no libvirtd.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
B=${B:-build}
case $B in /*) ;; *) B=$top/$B ;; esac
. tests/lib/ktap.sh

dir=$(mktemp -d "${TMPDIR:-/tmp}/migtrace-web.XXXXXX") || exit 1
pids=()
trap 'for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null; done; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP
export MIGTRACE_RUN_DIR=$dir

until_true() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

# A port that nobody has at present.
port() {
	local p
	for p in $(shuf -i 20000-32000 -n 50); do
		(exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
	done
}

config() {
	cat >"$dir/conf" <<-EOF
		[libvirt]
		uri = test:///default
		[record]
		directory = $dir/recordings
		[control]
		socket = $dir/control.sock
		[web]
		listen = $1
	EOF
}

start() {
	mkdir -p "$dir/recordings"
	"$B/migtraced" -C "$dir/conf" 2>>"$dir/log" &
	daemon=$!
	pids+=($daemon)
	until_true ask ping
}

ask() { printf '%s\n' "$1" | timeout 5 socat -t 5 - "UNIX-CONNECT:$dir/control.sock" 2>/dev/null | grep .; }
get() { curl -sS -m 10 "${@:2}" "http://127.0.0.1:$web$1"; }
code() { curl -sS -m 10 -o /dev/null -w '%{http_code}' "${@:2}" "http://127.0.0.1:$web$1"; }
stop() { kill "$daemon" && wait "$daemon"; }

plan
web=$(port)
config "127.0.0.1:$web"
check "a daemon that serves the web" start
check "is known by its metrics" until_true get /metrics
check_match "the page is HTML" "$(get / -i | tr -d '\r' | sed 1q) $(get / -i)" 'HTTP/1.1 200 OK.*text/html.*<title>migtraced</title>'
check_match "what it may do is said" "$(get / -i)" "Content-Security-Policy: default-src 'none'; script-src 'self'"
check_eq "no other page may read it" "$(get /api/v1/status -i | grep -ci '^access-control')" 0
check_jq "the status is that of the socket" '.version and .libvirt.connected and (.supervised == [])' <<<"$(get /api/v1/status)"
check_jq "migrations are a part of it" '.finished == [] and .totals.outcomes.completed == 0' <<<"$(get /api/v1/migrations)"
check_jq "it is healthy" '.healthy' <<<"$(get /api/v1/health)"
check_match "OpenMetrics for who wants them" "$(get /metrics -i -H 'Accept: application/openmetrics-text;version=1.0.0')" 'application/openmetrics-text.*# EOF'
check_eq "what is not there" "$(code /../etc/passwd --path-as-is)/$(code /api/v2/status)" 404/404
check_eq "it is for reading only" "$(code /api/v1/status -X POST -d x=1)/$(code / -X DELETE)/$(code / -X PUT -d "$(head -c 100000 /dev/zero | tr '\0' x)")" 405/405/405
check_eq "by another name it is not there" "$(code / -H 'Host: evil.example')/$(code / -H 'Host: localhost')" 421/200
events=$(timeout 5 curl -sN "http://127.0.0.1:$web/api/v1/events" | grep -c '^data: {"version"')
[ "$events" -ge 2 ]
result $? "events come one after the other" "$events in 5 s"

# Clients that say nothing, or nonsense, or read nothing.
hostile() {
	local i
	for ((i = 0; i < 60; i++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$web" && printf 'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n' >&3 && sleep 4) 2>/dev/null &
		(exec 3<>"/dev/tcp/127.0.0.1/$web" && head -c 70000 /dev/urandom >&3 && sleep 1) 2>/dev/null &
	done
	for ((i = 0; i < 20; i++)); do
		ask ping || return 1
	done
	# However it went for them: some are hung up on while they write.
	wait $(jobs -p | grep -vx "$daemon") || true
}
check "the daemon answers while a hundred clients do not behave" hostile
check "and the web does afterwards" until_true get /api/v1/health
printf '%s\n' "$(get /metrics)" >"$dir/metrics"
if command -v promtool >/dev/null; then
	check "promtool has nothing to say against the metrics" promtool check metrics <"$dir/metrics"
	check "alerts fire when they should" eval 'cd monitoring && promtool check rules migtrace.rules.yml && promtool test rules migtrace_test.yml; rc=$?; cd "$top"; [ $rc = 0 ]'
	check_eq "the dashboard asks for what there is" "$(jq -r '.panels[].targets[].expr' monitoring/grafana-dashboard.json | grep -o 'migtrace_[a-z_]*' | sort -u |
		while read -r m; do grep -qE "^# TYPE ${m%_bucket} " "$dir/metrics" || echo "$m"; done)" ""
else
	skip_some 3 "no promtool: install prometheus"
fi
if command -v prometheus >/dev/null; then
	prom=$(port)
	cat >"$dir/prometheus.yml" <<-EOF
		global: { scrape_interval: 1s }
		scrape_configs: [ { job_name: migtraced, static_configs: [ { targets: [ "127.0.0.1:$web" ] } ] } ]
	EOF
	prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/tsdb" --web.listen-address="127.0.0.1:$prom" >"$dir/prometheus.log" 2>&1 &
	pids+=($!)
	scraped() { curl -sS "http://127.0.0.1:$prom/api/v1/query?query=migtrace_libvirt_connected" | jq -e '.data.result[0].value[1] == "1"'; }
	KTAP_SHOW=("$dir/prometheus.log")
	check "a Prometheus scrapes it" until_true scraped
	KTAP_SHOW=()
	kill "${pids[-1]}"
else
	skip "a Prometheus scrapes it" "no prometheus"
fi
check "it ends at once, whoever watches" stop

config "$dir/web.sock"
check "over a socket" start
over_socket() { curl -sS --unix-socket "$dir/web.sock" http://whatever/api/v1/health | jq -e .healthy; }
check "whatever it is called there" until_true over_socket
check_eq "of the mode of the other socket" "$(stat -c %a "$dir/web.sock")" 660
check "it ends, and the socket is gone" eval 'stop && [ ! -e "$dir/web.sock" ]'
for bad in 0.0.0.0:80 localhost:80 127.0.0.1 web.sock; do
	config "$bad"
	check_match "$bad is refused" "$("$B/migtraced" -n -C "$dir/conf" 2>&1)" "conf:8: listen = $bad: accepted is 127.0.0.1:PORT"
done

# --- in a browser, with migrations ------------------------------------------------------------
if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
	skip_some 4 "no browser: install chromium-driver"
	ktap_end
fi
web=$(port) driver=$(port)
mkfifo "$dir/hold"
MIGTRACE_RUN_DIR= "$B/tests/fake/webpage" "127.0.0.1:$web" <"$dir/hold" >"$dir/fake.log" 2>&1 &
pids+=($!)
exec 8>"$dir/hold"
chromedriver --port="$driver" >"$dir/driver.log" 2>&1 &
pids+=($!)
post() { curl -sS -m 60 "http://127.0.0.1:$driver/session$1" -d "$2"; }
until_true curl -sS "http://127.0.0.1:$driver/status"
session=$(post '' '{"capabilities":{"alwaysMatch":{"goog:chromeOptions":{"args":["--headless","--no-sandbox","--disable-gpu","--disable-dev-shm-usage"]}}}}' | jq -r .value.sessionId)
until_true get /api/v1/status
post "/$session/url" "{\"url\":\"http://127.0.0.1:$web/\"}" >/dev/null
js() { post "/$session/execute/sync" "$(jq -n --arg s "$1" '{script: $s, args: []}')" | jq -r .value; }
seen() { js 'return document.body.innerText' | tee "$dir/seen" | grep -qF -- "$1"; }
KTAP_SHOW=("$dir/seen" "$dir/fake.log")
check "a browser sees a migration under way" until_true seen 'goes-on'
check "and another one's end" until_true seen 'completed'
check_match "by the name that it has" "$(js 'return document.getElementById("finished").innerText')" '<img src=x onerror=alert\(1\)>'
check_eq "which does nothing: no picture, no alert" "$(js 'return document.images.length')/$(curl -sS "http://127.0.0.1:$driver/session/$session/alert/text" | jq -r .value.error)" "0/no such alert"
curl -sS -X DELETE "http://127.0.0.1:$driver/session/$session" >/dev/null
exec 8>&-
ktap_end
