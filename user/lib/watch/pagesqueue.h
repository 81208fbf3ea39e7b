/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pagesqueue.h - sets of pages on their way from the thread that reads them to the one that records
 */
#ifndef MT_PAGESQUEUE_H
#define MT_PAGESQUEUE_H

#include <pthread.h>

#include "store/record.h"
#include "ticker.h"

struct mt_pagesqueue {
	pthread_mutex_t lock;
	struct mt_record_pages *entries;	/* their texts are ours */
	size_t n, room;
	uint64_t end_ns;		/* of the last set; 0: what comes next does not go on from
					 * one */
	bool lost;			/* no memory, for some */
};

void mt_pagesqueue_init(struct mt_pagesqueue *q);
void mt_pagesqueue_fini(struct mt_pagesqueue *q);
void mt_pagesqueue_add(struct mt_pagesqueue *q, const struct mt_seen *seen);
/* All that is there, oldest first. Return: the recorder's error, or -ENOMEM. */
MT_MUST_CHECK int mt_pagesqueue_record(struct mt_pagesqueue *q, struct mt_recorder *r);

#endif
