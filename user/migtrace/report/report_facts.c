// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_facts.c - what there is once in a report, as labels and texts
 */
#include <math.h>
#include <time.h>

#include "base/units.h"
#include "report.h"

struct facts {
	report_fact_fn fn;
	void *opaque;
};

static void tell(const struct facts *f, const char *label, const char *text)
{
	if (text)
		f->fn(f->opaque, label, text);
}

static void tell_wall(const struct facts *f, uint64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[64];
	struct tm tm;

	if (ms && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		tell(f, "began", text);
}

static void put_limits(FILE *out, const struct mt_limits *l)
{
	const struct {
		const char *what;
		uint64_t ms;
	} rows[] = {
		{ "pause at most", l->max_downtime_ms },
		{ "deadline", l->deadline_ms },
		{ "stall", l->stall_timeout_ms },
		{ "QEMU's downtime limit", l->qemu_limit_ms },
		{ "fixed part of a downtime", l->fixed_ms },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		char buf[MT_UNIT_STR];

		if (rows[i].ms == MT_LIMIT_NONE)
			fprintf(out, "%s none, ", rows[i].what);
		else if (rows[i].ms != MT_LIMIT_UNSET)
			fprintf(out, "%s %s, ", rows[i].what,
				mt_format_duration_ms(buf, (double)rows[i].ms));
	}
	for (size_t i = 0; mt_param_at(i); i++) {
		const struct mt_param *p = mt_param_at(i);
		char name[MT_PARAM_NAME_MAX], buf[MT_PARAM_TEXT_MAX];
		uint64_t v = l->params.value[i];

		if (v != MT_LIMIT_UNSET)
			fprintf(out, "%s %s, ", mt_param_option(name, p),
				mt_param_read(buf, p, v));
	}
	fprintf(out, "post-copy %s", l->postcopy_allowed ? "allowed" : "not allowed");
}

static void tell_limits(const struct facts *f, const struct mt_limits *l)
{
	mt_autofree char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	put_limits(out, l);
	if (!fclose(out))
		tell(f, "limits", text);
}

static void tell_source(const struct facts *f, const struct mt_record_source *s)
{
	char line[512], tick[MT_UNIT_STR];

	if (!s)
		return;
	snprintf(line, sizeof(line), "%s%s%s%s%s%s%s", s->source, s->mode ? ", " : "",
		 s->mode ? s->mode : "", s->tick_ns ? ", ticks of " : "",
		 s->tick_ns ? mt_format_duration_ms(tick, s->tick_ns / 1e6) : "",
		 s->detail ? "; no better: " : "", s->detail ? s->detail : "");
	tell(f, "dirty pages", line);
}

static void tell_guest(const struct facts *f, const struct mt_record_guest *g)
{
	char memory[MT_UNIT_STR], nonzero[MT_UNIT_STR], used[64] = "", cpus[64] = "";
	char line[192];

	if (!g || !g->memory_bytes)
		return;
	mt_format_size_bytes(memory, (double)g->memory_bytes);
	if (g->nonzero_bytes || g->resident_bytes)
		snprintf(used, sizeof(used), ", %s of it %s",
			 mt_format_size_bytes(nonzero, (double)(g->nonzero_bytes ?
								g->nonzero_bytes :
								g->resident_bytes)),
			 g->nonzero_bytes ? "not empty" : "resident");
	if (g->vcpus && isfinite(g->cpu_share))
		snprintf(cpus, sizeof(cpus), "; %llu vCPU%s, %.0f %% busy",
			 (unsigned long long)g->vcpus, g->vcpus > 1 ? "s" : "",
			 g->cpu_share * 100);
	snprintf(line, sizeof(line), "%s%s%s", memory, used, cpus);
	tell(f, "memory", line);
}

void report_facts(const struct report *r, report_fact_fn fn, void *opaque)
{
	const struct mt_record_header *h = &r->rec->header;
	const struct facts f = { fn, opaque };

	tell(&f, "file", r->rec->path);
	if (r->rec->foreign) {
		tell(&f, "kind", "a series of QMP query-migrate answers: samples only");
		return;
	}
	tell(&f, "guest", h->domain);
	tell(&f, "uuid", h->uuid);
	tell(&f, "type", h->domain_type);
	tell_guest(&f, r->guest);
	tell(&f, "source", h->source);
	tell(&f, "destination", h->destination);
	tell(&f, "mode", h->mode);
	tell(&f, "policy", h->policy);
	tell_limits(&f, &h->limits);
	tell(&f, "written by", h->tool);
	tell(&f, "QEMU", h->qemu);
	tell(&f, "libvirt", h->libvirt);
	tell(&f, "kernel", h->kernel);
	tell_wall(&f, h->start_wall_ms);
	tell_source(&f, r->source);
}

/* "3.1 GiB", "-" for what nobody knows. */
static const char *figure(char *buf, const struct mt_sample *s, enum mt_field f,
			  const char *(*format)(char *buf, double v))
{
	uint64_t v;

	return mt_sample_get(s, f, &v) ? format(buf, (double)v) : "-";
}

void report_outcome_facts(const struct report *r, report_fact_fn fn, void *opaque)
{
	const struct mt_sample *final = &r->outcome.final;
	const struct facts f = { fn, opaque };
	char total[MT_UNIT_STR], downtime[MT_UNIT_STR], sent[MT_UNIT_STR], line[160];

	if (!r->has_outcome)
		return;
	tell(&f, "outcome", mt_outcome_name(r->outcome.outcome));
	tell(&f, "detail",
	     r->outcome_recorded ? r->outcome.detail : "as QEMU's last answer has it");
	snprintf(line, sizeof(line), "total %s, downtime %s, sent %s",
		 figure(total, final, MT_FIELD_total_ms, mt_format_duration_ms),
		 figure(downtime, final, MT_FIELD_downtime_ms, mt_format_duration_ms),
		 figure(sent, final, MT_FIELD_transferred_bytes, mt_format_size_bytes));
	tell(&f, "figures", line);
}
