// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sample.c - the columns of a sample, and what a migration's states are called
 */
#include <errno.h>
#include <string.h>

#include <migtrace/cleanup.h>
#include <migtrace/sample.h>

const struct mt_field_info mt_sample_schema[MT_FIELD_COUNT] = {
#define X(field, unit_, help_) \
	[MT_FIELD_##field] = { .name = #field, .unit = unit_, .help = help_, .offset = offsetof(struct mt_sample, field) },
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

/*
 * The first row of a status is our name for it; the others are QMP's (QEMU,
 * qapi/migration.json, MigrationStatus). pre-switchover and device are the last
 * moments of pre-copy: QEMU has not handed over yet.
 */
static const struct {
	const char *name;
	enum mt_status status;
} names[] = {
	{ "none",		MT_STATUS_NONE },
	{ "setup",		MT_STATUS_SETUP },
	{ "wait-unplug",	MT_STATUS_SETUP },
	{ "active",		MT_STATUS_ACTIVE },
	{ "pre-switchover",	MT_STATUS_ACTIVE },
	{ "device",		MT_STATUS_ACTIVE },
	{ "postcopy",		MT_STATUS_POSTCOPY },
	{ "postcopy-active",	MT_STATUS_POSTCOPY },
	{ "postcopy-device",	MT_STATUS_POSTCOPY },
	{ "postcopy-paused",	MT_STATUS_POSTCOPY },
	{ "postcopy-recover-setup", MT_STATUS_POSTCOPY },
	{ "postcopy-recover",	MT_STATUS_POSTCOPY },
	{ "completed",		MT_STATUS_COMPLETED },
	{ "failed",		MT_STATUS_FAILED },
	{ "failing",		MT_STATUS_FAILED },
	{ "cancelled",		MT_STATUS_CANCELLED },
	{ "cancelling",		MT_STATUS_CANCELLED },
};

const char *mt_status_name(enum mt_status status)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(names); i++)
		if (names[i].status == status)
			return names[i].name;
	return "unknown";
}

int mt_status_parse(const char *name, enum mt_status *status)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i].name, name)) {
			*status = names[i].status;
			return 0;
		}
	}
	return -EINVAL;
}
