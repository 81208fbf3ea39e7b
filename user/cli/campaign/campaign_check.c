// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_check.c - what a campaign's specification as a whole must be
 */
#include <stdarg.h>
#include <string.h>

#include "campaign_key.h"

struct checker {
	const struct campaign_spec *spec;
	void (*complain)(void *opaque, const char *line);
	void *opaque;
};

__attribute__((format(printf, 2, 3)))
static void complain(struct checker *r, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->complain(r->opaque, line);
}

static void check_table(struct checker *r, const struct campaign_table *t)
{
	const struct campaign_spec *s = r->spec;
	const struct {
		const char *section;
		const struct spec_words *words;
		const void *items;
		size_t n, size;
	} refs[] = {
		{ "guest", &t->guests, s->guests, s->n_guests, sizeof(*s->guests) },
		{ "workload", &t->workloads, s->workloads, s->n_workloads, sizeof(*s->workloads) },
		{ "method", &t->methods, s->methods, s->n_methods, sizeof(*s->methods) },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(refs); i++)
		for (size_t k = 0; k < refs[i].words->n; k++)
			if (!spec_find(refs[i].items, refs[i].n, refs[i].size,
				       refs[i].words->v[k]))
				complain(r, "[runs %s]: there is no [%s %s]", t->name,
					 refs[i].section, refs[i].words->v[k]);
	if (!t->guests.n || !t->workloads.n || !t->methods.n || !t->bandwidths.n || !t->limits.n)
		complain(r, "[runs %s] combines nothing: guests, workloads, methods, bandwidths and downtime_limits each need one at least",
			 t->name);
}

static void check_method(struct checker *r, const struct campaign_method *m)
{
	const struct {
		const char *name;
		uint64_t value;
		enum mt_method of;
	} parameters[] = {
		{ "flip_after_passes", m->flip_after_passes, MT_METHOD_HYBRID },
		{ "throttle_initial_percent", m->throttle_initial_percent, MT_METHOD_AUTOCONVERGE },
		{ "throttle_increment_percent", m->throttle_increment_percent,
		  MT_METHOD_AUTOCONVERGE },
		{ "xbzrle_cache", m->xbzrle_cache_bytes, MT_METHOD_XBZRLE },
		{ "compress_level", m->compress_level, MT_METHOD_COMPRESSION },
		{ "compress_threads", m->compress_threads, MT_METHOD_COMPRESSION },
		{ "channels", m->channels, MT_METHOD_MULTIFD },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(parameters); i++)
		if (parameters[i].value && parameters[i].of != m->kind)
			complain(r, "[method %s]: %s is for kind = %s", m->name, parameters[i].name,
				 mt_method_name(parameters[i].of));
	if (m->kind == MT_METHOD_HYBRID && !m->flip_after_passes)
		complain(r, "[method %s]: flip_after_passes is needed, 1 or more", m->name);
	if (m->kind == MT_METHOD_MULTIFD && !m->channels)
		complain(r, "[method %s]: channels is needed, 1 or more", m->name);
}

void campaign_check_guests(const struct campaign_spec *s,
			   void (*tell)(void *opaque, const char *line), void *opaque)
{
	struct checker r = { .spec = s, .complain = tell, .opaque = opaque };

	for (size_t i = 0; i < s->n_guests; i++)
		if (!strcmp(s->guests[i].logging, "ring") && strcmp(s->guests[i].type, "kvm"))
			complain(&r, "[guest %s]: rings are KVM's, type = %s has none",
				 s->guests[i].name, s->guests[i].type);
}

void campaign_check(const void *spec, void (*tell)(void *opaque, const char *line), void *opaque)
{
	const struct campaign_spec *s = spec;
	struct checker checker = { .spec = s, .complain = tell, .opaque = opaque };
	struct checker *r = &checker;

	if (!s->where)
		complain(r, "there is no [campaign]");
	if (!s->n_tables)
		complain(r, "there is no [runs NAME]: nothing to do");
	for (size_t i = 0; i < s->n_tables; i++)
		check_table(r, &s->tables[i]);
	for (size_t i = 0; i < s->n_methods; i++)
		check_method(r, &s->methods[i]);
	campaign_check_guests(s, tell, opaque);
}
