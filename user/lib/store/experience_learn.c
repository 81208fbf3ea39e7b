// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * experience_learn.c - a directory of recordings teaches
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/quantile.h"
#include "experience.h"
#include "record.h"
#include "taught.h"

/* Of the stops, so many had a pause within what is expected. Inferred. */
#define FIXED_QUANTILE	0.8

struct recording_file {
	char path[4096];
	struct timespec mtime;
};

struct lesson {
	struct mt_taught *v[MT_EXPERIENCE_RECORDINGS];	/* the newest first */
	size_t n;
};

/* --- what is there ---------------------------------------------------------- */
static int newest_first(const void *a, const void *b)
{
	const struct recording_file *x = a, *y = b;

	if (x->mtime.tv_sec != y->mtime.tv_sec)
		return x->mtime.tv_sec < y->mtime.tv_sec ? 1 : -1;
	if (x->mtime.tv_nsec != y->mtime.tv_nsec)
		return x->mtime.tv_nsec < y->mtime.tv_nsec ? 1 : -1;
	return strcmp(y->path, x->path);
}

static bool is_recording(const char *name)
{
	size_t n = strlen(name), tail = sizeof(MT_RECORD_SUFFIX) - 1;

	return n > tail && !strcmp(name + n - tail, MT_RECORD_SUFFIX);
}

/* @list: the caller's to free(). Return: how many, or -errno. */
static int list_recordings(const char *directory, struct recording_file **list, struct mt_err *err)
{
	DIR *dir = opendir(directory);
	struct recording_file *more;
	struct dirent *d;
	size_t n = 0;

	*list = NULL;
	if (!dir)
		return mt_err_set(err, -errno, "cannot read %s: %s", directory, strerror(errno));
	while ((d = readdir(dir))) {
		struct stat st;

		if (!is_recording(d->d_name) ||
		    fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    !S_ISREG(st.st_mode))
			continue;
		if (!(n & (n - 1))) {
			more = reallocarray(*list, n ? 2 * n : 1, sizeof(*more));
			if (!more) {
				closedir(dir);
				return mt_err_set(err, -ENOMEM, "out of memory");
			}
			*list = more;
		}
		(*list)[n].mtime = st.st_mtim;
		if (snprintf((*list)[n].path, sizeof((*list)[n].path), "%s/%s", directory,
			     d->d_name) < (int)sizeof((*list)[n].path))
			n++;
	}
	closedir(dir);
	if (n)
		qsort(*list, n, sizeof(**list), newest_first);
	return n < MT_EXPERIENCE_RECORDINGS ? (int)n : MT_EXPERIENCE_RECORDINGS;
}

static int read_all(struct lesson *lesson, const char *directory, struct mt_err *err)
{
	mt_autofree struct recording_file *list = NULL;
	int n = list_recordings(directory, &list, err);

	for (int i = 0; i < n; i++) {
		struct mt_taught *t = malloc(sizeof(*t));

		if (!t)
			return mt_err_set(err, -ENOMEM, "out of memory");
		if (mt_taught_read(t, list[i].path, NULL))
			free(t);
		else
			lesson->v[lesson->n++] = t;
	}
	return n < 0 ? n : 0;
}

/* --- what it teaches ------------------------------------------------------------ */
static bool is_to(const struct mt_taught *t, const char *destination)
{
	return !*destination || !strcmp(t->destination, destination);
}

static void learn_fixed(struct mt_experience *e, const struct lesson *lesson,
			const char *destination)
{
	double ms[MT_EXPERIENCE_RECORDINGS + MT_EXPERIENCE_STOPS];
	size_t n = 0;

	while (n < MT_EXPERIENCE_STOPS)
		ms[n++] = MT_FIXED_DEFAULT_MS;
	for (size_t i = 0; i < lesson->n; i++)
		if (is_to(lesson->v[i], destination) && isfinite(lesson->v[i]->fixed_ms))
			ms[n++] = lesson->v[i]->fixed_ms;
	e->stops = (unsigned)n - MT_EXPERIENCE_STOPS;
	mt_sort(ms, n);
	e->fixed_ms = fmin(mt_quantile(ms, n, FIXED_QUANTILE), MT_FIXED_MAX_MS);
}

/* @destination: ""; all. Return: 0; -ENODATA fewer than @least; -ENOMEM. */
static int learn(struct mt_experience *e, const struct lesson *lesson, const char *source,
		 const char *destination, unsigned least)
{
	struct mt_learned_case cases[MT_EXPERIENCE_RECORDINGS];

	mt_experience_init(e);
	for (size_t i = 0; i < lesson->n; i++) {
		uint64_t begin_ms = lesson->v[i]->begin_ms;

		if (!is_to(lesson->v[i], destination))
			continue;
		e->newest_ms = e->migrations++ ? e->newest_ms : begin_ms;
		e->oldest_ms = begin_ms;
	}
	if (e->migrations < least)
		return -ENODATA;
	learn_fixed(e, lesson, destination);
	snprintf(e->source, sizeof(e->source), "%s", source);
	snprintf(e->destination, sizeof(e->destination), "%s", destination);
	for (unsigned stage = 0; stage < MT_FORECAST_STAGES; stage++) {
		size_t n = 0;

		for (size_t i = 0; i < lesson->n; i++) {
			const struct mt_taught *t = lesson->v[i];

			if (is_to(t, destination) && t->has[stage])
				cases[n++] = t->at[stage];
		}
		/*
		 * In hindsight U(T) is known: that says nothing of how wide intervals are before.
		 */
		if (mt_learn_own(&e->stage[stage], cases, n, stage != MT_FORECAST_BEFORE))
			return -ENOMEM;
	}
	return 0;
}

static bool known(const struct mt_experience *sets, size_t n, const char *destination)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(sets[i].destination, destination))
			return true;
	return false;
}

int mt_experience_learn(const char *directory, const char *source, const char *path, unsigned *read,
			struct mt_err *err)
{
	mt_autofree struct mt_experience *sets =
		calloc(1 + MT_EXPERIENCE_DESTINATIONS, sizeof(*sets));
	struct lesson lesson = { .n = 0 };
	size_t n = 0;
	int rc = sets ? read_all(&lesson, directory, err) :
			mt_err_set(err, -ENOMEM, "out of memory");

	if (read)
		*read = (unsigned)lesson.n;
	if (!rc && lesson.n && learn(&sets[n++], &lesson, source, "", 0))
		rc = mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < lesson.n && n <= MT_EXPERIENCE_DESTINATIONS && !rc; i++) {
		const char *destination = lesson.v[i]->destination;
		int some = known(sets, n, destination) ? -ENODATA :
							 learn(&sets[n], &lesson, source,
							       destination, MT_EXPERIENCE_LEAST);

		n += !some;
		if (some == -ENOMEM)
			rc = mt_err_set(err, some, "out of memory");
	}
	if (!rc && n)
		rc = mt_experience_save(sets, n, path, err);
	for (size_t i = 0; i < lesson.n; i++)
		free(lesson.v[i]);
	return rc;
}
