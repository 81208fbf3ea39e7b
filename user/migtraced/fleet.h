/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fleet.h - every migration that is supervised, and which event belongs to which
 *
 * Functions return at once: none asks a guest, a hypervisor or a disk for anything.
 */
#ifndef MIGTRACED_FLEET_H
#define MIGTRACED_FLEET_H

#include "hypervisor/versions.h"
#include "guest.h"
#include "reins.h"

struct fleet;

struct fleet_options {
	struct config *config;
	struct leftovers *leftovers;	/* may be NULL */
	struct knowledge *knowledge;	/* likewise */
	struct historian *historian;	/* likewise */
	struct reins *reins;
	const volatile int *leave;
	/*
	 * Something that status shows, or that fleet_reap() waits for. On any thread, no lock held.
	 */
	void (*changed)(void *opaque);
	void *opaque;
};

MT_MUST_CHECK int fleet_new(struct fleet **f, const struct fleet_options *options);
void fleet_free(struct fleet *f);	/* no guest is left */

/* Before the first guest. */
MT_MUST_CHECK int fleet_set_uri(struct fleet *f, const char *uri);
/* For guests that begin from now on; @versions outlives them. */
void fleet_set_versions(struct fleet *f, const struct mt_versions *versions);
/* @f takes a reference. Those under way are told. */
void fleet_set_config(struct fleet *f, struct config *config);
struct config *fleet_config(struct fleet *f);	/* a reference of the caller's */
/* Whether another daemon has the lock, as reins_held() says, has changed. */
void fleet_set_locked(struct fleet *f, bool locked);

void fleet_on_event(struct fleet *f, const struct mt_event *ev);	/* of one guest */
void fleet_post(struct fleet *f, const struct mt_event *ev);		/* to all */
/* It migrates, seen by looking. @domain NULL: its whole name is not known. */
void fleet_found(struct fleet *f, const char *uuid, const char *domain);

bool fleet_has(struct fleet *f, const char *uuid);
/* Return: 0; -ENOENT none of that name migrates here; -EEXIST more than one. */
int fleet_uuid(struct fleet *f, const char *name, char uuid[VIR_UUID_STRING_BUFLEN]);
/*
 * Whether a guest may yet ask for a recording that was left behind; one that hangs does not count
 * for long.
 */
bool fleet_is_starting(struct fleet *f);
unsigned fleet_count(struct fleet *f);

/* Lets go of those that are done. Return: whether none is left. */
bool fleet_reap(struct fleet *f);

json_t *fleet_supervised_json(struct fleet *f);
json_t *fleet_finished_json(struct fleet *f);	/* the newest first */
json_t *fleet_totals_json(struct fleet *f);	/* see totals.h */
void fleet_stuck_json(struct fleet *f, json_t *array);

#endif
