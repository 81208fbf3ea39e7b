// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * pass_events.c - which iteration events are news
 *
 * Two sources tell of the same iteration, each in order; whichever comes first
 * is news. A source that goes back in its own count tells of a new migration.
 *
 * Threads: none of its own and no lock; virt_subscribe.c calls it under its own.
 */
#include <stdlib.h>
#include <string.h>

#include "pass_events.h"

static struct mt_pass_domain *find(struct mt_pass_events *p, const char *uuid)
{
	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->domains[i].uuid, uuid))
			return &p->domains[i];
	return NULL;
}

static struct mt_pass_domain *find_or_add(struct mt_pass_events *p, const char *uuid)
{
	struct mt_pass_domain *d = find(p, uuid);

	if (d)
		return d;
	d = realloc(p->domains, (p->n + 1) * sizeof(*d));
	if (!d)
		return NULL;
	p->domains = d;
	d = &p->domains[p->n++];
	memset(d, 0, sizeof(*d));
	strncpy(d->uuid, uuid, sizeof(d->uuid) - 1);
	return d;
}

bool mt_pass_events_feed(struct mt_pass_events *p, const char *uuid, enum mt_pass_source source,
			 uint64_t iteration)
{
	struct mt_pass_domain *d = find_or_add(p, uuid);

	if (!d)
		return true;	/* twice is better than never */
	if (d->last[source] && iteration <= d->last[source]) {
		memset(d->last, 0, sizeof(d->last));
		d->delivered = 0;
	}
	d->last[source] = iteration;
	if (iteration <= d->delivered)
		return false;
	d->delivered = iteration;
	return true;
}

void mt_pass_events_forget(struct mt_pass_events *p, const char *uuid)
{
	struct mt_pass_domain *d = find(p, uuid);

	if (d)
		*d = p->domains[--p->n];
}

void mt_pass_events_fini(struct mt_pass_events *p)
{
	free(p->domains);
	p->domains = NULL;
	p->n = 0;
}
