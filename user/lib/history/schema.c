// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * schema.c - the history's tables, version by version
 */
#include <errno.h>

#include "schema.h"

/*
 * What a version's statements say is what histories of that version have: they are never changed,
 * a later version changes the tables. Types are those that both databases understand alike.
 */
static const struct mt_sql version_1[] = {
	{ "CREATE TABLE migtrace_schema (version BIGINT NOT NULL)", "" },
	{ "INSERT INTO migtrace_schema (version) VALUES (0)", "" },
	{ "CREATE TABLE migration (id BIGINT PRIMARY KEY, begin_ms BIGINT, guest TEXT, uuid TEXT,"
	  " source TEXT, destination TEXT, policy TEXT, mode TEXT, method TEXT, outcome TEXT,"
	  " detail TEXT, tool TEXT, recording TEXT, memory_bytes DOUBLE PRECISION,"
	  " max_downtime_ms DOUBLE PRECISION, deadline_ms DOUBLE PRECISION,"
	  " bandwidth_bytes_per_s DOUBLE PRECISION, passes DOUBLE PRECISION,"
	  " prepare_ms DOUBLE PRECISION, total_ms DOUBLE PRECISION,"
	  " downtime_ms DOUBLE PRECISION, transferred_bytes DOUBLE PRECISION)", "" },
	{ "CREATE TABLE forecast (migration BIGINT NOT NULL"
	  " REFERENCES migration (id) ON DELETE CASCADE, stage TEXT NOT NULL, model TEXT,"
	  " verdict TEXT, ends DOUBLE PRECISION, total_p10_ms DOUBLE PRECISION,"
	  " total_p50_ms DOUBLE PRECISION, total_p90_ms DOUBLE PRECISION,"
	  " downtime_p10_ms DOUBLE PRECISION, downtime_p50_ms DOUBLE PRECISION,"
	  " downtime_p90_ms DOUBLE PRECISION, transferred_p10_bytes DOUBLE PRECISION,"
	  " transferred_p50_bytes DOUBLE PRECISION, transferred_p90_bytes DOUBLE PRECISION,"
	  " PRIMARY KEY (migration, stage))", "" },
	{ "CREATE TABLE decision (migration BIGINT NOT NULL"
	  " REFERENCES migration (id) ON DELETE CASCADE, number BIGINT NOT NULL,"
	  " at_ms DOUBLE PRECISION, iteration DOUBLE PRECISION, action TEXT, applied TEXT,"
	  " reason TEXT, PRIMARY KEY (migration, number))", "" },
	{ NULL },
};

/* What the guest felt; and lists begin with the newest. */
static const struct mt_sql version_2[] = {
	{ "ALTER TABLE migration ADD COLUMN felt_ms DOUBLE PRECISION", "" },
	{ "CREATE INDEX migration_begin ON migration (begin_ms)", "" },
	{ NULL },
};

static const struct mt_sql *const versions[MT_SCHEMA_VERSION] = { version_1, version_2 };

static const struct mt_sql get_version = { "SELECT version FROM migtrace_schema", "" };
static const struct mt_sql set_version = { "UPDATE migtrace_schema SET version = $1", "i" };

static int on_version(const struct mt_db_value *row, size_t n, void *version)
{
	*(int64_t *)version = row[0].kind == MT_DB_INT ? row[0].i : -1;
	return 0;
}

static int on_any(const struct mt_db_value *row, size_t n, void *any)
{
	*(bool *)any = true;
	return 0;
}

int mt_schema_version(struct mt_db *db, unsigned *version, struct mt_err *err)
{
	int64_t found = -1;
	bool any = false;
	int rc = mt_db_run(db, db->ops->has_tables, NULL, on_any, &any, err);

	*version = 0;
	if (rc || !any)
		return rc;
	rc = mt_db_run(db, &get_version, NULL, on_version, &found, err);
	if (!rc && (found < 1 || found > INT32_MAX))
		rc = mt_err_set(err, -EBADMSG, "the history's table of its version is damaged");
	if (!rc)
		*version = (unsigned)found;
	return rc;
}

static int check_foreign(struct mt_db *db, struct mt_err *err)
{
	bool any = false;
	int rc;

	if (!db->ops->foreign)
		return 0;
	rc = mt_db_run(db, db->ops->foreign, NULL, on_any, &any, err);
	if (!rc && any)
		rc = mt_err_set(err, -EBADMSG, "that is another program's database, not a history");
	return rc;
}

static int make(struct mt_db *db, unsigned version, struct mt_err *err)
{
	const struct mt_db_value values[] = { MT_DB_I(version) };
	int rc = 0;

	for (const struct mt_sql *sql = versions[version - 1]; sql->text && !rc; sql++)
		rc = mt_db_run(db, sql, NULL, NULL, NULL, err);
	return rc ? rc : mt_db_run(db, &set_version, values, NULL, NULL, err);
}

/* Within the transaction: others may have been faster. */
static int upgrade(struct mt_db *db, unsigned to, struct mt_err *err)
{
	unsigned version;
	int rc = mt_schema_version(db, &version, err);

	if (!rc && !version)
		rc = check_foreign(db, err);
	while (!rc && version < to)
		rc = make(db, ++version, err);
	return rc;
}

int mt_schema_upgrade(struct mt_db *db, unsigned to, struct mt_err *err)
{
	unsigned version;
	int rc = mt_schema_version(db, &version, err);

	if (rc)
		return rc;
	if (version > to)
		return mt_err_set(
			err, -EPROTO,
			"the history was made by a later migtrace: schema %u, this one knows up to %u",
			version, to);
	if (version == to)
		return 0;
	rc = mt_db_begin(db, true, err);
	return rc ? rc : mt_db_end(db, upgrade(db, to, err), err);
}
