// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_workload.c - names of probes, and what of a guest's work is known
 */
#include <errno.h>

#include "source/workload.h"
#include "ktap.h"

static void names(void)
{
	static const struct {
		const char *list;
		unsigned probes;	/* 0: refused */
	} rows[] = {
		{ "vcpu", 1 }, { "net,disk", 6 }, { "postcopy,vcpu,vcpu", 9 }, { "all", 15 },
		{ "all,net", 15 },
		{ "", 0 }, { ",", 0 }, { "vcpu,", 0 }, { ",vcpu", 0 }, { "vcp", 0 }, { "vcpux", 0 },
		{ "vcpu net", 0 },
		{ "VCPU", 0 }, { "dirty", 0 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_err err = { 0 };
		unsigned probes = 77;

		CHECK_INT(mt_probes_parse(rows[i].list, &probes, &err),
			  rows[i].probes ? 0 : -EINVAL);
		CHECK_INT(probes, rows[i].probes ? rows[i].probes : 77);
		CHECK(!*err.msg == !!rows[i].probes);
	}
}

static void unknown_stays_unknown(void)
{
	struct mt_work w = { 0 };
	uint64_t v;

	for (int f = 0; f < MT_WORK_COUNT; f++)
		CHECK(!mt_work_get(&w, f, &v));
	mt_work_put(&w, MT_WORK_exits, 0);
	mt_work_put(&w, MT_WORK_page_wait_ns, 7);
	CHECK(mt_work_get(&w, MT_WORK_exits, &v) && !v);
	CHECK_INT(w.page_wait_ns, 7);
	CHECK(!mt_work_get(&w, MT_WORK_run_ns, &v) && !mt_work_get(&w, MT_WORK_COUNT, &v));
}

static const struct ktap_case cases[] = {
	{ "probes are found by their names, others refused", names },
	{ "what was not counted is not known", unknown_stays_unknown },
};
KTAP_MAIN(cases)
