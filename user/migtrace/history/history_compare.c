// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history_compare.c - the migrations of two policies, hosts, guests or times side by side
 *
 * Migrations of one guest are alike (by name: who makes guests anew calls them the same), so what
 * is said of how sure a figure is comes from drawing guests, not migrations (base/cluster.h): the
 * 90 % interval of a median, or of the share that completed; none where there is one guest.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/cluster.h"
#include "base/quantile.h"
#include "base/units.h"
#include "cmd_history.h"

typedef const char *(*format_fn)(char *buf, double v);

static double of_total(const struct mt_past *p)
{
	return history_completed(p) ? p->total_ms : NAN;
}

static double of_downtime(const struct mt_past *p)
{
	return history_completed(p) ? p->downtime_ms : NAN;
}

static double of_felt(const struct mt_past *p)
{
	return history_completed(p) ? p->felt_ms : NAN;
}

static double of_transferred(const struct mt_past *p)
{
	return history_completed(p) ? p->transferred_bytes : NAN;
}

static double off_before(const struct mt_past *p)
{
	return fabs(history_error(p, MT_PAST_BEFORE));
}

static double off_pass_1(const struct mt_past *p)
{
	return fabs(history_error(p, MT_PAST_PASS_1));
}

static const char *percent(char *buf, double v)
{
	snprintf(buf, MT_UNIT_STR, "%.1f %%", v * 100);
	return buf;
}

/* Errors of forecasts: of the total time, as a share of what was forecast. */
static const struct metric {
	const char *name;
	double (*of)(const struct mt_past *p);
	format_fn format;
} metrics[] = {
	{ "total_ms", of_total, mt_format_duration_ms },
	{ "downtime_ms", of_downtime, mt_format_duration_ms },
	{ "felt_ms", of_felt, mt_format_duration_ms },
	{ "transferred_bytes", of_transferred, mt_format_size_bytes },
	{ "error_before", off_before, percent },
	{ "error_pass_1", off_pass_1, percent },
};
#define METRICS	MT_ARRAY_SIZE(metrics)

struct one {
	size_t guest;
	bool completed;
	double v[METRICS];
};

struct side {
	const char *label;
	struct one *v;
	size_t n, n_guests;
	char (*guests)[256];
};

static void side_fini(struct side *s)
{
	free(s->v);
	free(s->guests);
}

/* --- reading ---------------------------------------------------------------------- */
/* Return: its place among the guests; SIZE_MAX: no memory. */
static size_t guest_of(struct side *s, const struct mt_past *p)
{
	const char *name = *p->guest ? p->guest : p->uuid;
	void *more;

	for (size_t i = s->n_guests; i-- > 0;)
		if (!strcmp(s->guests[i], name))
			return i;
	more = reallocarray(s->guests, s->n_guests + 1, sizeof(*s->guests));
	if (!more)
		return SIZE_MAX;
	s->guests = more;
	snprintf(s->guests[s->n_guests], sizeof(*s->guests), "%s", name);
	return s->n_guests++;
}

static int on_migration(const struct mt_past *p, void *opaque)
{
	struct side *s = opaque;
	struct one *more = s->v;
	struct one now = { .guest = guest_of(s, p), .completed = history_completed(p) };

	if (!(s->n & (s->n - 1)))
		more = reallocarray(s->v, s->n ? 2 * s->n : 1, sizeof(*more));
	if (now.guest == SIZE_MAX || !more)
		return -ENOMEM;
	for (size_t i = 0; i < METRICS; i++)
		now.v[i] = metrics[i].of(p);
	s->v = more;
	s->v[s->n++] = now;
	return 0;
}

/* "FROM..TO", either of which may be missing. */
static int set_span(struct history_request *q, struct mt_archive_filter *f, const char *span)
{
	mt_autofree char *from = strdup(span);
	char *to = from ? strstr(from, "..") : NULL;
	int status = OPTIONS_RUN;

	if (!to)
		return options_error(q->usage,
				     "compare time: \"%s\" is no span such as 2026-11-01..2026-11-15",
				     span);
	*to = '\0';
	to += 2;
	if (*from)
		status = when_parse(q->usage, "compare time", from, q->now_ms, &f->since_ms);
	if (*to && status == OPTIONS_RUN)
		status = when_parse(q->usage, "compare time", to, q->now_ms, &f->until_ms);
	return status;
}

static int set_filter(struct history_request *q, struct mt_archive_filter *f, const char *by,
		      const char *value)
{
	const struct {
		const char *by, **to;
	} keys[] = {
		{ "policy", &f->policy }, { "method", &f->method }, { "source", &f->source },
		{ "destination", &f->destination }, { "guest", &f->guest },
	};

	if (!strcmp(by, "time"))
		return set_span(q, f, value);
	for (size_t i = 0; i < MT_ARRAY_SIZE(keys); i++) {
		if (!strcmp(by, keys[i].by)) {
			*keys[i].to = value;
			return OPTIONS_RUN;
		}
	}
	return options_error(q->usage,
			     "compare \"%s\": by policy, method, source, destination, guest or time",
			     by);
}

/* --- figures ------------------------------------------------------------------------- */
struct figures {
	size_t n, guests;
	double p10, p50, p90, low, high;
};

/* Room for a number of each guest, and of each migration. */
struct room {
	struct mt_cluster_value *values;
	struct mt_cluster *clusters;
	double *sorted;
	size_t *place;			/* of a guest among those that have a value */
	unsigned *times;
};

static bool room_init(struct room *r, const struct side *s)
{
	*r = (struct room){ calloc(s->n + 1, sizeof(*r->values)),
			    calloc(s->n_guests + 1, sizeof(*r->clusters)),
			    calloc(s->n + 1, sizeof(*r->sorted)),
			    calloc(s->n_guests + 1, sizeof(*r->place)),
			    calloc(s->n_guests + 1, sizeof(*r->times)) };
	return r->values && r->clusters && r->sorted && r->place && r->times;
}

static void room_fini(struct room *r)
{
	free(r->values);
	free(r->clusters);
	free(r->sorted);
	free(r->place);
	free(r->times);
}

static struct figures of_metric(const struct side *s, size_t metric, struct room *r)
{
	struct figures f = { .p10 = NAN, .p50 = NAN, .p90 = NAN, .low = NAN, .high = NAN };

	memset(r->place, 0, s->n_guests * sizeof(*r->place));
	for (size_t i = 0; i < s->n; i++) {
		size_t *place = &r->place[s->v[i].guest];

		if (!isfinite(s->v[i].v[metric]))
			continue;
		if (!*place)
			*place = ++f.guests;
		r->sorted[f.n] = s->v[i].v[metric];
		r->values[f.n++] = (struct mt_cluster_value){ s->v[i].v[metric], *place - 1 };
	}
	if (!f.n)
		return f;
	mt_sort(r->sorted, f.n);
	f.p10 = mt_quantile(r->sorted, f.n, 0.1);
	f.p50 = mt_quantile(r->sorted, f.n, 0.5);
	f.p90 = mt_quantile(r->sorted, f.n, 0.9);
	mt_cluster_quantile(r->values, f.n, f.guests, 0.5, r->times, &f.low, &f.high);
	return f;
}

/* The share of all that completed. */
static struct figures of_completed(const struct side *s, struct room *r)
{
	struct figures f = { .n = s->n, .guests = s->n_guests, .p10 = NAN, .p50 = NAN,
			     .p90 = NAN, .low = NAN, .high = NAN };
	double completed = 0;

	for (size_t i = 0; i < s->n; i++) {
		r->clusters[s->v[i].guest].n++;
		r->clusters[s->v[i].guest].sum += s->v[i].completed;
		completed += s->v[i].completed;
	}
	if (s->n)
		f.p50 = completed / (double)s->n;
	mt_cluster_interval(r->clusters, s->n_guests, &f.low, &f.high);
	return f;
}

/* --- the table ------------------------------------------------------------------------ */
static struct mt_cell shown(enum mt_format format, format_fn as, double v, char buf[MT_UNIT_STR])
{
	if (!isfinite(v))
		return MT_NONE;
	return format == MT_FORMAT_TEXT ? MT_STR(as(buf, v)) : MT_DOUBLE(v);
}

static void put(struct mt_table *t, enum mt_format format, const char *what, const char *label,
		format_fn as, const struct figures *f)
{
	char buf[5][MT_UNIT_STR];

	mt_table_row(t, (struct mt_cell[]){
		MT_STR(what), MT_STR(label), MT_UINT(f->n), MT_UINT(f->guests),
		shown(format, as, f->p10, buf[0]), shown(format, as, f->p50, buf[1]),
		shown(format, as, f->p90, buf[2]), shown(format, as, f->low, buf[3]),
		shown(format, as, f->high, buf[4]) });
}

static int put_all(const struct side sides[2], enum mt_format format)
{
	static const struct mt_column columns[] = {
		{ "metric", "of", MT_SHOW_PLAIN }, { "side", "", MT_SHOW_PLAIN },
		{ "migrations", "migrations", MT_SHOW_PLAIN },
		{ "guests", "guests", MT_SHOW_PLAIN },
		{ "p10", "p10", MT_SHOW_PLAIN }, { "p50", "p50", MT_SHOW_PLAIN },
		{ "p90", "p90", MT_SHOW_PLAIN },
		{ "p50_low", "p50 at least", MT_SHOW_PLAIN },
		{ "p50_high", "at most", MT_SHOW_PLAIN },
	};
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	struct room rooms[2] = { 0 };
	bool ok = t;

	for (size_t k = 0; k < 2; k++)
		ok = ok && room_init(&rooms[k], &sides[k]);
	for (size_t k = 0; k < 2 && ok; k++) {
		struct figures f = of_completed(&sides[k], &rooms[k]);

		put(t, format, "completed", sides[k].label, percent, &f);
	}
	for (size_t i = 0; i < 2 * METRICS && ok; i++) {
		struct figures f = of_metric(&sides[i % 2], i / 2, &rooms[i % 2]);

		put(t, format, metrics[i / 2].name, sides[i % 2].label, metrics[i / 2].format,
		    &f);
	}
	room_fini(&rooms[0]);
	room_fini(&rooms[1]);
	if (!ok)
		cmd_warn("out of memory");
	return t ? history_finish(t, ok ? CMD_OK : CMD_FAILED) : CMD_FAILED;
}

int history_compare_check(struct history_request *q, const struct option_args *args)
{
	int status = OPTIONS_RUN;

	for (int k = 1; k <= 2 && status == OPTIONS_RUN; k++) {
		struct mt_archive_filter f = q->filter;

		status = set_filter(q, &f, args->v[0], args->v[k]);
	}
	return status;
}

int history_compare(struct history_request *q, const struct option_args *args)
{
	struct side sides[2] = { { .label = args->v[1] }, { .label = args->v[2] } };
	struct mt_err err = { 0 };
	int status = OPTIONS_RUN;

	for (size_t k = 0; k < 2 && status == OPTIONS_RUN; k++) {
		struct mt_archive_filter f = q->filter;
		int rc;

		status = set_filter(q, &f, args->v[0], sides[k].label);
		if (status != OPTIONS_RUN)
			break;
		rc = mt_archive_list(q->db, &f, on_migration, &sides[k], &err);
		if (rc == -ENOMEM)
			mt_err_set(&err, rc, "out of memory");
		if (rc)
			status = cmd_fail(&err);
		else if (!sides[k].n)
			cmd_warn("no migration of %s in the history", sides[k].label);
	}
	if (status == OPTIONS_RUN)
		status = put_all(sides, q->common.format);
	side_fini(&sides[0]);
	side_fini(&sides[1]);
	return status;
}
