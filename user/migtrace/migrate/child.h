/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * child.h - how a migration starts processes beside its own
 */
#ifndef CHILD_H
#define CHILD_H

#include <spawn.h>

#include "base/cleanup.h"

/*
 * In a session of its own, which no key of the terminal reaches, with all signals as at the
 * beginning. Return: 0 or an errno, as posix_spawn(3).
 */
MT_MUST_CHECK int child_attributes(posix_spawnattr_t *attr);

#endif
