// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_curve.c - U(T), the distinct pages written in the first T of a window
 *
 *	test_curve [--rate PAGES/S] [--short N] [--long-ms MS] [--long N] [--seed N]
 *
 * Scripted writes: each record has exactly the pages written so far, wherever no write was under
 * way. Random ones, uniform and by Zipf's law: window_pages as the mean over windows that begin
 * clean, N short ones (100 ms) and N long ones, against what the guest had written by the record's
 * time, by its own count: the distinct pages of that sequence of writes, and the closed
 * form for so many. The latter is judged only if there are windows enough for chance to even out.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "../kvm/zipf.h"
#include "kmodtest.h"

#define PAGES		4096
#define TICK_NS		(5 * WATCH_MS)
#define SHORT_MS	100
#define LIMIT_S		600
#define SAMPLES		(1U << 18)
#define RECORDS		65536
#define WRITES_MAX	(1U << 20)
#define STEPS		12
#define LATE_NS		(TICK_NS / 10)
#define GAP_MAX_NS	(2 * WATCH_MS)
#define RECORDS_MIN	5		/* in a bin */
#define EVEN_WINDOWS	40
#define MEDIAN_PERCENT	3.0
#define MAX_PERCENT	8.0

/* ---- scripted writes ---- */

struct step {
	uint64_t begun_ns, done_ns, distinct;
};

struct seen {
	uint64_t start_ns, end_ns, pages, window;
	bool valid;
};

static struct seen seen[RECORDS];
static unsigned int seen_count;

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	if (seen_count < RECORDS)
		seen[seen_count++] = (struct seen){
			r->start_ns,
			r->end_ns,
			r->window_pages,
			r->window,
			r->valid & MIGTRACE_VALID_WINDOW,
		};
}

/*
 * What a record may say: pages written before its tick began are in it, and none that came after it
 * ended.
 */
static void check_record(const struct seen *s, const struct step *steps, unsigned int *exact)
{
	uint64_t least = 0, most = 0;

	for (unsigned int i = 0; i < STEPS; i++) {
		if (steps[i].done_ns <= s->start_ns)
			least = steps[i].distinct;
		if (steps[i].begun_ns <= s->end_ns)
			most = steps[i].distinct;
	}
	*exact += least == most;
	CHECK(s->valid);
	CHECK(s->pages >= least);
	CHECK(s->pages <= most);
}

static void run_script(enum vm_mode mode)
{
	struct vm_params params = { .mode = mode,
				    .vcpus = 2,
				    .ring_entries = 16384,
				    .slot = { { .id = 3, .pages = PAGES, .logging = true },
					      { .id = 70, .pages = 77, .logging = true } } };
	static uint64_t gfns[PAGES];
	struct step steps[STEPS];
	unsigned int exact = 0;
	struct oracle o;
	struct watch w;
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	KMODTEST_WATCH(vm, w, TICK_NS, 0);
	KMODTEST_CLEAN(vm, w, 70);
	o = oracle_new(vm, 3);
	seen_count = 0;
	w.on_record = on_record;
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int n = 1 + i * i * 7;

		for (unsigned int j = 0; j < n; j++) {
			uint64_t page = (j * 2654435761U + i * 37) % PAGES;

			gfns[j] = vm_slot_gfn(vm, 3, page);
			oracle_mark(&o, page);
		}
		steps[i].begun_ns = watch_now_ns();
		steps[i].distinct = o.count;
		CHECK_INT(vm_write(vm, i % 2, gfns, n), 0);
		steps[i].done_ns = watch_now_ns();
		/*
		 * The window goes on: a page that is written again is logged again, but is none
		 * more.
		 */
		if (i % 3 == 2)
			CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		CHECK_INT(w.last.record.window_pages, o.count);
		usleep(10000 + i * 1000);
	}
	CHECK_INT(watch_settle(&w), 0);
	for (unsigned int i = 0; i < seen_count && !ktap_failed; i++)
		check_record(&seen[i], steps, &exact);
	printf("# %s: %u records, %u of them with no write under way, all exact; %lu pages\n",
	       vmtest_mode_name[mode], seen_count, exact, o.count);
	CHECK(exact > STEPS);
	oracle_free(&o);
	KMODTEST_CLOSE(vm, w);
}

static void test_script(void)
{
	for (enum vm_mode m = VM_RING;
	     m <= VM_BITMAP_INITIALLY_SET && !ktap_failed && !ktap_skip_reason; m++)
		run_script(m);
}

/* ---- random writes ---- */

static double rate = 4000;
static unsigned int short_windows = 10, long_windows = 1, long_ms = 1000;
static uint64_t seed = 1;

/* The guest's own count of its writes, over time */
static struct sample {
	uint64_t ns, writes;
} samples[SAMPLES];
static unsigned int sample_count;
static bool sampling;

static void *sample(void *arg)
{
	struct vm *vm = arg;

	while (__atomic_load_n(&sampling, __ATOMIC_RELAXED) && sample_count < SAMPLES) {
		uint64_t before = watch_now_ns(), writes = vm_written(vm, 0);

		samples[sample_count] = (struct sample){ (before + watch_now_ns()) / 2, writes };
		sample_count++;
		usleep(500);
	}
	return NULL;
}

/* Writes done by then; gap_ns: between which samples */
static double writes_at(uint64_t ns, uint64_t *gap_ns)
{
	unsigned int low = 0, high = sample_count - 1;
	const struct sample *a, *b;

	while (high - low > 1) {
		unsigned int middle = (low + high) / 2;

		if (samples[middle].ns <= ns)
			low = middle;
		else
			high = middle;
	}
	a = &samples[low];
	b = &samples[high];
	*gap_ns = b->ns - a->ns;
	if (ns >= b->ns)
		return b->writes;
	return ns <= a->ns ?
		       a->writes :
		       a->writes + (double)(b->writes - a->writes) * (ns - a->ns) / (b->ns - a->ns);
}

static const unsigned int bin_ms[] = { 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000 };

#define BINS (sizeof(bin_ms) / sizeof(bin_ms[0]))

static unsigned int discarded;

struct bin {
	double measured, sequence, closed;
	unsigned int records;
};

/* What the guest wrote: distinct pages after each write */
static uint32_t distinct[WRITES_MAX + 1];

static void replay(const struct vm_run *run, uint64_t writes)
{
	static uint8_t hit[PAGES];
	struct pattern p = run->pattern;

	memset(hit, 0, sizeof(hit));
	for (uint64_t i = 0; i < writes && i < WRITES_MAX; i++) {
		uint64_t page = pattern_next(&p, run->table);

		distinct[i + 1] = distinct[i] + !hit[page];
		hit[page] = 1;
	}
}

/*
 * Adds a window's records to the bins that they are near. Not those of ticks that came late,
 * or without a sample nearby: nobody knows when exactly they, or the guest, had been looked at.
 */
static void add_window(struct bin *bins, const struct zipf *z, uint64_t from_ns,
		       uint64_t writes_before)
{
	for (unsigned int i = 0; sample_count > 1 && i < seen_count; i++) {
		double ms = ((double)seen[i].end_ns - from_ns) / 1e6, writes;
		int64_t late_ns = seen[i].end_ns - seen[i].start_ns - TICK_NS;
		uint64_t gap_ns;

		writes = writes_at(seen[i].end_ns, &gap_ns) - writes_before;
		if (llabs(late_ns) > LATE_NS || gap_ns > GAP_MAX_NS || writes >= WRITES_MAX) {
			discarded++;
			continue;
		}
		for (unsigned int b = 0; b < BINS; b++) {
			if (ms < bin_ms[b] * 0.8 || ms > bin_ms[b] * 1.2)
				continue;
			bins[b].measured += seen[i].pages;
			bins[b].sequence += distinct[(uint64_t)(writes + 0.5)];
			bins[b].closed += zipf_distinct(z, writes);
			bins[b].records++;
		}
	}
}

static void run_window(struct vm *vm, struct watch *w, const struct zipf *z,
		       const struct pattern_alias *table, unsigned int ms, struct bin *bins)
{
	struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, 0),
			      .count = VM_COUNT_ENDLESS,
			      .rate = rate,
			      .table = table };
	uint64_t from_ns, before, window;
	pthread_t sampler;

	pattern_init(&run.pattern, table ? PATTERN_ALIAS : PATTERN_UNIFORM, PAGES, seed++);
	CHECK_INT(watch_new_window(w), 0);
	CHECK_INT(vm_run_pattern(vm, 0, 70, PATTERN_SEQUENTIAL, 1, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(w), 0);
	CHECK_INT(w->last.record.window_pages, 0);
	window = w->last.record.window;

	seen_count = sample_count = 0;
	before = vm_written(vm, 0);
	__atomic_store_n(&sampling, true, __ATOMIC_RELAXED);
	CHECK_INT(pthread_create(&sampler, NULL, sample, vm), 0);
	from_ns = watch_now_ns();
	CHECK_INT(vm_run_begin(vm, 0, &run), 0);
	while (watch_now_ns() < from_ns + ms * WATCH_MS) {
		usleep(20000);
		watch_drain(w);
	}
	vm_cancel(vm, 0);
	CHECK_INT(vm_wait(vm, 0, 10000), 0);
	__atomic_store_n(&sampling, false, __ATOMIC_RELAXED);
	pthread_join(sampler, NULL);
	CHECK_INT(watch_settle(w), 0);
	CHECK_INT(w->last.record.window, window);
	CHECK(w->last.record.valid & MIGTRACE_VALID_WINDOW);
	replay(&run, vm_written(vm, 0) - before);
	add_window(bins, z, from_ns, before);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void judge_errors(const char *against, double *errors, unsigned int n, bool judged)
{
	qsort(errors, n, sizeof(errors[0]), by_size);
	printf("# against the %s: median error %.2f %%, largest %.2f %%%s\n", against,
	       errors[n / 2], errors[n - 1], judged ? "" : " (too few windows to be judged)");
	CHECK(!judged || errors[n / 2] <= MEDIAN_PERCENT);
	CHECK(!judged || errors[n - 1] <= MAX_PERCENT);
}

static void judge(const struct bin *bins)
{
	double sequence[BINS], closed[BINS];
	unsigned int n = 0;

	printf("# %8s %8s %10s %20s %22s\n", "T ms", "records", "U(T)", "of that sequence",
	       "closed form");
	for (unsigned int b = 0; b < BINS; b++) {
		const struct bin *bin = &bins[b];

		if (bin->records < RECORDS_MIN)
			continue;
		sequence[n] = bin->measured / bin->sequence * 100 - 100;
		closed[n] = bin->measured / bin->closed * 100 - 100;
		printf("# %8u %8u %10.1f %10.1f (%+5.2f %%) %12.1f (%+5.2f %%)\n", bin_ms[b],
		       bin->records, bin->measured / bin->records, bin->sequence / bin->records,
		       sequence[n], bin->closed / bin->records, closed[n]);
		sequence[n] = fabs(sequence[n]);
		closed[n] = fabs(closed[n]);
		n++;
	}
	printf("# %u records of late ticks not used\n", discarded);
	if (n < 4)
		SKIP("the machine is too busy: hardly a tick is on time");
	judge_errors("sequence", sequence, n, true);
	judge_errors("closed form", closed, n, short_windows + long_windows >= EVEN_WINDOWS);
}

static void run_random(enum vm_mode mode, double s)
{
	struct vm_params params = { .mode = mode,
				    .vcpus = 1,
				    .ring_entries = 16384,
				    .slot = { { .id = 3, .pages = PAGES, .logging = true },
					      { .id = 70, .pages = 77, .logging = true } } };
	struct pattern_alias *table = NULL;
	struct bin bins[BINS] = { 0 };
	struct watch w;
	struct zipf z;
	struct vm *vm;

	CHECK_INT(zipf_init(&z, PAGES, s), 0);
	if (s > 0)
		CHECK((table = zipf_table(&z)));
	VMTEST_OPEN_EXACT(vm, &params);
	CHECK_INT(vmtest_settle(vm), 0);
	KMODTEST_WATCH(vm, w, TICK_NS, 0);
	KMODTEST_CLEAN(vm, w, 70);
	w.on_record = on_record;
	discarded = 0;
	for (unsigned int i = 0; i < short_windows + long_windows && !ktap_failed; i++)
		run_window(vm, &w, &z, table, i < short_windows ? SHORT_MS : long_ms, bins);
	if (!ktap_failed)
		judge(bins);
	KMODTEST_CLOSE(vm, w);
	free(table);
}

static void test_ring_uniform(void) { run_random(VM_RING, 0); }
static void test_ring_zipf(void) { run_random(VM_RING, 1); }
static void test_bitmap_uniform(void) { run_random(VM_BITMAP_MANUAL, 0); }
static void test_bitmap_zipf(void) { run_random(VM_BITMAP_MANUAL, 1); }

static const struct ktap_case cases[] = {
	{ "U(T) of scripted writes is exact", test_script },
	{ "uniform, ring: U(T) is the closed form", test_ring_uniform },
	{ "Zipf's law, ring: U(T) is the closed form", test_ring_zipf },
	{ "uniform, bitmap: U(T) is the closed form", test_bitmap_uniform },
	{ "Zipf's law, bitmap: U(T) is the closed form", test_bitmap_zipf },
};

static const struct option options[] = {
	{ "rate", required_argument, NULL, 'r' },
	{ "short", required_argument, NULL, 'n' },
	{ "long", required_argument, NULL, 'l' },
	{ "long-ms", required_argument, NULL, 'm' },
	{ "seed", required_argument, NULL, 's' },
	{ 0 },
};

int main(int argc, char **argv)
{
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 'r': rate = strtod(optarg, NULL); break;
		case 'n': short_windows = strtoul(optarg, NULL, 0); break;
		case 'l': long_windows = strtoul(optarg, NULL, 0); break;
		case 'm': long_ms = strtoul(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		default: return 2;
		}
	}
	alarm(LIMIT_S);
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
