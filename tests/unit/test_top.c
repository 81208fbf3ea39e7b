// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_top.c - the rows of `migtrace top`: what is known of a guest, and which ring it wants
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "migtrace/top/top.h"
#include "ktap.h"

static char shown[8192];

/* What the rows of @n guests look like, in @shown. */
static int show(struct top_guest *g, size_t n, enum mt_format format, unsigned probes)
{
	FILE *file = tmpfile();
	int old = dup(STDOUT_FILENO), rc = 0;
	struct mt_table *t;

	if (!file || old < 0)
		return -1;
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	t = top_table(format, probes);
	for (size_t i = 0; i < n && t && !rc; i++)
		rc = top_guest_row(&g[i], t);
	rc = t ? mt_table_finish(t) : -1;
	fflush(stdout);
	dup2(old, STDOUT_FILENO);
	close(old);
	rewind(file);
	shown[fread(shown, 1, sizeof(shown) - 1, file)] = '\0';
	fclose(file);
	return rc;
}

static struct top_guest ring_guest(struct top_vcpu *vcpu)
{
	struct top_guest g = { .domain.name = "web1",
			       .logged_ns = 2000000000,
			       .logging = true,
			       .vcpu = vcpu,
			       .vcpus = 2,
			       .most_used = 2900 };

	g.sum.t_ns = 5;
	mt_tick_put(&g.sum, MT_TICK_ticks, 20);
	mt_tick_put(&g.sum, MT_TICK_pages, 600);
	mt_tick_put(&g.sum, MT_TICK_ring_used, 2900);
	mt_tick_put(&g.sum, MT_TICK_ring_entries, 4096);
	mt_tick_put(&g.sum, MT_TICK_ring_full_exits, 0);
	return g;
}

static void rings(void)
{
	struct top_vcpu vcpu[2] = { { 200, 2900 }, { 400, 17 } };
	struct top_guest g[2] = { ring_guest(vcpu), { .domain.name = "none1" } };

	CHECK_INT(show(g, 2, MT_FORMAT_JSON, 0), 0);
	CHECK(strstr(shown, "\"dirty_pages_per_s\":300") ||
	      strstr(shown, "\"dirty_pages_per_s\": 300"));
	CHECK(strstr(shown, "100 200") && strstr(shown, "2900 17"));
	CHECK(strstr(shown, "8192"));
	CHECK(strstr(shown, "none1") && strstr(shown, "page_wait_percent"));
	/* The next row begins with nothing. */
	CHECK(!vcpu[0].events && !vcpu[1].ring_used && !g[0].sum.ticks);
}

static void probes_have_columns_where_asked_for(void)
{
	struct top_vcpu vcpu[2] = { { 200, 2900 }, { 400, 17 } };
	struct top_guest g = ring_guest(vcpu);

	CHECK_INT(show(&g, 1, MT_FORMAT_TEXT, 0), 0);
	CHECK(strstr(shown, "ASK FOR") && !strstr(shown, "EXITS/S") && !strstr(shown, "NET OUT"));
	CHECK_INT(show(&g, 1, MT_FORMAT_TEXT, 1u << MT_PROBE_NET), 0);
	CHECK(strstr(shown, "ASK FOR") && !strstr(shown, "EXITS/S") && strstr(shown, "NET OUT"));
}

static const struct ktap_case cases[] = {
	{ "rings, and the size to ask for", rings },
	{ "probes have columns where they were asked for", probes_have_columns_where_asked_for },
};
KTAP_MAIN(cases)
