// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verifier. Each page is classified by itself; the sum over the table shows
 * a table page that went back in time together with the pages it describes.
 */
#include "verify.h"
#include "page.h"

#define STEP_PAGES	64

static struct {
	uint32_t next;
	bool running;
	bool full;
	uint32_t sum;			/* of the table, modulo 2^32 */
	struct verdict verdict;
} verify;

void verify_start(bool full)
{
	verify.next = 0;
	verify.sum = 0;
	verify.full = full;
	verify.running = true;
	verify.verdict = (struct verdict){ .sum_ok = true };
}

bool verify_running(void)
{
	return verify.running;
}

const struct verdict *verify_verdict(void)
{
	return &verify.verdict;
}

/* Every slot holds the mark of the last write that used it. */
static bool older_marks_ok(struct page_data *data, uint32_t key)
{
	uint32_t last = data->head_seq;

	for (uint32_t back = 1; back < PAGE_SLOTS; back++) {
		uint32_t seq = last - back;

		if (*page_slot(data, seq) != page_mark(key, back > last ? 0 : seq))
			return false;
	}
	return true;
}

static void classify(uint32_t page, struct page_data *data)
{
	struct verdict *v = &verify.verdict;
	uint32_t key = page_key(page), seq = data->head_seq, expected = mem.seq[page];

	if (!(v->lost | v->torn | v->wrong | v->table)) {
		v->first = page;
		v->expected = expected;
		v->found = seq;
	}
	if (data->head_key != key || data->tail_key != key)
		v->wrong++;
	else if (seq == expected || data->tail_seq != seq ||
		 *page_slot(data, seq) != page_mark(key, seq))
		v->torn++;
	else if ((int32_t)(seq - expected) < 0)
		v->lost++;
	else
		v->table++;
}

/*
 * The first bad page of [page, end), or end; adds up the table as it goes. Few
 * instructions count here: where code is emulated this is all of the time.
 */
static uint32_t first_bad(uint32_t page, uint32_t end)
{
	const uint32_t *seqs = mem.seq + page;
	struct page_data *data = &mem.page[page];
	uint32_t key = page_key(page), end_key = page_key(end), sum = 0;

	for (; key != end_key; key++, data++) {
		uint32_t seq = *seqs++;

		sum += seq;
		if (data->head_seq != seq || data->tail_seq != seq ||
		    data->head_key != key || data->tail_key != key ||
		    *page_slot(data, seq) != page_mark(key, seq))
			break;
		if (verify.full && !older_marks_ok(data, key))
			break;
	}
	verify.sum += sum;
	return key & ~PAGE_TAG;
}

bool verify_step(void)
{
	uint32_t page = verify.next, end = page + STEP_PAGES;

	if (end > mem.pages)
		end = mem.pages;
	verify.next = end;
	for (;; page++) {
		page = first_bad(page, end);
		if (page == end)
			break;
		classify(page, &mem.page[page]);
	}
	if (end < mem.pages)
		return false;
	verify.running = false;
	verify.verdict.sum_ok = verify.sum == (uint32_t)mem.writes;
	return true;
}

uint32_t verify_corrupt(enum corruption how)
{
	static uint32_t damaged;
	uint32_t page = (mem.pages / 2 + damaged++) % mem.pages;
	struct page_data *data = &mem.page[page];

	switch (how) {
	case CORRUPT_STALE:		/* a write that is counted, not done */
		mem.seq[page]++;
		mem.writes++;
		break;
	case CORRUPT_TORN:
		data->tail_seq--;
		break;
	case CORRUPT_WRONG:
		*data = mem.page[page ? page - 1 : 1];
		break;
	case CORRUPT_TABLE:
		mem.seq[page]--;
		break;
	}
	return page;
}
