/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * experience.h - what a host's own migrations have taught it
 *
 * A directory of recordings teaches: each migration in it that ended by itself is forecast again,
 * from before its begin and from its first passes, and what was off moves mt_learned_prior towards
 * these hosts (mt_learn_own()): all of them together, and by destination where enough of them went
 * to one. The result is a file:
 *
 *   {"type":"learned","schema":2,"tool":"migtraced 0.1.0","source":"host1","sets":[
 *    {"migrations":12,"oldest_unix_ms":...,"newest_unix_ms":...,"stops":4,"fixed_ms":96.0,
 *     "stages":[{"figures":{...},"residuals":[...]},...]},
 *    {"destination":"host2","migrations":9,...}]}
 *
 * Figures and residuals are as in learnedjson.h; the stages are those of enum mt_forecast_stage, in
 * order. A file of schema 1 is one that teaches of the time before a migration alone.
 */
#ifndef MT_EXPERIENCE_H
#define MT_EXPERIENCE_H

#include "base/err.h"
#include "model/learned.h"

/* in the daemon's directory of recordings */
#define MT_EXPERIENCE_FILE	"learned.json"
#define MT_EXPERIENCE_HOST_MAX	256

struct mt_experience {
	char source[MT_EXPERIENCE_HOST_MAX];		/* "": not said */
	char destination[MT_EXPERIENCE_HOST_MAX];	/* "": wherever */
	unsigned migrations;		/* that taught it; 0: all there is is mt_learned_prior */
	uint64_t oldest_ms, newest_ms;	/* Unix time at which they began; 0: not said */
	/*
	 * The part of a stop's pause that is not memory: what four of five stops took at most, with
	 * MT_EXPERIENCE_STOPS of MT_FIXED_DEFAULT_MS counted among them. This is the one place
	 * where it is learned.
	 */
	double fixed_ms;
	unsigned stops;
	struct mt_learned stage[MT_FORECAST_STAGES];
};

#define MT_EXPERIENCE_STOPS	3	/* inferred */

/* Nothing but the prior. */
void mt_experience_init(struct mt_experience *e);

/*
 * "host2" of "qemu+tls://root@host2:16514/system"; "": of none, or of this host's own. Cut where it
 * is too long.
 */
void mt_experience_host(char host[MT_EXPERIENCE_HOST_MAX], const char *uri);

/**
 * mt_experience_load() - what is known of migrations to a host
 * @destination: a URI; NULL: not known. What is known of the destination counts, else that of all
 * together.
 *
 * Return: 0; errnos of open(2) and read(2); -EBADMSG no such file, or broken; -EPROTO a schema from
 * the future; each with a line in @err, and @e is left alone.
 */
MT_MUST_CHECK int mt_experience_load(struct mt_experience *e, const char *path,
				     const char *destination, struct mt_err *err);

/*
 * Sets of one source. Written under another name and renamed: @path is whole at any time. Return:
 * 0; errnos of open(2), write(2), rename(2).
 */
MT_MUST_CHECK int mt_experience_save(const struct mt_experience *sets, size_t n, const char *path,
				     struct mt_err *err);

/* At most this many of the newest recordings are read. */
#define MT_EXPERIENCE_RECORDINGS	64
/*
 * A destination has a set of its own from this many migrations on, and at most this many
 * destinations have. Inferred.
 */
#define MT_EXPERIENCE_LEAST	3
#define MT_EXPERIENCE_DESTINATIONS	16

/**
 * mt_experience_learn() - make the file anew from a directory of recordings
 * @source: this host's name
 * @read: how many migrations taught something; may be NULL
 *
 * What cannot be read, or tells of no migration that ended by itself, is passed over. Written under
 * another name and renamed; none is made where nothing teaches. Return: 0; errnos of opendir(3),
 * open(2), write(2), rename(2); -ENOMEM.
 */
MT_MUST_CHECK int mt_experience_learn(const char *directory, const char *source, const char *path,
				      unsigned *read, struct mt_err *err);

struct mt_limits;

/*
 * What it teaches for @limits, which must not outlive @e: of the fixed part of a pause, where
 * nothing was said of it.
 */
void mt_experience_use(const struct mt_experience *e, struct mt_limits *limits);

/*
 * "learned from 12 migrations of host1 to host2, the newest 2 d ago" or of other hosts; @now_ms:
 * Unix time.
 */
void mt_experience_describe(const struct mt_experience *e, uint64_t now_ms, char *line,
			    size_t size);

#endif
