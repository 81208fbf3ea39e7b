// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * settings.c - what a guest's metadata says of its migrations, where no option does
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "settings.h"

#define LINE_MAX_BYTES	1024

struct teller {
	void (*tell)(const char *line, void *opaque);
	void *opaque;
	const char *domain;
	bool wrong;
};

static void __attribute__((format(printf, 2, 3)))
say(const struct teller *t, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	int at = snprintf(line, sizeof(line), "%s: ", t->domain);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + at, sizeof(line) - (size_t)at, fmt, ap);
	va_end(ap);
	t->tell(line, t->opaque);
}

static void say_wrong(const struct teller *t, const char *what)
{
	say(t, "its metadata (" MT_METADATA_URI ") is not heeded: %s", what);
}

/* Errors come first; after one the rest does not matter. */
static void on_contradiction(bool error, const char *line, void *teller)
{
	struct teller *t = teller;

	if (error)
		say_wrong(t, line);
	else if (!t->wrong)
		say(t, "with its metadata, %s", line);
	t->wrong |= error;
}

static bool is_option(const struct mt_key *key, const struct mt_rule *options)
{
	const void *value = (const char *)options + key->offset;

	switch ((enum mt_key_kind)key->kind) {
	case MT_KEY_POLICY:
		return *(const struct mt_policy *const *)value;
	case MT_KEY_BOOL:
		return *(const bool *)value;
	case MT_KEY_DURATION:
	case MT_KEY_DURATION_OR_NONE:
	case MT_KEY_COUNT:
	case MT_KEY_PERCENT:
	case MT_KEY_WORD:
		return *(const uint64_t *)value != MT_LIMIT_UNSET;
	case MT_KEY_MODE:	/* the daemon's; --dry-run is asked for each time */
		return true;
	case MT_KEY_OTHERS:
	case MT_KEY_KINDS:
		break;
	}
	return false;
}

/* Leaves what is to be taken. Return: whether there is something. */
static bool sift(struct mt_rule_part *part, const struct mt_rule *options, unsigned parallel,
		 const struct teller *t)
{
	const struct mt_key *key;
	bool any = false;

	for (size_t i = 0; (key = mt_rule_key_at(i)); i++) {
		bool postcopy = !strcmp(key->name, "postcopy");

		if (part->given[i] && postcopy && parallel &&
		    part->rule.limits.postcopy_allowed) {
			say(t, "its metadata allows post-copy, which does not go with --parallel");
			part->given[i] = false;
		}
		part->given[i] &= !is_option(key, options);
		any |= part->given[i];
	}
	return any;
}

void settings_take(struct mt_rule *rule, struct mt_conn *conn, const struct mt_domain_info *domain,
		   unsigned parallel, void (*tell)(const char *line, void *opaque), void *opaque)
{
	struct teller t = { .tell = tell, .opaque = opaque, .domain = domain->name };
	struct mt_rule both = *rule;
	struct mt_rule_part part;
	struct mt_err err = { 0 };
	char text[512];
	int ret = mt_metadata_read(conn, domain->uuid, &part, &err);

	if (ret && ret != -ENODATA)
		say_wrong(&t, err.msg);
	if (ret || !sift(&part, rule, parallel, &t))
		return;
	mt_rule_take(&both, &part);
	if (mt_limits_check(both.policy ? both.policy : mt_policy_find(MT_POLICY_DEFAULT),
			    &both.limits, on_contradiction, &t))
		return;
	*rule = both;
	say(&t, "from its metadata: %s", mt_rule_part_text(&part, text, sizeof(text)));
}
