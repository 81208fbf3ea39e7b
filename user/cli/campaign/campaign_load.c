// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_load.c - what the host does besides, and how much of a guest's memory is there
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/uio.h>

#include "hypervisor/vmm.h"
#include "campaign.h"

#define COLUMNS	8	/* user nice system idle iowait irq softirq steal; guests are in user */
#define IDLE	3
#define IOWAIT	4

void campaign_load_read(struct campaign_load *l)
{
	mt_autofclose FILE *stat = fopen("/proc/stat", "re");
	mt_autofclose FILE *load = fopen("/proc/loadavg", "re");
	uint64_t v[COLUMNS] = { 0 };

	*l = (struct campaign_load){ .load_1min = NAN };
	if (stat && fscanf(stat,
			   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
			   " %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) >= COLUMNS - 1)
		for (int i = 0; i < COLUMNS; i++) {
			l->all += v[i];
			l->busy += i == IDLE || i == IOWAIT ? 0 : v[i];
		}
	if (load && fscanf(load, "%lf", &l->load_1min) != 1)
		l->load_1min = NAN;
}

double campaign_busy_percent(const struct campaign_load *from, const struct campaign_load *to)
{
	return to->all > from->all ? 100.0 * (to->busy - from->busy) / (to->all - from->all) : NAN;
}

struct mapping {
	uint64_t from, to, resident_bytes;
};

/* A guest's RAM is the largest mapping that is no larger than its memory. */
static bool find_ram(pid_t pid, uint64_t memory_bytes, struct mapping *ram)
{
	mt_autofclose FILE *f = NULL;
	mt_autofree char *line = NULL;
	struct mapping m = { 0 };
	char path[64];
	size_t room = 0;
	uint64_t kib;

	*ram = m;
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "re");
	while (f && getline(&line, &room, f) > 0) {
		if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
			sscanf(line, "%" SCNx64 "-%" SCNx64, &m.from, &m.to);
		else if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1 &&
			 m.to - m.from > ram->to - ram->from && m.to - m.from <= memory_bytes)
			*ram = m, ram->resident_bytes = kib * 1024;
	}
	return 2 * (ram->to - ram->from) >= memory_bytes;
}

#define PAGE	4096
#define CHUNK	256	/* pages */

static size_t count_nonzero(const unsigned char *pages, size_t n)
{
	static const unsigned char zeroes[PAGE];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += memcmp(pages + i * PAGE, zeroes, PAGE) != 0;
	return count;
}

/* As QEMU will look at each page, only sooner. Return: 0: not possible. */
static uint64_t read_nonzero(pid_t pid, const struct mapping *ram)
{
	static unsigned char pages[CHUNK * PAGE];
	uint64_t count = 0;

	for (uint64_t at = ram->from; at < ram->to; at += sizeof(pages)) {
		uint64_t size = ram->to - at < sizeof(pages) ? ram->to - at : sizeof(pages);
		struct iovec here = { pages, size }, there = { (void *)(uintptr_t)at, size };

		if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)size)
			return 0;
		count += count_nonzero(pages, size / PAGE);
	}
	return count * PAGE;
}

void campaign_memory_look(const char *name, const char *uuid, uint64_t memory_bytes,
			  uint64_t *resident_bytes, uint64_t *nonzero_bytes)
{
	struct mt_err ignored = { 0 };
	struct mapping ram;
	pid_t pid;

	*resident_bytes = *nonzero_bytes = 0;
	if (mt_vmm_pid(NULL, name, uuid, &pid, &ignored) || !find_ram(pid, memory_bytes, &ram))
		return;
	*resident_bytes = ram.resident_bytes;
	*nonzero_bytes = read_nonzero(pid, &ram);
}
