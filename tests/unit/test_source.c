// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_source.c - the module's ring of records, from a kernel that may be anybody, and the table of
 * sources
 *
 * The ring is a piece of memory in which the test plays the module.
 */
#include <errno.h>

#include "source/records.h"
#include "source/tick.h"
#include "ktap.h"

#define COUNT	8
#define VCPUS	3
#define BYTES	192u		/* a record with 3 counts, rounded up as the module does */
#define OFFSET	4096u
#define MAPPED	(OFFSET + COUNT * BYTES)

static struct {
	_Alignas(4096) char bytes[OFFSET + COUNT * BYTES];
} map;
static struct migtrace_ring *const ring = (struct migtrace_ring *)(void *)&map;

static struct migtrace_record *slot(uint64_t n)
{
	return (struct migtrace_record *)(void *)(map.bytes + OFFSET + (n % COUNT) * BYTES);
}

static void reset(void)
{
	memset(&map, 0, sizeof(map));
	ring->abi_version = MIGTRACE_ABI_VERSION;
	ring->records_offset = OFFSET;
	ring->record_bytes = BYTES;
	ring->record_count = COUNT;
}

/* As the module does: none is overwritten that was not read. */
static bool push(void)
{
	if (ring->head - ring->tail >= COUNT) {
		ring->lost++;
		return false;
	}
	*slot(ring->head) = (struct migtrace_record){ .tick = ring->head + ring->lost + 1,
						      .vcpus = VCPUS,
						      .pages = ring->head };
	for (unsigned i = 0; i < VCPUS; i++)
		slot(ring->head)->vcpu[i] =
			(struct migtrace_vcpu){ (uint32_t)(100 * ring->head + i), i };
	ring->head++;
	return true;
}

union record {
	struct migtrace_record r;
	char room[sizeof(struct migtrace_record) + 64 * sizeof(uint32_t)];
};

static void reads_in_order_and_wraps(void)
{
	struct mt_records r;
	uint64_t next = 1;
	union record rec;

	reset();
	CHECK_INT(mt_records_init(&r, &map, sizeof(map), BYTES, NULL), 0);
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 0);
	for (int round = 0; round < 1000; round++) {
		int n = round % (COUNT + 1);

		for (int i = 0; i < n; i++)
			CHECK(push());
		for (int i = 0; i < n; i++) {
			CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 1);
			CHECK_INT(rec.r.tick, next++);
			CHECK_INT(rec.r.vcpus, VCPUS);
			CHECK_INT(rec.r.vcpu[2].events, (uint32_t)(100 * rec.r.pages + 2));
		}
		CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 0);
		CHECK_INT(ring->tail, ring->head);
	}
}

static void counters_may_wrap(void)
{
	struct mt_records r;
	union record rec;

	reset();
	ring->head = ring->tail = UINT64_MAX - 2;
	CHECK_INT(mt_records_init(&r, &map, sizeof(map), BYTES, NULL), 0);
	for (int i = 0; i < 6; i++)
		CHECK(push());
	for (int i = 0; i < 6; i++)
		CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 1);
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 0);
}

/* A full ring drops the newest; the gap in the ticks tells, and merging counts it. */
static void losses_are_counted(void)
{
	struct mt_tick sum = { 0 }, one;
	struct mt_records r;
	union record rec;

	reset();
	CHECK_INT(mt_records_init(&r, &map, sizeof(map), BYTES, NULL), 0);
	for (int i = 0; i < COUNT; i++)
		CHECK(push());
	for (int i = 0; i < 5; i++)
		CHECK(!push());
	for (int i = 0; i < COUNT; i++)
		CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 1);
	mt_tick_from_record(&sum, &rec.r);
	CHECK(push());
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 1);
	CHECK_INT(rec.r.tick, COUNT + 5 + 1);
	mt_tick_from_record(&one, &rec.r);
	mt_tick_merge(&sum, &one);
	CHECK_INT(sum.ticks, 2);
	CHECK_INT(sum.lost_ticks, 5);
}

static void hostile_headers(void)
{
	static const struct {
		const char *what;
		uint32_t abi, offset, bytes, count;
		size_t map_bytes, promised;
	} rows[] = {
		{ "another ABI", MIGTRACE_ABI_VERSION + 1, OFFSET, BYTES, COUNT, MAPPED, BYTES },
		{ "no records", 1, OFFSET, BYTES, 0, MAPPED, BYTES },
		{ "no power of two", 1, OFFSET, BYTES, 7, MAPPED, BYTES },
		{ "more than there may be", 1, OFFSET, BYTES, 1u << 31, MAPPED, BYTES },
		{ "more than is mapped", 1, OFFSET, BYTES, 2 * COUNT, MAPPED, BYTES },
		{ "records too small", 1, OFFSET, 64, COUNT, MAPPED, 64 },
		{ "records not as promised", 1, OFFSET, BYTES, COUNT, MAPPED, BYTES + 64 },
		{ "records huge", 1, OFFSET, 1u << 30, COUNT, MAPPED, 1u << 30 },
		{ "records not aligned", 1, OFFSET, BYTES + 4, 4, MAPPED, BYTES + 4 },
		{ "records in the header", 1, 64, BYTES, COUNT, MAPPED, BYTES },
		{ "records beyond the end", 1, OFFSET + 8, BYTES, COUNT, MAPPED, BYTES },
		{ "offset wraps", 1, UINT32_MAX - 7, BYTES, COUNT, MAPPED, BYTES },
		{ "no room for a header", 1, OFFSET, BYTES, COUNT, sizeof(struct migtrace_ring) - 1,
		  BYTES },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_err err = { 0 };
		struct mt_records r;
		int rc;

		reset();
		ring->abi_version = rows[i].abi;
		ring->records_offset = rows[i].offset;
		ring->record_bytes = rows[i].bytes;
		ring->record_count = rows[i].count;
		rc = mt_records_init(&r, &map, rows[i].map_bytes, rows[i].promised, &err);
		if (rc != -EPROTO || !*err.msg)
			printf("# %s\n", rows[i].what);
		CHECK_INT(rc, -EPROTO);
		CHECK(*err.msg);
	}
}

/* What changes after it was checked leads nowhere. */
static void hostile_later(void)
{
	struct mt_records r;
	union record rec;

	reset();
	CHECK_INT(mt_records_init(&r, &map, sizeof(map), BYTES, NULL), 0);
	ring->head = COUNT + 1;
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), -EPROTO);
	ring->head = UINT64_MAX;
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), -EPROTO);
	ring->head = 2;
	ring->record_count = UINT32_MAX;
	ring->records_offset = UINT32_MAX;
	ring->record_bytes = UINT32_MAX;
	ring->tail = 12345;
	slot(0)->vcpus = UINT32_MAX;
	slot(1)->vcpus = UINT32_MAX;
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec)), 1);
	CHECK_INT(rec.r.vcpus, (BYTES - sizeof(rec.r)) / sizeof(rec.r.vcpu[0]));
	CHECK_INT(mt_records_read(&r, &rec.r, sizeof(rec.r) + sizeof(rec.r.vcpu[0])), 1);
	CHECK_INT(rec.r.vcpus, 1);
	CHECK_INT(ring->tail, 2);
}

static void ticks_carry_what_is_known(void)
{
	const struct migtrace_record all = {
		.tick = 7, .start_ns = 1000, .end_ns = 3000, .valid = 0x3f,
		.state = MIGTRACE_STATE_LOGGING,
		.pages = 1, .events = 2, .overruns = 3, .resets = 4, .cleared_pages = 5,
		.ring_full_exits = 6,
		.window = 7, .window_start_ns = 2500, .window_stale_pages = 8, .window_pages = 9,
		.logged_pages = 10,
		.ring_used = 11, .ring_entries = 12,
	};
	struct migtrace_record nothing = all;
	struct mt_tick t, n;
	uint64_t v;

	nothing.valid = 0;
	mt_tick_from_record(&t, &all);
	mt_tick_from_record(&n, &nothing);
	CHECK_INT(t.valid, (1ULL << MT_TICK_COUNT) - 1);
	CHECK_INT(t.window_ns, 500);
	CHECK(!mt_tick_has(&n, pages) && !mt_tick_has(&n, window_pages) && mt_tick_has(&n, ticks));
	CHECK(!mt_tick_get(&n, MT_TICK_events, &v));
	CHECK(mt_tick_get(&t, MT_TICK_events, &v) && v == 2);
	/* The sum of something and something unknown is unknown. */
	n.last = 8;
	mt_tick_merge(&t, &n);
	CHECK_INT(t.ticks, 2);
	CHECK_INT(t.lost_ticks, 0);
	CHECK(!mt_tick_has(&t, pages) && !mt_tick_has(&t, window_pages));
}

static void ticks_merge(void)
{
	struct migtrace_record r = {
		.tick = 1, .end_ns = 10, .valid = 0x3f, .pages = 5, .ring_used = 300,
		.ring_entries = 1024, .events = 6, .window = 1, .window_pages = 50,
	};
	struct mt_tick sum = { 0 }, t;

	for (int i = 0; i < 3; i++) {
		mt_tick_from_record(&t, &r);
		mt_tick_merge(&sum, &t);
		r.tick++;
		r.start_ns = r.end_ns;
		r.end_ns += 10;
		r.window_pages += 50;
		r.ring_used -= 100;
	}
	CHECK_INT(sum.ticks, 3);
	CHECK_INT(sum.ring_used, 300);
	CHECK_INT(sum.ring_entries, 1024);
	CHECK_INT(sum.pages, 15);
	CHECK_INT(sum.events, 18);
	CHECK_INT(sum.window_pages, 150);
	CHECK_INT(sum.start_ns, 0);
	CHECK_INT(sum.t_ns, 30);
	t.events = UINT64_MAX;
	t.last = sum.last + 1;
	mt_tick_merge(&sum, &t);
	CHECK_INT(sum.events, UINT64_MAX);
}

static void the_table(void)
{
	struct mt_source_params p = { .vmm_pid = 1, .tick_ns = MT_SOURCE_TICK_DEFAULT_NS };
	struct mt_err err = { 0 };
	struct mt_source *s = NULL;

	CHECK(mt_sources[0] == &mt_source_kmod);
	for (const struct mt_source_ops *const *ops = mt_sources; *ops; ops++)
		CHECK(mt_source_find((*ops)->name) == *ops);
	CHECK(!mt_source_find("") && !mt_source_find("libvirt"));
	CHECK_INT(mt_source_open("libvirt", &p, &s, &err), -ENODEV);
	CHECK(!s && *err.msg);
	err = (struct mt_err){ 0 };
	p.tick_ns = 0;
	CHECK_INT(mt_source_open(NULL, &p, &s, &err), -EINVAL);
	err = (struct mt_err){ 0 };
	p.tick_ns = MIGTRACE_TICK_MAX_NS + 1;
	CHECK_INT(mt_source_open("kmod", &p, &s, &err), -EINVAL);
	/* A process that is not there; where the module is not either, that is said first. */
	err = (struct mt_err){ 0 };
	p.tick_ns = MT_SOURCE_TICK_DEFAULT_NS;
	p.vmm_pid = 1 << 30;
	CHECK(mt_source_open("kmod", &p, &s, &err) < 0);
	CHECK(!s && *err.msg);
	mt_source_close(NULL);
}

static const struct ktap_case cases[] = {
	{ "records come in order, around the ring", reads_in_order_and_wraps },
	{ "the ring's counters may wrap", counters_may_wrap },
	{ "what found the ring full is counted", losses_are_counted },
	{ "a header that cannot be is refused", hostile_headers },
	{ "what changes later leads nowhere", hostile_later },
	{ "a tick knows what the record knew", ticks_carry_what_is_known },
	{ "ticks are merged by column", ticks_merge },
	{ "the table of sources", the_table },
};

KTAP_MAIN(cases)
