// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * archive.c - the history: migrations put into a database, and found again
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "archive_sql.h"
#include "schema.h"

int mt_archive_open(struct mt_db **db, const char *where, bool create, struct mt_err *err)
{
	unsigned version;
	int rc = mt_db_open(db, where, create, err);

	if (rc)
		return rc;
	rc = mt_schema_version(*db, &version, err);
	if (!rc && !version && !create)
		rc = mt_err_set(err, -ENOENT,
				"there is no history in it: migtrace history import makes one");
	if (!rc)
		rc = mt_schema_upgrade(*db, MT_SCHEMA_VERSION, err);
	if (rc) {
		mt_db_close(*db);
		*db = NULL;
	}
	return rc;
}

/* --- putting ------------------------------------------------------------------------ */
static struct mt_db_value time_value(uint64_t ms)
{
	return ms ? MT_DB_I(ms) : (struct mt_db_value){ .kind = MT_DB_NULL };
}

static int put_migration(struct mt_db *db, const struct mt_past *p, struct mt_err *err)
{
	struct mt_db_value v[MIGRATION_VALUES] = { MT_DB_I(p->id), time_value(p->begin_ms) };

	for (size_t i = 0; i < mt_past_n_columns; i++) {
		const void *at = (const char *)p + mt_past_columns[i].offset;

		v[2 + i] = mt_past_columns[i].room ? mt_db_text(at) :
						     mt_db_real(*(const double *)at);
	}
	return mt_db_run(db, &sql_put_migration, v, NULL, NULL, err);
}

static int put_forecast(struct mt_db *db, const struct mt_past *p, enum mt_past_stage stage,
			struct mt_err *err)
{
	const struct mt_past_forecast *f = &p->forecast[stage];
	const struct mt_interval *const of[] = { &f->total_ms, &f->downtime_ms,
						 &f->transferred_bytes };
	struct mt_db_value v[2 + FORECAST_VALUES] = { MT_DB_I(p->id),
						      MT_DB_T(mt_past_stage_name(stage)),
						      mt_db_text(f->model), mt_db_text(f->verdict),
						      mt_db_real(f->ends) };

	for (size_t i = 0; i < MT_ARRAY_SIZE(of); i++) {
		v[5 + 3 * i] = mt_db_real(of[i]->p10);
		v[6 + 3 * i] = mt_db_real(of[i]->p50);
		v[7 + 3 * i] = mt_db_real(of[i]->p90);
	}
	return mt_db_run(db, &sql_put_forecast, v, NULL, NULL, err);
}

static int put_decision(struct mt_db *db, const struct mt_past *p, size_t i, struct mt_err *err)
{
	const struct mt_past_decision *d = &p->decisions[i];
	const struct mt_db_value v[] = { MT_DB_I(p->id),	  MT_DB_I(i),
					 mt_db_real(d->at_ms),	  mt_db_real(d->iteration),
					 mt_db_text(d->action),	  mt_db_text(d->applied),
					 mt_db_text(d->reason) };

	return mt_db_run(db, &sql_put_decision, v, NULL, NULL, err);
}

static int put(struct mt_db *db, const struct mt_past *p, struct mt_err *err)
{
	const struct mt_db_value id[] = { MT_DB_I(p->id) };
	int rc = mt_db_run(db, &sql_forget, id, NULL, NULL, err);

	if (!rc)
		rc = put_migration(db, p, err);
	for (unsigned stage = 0; stage < MT_PAST_STAGES && !rc; stage++)
		if (p->forecast[stage].has)
			rc = put_forecast(db, p, stage, err);
	for (size_t i = 0; i < p->n_decisions && !rc; i++)
		rc = put_decision(db, p, i, err);
	return rc;
}

int mt_archive_put(struct mt_db *db, const struct mt_past *p, struct mt_err *err)
{
	int rc = mt_db_begin(db, false, err);

	return rc ? rc : mt_db_end(db, put(db, p, err), err);
}

/* --- finding ------------------------------------------------------------------------ */
static double number(const struct mt_db_value *v)
{
	return v->kind == MT_DB_REAL ? v->d : v->kind == MT_DB_INT ? (double)v->i : NAN;
}

/* What somebody else wrote into the database is scrubbed as any other. */
static void text(char *to, size_t room, const struct mt_db_value *v)
{
	mt_past_text(to, room, v->kind == MT_DB_TEXT ? v->s : NULL);
}

static void take_forecast(struct mt_past_forecast *f, const struct mt_db_value *v)
{
	struct mt_interval *const of[] = { &f->total_ms, &f->downtime_ms, &f->transferred_bytes };

	f->has = v[0].kind != MT_DB_NULL;
	text(f->model, sizeof(f->model), &v[1]);
	text(f->verdict, sizeof(f->verdict), &v[2]);
	f->ends = number(&v[3]);
	for (size_t i = 0; i < MT_ARRAY_SIZE(of); i++)
		*of[i] = (struct mt_interval){ number(&v[4 + 3 * i]), number(&v[5 + 3 * i]),
					       number(&v[6 + 3 * i]) };
}

struct listing {
	mt_past_fn fn;
	void *opaque;
};

static int on_migration(const struct mt_db_value *row, size_t n, void *opaque)
{
	const struct listing *l = opaque;
	struct mt_past p;
	int rc;

	mt_past_init(&p);
	p.id = row[0].kind == MT_DB_INT ? (uint64_t)row[0].i : 0;
	p.begin_ms = row[1].kind == MT_DB_INT && row[1].i > 0 ? (uint64_t)row[1].i : 0;
	row += 2;
	for (size_t i = 0; i < mt_past_n_columns; i++, row++) {
		void *at = (char *)&p + mt_past_columns[i].offset;

		if (mt_past_columns[i].room)
			text(at, mt_past_columns[i].room, row);
		else
			*(double *)at = number(row);
	}
	for (size_t stage = 0; stage < MT_PAST_STAGES; stage++, row += 1 + FORECAST_VALUES)
		take_forecast(&p.forecast[stage], row);
	rc = l->fn(&p, l->opaque);
	mt_past_fini(&p);
	return rc;
}

int mt_archive_list(struct mt_db *db, const struct mt_archive_filter *f, mt_past_fn fn,
		    void *opaque, struct mt_err *err)
{
	const struct mt_db_value v[] = {
		mt_db_text(f->guest),	     mt_db_text(f->source),
		mt_db_text(f->destination),  mt_db_text(f->policy),
		mt_db_text(f->method),	     mt_db_text(f->outcome),
		time_value(f->since_ms),     time_value(f->until_ms),
		MT_DB_I(f->limit && f->limit < INT64_MAX ? f->limit : INT64_MAX),
	};
	struct listing l = { fn, opaque };

	return mt_db_run(db, &sql_list, v, on_migration, &l, err);
}

struct getting {
	struct mt_past *p;
	size_t n;
};

static int on_found(const struct mt_past *p, void *opaque)
{
	struct getting *g = opaque;

	if (!g->n++)
		*g->p = *p;
	return 0;
}

static int on_decision(const struct mt_db_value *row, size_t n, void *opaque)
{
	struct mt_past *p = opaque;
	struct mt_past_decision *d;

	if (p->n_decisions == MT_PAST_DECISIONS_MAX)
		return 0;
	d = reallocarray(p->decisions, p->n_decisions + 1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	p->decisions = d;
	d += p->n_decisions++;
	*d = (struct mt_past_decision){ number(&row[0]), number(&row[1]) };
	text(d->action, sizeof(d->action), &row[2]);
	text(d->applied, sizeof(d->applied), &row[3]);
	text(d->reason, sizeof(d->reason), &row[4]);
	return 0;
}

int mt_archive_get(struct mt_db *db, const char *digits, struct mt_past *p, struct mt_err *err)
{
	struct getting g = { .p = p };
	struct listing l = { on_found, &g };
	uint64_t first = 0, last = 0;
	int rc = mt_past_id_range(digits, &first, &last);
	const struct mt_db_value range[] = { MT_DB_I(first), MT_DB_I(last) };

	mt_past_init(p);
	if (rc)
		return mt_err_set(err, rc,
				  "%s is no number of a migration, as migtrace history lists them",
				  digits);
	rc = mt_db_run(db, &sql_get, range, on_migration, &l, err);
	if (!rc && g.n != 1)
		rc = mt_err_set(err, g.n ? -EEXIST : -ENOENT,
				"%s migration of the history has a number that begins with %s",
				g.n ? "more than one" : "no", digits);
	if (!rc) {
		const struct mt_db_value id[] = { MT_DB_I(p->id) };

		rc = mt_db_run(db, &sql_decisions, id, on_decision, p, err);
	}
	if (rc == -ENOMEM)
		mt_err_set(err, rc, "out of memory");
	if (rc)
		mt_past_fini(p);
	return rc;
}

/* --- forgetting --------------------------------------------------------------------- */
static int on_gone(const struct mt_db_value *row, size_t n, void *gone)
{
	++*(uint64_t *)gone;
	return 0;
}

int mt_archive_prune(struct mt_db *db, uint64_t before_ms, uint64_t keep, uint64_t *gone,
		     struct mt_err *err)
{
	const struct mt_db_value before[] = { MT_DB_I(before_ms) };
	const struct mt_db_value offset[] = { MT_DB_I(keep < INT64_MAX ? keep : INT64_MAX),
					      MT_DB_I(INT64_MAX) };
	uint64_t n = 0;
	int rc = 0;

	if (before_ms)
		rc = mt_db_run(db, &sql_prune_before, before, on_gone, &n, err);
	if (!rc && keep)
		rc = mt_db_run(db, &sql_prune_keep, offset, on_gone, &n, err);
	if (gone)
		*gone = n;
	return rc;
}
