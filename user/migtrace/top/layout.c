// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * layout.c - the page of all guests (PURE)
 *
 * A title, the table, what migrates, and a line for keys. Where there is little room the migrations
 * give way first, then columns of the table, the least important ones.
 */
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "page.h"

#define NAME_MIN	8
#define NAME_MAX_SHOWN	32
#define GAP		2
#define SPARK		24

typedef void (*column_fn)(struct page *p, size_t row, size_t column, size_t width,
			  enum page_style style, const struct scene_guest *g);

static void show(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		 double v, const char *(*format)(char *buf, double v))
{
	char buf[MT_UNIT_STR];

	page_right(p, row, column, width, style, isfinite(v) ? format(buf, v) : "-");
}

static void put_state(struct page *p, size_t row, size_t column, size_t width,
		      enum page_style style, const struct scene_guest *g)
{
	page_text(p, row, column, width, style, g->migration.known ? "migrates" : g->state);
}

static void put_class(struct page *p, size_t row, size_t column, size_t width,
		      enum page_style style, const struct scene_guest *g)
{
	page_text(p, row, column, width, style, g->class ? g->class : "-");
}

static void put_dirty(struct page *p, size_t row, size_t column, size_t width,
		      enum page_style style, const struct scene_guest *g)
{
	show(p, row, column, width, style, g->dirty_bytes_per_s, mt_format_rate_bytes_per_s);
}

static void put_trend(struct page *p, size_t row, size_t column, size_t width,
		      enum page_style style, const struct scene_guest *g)
{
	page_spark(p, row, column, width, g->history, g->n_history);
}

static void put_cpu(struct page *p, size_t row, size_t column, size_t width,
		    enum page_style style, const struct scene_guest *g)
{
	char text[MT_UNIT_STR] = "-";

	if (isfinite(g->cpu_percent))
		snprintf(text, sizeof(text), "%.0f", g->cpu_percent);
	page_right(p, row, column, width, style, text);
}

static void put_in(struct page *p, size_t row, size_t column, size_t width, enum page_style style,
		   const struct scene_guest *g)
{
	show(p, row, column, width, style, g->received_bytes_per_s, mt_format_rate_bytes_per_s);
}

static void put_out(struct page *p, size_t row, size_t column, size_t width,
		    enum page_style style, const struct scene_guest *g)
{
	show(p, row, column, width, style, g->sent_bytes_per_s, mt_format_rate_bytes_per_s);
}

static void put_memory(struct page *p, size_t row, size_t column, size_t width,
		       enum page_style style, const struct scene_guest *g)
{
	show(p, row, column, width, style, g->memory_bytes ? (double)g->memory_bytes : NAN,
	     mt_format_size_bytes);
}

static void put_source(struct page *p, size_t row, size_t column, size_t width,
		       enum page_style style, const struct scene_guest *g)
{
	page_text(p, row, column, width, style, g->source);
}

static const struct column {
	const char *title;
	size_t width;
	unsigned rank;			/* the lowest are there first */
	bool right;
	enum look_sort sort;		/* LOOK_SORTS: none goes by it */
	column_fn put;
} columns[] = {
	{ "STATE", 8, 1, false, LOOK_BY_LEFT, put_state },
	{ "DIRTY", 12, 0, true, LOOK_BY_DIRTY, put_dirty },
	{ "TREND", SPARK, 5, false, LOOK_SORTS, put_trend },
	{ "CLASS", 17, 3, false, LOOK_SORTS, put_class },
	{ "CPU %", 5, 2, true, LOOK_BY_CPU, put_cpu },
	{ "NET IN", 12, 6, true, LOOK_BY_NETWORK, put_in },
	{ "NET OUT", 12, 7, true, LOOK_BY_NETWORK, put_out },
	{ "MEMORY", 10, 4, true, LOOK_BY_MEMORY, put_memory },
	{ "SOURCE", 6, 8, false, LOOK_SORTS, put_source },
};

struct table {
	bool shown[MT_ARRAY_SIZE(columns)];
	size_t name_width;
};

static void fit(struct table *t, const struct page *p, const struct scene *s)
{
	size_t longest = NAME_MIN, used, n = MT_ARRAY_SIZE(columns);

	for (size_t i = 0; i < s->n; i++)
		longest = page_more(longest, strlen(s->guests[i].name));
	*t = (struct table){ .name_width = NAME_MIN };
	used = NAME_MIN;
	for (unsigned rank = 0; rank < n; rank++)
		for (size_t i = 0; i < n; i++) {
			if (columns[i].rank != rank || used + GAP + columns[i].width > p->columns)
				continue;
			t->shown[i] = true;
			used += GAP + columns[i].width;
		}
	t->name_width += page_less(page_less(longest, NAME_MAX_SHOWN) - NAME_MIN,
				p->columns > used ? p->columns - used : 0);
}

static void put_head(struct page *p, size_t row, const struct table *t, const struct look *l)
{
	size_t at = t->name_width;

	page_text(p, row, 0, t->name_width, PAGE_HEAD, "GUEST");
	for (size_t i = 0; i < MT_ARRAY_SIZE(columns); i++) {
		if (!t->shown[i])
			continue;
		if (columns[i].right)
			page_right(p, row, at + GAP, columns[i].width, PAGE_HEAD,
				   columns[i].title);
		else
			page_text(p, row, at + GAP, columns[i].width, PAGE_HEAD,
				  columns[i].title);
		at += GAP + columns[i].width;
	}
	page_paint(p, row, 0, p->columns, PAGE_HEAD);
	at = t->name_width;
	for (size_t i = 0; i < MT_ARRAY_SIZE(columns); i++) {
		if (!t->shown[i])
			continue;
		if (columns[i].sort == l->sort)
			page_paint(p, row, at + GAP, columns[i].width, PAGE_CHOSEN);
		at += GAP + columns[i].width;
	}
	if (l->sort == LOOK_BY_NAME)
		page_paint(p, row, 0, t->name_width, PAGE_CHOSEN);
}

static void put_guest(struct page *p, size_t row, const struct table *t,
		      const struct scene_guest *g, bool chosen)
{
	const enum page_style style = chosen ? PAGE_CHOSEN :
				      g->migration.known ? PAGE_BOLD : PAGE_PLAIN;
	size_t at = t->name_width;

	if (chosen)
		page_paint(p, row, 0, p->columns, style);
	page_text(p, row, 0, t->name_width, style, g->name);
	for (size_t i = 0; i < MT_ARRAY_SIZE(columns); i++) {
		if (!t->shown[i])
			continue;
		columns[i].put(p, row, at + GAP, columns[i].width, style, g);
		at += GAP + columns[i].width;
	}
}

static void put_title(struct page *p, const struct scene *s, const struct look *l, size_t shown)
{
	size_t migrating = 0;
	char text[512];

	for (size_t i = 0; i < s->n; i++)
		migrating += s->guests[i].migration.known;
	snprintf(text, sizeof(text), "%s  %zu guest%s%s, %zu migrate%s%s%s%s", s->host,
		 shown, shown == 1 ? "" : "s", shown == s->n ? "" : " of those there are",
		 migrating, migrating == 1 ? "s" : "", *l->filter ? "  /" : "", l->filter,
		 l->reversed ? "  (reversed)" : "");
	page_text(p, 0, 0, p->columns, PAGE_BOLD, text);
	if (p->columns > strlen(text) + strlen(s->clock) + GAP)
		page_right(p, 0, 0, p->columns, PAGE_DIM, s->clock);
}

static void put_foot(struct page *p, const struct scene *s, const struct look *l)
{
	const char *keys = l->detail ?
		"Enter back  r record  x release  S stop  F flip  A abort  q quit  ? help" :
		"Enter detail  s sort  / filter  r record  x release  S F A stop, flip, abort  q quit  ? help";
	const char *question = look_question(l->asked);
	const char *name = "";
	size_t row = p->rows - 1;
	char text[640];

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->guests[i].uuid, l->asked_of))
			name = s->guests[i].name;
	if (question) {
		snprintf(text, sizeof(text), "%s: %s? The same key again does it, Esc does not",
			 name, question);
		page_text(p, row, 0, p->columns, PAGE_BAD, text);
	} else if (l->typing) {
		snprintf(text, sizeof(text), "/%s_  Enter takes it, Esc all", l->filter);
		page_text(p, row, 0, p->columns, PAGE_WARN, text);
	} else {
		page_text(p, row, 0, p->columns, *s->note ? PAGE_WARN : PAGE_DIM,
			  *s->note ? s->note : keys);
	}
}

static void put_help(struct page *p, size_t top, size_t bottom)
{
	static const char *const lines[] = {
		"Up Down j k      another guest         PgUp PgDn g G   further, first, last",
		"Enter            its details, or back  Esc             back, no filter",
		"s                sort by the next      R               the other way round",
		"/                names with a text     ? h             this",
		"r                record it, or its migration, into a file here",
		"x                hands off its migration: migtrace release",
		"S S              stop it, and send what is left: as long a pause as shown",
		"F F              flip to post-copy (if it was begun with it)",
		"A A              cancel its migration",
		"q Ctrl-C         quit: nothing is changed by that",
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(lines) && top + i < bottom; i++)
		page_text(p, top + i, 0, p->columns, PAGE_PLAIN, lines[i]);
}

/* In the rows from @top up to @bottom, of those that migrate as many as there is room for. */
static void put_migrations(struct page *p, const struct scene *s, const size_t *order, size_t n,
			   size_t top, size_t bottom)
{
	for (size_t i = 0; i < n && top < bottom; i++)
		if (s->guests[order[i]].migration.known)
			top += page_lay_out_migration(p, &s->guests[order[i]], top, bottom - top);
}

static size_t rows_for_migrations(const struct page *p, const struct scene *s,
				  const size_t *order, size_t n)
{
	size_t wanted = 0;

	for (size_t i = 0; i < n; i++)
		wanted += s->guests[order[i]].migration.known ? PAGE_MIGRATION_ROWS : 0;
	/* The table has more than half of the page. */
	return page_less(wanted, p->rows > 8 ? (p->rows - 3) / 2 : 0);
}

static void put_table(struct page *p, const struct scene *s, struct look *l, const size_t *order,
		      size_t n, size_t top, size_t bottom)
{
	size_t room = bottom > top + 1 ? bottom - top - 1 : 0;
	size_t place = look_place(l, s, order, n);
	struct table t;

	fit(&t, p, s);
	put_head(p, top, &t, l);
	l->page = room;
	if (place < l->first)
		l->first = place;
	if (room && place >= l->first + room)
		l->first = place - room + 1;
	if (l->first + room > n)
		l->first = n > room ? n - room : 0;
	for (size_t i = l->first; i < n && i - l->first < room; i++)
		put_guest(p, top + 1 + i - l->first, &t, &s->guests[order[i]], i == place);
	if (!n && room)
		page_text(p, top + 1, 0, p->columns, PAGE_DIM,
			  s->n ? "no guest's name has that" : "no guests run here");
}

void page_lay_out(struct page *p, const struct scene *s, struct look *l, const size_t *order,
		  size_t n)
{
	size_t bottom, migrations;

	if (!p->rows || !p->columns)
		return;
	bottom = p->rows > 2 ? p->rows - 1 : p->rows;
	put_title(p, s, l, n);
	if (l->help) {
		put_help(p, 1, bottom);
	} else if (l->detail && n) {
		page_lay_out_detail(p, &s->guests[order[look_place(l, s, order, n)]], 1, bottom);
	} else {
		migrations = rows_for_migrations(p, s, order, n);
		put_table(p, s, l, order, n, 1, bottom - migrations);
		put_migrations(p, s, order, n, bottom - migrations, bottom);
	}
	if (bottom < p->rows)
		put_foot(p, s, l);
}
