/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * db.h - a database as a table of calls: SQLite in a file, PostgreSQL by a connection string
 *
 * Every statement is a constant that both understand, prepared, with its values bound: no text of
 * a tenant's is ever part of one. Parameters are $1, $2 and so on; columns are BIGINT, DOUBLE
 * PRECISION or TEXT.
 *
 * Threads: a connection is one thread's at a time.
 */
#ifndef MIGTRACE_HISTORY_DB_H
#define MIGTRACE_HISTORY_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum mt_db_kind { MT_DB_NULL, MT_DB_INT, MT_DB_REAL, MT_DB_TEXT };

struct mt_db_value {
	enum mt_db_kind kind;
	union {
		int64_t i;
		double d;
		const char *s;
	};
};

#define MT_DB_I(v)	((struct mt_db_value){ .kind = MT_DB_INT, .i = (int64_t)(v) })
#define MT_DB_T(v)	((struct mt_db_value){ .kind = MT_DB_TEXT, .s = (v) })
struct mt_db_value mt_db_real(double v);	/* not finite: NULL */
struct mt_db_value mt_db_text(const char *s);	/* NULL or "": NULL */

/* A statement lives as long as the program: it is prepared once for each connection. */
struct mt_sql {
	const char *text;
	const char *types;		/* of its parameters: i, d or t each */
};

/* One row; its texts last until it returns. Not 0: no more rows are wanted. */
typedef int (*mt_db_row_fn)(const struct mt_db_value *row, size_t n, void *opaque);

struct mt_db;
struct mt_db_ops {
	const char *name;		/* "SQLite" */
	const char *hint;		/* what an address of it looks like */
	bool (*takes)(const char *where);	/* whether it is an address of this one */
	/* Only an address: is it well-formed? NULL: whatever it takes is. */
	int (*check)(const char *where, struct mt_err *err);
	/* -ENOENT: a file that is not there, unless @create */
	int (*open)(struct mt_db **db, const char *where, bool create, struct mt_err *err);
	/*
	 * Return: 0; what @fn returned; -EBUSY locked, try again; -ENOSPC full; -EBADMSG damaged,
	 * or no such database; -ECONNRESET the server went away; -EIO the rest.
	 */
	int (*run)(struct mt_db *db, const struct mt_sql *sql, const struct mt_db_value *values,
		   mt_db_row_fn fn, void *opaque, struct mt_err *err);
	const struct mt_sql *begin;	/* of a transaction that writes; and what makes it */
	const struct mt_sql *alone;	/* the only one that changes the schema; NULL: it is */
	const struct mt_sql *has_tables;	/* a row if they are there (schema.h) */
	const struct mt_sql *foreign;	/* a row if there is anything; NULL: others may share it */
	void (*close)(struct mt_db *db);
};

/* Each back end's struct mt_db begins with its calls. */
struct mt_db {
	const struct mt_db_ops *ops;
};

const struct mt_db_ops *mt_db_ops_of(const char *where);	/* NULL: no address of a database */

MT_MUST_CHECK int mt_db_open(struct mt_db **db, const char *where, bool create,
			     struct mt_err *err);
MT_MUST_CHECK int mt_db_run(struct mt_db *db, const struct mt_sql *sql,
			    const struct mt_db_value *values, mt_db_row_fn fn, void *opaque,
			    struct mt_err *err);
void mt_db_close(struct mt_db *db);	/* NULL is fine */

/*
 * mt_db_begin() and then mt_db_end() with what came of it so far: 0 commits, else it is undone.
 * Return: @rc, or what the commit brought.
 */
MT_MUST_CHECK int mt_db_begin(struct mt_db *db, bool alone, struct mt_err *err);
MT_MUST_CHECK int mt_db_end(struct mt_db *db, int rc, struct mt_err *err);

extern const struct mt_db_ops mt_db_sqlite, mt_db_postgres;

#endif
