// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_reportchart.c - a report's pictures: which migration what came of it is drawn beside
 */
#include "base/cleanup.h"
#include "base/units.h"
#include "migtrace/report/report_chart.h"
#include "ktap.h"

static struct mt_entry sample(uint64_t s, enum mt_status status, uint64_t total_ms)
{
	struct mt_entry e = { .type = MT_ENTRY_SAMPLE,
			      .sample = { .t_ns = s * MT_NS_PER_S, .status = status } };

	mt_sample_set(&e.sample, total_ms, total_ms);
	mt_sample_set(&e.sample, remaining_bytes, 1 << 20);
	return e;
}

static struct mt_entry decision(uint64_t s, double total_ms)
{
	struct mt_entry e = { .type = MT_ENTRY_DECISION, .decision = { .t_ns = s * MT_NS_PER_S } };
	struct mt_prediction *p = &e.decision.prediction;

	p->verdict = MT_VERDICT_CONVERGES;
	p->total_ms = (struct mt_interval){ total_ms, total_ms, total_ms };
	return e;
}

static const struct report_chart *chart(const char *name)
{
	const struct report_chart *c;

	for (size_t i = 0; (c = report_chart_at(i)); i++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* Of two migrations in a file the outcome is the second one's. */
static void several(void)
{
	struct mt_entry entries[] = {
		sample(101, MT_STATUS_ACTIVE, 1000), decision(102, 4000),
		sample(103, MT_STATUS_COMPLETED, 3000),
		sample(151, MT_STATUS_ACTIVE, 1000), decision(152, 9000), decision(160, 9000),
		sample(161, MT_STATUS_COMPLETED, 11000),
	};
	const struct mt_recording rec = {
		.path = "x", .header = { .start_t_ns = 100 * MT_NS_PER_S,
					 .limits = MT_LIMITS_UNSET },
		.entries = entries, .n_entries = MT_ARRAY_SIZE(entries),
	};
	mt_autofree char *svg = NULL;
	struct mt_err err = { 0 };
	double from = NAN, to = NAN;
	struct report r;
	const char *at;
	size_t size;
	FILE *out;

	CHECK_INT(report_init(&r, &rec, &err), 0);
	CHECK_INT(r.n_migrations, 2);
	out = open_memstream(&svg, &size);
	CHECK_INT(report_chart_write(&r, chart("total"), "t", out), 0);
	fclose(out);
	report_fini(&r);
	/* What came of it: from its own first decision, late in the picture, to its last. */
	at = strstr(svg, "<path class=\"l c6\" d=\"M");
	CHECK(at && sscanf(at, "<path class=\"l c6\" d=\"M%lf %*fL%lf", &from, &to) == 2);
	CHECK(from > 800 && to > from);
}

static const struct ktap_case cases[] = {
	{ "what came of the last of several migrations is drawn beside its own forecasts", several },
};

int main(void)
{
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
