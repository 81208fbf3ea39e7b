/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * metrics.h - the daemon's status as metrics: OpenMetrics 1.0, or Prometheus' text format 0.0.4
 *
 * Labels are bounded: a migration under way, or the last one of a guest
 * that the daemon remembers, has its guest's name and UUID; all others come from our own tables.
 */
#ifndef MIGTRACED_METRICS_H
#define MIGTRACED_METRICS_H

#include <jansson.h>
#include <stdio.h>

enum metrics_format { METRICS_OPEN, METRICS_PROMETHEUS };

#define METRICS_TYPE_OPEN	"application/openmetrics-text; version=1.0.0; charset=utf-8"
#define METRICS_TYPE_PROMETHEUS	"text/plain; version=0.0.4; charset=utf-8"
#define METRICS_GUESTS_MAX	1000	/* of which there are rows */

/* @status: what `status` answers. What is null there has no row. */
void metrics_write(const json_t *status, enum metrics_format format, FILE *out);

#endif
