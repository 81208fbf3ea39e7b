// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * campaign_load.c - what the host does besides, and how much of a guest's memory is there
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <migtrace/vmm.h>

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
	if (stat && fscanf(stat, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
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

/* A guest's RAM is a mapping of just its size; a larger guest has it in two on some machines, and then the largest has to do. */
uint64_t campaign_resident_bytes(const char *name, const char *uuid, uint64_t memory_bytes)
{
	uint64_t from, to, size = 0, kib, best = 0, best_size = 0;
	mt_autofclose FILE *f = NULL;
	mt_autofree char *line = NULL;
	struct mt_err ignored = { 0 };
	char path[64];
	size_t room = 0;
	pid_t pid;

	if (mt_vmm_pid(NULL, name, uuid, &pid, &ignored))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "re");
	while (f && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' ')) {
			size = to - from;
		} else if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1 && size > best_size && size <= memory_bytes) {
			best_size = size;
			best = kib * 1024;
		}
	}
	return 2 * best_size >= memory_bytes ? best : 0;
}
