// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_record_pages.c - sets of pages: into a recording, and out of it
 */
#include <errno.h>

#include "curve/pageset.h"
#include "store/record.h"
#include "ktap.h"
#include "scratch.h"

static char path[96];

static int put(void *opaque, uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (mt_pageset_add(opaque, first + i))
			return -ERANGE;
	return 0;
}

static int keep(void *opaque, const char *text)
{
	snprintf(opaque, 256, "%s", text);
	return 0;
}

static void test_text(void)
{
	static const struct {
		uint64_t first, count;
	} runs[] = { { 4096, 512 }, { 4611, 1 }, { 4613, 8 }, { UINT32_MAX, 1 } };
	struct mt_pageset *set = mt_pageset_new(), *back = mt_pageset_new();
	char text[256] = "";

	for (size_t i = 0; i < MT_ARRAY_SIZE(runs); i++)
		CHECK_INT(put(set, runs[i].first, runs[i].count), 0);
	CHECK_INT(mt_record_pages_write(set, keep, text), 0);
	CHECK_STR(text, "4096+511 3 1+7 4294962674");
	CHECK_INT(mt_record_pages_read(text, put, back), 0);
	mt_pageset_xor(set, back);
	CHECK_INT(mt_pageset_count(set), 0);
	CHECK_INT(mt_pageset_count(back), 522);
	mt_pageset_clear(set);
	*text = '\0';
	CHECK_INT(mt_record_pages_write(set, keep, text), 0);
	CHECK_STR(text, "");			/* nothing is said of nothing */
	CHECK_INT(mt_record_pages_read("0", put, set), 0);
	CHECK(mt_pageset_has(set, 0));
	mt_pageset_free(set);
	mt_pageset_free(back);
}

static void test_refused(void)
{
	static const char *const wrong[] = {
		" ", "1 ", "1  2", "+3", "1+", "1+x", "1,2", "-1", "99999999999999999999", "1 2 3\n"
	};
	struct mt_pageset *set = mt_pageset_new();

	for (size_t i = 0; i < MT_ARRAY_SIZE(wrong); i++)
		CHECK_INT(mt_record_pages_read(wrong[i], put, set), -EBADMSG);
	/* what the taker says */
	CHECK_INT(mt_record_pages_read("4294967296", put, set), -ERANGE);
	mt_pageset_free(set);
}

struct writer {
	struct mt_recorder *r;
	uint64_t t_ns;
	unsigned entries;
};

static int record(void *opaque, const char *text)
{
	struct writer *w = opaque;

	w->entries++;
	return mt_recorder_pages(w->r, &(struct mt_record_pages){ w->t_ns, w->t_ns - 100000000,
								  w->t_ns == 1000000000, text });
}

/* Every third page of 3 GiB: a set that takes more than one entry. */
static void test_round_trip(void)
{
	const struct mt_record_header header = { .domain = "g",
						 .start_t_ns = 1,
						 .mode = "profile" };
	struct mt_pageset *set = mt_pageset_new(), *back = mt_pageset_new();
	struct writer w = { .t_ns = 1000000000 };
	struct mt_recording *rec;
	unsigned begins = 0;

	snprintf(path, sizeof(path), "%s/pages.mtrec", dir);
	for (uint64_t page = 5; page < 786432; page += 3)
		CHECK_INT(mt_pageset_add(set, page), 0);
	CHECK_INT(mt_recorder_open(&w.r, path, &header, NULL), 0);
	CHECK_INT(mt_record_pages_write(set, record, &w), 0);
	CHECK(w.entries >= 2);
	w.t_ns += 100000000;
	CHECK_INT(mt_record_pages_write(set, record, &w), 0);
	CHECK_INT(mt_recorder_close(w.r, NULL), 0);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK_INT(rec->n_entries, w.entries);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_record_pages *p = &rec->entries[i].pages;

		CHECK_INT(rec->entries[i].type, MT_ENTRY_PAGES);
		CHECK_INT(p->t_ns - p->start_ns, 100000000);
		begins += p->begins;
		if (p->t_ns == 1000000000)
			CHECK_INT(mt_record_pages_read(p->pages, put, back), 0);
	}
	CHECK_INT(begins, w.entries / 2);
	CHECK_INT(mt_pageset_count(back), mt_pageset_count(set));
	mt_pageset_xor(back, set);
	CHECK_INT(mt_pageset_count(back), 0);
	mt_recording_free(rec);
	mt_pageset_free(set);
	mt_pageset_free(back);
}

static const struct ktap_case cases[] = {
	{ "a set as text, and back", test_text },
	{ "what is no set is refused", test_refused },
	{ "a large set in a recording", test_round_trip },
};
KTAP_MAIN(cases)
