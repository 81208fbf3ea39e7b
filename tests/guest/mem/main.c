// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory guest: dirties its memory by a described pattern, beats on the
 * serial port, and can tell whether all of its memory is what it should be.
 * The protocol is described in ../README.
 */
#include "clock.h"
#include "cmdline.h"
#include "cpu.h"
#include "page.h"
#include "serial.h"
#include "verify.h"
#include "workload.h"

#define PROTOCOL		1
#define MIB			(1u << 20)
#define MAP_RAM			1

/* What the loader tells (Xen's struct hvm_start_info); addresses are below 4 GiB */
struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t nr_modules;
	uint64_t modlist;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t map;
	uint32_t map_entries;
	uint32_t reserved;
};

struct map_entry {
	uint64_t addr;
	uint64_t bytes;
	uint32_t type;
	uint32_t reserved;
};

static struct config config;

static struct {
	uint64_t started;	/* in cycles, as are the next */
	uint64_t next_beat;
	uint64_t next_flush;
	uint64_t beat_cycles;
	uint32_t beats;
	bool held;		/* the workload rests until told to go on */
} guest;

static void stop(void)
{
	line_end();
	cpu_poweroff();
}

/* The end of the memory that the image is in */
static uint32_t memory_end(const struct start_info *info)
{
	const struct map_entry *entry = (void *)(uint32_t)info->map;

	for (uint32_t i = 0; i < info->map_entries; i++, entry++)
		if (entry->type == MAP_RAM && entry->addr <= MIB &&
		    entry->addr + entry->bytes > MIB)
			return entry->addr + entry->bytes;
	return MIB;
}

static void setup(const struct start_info *info)
{
	uint32_t mem_bytes = memory_end(info);
	const char *bad;

	if (!cmdline_parse((void *)(uint32_t)info->cmdline, &config, &bad)) {
		line_str("error option ");
		line_str(bad);
		stop();
	}
	line_str("migtrace-guest");
	line_str(" ");
	line_u64(PROTOCOL);
	line_field("region_pages", config.region_pages);
	if (config.rate == RATE_MAX)
		line_str(" rate=max");
	else
		line_field("rate", config.rate);
	line_str(" pattern=");
	line_str(pattern_names[config.pattern]);
	line_field("seed", config.seed);
	line_field("keepalive", config.keepalive);
	line_field("tsc_khz", clock_khz());
	line_end();
	if (!workload_init(&config, mem_bytes)) {
		line_str("error region does not fit");
		line_field("room_pages", workload_room_pages());
		stop();
	}
	line_str("ready");
	line_end();
}

static void beat(void)
{
	line_str("hb ");
	line_u64(++guest.beats);
	line_field("writes", mem.writes);
	line_end();
}

static void report_verdict(void)
{
	const struct verdict *v = verify_verdict();
	bool keepalive_ok = workload_keepalive_ok();

	if (!(v->lost | v->torn | v->wrong | v->table) && v->sum_ok && keepalive_ok) {
		line_str("verify ok");
		line_field("pages", mem.pages);
		line_field("writes", mem.writes);
	} else {
		line_str("verify FAIL");
		line_field("lost", v->lost);
		line_field("torn", v->torn);
		line_field("wrong", v->wrong);
		line_field("first", v->first);
		line_field("expected", v->expected);
		line_field("found", v->found);
		line_field("table", v->table);
		line_field("sum_bad", !v->sum_ok);
		line_field("keepalive_bad", !keepalive_ok);
	}
	line_end();
}

static void report_stats(uint64_t now)
{
	const struct workload_stats *s = workload_stats();

	line_str("stats");
	line_field("writes", mem.writes);
	line_field("distinct", mem.distinct);
	line_field("skipped", s->skipped);
	line_field("reads", s->reads);
	line_field("keepalives", s->keepalives);
	line_field("phases", s->phases);
	line_field("beats", guest.beats);
	line_field("uptime_us", clock_us(now - guest.started));
	line_field("table_addr", (uint32_t)mem.seq);
	line_field("region_addr", (uint32_t)mem.page);
	line_end();
}

static void corrupt(enum corruption how, const char *name)
{
	guest.held = true;	/* lest the workload mend it */
	line_str("corrupted ");
	line_str(name);
	line_field("page", verify_corrupt(how));
	line_end();
}

static void command(int byte, uint64_t now)
{
	switch (byte) {
	case 'v':
	case 'V':
		verify_start(byte == 'V');
		break;
	case 's':
		report_stats(now);
		break;
	case 'p':
		guest.held = true;
		break;
	case 'r':
		guest.held = false;
		break;
	case 'x':
		corrupt(CORRUPT_STALE, "stale");
		break;
	case 't':
		corrupt(CORRUPT_TORN, "torn");
		break;
	case 'w':
		corrupt(CORRUPT_WRONG, "wrong");
		break;
	case 'k':
		corrupt(CORRUPT_TABLE, "table");
		break;
	case 'q':
		line_str("bye");
		stop();
	}
}

static void idle(uint64_t now)
{
	uint64_t until, tsc;

	if (config.idle == IDLE_HALT) {
		cpu_nap();
		return;
	}
	until = guest.held ? UINT64_MAX : workload_next(now);
	if (guest.next_beat < until)
		until = guest.next_beat;
	if (guest.next_flush < until)
		until = guest.next_flush;
	tsc = clock_tsc(until);
	cpu_spin(tsc, tsc >> 32);
}

static void on_beat(uint64_t now)
{
	int byte;

	guest.next_beat += guest.beat_cycles;
	if (guest.next_beat < now)
		guest.next_beat = now + guest.beat_cycles;
	beat();
	byte = serial_getc();
	if (byte >= 0)
		command(byte, now);
}

/* QEMU 7.2 loses guest memory under TCG unless its TLB is flushed: see README. */
static void flush_tlb(uint64_t now)
{
	cpu_flush_tlb();
	guest.next_flush = now + clock_cycles(config.tcg_flush_us);
}

static void run(void)
{
	uint64_t now = clock_now();

	workload_start(now);
	guest.started = now;
	guest.next_beat = now;
	guest.next_flush = config.tcg_flush_us && cpu_is_tcg() ? now : UINT64_MAX;
	guest.beat_cycles = clock_cycles(config.heartbeat_us);
	for (;;) {
		bool busy = false;

		now = clock_now();
		if (now >= guest.next_flush)
			flush_tlb(now);
		if (now >= guest.next_beat)
			on_beat(now);
		if (verify_running()) {
			workload_hold(now);
			if (verify_step())
				report_verdict();
			busy = true;
		} else if (guest.held) {
			workload_hold(now);
		} else {
			busy = workload_run(now);
		}
		if (!busy)
			idle(now);
	}
}

void kmain(const struct start_info *info)
{
	serial_init();
	cpu_init();
	clock_init();
	setup(info);
	run();
}
