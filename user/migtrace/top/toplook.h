/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toplook.h - how a person looks at a scene: what is chosen, sorted, filtered, asked (PURE)
 */
#ifndef TOP_LOOK_H
#define TOP_LOOK_H

#include "scene.h"

/* Beyond a byte, so that a key is either a character or one of these. */
enum look_key {
	LOOK_UP = 0x110000,
	LOOK_DOWN,
	LOOK_PAGE_UP,
	LOOK_PAGE_DOWN,
	LOOK_HOME,
	LOOK_END,
	LOOK_ENTER,
	LOOK_ESCAPE,
	LOOK_BACKSPACE,
	LOOK_INTERRUPT,			/* Ctrl-C */
};

enum look_sort {
	LOOK_BY_DIRTY,
	LOOK_BY_NAME,
	LOOK_BY_CPU,
	LOOK_BY_NETWORK,
	LOOK_BY_MEMORY,
	LOOK_BY_LEFT,			/* those that migrate first */
	LOOK_SORTS
};

/* What a key asks for, of the guest that is chosen. */
enum look_request {
	LOOK_NOTHING,
	LOOK_QUIT,
	LOOK_RECORD,
	LOOK_RELEASE,
	LOOK_STOP,
	LOOK_FLIP,
	LOOK_ABORT,
};

#define LOOK_FILTER	64

struct look {
	enum look_sort sort;
	bool reversed;
	char filter[LOOK_FILTER];	/* a part of the name, whatever its case */
	bool typing;			/* the filter */
	bool detail, help;
	char chosen[VIR_UUID_STRING_BUFLEN];	/* "": the first */
	enum look_request asked;	/* once; the same key again means it */
	char asked_of[VIR_UUID_STRING_BUFLEN];
	size_t first;			/* row at the top */
	size_t page;			/* rows that there were room for, last time */
};

/* What a key does, by the guests in the order in which they are shown. */
enum look_request look_key(struct look *l, const struct scene *s, const size_t *order, size_t n,
			   unsigned key);

/* Which guests are shown, in which order: places in ->guests. @order has room for all. */
size_t look_order(const struct look *l, const struct scene *s, size_t *order);
/* Of them the chosen one's place; 0 if it is not among them. */
size_t look_place(const struct look *l, const struct scene *s, const size_t *order, size_t n);

const char *look_sort_name(enum look_sort sort);
/* What it means for the guest, as a question. NULL: it is not asked about. */
const char *look_question(enum look_request request);

#endif
