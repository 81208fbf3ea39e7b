/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pass_events.h - which iteration events are news
 */
#ifndef MT_PASS_EVENTS_H
#define MT_PASS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libvirt/libvirt.h>

enum mt_pass_source {
	MT_PASS_QEMU,		/* QEMU's MIGRATION_PASS, handed on by libvirt */
	MT_PASS_LIBVIRT,	/* libvirt's own iteration event */
	MT_PASS_SOURCES
};

struct mt_pass_domain {
	char uuid[VIR_UUID_STRING_BUFLEN];
	uint64_t delivered;			/* highest iteration handed on in this migration */
	uint64_t last[MT_PASS_SOURCES];		/* newest iteration of each source; 0 = none yet */
};

struct mt_pass_events {
	struct mt_pass_domain *domains;
	size_t n;
};

/* Return: whether this is the first to tell of @iteration. */
bool mt_pass_events_feed(struct mt_pass_events *p, const char *uuid, enum mt_pass_source source,
			 uint64_t iteration);

/* A new migration of @uuid begins, or the guest is gone. */
void mt_pass_events_forget(struct mt_pass_events *p, const char *uuid);

void mt_pass_events_fini(struct mt_pass_events *p);

#endif
