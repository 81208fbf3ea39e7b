// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_toppage.c - the full-screen top without a terminal: pages of all sizes, and what keys do
 */
#include <locale.h>

#include "base/cleanup.h"
#include "base/rng.h"
#include "migtrace/top/page.h"
#include "ktap.h"

#define GUESTS	5

/* "web1" migrates; the last has a name that would like to be obeyed, and wide letters. */
static void make(struct scene *s, struct scene_guest g[GUESTS])
{
	static const char *const names[GUESTS] = {
		"db1", "web1", "cache", "idle",
		"\x1b[31m\xe2\x80\xae<img>\xe7\x8c\xab-of-a-very-long-name-indeed"
	};
	struct scene_migration *m = &g[1].migration;

	memset(g, 0, GUESTS * sizeof(*g));
	for (int i = 0; i < GUESTS; i++) {
		snprintf(g[i].name, sizeof(g[i].name), "%s", names[i]);
		snprintf(g[i].uuid, sizeof(g[i].uuid), "00000000-0000-0000-0000-00000000000%u",
			 (unsigned)i % 10);
		g[i].state = "running";
		g[i].source = i == 2 ? "none" : "kmod";
		g[i].class = i == 3 ? "idle" : "memory-intensive";
		snprintf(g[i].class_reason, sizeof(g[i].class_reason),
			 "memory-intensive: dirties much");
		g[i].memory_bytes = (uint64_t)(i + 1) << 30;
		g[i].vcpus = 2;
		g[i].dirty_bytes_per_s = i == 2 ? NAN : i * 1e6;
		g[i].cpu_percent = 10 * i;
		g[i].received_bytes_per_s = 1e5;
		g[i].sent_bytes_per_s = i == 4 ? NAN : 2e5;
		g[i].ring_used = 100;
		g[i].ring_entries = 4096;
		g[i].ring_wanted = g[i].ring_full_exits = NAN;
		g[i].link_bytes_per_s = 40e6;
		for (int k = 0; k < SCENE_HISTORY; k++)
			g[i].history[g[i].n_history++] = k % 7 ? k * 1e5 : NAN;
		for (int k = 0; k < 6; k++) {
			g[i].curve[k].window_s = 0.1 * (k + 1);
			g[i].curve[k].bytes = 3e6 * (k + 1);
		}
		g[i].n_curve = 6;
		g[i].n_vcpus = 2;
	}
	m->known = true;
	m->policy = "predict";
	m->sample.status = MT_STATUS_ACTIVE;
	mt_sample_set(&m->sample, memory_bytes, 2ULL << 30);
	mt_sample_set(&m->sample, remaining_bytes, 512ULL << 20);
	mt_sample_set(&m->sample, iteration, 4);
	mt_sample_set(&m->sample, total_ms, 12500);
	m->bandwidth_bytes_per_s = 40 << 20;
	m->dirty_bytes_per_s = 12 << 20;
	m->prediction.verdict = MT_VERDICT_CONVERGES;
	m->prediction.ends = 0.97;
	m->prediction.total_ms = (struct mt_interval){ 9900, 12500, 16600 };
	m->prediction.downtime_ms = (struct mt_interval){ 200, 300, NAN };
	m->prediction.stop_now_ms = 1280;
	m->plan.action = MT_ACTION_CONTINUE;
	snprintf(m->plan.reason, sizeof(m->plan.reason), "pre-copy gets on");
	for (int k = 0; k < SCENE_PASSES; k++)
		m->passes[m->n_passes++] = (struct scene_pass){ k + 1, 2.5, 1e8, 5e7, 2e7, 4e7 };
	*s = (struct scene){ .host = "qemu:///system", .clock = "14:35:02",
			     .guests = g, .n = GUESTS };
}

static char *text_of(const struct page *p)
{
	char *text = calloc(p->rows + 1, 4 * p->columns + 2), *at = text;

	for (size_t r = 0; r < p->rows; r++) {
		for (size_t c = 0; c < p->columns; c++) {
			int n = wctomb(at, p->cells[r * p->columns + c].ch);

			at += n > 0 ? n : 0;
		}
		while (at > text && at[-1] == ' ')
			at--;
		*at++ = '\n';
	}
	return text;
}

static char *lay_out(const struct scene *s, struct look *l, size_t rows, size_t columns, bool ascii)
{
	size_t order[GUESTS], n = look_order(l, s, order);
	struct page p;
	char *text;

	if (page_init(&p, rows, columns, ascii))
		return NULL;
	page_lay_out(&p, s, l, order, n);
	text = text_of(&p);
	page_fini(&p);
	return text;
}

static bool has(const char *text, const char *what)
{
	return strstr(text, what) != NULL;
}

static void whole(void)
{
	struct scene_guest g[GUESTS];
	struct look l = { .sort = LOOK_BY_DIRTY };
	struct scene s;
	mt_autofree char *text = NULL;

	make(&s, g);
	text = lay_out(&s, &l, 24, 100, true);
	CHECK(has(text, "qemu:///system  5 guests, 1 migrates"));
	CHECK(has(text, "14:35:02"));
	CHECK(has(text, "12.5 s pass 4: 512.0 MiB left, 40.0 MiB/s out, 12.0 MiB/s dirtied"));
	CHECK(has(text, "ends by itself 97 %: total 12.5 s (9.9 s to 16.6 s), pause 300 ms; "
			"stopped now 1.3 s"));
	CHECK(has(text, "predict would wait: pre-copy gets on"));
	CHECK(has(text, "###############....."));	/* three quarters are done */
	/* By dirty rate, what is not known last. */
	CHECK(strstr(text, "\n?[31m") < strstr(text, "\nidle"));
	CHECK(strstr(text, "\nidle") < strstr(text, "\nweb1"));
	CHECK(strstr(text, "\ndb1") < strstr(text, "\ncache"));
	CHECK(!strchr(text, '\x1b'));
}

static bool fits(wchar_t ch, bool ascii)
{
	return ascii ? ch >= ' ' && ch < 0x7f : wcwidth(ch) == 1;
}

/* Whatever the size: all is within the page, and each cell is one column wide. */
static void sizes(void)
{
	struct scene_guest g[GUESTS];
	struct scene s;

	make(&s, g);
	for (size_t rows = 0; rows <= 45; rows++)
		for (size_t columns = 0; columns <= 210; columns += columns < 30 ? 1 : 13)
			for (int kind = 0; kind < 8; kind++) {
				struct look l = { .detail = kind & 1, .help = kind == 4,
						  .typing = kind == 6 };
				size_t order[GUESTS], n = look_order(&l, &s, order);
				struct page p;

				CHECK(!page_init(&p, rows, columns, kind & 2));
				page_lay_out(&p, &s, &l, order, n);
				for (size_t i = 0; i < rows * columns; i++)
					CHECK(p.cells[i].style < PAGE_STYLES &&
					      fits(p.cells[i].ch, kind & 2));
				page_fini(&p);
			}
}

static void small(void)
{
	struct scene_guest g[GUESTS];
	struct look l = { .sort = LOOK_BY_NAME };
	struct scene s;
	mt_autofree char *text = NULL, *none = NULL;

	make(&s, g);
	snprintf(l.chosen, sizeof(l.chosen), "%s", g[1].uuid);
	text = lay_out(&s, &l, 5, 20, false);
	CHECK(has(text, "\nweb1"));		/* the chosen one is in sight */
	CHECK(!has(text, "\ndb1"));
	s.n = 0;
	none = lay_out(&s, &l, 5, 40, false);
	CHECK(has(none, "no guests run here"));
}

static void details(void)
{
	struct scene_guest g[GUESTS];
	struct look l = { .detail = true };
	struct scene s;
	mt_autofree char *text = NULL;

	make(&s, g);
	snprintf(l.chosen, sizeof(l.chosen), "%s", g[1].uuid);
	text = lay_out(&s, &l, 50, 100, true);
	CHECK(has(text, "running, 2.0 GiB, 2 vCPUs; dirties 976.6 KiB/s"));
	CHECK(has(text, "memory-intensive: dirties much"));
	CHECK(has(text, "100 of 4096 entries used"));
	CHECK(has(text, "  16      2.5 s"));		/* its last pass */
	CHECK(has(text, "U(T)") && has(text, "600 ms"));
}

static unsigned press(struct look *l, const struct scene *s, unsigned key)
{
	size_t order[GUESTS], n = look_order(l, s, order);

	return look_key(l, s, order, n, key);
}

static void choosing(void)
{
	struct scene_guest g[GUESTS];
	struct look l = { .sort = LOOK_BY_NAME };
	struct scene s;

	make(&s, g);
	CHECK_INT(press(&l, &s, LOOK_END), LOOK_NOTHING);
	CHECK_STR(l.chosen, g[1].uuid);
	press(&l, &s, LOOK_DOWN);
	CHECK_STR(l.chosen, g[1].uuid);
	press(&l, &s, LOOK_UP);
	CHECK_STR(l.chosen, g[3].uuid);
	/* It stays chosen, wherever it is sorted to. */
	press(&l, &s, 'R');
	CHECK_STR(l.chosen, g[3].uuid);
	press(&l, &s, '/');
	for (const char *c = "WEB"; *c; c++)
		press(&l, &s, (unsigned)*c);
	CHECK_STR(l.filter, "WEB");
	press(&l, &s, LOOK_BACKSPACE);
	press(&l, &s, LOOK_ENTER);
	CHECK_STR(l.filter, "WE");
	press(&l, &s, 'r');				/* of the only one that is shown */
	CHECK_STR(l.chosen, g[1].uuid);
	press(&l, &s, LOOK_ESCAPE);
	CHECK_STR(l.filter, "");
	for (int i = 0; i < LOOK_SORTS; i++)
		press(&l, &s, 's');
	CHECK_INT(l.sort, LOOK_BY_NAME);
	CHECK_INT(press(&l, &s, LOOK_INTERRUPT), LOOK_QUIT);
	CHECK_INT(press(&l, &s, 'q'), LOOK_QUIT);
}

/* What cannot be taken back is asked twice, of the same guest, with nothing in between. */
static void asking(void)
{
	static const struct {
		unsigned key;
		enum look_request request;
	} rows[] = { { 'S', LOOK_STOP }, { 'F', LOOK_FLIP }, { 'A', LOOK_ABORT } };
	static const unsigned between[] = { LOOK_UP, LOOK_DOWN, LOOK_ESCAPE, LOOK_ENTER,
					    's', '?', 'z', 'r' };
	struct scene_guest g[GUESTS];
	struct scene s;

	make(&s, g);
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct look l = { .sort = LOOK_BY_NAME };
		mt_autofree char *text = NULL;

		snprintf(l.chosen, sizeof(l.chosen), "%s", g[0].uuid);
		press(&l, &s, rows[i].key);
		CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);	/* it does not migrate */
		snprintf(l.chosen, sizeof(l.chosen), "%s", g[1].uuid);
		CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);
		text = lay_out(&s, &l, 24, 120, true);
		CHECK(has(text, "web1: "));
		CHECK(has(text, "? The same key again does it, Esc does not"));
		CHECK_INT(press(&l, &s, rows[i].key), rows[i].request);
		CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);	/* from the beginning */
		for (size_t k = 0; k < MT_ARRAY_SIZE(between); k++) {
			l.asked = LOOK_NOTHING;
			snprintf(l.chosen, sizeof(l.chosen), "%s", g[1].uuid);
			press(&l, &s, rows[i].key);
			press(&l, &s, between[k]);
			snprintf(l.chosen, sizeof(l.chosen), "%s", g[1].uuid);
			CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);
		}
		press(&l, &s, rows[(i + 1) % 3].key);
		CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);
		/* Another guest in its place. */
		snprintf(l.asked_of, sizeof(l.asked_of), "%s", g[0].uuid);
		CHECK_INT(press(&l, &s, rows[i].key), LOOK_NOTHING);
	}
}

/* Keys at random never ask for what was not asked twice, and choose only who is there. */
static void any_keys(void)
{
	struct scene_guest g[GUESTS];
	struct look l = { .sort = LOOK_BY_NAME };
	struct mt_rng rng = { 7 };
	unsigned last = 0;
	struct scene s;

	make(&s, g);
	for (int i = 0; i < 200000; i++) {
		unsigned key = mt_rng_below(&rng, 3) ? (unsigned)mt_rng_below(&rng, 256) :
						       LOOK_UP + (unsigned)mt_rng_below(&rng, 9);
		unsigned request;

		s.n = 1 + mt_rng_below(&rng, GUESTS);
		request = press(&l, &s, key);
		CHECK(request < LOOK_STOP || key == last);
		CHECK(strlen(l.filter) < sizeof(l.filter));
		last = key;
		if (!(i % 1000))
			*l.filter = '\0';
	}
}

static const struct ktap_case cases[] = {
	{ "a page has what a person looks for", whole },
	{ "pages of all sizes", sizes },
	{ "a page of twenty columns and five rows", small },
	{ "the details of one guest", details },
	{ "keys choose, sort and filter", choosing },
	{ "stop, flip and abort are asked twice", asking },
	{ "keys at random", any_keys },
};

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
