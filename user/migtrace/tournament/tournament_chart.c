// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tournament_chart.c - total time against pause, a panel for each case, each policy's frontier
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "out/svg.h"
#include "tournament.h"

struct chart {
	const struct tournament_results *r;
	struct mt_svg_panel *panels;
	struct mt_svg_series *series;
	struct mt_svg_point *points, *lines;
	char (*titles)[192];
	size_t n_panels, n_series, n_points, n_lines;
};

/* The pauses allowed are one panel: a policy's frontier is over them. */
static bool same_panel(const struct tournament_case *a, const struct tournament_case *b)
{
	struct tournament_case x = *a, y = *b;

	x.max_downtime_ms = y.max_downtime_ms = 0;
	return !tournament_case_compare(&x, &y);
}

static bool is_all(const struct tournament_results *r, size_t row)
{
	return row >= r->n_rows - r->n_all;
}

/* The same in all panels: as the policies stand in the rows over all cases. */
static unsigned style_of(const struct tournament_results *r, const char *policy)
{
	for (size_t i = r->n_rows - r->n_all; i < r->n_rows; i++)
		if (!strcmp(r->rows[i].policy, policy))
			return (unsigned)(i - (r->n_rows - r->n_all));
	return 0;
}

static void add_frontier(struct chart *c, struct mt_svg_series *s)
{
	mt_autofree struct score_point *v = calloc(s->n_points + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < s->n_points; i++)
		if (isfinite(s->points[i].x) && isfinite(s->points[i].y))
			v[n++] = (struct score_point){ s->points[i].x, s->points[i].y, NAN };
	n = v ? score_frontier(v, n) : 0;
	s->line = &c->lines[c->n_lines];
	s->n_line = n > 1 ? n : 0;
	s->steps = true;
	for (size_t i = 0; i < s->n_line; i++)
		c->lines[c->n_lines++] = (struct mt_svg_point){ v[i].total_ms, v[i].pause_ms };
}

/* Of @row's case and its other pauses: what completed under this row's policy. */
static void add_series(struct chart *c, const struct tournament_row *row)
{
	const struct tournament_results *r = c->r;
	struct mt_svg_series *s = &c->series[c->n_series];

	*s = (struct mt_svg_series){ .name = row->policy, .style = style_of(r, row->policy),
				     .points = &c->points[c->n_points] };
	for (size_t k = 0; k < r->n_rows; k++) {
		const struct tournament_row *other = &r->rows[k];

		if (is_all(r, k) || strcmp(other->policy, row->policy) ||
		    !same_panel(&other->of, &row->of))
			continue;
		for (size_t i = 0; i < r->runs.n; i++)
			if (r->scores[i].row == other->index && r->scores[i].completed)
				c->points[c->n_points + s->n_points++] = (struct mt_svg_point){
					r->scores[i].at.total_ms, r->scores[i].at.pause_ms };
	}
	c->n_points += s->n_points;
	add_frontier(c, s);
	c->n_series++;
}

static void title(const struct tournament_case *of, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s%s", of->workload, *of->guest ? " in " : "", of->guest,
		 of->postcopy_allowed ? ", post-copy allowed" : "");
}

static bool has_series(const struct mt_svg_panel *p, const char *policy)
{
	for (size_t i = 0; i < p->n_series; i++)
		if (!strcmp(p->series[i].name, policy))
			return true;
	return false;
}

static void add_panel(struct chart *c, size_t first)
{
	const struct tournament_results *r = c->r;
	struct mt_svg_panel *p = &c->panels[c->n_panels];

	title(&r->rows[first].of, c->titles[c->n_panels], sizeof(*c->titles));
	*p = (struct mt_svg_panel){ .title = c->titles[c->n_panels],
				    .series = &c->series[c->n_series] };
	for (size_t i = first; !is_all(r, i); i++) {
		if (!same_panel(&r->rows[i].of, &r->rows[first].of) ||
		    has_series(p, r->rows[i].policy))
			continue;
		add_series(c, &r->rows[i]);
		p->n_series++;
	}
	c->n_panels++;
}

static int make(struct chart *c)
{
	size_t rows = c->r->n_rows + 1, runs = c->r->runs.n + 1;

	c->panels = calloc(rows, sizeof(*c->panels));
	c->titles = calloc(rows, sizeof(*c->titles));
	c->series = calloc(rows, sizeof(*c->series));
	c->points = calloc(runs, sizeof(*c->points));
	c->lines = calloc(runs, sizeof(*c->lines));
	if (!c->panels || !c->titles || !c->series || !c->points || !c->lines)
		return -ENOMEM;
	for (size_t i = 0; !is_all(c->r, i); i++)
		if (!i || !same_panel(&c->r->rows[i - 1].of, &c->r->rows[i].of))
			add_panel(c, i);
	return 0;
}

static int write_chart(const struct chart *c, FILE *out)
{
	char description[256];

	snprintf(description, sizeof(description),
		 "%zu migrations. In each panel, for each policy: the total time of its completed migrations, from left to right, against the guest's pause, upwards; a line joins those that no other one of the policy beats in both.",
		 c->r->runs.n);
	return mt_svg_write(out, &(struct mt_svg){
		.title = "Total time against pause, by policy", .description = description,
		.x = { "total time", MT_SHOW_DURATION_MS, true },
		.y = { "pause", MT_SHOW_DURATION_MS, true },
		.panels = c->panels, .n_panels = c->n_panels,
	});
}

int tournament_chart(const struct tournament_results *r, const char *path, struct mt_err *err)
{
	struct chart c = { .r = r };
	FILE *out = fopen(path, "we");
	int rc;

	if (!out)
		return mt_err_set(err, -errno, "%s: %s", path, strerror(errno));
	rc = make(&c);
	rc = rc ? rc : write_chart(&c, out);
	if (ferror(out) && !rc)
		rc = -EIO;
	if (fclose(out) && !rc)
		rc = -errno;
	free(c.panels);
	free(c.titles);
	free(c.series);
	free(c.points);
	free(c.lines);
	return rc ? mt_err_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}
