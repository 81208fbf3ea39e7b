// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_text.c - a report for people
 */
#include "base/utf8.h"
#include "report.h"

#define LABEL	13	/* width of the labels at the left, "destination" and two blanks */

/* Strings of a recording are not ours: what a terminal would obey is made visible. */
static void put(void *out, const char *label, const char *text)
{
	mt_autofree char *clean = mt_utf8_clean(text);

	if (clean)
		fprintf(out, "%-*s%s\n", LABEL, label, clean);
}

static void put_outcome(const struct report *r, FILE *out)
{
	fprintf(out, "\nOutcome\n");
	report_outcome_facts(r, put, out);
	if (!r->has_outcome)
		fputs("not in the recording\n", out);
}

int report_text(const struct report *r, FILE *out)
{
	char title[REPORT_TITLE_MAX];
	int rc = 0;

	report_facts(r, put, out);
	for (size_t i = 0; i < r->n_warnings; i++)
		put(out, "warning", r->warnings[i]);
	for (size_t i = 0; report_list_at(i) && !rc; i++) {
		const struct report_list *l = report_list_at(i);

		if (!l->count(r))
			continue;
		fprintf(out, "\n%s\n", l->title);
		rc = l->show(r, out, MT_FORMAT_TEXT);
	}
	if (rc)
		return rc;
	put_outcome(r, out);
	if (!r->compared)
		return 0;
	fprintf(out, "\n%s\n", report_predicted_title(r, title));
	return report_predicted(r, out, MT_FORMAT_TEXT);
}
