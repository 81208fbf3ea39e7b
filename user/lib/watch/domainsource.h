/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * domainsource.h - a kernel source on a guest of libvirt's
 */
#ifndef MT_DOMAINSOURCE_H
#define MT_DOMAINSOURCE_H

#include "hypervisor/domain.h"
#include "source/source.h"

/* What a session is for, from which its tick follows where none is given. */
enum mt_session_use {
	MT_SESSION_FINE,	/* U(T) from its shortest T on */
	MT_SESSION_PAGES,	/* sets of pages: each tick's are copied */
	MT_SESSION_PASSES,	/* sets of pages during a migration */
	MT_SESSION_RATES,	/* counts for a person to look at */
};

/*
 * A tick that the guest's size makes cheap enough: scanning a bitmap costs some 43,000
 * instructions a GiB and tick, copying a set 32 KiB a GiB.
 */
uint64_t mt_session_tick_ns(enum mt_session_use use, const struct mt_domain_info *d);

/**
 * mt_domain_source_open() - open a kernel source on a guest
 * @c: the connection it is on: sources see the guests of their own host only
 * @name: as in mt_source_open()
 * @tick_ns: 0: by @use
 *
 * Asks libvirt nothing. Return: as mt_source_open(); -EREMOTE the guest is on another host;
 * -EOPNOTSUPP it is no KVM guest.
 */
MT_MUST_CHECK int mt_domain_source_open(struct mt_conn *c, const struct mt_domain_info *d,
					const char *name, enum mt_session_use use, uint64_t tick_ns,
					struct mt_source **source, struct mt_err *err);

/* No kernel source is wanted: what QEMU tells through libvirt has to do. */
bool mt_source_is_libvirt(const char *name);

/* "kmod, ring, 10 ms ticks; no better: ..." */
void mt_source_describe(const struct mt_source *source, char *buf, size_t size);

#endif
