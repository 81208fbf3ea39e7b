// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * record_begin.c - before a recording: a connection, a guest that can be recorded, a file
 */
#include <errno.h>
#include <string.h>

#include "cli/cmd.h"
#include "cmd_record.h"

static void on_interrupt(int count, void *opaque)
{
	const struct mt_event wake = { .kind = MT_EVENT_WAKE };
	struct record *r = opaque;

	/* Still connecting: there is nothing to close. Or the second time: the .part holds what there is. */
	if (!r->inbox || count > 1)
		_exit(CMD_INTERRUPTED);
	r->leave = 1;
	mt_inbox_post(&wake, r->inbox);
}

int record_connect(struct record *r, const char *uri, struct mt_err *err)
{
	int rc;

	r->interrupt = (struct interrupt){ .notify = on_interrupt, .opaque = r };
	rc = interrupt_block();
	if (!rc)
		rc = interrupt_watch(&r->interrupt);
	if (rc)
		return mt_err_set(err, rc, "cannot watch for signals: %s", strerror(-rc));
	rc = mt_loop_start(err);
	return rc ? rc : mt_conn_open(&r->conn, uri, err);
}

static int check_state(struct record *r, struct mt_err *err)
{
	const struct mt_domain_info *d = &r->domain;

	if (d->migrating_out)
		return 0;
	if (d->migrating_in)
		return mt_err_set(err, -EBUSY, "%s is arriving here by a migration; record it at the source", d->name);
	if (d->state != VIR_DOMAIN_RUNNING && d->state != VIR_DOMAIN_BLOCKED)
		return mt_err_set(err, -EINVAL, "%s is %s: only a running guest dirties memory", d->name,
				  mt_domain_state_name(d->state));
	if (r->automatic)
		r->mode = mt_dirtyrate_mode_of(d->type, d->dirty_ring_entries);
	return mt_dirtyrate_check(r->mode, d->type, d->dirty_ring_entries, err);
}

/* Watched first, looked at after: no migration begins unseen in between. */
int record_begin(struct record *r, const char *name, struct mt_err *err)
{
	struct mt_inbox *inbox;
	int rc = mt_domain_find(r->conn, name, &r->domain, err);

	if (rc)
		return rc;
	inbox = r->inbox ? r->inbox : mt_inbox_new();
	if (!inbox)
		return mt_err_set(err, -ENOMEM, "out of memory");
	r->inbox = inbox;
	r->subscription = mt_conn_subscribe(r->conn, r->domain.uuid, mt_inbox_post, r->inbox);
	if (r->subscription < 0)
		return mt_err_set(err, r->subscription, "cannot watch %s: %s", r->domain.name, strerror(-r->subscription));
	rc = mt_domain_info(r->conn, r->domain.uuid, &r->domain, err);
	if (!rc)
		rc = check_state(r, err);
	return rc ? rc : record_open(r, err);
}
