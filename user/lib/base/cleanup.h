/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cleanup.h - scope-bound release, for user space
 */
#ifndef MT_CLEANUP_H
#define MT_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MT_CLEANUP(fn)		__attribute__((cleanup(fn)))
#define MT_MUST_CHECK		__attribute__((warn_unused_result))
#define MT_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline void mt_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void mt_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void mt_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define mt_autofree	MT_CLEANUP(mt_cleanup_free)
#define mt_autoclose	MT_CLEANUP(mt_cleanup_close)
#define mt_autofclose	MT_CLEANUP(mt_cleanup_fclose)

#endif
