/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest.h - one migration of one guest: a thread, its inbox, its recording
 *
 * The thread finds out whether there is a migration to supervise at all, takes
 * up or begins the recording, supervises, and tells how it ended.
 */
#ifndef MIGTRACED_GUEST_H
#define MIGTRACED_GUEST_H

#include <jansson.h>

#include "hypervisor/versions.h"
#include "steer/supervise.h"
#include "config.h"
#include "historian.h"
#include "knowledge.h"
#include "leftovers.h"

struct guest;

struct guest_setup {
	const char *uri;		/* of the hypervisor; outlives the guest, as all pointers
					 * here that are not copied */
	const struct mt_versions *versions;	/* of what runs there */
	struct config *config;		/* as of now; the guest takes a reference of its own */
	struct leftovers *leftovers;	/* may be NULL */
	struct knowledge *knowledge;	/* likewise */
	struct historian *historian;	/* likewise */
	struct mt_hands *hands;		/* both NULL: nothing is done to it */
	struct mt_guard *guard;
	bool locked;			/* another daemon acts on this hypervisor; see
					 * guest_set_locked() */
	const char *uuid;
	const struct mt_event *event;	/* that told of it; NULL: found by looking */
	const volatile int *leave;	/* let go, leave the recording unfinished; then guest_post()
					 * a WAKE */
	/* On the guest's thread. @ready: no recording left behind will be asked for any more. */
	void (*ready)(struct guest *g, void *opaque);
	/* Supervision is over; events that come now are of another migration. */
	void (*ended)(struct guest *g, void *opaque);
	/*
	 * The thread's last act. @finished: as in the list of finished migrations, NULL if it was
	 * none.
	 */
	void (*done)(struct guest *g, json_t *finished, void *opaque);
	void *opaque;
};

/* Starts the thread. NULL after a line in the log. */
struct guest *guest_new(const struct guest_setup *setup);
/*
 * Joins the thread, after done(): it makes no call any more. Not from one of the functions above.
 */
void guest_free(struct guest *g);

const char *guest_uuid(const struct guest *g);
bool guest_is_called(struct guest *g, const char *name);
void guest_post(struct guest *g, const struct mt_event *ev);	/* never blocks */

/* Return: 0 and the oldest event that nobody has read, in ended() or later. */
int guest_unread(struct guest *g, struct mt_event *ev);

/*
 * The configuration has changed. What took effect when the migration began stays, but for one
 * thing: where it now says that the guest is only observed, or not looked after, nothing more is
 * done to it.
 */
void guest_reconfigure(struct guest *g, struct config *config);
/* Another daemon acts, or none any more. */
void guest_set_locked(struct guest *g, bool locked);

/*
 * What `status` says of it; NULL while it is not known to be a migration. @why_locked: who has the
 * lock.
 */
json_t *guest_status(struct guest *g, const char *why_locked);
/* Adds an object if it waits for an answer for longer than answers take; see status.c. */
void guest_stuck_json(struct guest *g, json_t *array);

#endif
