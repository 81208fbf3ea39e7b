// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sample.c - the columns of a sample, and what a migration's states are called
 */
#include <string.h>

#include "base/cleanup.h"
#include "sample.h"

const struct mt_field_info mt_sample_schema[MT_FIELD_COUNT] = {
#define X(field, unit_, help_) \
	[MT_FIELD_##field] = { .name = #field, .unit = unit_, .help = help_, \
			       .offset = offsetof(struct mt_sample, field) },
	MT_SAMPLE_FIELDS(X)
#undef X
};

_Static_assert(MT_FIELD_COUNT <= 64, "struct mt_sample.valid has a bit per field");

bool mt_sample_get(const struct mt_sample *s, enum mt_field f, uint64_t *value)
{
	if ((unsigned)f >= MT_FIELD_COUNT || !((s->valid >> f) & 1))
		return false;
	memcpy(value, (const char *)s + mt_sample_schema[f].offset, sizeof(*value));
	return true;
}

void mt_sample_put(struct mt_sample *s, enum mt_field f, uint64_t value)
{
	if ((unsigned)f >= MT_FIELD_COUNT)
		return;
	memcpy((char *)s + mt_sample_schema[f].offset, &value, sizeof(value));
	s->valid |= 1ULL << f;
}

void mt_sample_follow(struct mt_sample *known, const struct mt_sample *newer)
{
	uint64_t v;

	known->t_ns = newer->t_ns;
	known->status = newer->status;
	for (int f = 0; f < MT_FIELD_COUNT; f++)
		if (mt_sample_get(newer, f, &v))
			mt_sample_put(known, f, v);
}

void mt_sample_told(struct mt_sample *s, enum mt_field f, uint64_t value, bool negative)
{
	bool possible = !negative && value <= INT64_MAX;

	if (!possible && f == MT_FIELD_remaining_bytes)
		s->miscounted = true;
	if (f == MT_FIELD_page_size_bytes)
		possible &= value && !(value & (value - 1));
	if (f == MT_FIELD_throttle_percent)
		possible &= value <= 100;
	if (possible)
		mt_sample_put(s, f, value);
}

/* Known of both, and less now. */
static bool went_back(const struct mt_sample *last, const struct mt_sample *s, enum mt_field f)
{
	uint64_t before, now;

	return mt_sample_get(last, f, &before) && mt_sample_get(s, f, &now) && now < before;
}

bool mt_sample_begins(const struct mt_sample *last, const struct mt_sample *s)
{
	if (mt_status_is_over(s->status))
		return false;
	/* Its first figures may lack what could be seen to go back. */
	if (s->anew)
		return true;
	/* Of what is not known it is not known either whose it is. */
	if (mt_status_is_over(last->status))
		return last->status != MT_STATUS_NONE && mt_status_is_under_way(s->status);
	return s->t_ns >= last->t_ns && went_back(last, s, MT_FIELD_total_ms) &&
	       went_back(last, s, MT_FIELD_transferred_bytes) && !(s->iteration > last->iteration);
}

/* --- status ----------------------------------------------------------- */
static const struct {
	const char *name, *why;
} statuses[MT_STATUS_COUNT] = {
#define X(id, name_, why_) [MT_STATUS_##id] = { name_, why_ },
	MT_STATUSES(X)
#undef X
};

/* QEMU's words that are not our names as well. */
static const struct {
	const char *word;
	enum mt_status status;
} words[] = {
	{ "wait-unplug",	MT_STATUS_SETUP },
	{ "pre-switchover",	MT_STATUS_SWITCHOVER },
	{ "device",		MT_STATUS_SWITCHOVER },
	{ "postcopy-device",	MT_STATUS_POSTCOPY },
	{ "postcopy-active",	MT_STATUS_POSTCOPY },
	{ "postcopy-recover-setup", MT_STATUS_POSTCOPY },
	{ "postcopy-recover",	MT_STATUS_POSTCOPY },
	{ "failing",		MT_STATUS_FAILED },
	{ "colo",		MT_STATUS_UNKNOWN },
};

const char *mt_status_name(enum mt_status status)
{
	return statuses[(unsigned)status < MT_STATUS_COUNT ? status : MT_STATUS_UNKNOWN].name;
}

const char *mt_status_why(enum mt_status status)
{
	return statuses[(unsigned)status < MT_STATUS_COUNT ? status : MT_STATUS_UNKNOWN].why;
}

enum mt_status mt_status_of(const char *word)
{
	for (int i = 0; word && i < MT_STATUS_COUNT; i++)
		if (!strcmp(statuses[i].name, word))
			return i;
	for (size_t i = 0; word && i < MT_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].word, word))
			return words[i].status;
	return MT_STATUS_UNKNOWN;
}

bool mt_status_is_over(enum mt_status status)
{
	return status == MT_STATUS_NONE || status == MT_STATUS_COMPLETED ||
	       status == MT_STATUS_FAILED || status == MT_STATUS_CANCELLED;
}

bool mt_status_is_postcopy(enum mt_status status)
{
	return status == MT_STATUS_POSTCOPY || status == MT_STATUS_POSTCOPY_PAUSED;
}

bool mt_status_is_under_way(enum mt_status status)
{
	return !mt_status_is_over(status) && status != MT_STATUS_CANCELLING &&
	       (unsigned)status < MT_STATUS_UNKNOWN;
}

enum mt_status mt_status_combine(enum mt_status told, enum mt_status seen)
{
	/* No event yet, or the job is gone and libvirt knows how it ended. */
	if (told == MT_STATUS_NONE || mt_status_is_over(seen))
		return seen;
	/* libvirt knows that the guest has left; whether post-copy goes on, QEMU does. */
	if (mt_status_is_postcopy(seen))
		return told == MT_STATUS_POSTCOPY_PAUSED ? told : seen;
	/* Figures of memory come after the event that it begins. */
	if (told == MT_STATUS_SETUP || told == MT_STATUS_ACTIVE)
		return seen;
	return told;
}
