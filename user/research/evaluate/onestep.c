// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * onestep.c - the iterations of recorded migrations
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantile.h"
#include "cli/recording_load.h"
#include "research/folder.h"
#include "store/recorded.h"
#include "onestep.h"

#define BEFORE		8	/* steps that tell how much was dirtied while there was a load */
#define IDLE_SHARE	0.5	/* of the least that they leave possible */

bool onestep_asked(const struct onestep_run *run, size_t i)
{
	const struct mt_iteration *it = &run->steps[i].it;

	return i > 0 && it->syncs == 1 && it->window_s > 0 && it->dirtied_bytes > 0;
}

static double qemu_rate(const struct mt_sample *s)
{
	if (!mt_sample_has(s, dirty_pages_per_s))
		return NAN;
	return (double)s->dirty_pages_per_s *
	       (mt_sample_has(s, page_size_bytes) ? (double)s->page_size_bytes : 4096);
}

static int add_step(struct onestep_run *run, const struct mt_iteration *it,
		    const struct mt_sample *start, bool polled)
{
	struct onestep_step *s;

	if (run->n_steps == run->room) {
		size_t room = run->room ? 2 * run->room : 64;

		s = reallocarray(run->steps, room, sizeof(*s));
		if (!s)
			return -ENOMEM;
		run->steps = s;
		run->room = room;
	}
	s = &run->steps[run->n_steps++];
	*s = (struct onestep_step){ .it = *it, .qemu_bytes_per_s = qemu_rate(start) };
	if (polled)
		s->it.window_s = it->duration_s;
	return 0;
}

static int read_samples(struct onestep_run *run, const struct mt_recording *rec, bool polled)
{
	struct mt_iterations its;
	int rc = 0;

	mt_iterations_init(&its);
	run->clears_chunks = mt_recorded_clears_chunks(rec);
	for (size_t i = 0; i < rec->n_entries && !rc; i++) {
		const struct mt_sample *s = &rec->entries[i].sample;
		struct mt_sample start = its.start;

		if (rec->entries[i].type != MT_ENTRY_SAMPLE)
			continue;
		if (mt_sample_has(s, memory_bytes))
			run->memory_bytes = (double)s->memory_bytes;
		if (mt_sample_has(s, throttle_percent) && s->throttle_percent)
			run->method = "auto-converge";
		if (mt_iterations_feed(&its, s))
			rc = add_step(run, mt_iterations_last(&its), &start, polled);
	}
	return rc;
}

/*
 * U(T) is concave: a window of half the length dirties at least half as much, if
 * the load is the same. From the end back, steps that dirtied less than half of
 * that are those in which the load had ended, and the migration with it. This
 * looks at what came later: it is for telling the errors apart, not for forecasts.
 */
static void mark_idle(struct onestep_run *run)
{
	for (size_t i = run->n_steps; i-- > BEFORE;) {
		double windows[BEFORE], bytes[BEFORE], least;

		for (size_t j = 0; j < BEFORE; j++) {
			windows[j] = run->steps[i - 1 - j].it.window_s;
			bytes[j] = run->steps[i - 1 - j].it.dirtied_bytes;
		}
		mt_sort(windows, BEFORE);
		mt_sort(bytes, BEFORE);
		least = bytes[BEFORE / 2] *
			fmin(1, run->steps[i].it.window_s / windows[BEFORE / 2]);
		run->steps[i].idle = run->steps[i].it.dirtied_bytes < IDLE_SHARE * least;
		if (!run->steps[i].idle)
			break;
	}
}

int onestep_load(struct onestep_runs *runs, const char *path, bool polled, bool *truncated,
		 struct mt_err *err)
{
	struct onestep_run *more = reallocarray(runs->v, runs->n + 1, sizeof(*more));
	struct onestep_run run = { .path = path, .method = "pre-copy" };
	struct mt_recording *rec = NULL;
	int rc;

	if (!more)
		return mt_err_set(err, -ENOMEM, "out of memory");
	runs->v = more;
	rc = recording_load(&rec, path, err);
	if (rc)
		return rc;
	*truncated = rec->truncated;
	run.workload = folder_of(path);
	rc = run.workload ? read_samples(&run, rec, polled) : -ENOMEM;
	mt_recording_free(rec);
	if (!rc && !run.n_steps)
		rc = mt_err_set(err, -ENODATA,
				"%s has no whole pass of pre-copy: nothing to forecast", path);
	else if (rc)
		mt_err_set(err, rc, "out of memory");
	if (rc) {
		free(run.steps);
		free(run.workload);
		return rc;
	}
	mark_idle(&run);
	runs->v[runs->n++] = run;
	return 0;
}

void onestep_free(struct onestep_runs *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		free(runs->v[i].steps);
		free(runs->v[i].workload);
	}
	free(runs->v);
}
