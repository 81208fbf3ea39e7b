// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_connect.c - before a recording: signals, and a connection
 */
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cmd_record.h"

static void on_interrupt(int count, void *opaque)
{
	const struct mt_event wake = { .kind = MT_EVENT_WAKE };
	struct record *r = opaque;

	/*
	 * Still connecting: there is nothing to close. Or the second time: the .part holds what
	 * there is.
	 */
	if (!r->p.inbox || count > 1)
		_exit(CMD_INTERRUPTED);
	r->p.leave = 1;
	mt_inbox_post(&wake, r->p.inbox);
}

static void say(const char *line, void *opaque)
{
	fprintf(stderr, "%s\n", line);
}

int record_connect(struct record *r, const char *uri, struct mt_err *err)
{
	int rc;

	r->p.say = say;
	r->interrupt = (struct interrupt){ .notify = on_interrupt, .opaque = r };
	rc = interrupt_block();
	if (!rc)
		rc = interrupt_watch(&r->interrupt);
	if (rc)
		return mt_err_set(err, rc, "cannot watch for signals: %s", strerror(-rc));
	rc = mt_loop_start(err);
	return rc ? rc : mt_conn_open(&r->p.conn, uri, err);
}
