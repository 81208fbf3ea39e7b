/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * migrate.h - a live migration that we start ourselves
 *
 * libvirt's migration call lasts as long as the migration, so it runs on a
 * thread of its own; that it returned, and with what error, is an event
 * like the others.
 */
#ifndef MT_MIGRATE_H
#define MT_MIGRATE_H

#include <stdbool.h>

#include "hypervisor/conn.h"
#include "model/method.h"

enum mt_compression {
	MT_COMPRESSION_NONE,
	MT_COMPRESSION_XBZRLE,			/* differences to what was sent before, as far as a
						 * cache remembers it */
	MT_COMPRESSION_MT,			/* zlib on several threads; QEMU before 9.1 */
	MT_COMPRESSION_ZSTD,			/* of parallel connections; libvirt from 9.4 on */
	MT_COMPRESSION_COUNT
};

/* As libvirt calls them: "none", "xbzrle", "mt", "zstd". Parse: -EINVAL if unknown. */
const char *mt_compression_name(enum mt_compression c);
int mt_compression_parse(const char *name, enum mt_compression *c);

struct mt_migrate_options {
	const char *destination_uri;		/* of the libvirtd there */
	const char *migrate_uri;		/* of the data, tcp://HOST[:PORT]; NULL: libvirt
						 * asks the destination for its name */
	uint64_t bandwidth_bytes_per_s;		/* 0: libvirt's default. Whole MiB/s, see
						 * mt_migrate_rounding() */
	uint64_t postcopy_bandwidth_bytes_per_s; /* likewise */
	bool postcopy;				/* allow a flip; does not start one */
	unsigned parallel;			/* connections; 0: one, without multifd */
	bool auto_converge;			/* QEMU throttles the guest */
	unsigned throttle_initial_percent;	/* of auto-converge, 1 to 99; 0: QEMU's default,
						 * 20 */
	unsigned throttle_increment_percent;	/* likewise; 10 */
	enum mt_compression compression;
	uint64_t xbzrle_cache_bytes;		/* 0: QEMU's default, 64 MiB */
	unsigned compress_level;		/* of mt, 1 to 9; 0: QEMU's default, 1 */
	unsigned compress_threads;		/* of mt; 0: QEMU's default, 8 to compress and 2 to
						 * decompress */
	bool persistent;			/* define it at the destination */
	bool undefine_source;
	bool direct;				/* this client leads, not the source's libvirtd:
						 * dies with us */
	bool unsafe;				/* also when libvirt considers the disks' caches
						 * unsafe */
};

/*
 * Everything that can be refused before anything starts, with the reason.
 * @uuid: of a domain on @conn.
 *
 * Return: 0; -EINVAL options that do not go together, or destination and source are the
 * same host; -ENOENT no such domain; -EBUSY it does not run, or migrates already;
 * -EEXIST it is there already; -ECONNREFUSED, -EACCES ... the destination cannot be asked.
 */
MT_MUST_CHECK int mt_migrate_check(struct mt_conn *conn, const char *uuid,
				   const struct mt_migrate_options *options, struct mt_err *err);

/*
 * libvirt counts bandwidth in MiB/s. Return: a sentence in @buf on what is rounded, or NULL when
 * nothing is.
 */
const char *mt_migrate_rounding(const struct mt_migrate_options *options, char *buf, size_t size);

/*
 * Methods that a migration of these options may be begun again with, 1U << enum mt_method; and the
 * options for one of them: what was asked for stays. @throttle_percent 0: QEMU's default.
 */
unsigned mt_migrate_methods(const struct mt_migrate_options *options);
void mt_migrate_use(struct mt_migrate_options *options, enum mt_method method,
		    unsigned throttle_percent);

struct mt_migrate;

/**
 * mt_migrate_start() - start it; mt_migrate_check() first
 * @done: called once on the migration's thread with MT_EVENT_MIGRATE_DONE: ->detail 0,
 *	  or -1 and ->text; mt_inbox_post() fits
 *
 * @options are copied. Subscribe before. Return: 0 once the thread runs.
 */
MT_MUST_CHECK int mt_migrate_start(struct mt_migrate **m, struct mt_conn *conn, const char *uuid,
				   const struct mt_migrate_options *options,
				   mt_event_fn done, void *opaque, struct mt_err *err);


/*
 * Lets go. Waits for the call to return, up to @timeout_ms; then the thread is left to itself,
 * and @done is not called any more. Return: 0; -ETIMEDOUT when left; the migration goes on (unless
 * direct and the process ends).
 */
int mt_migrate_free(struct mt_migrate *m, uint64_t timeout_ms);

#endif
