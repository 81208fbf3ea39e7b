// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest_rules.c - by which rules a guest is migrated: the configuration's, over them its metadata's
 *
 * Threads: the guest's own reads them, which may take as long as libvirt likes; any shows them.
 */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "guest_int.h"
#include "health.h"
#include "log.h"

static void log_wrong(const struct guest *g, const char *why)
{
	log_warn("%s: its metadata (%s) is not heeded, migtraced.conf's settings hold: %s",
		 g->info.name, MT_METADATA_URI, why);
}

static void rules_of(const struct guest *g, const struct mt_rule_part *metadata,
		     struct mt_rule *rule)
{
	enum mt_mode ours;

	config_for_domain(g->config, g->info.name_cut ? NULL : g->info.name, g->uuid, rule);
	ours = rule->mode;
	mt_rule_take(rule, metadata);
	/* Whether this daemon acts is its configuration's to say: a guest is only exempted. */
	if (ours == MT_MODE_OBSERVE)
		rule->mode = MT_MODE_OBSERVE;
	if (g->experience)
		mt_experience_use(g->experience, &rule->limits);
	rule->limits.trained = knowledge_trained(g->setup.knowledge);
}

struct contradiction {
	const struct guest *g;
	bool wrong;
};

/* Errors come first; after one the rest does not matter. */
static void tell_contradiction(bool error, const char *line, void *contradiction)
{
	struct contradiction *c = contradiction;

	if (error)
		log_wrong(c->g, line);
	else if (!c->wrong)
		log_warn("%s: with its metadata, %s", c->g->info.name, line);
	c->wrong |= error;
}

/* Return: 0, also where there is none, or where it is wrong; else it could not be read. */
static int read_metadata(struct guest *g, struct mt_rule_part *metadata)
{
	struct contradiction all = { .g = g };
	struct mt_err err = { 0 };
	struct mt_rule rule;
	char text[512];
	int ret;

	health_call("its metadata");
	ret = mt_metadata_read(g->calls, g->uuid, metadata, &err);
	health_busy();
	if (ret)
		*metadata = (struct mt_rule_part){ 0 };
	if (ret == -EINVAL)
		log_wrong(g, err.msg);
	if (ret == -EINVAL || ret == -ENODATA || ret == -EOPNOTSUPP)
		return 0;
	if (ret) {
		log_warn("%s: its metadata cannot be read; what was read before holds, and where nothing was it is only observed: %s",
			 g->info.name, err.msg);
		return ret;
	}
	rules_of(g, metadata, &rule);
	if (mt_limits_check(rule.policy, &rule.limits, tell_contradiction, &all))
		*metadata = (struct mt_rule_part){ 0 };
	else
		log_info("%s: from its metadata: %s", g->info.name,
			 mt_rule_part_text(metadata, text, sizeof(text)));
	return 0;
}

void guest_take_rules(struct guest *g)
{
	struct mt_rule_part metadata;
	bool unread = read_metadata(g, &metadata);

	pthread_mutex_lock(&g->lock);
	g->experience = knowledge_get(g->setup.knowledge);
	if (!unread) {
		g->metadata = metadata;
		g->metadata_read = true;
	}
	rules_of(g, &g->metadata, &g->how);
	/* It may say that nobody should touch the guest. */
	if (!g->metadata_read)
		g->how.mode = MT_MODE_OBSERVE;
	config_origins(g->config, g->info.name_cut ? NULL : g->info.name, g->uuid, g->from);
	g->ruled = true;
	pthread_mutex_unlock(&g->lock);
}

bool guest_limits_now(struct mt_limits *limits, void *guest)
{
	struct guest *g = guest;
	struct mt_rule_part metadata;
	struct mt_rule rule;
	bool let_go, policy;

	if (read_metadata(g, &metadata)) {
		health_waiting("its migration");
		return false;
	}
	health_waiting("its migration");
	pthread_mutex_lock(&g->lock);
	rules_of(g, &metadata, &rule);
	let_go = g->how.mode == MT_MODE_ACT && rule.mode == MT_MODE_OBSERVE &&
		 guest_set_observe(g, OBSERVE_RELOADED, true);
	policy = rule.policy != g->how.policy;
	g->metadata = metadata;
	g->metadata_read = true;
	g->how.limits = rule.limits;
	*limits = rule.limits;
	pthread_mutex_unlock(&g->lock);
	if (let_go)
		log_info("%s: only observed from now on, as its metadata says", g->info.name);
	if (policy)
		log_info("%s: policy %s stays until this migration is over", g->info.name,
			 g->how.policy->name);
	return true;
}

/* --- where they come from ------------------------------------------------------------ */
static const char *origin_of(const struct guest *g, size_t i, char *buf, size_t size)
{
	if (g->metadata.given[i])
		return "metadata";
	switch (g->from[i].kind) {
	case CONFIG_FROM_DEFAULT:
		return NULL;
	case CONFIG_FROM_SUPERVISE:
		return "[supervise]";
	case CONFIG_FROM_DOMAIN:
		snprintf(buf, size, "[domain %s]", g->from[i].glob);
		return buf;
	}
	return NULL;
}

json_t *guest_settings_json(const struct guest *g)
{
	json_t *all = json_array();
	char text[MT_KEY_TEXT_MAX], section[MT_INI_LINE_MAX + 16];
	const struct mt_key *key;
	int failed = 0;

	for (size_t i = 0; all && (key = mt_rule_key_at(i)); i++) {
		const char *from = origin_of(g, i, section, sizeof(section));
		json_t *one = from ? json_object() : NULL;

		if (!one)
			continue;
		mt_json_set(one, "key", mt_json_string(key->name), &failed);
		mt_json_set(one, "value", mt_json_string(mt_key_text(key, &g->how, text)), &failed);
		mt_json_set(one, "from", mt_json_string(from), &failed);
		json_array_append_new(all, one);
	}
	return all;
}
