/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * archive_sql.h - the history's statements: constants, in SQL that both databases understand
 */
#ifndef MIGTRACE_HISTORY_ARCHIVE_SQL_H
#define MIGTRACE_HISTORY_ARCHIVE_SQL_H

#include "db.h"
#include "past.h"

/* Lists of columns, by past.h's own */
#define NAME(name, ...)		", " #name
#define NAME_OF_M(name, ...)	", m." #name
#define TYPE_T(name, ...)	"t"
#define TYPE_D(name, ...)	"d"
#define ONE(name, ...)		+1

/* id and begin_ms, and the columns */
#define MIGRATION_VALUES	(2 MT_PAST_TEXTS(ONE) MT_PAST_NUMBERS(ONE))

#define FORECAST_COLUMNS(of) \
	of "model, " of "verdict, " of "ends, " of "total_p10_ms, " of "total_p50_ms, " \
	of "total_p90_ms, " of "downtime_p10_ms, " of "downtime_p50_ms, " of "downtime_p90_ms, " \
	of "transferred_p10_bytes, " of "transferred_p50_bytes, " of "transferred_p90_bytes"
#define FORECAST_VALUES		12

static const struct mt_sql sql_forget = { "DELETE FROM migration WHERE id = $1", "i" };

static const struct mt_sql sql_put_migration = {
	"INSERT INTO migration (id, begin_ms" MT_PAST_TEXTS(NAME) MT_PAST_NUMBERS(NAME) ")"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
	" $18, $19, $20, $21, $22, $23)",
	"ii" MT_PAST_TEXTS(TYPE_T) MT_PAST_NUMBERS(TYPE_D)
};
_Static_assert(MIGRATION_VALUES == 23, "sql_put_migration has another number of parameters");

static const struct mt_sql sql_put_forecast = {
	"INSERT INTO forecast (migration, stage, " FORECAST_COLUMNS("") ")"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
	"ittt" "dddddddddd"
};

static const struct mt_sql sql_put_decision = {
	"INSERT INTO decision (migration, number, at_ms, iteration, action, applied, reason)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7)",
	"iiddttt"
};

#define SELECT_MIGRATION \
	"SELECT m.id, m.begin_ms" MT_PAST_TEXTS(NAME_OF_M) MT_PAST_NUMBERS(NAME_OF_M) \
	", b.stage, " FORECAST_COLUMNS("b.") ", p.stage, " FORECAST_COLUMNS("p.") \
	" FROM migration m" \
	" LEFT JOIN forecast b ON b.migration = m.id AND b.stage = 'before'" \
	" LEFT JOIN forecast p ON p.migration = m.id AND p.stage = 'pass-1'"

/* Two are enough to know that there are several. */
static const struct mt_sql sql_get = {
	SELECT_MIGRATION " WHERE m.id >= $1 AND m.id <= $2 ORDER BY m.id LIMIT 2", "ii"
};

static const struct mt_sql sql_list = {
	SELECT_MIGRATION
	" WHERE ($1 IS NULL OR m.guest = $1 OR m.uuid = $1) AND ($2 IS NULL OR m.source = $2)"
	" AND ($3 IS NULL OR m.destination = $3) AND ($4 IS NULL OR m.policy = $4)"
	" AND ($5 IS NULL OR m.method = $5) AND ($6 IS NULL OR m.outcome = $6)"
	" AND ($7 IS NULL OR m.begin_ms >= $7) AND ($8 IS NULL OR m.begin_ms < $8)"
	" ORDER BY m.begin_ms DESC NULLS LAST, m.id LIMIT $9",
	"ttttttiii"
};

static const struct mt_sql sql_decisions = {
	"SELECT at_ms, iteration, action, applied, reason FROM decision WHERE migration = $1"
	" ORDER BY number",
	"i"
};

static const struct mt_sql sql_prune_before = {
	"DELETE FROM migration WHERE begin_ms < $1 RETURNING id", "i"
};
/* $2: no limit, which SQLite wants before an offset */
static const struct mt_sql sql_prune_keep = {
	"DELETE FROM migration WHERE id IN (SELECT id FROM migration"
	" ORDER BY begin_ms DESC NULLS LAST, id LIMIT $2 OFFSET $1) RETURNING id",
	"ii"
};

#endif
