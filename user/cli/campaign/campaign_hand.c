// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_hand.c - what it takes that a policy may stop the guest: a wheel, and a guard
 *
 * The files are in the campaign's own directory: its testbed has nobody else who steers. Nor is
 * there a process that outlives ours: the next start makes the hosts anew.
 */
#include <errno.h>
#include <string.h>

#include "campaign.h"

#define WHO	"campaign"

int campaign_hand_take(struct campaign_hand *h, struct campaign *c, struct mt_err *err)
{
	struct mt_conn *conn = c->hosts[c->side].conn;
	char host[VIR_UUID_STRING_BUFLEN];
	mt_autofree char *dir = NULL;
	int rc;

	if (asprintf(&dir, "%s/hands", c->state.dir) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = mt_hands_open(&h->hands, dir, err);
	rc = rc ? rc : mt_hands_host(conn, host, err);
	rc = rc ? rc : mt_wheel_take(h->hands, host, c->domain.uuid, WHO, &h->wheel, NULL, err);
	if (!rc)
		mt_wheel_unmark(h->wheel);	/* of a run that was killed: its guest is gone */
	return rc ? rc : mt_guard_new(&h->guard, &(struct mt_guard_options){
		.hands = h->hands, .who = WHO }, err);
}

void campaign_hand_drop(struct campaign_hand *h)
{
	if (h->guard && mt_guard_leave(h->guard, MT_GUARD_LEAVE_MS))
		mt_wheel_unmark(h->wheel);	/* still stopped: whoever finds it so destroys
						 * it */
	mt_guard_free(h->guard);
	mt_wheel_put(h->wheel);
	mt_hands_close(h->hands);
	*h = (struct campaign_hand){ NULL };
}
