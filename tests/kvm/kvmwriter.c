// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kvmwriter.c - a machine that dirties pages as told, for others to observe
 *
 * Prints one JSON object as it starts and one as it ends; what its own harvests
 * had is what an observer must have seen. `kvmwriter --help` lists the options.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "writer.h"
#include "zipf.h"

#define EXIT_SKIP	4		/* kselftest's: this cannot be done here */
#define GRACE_S		0.02		/* the last batch of a run that is on time */

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	interrupted = 1;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* Pages written by this many writes of one vCPU, in a slot of its own */
static double expected_distinct(const struct writer_options *o, const struct zipf *z, double writes)
{
	if (o->pattern == WRITER_SEQUENTIAL)
		return writes < o->pages ? writes : o->pages;
	return zipf_distinct(z, writes);
}

static void print_list(const char *name, const uint64_t *value, unsigned int n)
{
	printf(", \"%s\": [", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%" PRIu64, i ? ", " : "", value[i]);
	printf("]");
}

static void print_start(const struct writer_options *o, struct vm *vm, const struct zipf *z)
{
	static const double spans_s[] = { 0.01, 0.1, 1, 10 };

	printf("{\"event\": \"start\", \"pid\": %d, \"vm_fd\": %d, \"vcpu_fds\": [", getpid(),
	       vm_vm_fd(vm));
	for (unsigned int i = 0; i < o->vm.vcpus; i++)
		printf("%s%d", i ? ", " : "", vm_vcpu_fd(vm, i));
	printf("], \"mode\": \"%s\", \"vcpus\": %u", writer_modes[o->vm.mode], o->vm.vcpus);
	if (o->vm.mode == VM_RING)
		printf(", \"ring_entries\": %u, \"full\": \"%s\"", o->vm.ring_entries,
		       writer_fulls[o->vm.full]);
	printf(", \"slots\": [");
	for (unsigned int i = 0; i < o->slots; i++)
		printf("%s{\"id\": %u, \"gfn\": %" PRIu64 ", \"pages\": %" PRIu64 "}",
		       i ? ", " : "", o->vm.slot[i].id, vm_slot_gfn(vm, o->vm.slot[i].id, 0),
		       o->pages);
	printf("], \"pattern\": \"%s\", \"rate\": %g, \"duration_s\": %g, \"reap_ms\": %u",
	       writer_patterns[o->pattern], o->rate, o->duration_s, o->reap_ms);
	if (o->pattern == WRITER_ZIPF)
		printf(", \"p\": \"r^-s / H; rank r, from 1, is page (r - 1) * step mod n\", \"s\": %g, \"H\": %.17g"
		       ", \"step\": %" PRIu64, z->s, z->harmonic, z->step);
	printf(", \"U\": \"%s\"",
	       o->pattern == WRITER_SEQUENTIAL ? "min(m, n)" : "sum over r of 1 - (1 - p(r))^m");
	/* What one vCPU dirties in these times: the curve that an observer should find */
	for (size_t i = 0; o->rate > 0 && i < sizeof(spans_s) / sizeof(spans_s[0]); i++)
		printf("%s\"%g\": %.1f%s", i ? ", " : ", \"U_per_vcpu\": {", spans_s[i],
		       expected_distinct(o, z, o->rate / o->vm.vcpus * spans_s[i]),
		       i == 3 ? "}" : "");
	printf("}\n");
	fflush(stdout);
}

static void print_end(const struct writer_options *o, struct vm *vm, const struct zipf *z,
		      double elapsed_s)
{
	uint64_t written[VM_VCPUS_MAX], total = 0;
	double distinct = 0;
	struct vm_stats s;

	vm_stats(vm, &s);
	for (unsigned int i = 0; i < o->vm.vcpus; i++) {
		written[i] = vm_written(vm, i);
		total += written[i];
		distinct += expected_distinct(o, z, written[i]);
	}
	printf("{\"event\": \"end\", \"elapsed_s\": %.6f, \"writes_per_s\": %.1f", elapsed_s,
	       total / elapsed_s);
	print_list("written", written, o->vm.vcpus);
	if (o->vm.mode == VM_RING) {
		print_list("pushed", s.pushed, o->vm.vcpus);
		print_list("ring_full", s.ring_full, o->vm.vcpus);
	}
	printf(", \"harvested\": %" PRIu64 ", \"harvested_hash\": \"%016" PRIx64 "\"", s.harvested,
	       s.harvested_hash);
	printf(", \"distinct\": %" PRIu64 ", \"distinct_hash\": \"%016" PRIx64 "\"", s.distinct,
	       s.distinct_hash);
	if (o->slots == o->vm.vcpus)
		printf(", \"expected_distinct\": %.1f", distinct);
	printf(", \"harvests\": %" PRIu64 ", \"stray\": %" PRIu64 "}\n", s.harvests, s.stray);
	fflush(stdout);
}

static void hold(const struct writer_options *o)
{
	int c;

	while (o->hold && !interrupted && (c = getchar()) != EOF && c != '\n')
		;
}

static int begin(const struct writer_options *o, struct vm *vm, const struct pattern_alias *table)
{
	uint64_t count = llround(o->rate * o->duration_s), n = o->vm.vcpus;
	int err = 0;

	for (unsigned int i = 0; !err && i < n; i++) {
		struct vm_run run = { .rate = o->rate / n,
				      .table = table,
				      .count = VM_COUNT_ENDLESS };
		enum pattern_kind kind = PATTERN_UNIFORM;

		if (table)
			kind = PATTERN_ALIAS;
		else if (o->pattern == WRITER_SEQUENTIAL)
			kind = PATTERN_SEQUENTIAL;
		if (o->rate > 0)
			run.count = count / n + (i < count % n);
		run.first_gfn = vm_slot_gfn(vm, o->vm.slot[o->slots > 1 ? i : 0].id, 0);
		pattern_init(&run.pattern, kind, o->pages, o->seed + i);
		err = vm_run_begin(vm, i, &run);
	}
	return err;
}

/* In time or cut short; a vCPU in front of its full ring needs a harvest to end. */
static int finish(const struct writer_options *o, struct vm *vm, double deadline_s)
{
	int err = 0;

	for (unsigned int i = 0; i < o->vm.vcpus; i++) {
		while (!interrupted && now_s() < deadline_s && vm_wait(vm, i, 10) == -ETIMEDOUT)
			;
		vm_cancel(vm, i);
	}
	for (unsigned int i = 0; !err && i < o->vm.vcpus; i++)
		while (!err && vm_wait(vm, i, 100) == -ETIMEDOUT)
			err = vm_harvest(vm, NULL, 0);
	for (unsigned int i = 0; !err && i < o->vm.vcpus; i++)
		err = vm_wait(vm, i, 0);
	return err;
}

static int run(const struct writer_options *o, struct vm *vm, const struct zipf *z,
	       const struct pattern_alias *table)
{
	double start_s, elapsed_s;
	int err;

	/* Before anybody observes: the harvest that has all pages, where they start dirty */
	err = o->vm.mode == VM_BITMAP_INITIALLY_SET ? vm_harvest(vm, NULL, 0) : 0;
	vm_stats_reset(vm);
	print_start(o, vm, z);
	hold(o);
	start_s = now_s();
	if (!err && o->reap_ms)
		err = vm_reaper_start(vm, o->reap_ms);
	if (!err)
		err = begin(o, vm, table);
	if (!err)
		err = finish(o, vm, start_s + o->duration_s + (o->rate > 0 ? GRACE_S : 0));
	elapsed_s = now_s() - start_s;
	if (!err)
		err = vm_reaper_stop(vm);
	if (!err)
		err = vm_harvest(vm, NULL, 0);
	if (err)
		return err;
	print_end(o, vm, z, elapsed_s);
	hold(o);
	return 0;
}

int main(int argc, char **argv)
{
	struct writer_options o;
	struct sigaction act = { .sa_handler = on_signal };
	struct pattern_alias *table = NULL;
	const char *why;
	struct zipf z;
	struct vm *vm;
	int err;

	writer_options_parse(&o, argc, argv);
	why = vm_unsupported(o.vm.mode);
	if (why) {
		fprintf(stderr, "kvmwriter: %s\n", why);
		return EXIT_SKIP;
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);

	err = zipf_init(&z, o.pages, o.pattern == WRITER_ZIPF ? o.exponent : 0);
	if (!err && o.pattern == WRITER_ZIPF) {
		table = zipf_table(&z);
		err = table ? 0 : -ENOMEM;
	}
	if (!err)
		err = vm_open(&vm, &o.vm);
	if (!err) {
		err = vm_start(vm);
		if (!err)
			err = run(&o, vm, &z, table);
		vm_close(vm);
	}
	free(table);
	if (err)
		fprintf(stderr, "kvmwriter: %s\n", strerror(-err));
	return err ? 1 : 0;
}
