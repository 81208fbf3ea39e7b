// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_spec.c - the specification of a tournament: sections, keys, and what goes together
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "cli/campaign/campaign_key.h"
#include "sim/sim.h"
#include "tournament.h"

/* --- the tables ------------------------------------------------------------------ */
#define AT(field)	offsetof(struct tournament_simulator, field)
static const struct spec_key simulator_keys[] = {
	{ "host", SPEC_TEXT, AT(host), "" },
	{ "log", SPEC_WORD, AT(log), "bitmap", .words = SPEC_WORDS_OF("bitmap", "ring") },
	{ "seed", SPEC_COUNT, AT(seed), "1", 0, UINT32_MAX },
	{ "cap", SPEC_DURATION, AT(cap_ms), "600s", 1000, MT_LIMIT_MAX_MS },
	{ "history", SPEC_DURATION, AT(history_ms), "0ms", 0, MT_LIMIT_MAX_MS },
	{ "tick", SPEC_DURATION, AT(tick_ms), "0ms", 0, 1000 },
	{ "profile", SPEC_DURATION, AT(profile_ms), "0ms", 0, MT_LIMIT_MAX_MS },
	{ "link_permille", SPEC_COUNT, AT(link_permille), "945", 1, 1000 },
	{ "hindsight", SPEC_COUNT, AT(hindsight), "16", 0, 1000 },
	{ }
};
#undef AT

static const struct spec_key recordings_keys[] = {
	{ "dir", SPEC_COMMAND, offsetof(struct tournament_recordings, dir), "." },
	{ }
};

#define AT(field)	offsetof(struct tournament_workload, field)
static const struct spec_key workload_keys[] = {
	{ "image", SPEC_TEXT, AT(guest.image), "" },
	{ "command_line", SPEC_TEXT, AT(guest.command_line), "" },
	{ "verify", SPEC_YES, AT(guest.verify), "yes", .words = SPEC_WORDS_OF("yes", "no") },
	{ "trace", SPEC_TEXT, AT(trace), "" },
	{ "recordings", SPEC_WORDS, AT(recordings), "" },
	{ "memory", SPEC_SIZE, AT(memory_bytes), "0B", 0, 1ULL << 50 },
	{ "cpu", SPEC_PERCENT, AT(cpu_percent), "0%", 0, 100 },
	{ "received", SPEC_RATE, AT(received_bytes_per_s), "0B/s", 0, 1ULL << 50 },
	{ "sent", SPEC_RATE, AT(sent_bytes_per_s), "0B/s", 0, 1ULL << 50 },
	{ }
};
#undef AT

#define AT(field)	offsetof(struct tournament_table, field)
static const struct spec_key table_keys[] = {
	{ "guests", SPEC_WORDS, AT(guests), "" },
	{ "workloads", SPEC_WORDS, AT(workloads) },
	{ "policies", SPEC_WORDS, AT(policies) },
	{ "bandwidths", SPEC_RATES, AT(bandwidths), "", MT_MIB, 1ULL << 50 },
	{ "max_downtimes", SPEC_DURATIONS, AT(max_downtimes), NULL, MT_DOWNTIME_MIN_MS,
	  MT_DOWNTIME_MAX_MS },
	{ "deadline", SPEC_LIMIT, AT(deadline_ms), "none", 1, MT_LIMIT_MAX_MS },
	{ "qemu_limit", SPEC_DURATION, AT(qemu_limit_ms), "300ms", 1, MT_DOWNTIME_MAX_MS },
	{ "command_every", SPEC_DURATION, AT(command_every_ms), "1s", 0, MT_MS_PER_S * 60 },
	{ "postcopy", SPEC_YES, AT(postcopy), "no", .words = SPEC_WORDS_OF("yes", "no") },
	{ "repeat", SPEC_COUNT, AT(repeat), "1", 1, 1000 },
	{ }
};
#undef AT

/* A key for each parameter that some policy has. */
static struct spec_key policy_keys[MT_PARAMS_MAX + 2] = {
	{ "policy", SPEC_TEXT, offsetof(struct tournament_policy, policy), "" },
};

static void fill_policy_keys(void)
{
	static const enum spec_value kinds[] = {
		[MT_PARAM_DURATION] = SPEC_DURATION,
		[MT_PARAM_DURATION_OR_NONE] = SPEC_LIMIT,
		[MT_PARAM_COUNT] = SPEC_COUNT,
		[MT_PARAM_PERCENT] = SPEC_PERCENT,
		[MT_PARAM_WORD] = SPEC_PLACE,
	};
	const struct mt_param *p;

	for (size_t i = 0; i < MT_PARAMS_MAX && (p = mt_param_at(i)); i++)
		policy_keys[i + 1] = (struct spec_key){
			.name = p->name, .kind = kinds[p->kind],
			.offset = offsetof(struct tournament_policy, params) +
				  i * sizeof(uint64_t),
			.initial = SPEC_UNSET, .min = p->min, .max = p->max, .words = p->words,
		};
}

#define AT(field)	offsetof(struct tournament_spec, field)
#define NAMED(type, field)	AT(field), sizeof(struct type)
static const struct spec_section sections[] = {
	{ "campaign", campaign_keys, AT(campaign), .seen = AT(on_testbed) },
	{ "simulator", simulator_keys, AT(simulator), .seen = AT(in_simulator) },
	{ "recordings", recordings_keys, AT(recordings), .seen = AT(on_recordings) },
	{ "guest", campaign_guest_keys, NAMED(campaign_guest, campaign.guests),
	  AT(campaign.n_guests) },
	{ "policy", policy_keys, NAMED(tournament_policy, policies), AT(n_policies) },
	{ "workload", workload_keys, NAMED(tournament_workload, workloads), AT(n_workloads) },
	{ "runs", table_keys, NAMED(tournament_table, tables), AT(n_tables) },
	{ }
};
#undef NAMED
#undef AT

/* --- who is called so --------------------------------------------------------------- */
const struct mt_policy *tournament_policy_find(const struct tournament_spec *s, const char *name,
					       struct mt_params *params)
{
	const struct tournament_policy *p =
		spec_find(s->policies, s->n_policies, sizeof(*s->policies), name);

	if (params)
		*params = p ? p->params : (struct mt_params)MT_PARAMS_UNSET;
	return mt_policy_find(p && *p->policy ? p->policy : name);
}

const struct tournament_workload *tournament_workload_find(const struct tournament_spec *s,
							   const char *name)
{
	return spec_find(s->workloads, s->n_workloads, sizeof(*s->workloads), name);
}

/* --- what goes together -------------------------------------------------------------- */
struct checker {
	const struct tournament_spec *spec;
	void (*complain)(void *opaque, const char *line);
	void *opaque;
};

__attribute__((format(printf, 2, 3)))
static void complain(const struct checker *r, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->complain(r->opaque, line);
}

static void complain_policy(const struct checker *r, const char *where, const char *name)
{
	char known[512] = "";
	size_t len = 0;

	for (size_t i = 0; mt_policy_at(i) && len < sizeof(known); i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "",
					mt_policy_at(i)->name);
	complain(r, "%s: unknown policy \"%s\"; there are %s", where, name, known);
}

static void check_policy(const struct checker *r, const struct tournament_policy *p)
{
	const struct mt_policy *policy = tournament_policy_find(r->spec, p->name, NULL);
	const struct mt_param *param;
	char where[128];

	snprintf(where, sizeof(where), "[policy %.64s]", p->name);
	if (strlen(p->name) >= sizeof(((struct mt_run *)NULL)->policy) ||
	    !strcmp(p->name, TOURNAMENT_HINDSIGHT))
		complain(r, "%s cannot be called so: it is too long, or what hindsight is called",
			 where);
	if (!policy) {
		complain_policy(r, where, *p->policy ? p->policy : p->name);
		return;
	}
	for (size_t i = 0; i < MT_PARAMS_MAX && (param = mt_param_at(i)); i++)
		if (p->params.value[i] != MT_LIMIT_UNSET && !mt_policy_param(policy, param->name))
			complain(r, "%s: policy %s has no parameter %s", where, policy->name,
				 param->name);
}

static void check_names(const struct checker *r, const struct tournament_table *t)
{
	const struct tournament_spec *s = r->spec;
	char where[128];

	snprintf(where, sizeof(where), "[runs %.64s]", t->name);
	for (size_t i = 0; i < t->workloads.n; i++)
		if (!tournament_workload_find(s, t->workloads.v[i]))
			complain(r, "%s: there is no [workload %s]", where, t->workloads.v[i]);
	for (size_t i = 0; i < t->guests.n; i++)
		if (!spec_find(s->campaign.guests, s->campaign.n_guests,
			       sizeof(*s->campaign.guests), t->guests.v[i]))
			complain(r, "%s: there is no [guest %s]", where, t->guests.v[i]);
	for (size_t i = 0; i < t->policies.n; i++)
		if (!tournament_policy_find(s, t->policies.v[i], NULL))
			complain_policy(r, where, t->policies.v[i]);
}

static void on_limits(bool error, const char *line, void *opaque)
{
	if (error)
		snprintf(opaque, 512, "%s", line);
}

/* What `migtrace migrate` would refuse. */
static void check_limits(const struct checker *r, const struct tournament_table *t)
{
	for (size_t i = 0; i < t->policies.n; i++) {
		struct mt_limits limits = MT_LIMITS_UNSET;
		const struct mt_policy *policy =
			tournament_policy_find(r->spec, t->policies.v[i], &limits.params);
		char line[512] = "";

		limits.postcopy_allowed = t->postcopy;
		if (policy && mt_limits_check(policy, &limits, on_limits, line))
			complain(r, "[runs %s]: %s", t->name, line);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(t->policies.v[i], t->policies.v[k]))
				complain(r, "[runs %s]: %s takes part twice", t->name,
					 t->policies.v[i]);
	}
}

static void check_table(const struct checker *r, const struct tournament_table *t)
{
	const struct tournament_spec *s = r->spec;

	check_names(r, t);
	check_limits(r, t);
	if (!t->workloads.n || !t->policies.n || !t->max_downtimes.n)
		complain(r, "[runs %s] combines nothing: workloads, policies and max_downtimes each need one at least",
			 t->name);
	if (!s->on_recordings != !!t->bandwidths.n)
		complain(r, s->on_recordings ? "[runs %s]: bandwidths are as they were recorded" :
					       "[runs %s] needs bandwidths", t->name);
	if (s->on_testbed != !!t->guests.n)
		complain(r, s->on_testbed ? "[runs %s] needs guests" :
					    "[runs %s]: guests are for a testbed, [campaign]",
			 t->name);
	if (s->on_recordings && t->repeat > 1)
		complain(r, "[runs %s]: a recording says the same each time, repeat is for others",
			 t->name);
}

/* What a workload has to have here, and may not have elsewhere. */
static void check_workload(const struct checker *r, const struct tournament_workload *w)
{
	const struct tournament_spec *s = r->spec;
	const struct {
		const char *key, *section;
		bool here, there;
	} rows[] = {
		{ "image", "campaign", s->on_testbed, *w->guest.image != '\0' },
		{ "trace", "simulator", s->in_simulator, *w->trace != '\0' },
		{ "recordings", "recordings", s->on_recordings, w->recordings.n > 0 },
	};
	bool counted = w->cpu_percent, talks = w->received_bytes_per_s || w->sent_bytes_per_s;

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (rows[i].here != rows[i].there)
			complain(r, rows[i].here ? "[workload %s] needs %s" :
						   "[workload %s]: %s is for a tournament with [%s]",
				 w->guest.name, rows[i].key, rows[i].section);
	if (counted && !s->in_simulator)
		complain(r, "[workload %s]: cpu is for a tournament with [simulator]",
			 w->guest.name);
	if (talks && !counted)
		complain(r, "[workload %s]: received and sent need cpu: they are counted together",
			 w->guest.name);
}

static void check(const void *spec, void (*tell)(void *opaque, const char *line), void *opaque)
{
	const struct tournament_spec *s = spec;
	const struct checker r = { .spec = s, .complain = tell, .opaque = opaque };
	struct mt_sim_host host;
	struct mt_err err = { 0 };

	if (s->on_testbed + s->in_simulator + s->on_recordings != 1) {
		complain(&r, "one of [simulator], [recordings] and [campaign] is needed: where it is held");
		return;
	}
	if (!s->n_tables)
		complain(&r, "there is no [runs NAME]: nothing to do");
	if (s->in_simulator && *s->simulator.host &&
	    mt_sim_host_parse(&host, s->simulator.host, &err))
		complain(&r, "[simulator]: host: %s", err.msg);
	for (size_t i = 0; i < s->n_policies; i++)
		check_policy(&r, &s->policies[i]);
	for (size_t i = 0; i < s->n_workloads; i++)
		check_workload(&r, &s->workloads[i]);
	for (size_t i = 0; i < s->n_tables; i++)
		check_table(&r, &s->tables[i]);
	campaign_check_guests(&s->campaign, tell, opaque);
}

int tournament_spec_load(struct tournament_spec *s, const char *path,
			 void (*error)(const char *line, void *opaque))
{
	fill_policy_keys();
	return spec_read(s, sizeof(*s), sections, path, true, check, error);
}

void tournament_spec_fini(struct tournament_spec *s)
{
	spec_free(s, sizeof(*s), sections);
}
