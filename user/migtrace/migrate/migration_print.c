// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migration_print.c - what came of a migration
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "out/table.h"
#include "migration.h"

bool migration_succeeded(const struct migration *m)
{
	return m->result.outcome == MT_OUTCOME_COMPLETED;
}

/* With what was spent before it was begun again. */
static uint64_t total_ms(const struct migration *m)
{
	return m->result.earlier_ms + m->result.final.total_ms;
}

static void print_text(const struct migration *m)
{
	const struct mt_sample *f = &m->result.final;
	char total[MT_UNIT_STR], pause[MT_UNIT_STR], sent[MT_UNIT_STR];

	cmd_say(stdout, "%s: %s", mt_outcome_name(m->result.outcome), m->result.detail);
	printf("  total %s, pause %s, sent %s\n",
	       mt_sample_has(f, total_ms) ? mt_format_duration_ms(total, (double)total_ms(m)) : "-",
	       mt_sample_has(f, downtime_ms) && migration_succeeded(m) ?
		       mt_format_duration_ms(pause, f->downtime_ms) :
		       "-",
	       mt_sample_has(f, transferred_bytes) ?
		       mt_format_size_bytes(sent, f->transferred_bytes) :
		       "-");
	if (m->result.restarts)
		printf("  begun again, %u time%s: pause and sent are of the last\n",
		       m->result.restarts, m->result.restarts == 1 ? "" : "s");
	if (m->record_path)
		cmd_say(stdout, "  recording %s, see migtrace report", m->record_path);
}

static struct mt_cell field(const struct mt_sample *s, enum mt_field f, bool wanted)
{
	uint64_t value;

	return wanted && mt_sample_get(s, f, &value) ? MT_UINT(value) : MT_NONE;
}

static void print_table(const struct migration *m, const char *destination)
{
	static const struct mt_column columns[] = {
		{ "domain", "DOMAIN" }, { "destination", "DESTINATION" }, { "policy", "POLICY" },
		{ "outcome", "OUTCOME" }, { "detail", "DETAIL" },
		{ "total_ms", "TOTAL", MT_SHOW_DURATION_MS },
		{ "downtime_ms", "PAUSE", MT_SHOW_DURATION_MS },
		{ "transferred_bytes", "SENT", MT_SHOW_SIZE_BYTES },
		{ "iterations", "PASSES" }, { "actions_done", "ACTIONS" },
		{ "actions_failed", "FAILED" }, { "restarts", NULL },
		{ "recording", "RECORDING" }, { "kernel_source", NULL },
	};
	const struct mt_sample *f = &m->result.final;
	const struct mt_cell cells[] = {
		MT_STR(m->domain.name), MT_STR(destination), MT_STR(m->policy->name),
		MT_STR(mt_outcome_name(m->result.outcome)), MT_STR(m->result.detail),
		mt_sample_has(f, total_ms) ? MT_UINT(total_ms(m)) : MT_NONE,
		field(f, MT_FIELD_downtime_ms, migration_succeeded(m)),
		field(f, MT_FIELD_transferred_bytes, true), field(f, MT_FIELD_iteration, true),
		MT_UINT(m->result.actions_done), MT_UINT(m->result.actions_failed),
		MT_UINT(m->result.restarts),
		MT_STR(m->record_path),
		MT_STR(m->source),
	};
	struct mt_table *t =
		mt_table_new(stdout, m->common.format, columns, MT_ARRAY_SIZE(columns));

	if (t) {
		mt_table_row(t, cells);
		mt_table_finish(t);
	}
}

void migration_print(const struct migration *m, const char *destination)
{
	if (m->common.format == MT_FORMAT_TEXT)
		print_text(m);
	else
		print_table(m, destination);
}
