// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evaluate_prior.c - what campaigns teach of hosts that are in none of them, as C
 *
 * For scripts/learn-prior: user/lib/model/learned_prior.c is what this prints.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_campaign.h"

struct stage {
	enum evaluate_moment moment;
	const char *id;
};

static const struct stage stages[MT_FORECAST_STAGES] = {
	[MT_FORECAST_BEFORE] = { MOMENT_START, "BEFORE" },
	[MT_FORECAST_PASS_1] = { MOMENT_PASS_1, "PASS_1" },
	[MT_FORECAST_PASS_2] = { MOMENT_PASS_2, "PASS_2" },
	[MT_FORECAST_LATER] = { MOMENT_PASS_3, "LATER" },
};

static const char *const method_ids[MT_METHOD_COUNT] = {
	[MT_METHOD_PRECOPY] = "PRECOPY", [MT_METHOD_POSTCOPY] = "POSTCOPY",
	[MT_METHOD_HYBRID] = "HYBRID",
	[MT_METHOD_AUTOCONVERGE] = "AUTOCONVERGE", [MT_METHOD_XBZRLE] = "XBZRLE",
	[MT_METHOD_COMPRESSION] = "COMPRESSION",
	[MT_METHOD_MULTIFD] = "MULTIFD",
	[MT_METHOD_ZSTD] = "ZSTD",
};

static const char *const metric_ids[MT_METRIC_COUNT] = {
	[MT_METRIC_TOTAL_MS] = "TOTAL_MS", [MT_METRIC_TRANSFERRED_BYTES] = "TRANSFERRED_BYTES",
	[MT_METRIC_DOWNTIME_MS] = "DOWNTIME_MS",
	[MT_METRIC_STALL_MS] = "STALL_MS",
};

static void put(FILE *out, const char *name, double v)
{
	if (isinf(v))
		fprintf(out, "%s.%s = INFINITY", strcmp(name, "setup_ms") ? ", " : "", name);
	else
		fprintf(out, "%s.%s = %.4g", strcmp(name, "setup_ms") ? ", " : "", name, v);
}

static void put_figures(FILE *out, enum mt_method method, const struct mt_learned_figures *f)
{
	fprintf(out, "\t\t\t[MT_METHOD_%s] = { ", method_ids[method]);
	put(out, "setup_ms", f->setup_ms);
	put(out, "stretch", f->stretch);
	put(out, "switchover_ms", f->switchover_ms);
	put(out, "bandwidth_share", f->bandwidth_share);
	fprintf(out, ",\n\t\t\t\t");
	fprintf(out, ".wire_share_first = %.6g, .wire_share_later = %.6g", f->wire_share_first,
		f->wire_share_later);
	put(out, "pages_per_s_first", f->pages_per_s_first);
	put(out, "pages_per_s_later", f->pages_per_s_later);
	fprintf(out, ",\n\t\t\t\t");
	fprintf(out, ".zero_page_us = %.4g", f->zero_page_us);
	put(out, "zero_scan_us", f->zero_scan_us);
	put(out, "sync_us_per_gib", f->sync_us_per_gib);
	put(out, "guest_speed", f->guest_speed);
	put(out, "fault_ms", f->fault_ms);
	fprintf(out, " },\n");
}

/* Of the row that decides: others are compared with as they are. */
static void put_residuals(FILE *out, enum mt_method method,
			  const struct mt_residual r[MT_METRIC_COUNT])
{
	fprintf(out, "\t\t\t[MT_METHOD_%s] = {\n", method_ids[method]);
	for (unsigned m = 0; m < MT_METRIC_COUNT; m++)
		if (r[m].n)
			fprintf(out, "\t\t\t\t[MT_METRIC_%s] = { %.4g, %.4g, %.4g, %u },\n",
				metric_ids[m], r[m].p10, r[m].p50, r[m].p90, r[m].n);
	fprintf(out, "\t\t\t},\n");
}

static void put_stage(FILE *out, const char *id, const struct mt_learned *l)
{
	fprintf(out, "\t[MT_FORECAST_%s] = {\n\t\t.figures = {\n", id);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		put_figures(out, m, &l->figures[m]);
	fprintf(out, "\t\t},\n\t\t.residual[0] = {\n");
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		if (l->residual[0][m][MT_METRIC_TOTAL_MS].n)
			put_residuals(out, m, l->residual[0][m]);
	fprintf(out, "\t\t},\n\t},\n");
}

/* Hosts are the same if their labels are. */
static unsigned hosts_of(const struct evaluate_set *set, size_t i)
{
	unsigned first = 0;

	while (strcmp(set->v[first]->run->where, set->v[i]->run->where))
		first++;
	return first;
}

static int learn(struct mt_learned *l, const struct evaluate_set *set, enum evaluate_moment moment)
{
	mt_autofree struct mt_learned_case *cases = calloc(set->n ? set->n : 1, sizeof(*cases));
	size_t n = 0;

	if (!cases)
		return -ENOMEM;
	for (size_t i = 0; i < set->n; i++) {
		if (set->v[i]->moment != moment ||
		    (moment != MOMENT_START && set->v[i]->curve != CURVE_PASSES))
			continue;
		cases[n] = set->v[i]->learned;
		cases[n++].hosts = hosts_of(set, i);
	}
	*l = mt_learned_default;
	return mt_learn_prior(l, cases, n);
}

int evaluate_print_prior(FILE *out, const struct mt_runs *runs, size_t n, struct mt_err *err)
{
	struct evaluate_set before = { 0 }, during = { 0 };
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++) {
		rc = evaluate_load(&before, &runs[i], false, err);
		if (!rc)
			rc = evaluate_load(&during, &runs[i], true, err);
	}
	if (!rc)
		fprintf(out, "// SPDX-License-Identifier: LGPL-2.1-or-later\n/*\n"
			     " * learned_prior.c - what is expected of hosts that nothing is known of: made by scripts/learn-prior (PURE)\n */\n"
			     "#include <math.h>\n\n#include \"learned.h\"\n\n"
			     "const struct mt_learned mt_learned_prior[MT_FORECAST_STAGES] = {\n");
	for (size_t s = 0; s < MT_ARRAY_SIZE(stages) && !rc; s++) {
		struct mt_learned l;

		rc = learn(&l, stages[s].moment == MOMENT_START ? &before : &during,
			   stages[s].moment);
		if (rc)
			mt_err_set(err, rc, "out of memory");
		else
			put_stage(out, stages[s].id, &l);
	}
	if (!rc)
		fprintf(out, "};\n");
	evaluate_set_free(&before);
	evaluate_set_free(&during);
	return rc;
}
