/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * archive.h - the history: migrations put into a database, and found again
 *
 * A migration is there once, whoever puts it there how often (mt_past_number()): what is put again
 * takes the place of what was there, in one transaction.
 */
#ifndef MT_ARCHIVE_H
#define MT_ARCHIVE_H

#include "db.h"
#include "past.h"

/*
 * @where: an address of mt_db_ops. @create: a file or tables that are not there are made. A history
 * of an earlier version is brought up. Return: 0; -ENOENT there is none; errors of
 * mt_schema_upgrade() and of the database.
 */
MT_MUST_CHECK int mt_archive_open(struct mt_db **db, const char *where, bool create,
				  struct mt_err *err);

/* Return: 0, or errors of mt_db_run(); then nothing has changed. */
MT_MUST_CHECK int mt_archive_put(struct mt_db *db, const struct mt_past *p, struct mt_err *err);

/* What is NULL or 0 does not matter. */
struct mt_archive_filter {
	const char *guest;		/* name or UUID */
	const char *source, *destination, *policy, *method, *outcome;
	uint64_t since_ms, until_ms;	/* began at, and before; Unix time */
	uint64_t limit;			/* the newest so many */
};

/* The newest first, without decisions. Return: 0, what @fn returned, errors of mt_db_run(). */
MT_MUST_CHECK int mt_archive_list(struct mt_db *db, const struct mt_archive_filter *filter,
				  mt_past_fn fn, void *opaque, struct mt_err *err);

/*
 * The one whose number begins with @digits, with its decisions; mt_past_fini(). Return: 0; -ENOENT,
 * -EEXIST none or several; -EINVAL no number; errors of mt_db_run().
 */
MT_MUST_CHECK int mt_archive_get(struct mt_db *db, const char *digits, struct mt_past *p,
				 struct mt_err *err);

/*
 * What began before @before_ms goes, and all but the newest @keep; 0: none of them. @gone: how
 * many; may be NULL.
 */
MT_MUST_CHECK int mt_archive_prune(struct mt_db *db, uint64_t before_ms, uint64_t keep,
				   uint64_t *gone, struct mt_err *err);

#endif
