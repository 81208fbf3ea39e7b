/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - a running migration on the screen, or as plain lines
 *
 * Whoever shows something only leaves it here; a thread of its own writes it. A terminal that is
 * stopped (Ctrl-S) or a reader that sleeps holds up nobody: of what is drawn the newest counts, and
 * of lines that wait the oldest are dropped, and counted.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <pthread.h>
#include <stdio.h>

#include "steer/supervise.h"

struct screen;

struct progress {
	FILE *out;
	bool repaint;		/* a terminal: one block, drawn again and again */
	char title[512];
	struct mt_plan plan;	/* newest one with a reason */
	pthread_mutex_t lock;	/* of what follows */
	struct screen *screen;	/* shared with the thread; NULL: out of memory, nothing is shown */
};

/* Repaints if @out is a terminal that can, else writes a line an iteration, an action, an event. */
void progress_init(struct progress *p, FILE *out, const char *title);
void progress_show(const struct mt_progress *m, void *progress);	/* an mt_progress_fn */
/* a line of its own; any thread */
void progress_note(struct progress *p, const char *text);
/* Waits until all is written, but not for long: what then still waits is left to the thread. */
void progress_end(struct progress *p);

#endif
