// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * db_sqlite.c - a database in a file
 *
 * With a write-ahead log: who reads does not wait for who writes, and a writer that is killed
 * leaves whole transactions (https://www.sqlite.org/wal.html). "synchronous = NORMAL" waits for
 * the disk at checkpoints only: a power cut may take the last transactions, never the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "db.h"

#define KEPT_MAX	32		/* statements; the history has fewer */
#define BUSY_MS		2000		/* another's lock is waited for; inferred */

struct db_sqlite {
	struct mt_db db;
	sqlite3 *conn;
	char *path;
	struct kept {
		const struct mt_sql *sql;
		sqlite3_stmt *stmt;
	} kept[KEPT_MAX];
	size_t n_kept;
};

static bool takes(const char *where)
{
	return *where && *where != ':' && !strstr(where, "://");	/* nor ":memory:" */
}

static int errno_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	}
	return -EIO;
}

static int fail(const struct db_sqlite *d, int result, struct mt_err *err)
{
	return mt_err_set(err, errno_of(result), "%s: %s", d->path,
			  d->conn ? sqlite3_errmsg(d->conn) : sqlite3_errstr(result));
}

static void sqlite_close(struct mt_db *db)
{
	struct db_sqlite *d = (struct db_sqlite *)db;

	for (size_t i = 0; i < d->n_kept; i++)
		sqlite3_finalize(d->kept[i].stmt);
	sqlite3_close(d->conn);
	free(d->path);
	free(d);
}

/*
 * SQLite opens what is no file as well, and waits for it. What it makes itself everybody may read;
 * a history is read by who may read recordings. Return: 0 or -errno with a line.
 */
static int check_file(const char *where, bool create, struct mt_err *err)
{
	struct stat st;
	int fd;

	if (!stat(where, &st))
		return S_ISREG(st.st_mode) ? 0 : mt_err_set(err, -EINVAL, "%s: no file", where);
	if (errno == ENOENT && !create)
		return mt_err_set(err, -ENOENT, "%s is not there: migtrace history import makes it",
				  where);
	fd = errno == ENOENT ? open(where, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640) : -1;
	/* EEXIST: somebody else was faster. */
	if (fd < 0 && errno != EEXIST)
		return mt_err_set(err, -errno, "%s: %s", where, strerror(errno));
	if (fd >= 0)
		close(fd);
	return 0;
}

static int sqlite_open(struct mt_db **db, const char *where, bool create, struct mt_err *err)
{
	int result, rc = check_file(where, create, err);
	struct db_sqlite *d;

	*db = NULL;
	if (rc)
		return rc;
	d = calloc(1, sizeof(*d));
	if (d)
		d->path = strdup(where);
	if (!d || !d->path) {
		free(d);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	d->db.ops = &mt_db_sqlite;
	result = sqlite3_open_v2(where, &d->conn, SQLITE_OPEN_READWRITE, NULL);
	if (result == SQLITE_OK)
		sqlite3_busy_timeout(d->conn, BUSY_MS);
	if (result == SQLITE_OK)
		result = sqlite3_exec(d->conn,
				      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
				      NULL, NULL, NULL);
	if (result != SQLITE_OK) {
		rc = fail(d, result, err);
		sqlite_close(&d->db);
		return rc;
	}
	*db = &d->db;
	return 0;
}

/* NULL: not prepared, @result says why. */
static sqlite3_stmt *prepared(struct db_sqlite *d, const struct mt_sql *sql, int *result)
{
	sqlite3_stmt *stmt = NULL;

	for (size_t i = 0; i < d->n_kept; i++)
		if (d->kept[i].sql == sql)
			return d->kept[i].stmt;
	if (d->n_kept == KEPT_MAX)	/* of the schema's, each used once */
		sqlite3_finalize(d->kept[--d->n_kept].stmt);
	*result = sqlite3_prepare_v3(d->conn, sql->text, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
				     NULL);
	if (stmt)
		d->kept[d->n_kept++] = (struct kept){ sql, stmt };
	return stmt;
}

static int bind(sqlite3_stmt *stmt, const struct mt_sql *sql, const struct mt_db_value *values)
{
	for (int i = 0; sql->types[i]; i++) {
		const struct mt_db_value *v = &values[i];
		char name[16];
		int at, result = SQLITE_OK;

		/* "$12" is a name to SQLite, which counts in the order in which they come. */
		snprintf(name, sizeof(name), "$%d", i + 1);
		at = sqlite3_bind_parameter_index(stmt, name);
		if (v->kind == MT_DB_INT)
			result = sqlite3_bind_int64(stmt, at, v->i);
		else if (v->kind == MT_DB_REAL)
			result = sqlite3_bind_double(stmt, at, v->d);
		else if (v->kind == MT_DB_TEXT)
			result = sqlite3_bind_text(stmt, at, v->s, -1, SQLITE_STATIC);
		if (result != SQLITE_OK)
			return result;
	}
	return SQLITE_OK;
}

static int hand_over(sqlite3_stmt *stmt, mt_db_row_fn fn, void *opaque)
{
	struct mt_db_value row[64];
	int n = sqlite3_column_count(stmt);

	for (int i = 0; i < n && i < (int)MT_ARRAY_SIZE(row); i++) {
		switch (sqlite3_column_type(stmt, i)) {
		case SQLITE_INTEGER:
			row[i] = MT_DB_I(sqlite3_column_int64(stmt, i));
			break;
		case SQLITE_FLOAT:
			row[i] = mt_db_real(sqlite3_column_double(stmt, i));
			break;
		case SQLITE_NULL:
			row[i] = (struct mt_db_value){ .kind = MT_DB_NULL };
			break;
		default:
			row[i] = MT_DB_T((const char *)sqlite3_column_text(stmt, i));
		}
	}
	return fn ? fn(row, (size_t)n, opaque) : 0;
}

static int sqlite_run(struct mt_db *db, const struct mt_sql *sql, const struct mt_db_value *values,
		      mt_db_row_fn fn, void *opaque, struct mt_err *err)
{
	struct db_sqlite *d = (struct db_sqlite *)db;
	int result = SQLITE_OK, rc = 0;
	sqlite3_stmt *stmt = prepared(d, sql, &result);

	if (!stmt)
		return fail(d, result, err);
	result = bind(stmt, sql, values);
	while (result == SQLITE_OK && !rc && (result = sqlite3_step(stmt)) == SQLITE_ROW) {
		rc = hand_over(stmt, fn, opaque);
		result = SQLITE_OK;
	}
	if (!rc && result != SQLITE_DONE)
		rc = fail(d, result, err);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);	/* they are the caller's */
	return rc;
}

/* At once: what reads first and writes later would find the lock taken in between. */
static const struct mt_sql begin = { "BEGIN IMMEDIATE", "" };
static const struct mt_sql has_tables = {
	"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migtrace_schema'", ""
};
static const struct mt_sql foreign = { "SELECT 1 FROM sqlite_master LIMIT 1", "" };

const struct mt_db_ops mt_db_sqlite = {
	.name = "SQLite",
	.hint = "a file's path",
	.takes = takes,
	.open = sqlite_open,
	.run = sqlite_run,
	.begin = &begin,
	.has_tables = &has_tables,
	.foreign = &foreign,
	.close = sqlite_close,
};
