/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stuck.h - a row of what status shows as stuck: who, in what, since when
 */
#ifndef MIGTRACED_STUCK_H
#define MIGTRACED_STUCK_H

#include <jansson.h>
#include <stdint.h>

/* @since_ns 0: not under way at all. */
void stuck_add(json_t *array, const char *uuid, const char *domain, const char *what,
	       uint64_t since_ns);

#endif
