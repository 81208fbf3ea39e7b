# SPDX-License-Identifier: GPL-2.0-or-later
# Judges what one test printed (TAP, as prove reads it), on the lines that are not indented.
#
#	awk -v status=N -v name=NAME -v seconds=S -f tap.awk OUTPUT
#
# Prints lines of tabs, for run-tests' results: skip NAME REASON; fail NAME WHAT; and at last
# test PASSED FAILED SKIPPED SECONDS NAME.

function say(kind, what)
{
	gsub(/[\t\r]/, " ", what)
	print kind "\t" name "\t" what
}

function fail(what)
{
	failed++
	say("fail", what)
}

# What follows # SKIP or # TODO, in any case and with or without a colon
function directive(line, word,    at)
{
	if (!match(toupper(line), "# *" word "[A-Z]*:? *"))
		return 0
	at = RSTART + RLENGTH
	reason = substr(line, at)
	return 1
}

function skip(what)
{
	if (reason == "") {
		fail("skipped without a reason" what)
		return
	}
	skipped++
	say("skip", reason what)
}

BEGIN { planned = -1 }

/^1\.\.[0-9]+/ {
	if (planned >= 0)
		fail("a second plan")
	planned = substr($1, 4) + 0
	if (planned == 0) {
		if (!directive($0, "SKIP"))
			fail("it planned no test, and did not say that it skips")
		else
			skip("")
		skipped_all = 1
	}
	next
}

/^(not )?ok( |$)/ {
	ran++
	title = $0
	sub(/^(not )?ok */, "", title)
	if (title ~ /^[0-9]+/) {
		if (title + 0 != ran)
			fail("number " (title + 0) " where " ran " was due")
		sub(/^[0-9]+ */, "", title)
	}
	sub(/^- */, "", title)
	what = title
	sub(/ *#.*/, "", what)
	if (what != "" && what in named)
		fail("two tests of one name: " what)
	named[what]
	if (directive(title, "SKIP"))
		skip(what ? ": " what : "")
	else if (directive(title, "TODO"))
		skip(" (to do)" (what ? ": " what : ""))
	else if ($0 ~ /^not /)
		fail("not ok " ran " - " what)
	else
		passed++
	next
}

/^Bail out!/ { fail($0) }

END {
	if (status == 124)
		fail("out of time")
	if (planned < 0)
		fail("no plan" (ran ? "" : ", nothing at all") ": it died, with status " status)
	else if (!skipped_all && ran + 0 < planned)
		fail((planned - ran) " of " planned " tests did not run: it died, with status " status)
	else if (!skipped_all && ran + 0 > planned)
		fail(ran " tests ran instead of " planned)
	if (status && !failed)
		fail("exit status " status)
	printf "test\t%d\t%d\t%d\t%s\t%s\n", passed, failed, skipped, seconds, name
}
