/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_int.h - what guest.c, guest_migration.c and guest_status.c share
 */
#ifndef MIGTRACED_GUEST_INT_H
#define MIGTRACED_GUEST_INT_H

#include <pthread.h>

#include "base/inifile.h"
#include "steer/metadata.h"
#include "watch/domainwork.h"
#include "guest.h"
#include "recording.h"

/* Why a migration that began under a rule that acts is only observed, bits of ->observe. */
/* the configuration as it is now says so, or no longer looks after it */
#define OBSERVE_RELOADED	1
#define OBSERVE_LOCKED		2	/* another daemon acts on this hypervisor */

struct guest {
	struct mt_conn *calls;		/* of this worker alone */
	struct guest_setup setup;
	char uuid[VIR_UUID_STRING_BUFLEN];
	uint64_t first_t_ns;		/* when we learned of it */
	bool told;			/* by an event, which is the first in the inbox */
	bool seen_begin;
	pthread_t thread;
	struct mt_inbox *inbox;
	volatile int observe;		/* OBSERVE_*; set with the lock held, read without */

	/* The thread's own; those below ->lock are read by others once ->supervised. */
	uint64_t total_ms;		/* of the job when it was picked up */
	struct mt_plan logged;		/* newest that went to the log */
	struct mt_collector *collector;
	struct mt_workload *workload;	/* NULL: not wanted, or not to be had */

	pthread_mutex_t lock;		/* of what follows, most of it what `status` shows */
	struct config *config;		/* as of now, until ->how was made of it */
	bool ruled;			/* ->info and ->how are known */
	bool metadata_read;		/* at least once, or that there is none */
	bool supervised;
	struct mt_domain_info info;
	struct mt_rule how;
	struct mt_rule_part metadata;	/* what in ->how is from there */
	struct config_origin from[MT_RULE_KEYS_MAX];	/* and the rest; points into ->config */
	struct mt_experience *experience;	/* behind ->how.limits.learned; NULL: nothing was
						 * learned */
	bool resumed;
	char source[384];		/* kernel source, or why there is none */
	struct recording *record;
	char *recording;		/* its path; NULL = none, or none yet */
	bool has_sample;
	struct mt_sample sample;
	struct mt_plan plan;
	struct mt_prediction prediction;
	enum mt_stage stage;
	uint64_t begun_ns, answered_ns;	/* the thread; newest sign that a call came back */
	bool acts;
	char hand[160];			/* why not */
	char note[256];
};

/* With the lock held. Return: whether that was news. */
bool guest_set_observe(struct guest *g, int bit, bool on);

/* The configuration as it is at this moment; what comes later goes through guest_reconfigure(). */
void guest_take_rules(struct guest *g);
/* For mt_supervise(): its metadata has changed. */
bool guest_limits_now(struct mt_limits *limits, void *guest);
/* With the lock held. What is not as by default: [{"key": ..., "value": ..., "from": ...}]. */
json_t *guest_settings_json(const struct guest *g);

/* With the lock held. A slow disk has none for a while. */
const char *guest_recording(struct guest *g);

/* What made us look at this migration must not make somebody look at it again. */
void guest_drop_unread(struct guest *g, unsigned n);
/* Return: what `status` shows of it when it is over; NULL: it goes on without us. */
json_t *guest_migration(struct guest *g);

void guest_on_progress(const struct mt_progress *p, void *guest);
json_t *guest_finished_json(struct guest *g, const struct mt_supervise_result *r);

#endif
