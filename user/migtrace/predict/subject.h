/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * subject.h - whose migration is forecast: a running guest, a recorded one, or an assumed one
 *
 * A running guest is profiled as `migtrace record` does it, into a file that is then read like any
 * other.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "cli/options.h"
#include "migtrace/record/cmd_record.h"
#include "model/forecast.h"
#include "store/recorded.h"

struct subject {
	char name[MT_DOMAIN_NAME_MAX + 1];
	char uuid[VIR_UUID_STRING_BUFLEN];	/* of a running guest; "": of none */
	struct mt_ucurve curve;
	bool assumed;			/* U(T), by the operator */
	char source[64];		/* of the kernel's figures, "kmod, ring"; "": none */
	struct mt_recorded_guest guest;
	struct mt_seconds seconds;	/* of its profile; ->lengths 0: there is none */
};

/* What the operator says overrides what is known; 0: nothing was said. */
struct subject_options {
	uint64_t memory_bytes, resident_bytes;
	uint64_t dirty_rate_bytes_per_s, working_set_bytes;	/* of an assumed guest */
	bool ring;			/* an assumed guest's log is a ring */
	const char *keep;		/* file for the profile; NULL: none */
	struct record *record;		/* how to profile; static, since the signal thread may look
					 * at it to the end */
	const char *uri;
	bool connected;
};

/* A name with a / in it, or with a recording's ending, is a file's. */
bool subject_is_file(const char *name);

/* Return: 0; -EINTR interrupted; else -errno with a line in @err. */
MT_MUST_CHECK int subject_load(struct subject *s, const char *path, const struct subject_options *o,
			       struct mt_err *err);
MT_MUST_CHECK int subject_assume(struct subject *s, const struct subject_options *o,
				 struct mt_err *err);

/*
 * subject_domain.c: what libvirt knows without a profile goes into @s->guest: memory, the bandwidth
 * and the limit that its migrations have, as far as they are set. Then the profile, which takes as
 * long as it takes.
 */
MT_MUST_CHECK int subject_look_up(struct subject *s, const char *name, struct subject_options *o,
				  struct mt_err *err);
MT_MUST_CHECK int subject_profile(struct subject *s, struct subject_options *o, struct mt_err *err);

/* The inputs of a forecast that are the guest's own. */
struct mt_forecast_input subject_input(const struct subject *s);

/* "kernel", "coarse", "iterations", "assumed". */
const char *subject_origin(const struct subject *s);
unsigned subject_windows(const struct subject *s);	/* of that origin, that were seen */

/*
 * Nathan's figures, from U(T): in the first second; a second after it, NaN: not known; the working
 * set, NaN: likewise.
 */
double subject_s_bytes(const struct subject *s);
double subject_s_new_bytes_per_s(const struct subject *s);
double subject_mw_bytes(const struct subject *s);

/* The lines of text above a table. */
void subject_show(const struct subject *s, FILE *out);

#endif
