// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * migration_rule.c - what holds of a migration: options, metadata, what was learned
 */
#include "cli/cmd.h"
#include "hypervisor/domain.h"
#include "migration.h"
#include "settings.h"

/* But for QEMU's own limit, which libvirt is asked for. */
void migration_set_limits(struct migration *m, struct mt_limits *limits)
{
	*limits = m->rule.limits;
	mt_experience_use(&m->experience, limits);
	mt_limits_resolve(limits);
	limits->qemu_limit_ms = MT_LIMIT_UNSET;
	limits->history = m->history_path ? &m->history : NULL;
	limits->before = m->profile_path ? &m->before : NULL;
	limits->auto_converge = m->how.auto_converge;
	limits->methods = mt_migrate_methods(&m->how) &
			  mt_methods_of(m->versions.libvirt_number, m->versions.qemu_number);
	/* More connections carry no more than the limit. */
	if (m->how.bandwidth_bytes_per_s)
		limits->methods &= ~(1U << MT_METHOD_MULTIFD);
	limits->clears_chunks = mt_domain_clears_chunks(&m->domain);
	limits->limitable_vcpus = mt_domain_limitable_vcpus(m->conn, &m->domain);
}

static void warn_line(const char *line, void *opaque)
{
	cmd_warn("%s", line);
}

static void note_line(const char *line, void *progress)
{
	progress_note(progress, line);
}

void migration_set_rule(struct migration *m)
{
	m->rule = m->options;
	if (!m->no_metadata)
		settings_take(&m->rule, m->conn, &m->domain, m->how.parallel, warn_line, NULL);
	if (m->rule.policy)
		m->policy = m->rule.policy;
	migration_set_limits(m, &m->limits);
}

/* Its metadata has changed meanwhile; the policy stays. */
bool migration_limits_now(struct mt_limits *limits, void *migration)
{
	struct migration *m = migration;

	m->rule = m->options;
	settings_take(&m->rule, m->conn, &m->domain, m->how.parallel, note_line, &m->progress);
	migration_set_limits(m, limits);
	/* Whether QEMU can flip was settled when it began. */
	limits->postcopy_allowed &= m->how.postcopy;
	return true;
}
