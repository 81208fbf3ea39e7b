/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * schema.h - the history's tables, version by version
 *
 * A table migtrace_schema has one row, the version. Each version is a list of statements that make
 * it of the one before, carried out in one transaction: whoever opens a history of an earlier
 * version brings it up, all of it or nothing.
 */
#ifndef MIGTRACE_HISTORY_SCHEMA_H
#define MIGTRACE_HISTORY_SCHEMA_H

#include "db.h"

#define MT_SCHEMA_VERSION	2

/* 0: there are no tables. Return: 0, or errors of mt_db_run(). */
MT_MUST_CHECK int mt_schema_version(struct mt_db *db, unsigned *version, struct mt_err *err);

/*
 * Return: 0, and it is of version @to; -EPROTO it is of a later one; -EBADMSG the file is another
 * program's; errors of mt_db_run().
 */
MT_MUST_CHECK int mt_schema_upgrade(struct mt_db *db, unsigned to, struct mt_err *err);

#endif
