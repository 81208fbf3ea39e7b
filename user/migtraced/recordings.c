// SPDX-License-Identifier: GPL-2.0-or-later
/* recordings.c - the daemon's directory of recordings */
#include "recordings.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include <migtrace/conn.h>
#include <migtrace/units.h>

#include "log.h"

#define PART_SUFFIX	".part"
#define TOOL_PREFIX	"migtraced "	/* header's tool: not a file that `migtrace record` is writing */
#define ATTEMPTS_MAX	100
/* Bytes of the guest's name in a file's name, so that the longest, "NAME-STAMP-100.mtrec.part.new", is one (NAME_MAX). */
#define NAME_PART_MAX	(NAME_MAX - (int)sizeof("-dddddddd" "Tdddddd" "Z" "-100" MT_RECORD_SUFFIX ".part.new") + 1)
/* "Three seconds": a stamp of the header, the job's age and ours are read at different moments. */
#define START_TOLERANCE_MS	3000

void recordings_name(char *buf, size_t size, const char *domain, uint64_t wall_ms, unsigned attempt)
{
	time_t t = wall_ms / MT_MS_PER_S;
	char clean[NAME_PART_MAX + 1], stamp[32], number[16] = "";
	struct tm tm;
	size_t i;

	for (i = 0; domain[i] && i < sizeof(clean) - 1; i++) {
		unsigned char ch = domain[i];

		clean[i] = isalnum(ch) || ch >= 0x80 || strchr("._-+@:", ch) ? ch : '_';
	}
	/* Cut, it is cut between two characters. Nobody looks for a guest by this name: the header has the whole one. */
	while (domain[i] && i && ((unsigned char)domain[i] & 0xc0) == 0x80)
		i--;
	clean[i] = '\0';
	if (!*clean)
		strcpy(clean, "_");
	if (*clean == '.' || *clean == '-')
		*clean = '_';
	gmtime_r(&t, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	if (attempt)
		snprintf(number, sizeof(number), "-%u", attempt + 1);
	snprintf(buf, size, "%s-%s%s" MT_RECORD_SUFFIX, clean, stamp, number);
}

/* Where the time stamp of one of our names begins; NULL: not one of ours. @suffix: all that follows. */
static const char *name_stamp(const char *name, const char *suffix)
{
	static const char pattern[] = "-dddddddd" "Tdddddd" "Z";
	size_t len = strlen(name), tail = strlen(suffix), n = strlen(pattern);
	const char *end, *at;

	if (len <= tail || strcmp(name + len - tail, suffix))
		return NULL;
	end = name + len - tail;
	/* Perhaps "-N". */
	at = end;
	while (at > name && isdigit((unsigned char)at[-1]))
		at--;
	if (at > name && at < end && at[-1] == '-')
		end = at - 1;
	if (end - name <= (ptrdiff_t)n)
		return NULL;
	at = end - n;
	for (size_t i = 0; i < n; i++)
		if (pattern[i] == 'd' ? !isdigit((unsigned char)at[i]) : at[i] != pattern[i])
			return NULL;
	return at + 1;
}

int recordings_open(struct mt_recorder **r, char **path, const char *directory,
		    const struct mt_record_header *h, struct mt_err *err)
{
	char name[NAME_MAX + 1];
	int ret;

	*r = NULL;
	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		struct mt_err why = { 0 };

		recordings_name(name, sizeof(name), h->domain, h->start_wall_ms, attempt);
		if (asprintf(path, "%s/%s", directory, name) < 0) {
			*path = NULL;
			return mt_err_set(err, -ENOMEM, "out of memory");
		}
		ret = mt_recorder_open(r, *path, h, &why);
		if (!ret)
			return 0;
		free(*path);
		*path = NULL;
		if (ret != -EEXIST)
			return mt_err_set(err, ret, "%s", why.msg);
	}
	return mt_err_set(err, -EEXIST, "%s/%s and %d more of that second exist already", directory, name,
			  ATTEMPTS_MAX);
}

/* --- pruning ---------------------------------------------------------- */

static int finished_only(const struct dirent *d)
{
	return name_stamp(d->d_name, MT_RECORD_SUFFIX) != NULL;
}

static int by_stamp(const struct dirent **a, const struct dirent **b)
{
	const char *x = name_stamp((*a)->d_name, MT_RECORD_SUFFIX), *y = name_stamp((*b)->d_name, MT_RECORD_SUFFIX);
	int order = strncmp(x, y, strlen("dddddddd" "Tdddddd" "Z"));

	return order ? order : strcmp((*a)->d_name, (*b)->d_name);
}

int recordings_prune(const char *directory, uint64_t keep)
{
	struct dirent **found;
	int n, pruned = 0, fd;

	if (!keep)
		return 0;
	n = scandir(directory, &found, finished_only, by_stamp);
	if (n < 0)
		return -errno;
	fd = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		if (fd >= 0 && (uint64_t)(n - i) > keep) {
			if (!unlinkat(fd, found[i]->d_name, 0))
				pruned++;
			else if (errno != ENOENT)
				log_warn("%s/%s: cannot be removed: %s", directory, found[i]->d_name, strerror(errno));
		}
		free(found[i]);
	}
	free(found);
	if (fd >= 0)
		close(fd);
	return pruned;
}

/* --- what a killed daemon left behind --------------------------------- */

struct leftover {
	char *path;			/* without .part */
	char *uuid;
	uint64_t start_wall_ms;		/* of the migration, as well as the recording tells */
	uint64_t last_t_ns;
	bool has_outcome;		/* only the renaming was missing */
	bool left;			/* by a daemon that was stopped in an orderly way */
	bool taken;
};

struct leftovers {
	pthread_mutex_t lock;
	int directory;			/* holds the lock on it */
	struct leftover *all;
	size_t n;
};

static bool leftover_read(struct leftover *l, const char *part)
{
	struct mt_recording *rec;
	const struct mt_record_header *h;
	struct mt_err err = { 0 };
	bool ours;

	if (mt_recording_load(&rec, part, &err)) {
		log_warn("left behind, and cannot be read: %s", err.msg);
		return false;
	}
	h = &rec->header;
	ours = !rec->foreign && h->tool && !strncmp(h->tool, TOOL_PREFIX, strlen(TOOL_PREFIX)) && h->uuid;
	if (ours) {
		l->uuid = strdup(h->uuid);
		/* A recording that itself began in mid-migration: the job's age is in its samples. */
		l->start_wall_ms = h->start_wall_ms;
		l->last_t_ns = h->start_t_ns;
		for (size_t i = 0; i < rec->n_entries; i++) {
			const struct mt_entry *e = &rec->entries[i];

			if (mt_entry_t_ns(e) > l->last_t_ns)
				l->last_t_ns = mt_entry_t_ns(e);
			if (e->type == MT_ENTRY_OUTCOME)
				l->has_outcome = true;
			l->left = e->type == MT_ENTRY_EVENT && !strcmp(e->event.event, RECORDINGS_LEFT);
			if (e->type == MT_ENTRY_SAMPLE && mt_sample_has(&e->sample, total_ms))
				l->start_wall_ms = h->start_wall_ms +
					((int64_t)e->sample.t_ns - (int64_t)h->start_t_ns) / (int64_t)MT_NS_PER_MS -
					(int64_t)e->sample.total_ms;
		}
	}
	mt_recording_free(rec);
	return ours && l->uuid;
}

static void leftover_add(struct leftovers *l, const char *directory, const char *name)
{
	struct leftover *all, new = { 0 };
	mt_autofree char *part = NULL;

	if (asprintf(&part, "%s/%s", directory, name) < 0) {
		part = NULL;
		return;
	}
	if (!leftover_read(&new, part))
		return;
	new.path = strndup(part, strlen(part) - strlen(PART_SUFFIX));
	all = realloc(l->all, (l->n + 1) * sizeof(*all));
	if (all)
		l->all = all;
	if (!all || !new.path) {
		free(new.path);
		free(new.uuid);
		return;
	}
	all[l->n++] = new;
}

struct leftovers *leftovers_find(const char *directory)
{
	struct leftovers *l;
	struct dirent *d;
	DIR *dir = opendir(directory);

	if (!dir) {
		log_warn("%s: %s; without it nothing is recorded", directory, strerror(errno));
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		closedir(dir);
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->directory = fcntl(dirfd(dir), F_DUPFD_CLOEXEC, 0);
	if (l->directory < 0 || flock(l->directory, LOCK_EX | LOCK_NB)) {
		log_warn("%s: %s; unfinished recordings in it are left alone", directory,
			 errno == EWOULDBLOCK ? "another migtraced uses it" : strerror(errno));
		closedir(dir);
		leftovers_free(l);
		return NULL;
	}
	while ((d = readdir(dir)))
		if (name_stamp(d->d_name, MT_RECORD_SUFFIX PART_SUFFIX))
			leftover_add(l, directory, d->d_name);
	closedir(dir);
	return l;
}

void leftovers_free(struct leftovers *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->all[i].path);
		free(l->all[i].uuid);
	}
	free(l->all);
	if (l->directory >= 0)
		close(l->directory);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static bool leftover_fits(const struct leftover *one, const char *uuid, uint64_t start_wall_ms)
{
	int64_t apart = (int64_t)(one->start_wall_ms - start_wall_ms);

	return !one->taken && !one->has_outcome && !strcmp(one->uuid, uuid) &&
	       llabs(apart) <= START_TOLERANCE_MS;
}

int leftovers_resume(struct leftovers *l, const char *uuid, uint64_t start_wall_ms,
		     struct mt_recorder **r, char **path, struct mt_err *err)
{
	struct leftover *one = NULL;

	*r = NULL;
	*path = NULL;
	if (!l)
		return -ENOENT;
	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < l->n && !one; i++) {
		if (leftover_fits(&l->all[i], uuid, start_wall_ms)) {
			one = &l->all[i];
			one->taken = true;
		}
	}
	pthread_mutex_unlock(&l->lock);
	if (!one)
		return -ENOENT;
	*path = strdup(one->path);
	if (!*path)
		return mt_err_set(err, -ENOMEM, "out of memory");
	return mt_recorder_resume(r, *path, err);
}

static void leftover_finish(const struct leftover *one)
{
	struct mt_err err = { 0 };
	struct mt_recorder *r;
	int ret = mt_recorder_resume(&r, one->path, &err);

	if (!ret) {
		/* Not now: after a reboot the clock of t_ns began anew. */
		const struct mt_record_outcome o = {
			.t_ns = one->last_t_ns,
			.outcome = MT_OUTCOME_UNKNOWN,
			.detail = one->left ? "migtraced was stopped while the migration went on" :
				  "migtraced was killed while it recorded",
		};

		if (!one->has_outcome)
			(void)mt_recorder_outcome(r, &o);	/* a failure comes back from close */
		ret = mt_recorder_close(r, &err);
	}
	if (ret)
		log_warn("left behind, and cannot be finished: %s", err.msg);
	else
		log_info("%s: left behind by a migtraced that was %s, now finished", one->path,
			 one->left ? "stopped" : "killed");
}

void leftovers_finish(struct leftovers *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		bool taken;

		pthread_mutex_lock(&l->lock);
		taken = l->all[i].taken;
		l->all[i].taken = true;
		pthread_mutex_unlock(&l->lock);
		if (!taken)
			leftover_finish(&l->all[i]);
	}
}
