// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * host_link.c - the network card of this host: how fast it is, and what it has sent
 *
 * Which of several cards a migration goes by is not known here, so they tell nothing. Nor does a
 * virtual device: what is behind it is. Cards that are bonded count as the bond, whose rate is
 * theirs together.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "host_link.h"

#define BYTES_PER_S_OF_MBIT	125000ULL
#define VALUE_MAX	32

static bool stands(int card, const char *file)
{
	return !faccessat(card, file, F_OK, 0);
}

/* The line in @file. */
static bool read_value(int card, const char *file, char value[VALUE_MAX])
{
	int fd = openat(card, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, value, VALUE_MAX - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;		/* a card that does not tell its speed fails to be read */
	value[n] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return true;
}

static bool read_number(int card, const char *file, uint64_t *number)
{
	char value[VALUE_MAX];

	/* -1 is a speed that is not known. */
	return read_value(card, file, value) && value[0] != '-' &&
	       sscanf(value, "%" SCNu64, number) == 1;
}

/* A card, or a bond of cards, that is up and nobody's part. */
static bool carries(int card)
{
	char state[VALUE_MAX];

	return (stands(card, "device") || stands(card, "bonding")) &&
	       !stands(card, "master/bonding") && read_value(card, "operstate", state) &&
	       !strcmp(state, "up");
}

/* Return: whether its figures are known. */
static bool take(int card, uint64_t *bytes_per_s, uint64_t *sent_bytes)
{
	uint64_t mbit_per_s;

	if (!read_number(card, "speed", &mbit_per_s) || !mbit_per_s || mbit_per_s > UINT32_MAX ||
	    !read_number(card, "statistics/tx_bytes", sent_bytes))
		return false;
	*bytes_per_s = mbit_per_s * BYTES_PER_S_OF_MBIT;
	return true;
}

void mt_host_link(const char *directory, struct mt_work *total)
{
	uint64_t bytes_per_s = 0, sent_bytes = 0;
	DIR *dir = opendir(directory);
	struct dirent *d;
	unsigned n = 0;
	bool known = false;

	while (dir && (d = readdir(dir))) {
		int card = d->d_name[0] == '.' ? -1 :
						 openat(dirfd(dir), d->d_name,
							O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (card >= 0 && carries(card)) {
			n++;
			known = take(card, &bytes_per_s, &sent_bytes);
		}
		if (card >= 0)
			close(card);
	}
	if (dir)
		closedir(dir);
	if (n != 1 || !known)
		return;
	mt_work_put(total, MT_WORK_link_bytes_per_s, bytes_per_s);
	mt_work_put(total, MT_WORK_link_sent_bytes, sent_bytes);
}
