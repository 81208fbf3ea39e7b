// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_collector.c - what the kernel logs while a guest migrates, cut into passes, in the fake
 * world
 *
 * The source counts as many events in each tick, so that a pass of so many ticks has to have that
 * many times them.
 */
#include "watch/collector.h"
#include "scene.h"
#include "source.h"

#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);	/* gcc has no header for it */
#else
static size_t __sanitizer_get_current_allocated_bytes(void)
{
	return 0;
}
#endif

#define EVENTS	7

struct collected {
	struct fake_guest *g;
	struct mt_conn *conn;
	struct mt_domain_info info;
	struct mt_collector *c;
	struct mt_recorder *r;
	char path[400];
};

static struct collected collected;
static pthread_t thread;
static void (*body)(struct collected *k);

/* As a process of ours does. */
static bool begin(struct collected *k)
{
	struct mt_record_header h = {
		.domain = "guest0", .source = "test", .policy = "test", .mode = "observe"
	};
	struct mt_err err = { 0 };

	if (mt_conn_open(&k->conn, NULL, &err) ||
	    mt_domain_info(k->conn, k->g->uuid, &k->info, &err))
		return false;
	snprintf(k->path, sizeof(k->path), "%s/recordings/x", fake_setup.directory);
	h.start_t_ns = mt_now_ns();
	return !mt_recorder_open(&k->r, k->path, &h, &err) &&
	       !mt_collector_open(&k->c, k->conn, &k->info, NULL, &err);
}

static uint64_t shown_ticks, shown_last_ns;

static void show(const struct mt_tick *t, void *opaque)
{
	CHECK(t->t_ns > shown_last_ns && opaque == &collected);
	shown_last_ns = t->t_ns;
	shown_ticks += t->ticks;
}

static bool end(struct collected *k)
{
	struct mt_err err = { 0 };
	bool whole = !mt_collector_record(k->c, k->r, true, NULL, NULL);

	mt_collector_close(k->c);
	whole &= !mt_recorder_close(k->r, &err);
	mt_conn_close(k->conn);
	return whole;
}

static void *run(void *arg)
{
	body(arg);
	return NULL;
}

/* @fn on a thread of a process, as whoever supervises is. */
static void in_process(void (*fn)(struct collected *k))
{
	memset(&collected, 0, sizeof(collected));
	collected.g = scene_begin(false);
	fake_source_use(true, EVENTS);
	body = fn;
	CHECK(!fake_start_in(fake_group_new("supervisor", false), &thread, "main", run,
			     &collected));
	mt_thread_join(thread);
	CHECK_INT(fake_sources_open(), 0);
	if (ktap_failed)
		return;
	SCENE_END();
}

/* The passes of the recording. Return: how many. */
static size_t load(const struct collected *k, struct mt_record_pass *passes, size_t room)
{
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;

	if (mt_recording_load(&rec, k->path, &err)) {
		printf("# %s\n", err.msg);
		return 0;
	}
	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_PASS && n < room)
			passes[n++] = rec->entries[i].pass;
	mt_recording_free(rec);
	return n;
}

/* --- cases --------------------------------------------------------------------------- */
static void cut_at_boundaries(struct collected *k)
{
	static const unsigned ticks[] = { 30, 12, 100, 5 };
	struct mt_record_pass passes[16];

	CHECK(begin(k));
	mt_collector_boundary(k->c, 1, mt_now_ns());
	for (unsigned i = 0; i < MT_ARRAY_SIZE(ticks); i++) {
		mt_sleep_ms(ticks[i] * 10);
		mt_collector_boundary(k->c, i + 2, mt_now_ns());
		CHECK(!mt_collector_record(k->c, k->r, false, show, k));
	}
	/* Each tick is shown, once, in order, but for those that are still to be merged. */
	CHECK(shown_ticks > 147 - 5 && shown_ticks <= 147);
	mt_sleep_ms(200);
	CHECK(end(k));
	CHECK_INT(load(k, passes, 16), MT_ARRAY_SIZE(ticks) + 0);
	for (unsigned i = 0; i < MT_ARRAY_SIZE(ticks); i++) {
		CHECK_INT(passes[i].iteration, i + 1);
		CHECK_INT(passes[i].events, ticks[i] * EVENTS);
		CHECK_INT(passes[i].t_ns - passes[i].start_ns, ticks[i] * FAKE_TICK_NS);
	}
}

/* Events may be late: what belongs to which pass follows from QEMU's stamp. */
static void told_late(struct collected *k)
{
	struct mt_record_pass passes[16];
	uint64_t first_ns, second_ns;

	CHECK(begin(k));
	first_ns = mt_now_ns();
	mt_sleep_ms(500);
	mt_collector_boundary(k->c, 1, first_ns);
	second_ns = first_ns + 400 * MT_NS_PER_MS;
	mt_sleep_ms(300);
	mt_collector_boundary(k->c, 2, second_ns);
	mt_sleep_ms(200);
	CHECK(end(k));
	CHECK(load(k, passes, 16) >= 1);
	CHECK_INT(passes[0].iteration, 1);
	CHECK_INT(passes[0].events, 40 * EVENTS);
}

static void source_ends(struct collected *k)
{
	struct mt_record_pass passes[16];

	CHECK(begin(k));
	mt_collector_boundary(k->c, 1, mt_now_ns());
	mt_sleep_ms(300);
	mt_collector_boundary(k->c, 2, mt_now_ns());
	mt_sleep_ms(300);
	fake_source_end();
	mt_sleep_ms(5000);
	mt_collector_boundary(k->c, 3, mt_now_ns());
	CHECK(end(k));
	CHECK(load(k, passes, 16) >= 1);
	CHECK_INT(passes[0].events, 30 * EVENTS);
}

/* Whoever records does not come for an hour: what waits stays bounded. */
static void nobody_takes(struct collected *k)
{
	size_t before, after;

	CHECK(begin(k));
	mt_collector_boundary(k->c, 1, mt_now_ns());
	mt_sleep_ms(300000);
	before = __sanitizer_get_current_allocated_bytes();
	for (unsigned i = 0; i < 600; i++) {
		mt_sleep_ms(1000);
		mt_collector_boundary(k->c, i + 2, mt_now_ns());
	}
	after = __sanitizer_get_current_allocated_bytes();
	CHECK(after < before + (1 << 20));
	CHECK(end(k));
}

static void nothing_is_there(struct collected *k)
{
	struct mt_err err = { 0 };

	fake_source_use(false, 0);
	CHECK(!mt_conn_open(&k->conn, NULL, &err) &&
	      !mt_domain_info(k->conn, k->g->uuid, &k->info, &err));
	CHECK(mt_collector_open(&k->c, k->conn, &k->info, NULL, &err) < 0);
	CHECK(!k->c && *err.msg);
	mt_collector_boundary(k->c, 1, mt_now_ns());
	CHECK(!mt_collector_record(k->c, NULL, true, NULL, NULL));
	mt_collector_close(k->c);
	mt_conn_close(k->conn);
}

static void test_cut_at_boundaries(void)
{
	in_process(cut_at_boundaries);
}

static void test_told_late(void)
{
	in_process(told_late);
}

static void test_source_ends(void)
{
	in_process(source_ends);
}

static void test_nobody_takes(void)
{
	in_process(nobody_takes);
}

static void test_nothing_is_there(void)
{
	in_process(nothing_is_there);
}

static const struct ktap_case cases[] = {
	{ "passes hold what was logged between their boundaries", test_cut_at_boundaries },
	{ "boundaries that are told late", test_told_late },
	{ "the source ends in the middle", test_source_ends },
	{ "nobody takes what it has for ten minutes", test_nobody_takes },
	{ "no source at all", test_nothing_is_there },
};

SCENE_MAIN(cases)
