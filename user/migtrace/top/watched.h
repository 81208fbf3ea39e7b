/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watched.h - one guest of the full-screen top, over time: what it dirties, and its migration
 */
#ifndef TOP_WATCHED_H
#define TOP_WATCHED_H

#include "policy/engine.h"
#include "scene.h"
#include "top.h"

struct watched {
	struct top_guest top;
	struct scene_guest shown;	/* as of the last look */
	struct mt_engine *engine;	/* of the migration under way; NULL: there is none */
};

struct watch_how {
	struct mt_conn *conn;
	const char *source_name;
	unsigned probes;
	double link_bytes_per_s;
	const struct mt_policy *policy;
};

void watched_open(struct watched *w, const struct watch_how *how, const struct mt_domain_info *d);
void watched_close(struct watched *w);
/* libvirt has told of it again. One that was started anew meanwhile is opened anew. */
void watched_info(struct watched *w, const struct watch_how *how, const struct mt_domain_info *d);
/* A row's time is over: what it did in it. May block as any call of libvirt. */
void watched_row(struct watched *w);
/* Asks how its migration is, if it has one. Likewise. */
void watched_migration(struct watched *w, const struct watch_how *how);

#endif
