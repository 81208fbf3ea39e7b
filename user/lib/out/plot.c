// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * plot.c - one panel's series, put together point by point
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "plot.h"

#define ROOM	64

struct mt_plot_series *mt_plot_series(struct mt_plot *p, const char *name, unsigned style)
{
	struct mt_plot_series *s;

	for (size_t i = 0; i < p->n_series; i++)
		if (!strcmp(p->series[i].s.name, name))
			return &p->series[i];
	if (p->n_series == MT_PLOT_SERIES)
		return NULL;
	s = &p->series[p->n_series++];
	*s = (struct mt_plot_series){ .s = { .name = name, .style = style } };
	return s;
}

/* Room for one more of @n in each of the arrays. */
static bool grow(struct mt_plot *p, size_t n, size_t *room, void **const arrays[],
		 const size_t sizes[], size_t n_arrays)
{
	size_t more = *room ? 2 * *room : ROOM;

	if (p->error)
		return false;
	if (n < *room)
		return true;
	for (size_t i = 0; i < n_arrays; i++) {
		void *grown = reallocarray(*arrays[i], more, sizes[i]);

		if (!grown) {
			p->error = -ENOMEM;
			return false;
		}
		*arrays[i] = grown;
	}
	*room = more;
	return true;
}

void mt_plot_point(struct mt_plot *p, struct mt_plot_series *s, double x, double y,
		   const char *note)
{
	if (!s || !isfinite(x) || !isfinite(y) ||
	    !grow(p, s->s.n_points, &s->points_room,
		  (void **const[]){ (void **)&s->points, (void **)&s->notes },
		  (const size_t[]){ sizeof(*s->points), sizeof(*s->notes) }, 2))
		return;
	s->points[s->s.n_points] = (struct mt_svg_point){ x, y };
	s->notes[s->s.n_points] = note ? strdup(note) : NULL;
	if (note && !s->notes[s->s.n_points])
		p->error = -ENOMEM;
	s->s.n_points++;
}

void mt_plot_band(struct mt_plot *p, struct mt_plot_series *s, double x, double low, double high)
{
	if (!s || !grow(p, s->s.n_line, &s->line_room,
			(void **const[]){ (void **)&s->line, (void **)&s->upper },
			(const size_t[]){ sizeof(*s->line), sizeof(*s->upper) }, 2))
		return;
	s->line[s->s.n_line] = (struct mt_svg_point){ x, low };
	s->upper[s->s.n_line++] = (struct mt_svg_point){ x, high };
}

void mt_plot_line(struct mt_plot *p, struct mt_plot_series *s, double x, double y)
{
	if (!s || !grow(p, s->s.n_line, &s->line_room, (void **const[]){ (void **)&s->line },
			(const size_t[]){ sizeof(*s->line) }, 1))
		return;
	s->line[s->s.n_line++] = (struct mt_svg_point){ x, y };
}

bool mt_plot_is_empty(const struct mt_plot *p)
{
	for (size_t i = 0; i < p->n_series; i++)
		if (p->series[i].s.n_points || p->series[i].s.n_line)
			return false;
	return true;
}

int mt_plot_write(const struct mt_plot *p, const struct mt_svg *chart, FILE *out)
{
	struct mt_svg_series series[MT_PLOT_SERIES];
	struct mt_svg_panel panel = { .title = "", .series = series };
	struct mt_svg c = *chart;

	if (p->error)
		return p->error;
	for (size_t i = 0; i < p->n_series; i++) {
		const struct mt_plot_series *from = &p->series[i];
		struct mt_svg_series *s = &series[panel.n_series];

		if (!from->s.n_points && !from->s.n_line)
			continue;
		*s = from->s;
		s->points = from->points;
		s->notes = (const char *const *)from->notes;
		s->line = from->line;
		s->upper = from->upper;
		panel.n_series++;
	}
	c.panels = &panel;
	c.n_panels = c.columns = 1;
	return mt_svg_write(out, &c);
}

void mt_plot_fini(struct mt_plot *p)
{
	for (size_t i = 0; i < p->n_series; i++) {
		struct mt_plot_series *s = &p->series[i];

		for (size_t k = 0; k < s->s.n_points; k++)
			free(s->notes[k]);
		free(s->notes);
		free(s->points);
		free(s->line);
		free(s->upper);
	}
	*p = (struct mt_plot){ .n_series = 0 };
}
