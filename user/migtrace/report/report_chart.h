/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report_chart.h - the pictures in a report
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "out/plot.h"
#include "report.h"

struct report_chart {
	const char *name;		/* for --plot */
	const char *title, *description;
	struct mt_svg_axis x, y;
	void (*fill)(const struct report *r, struct mt_plot *p);
};

/* By place, in the order of a page; NULL behind the last. */
const struct report_chart *report_chart_at(size_t i);

/*
 * @id: within a page; NULL: a file of its own. Return: 0; -ENODATA the recording has nothing of it,
 * and nothing was written; -ENOMEM.
 */
int report_chart_write(const struct report *r, const struct report_chart *c, const char *id,
		       FILE *out);

#endif
