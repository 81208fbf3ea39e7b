/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - a running migration on the screen, or as plain lines
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdio.h>

#include <migtrace/supervise.h>

struct progress {
	FILE *out;
	bool repaint;		/* a terminal: one block, drawn again and again */
	int drawn;		/* lines of the block on the screen now */
	const char *title;
	struct mt_plan plan;	/* newest one with a reason */
};

/* Repaints if @out is a terminal that can, else writes a line an iteration, an action, an event. */
void progress_init(struct progress *p, FILE *out, const char *title);
void progress_show(const struct mt_progress *m, void *progress);	/* an mt_progress_fn */
void progress_end(struct progress *p);

#endif
