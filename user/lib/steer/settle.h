/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settle.h - a migration is over: where is the guest now?
 */
#ifndef MT_SETTLE_H
#define MT_SETTLE_H

#include "hypervisor/domain.h"
#include "store/record.h"

struct mt_settle_input {
	struct mt_conn *source;
	const char *uuid;
	const char *const *destinations;	/* NULL-terminated, may be NULL */
	bool claimed;		/* libvirt said that it succeeded */
	bool cancelled;		/* it was asked to end, by us or by somebody */
	bool was_paused;	/* the guest was paused before it began */
	const char *text;	/* libvirt's error, "" = none */
	const char *off;	/* how it was powered off at the source meanwhile, "was shut down";
				 * NULL or "" = not that we know */
};

/*
 * Looks on both sides, waits for what is still on its way, and never trusts a
 * claim that it can check. @detail: one sentence, where the guest is and why. @found: the one of
 * ->destinations that has it, NULL: none.
 */
enum mt_outcome mt_settle(const struct mt_settle_input *in, char *detail, size_t size,
			  const char **found);

#endif
