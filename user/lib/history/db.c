// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * db.c - a database as a table of calls
 */
#include <errno.h>
#include <math.h>

#include "db.h"

static const struct mt_db_ops *const backends[] = { &mt_db_sqlite, &mt_db_postgres };

static const struct mt_sql commit = { "COMMIT", "" }, rollback = { "ROLLBACK", "" };

struct mt_db_value mt_db_real(double v)
{
	return isfinite(v) ? (struct mt_db_value){ .kind = MT_DB_REAL, .d = v } :
			     (struct mt_db_value){ .kind = MT_DB_NULL };
}

struct mt_db_value mt_db_text(const char *s)
{
	return s && *s ? MT_DB_T(s) : (struct mt_db_value){ .kind = MT_DB_NULL };
}

const struct mt_db_ops *mt_db_ops_of(const char *where)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(backends); i++)
		if (backends[i]->takes(where))
			return backends[i];
	return NULL;
}

int mt_db_open(struct mt_db **db, const char *where, bool create, struct mt_err *err)
{
	const struct mt_db_ops *ops = mt_db_ops_of(where);

	*db = NULL;
	if (!ops)
		return mt_err_set(err, -EINVAL,
				  "%s: a history is %s, or %s", where, mt_db_sqlite.hint,
				  mt_db_postgres.hint);
	return ops->open(db, where, create, err);
}

int mt_db_run(struct mt_db *db, const struct mt_sql *sql, const struct mt_db_value *values,
	      mt_db_row_fn fn, void *opaque, struct mt_err *err)
{
	return db->ops->run(db, sql, values, fn, opaque, err);
}

void mt_db_close(struct mt_db *db)
{
	if (db)
		db->ops->close(db);
}

int mt_db_begin(struct mt_db *db, bool alone, struct mt_err *err)
{
	int rc = mt_db_run(db, db->ops->begin, NULL, NULL, NULL, err);

	if (!rc && alone && db->ops->alone) {
		rc = mt_db_run(db, db->ops->alone, NULL, NULL, NULL, err);
		if (rc)
			rc = mt_db_end(db, rc, err);
	}
	return rc;
}

int mt_db_end(struct mt_db *db, int rc, struct mt_err *err)
{
	if (!rc)
		rc = mt_db_run(db, &commit, NULL, NULL, NULL, err);
	/* After some errors it is undone already: then this fails, and nothing is left to do. */
	if (rc)
		(void)!mt_db_run(db, &rollback, NULL, NULL, NULL, NULL);
	return rc;
}
