// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domainsource.c - a kernel source on a guest of libvirt's
 */
#include <errno.h>
#include <string.h>

#include "base/units.h"
#include "hypervisor/versions.h"
#include "hypervisor/vmm.h"
#include "domainsource.h"

#define GIB	(1024 * MT_MIB)

/*
 * Each has a tick that fits guests up to some size, and grows with those beyond: so a core's
 * share that a session takes stays about the same, some percent.
 */
static const struct {
	uint64_t tick_ns, max_ns;
	uint64_t window_ns;	/* QEMU's reaper resets rings every second, and each sync of a
				 * migration does */
	uint64_t gib;		/* up to which the tick stays; 0: whatever the size */
	unsigned records;
} uses[] = {
	[MT_SESSION_FINE] = { MT_NS_PER_MS, 20 * MT_NS_PER_MS, 900 * MT_NS_PER_MS, 4, 4096 },
	[MT_SESSION_PAGES] = { 50 * MT_NS_PER_MS, 100 * MT_NS_PER_MS, 900 * MT_NS_PER_MS, 16,
			       1024 },
	[MT_SESSION_PASSES] = { 50 * MT_NS_PER_MS, 100 * MT_NS_PER_MS, 100 * MT_NS_PER_MS, 16,
				1024 },
	[MT_SESSION_RATES] = { 100 * MT_NS_PER_MS, 100 * MT_NS_PER_MS, 900 * MT_NS_PER_MS, 0,
			       1024 },
};

uint64_t mt_session_tick_ns(enum mt_session_use use, const struct mt_domain_info *d)
{
	uint64_t gib = (d->memory_bytes + GIB - 1) / GIB, tick_ns = uses[use].tick_ns;

	/* A ring is as long as what was dirtied, not as the guest is large. */
	if (!uses[use].gib || (use == MT_SESSION_FINE && d->dirty_ring_entries))
		return tick_ns;
	if (gib > uses[use].gib)
		tick_ns *= (gib + uses[use].gib - 1) / uses[use].gib;
	return tick_ns < uses[use].max_ns ? tick_ns : uses[use].max_ns;
}

int mt_domain_source_open(struct mt_conn *c, const struct mt_domain_info *d, const char *name,
			  enum mt_session_use use, uint64_t tick_ns, struct mt_source **source,
			  struct mt_err *err)
{
	struct mt_source_params params = {
		.tick_ns = tick_ns ? tick_ns : mt_session_tick_ns(use, d),
		.window_ns = uses[use].window_ns,
		.vcpus = d->vcpus < MIGTRACE_VCPUS_MAX ? d->vcpus : MIGTRACE_VCPUS_MAX,
		.records = uses[use].records,
	};
	int rc;

	*source = NULL;
	if (!mt_versions_uri_is_local(mt_conn_uri(c)))
		return mt_err_set(
			err, -EREMOTE,
			"%s is on another host: kernel sources see the guests of their own",
			d->name);
	if (strcmp(d->type, "kvm"))
		return mt_err_set(err, -EOPNOTSUPP,
				  "%s is not a KVM guest: its dirty pages are not logged", d->name);
	rc = mt_vmm_pid(NULL, d->name, d->uuid, &params.vmm_pid, err);
	return rc ? rc : mt_source_open(name, &params, source, err);
}

bool mt_source_is_libvirt(const char *name)
{
	return name && !strcmp(name, "libvirt");
}

void mt_source_describe(const struct mt_source *source, char *buf, size_t size)
{
	char tick[MT_UNIT_STR];

	snprintf(buf, size, "%s, %s, ticks of %s%s%s", source->ops->name,
		 mt_source_mode_name(source->mode),
		 mt_format_duration_ms(tick, source->tick_ns / 1e6),
		 *source->why_not_better ? "; no better: " : "", source->why_not_better);
}
