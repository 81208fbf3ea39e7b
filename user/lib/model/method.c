// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * method.c - the ways in which a guest can be migrated: one table (PURE)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "method.h"

static const struct mt_method_row rows[MT_METHOD_COUNT] = {
	[MT_METHOD_PRECOPY] = { .name = "precopy",
				.help = "passes until what is left fits the downtime limit" },
	[MT_METHOD_POSTCOPY] = { .name = "postcopy",
				 .help = "flipped as soon as QEMU takes it",
				 .postcopy = true },
	[MT_METHOD_HYBRID] = { .name = "hybrid",
			       .help = "flipped after a pass",
			       .postcopy = true,
			       .flip_after_passes = 1 },
	[MT_METHOD_AUTOCONVERGE] = { .name = "autoconverge",
				     .help = "pre-copy, and vCPUs slowed down until it converges",
				     .auto_converge = true },
	[MT_METHOD_XBZRLE] = { .name = "xbzrle",
			       .help = "pre-copy, and pages sent again as their difference",
			       .xbzrle = true },
	[MT_METHOD_COMPRESSION] = { .name = "compression",
				    .help = "pre-copy, and pages compressed by threads",
				    .compression = true,
				    /* deprecated in 8.2, and removed: commit 0222111a */
				    .qemu_until = 9001000 },
	[MT_METHOD_MULTIFD] = { .name = "multifd",
				.help = "pre-copy over parallel connections",
				.channels = 2 },
	[MT_METHOD_ZSTD] = { .name = "zstd",
			     .help = "pre-copy over parallel connections, compressed by zstd",
			     .compression = true,
			     .zstd = true,
			     .channels = 2,
			     /* "zstd" with VIR_MIGRATE_PARALLEL: commit 150ae3e62b */
			     .libvirt_from = 9004000,
			     /* multifd-compression, commit 87dc6f5f66 */
			     .qemu_from = 5000000 },
};

const struct mt_method_row *mt_method_at(size_t i)
{
	return i < MT_ARRAY_SIZE(rows) ? &rows[i] : NULL;
}

const struct mt_method_row *mt_method_find(const char *name)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

const char *mt_method_name(enum mt_method method)
{
	return (unsigned)method < MT_METHOD_COUNT ? rows[method].name : "unknown";
}

int mt_method_parse(const char *name, enum mt_method *method)
{
	const struct mt_method_row *row = mt_method_find(name);

	if (!row)
		return -EINVAL;
	*method = (enum mt_method)(row - rows);
	return 0;
}

const char *mt_method_names(char *buf, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows) && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i ? ", " : "", rows[i].name);
	return buf;
}

unsigned mt_methods_of(unsigned long libvirt, unsigned long qemu)
{
	unsigned methods = 0;

	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		if (libvirt >= rows[m].libvirt_from && qemu >= rows[m].qemu_from &&
		    (!rows[m].qemu_until || qemu < rows[m].qemu_until))
			methods |= 1U << m;
	return methods;
}

/* Pages go out in a way of their own, of which QEMU has one at a time. */
static bool encodes(const struct mt_method_row *row)
{
	return row->xbzrle || row->compression || row->channels;
}

unsigned mt_methods_left(unsigned methods, enum mt_method used)
{
	methods &= ~(1U << used);
	for (unsigned m = 0; m < MT_METHOD_COUNT; m++)
		if (encodes(&rows[used]) && encodes(&rows[m]))
			methods &= ~(1U << m);
	return methods;
}

unsigned mt_method_beyond(const struct mt_method_row *now, bool postcopy_allowed)
{
	unsigned methods = 0;

	if (!now->auto_converge)
		methods |= 1U << MT_METHOD_AUTOCONVERGE;
	if (encodes(now))
		return methods;
	methods |= 1U << MT_METHOD_XBZRLE | 1U << MT_METHOD_COMPRESSION;
	return postcopy_allowed ? methods :
				  methods | 1U << MT_METHOD_MULTIFD | 1U << MT_METHOD_ZSTD;
}
