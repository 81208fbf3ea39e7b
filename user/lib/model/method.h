/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * method.h - the ways in which a guest can be migrated: one table (PURE)
 *
 * What a method wants of QEMU stands in its row: forecasts, the simulator, campaigns and whoever
 * migrates go by it.
 */
#ifndef MT_METHOD_H
#define MT_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

enum mt_method {
	MT_METHOD_PRECOPY,
	MT_METHOD_POSTCOPY,		/* flipped at once */
	MT_METHOD_HYBRID,		/* flipped after flip_after_passes */
	MT_METHOD_AUTOCONVERGE,
	MT_METHOD_XBZRLE,
	MT_METHOD_COMPRESSION,		/* of all pages, by threads */
	MT_METHOD_MULTIFD,
	MT_METHOD_ZSTD,			/* multifd, each connection compressed by its thread */
	MT_METHOD_COUNT
};

/* QEMU's capabilities, as a method wants them. */
struct mt_method_row {
	const char *name;
	const char *help;
	bool postcopy;			/* flips: */
	unsigned flip_after_passes;	/* finished; 0: as soon as QEMU takes it */
	bool auto_converge, xbzrle, compression;
	bool zstd;			/* of the channels */
	unsigned channels;		/* multifd; 0: off */
	/* The first with it, and without; as libvirt counts: 7.2.19 is 7002019; 0: none such. */
	unsigned long libvirt_from, qemu_from, qemu_until;
};

const struct mt_method_row *mt_method_at(size_t i);		/* by enum mt_method; NULL beyond
								 * the last */
const struct mt_method_row *mt_method_find(const char *name);	/* NULL: there is none */
const char *mt_method_name(enum mt_method method);		/* "precopy" ... */
MT_MUST_CHECK int mt_method_parse(const char *name, enum mt_method *method);	/* -EINVAL */
/* "precopy, postcopy, ..." */
const char *mt_method_names(char *buf, size_t size);

/*
 * What a migration that is made as @now says may be begun again with, in a bit each: encodings of
 * pages do not go with each other, nor post-copy with parallel connections.
 */
unsigned mt_method_beyond(const struct mt_method_row *now, bool postcopy_allowed);
/*
 * What of @methods is left once it is begun again with @used: QEMU encodes pages in one way only.
 */
unsigned mt_methods_left(unsigned methods, enum mt_method used);

/*
 * Those that libvirt and QEMU of these versions have, in a bit each. 0: not known: what came late
 * is left out, what went is not.
 */
unsigned mt_methods_of(unsigned long libvirt, unsigned long qemu);

/* 0: QEMU's default. */
struct mt_method_options {
	unsigned flip_after_passes;		/* hybrid; 0: 1 */
	double throttle_initial_percent, throttle_increment_percent;
	double xbzrle_cache_bytes;
	unsigned compress_level, compress_threads;
	unsigned channels;
};

#endif
