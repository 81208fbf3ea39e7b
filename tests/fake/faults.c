// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faults.c - what goes wrong with calls, events and figures, and when
 */
#include <string.h>

#include "faults.h"
#include "trace.h"

const char *const fake_fault_names[FAKE_FAULT_KINDS] = {
	"none",
	"call fails",
	"call is slow",
	"call does nothing",
	"call never answers",
	"event lost",
	"event late",
	"event doubled",
	"figures stale",
	"figures contradictory",
	"figures of another job",
	"clock jumps at each look",
};

const char *const fake_call_names[FAKE_CALL_COUNT] = {
#define X(name, text) text,
	FAKE_CALLS(X)
#undef X
};

static struct fake_fault faults[FAKE_FAULTS];
static size_t n;

struct fake_fault *fake_fault_add(const struct fake_fault *f)
{
	struct fake_fault *added = NULL;

	fake_lock();
	if (n < FAKE_FAULTS) {
		faults[n] = *f;
		added = &faults[n++];
	}
	fake_release();
	return added;
}

void fake_faults_reset(void)
{
	n = 0;
}

const struct fake_fault *fake_fault_at(size_t i)
{
	return i < n ? &faults[i] : NULL;
}

static bool is_on(const struct fake_fault *f, const struct fake_guest *g, uint64_t now_ns)
{
	return now_ns >= f->from_ns && now_ns < f->until_ns && (!f->times || f->hit < f->times) &&
	       (f->guest < 0 || (g && (size_t)f->guest == g->index));
}

static struct fake_fault *hit(struct fake_fault *f)
{
	char what[64];

	if (f->percent && !fake_chance(f->percent))
		return NULL;
	f->hit++;
	if (f->kind <= FAKE_FAULT_NEVER) {
		snprintf(what, sizeof(what), "%s: %s", fake_fault_names[f->kind],
			 f->call < FAKE_CALL_COUNT ? fake_call_names[f->call] : "any");
		fake_count(what);
	}
	fake_count(fake_fault_names[f->kind]);
	return f;
}

struct fake_fault *fake_fault_call(enum fake_call call, const struct fake_guest *g)
{
	for (size_t i = 0; i < n; i++)
		if (faults[i].kind <= FAKE_FAULT_NEVER && is_on(&faults[i], g, mt_now_ns()) &&
		    (faults[i].call == call || faults[i].call == FAKE_CALL_COUNT))
			return hit(&faults[i]);
	return NULL;
}

struct fake_fault *fake_fault_event(const struct fake_guest *g, enum fake_fault_kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (faults[i].kind == kind && is_on(&faults[i], g, mt_now_ns()))
			return hit(&faults[i]);
	return NULL;
}

struct fake_fault *fake_fault_figures(const struct fake_guest *g, enum fake_call call)
{
	for (size_t i = 0; i < n; i++)
		if (faults[i].kind >= FAKE_FAULT_STALE &&
		    (faults[i].call != FAKE_CALL_WORK || call == FAKE_CALL_WORK) &&
		    is_on(&faults[i], g, mt_now_ns()))
			return hit(&faults[i]);
	return NULL;
}

bool fake_fault_hinders(const struct fake_guest *g, uint64_t now_ns)
{
	for (size_t i = 0; i < n; i++) {
		const struct fake_fault *f = &faults[i];

		if (f->kind > FAKE_FAULT_NEVER || f->times || !is_on(f, g, now_ns) ||
		    (f->kind == FAKE_FAULT_SLOW && f->ms < 1000))
			continue;
		if (f->call == FAKE_CALL_COUNT || f->call == FAKE_CALL_ABORT ||
		    f->call == FAKE_CALL_RESUME || f->call == FAKE_CALL_STATE ||
		    f->call == FAKE_CALL_INFO || f->call == FAKE_CALL_SAMPLE ||
		    f->call == FAKE_CALL_WORK ||
		    f->call == FAKE_CALL_MIGRATE_STATUS || f->call == FAKE_CALL_OPEN)
			return true;
	}
	return false;
}

void fake_fault_print(const struct fake_fault *f, FILE *to)
{
	fprintf(to, "%s", fake_fault_names[f->kind]);
	if (f->kind <= FAKE_FAULT_NEVER)
		fprintf(to, " (%s)", f->call < FAKE_CALL_COUNT ? fake_call_names[f->call] : "any");
	if (f->error)
		fprintf(to, ", %s", strerror(-f->error));
	if (f->ms)
		fprintf(to, ", %llu ms", (unsigned long long)f->ms);
	if (f->times)
		fprintf(to, ", %u times", f->times);
	if (f->percent)
		fprintf(to, ", %u %%", f->percent);
	if (f->guest >= 0)
		fprintf(to, ", guest %d", f->guest);
	fprintf(to, "%s%s\n", f->late ? ", after it was done" : "",
		f->for_ever ? ", for ever" : "");
}
