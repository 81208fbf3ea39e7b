// SPDX-License-Identifier: GPL-2.0-or-later
/* recordings.c - the daemon's directory of recordings */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "base/utf8.h"
#include "store/files.h"
#include "recordings.h"

#define ATTEMPTS_MAX	100
/*
 * Bytes of the guest's name in a file's name, so that the longest, "NAME-STAMP-100.mtrec.part.new",
 * is one (NAME_MAX).
 */
#define NAME_PART_MAX \
	(NAME_MAX - \
	 (int)sizeof("-dddddddd" \
		     "Tdddddd" \
		     "Z" \
		     "-100" MT_RECORD_SUFFIX ".part.new") + \
	 1)

void recordings_name(char *buf, size_t size, const char *domain, uint64_t wall_ms, unsigned attempt)
{
	time_t t = wall_ms / MT_MS_PER_S;
	char clean[NAME_PART_MAX + 1], stamp[32], number[16] = "";
	struct tm tm;
	size_t i;

	for (i = 0; domain[i] && i < sizeof(clean) - 1; i++)
		clean[i] = domain[i];
	/*
	 * Cut, it is cut between two characters. Nobody looks for a guest by this name: the header
	 * has the whole one.
	 */
	while (domain[i] && i && ((unsigned char)domain[i] & 0xc0) == 0x80)
		i--;
	clean[i] = '\0';
	mt_utf8_scrub(clean);
	for (char *p = clean; *p; p++)
		if (!isalnum((unsigned char)*p) && (unsigned char)*p < 0x80 &&
		    !strchr("._-+@:", *p))
			*p = '_';
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

const char *recordings_stamp(const char *name, const char *suffix)
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
	mt_autoclose int dir = mt_directory_open(directory, err);
	char name[NAME_MAX + 1];
	int ret;

	*r = NULL;
	*path = NULL;
	if (dir < 0)
		return dir;
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
	return mt_err_set(err, -EEXIST, "%s/%s and %d more of that second exist already", directory,
			  name, ATTEMPTS_MAX);
}
