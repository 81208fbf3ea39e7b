// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report_lists.c - which lists a report for people has, and in which order
 */
#include "report.h"

static size_t several_migrations(const struct report *r)
{
	return r->n_migrations > 1 ? r->n_migrations : 0;
}

static size_t iterations(const struct report *r)
{
	return r->n_iterations;
}

#define COUNT_OF(name, type) \
	static size_t name(const struct report *r) \
	{ \
		return r->n_of[type]; \
	}

COUNT_OF(decisions, MT_ENTRY_DECISION)
COUNT_OF(events, MT_ENTRY_EVENT)
COUNT_OF(passes, MT_ENTRY_PASS)
COUNT_OF(dirty_rates, MT_ENTRY_DIRTYRATE)
COUNT_OF(profiles, MT_ENTRY_PROFILE)
COUNT_OF(curves, MT_ENTRY_CURVE)
COUNT_OF(vcpus, MT_ENTRY_VCPU)
COUNT_OF(works, MT_ENTRY_WORK)

static size_t classes(const struct report *r)
{
	return r->n_of[MT_ENTRY_SAMPLE] + r->n_of[MT_ENTRY_WORK];
}

static const struct report_list lists[] = {
	{ "Migrations", several_migrations, report_migrations },
	{ "Iterations", iterations, report_iterations },
	{ "Decisions", decisions, report_decisions },
	{ "Events", events, report_events },
	{ "Dirtied in each pass, by the kernel and by QEMU", passes, report_passes },
	{ "Dirty rate", dirty_rates, report_dirty_rates },
	{ "Profile", profiles, report_figures },
	{ "U(T), dirtied within a time T", curves, report_curve },
	{ "vCPUs", vcpus, report_vcpus },
	{ "What kind of work it did", classes, report_classes },
	{ "What else it did", works, report_work },
};

const struct report_list *report_list_at(size_t i)
{
	return i < MT_ARRAY_SIZE(lists) ? &lists[i] : NULL;
}
