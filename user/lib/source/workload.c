// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * workload.c - the columns of what a guest does, and the names of the probes (PURE)
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "workload.h"

const struct mt_work_info mt_work_schema[MT_WORK_COUNT] = {
#define X(field, unit_, probe_, help_) \
	[MT_WORK_##field] = { .name = #field, .unit = unit_, .help = help_, \
			      .probe = MT_PROBE_##probe_, \
			      .offset = offsetof(struct mt_work, field) },
	MT_WORK_FIELDS(X)
#undef X
};

_Static_assert(MT_WORK_COUNT <= 64, "struct mt_work.valid has a bit per field");

bool mt_work_get(const struct mt_work *w, enum mt_work_field f, uint64_t *value)
{
	if ((unsigned)f >= MT_WORK_COUNT || !((w->valid >> f) & 1))
		return false;
	memcpy(value, (const char *)w + mt_work_schema[f].offset, sizeof(*value));
	return true;
}

void mt_work_put(struct mt_work *w, enum mt_work_field f, uint64_t value)
{
	if ((unsigned)f >= MT_WORK_COUNT)
		return;
	memcpy((char *)w + mt_work_schema[f].offset, &value, sizeof(value));
	w->valid |= 1ULL << f;
}

void mt_work_fill(struct mt_work *work, const struct mt_work *other)
{
	for (unsigned f = 0; f < MT_WORK_COUNT; f++) {
		uint64_t v;

		if (!((work->valid >> f) & 1) && mt_work_get(other, (enum mt_work_field)f, &v))
			mt_work_put(work, (enum mt_work_field)f, v);
	}
}

bool mt_work_is_level(enum mt_work_field f)
{
	return f == MT_WORK_vcpus || f == MT_WORK_link_bytes_per_s ||
	       f == MT_WORK_disk_read_set_bytes;
}

bool mt_work_between(struct mt_work *work, const struct mt_work *before, const struct mt_work *now)
{
	bool fits = true;

	*work = (struct mt_work){ .t_ns = now->t_ns, .start_ns = before->t_ns };
	for (unsigned f = 0; f < MT_WORK_COUNT; f++) {
		enum mt_work_field field = (enum mt_work_field)f;
		uint64_t from, to;

		if (!mt_work_get(before, field, &from) || !mt_work_get(now, field, &to))
			continue;
		fits &= mt_work_is_level(field) ? to == from : to >= from;
		if (mt_work_is_level(field))
			mt_work_put(work, field, to);
		else if (to >= from)
			mt_work_put(work, field, to - from);
	}
	return fits;
}

struct mt_spare mt_spare_of(const struct mt_work *work)
{
	struct mt_spare spare = MT_SPARE_UNKNOWN;
	uint64_t idle_ns, sent_bytes, bytes_per_s;
	double s = ((double)work->t_ns - (double)work->start_ns) / MT_NS_PER_S;

	if (!(s > 0))
		return spare;
	if (mt_work_get(work, MT_WORK_host_idle_ns, &idle_ns))
		spare.cpus = (double)idle_ns / MT_NS_PER_S / s;
	if (mt_work_get(work, MT_WORK_link_sent_bytes, &sent_bytes) &&
	    mt_work_get(work, MT_WORK_link_bytes_per_s, &bytes_per_s))
		spare.link_bytes_per_s = fmax((double)bytes_per_s - (double)sent_bytes / s, 0);
	return spare;
}

static const char *const names[MT_PROBE_COUNT] = {
	[MT_PROBE_VCPU] = "vcpu", [MT_PROBE_NET] = "net", [MT_PROBE_DISK] = "disk",
	[MT_PROBE_POSTCOPY] = "postcopy",
};

const char *mt_probe_name(enum mt_probe probe)
{
	return names[probe];
}

static unsigned bits_of(const char *name, size_t len)
{
	if (len == strlen("all") && !memcmp(name, "all", len))
		return (1u << MT_PROBE_COUNT) - 1;
	for (unsigned i = 0; i < MT_PROBE_COUNT; i++)
		if (strlen(names[i]) == len && !memcmp(names[i], name, len))
			return 1u << i;
	return 0;
}

int mt_probes_parse(const char *list, unsigned *probes, struct mt_err *err)
{
	unsigned all = 0;

	for (const char *at = list;; at++) {
		size_t len = strcspn(at, ",");
		unsigned bits = bits_of(at, len);

		if (!bits)
			return mt_err_set(
				err, -EINVAL,
				"there is no probe \"%.*s\": vcpu, net, disk, postcopy, with commas between them, or all",
				(int)(len < 40 ? len : 40), at);
		all |= bits;
		at += len;
		if (!*at)
			break;
	}
	*probes = all;
	return 0;
}
