// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trained_text.c - trained models as text (PURE)
 *
 *   migtrace-model 1 features 5f0c6a0f3b1d9e77 trainer residual seed 1 lessons 532 simulated 0 ...
 *   figures precopy 60 0.01 40 ...
 *   residual recurrence/1 precopy 0 -0.8 0.1 0.9 120
 *   method precopy columns 31 rows 170 gamma 0.0123
 *   column memory 0 5.5 0.7
 *   row 0.1 -0.3 ...
 *   target total_ms 170 1 BIAS P10 P90 ERROR BASE_ERROR
 *   weights ...
 *   coefs ...
 *   checksum 0123456789abcdef
 *
 * Numbers are as long as it takes to read them back to the last bit.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "checksum.h"
#include "trained.h"

#define MAGIC		"migtrace-model"
#define CHECKSUM	"checksum "
#define CHECKSUM_LEN	(sizeof(CHECKSUM) - 1 + 16 + 1)
/* Of one method; more is no model of ours. */
#define ROWS_MAX	100000
/* A learned_figures is nothing but doubles. */
#define FIGURES		(sizeof(struct mt_learned_figures) / sizeof(double))

/* --- writing ------------------------------------------------------------------- */
struct writer {
	char *text;
	size_t len, room;
	bool failed;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (w->room - w->len < 256) {
		size_t room = 2 * w->room + 4096;
		char *more = realloc(w->text, room);

		if (!more) {
			w->failed = true;
			return;
		}
		w->text = more;
		w->room = room;
	}
	va_start(ap, fmt);
	n = vsnprintf(w->text + w->len, w->room - w->len, fmt, ap);
	va_end(ap);
	w->len += n > 0 ? (size_t)n : 0;
}

static void put_numbers(struct writer *w, const char *what, const double *v, size_t n)
{
	put(w, "%s", what);
	for (size_t i = 0; i < n; i++)
		put(w, " %.17g", v[i]);
	put(w, "\n");
}

static void put_target(struct writer *w, const struct mt_trained_method *m, int k)
{
	const struct mt_trained_target *t = &m->target[k];

	put(w, "target %s %u %d %.17g %.17g %.17g", mt_target_at(k)->name, t->lessons, t->residual,
	    t->bias, t->p10, t->p90);
	put(w, " %.17g %.17g\n", t->error, t->base_error);
	put_numbers(w, "weights", t->weights, m->n_columns);
	put_numbers(w, "coefs", t->coefs, m->n_rows);
}

static void put_method(struct writer *w, const struct mt_trained_method *m, int method)
{
	put(w, "method %s columns %zu rows %zu gamma %.17g\n", mt_method_name(method),
	    m->n_columns, m->n_rows, m->gamma);
	for (size_t c = 0; c < m->n_columns; c++)
		put(w, "column %s %d %.17g %.17g\n", mt_feature_at(m->columns[c].feature)->name,
		    m->columns[c].missing, m->columns[c].mean, m->columns[c].sd);
	for (size_t i = 0; i < m->n_rows; i++)
		put_numbers(w, "row", &m->rows[i * m->n_columns], m->n_columns);
	for (int k = 0; k < MT_TARGET_COUNT; k++)
		if (m->target[k].lessons)
			put_target(w, m, k);
}

/* Figures of all methods, and how far the default model was off. */
static void put_learned(struct writer *w, const struct mt_learned *l)
{
	for (int m = 0; m < MT_METHOD_COUNT; m++) {
		char what[64];

		snprintf(what, sizeof(what), "figures %s", mt_method_name(m));
		put_numbers(w, what, (const double *)&l->figures[m], FIGURES);
	}
	for (size_t i = 0; mt_forecast_model_at(i); i++)
		for (int m = 0; m < MT_METHOD_COUNT; m++)
			for (int k = 0; k < MT_METRIC_COUNT; k++) {
				const struct mt_residual *r = &l->residual[i][m][k];

				if (!r->n || mt_forecast_model_at(i)->baseline)
					continue;
				put(w, "residual %s %s %d %.17g %.17g %.17g %u\n",
				    mt_forecast_model_at(i)->name, mt_method_name(m), k, r->p10,
				    r->p50, r->p90, r->n);
			}
}

char *mt_trained_text(const struct mt_trained *t, size_t *len)
{
	struct writer w = { 0 };

	put(&w, MAGIC " %d features %016" PRIx64 " trainer %s seed %" PRIu64, MT_TRAINED_SCHEMA,
	    mt_features_schema(), t->trainer, t->seed);
	put(&w, " lessons %u simulated %u workloads %u newest %" PRIu64 "\n", t->lessons,
	    t->simulated, t->workloads, t->newest_ms);
	put_learned(&w, &t->learned);
	for (int m = 0; m < MT_METHOD_COUNT; m++)
		if (t->method[m].n_columns)
			put_method(&w, &t->method[m], m);
	if (!w.failed)
		put(&w, CHECKSUM "%016" PRIx64 "\n",
		    mt_checksum(MT_CHECKSUM_INIT, w.text, w.len));
	if (w.failed) {
		free(w.text);
		return NULL;
	}
	*len = w.len;
	return w.text;
}

/* --- reading -------------------------------------------------------------------- */
/* Only what has the right checksum gets here: this is for what other programs make. */
struct reader {
	char *at;			/* NUL-terminated */
	bool bad;
};

/* The next word of this line, or of the next one where @line; "" at the end. */
static const char *word(struct reader *r, bool line)
{
	char *w;

	if (line && *r->at == '\n')
		r->at++;
	if (*r->at == ' ')
		r->at++;
	w = r->at;
	r->at += strcspn(w, " \n");
	return w;
}

static bool is(const char *w, const char *text)
{
	size_t n = strlen(text);

	return !strncmp(w, text, n) && (!w[n] || w[n] == ' ' || w[n] == '\n');
}

static void expect(struct reader *r, bool line, const char *text)
{
	r->bad |= !is(word(r, line), text);
}

static double number(struct reader *r)
{
	const char *w = word(r, false);
	char *end;
	double v = strtod(w, &end);

	r->bad |= end != r->at || end == w;
	return v;
}

static uint64_t count(struct reader *r, uint64_t max)
{
	double v = number(r);

	r->bad |= !(v >= 0 && v <= (double)max);
	return r->bad ? 0 : (uint64_t)v;
}

/* The place of the next word among names; < 0: it is none of them. */
static int one_of(struct reader *r, const char *(*name)(size_t i))
{
	const char *w = word(r, false);

	for (size_t i = 0; name(i); i++)
		if (is(w, name(i)))
			return (int)i;
	r->bad = true;
	return 0;
}

static const char *method_name(size_t i)
{
	return mt_method_at(i) ? mt_method_at(i)->name : NULL;
}

static const char *feature_name(size_t i)
{
	return mt_feature_at(i) ? mt_feature_at(i)->name : NULL;
}

static const char *target_name(size_t i)
{
	return mt_target_at(i) ? mt_target_at(i)->name : NULL;
}

static const char *model_name(size_t i)
{
	return mt_forecast_model_at(i) ? mt_forecast_model_at(i)->name : NULL;
}

static void numbers(struct reader *r, double *v, size_t n)
{
	for (size_t i = 0; i < n && !r->bad; i++)
		v[i] = number(r);
}

static void get_residual(struct reader *r, struct mt_learned *l)
{
	int model = one_of(r, model_name), method = one_of(r, method_name);
	uint64_t metric = count(r, MT_METRIC_COUNT - 1);
	struct mt_residual v = { 0 };

	v.p10 = number(r);
	v.p50 = number(r);
	v.p90 = number(r);
	v.n = (unsigned)count(r, UINT32_MAX);
	if (!r->bad)
		l->residual[model][method][metric] = v;
}

static int get_target(struct reader *r, struct mt_trained_method *m)
{
	struct mt_trained_target *t = &m->target[one_of(r, target_name)];
	struct mt_trained_target v = {
		.lessons = (unsigned)count(r, UINT32_MAX), .residual = count(r, 1),
	};

	if (r->bad || t->lessons || !m->n_columns)
		return -EBADMSG;
	v.bias = number(r);
	v.p10 = number(r);
	v.p90 = number(r);
	v.error = number(r);
	v.base_error = number(r);
	v.weights = calloc(m->n_columns + 1, sizeof(double));
	v.coefs = calloc(m->n_rows + 1, sizeof(double));
	*t = v;
	if (!v.weights || !v.coefs)
		return -ENOMEM;
	expect(r, true, "weights");
	numbers(r, v.weights, m->n_columns);
	expect(r, true, "coefs");
	numbers(r, v.coefs, m->n_rows);
	return r->bad || !v.lessons ? -EBADMSG : 0;
}

static void get_column(struct reader *r, struct mt_trained_column *c)
{
	expect(r, true, "column");
	c->feature = (unsigned)one_of(r, feature_name);
	c->missing = count(r, 1);
	c->mean = number(r);
	c->sd = number(r);
	r->bad |= !(c->sd > 0);
}

static int get_method(struct reader *r, struct mt_trained *t, struct mt_trained_method **now)
{
	struct mt_trained_method *m = *now = &t->method[one_of(r, method_name)];
	size_t columns, rows;

	expect(r, false, "columns");
	columns = count(r, MT_COLUMNS_MAX);
	expect(r, false, "rows");
	rows = count(r, ROWS_MAX);
	expect(r, false, "gamma");
	if (r->bad || m->n_columns || !columns)
		return -EBADMSG;
	m->gamma = number(r);
	m->columns = calloc(columns, sizeof(*m->columns));
	m->rows = calloc(rows * columns + 1, sizeof(double));
	if (!m->columns || !m->rows)
		return -ENOMEM;
	m->n_columns = columns;
	m->n_rows = rows;
	for (size_t c = 0; c < columns && !r->bad; c++)
		get_column(r, &m->columns[c]);
	for (size_t i = 0; i < rows && !r->bad; i++) {
		expect(r, true, "row");
		numbers(r, &m->rows[i * columns], columns);
	}
	return r->bad ? -EBADMSG : 0;
}

static void get_head(struct reader *r, struct mt_trained *t)
{
	const char *w;

	expect(r, false, "trainer");
	w = word(r, false);
	snprintf(t->trainer, sizeof(t->trainer), "%.*s", (int)(r->at - w), w);
	expect(r, false, "seed");
	t->seed = count(r, UINT64_MAX >> 1);
	expect(r, false, "lessons");
	t->lessons = (unsigned)count(r, UINT32_MAX);
	expect(r, false, "simulated");
	t->simulated = (unsigned)count(r, UINT32_MAX);
	expect(r, false, "workloads");
	t->workloads = (unsigned)count(r, UINT32_MAX);
	expect(r, false, "newest");
	t->newest_ms = count(r, UINT64_MAX >> 1);
}

static int get_lines(struct reader *r, struct mt_trained *t)
{
	struct mt_trained_method *m = NULL;
	int rc = 0;

	get_head(r, t);
	while (!rc && !r->bad && *r->at == '\n' && r->at[1]) {
		const char *what = word(r, true);

		if (is(what, "figures"))
			numbers(r, (double *)&t->learned.figures[one_of(r, method_name)], FIGURES);
		else if (is(what, "residual"))
			get_residual(r, &t->learned);
		else if (is(what, "method"))
			rc = get_method(r, t, &m);
		else if (is(what, "target") && m)
			rc = get_target(r, m);
		else
			r->bad = true;
	}
	return rc ? rc : r->bad ? -EBADMSG : 0;
}

/* The sum is in the last line, and is that of all before it. */
static bool is_whole(const char *text, size_t len)
{
	char last[CHECKSUM_LEN + 1];

	if (len < CHECKSUM_LEN)
		return false;
	snprintf(last, sizeof(last), CHECKSUM "%016" PRIx64 "\n",
		 mt_checksum(MT_CHECKSUM_INIT, text, len - CHECKSUM_LEN));
	return !memcmp(text + len - CHECKSUM_LEN, last, CHECKSUM_LEN);
}

static int check_head(struct reader *r, const char *name, struct mt_err *err)
{
	const char *w;

	word(r, false);
	if (count(r, UINT32_MAX) != MT_TRAINED_SCHEMA || r->bad)
		return mt_err_set(err, -EPROTO, "%s: a model of another version of migtrace: "
				  "train it anew with migtrace train", name);
	expect(r, false, "features");
	w = word(r, false);
	if (r->bad || strtoull(w, NULL, 16) != mt_features_schema())
		return mt_err_set(err, -EPROTO, "%s: a model of other features than this migtrace "
				  "has: train it anew with migtrace train", name);
	return 0;
}

int mt_trained_parse(struct mt_trained **out, const char *text, size_t len, const char *name,
		     struct mt_err *err)
{
	mt_autofree char *copy = NULL;
	struct mt_trained *t;
	struct reader r;
	int rc;

	*out = NULL;
	if (len < sizeof(MAGIC) || memcmp(text, MAGIC " ", sizeof(MAGIC)))
		return mt_err_set(err, -EBADMSG, "%s: no model of migtrace train, or its beginning "
				  "is damaged", name);
	if (!is_whole(text, len) || memchr(text, '\0', len))
		return mt_err_set(err, -EBADMSG, "%s: damaged or cut short: its checksum does not "
				  "fit; train it anew with migtrace train", name);
	copy = strndup(text, len - CHECKSUM_LEN);
	t = calloc(1, sizeof(*t));
	if (!copy || !t) {
		free(t);
		return mt_err_set(err, -ENOMEM, "out of memory");
	}
	r = (struct reader){ .at = copy };
	t->learned = mt_learned_default;
	rc = check_head(&r, name, err);
	if (!rc) {
		rc = get_lines(&r, t);
		if (rc == -EBADMSG)
			mt_err_set(err, rc, "%s: no model of migtrace train: line at \"%.20s\"",
				   name, r.at);
		else if (rc)
			mt_err_set(err, rc, "out of memory");
	}
	if (rc) {
		mt_trained_free(t);
		return rc;
	}
	*out = t;
	return 0;
}
