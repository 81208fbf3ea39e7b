/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager.h - the connection to libvirt and every migration on it
 *
 * One thread connects, looks for migrations under way whenever the connection
 * is new, and clears up; libvirt's events start one more for each migration.
 * The functions here are for the main thread and return at once, but for manager_stop().
 */
#ifndef MIGTRACED_MANAGER_H
#define MIGTRACED_MANAGER_H

#include <jansson.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "config.h"

struct manager;

/* Takes a reference of @config. */
MT_MUST_CHECK int manager_new(struct manager **m, struct config *config);

/*
 * Lets go of all migrations, within @timeout_ms, and then sees to guests that are stopped for their
 * last pages: up to 8 s more, if there are some. Return: 0 and @m is gone, or -ETIMEDOUT when some
 * thread hangs in a call: then all there is left to do is to exit.
 */
MT_MUST_CHECK int manager_stop(struct manager *m, uint64_t timeout_ms);

/* For migrations that begin from now on; those under way are let go of where it says so. */
void manager_set_config(struct manager *m, struct config *config);

/*
 * Hands off a migration, @off, or no longer. @who: a UUID, or the name of a guest whose migration
 * is supervised; NULL: all.
 * @uuid: whom it is about.
 */
MT_MUST_CHECK int manager_release(struct manager *m, const char *who, bool off, char *uuid,
				  size_t size, struct mt_err *err);

/* The object that `status` answers; NULL: no memory. */
json_t *manager_status(struct manager *m);

/* One line for systemd, and a descriptor that is readable when it may have changed. */
void manager_summary(struct manager *m, char *buf, size_t size);
int manager_changed_fd(const struct manager *m);

#endif
