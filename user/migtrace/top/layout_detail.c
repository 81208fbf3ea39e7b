// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layout_detail.c - the page of one guest (PURE)
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "page.h"

#define LABEL	14
#define TEXT_ROWS	3	/* that a text may take */

/* Rows from ->row up to ->bottom; what has no room is left out. */
struct part {
	struct page *p;
	size_t row, bottom;
};

static bool room(const struct part *d)
{
	return d->row < d->bottom;
}

/* How much of @text goes into a row of @width: up to a blank, if there is one. */
static size_t row_of(const char *text, size_t width)
{
	size_t n = strlen(text), at;

	if (n <= width)
		return n;
	for (at = width; at > 0 && text[at] != ' ';)
		at--;
	return at ? at : n;
}

static void put(struct part *d, const char *label, enum page_style style, const char *text)
{
	const size_t width = d->p->columns > LABEL ? d->p->columns - LABEL : 0;
	char row[512];

	if (room(d))
		page_text(d->p, d->row, 0, LABEL - 1, PAGE_DIM, label);
	for (int i = 0; i < TEXT_ROWS && width && *text && room(d); i++) {
		size_t n = i + 1 < TEXT_ROWS ? row_of(text, width) : strlen(text);

		snprintf(row, sizeof(row), "%.*s", (int)page_less(n, sizeof(row) - 1), text);
		page_text(d->p, d->row++, LABEL, width, style, row);
		text += n;
		text += *text == ' ';
	}
}

static void put_rates(struct part *d, const struct scene_guest *g)
{
	char dirty[MT_UNIT_STR] = "-", in[MT_UNIT_STR] = "-", out[MT_UNIT_STR] = "-",
	     memory[MT_UNIT_STR] = "-", text[320];

	if (isfinite(g->dirty_bytes_per_s))
		mt_format_rate_bytes_per_s(dirty, g->dirty_bytes_per_s);
	if (isfinite(g->received_bytes_per_s))
		mt_format_rate_bytes_per_s(in, g->received_bytes_per_s);
	if (isfinite(g->sent_bytes_per_s))
		mt_format_rate_bytes_per_s(out, g->sent_bytes_per_s);
	if (g->memory_bytes)
		mt_format_size_bytes(memory, (double)g->memory_bytes);
	snprintf(text, sizeof(text), "%s, %s, %u vCPU%s; dirties %s; network %s in, %s out",
		 g->state, memory, g->vcpus, g->vcpus == 1 ? "" : "s", dirty, in, out);
	if (room(d))
		page_text(d->p, d->row++, 0, d->p->columns, PAGE_BOLD, g->name);
	put(d, "now", PAGE_PLAIN, text);
	put(d, "class", PAGE_PLAIN, *g->class_reason ? g->class_reason : "not known yet");
	snprintf(text, sizeof(text), "%s%s%.200s%s", g->source, *g->why ? "; " : "", g->why,
		 g->logging ? "" : "; not logging: KVM does so during a migration or a measurement");
	put(d, "dirty pages", PAGE_PLAIN, text);
}

static void put_trend(struct part *d, const struct scene_guest *g)
{
	if (!room(d) || isnan(g->dirty_bytes_per_s) || d->p->columns <= LABEL)
		return;
	page_text(d->p, d->row, 0, LABEL, PAGE_DIM, "dirty rate");
	page_spark(d->p, d->row++, LABEL, page_less(d->p->columns - LABEL, g->n_history),
		   g->history, g->n_history);
}

static void put_rings(struct part *d, const struct scene_guest *g)
{
	char text[512];
	size_t used = 0;

	if (isfinite(g->ring_used) && isfinite(g->ring_entries)) {
		snprintf(text, sizeof(text), "%.0f of %.0f entries used%s", g->ring_used,
			 g->ring_entries,
			 g->ring_full_exits > 0 ? "; were full, and their vCPUs stood still" : "");
		if (g->ring_wanted > g->ring_entries)
			snprintf(text, sizeof(text), "%.0f of %.0f entries used; ask for %.0f",
				 g->ring_used, g->ring_entries, g->ring_wanted);
		put(d, "dirty rings", g->ring_full_exits > 0 ? PAGE_WARN : PAGE_PLAIN, text);
	}
	for (size_t i = 0; i < g->n_vcpus && used + MT_UNIT_STR + 4 < sizeof(text); i++) {
		char rate[MT_UNIT_STR];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "  " : "",
					 mt_format_rate_bytes_per_s(rate, g->vcpu_bytes_per_s[i]));
	}
	if (g->n_vcpus)
		put(d, "by vCPU", PAGE_PLAIN, text);
}

/* A row for each T: what the window has dirtied by then, beside what the link sends. */
static void put_curve(struct part *d, const struct scene_guest *g)
{
	const size_t at = LABEL + 24, width = d->p->columns > at + 8 ? d->p->columns - at : 0;
	double most = 0;

	for (size_t i = 0; i < g->n_curve; i++)
		most = fmax(most, fmax(g->curve[i].bytes,
				       g->curve[i].window_s * g->link_bytes_per_s));
	if (!g->n_curve || !(most > 0) || d->row + 2 > d->bottom)
		return;
	put(d, "U(T)", PAGE_DIM, "T, dirtied within it; the mark: what the link sends");
	for (size_t i = 0; i < g->n_curve && room(d); i++) {
		char t[MT_UNIT_STR], bytes[MT_UNIT_STR];
		double sent = g->curve[i].window_s * g->link_bytes_per_s;

		mt_format_duration_ms(t, g->curve[i].window_s * 1e3);
		mt_format_size_bytes(bytes, g->curve[i].bytes);
		page_right(d->p, d->row, 0, LABEL - 2, PAGE_DIM, t);
		page_right(d->p, d->row, LABEL, 12, PAGE_PLAIN, bytes);
		page_bar(d->p, d->row, at, width, g->curve[i].bytes / most);
		if (width && isfinite(sent))
			page_text(d->p, d->row, at + (size_t)((double)(width - 1) * sent / most), 1,
				  sent >= g->curve[i].bytes ? PAGE_GOOD : PAGE_BAD, "|");
		d->row++;
	}
}

static void put_passes(struct part *d, const struct scene_migration *m)
{
	char text[256], took[MT_UNIT_STR], sent[MT_UNIT_STR], dirtied[MT_UNIT_STR],
		left[MT_UNIT_STR], rate[MT_UNIT_STR];
	size_t from;

	if (!m->n_passes || d->row + 2 > d->bottom)
		return;
	snprintf(text, sizeof(text), "%5s %10s %12s %12s %12s %12s", "pass", "took", "sent",
		 "dirtied", "left", "bandwidth");
	page_text(d->p, d->row++, 0, d->p->columns, PAGE_HEAD, text);
	from = m->n_passes - page_less(m->n_passes, d->bottom - d->row);
	for (size_t i = from; i < m->n_passes && room(d); i++) {
		const struct scene_pass *pass = &m->passes[i];

		snprintf(text, sizeof(text), "%5llu %10s %12s %12s %12s %12s",
			 (unsigned long long)pass->n,
			 mt_format_duration_ms(took, pass->duration_s * 1e3),
			 mt_format_size_bytes(sent, pass->sent_bytes),
			 mt_format_size_bytes(dirtied, pass->dirtied_bytes),
			 mt_format_size_bytes(left, pass->left_bytes),
			 mt_format_rate_bytes_per_s(rate, pass->bandwidth_bytes_per_s));
		page_text(d->p, d->row++, 0, d->p->columns, PAGE_PLAIN, text);
	}
}

void page_lay_out_detail(struct page *p, const struct scene_guest *g, size_t top, size_t bottom)
{
	struct part d = { p, top, bottom };

	put_rates(&d, g);
	put_trend(&d, g);
	put_rings(&d, g);
	if (g->migration.known && room(&d)) {
		d.row += page_lay_out_migration(p, g, d.row, d.bottom - d.row);
		put_passes(&d, &g->migration);
	}
	put_curve(&d, g);
}
