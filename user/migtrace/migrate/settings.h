/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings.h - what a guest's metadata says of its migrations, where no option does
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "steer/metadata.h"

/* An option that was not given: NULL, MT_LIMIT_UNSET, false. */
#define SETTINGS_NONE { .limits = MT_LIMITS_UNSET, .poll_ms = MT_LIMIT_UNSET, \
			.decision_max_age_ms = MT_LIMIT_UNSET }

/*
 * Into @rule, which has the options, what the guest's metadata has besides. @parallel: the
 * migration's connections, which post-copy does not go with. @tell is called with a line on what
 * was taken, on what is wrong with it, and on what contradicts itself: what is wrong is not heeded.
 */
void settings_take(struct mt_rule *rule, struct mt_conn *conn, const struct mt_domain_info *domain,
		   unsigned parallel, void (*tell)(const char *line, void *opaque), void *opaque);

#endif
