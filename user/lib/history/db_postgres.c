// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * db_postgres.c - a database of a PostgreSQL server, by libpq
 *
 * Rows come one by one ("single-row mode"), so that a long list takes no more memory than a short
 * one. Bounds of time are given to libpq and to the server: who waits is a thread of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "db.h"

#define KEPT_MAX	32
#define PARAMS_MAX	32
#define COLUMNS_MAX	64
/* catalog/pg_type.dat: their numbers are fixed */
#define INT8	20
#define TEXT	25
#define INT4	23
#define FLOAT8	701

struct db_postgres {
	struct mt_db db;
	PGconn *conn;
	const struct mt_sql *kept[KEPT_MAX];	/* prepared, named by their place */
	size_t n_kept;
};

static bool takes(const char *where)
{
	return !strncmp(where, "postgresql://", 13) || !strncmp(where, "postgres://", 11);
}

/* libpq's own messages: several lines, the last one empty. */
static int fail(int rc, const char *what, const char *message, struct mt_err *err)
{
	size_t n = strcspn(message, "\n");

	return mt_err_set(err, rc, "%s: %.*s", what, (int)n, n ? message : "no answer\n");
}

static int postgres_check(const char *where, struct mt_err *err)
{
	char *message = NULL;
	PQconninfoOption *o = PQconninfoParse(where, &message);
	int rc = 0;

	if (!o)
		rc = fail(-EINVAL, "PostgreSQL", message ? message : "out of memory", err);
	for (PQconninfoOption *at = o; at && at->keyword && !rc; at++)
		if (!strcmp(at->keyword, "password") && at->val)
			rc = mt_err_set(err, -EINVAL,
					"no password here, others can read it: use a passfile, or peer authentication");
	PQconninfoFree(o);
	PQfreemem(message);
	return rc;
}

static void postgres_close(struct mt_db *db)
{
	struct db_postgres *d = (struct db_postgres *)db;

	PQfinish(d->conn);
	free(d);
}

static void ignore(void *opaque, const char *message)
{
}

/*
 * What the address says comes last, and prevails. Without it: 5 s to connect, 10 s without an
 * answer of the other end's kernel, and for who writes 10 s for a statement; inferred. A list may
 * take as long as whoever reads it.
 */
static PGconn *connect(const char *where, bool writes)
{
	static const char *const keys[] = { "connect_timeout", "tcp_user_timeout", "options",
					    "fallback_application_name", "dbname", NULL };
	const char *values[] = { "5", "10000",
				 writes ? "-c statement_timeout=10s -c lock_timeout=2s "
					  "-c idle_in_transaction_session_timeout=30s" :
					  "-c lock_timeout=2s",
				 "migtrace", where, NULL };

	return PQconnectdbParams(keys, values, 1);
}

static int postgres_open(struct mt_db **db, const char *where, bool create, struct mt_err *err)
{
	struct db_postgres *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return mt_err_set(err, -ENOMEM, "out of memory");
	d->db.ops = &mt_db_postgres;
	d->conn = connect(where, create);
	if (PQstatus(d->conn) != CONNECTION_OK || PQsetClientEncoding(d->conn, "UTF8")) {
		rc = fail(-ECONNREFUSED, "PostgreSQL", PQerrorMessage(d->conn), err);
		postgres_close(&d->db);
		return rc;
	}
	PQsetNoticeProcessor(d->conn, ignore, NULL);
	*db = &d->db;
	return 0;
}

/* Classes of SQLSTATE, appendix A of PostgreSQL's manual. */
static int errno_of(const struct db_postgres *d, const PGresult *result)
{
	static const struct { const char *state; int rc; } states[] = {
		{ "53100", -ENOSPC }, { "55P03", -EBUSY }, { "40", -EBUSY },
		{ "57014", -ETIMEDOUT },
		{ "57P", -ECONNRESET },
		{ "42501", -EACCES }, { "25006", -EACCES }, { "XX", -EBADMSG },
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	/* Without a state it is libpq that speaks: the connection broke. */
	if (PQstatus(d->conn) != CONNECTION_OK || !state)
		return -ECONNRESET;
	for (size_t i = 0; i < MT_ARRAY_SIZE(states); i++)
		if (!strncmp(state, states[i].state, strlen(states[i].state)))
			return states[i].rc;
	return -EIO;
}

static int fail_result(const struct db_postgres *d, const PGresult *result, struct mt_err *err)
{
	const char *message = PQresultErrorMessage(result);

	return fail(errno_of(d, result), "PostgreSQL",
		    *message ? message : PQerrorMessage(d->conn), err);
}

static Oid oid_of(char type)
{
	return type == 'i' ? INT8 : type == 'd' ? FLOAT8 : TEXT;
}

static int prepare(struct db_postgres *d, const struct mt_sql *sql, const char *name,
		   struct mt_err *err)
{
	Oid oids[PARAMS_MAX];
	PGresult *result;
	int n = 0, rc = 0;

	for (; sql->types[n]; n++)
		oids[n] = oid_of(sql->types[n]);
	result = PQprepare(d->conn, name, sql->text, n, oids);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		rc = fail_result(d, result, err);
	PQclear(result);
	return rc;
}

/* What is not kept is prepared without a name, anew each time. */
static int name_of(struct db_postgres *d, const struct mt_sql *sql, char name[16],
		   struct mt_err *err)
{
	size_t i = 0;
	int rc;

	while (i < d->n_kept && d->kept[i] != sql)
		i++;
	snprintf(name, 16, i < KEPT_MAX ? "s%zu" : "", i);
	if (i < d->n_kept)
		return 0;
	rc = prepare(d, sql, name, err);
	if (!rc && i < KEPT_MAX)
		d->kept[d->n_kept++] = sql;
	return rc;
}

static int send(struct db_postgres *d, const struct mt_sql *sql, const char *name,
		const struct mt_db_value *values)
{
	const char *text[PARAMS_MAX] = { NULL };
	char number[PARAMS_MAX][32];
	int n = 0;

	for (; sql->types[n]; n++) {
		text[n] = number[n];
		if (values[n].kind == MT_DB_INT)
			snprintf(number[n], sizeof(number[n]), "%" PRId64, values[n].i);
		else if (values[n].kind == MT_DB_REAL)
			snprintf(number[n], sizeof(number[n]), "%.17g", values[n].d);
		else
			text[n] = values[n].kind == MT_DB_TEXT ? values[n].s : NULL;
	}
	return PQsendQueryPrepared(d->conn, name, n, text, NULL, NULL, 0);
}

static int hand_over(const PGresult *result, mt_db_row_fn fn, void *opaque)
{
	struct mt_db_value row[COLUMNS_MAX];
	int n = PQnfields(result);

	for (int i = 0; i < n && i < COLUMNS_MAX; i++) {
		const char *text = PQgetvalue(result, 0, i);
		Oid type = PQftype(result, i);

		if (PQgetisnull(result, 0, i))
			row[i] = (struct mt_db_value){ .kind = MT_DB_NULL };
		else if (type == INT8 || type == INT4)
			row[i] = MT_DB_I(strtoll(text, NULL, 10));
		else if (type == FLOAT8)
			row[i] = mt_db_real(strtod(text, NULL));
		else
			row[i] = MT_DB_T(text);
	}
	return fn ? fn(row, (size_t)n, opaque) : 0;
}

/* All results are taken, or the next statement would find these. */
static int take_results(struct db_postgres *d, mt_db_row_fn fn, void *opaque, struct mt_err *err)
{
	PGresult *result;
	int rc = 0;

	while ((result = PQgetResult(d->conn))) {
		switch (PQresultStatus(result)) {
		case PGRES_SINGLE_TUPLE:
			if (!rc)
				rc = hand_over(result, fn, opaque);
			break;
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			break;
		default:
			if (!rc)
				rc = fail_result(d, result, err);
		}
		PQclear(result);
	}
	return rc;
}

static int postgres_run(struct mt_db *db, const struct mt_sql *sql,
			const struct mt_db_value *values, mt_db_row_fn fn, void *opaque,
			struct mt_err *err)
{
	struct db_postgres *d = (struct db_postgres *)db;
	char name[16];
	int rc = name_of(d, sql, name, err);

	if (rc)
		return rc;
	if (!send(d, sql, name, values))
		return fail(PQstatus(d->conn) == CONNECTION_OK ? -EIO : -ECONNRESET, "PostgreSQL",
			    PQerrorMessage(d->conn), err);
	PQsetSingleRowMode(d->conn);
	return take_results(d, fn, opaque, err);
}

static const struct mt_sql begin = { "BEGIN", "" };
/*
 * Hosts that begin at the same time make the tables one after the other. The number is ours: any
 * that nobody else in this database takes (inferred).
 */
static const struct mt_sql alone = { "SELECT pg_advisory_xact_lock(7818926411)", "" };
/* Of the catalogue: to_regclass() may answer from a cache of before the lock was waited for. */
static const struct mt_sql has_tables = {
	"SELECT 1 FROM pg_catalog.pg_class WHERE relname = 'migtrace_schema'"
	" AND pg_catalog.pg_table_is_visible(oid)", ""
};

const struct mt_db_ops mt_db_postgres = {
	.name = "PostgreSQL",
	.hint = "postgresql://USER@HOST/DATABASE",
	.takes = takes,
	.check = postgres_check,
	.open = postgres_open,
	.run = postgres_run,
	.begin = &begin,
	.alone = &alone,
	.has_tables = &has_tables,
	.close = postgres_close,
};
