// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_recorded_guest.c - the guest and the link, as recordings tell of them
 */
#include <errno.h>
#include <unistd.h>

#include "store/recorded.h"
#include "ktap.h"
#include "scratch.h"

#define MIB	(1ULL << 20)
#define S	1000000000ULL

static char path[96];
static const struct mt_record_header header = { .domain = "guest",
						.domain_type = "kvm",
						.mode = "profile",
						.start_t_ns = 1,
						.limits = { .qemu_limit_ms = 250 } };

static struct mt_recorder *begin(void)
{
	struct mt_recorder *r;

	unlink(path);
	if (mt_recorder_open(&r, path, &header, NULL))
		abort();
	return r;
}

static struct mt_recording *end(struct mt_recorder *r)
{
	struct mt_recording *rec;

	if (mt_recorder_close(r, NULL) || mt_recording_load(&rec, path, NULL))
		abort();
	return rec;
}

static void test_profile(void)
{
	struct mt_recorder *r = begin();
	struct mt_tick tick = { .t_ns = 2 * S, .start_ns = S };
	struct mt_recorded_guest g;
	struct mt_recording *rec;

	mt_tick_put(&tick, MT_TICK_logged_pages, 65536);
	CHECK_INT(mt_recorder_source(
			  r, &(struct mt_record_source){ S, "kmod", "ring", 1000000, NULL }),
		  0);
	CHECK_INT(mt_recorder_tick(r, &tick), 0);
	CHECK_INT(mt_recorder_profile(r, &(struct mt_record_profile){ .t_ns = 3 * S,
								      .windows = 9,
								      .total = tick }),
		  0);
	rec = end(r);
	mt_recorded_guest(&g, rec);
	/* Nobody said how large it is, but as much was logged. */
	CHECK(g.memory_bytes == 256.0 * MIB && g.resident_bytes == 0 && isnan(g.cpu_share) &&
	      g.downtime_limit_ms == 250);
	CHECK_INT(g.windows, 9);
	CHECK_STR(g.source, "kmod");
	CHECK_STR(g.mode, "ring");
	CHECK(g.passes == 0 && g.bandwidth_bytes_per_s == 0);
	mt_recording_free(rec);
}

static void test_guest_entry(void)
{
	struct mt_record_guest guest = { .t_ns = 3 * S,
					 .memory_bytes = 300 * MIB,
					 .vcpus = 2,
					 .resident_bytes = 200 * MIB,
					 .nonzero_bytes = 150 * MIB,
					 .cpu_share = 0.5 };
	struct mt_recorder *r = begin();
	struct mt_recorded_guest g;
	struct mt_recording *rec;

	CHECK_INT(mt_recorder_source(
			  r, &(struct mt_record_source){ S, "libvirt", NULL, 0, "not loaded" }),
		  0);
	CHECK_INT(mt_recorder_dirtyrate(r, &(struct mt_record_dirtyrate){ 2 * S, 1000, 5 * MIB,
									  "page-sampling" }),
		  0);
	CHECK_INT(mt_recorder_guest(r, &guest), 0);
	rec = end(r);
	mt_recorded_guest(&g, rec);
	CHECK(g.memory_bytes == 300.0 * MIB && g.resident_bytes == 150.0 * MIB && g.vcpus == 2 &&
	      g.cpu_share == 0.5);
	CHECK(g.calculations == 1 && g.windows == 0 && !g.source);
	mt_recording_free(rec);
	/* What is not zero is not known: then what is resident. */
	guest.nonzero_bytes = 0;
	r = begin();
	CHECK_INT(mt_recorder_guest(r, &guest), 0);
	rec = end(r);
	mt_recorded_guest(&g, rec);
	CHECK(g.resident_bytes == 200.0 * MIB);
	mt_recording_free(rec);
}

/*
 * Two passes and a third that is not over, at 40 MiB/s; 64 MiB of zero pages in the first, 8 more
 * later.
 */
static void test_migration(void)
{
	static const struct { uint64_t s, iteration, remaining, sent, zero; } looks[] = {
		{ 0, 1, 256, 0, 0 }, { 1, 1, 136, 40, 16384 }, { 4, 2, 30, 160, 16384 },
		{ 5, 3, 20, 200, 18432 },
	};
	struct mt_recorder *r = begin();
	struct mt_recorded_guest g;
	struct mt_recording *rec;

	for (size_t i = 0; i < MT_ARRAY_SIZE(looks); i++) {
		struct mt_sample s = { .t_ns = S + looks[i].s * S,
				       .status = MT_STATUS_ACTIVE,
				       .boundary = looks[i].iteration > 1 };

		mt_sample_set(&s, iteration, looks[i].iteration);
		mt_sample_set(&s, memory_bytes, 256 * MIB);
		mt_sample_set(&s, remaining_bytes, looks[i].remaining * MIB);
		mt_sample_set(&s, transferred_bytes, looks[i].sent * MIB);
		mt_sample_set(&s, zero_pages, looks[i].zero);
		mt_sample_set(&s, page_size_bytes, 4096);
		CHECK_INT(mt_recorder_sample(r, &s), 0);
	}
	rec = end(r);
	mt_recorded_guest(&g, rec);
	CHECK_INT(g.passes, 2);
	CHECK(g.memory_bytes == 256.0 * MIB && g.resident_bytes == 192.0 * MIB);
	CHECK_NEAR(g.bandwidth_bytes_per_s, 40.0 * MIB, 1);
	mt_recording_free(rec);
}

/* A window of so many pages each 100 ms, for so long. */
static void put_window(struct mt_recorder *r, unsigned number, unsigned ms, unsigned pages,
		       unsigned state)
{
	for (unsigned at = 100; at <= ms; at += 100) {
		struct mt_tick t = { .t_ns = number * 10 * S + at * 1000000ULL, .state = state };

		t.start_ns = t.t_ns - 100000000ULL;
		mt_tick_put(&t, MT_TICK_window, number);
		mt_tick_put(&t, MT_TICK_window_ns, at * 1000000ULL);
		mt_tick_put(&t, MT_TICK_window_stale_pages, 0);
		mt_tick_put(&t, MT_TICK_window_pages, at / 100 * pages);
		CHECK_INT(mt_recorder_tick(r, &t), 0);
	}
}

/* Its points of a second and more; single seconds of windows that last one, in time order. */
static void test_seconds(void)
{
	static const double points[][2] = { { 500, 60 }, { 1000, 100 }, { 2000, 180 } };
	struct mt_recorder *r = begin();
	struct mt_recording *rec;
	struct mt_seconds s;

	put_window(r, 1, 1200, 10, MIGTRACE_STATE_LOGGING);
	put_window(r, 2, 700, 20, MIGTRACE_STATE_LOGGING);
	put_window(r, 3, 1100, 30, MIGTRACE_STATE_LOGGING | MIGTRACE_STATE_LOWER_BOUND);
	put_window(r, 4, 1000, 40, MIGTRACE_STATE_LOGGING);
	for (size_t i = 0; i < MT_ARRAY_SIZE(points); i++)
		CHECK_INT(mt_recorder_curve(
				  r, &(struct mt_record_curve){ 50 * S, points[i][0], 2,
								points[i][1], points[i][1],
								points[i][1], points[i][1] }),
			  0);
	CHECK_INT(mt_recorder_profile(
			  r, &(struct mt_record_profile){ .t_ns = 50 * S, .windows = 3,
							  .mw_pages = 900, .hot_pages = 7 }),
		  0);
	CHECK_INT(mt_recorder_dirtyrate(r, &(struct mt_record_dirtyrate){ 60 * S, 4000, 5 * MIB,
									  "dirty-bitmap" }),
		  0);
	rec = end(r);
	CHECK_INT(mt_recorded_seconds(&s, rec, true), 0);
	CHECK(s.lengths == 2 && s.n == 2);
	CHECK_NEAR(s.at[0].bytes, 100 * 4096, 1e-6);
	CHECK_NEAR(s.at[1].bytes, 180 * 4096, 1e-6);
	CHECK_NEAR(s.bytes[0], 100 * 4096, 1e-6);
	CHECK_NEAR(s.bytes[1], 400 * 4096, 1e-6);
	CHECK(s.mw_bytes == 900 * 4096 && s.hot_bytes == 7 * 4096);
	/* By QEMU alone: the middle of what its figure may be, and nothing of sets. */
	CHECK_INT(mt_recorded_seconds(&s, rec, false), 0);
	CHECK(s.lengths == 1 && !s.n && s.at[0].window_s == 4 && s.mw_bytes == 0 &&
	      isnan(s.hot_bytes));
	CHECK_NEAR(s.at[0].bytes, 4 * 5.5 * MIB, 1e-6);
	mt_recording_free(rec);
}

/* By rings a longer calculation is no union: it stands for a second. */
static void test_seconds_of_rings(void)
{
	struct mt_recorder *r = begin();
	struct mt_recording *rec;
	struct mt_seconds s;

	CHECK_INT(mt_recorder_dirtyrate(r, &(struct mt_record_dirtyrate){ 2 * S, 1000, 5 * MIB,
									  "dirty-ring" }),
		  0);
	CHECK_INT(mt_recorder_dirtyrate(r, &(struct mt_record_dirtyrate){ 5 * S, 2000, 7 * MIB,
									  "dirty-ring" }),
		  0);
	rec = end(r);
	CHECK_INT(mt_recorded_seconds(&s, rec, true), 0);
	CHECK(s.lengths == 1 && s.at[0].window_s == 1 && s.n == 2);
	CHECK_NEAR(s.at[0].bytes, 6.5 * MIB, 1e-6);
	mt_recording_free(rec);
	rec = end(begin());
	CHECK_INT(mt_recorded_seconds(&s, rec, true), -ENODATA);
	mt_recording_free(rec);
}

static const struct ktap_case cases[] = {
	{ "what a profile tells of whole seconds", test_seconds },
	{ "the same by rings, and by nothing", test_seconds_of_rings },
	{ "a kernel's profile, from before guests were recorded", test_profile },
	{ "a profile tells how large the guest is", test_guest_entry },
	{ "a migration tells passes, memory and bandwidth", test_migration },
};

int main(void)
{
	snprintf(path, sizeof(path), "%s/x.mtrec", dir);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
