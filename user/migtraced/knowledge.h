/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * knowledge.h - what this host's own migrations have taught, for whoever supervises the next
 *
 * Kept next to the recordings (experience.h), and made anew from them on a thread of its own when
 * one has ended: nobody waits for that, nor for a disk.
 */
#ifndef MIGTRACED_KNOWLEDGE_H
#define MIGTRACED_KNOWLEDGE_H

#include "store/experience.h"
#include "store/trained_file.h"

struct knowledge;

/*
 * @directory: of recordings. NULL: nothing is recorded, so nothing learned; or, told in the log, no
 * memory, no thread.
 */
struct knowledge *knowledge_new(const char *directory);
/* A recording has ended. NULL is fine, likewise below. */
void knowledge_learn(struct knowledge *k);
/* A copy, the caller's to free(). NULL: nothing was learned, or no memory. */
struct mt_experience *knowledge_get(struct knowledge *k);
/*
 * What `migtrace train` has put beside the recordings, as it was when the daemon began. NULL: there
 * is none, or not yet. It stays until knowledge_stop().
 */
const struct mt_trained *knowledge_trained(struct knowledge *k);
/* Return: false when its thread has not ended by @until_ns; then nothing is freed. */
bool knowledge_stop(struct knowledge *k, uint64_t until_ns);

#endif
