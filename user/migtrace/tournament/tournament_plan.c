// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_plan.c - a tournament as a campaign: each policy under each table's limits is a method
 */
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "base/units.h"
#include "tournament.h"

/*
 * Who does not heed the deadline is cancelled so long after it, and who does has had the time to
 * act. Inferred.
 */
#define AFTER_DEADLINE_MS	3000

/* --- recordings -------------------------------------------------------------------- */
static int add_files(struct spec_words *to, const char *dir, const char *name, struct mt_err *err)
{
	mt_autofree char *pattern = NULL;
	glob_t found;
	int rc = 0;
	bool absolute = *name == '/';

	if (asprintf(&pattern, "%s%s%s", absolute ? "" : dir, absolute ? "" : "/", name) < 0)
		return mt_err_set(err, -ENOMEM, "out of memory");
	if (glob(pattern, 0, NULL, &found))
		return mt_err_set(err, -ENOENT, "%s: no such recording", pattern);
	for (size_t i = 0; i < found.gl_pathc && !rc; i++) {
		const struct spec_key key = { .kind = SPEC_WORDS };

		rc = spec_value_set(&key, to, found.gl_pathv[i], err);
	}
	globfree(&found);
	return rc;
}

static int find_files(struct tournament *t, struct mt_err *err)
{
	const struct tournament_spec *s = &t->spec;
	int rc = 0;

	t->files = calloc(s->n_workloads + 1, sizeof(*t->files));
	if (!t->files)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < s->n_workloads; i++)
		for (size_t k = 0; k < s->workloads[i].recordings.n && !rc; k++)
			rc = add_files(&t->files[i], s->recordings.dir,
				       s->workloads[i].recordings.v[k], err);
	return rc;
}

/* --- methods and tables ---------------------------------------------------------------- */
struct build {
	struct tournament *t;
	struct campaign_spec *to;
	const struct tournament_table *table;
	uint64_t max_downtime_ms;
	size_t first_method, n_methods;		/* of this table and pause allowed */
};

static int add_method(struct build *b, const char *label, const struct mt_policy *policy,
		      const struct mt_params *params)
{
	const struct tournament_table *t = b->table;
	struct campaign_method *m = &b->to->methods[b->to->n_methods];

	*m = (struct campaign_method){
		.kind = MT_METHOD_PRECOPY, .policy = policy, .label = label,
		.steer = MT_LIMITS_UNSET,
		.cap_ms = t->deadline_ms == MT_LIMIT_NONE ? 0 : t->deadline_ms + AFTER_DEADLINE_MS,
	};
	m->steer.params = *params;
	m->steer.max_downtime_ms = b->max_downtime_ms;
	m->steer.deadline_ms = t->deadline_ms;
	m->steer.qemu_limit_ms = t->qemu_limit_ms;
	m->steer.command_every_ms = t->command_every_ms;
	m->steer.postcopy_allowed = t->postcopy;
	mt_limits_resolve(&m->steer);
	/* Only a table's own methods are of its names. */
	if (asprintf(&m->name, "%zu", b->to->n_methods) < 0)
		return -ENOMEM;
	b->to->n_methods++;
	b->n_methods++;
	return 0;
}

static bool has_hindsight(const struct tournament_spec *s)
{
	return s->on_recordings || (s->in_simulator && s->simulator.hindsight);
}

static int add_methods(struct build *b)
{
	const struct tournament_spec *s = &b->t->spec;
	struct mt_params params = MT_PARAMS_UNSET;
	int rc = 0;

	b->first_method = b->to->n_methods;
	b->n_methods = 0;
	for (size_t i = 0; i < b->table->policies.n && !rc; i++) {
		const char *label = b->table->policies.v[i];
		const struct mt_policy *policy = tournament_policy_find(s, label, &params);

		rc = add_method(b, label, policy, &params);
	}
	params = (struct mt_params)MT_PARAMS_UNSET;
	if (!rc && has_hindsight(s))
		rc = add_method(b, TOURNAMENT_HINDSIGHT, mt_policy_find("passes"), &params);
	return rc;
}

static int add_table(struct build *b, struct spec_words workloads, size_t repeat)
{
	struct campaign_spec *to = b->to;
	struct campaign_table *t = &to->tables[to->n_tables];
	static uint64_t as_recorded = 1;

	*t = (struct campaign_table){
		.name = b->table->name, .guests = b->table->guests, .workloads = workloads,
		.methods = { .v = calloc(b->n_methods, sizeof(char *)), .n = b->n_methods },
		.bandwidths = b->table->bandwidths,
		.limits = { .v = (uint64_t *)&b->table->qemu_limit_ms, .n = 1 },
		.repeat = repeat, .all = true,
	};
	if (!t->methods.v)
		return -ENOMEM;
	to->n_tables++;
	for (size_t i = 0; i < b->n_methods; i++)
		t->methods.v[i] = to->methods[b->first_method + i].name;
	if (!t->guests.n)
		t->guests = (struct spec_words){ .v = &to->guests[0].name, .n = 1 };
	if (!t->bandwidths.n)
		t->bandwidths = (struct spec_numbers){ .v = &as_recorded, .n = 1 };
	return 0;
}

/* On recordings each workload has as many rounds as it has of them. */
static int add_tables(struct build *b)
{
	const struct tournament_spec *s = &b->t->spec;
	const struct spec_words *w = &b->table->workloads;
	int rc = 0;

	if (!s->on_recordings)
		return add_table(b, *w, b->table->repeat);
	for (size_t i = 0; i < w->n && !rc; i++) {
		size_t at = (size_t)(tournament_workload_find(s, w->v[i]) - s->workloads);

		rc = add_table(b, (struct spec_words){ .v = &w->v[i], .n = 1 }, b->t->files[at].n);
	}
	return rc;
}

/* --- the whole --------------------------------------------------------------------------- */
static int make_room(struct tournament *t)
{
	const struct tournament_spec *s = &t->spec;
	struct campaign_spec *to = &t->campaign.spec;
	size_t methods = 0, tables = 0;

	for (size_t i = 0; i < s->n_tables; i++) {
		methods += s->tables[i].max_downtimes.n * (s->tables[i].policies.n + 1);
		tables += s->tables[i].max_downtimes.n * s->tables[i].workloads.n;
	}
	to->methods = calloc(methods + 1, sizeof(*to->methods));
	to->tables = calloc(tables + 1, sizeof(*to->tables));
	to->workloads = calloc(s->n_workloads + 1, sizeof(*to->workloads));
	if (!to->methods || !to->tables || !to->workloads)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_workloads; i++)
		to->workloads[to->n_workloads++] = s->workloads[i].guest;
	return 0;
}

/* Where there is no testbed, a guest is what its workload is. */
static void stand_in(struct tournament *t)
{
	static struct campaign_guest nobody = { .name = "any", .type = "", .logging = "" };
	const struct tournament_spec *s = &t->spec;
	struct campaign_spec *to = &t->campaign.spec;

	if (s->on_testbed)
		return;
	to->where = s->in_simulator ? "simulator" : "recordings";
	to->seed = s->simulator.seed;
	to->runs_per_start = UINT32_MAX;	/* there is nothing to start anew */
	to->guests = &nobody;
	to->n_guests = 1;
}

int tournament_plan(struct tournament *t, struct mt_err *err)
{
	struct campaign_spec *to = &t->campaign.spec;
	struct build b = { .t = t, .to = to };
	int rc = find_files(t, err);

	if (rc)
		return rc;
	*to = t->spec.campaign;
	to->workloads = NULL;
	stand_in(t);
	rc = make_room(t);
	for (size_t i = 0; i < t->spec.n_tables && !rc; i++) {
		b.table = &t->spec.tables[i];
		for (size_t k = 0; k < b.table->max_downtimes.n && !rc; k++) {
			b.max_downtime_ms = b.table->max_downtimes.v[k];
			rc = add_methods(&b);
			rc = rc ? rc : add_tables(&b);
		}
	}
	rc = rc ? rc : campaign_plan_make(&t->campaign.plan, to);
	return rc ? mt_err_set(err, rc, "out of memory") : 0;
}

void tournament_fini(struct tournament *t)
{
	const struct spec_key words = { .kind = SPEC_WORDS };
	struct campaign_spec *of = &t->campaign.spec;

	campaign_plan_fini(&t->campaign.plan);
	for (size_t i = 0; i < of->n_methods; i++)
		free(of->methods[i].name);
	for (size_t i = 0; i < of->n_tables; i++)
		free(of->tables[i].methods.v);
	free(of->methods);
	free(of->tables);
	free(of->workloads);
	for (size_t i = 0; t->files && i < t->spec.n_workloads; i++)
		spec_value_free(&words, &t->files[i]);
	free(t->files);
	tournament_spec_fini(&t->spec);
}
