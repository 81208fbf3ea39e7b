// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_workload.c - names of probes, and what of a guest's work is known
 */
#include <errno.h>
#include <sys/stat.h>

#include "base/units.h"
#include "hypervisor/host_link.h"
#include "ktap.h"
#include "scratch.h"

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

/* What is no sum is as it is now; where it is another now, nothing fits. */
static void levels(void)
{
	struct mt_work before = { .t_ns = 1 }, now = { .t_ns = 1 + MT_NS_PER_S }, work;

	mt_work_put(&before, MT_WORK_link_bytes_per_s, 1000);
	mt_work_put(&now, MT_WORK_link_bytes_per_s, 1000);
	mt_work_put(&before, MT_WORK_host_idle_ns, 5);
	mt_work_put(&now, MT_WORK_host_idle_ns, 8);
	CHECK(mt_work_between(&work, &before, &now));
	CHECK_INT(work.link_bytes_per_s, 1000);
	CHECK_INT(work.host_idle_ns, 3);
	now.link_bytes_per_s = 999;
	CHECK(!mt_work_between(&work, &before, &now));
}

static void spare(void)
{
	struct mt_work w = { .start_ns = MT_NS_PER_S, .t_ns = 3 * MT_NS_PER_S };
	struct mt_spare s = mt_spare_of(&w);

	CHECK(isnan(s.cpus) && isnan(s.link_bytes_per_s));
	mt_work_put(&w, MT_WORK_host_idle_ns, 5 * MT_NS_PER_S);
	mt_work_put(&w, MT_WORK_link_sent_bytes, 1500);
	s = mt_spare_of(&w);
	CHECK_NEAR(s.cpus, 2.5, 1e-9);
	CHECK(isnan(s.link_bytes_per_s));
	mt_work_put(&w, MT_WORK_link_bytes_per_s, 1000);
	CHECK_NEAR(mt_spare_of(&w).link_bytes_per_s, 250, 1e-9);
	/* More than it can: counters and clock are not read at the same moment. */
	mt_work_put(&w, MT_WORK_link_sent_bytes, 2100);
	CHECK_NEAR(mt_spare_of(&w).link_bytes_per_s, 0, 1e-9);
	w.start_ns = w.t_ns;
	CHECK(isnan(mt_spare_of(&w).cpus));
}

/* --- the host's card, as /sys/class/net has it ------------------------------------------- */
static void put(const char *card, const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", card, file);
	f = fopen(in_dir(path), "w");
	CHECK(f && fputs(text, f) >= 0 && !fclose(f));
}

static void make(const char *path)
{
	CHECK_INT(mkdir(in_dir(path), 0700), 0);
}

static void card(const char *name, const char *kind, const char *state, const char *speed)
{
	char path[256];

	make(name);
	if (*kind) {
		snprintf(path, sizeof(path), "%s/%s", name, kind);
		make(path);
	}
	snprintf(path, sizeof(path), "%s/statistics", name);
	make(path);
	put(name, "operstate", state);
	if (speed)
		put(name, "speed", speed);
	put(name, "statistics/tx_bytes", "77\n");
}

/* -1: not known; -2: but a part of it. */
static long long rate(void)
{
	struct mt_work w = { 0 };
	uint64_t v;

	mt_host_link(dir, &w);
	if (!mt_work_get(&w, MT_WORK_link_bytes_per_s, &v))
		return w.valid ? -2 : -1;
	return w.link_sent_bytes == 77 ? (long long)v : -2;
}

static void host_link(void)
{
	CHECK_INT(rate(), -1);
	/* No card, one that is down. */
	card("lo", "", "unknown\n", NULL);
	card("veth0", "", "up\n", "10000\n");
	card("eth9", "device", "down\n", "1000\n");
	CHECK_INT(rate(), -1);
	card("eth0", "device", "up\n", "-1\n");
	CHECK_INT(rate(), -1);
	put("eth0", "speed", "1000\n");
	CHECK_INT(rate(), 125000000);
	/* Of two nobody knows which. */
	card("eth1", "device", "up\n", "1000\n");
	CHECK_INT(rate(), -1);
	/* Bonded, they are one. */
	make("eth0/master");
	make("eth0/master/bonding");
	make("eth1/master");
	make("eth1/master/bonding");
	card("bond0", "bonding", "up\n", "2000\n");
	CHECK_INT(rate(), 250000000);
	put("bond0", "speed", "0\n");
	CHECK_INT(rate(), -1);
}

static const struct ktap_case cases[] = {
	{ "probes are found by their names, others refused", names },
	{ "what was not counted is not known", unknown_stays_unknown },
	{ "what is no sum", levels },
	{ "what a host has to spare", spare },
	{ "the rate of a host's only card", host_link },
};
KTAP_MAIN(cases)
