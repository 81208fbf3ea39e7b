#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The names of the tests: a name that fails has to say what does not hold any more, and where. So it
# is a sentence, and no other test has it. Names that are made as a test runs (of a guest, a limit)
# are judged as they are written; that none comes twice in one run is scripts/lib/tap.awk's to say.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/ktap.sh

names=$(mktemp) || exit 1
trap 'rm -f "$names"' EXIT

# Of the tables of cases in C, and of what shell tests hand to a helper that takes a name: FILE, tab, NAME
cases()
{
	awk '
		FNR == 1 { inside = 0 }
		/struct ktap_case [a-z_]+\[\] = \{/ { inside = 1; next }
		/^\};/ { inside = 0 }
		inside && match($0, /\{ *"([^"\\]|\\.)*",/) {
			name = substr($0, RSTART, RLENGTH)
			sub(/^\{ *"/, "", name)
			sub(/",$/, "", name)
			print FILENAME "\t" name
		}' tests/*/*.c
}
checks()
{
	local file
	for file in tests/*/*.t; do
		sed -nE 's/^[[:space:]]*(HEADER=[0-9]+ |M=\$R |\[[^]]*\] \|\| |&& )?(check|check_eq|check_le|check_match|check_jq|(result|judge) \$[?a-z]+|refused|partly|works|judged|told|holds|replays|reports) "(([^"\\]|\\.)*)".*/\4/p' "$file" |
			grep -vE '^\$[a-z0-9]+$' | sed "s|^|$file	|"
	done
}

# What a table's row says once is that row's; -d: lines that come again
twice()
{
	local name
	cut -f2 "$names" | sort | uniq -d | while read -r name; do
		echo "\"$name\": $(awk -F'\t' -v n="${name//\\/\\\\}" '$2 == n { print $1 }' "$names" | sort | uniq -c | awk '{ print $2 ($1 > 1 ? " (" $1 " times)" : "") }' | xargs)"
	done
}

# few MOST PATTERN: names of at most so many words, in files of that name
few() { awk -F'\t' -v most="$1" -v of="$2" '$1 ~ of && split($2, word, " ") <= most { print $1 ": \"" $2 "\"" }' "$names"; }

none() { local found; found=$("$@"); [ -z "$found" ] || { echo "$found"; return 1; }; }

# What Documentation/evaluation/claims.md rests on
named_and_gone()
{
	local test
	grep -oE '\btest_[a-z_]+|\b[a-z-]+\.t\b' Documentation/evaluation/claims.md | sort -u | while read -r test; do
		compgen -G "tests/*/$test" >/dev/null || compgen -G "tests/*/$test.c" >/dev/null || echo "$test"
	done
}

plan 6
cases >"$names"
check "names of cases in C are found" test "$(wc -l <"$names")" -ge 700
checks >>"$names"
check "names of checks in shell are found" test "$(grep -c '\.t	' "$names")" -ge 500
check "no two tests have one name" none twice
check "the name of a case says something of it" none few 2 '[.]c$'
check "the name of a check is more than a word" none few 1 '[.]t$'
check "the page of claims names tests that exist" none named_and_gone
ktap_end
