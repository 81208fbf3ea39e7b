/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * campaign_key.h - what a specification that has a campaign in it takes from a campaign's
 */
#ifndef CAMPAIGN_KEY_H
#define CAMPAIGN_KEY_H

#include "campaign.h"

extern const struct spec_key campaign_keys[];		/* of struct campaign_spec */
extern const struct spec_key campaign_guest_keys[];	/* of struct campaign_guest */

/* campaign_check.c */
void campaign_check(const void *spec, void (*complain)(void *opaque, const char *line),
		    void *opaque);
void campaign_check_guests(const struct campaign_spec *s,
			   void (*complain)(void *opaque, const char *line), void *opaque);

#endif
