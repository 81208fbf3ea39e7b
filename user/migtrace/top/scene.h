/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scene.h - what the full-screen `migtrace top` knows at one moment, and how a person looks at it
 *
 * A scene is a value: whoever gathers it hands over a copy, and whoever lays it out asks nobody.
 */
#ifndef TOP_SCENE_H
#define TOP_SCENE_H

#include "hypervisor/conn.h"
#include "model/outlook.h"
#include "policy/policy.h"
#include "source/classifier.h"
#include "source/sample.h"

#define SCENE_HISTORY	256	/* dirty rates, the newest last */
#define SCENE_VCPUS	32
#define SCENE_PASSES	16
#define SCENE_CURVE	24	/* points of U(T) */

struct scene_pass {
	uint64_t n;
	double duration_s, sent_bytes, dirtied_bytes, left_bytes, bandwidth_bytes_per_s;
};

struct scene_migration {
	bool known;
	struct mt_sample sample;	/* what was known last */
	double bandwidth_bytes_per_s, dirty_bytes_per_s;	/* NaN */
	struct mt_prediction prediction;
	struct mt_plan plan;		/* what the policy would do */
	const char *policy;
	struct scene_pass passes[SCENE_PASSES];	/* oldest first */
	size_t n_passes;
};

/* Numbers that are not known are NaN. */
struct scene_guest {
	char name[MT_DOMAIN_NAME_MAX + 1];
	char uuid[VIR_UUID_STRING_BUFLEN];
	const char *state;		/* "running" ... */
	const char *source;		/* "kmod", "bpf", "none" */
	char why[256];			/* no better source */
	const char *class;		/* NULL: not yet */
	char class_reason[MT_CLASS_TEXT];
	uint64_t memory_bytes;
	unsigned vcpus;
	bool logging;
	double dirty_bytes_per_s, cpu_percent, received_bytes_per_s, sent_bytes_per_s;
	double history[SCENE_HISTORY];	/* of dirty_bytes_per_s */
	size_t n_history;
	double ring_used, ring_entries, ring_wanted, ring_full_exits;
	double vcpu_bytes_per_s[SCENE_VCPUS];
	size_t n_vcpus;
	struct { double window_s, bytes; } curve[SCENE_CURVE];	/* the window under way */
	size_t n_curve;
	double link_bytes_per_s;	/* what a migration has or would have */
	struct scene_migration migration;
};

struct scene {
	const char *host;		/* the URI */
	char clock[16];			/* "14:35:02" */
	char note[160];			/* what happened last; "" */
	struct scene_guest *guests;
	size_t n;
};

#endif
