// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * toplook.c - how a person looks at a scene: what is chosen, sorted, filtered, asked (PURE)
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "toplook.h"

static const char *const sort_names[LOOK_SORTS] = {
	[LOOK_BY_DIRTY] = "dirty rate",	[LOOK_BY_NAME] = "name",
	[LOOK_BY_CPU] = "CPU",		[LOOK_BY_NETWORK] = "network",
	[LOOK_BY_MEMORY] = "memory",	[LOOK_BY_LEFT] = "migration",
};

const char *look_sort_name(enum look_sort sort)
{
	return sort_names[sort];
}

static const struct {
	unsigned key;
	enum look_request request;
	const char *question;		/* NULL: done at once */
	bool migrates;			/* of a guest that migrates only */
} requests[] = {
	{ 'q', LOOK_QUIT },
	{ 'r', LOOK_RECORD },
	{ 'x', LOOK_RELEASE },
	{ 'S', LOOK_STOP, "stop it and send what is left", true },
	{ 'F', LOOK_FLIP, "flip to post-copy: it is lost if a host or the link fails meanwhile",
	  true },
	{ 'A', LOOK_ABORT, "cancel the migration: it goes on where it is", true },
};

const char *look_question(enum look_request request)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(requests); i++)
		if (requests[i].request == request)
			return requests[i].question;
	return NULL;
}

/* --- order ---------------------------------------------------------------------- */
static double of(const struct scene_guest *g, enum look_sort sort)
{
	switch (sort) {
	case LOOK_BY_DIRTY:
		return g->dirty_bytes_per_s;
	case LOOK_BY_CPU:
		return g->cpu_percent;
	case LOOK_BY_NETWORK:
		return g->received_bytes_per_s + g->sent_bytes_per_s;
	case LOOK_BY_MEMORY:
		return (double)g->memory_bytes;
	case LOOK_BY_LEFT:
		return g->migration.known ? (double)g->migration.sample.remaining_bytes : NAN;
	default:
		return NAN;
	}
}

struct ordering {
	const struct look *l;
	const struct scene *s;
};

/* What is not known comes last, whichever way round; equal ones by name. */
static int compare(const void *a, const void *b, void *opaque)
{
	const struct ordering *o = opaque;
	const struct scene_guest *x = &o->s->guests[*(const size_t *)a],
				 *y = &o->s->guests[*(const size_t *)b];
	double v = of(x, o->l->sort), w = of(y, o->l->sort);
	int by_name = strcmp(x->name, y->name);

	if (o->l->sort == LOOK_BY_NAME)
		return o->l->reversed ? -by_name : by_name;
	if (isnan(v) || isnan(w))
		return isnan(v) && isnan(w) ? by_name : isnan(v) ? 1 : -1;
	if (v == w)
		return by_name;
	return (v < w) == !o->l->reversed ? 1 : -1;
}

size_t look_order(const struct look *l, const struct scene *s, size_t *order)
{
	struct ordering o = { l, s };
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!*l->filter || strcasestr(s->guests[i].name, l->filter))
			order[n++] = i;
	qsort_r(order, n, sizeof(*order), compare, &o);
	return n;
}

size_t look_place(const struct look *l, const struct scene *s, const size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(s->guests[order[i]].uuid, l->chosen))
			return i;
	return 0;
}

/* --- keys -------------------------------------------------------------------------- */
static void choose(struct look *l, const struct scene *s, const size_t *order, size_t n, double at)
{
	size_t i = n ? (size_t)fmin(fmax(at, 0), (double)n - 1) : 0;

	snprintf(l->chosen, sizeof(l->chosen), "%s", n ? s->guests[order[i]].uuid : "");
}

static bool moved(struct look *l, const struct scene *s, const size_t *order, size_t n,
		  unsigned key)
{
	double at = (double)look_place(l, s, order, n), page = l->page > 1 ? (double)l->page : 1;

	switch (key) {
	case LOOK_UP:
	case 'k':
		at -= 1;
		break;
	case LOOK_DOWN:
	case 'j':
		at += 1;
		break;
	case LOOK_PAGE_UP:
		at -= page;
		break;
	case LOOK_PAGE_DOWN:
		at += page;
		break;
	case LOOK_HOME:
	case 'g':
		at = 0;
		break;
	case LOOK_END:
	case 'G':
		at = (double)n;
		break;
	default:
		return false;
	}
	choose(l, s, order, n, at);
	return true;
}

static void typed(struct look *l, unsigned key)
{
	size_t n = strlen(l->filter);

	if (key == LOOK_ENTER || key == LOOK_ESCAPE) {
		l->typing = false;
		if (key == LOOK_ESCAPE)
			*l->filter = '\0';
	} else if (key == LOOK_BACKSPACE) {
		if (n)
			l->filter[n - 1] = '\0';
	} else if (key >= ' ' && key < 0x7f && n + 1 < sizeof(l->filter)) {
		l->filter[n] = (char)key;
		l->filter[n + 1] = '\0';
	}
}

/* One that is asked about is asked for the second time. */
static enum look_request request(struct look *l, const struct scene *s, const size_t *order,
				 size_t n, unsigned key)
{
	const struct scene_guest *g = n ? &s->guests[order[look_place(l, s, order, n)]] : NULL;
	enum look_request asked = l->asked;

	l->asked = LOOK_NOTHING;
	for (size_t i = 0; i < MT_ARRAY_SIZE(requests); i++) {
		if (requests[i].key != key)
			continue;
		if (requests[i].request == LOOK_QUIT)
			return LOOK_QUIT;
		if (!g || (requests[i].migrates && !g->migration.known))
			return LOOK_NOTHING;
		/* What the next look shows may be another one in its place. */
		snprintf(l->chosen, sizeof(l->chosen), "%s", g->uuid);
		if (!requests[i].question ||
		    (asked == requests[i].request && !strcmp(l->asked_of, g->uuid)))
			return requests[i].request;
		l->asked = requests[i].request;
		snprintf(l->asked_of, sizeof(l->asked_of), "%s", g->uuid);
	}
	return LOOK_NOTHING;
}

enum look_request look_key(struct look *l, const struct scene *s, const size_t *order, size_t n,
			   unsigned key)
{
	if (key == LOOK_INTERRUPT)
		return LOOK_QUIT;
	if (l->typing) {
		typed(l, key);
		return LOOK_NOTHING;
	}
	if (key == LOOK_ESCAPE && l->asked) {
		l->asked = LOOK_NOTHING;
		return LOOK_NOTHING;
	}
	if (moved(l, s, order, n, key)) {
		l->asked = LOOK_NOTHING;
		return LOOK_NOTHING;
	}
	switch (key) {
	case LOOK_ENTER:
		l->detail = !l->detail;
		break;
	case LOOK_ESCAPE:
		if (l->detail || l->help)
			l->detail = l->help = false;
		else
			*l->filter = '\0';
		break;
	case '?':
	case 'h':
		l->help = !l->help;
		break;
	case 's':
		l->sort = (l->sort + 1) % LOOK_SORTS;
		break;
	case 'R':
		l->reversed = !l->reversed;
		break;
	case '/':
		l->typing = true;
		break;
	default:
		return request(l, s, order, n, key);
	}
	l->asked = LOOK_NOTHING;
	return LOOK_NOTHING;
}
