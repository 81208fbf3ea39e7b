// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * thin.c - which entries a long recording keeps, so that it can be read as a whole
 */
#include "thin.h"

/* For the outcome, and for what we say ourselves. */
#define RESERVE_ENTRIES	64
#define RESERVE_BYTES	(64 * 1024)
#define SPREAD		16

struct mt_thin_entry mt_thin_entry(const struct mt_entry *e)
{
	return (struct mt_thin_entry){
		.type = e->type,
		.t_ns = mt_entry_t_ns(e),
		.frequent = e->type == MT_ENTRY_TICK || e->type == MT_ENTRY_WORK ||
			    (e->type == MT_ENTRY_SAMPLE && !e->sample.boundary),
		.pages_start_ns = e->type == MT_ENTRY_PAGES ? e->pages.start_ns : 0,
	};
}

/* Entries with strings, which a reader keeps beside them. */
static bool has_text(enum mt_entry_type type)
{
	switch (type) {
	case MT_ENTRY_DECISION:
	case MT_ENTRY_EVENT:
	case MT_ENTRY_DIRTYRATE:
	case MT_ENTRY_OUTCOME:
	case MT_ENTRY_SOURCE:
	case MT_ENTRY_PAGES:
		return true;
	default:
		return false;
	}
}

void mt_thin_count(struct mt_thin *thin, enum mt_entry_type type, size_t len)
{
	thin->entries++;
	if (has_text(type))
		thin->text_bytes += len;
}

static bool is_full(const struct mt_thin *thin, const struct mt_thin_entry *e, size_t len)
{
	if (e->type == MT_ENTRY_OUTCOME)
		return thin->entries >= thin->max_entries ||
		       thin->text_bytes + len > thin->max_text_bytes;
	return thin->entries + RESERVE_ENTRIES >= thin->max_entries ||
	       (has_text(e->type) && thin->text_bytes + len + RESERVE_BYTES > thin->max_text_bytes);
}

static uint64_t one_of(const struct mt_thin *thin)
{
	uint64_t n = 1;

	if (thin->entries < thin->max_entries / 2)
		return 1;
	while (2 * n * thin->max_entries / SPREAD <= thin->frequent)
		n *= 2;
	return n;
}

/* A set comes in several entries of one tick: the one that is begun is finished. */
static enum mt_thin_verdict judge_pages(struct mt_thin *thin, uint64_t start_ns, size_t len)
{
	bool begun = thin->text_bytes && start_ns == thin->pages_start_ns;

	if (thin->pages_ended)
		return MT_THIN_LEAVE_OUT;
	if (!begun && (thin->text_bytes + len > thin->max_text_bytes / 4 * 3 ||
		       thin->entries >= thin->max_entries / 4 * 3)) {
		thin->pages_ended = true;
		return MT_THIN_PAGES_END;
	}
	thin->pages_start_ns = start_ns;
	return MT_THIN_KEEP;
}

static enum mt_thin_verdict judge_frequent(struct mt_thin *thin)
{
	uint64_t n = one_of(thin);

	thin->frequent++;
	if (n > (thin->one_of ? thin->one_of : 1)) {
		thin->one_of = n;
		thin->since = 0;
		return MT_THIN_KEEP_RARER;
	}
	if (++thin->since < n)
		return MT_THIN_LEAVE_OUT;
	thin->since = 0;
	return MT_THIN_KEEP;
}

enum mt_thin_verdict mt_thin_judge(struct mt_thin *thin, const struct mt_thin_entry *e,
				   size_t len)
{
	enum mt_thin_verdict v = MT_THIN_KEEP;

	if (is_full(thin, e, len))
		return MT_THIN_FULL;
	if (e->type == MT_ENTRY_PAGES)
		v = judge_pages(thin, e->pages_start_ns, len);
	else if (e->frequent)
		v = judge_frequent(thin);
	if (v == MT_THIN_KEEP || v == MT_THIN_KEEP_RARER)
		mt_thin_count(thin, e->type, len);
	return v;
}
