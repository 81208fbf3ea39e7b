// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_ioctl.c - every call on the device with random and boundary arguments
 *
 *	fuzz_ioctl [--seconds S] [--seed N] [--threads N]
 *
 * Threads share a few files of the device and a few machines, with rings and with bitmaps, whose
 * guests write all the while. Each thread makes random calls; another one keeps
 * attaching properly and checks that a session works in the midst of that. Whatever happens,
 * the kernel must not complain, no call may give an unknown error, and nothing may be left.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kernel.h"
#include "kmodtest.h"
#include "vmm.h"

#define PAGES		3003
#define FILES		6
#define MACHINES	3
#define THREADS_MAX	8
#define ARENA_BYTES	(1UL << 20)
#define ERRORS		134
#define GUEST_RATE	1000
#define GONE_MS		600000		/* a hang */

enum call {
	CALL_INFO,
	CALL_ATTACH,
	CALL_SLOTS,
	CALL_PAGES,
	CALL_WINDOW,
	CALL_OTHER,
	CALL_MMAP,
	CALL_POLL,
	CALL_REOPEN,
	CALLS
};

static const char *const call_name[CALLS] = {
	"info",	       "attach", "slots", "pages",	    "window",
	"other ioctl", "mmap",	 "poll",  "close and open",
};

struct fuzzer {
	pthread_t thread;
	struct pattern dice;
	uint8_t *arena;			/* for what the module writes; the page behind it is not
					 * there */
	uint64_t calls[CALLS], good[CALLS];
};

static int files[FILES];		/* replaced while others use them */
static uint64_t map_bytes[FILES];	/* what the last attach of each said, as far as one can
					 * tell */
static struct vmm vmms[MACHINES];
static uint64_t errors[ERRORS];
static bool stop;
static uint64_t valid_sessions, valid_failures;

static uint64_t below(struct fuzzer *f, uint64_t n)
{
	f->dice.pages = n;
	return pattern_next(&f->dice, NULL);
}

/* A number that is likely to be on some edge */
static uint64_t edge(struct fuzzer *f, uint64_t usual)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		63,
		64,
		65,
		4095,
		4096,
		4097,
		PAGES - 1,
		PAGES,
		PAGES + 1,
		INT32_MAX,
		1ULL << 31,
		UINT32_MAX,
		1ULL << 32,
		INT64_MAX,
		1ULL << 63,
		UINT64_MAX,
		UINT64_MAX - 63,
		UINT64_MAX / 2 + 63,
	};

	switch (below(f, 20)) {
	case 0:
		return edges[below(f, sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return below(f, UINT64_MAX) >> below(f, 64);
	case 2:
		return usual + below(f, 3) - 1;
	default:
		return usual;
	}
}

/* A pointer: good, at the end of what is mapped, or nonsense */
static void *pointer(struct fuzzer *f)
{
	switch (below(f, 10)) {
	case 0:
		return (void *)edge(f, 0);
	case 1:
		return f->arena + ARENA_BYTES - below(f, 128);
	case 2:
		return (void *)(0xffff800000000000UL + below(f, 1UL << 46));
	default:
		return f->arena + below(f, ARENA_BYTES / 2);
	}
}

static void random_attach(struct fuzzer *f, struct migtrace_attach *a)
{
	*a = (struct migtrace_attach) {
		.abi_version = edge(f, MIGTRACE_ABI_VERSION),
		.vm_fd = below(f, 4) ? vmms[below(f, MACHINES)].vm_fd : (int)below(f, 64) - 2,
		.tick_ns = below(f, 2) ? WATCH_MS : edge(f, 2 * WATCH_MS),
		.window_ns = edge(f, 50 * WATCH_MS),
		.record_count = below(f, 2) ? 1U << below(f, 12) : edge(f, 64),
		.vcpu_count = edge(f, 4),
		.reserved = { below(f, 16) ? 0 : edge(f, 0), below(f, 16) ? 0 : edge(f, 0) },
	};
}

static void random_slots(struct fuzzer *f, struct migtrace_slots *s)
{
	*s = (struct migtrace_slots) {
		.slots_ptr = (uintptr_t)pointer(f), .count = edge(f, 8),
		.reserved = below(f, 16) ? 0 : edge(f, 0),
	};
}

static void random_pages(struct fuzzer *f, struct migtrace_pages *p)
{
	*p = (struct migtrace_pages) {
		.tick = below(f, 2) ? 0 : edge(f, 10),
		.as_id = below(f, 8) ? 0 : edge(f, 1),
		.id = edge(f, below(f, 2) ? 3 : 70),
		.kind = edge(f, below(f, 2)),
		.first_page = below(f, 2) ? 0 : edge(f, 64 * below(f, 50)),
		.page_count = edge(f, below(f, PAGES + 1)),
		.bitmap_ptr = (uintptr_t)pointer(f),
	};
}

static int fuzz_ioctl(struct fuzzer *f, int fd, enum call call)
{
	static const unsigned long commands[] = {
		MIGTRACE_IOC_INFO,  MIGTRACE_IOC_ATTACH, MIGTRACE_IOC_SLOTS,
		MIGTRACE_IOC_PAGES, MIGTRACE_IOC_WINDOW,
	};
	union {
		struct migtrace_attach attach;
		struct migtrace_slots slots;
		struct migtrace_pages pages;
	} args = { 0 };
	void *arg;

	if (call == CALL_ATTACH)
		random_attach(f, &args.attach);
	else if (call == CALL_SLOTS)
		random_slots(f, &args.slots);
	else if (call == CALL_PAGES)
		random_pages(f, &args.pages);
	/* Mostly the arguments are where they can be read, at times at the very end. */
	arg = below(f, 12) ? f->arena + ARENA_BYTES - sizeof(args) : pointer(f);
	if ((uint8_t *)arg >= f->arena + 4096 &&
	    (uint8_t *)arg <= f->arena + ARENA_BYTES - sizeof(args))
		memcpy(arg, &args, sizeof(args));
	if (call == CALL_OTHER)
		return ioctl(fd,
			     below(f, 2) ? _IOC(below(f, 4), MIGTRACE_IOC_MAGIC, below(f, 256),
						below(f, 16384)) :
					   below(f, UINT32_MAX),
			     arg);
	if (ioctl(fd, commands[call], arg))
		return -1;
	if (call == CALL_ATTACH)
		for (unsigned int i = 0; i < FILES; i++)
			if (files[i] == fd)
				map_bytes[i] = ((struct migtrace_attach *)arg)->map_bytes;
	return 0;
}

/* Maps, reads and scribbles, unmaps: in parts, or leaves it until the file has gone. */
static int fuzz_mmap(struct fuzzer *f, int fd)
{
	size_t bytes = map_bytes[below(f, FILES)];
	int prot = below(f, 4) ? PROT_READ | PROT_WRITE : below(f, 8);
	int flags = below(f, 4) ? MAP_SHARED : MAP_PRIVATE;
	volatile struct migtrace_ring *ring;

	if (!bytes || !below(f, 4))
		bytes = 4096 * (1 + below(f, 40));
	ring = mmap(NULL, bytes, prot, flags, fd, below(f, 8) ? 0 : 4096 * edge(f, 1) & INT64_MAX);
	if (ring == MAP_FAILED)
		return -1;
	if (prot & PROT_WRITE) {
		ring->tail = edge(f, 0);
		ring->head = edge(f, 0);
		ring->lost = edge(f, 0);
		for (unsigned int i = 0; i < 100; i++)
			((volatile uint32_t *)ring)[below(f, bytes / 4)] = edge(f, 0);
	}
	if (below(f, 4) == 0)
		madvise((void *)ring, bytes, below(f, 26));
	if (below(f, 4) == 0)
		mprotect((void *)ring, 4096, below(f, 8));
	if (below(f, 4) == 0)
		usleep(below(f, 2000));
	/* What is unmapped may be another thread's the next moment. */
	if (below(f, 2) && bytes > 4096) {
		munmap((char *)ring + 4096, bytes - 4096);
		bytes = 4096;
	}
	munmap((void *)ring, bytes);
	return 0;
}

static int fuzz_poll(struct fuzzer *f, int fd)
{
	struct pollfd p[2] = { { .fd = fd, .events = edge(f, POLLIN) },
			       { .fd = files[below(f, FILES)], .events = POLLIN } };

	return poll(p, 1 + below(f, 2), below(f, 4)) < 0 ? -1 : 0;
}

/* The number stays, so that others who use it get the new file or the old one. */
static int fuzz_reopen(struct fuzzer *f, int fd)
{
	int fresh = open(WATCH_DEVICE, below(f, 8) ? O_RDWR | O_CLOEXEC : below(f, 4) | O_CLOEXEC);

	if (fresh < 0)
		return -1;
	if (dup3(fresh, fd, O_CLOEXEC) < 0) {
		close(fresh);
		return -1;
	}
	close(fresh);
	return 0;
}

static int one_call(struct fuzzer *f, enum call call)
{
	int fd = files[below(f, FILES)];

	switch (call) {
	case CALL_MMAP:
		return fuzz_mmap(f, fd);
	case CALL_POLL:
		return fuzz_poll(f, fd);
	case CALL_REOPEN:
		return below(f, 8) ? 0 : fuzz_reopen(f, fd);
	default:
		return fuzz_ioctl(f, fd, call);
	}
}

static void *fuzz(void *arg)
{
	struct fuzzer *f = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		enum call call = below(f, CALLS);

		errno = 0;
		f->calls[call]++;
		if (one_call(f, call) >= 0)
			f->good[call]++;
		else
			__atomic_add_fetch(&errors[errno < ERRORS ? errno : 0], 1,
					   __ATOMIC_RELAXED);
	}
	return NULL;
}

/* A session as it should be, on each machine by turns: it ticks, and its counts make sense. */
static bool valid_session(unsigned int n)
{
	const struct migtrace_record *r;
	struct watch w;
	bool good;
	int err;

	err = watch_open(&w, vmms[n % MACHINES].vm_fd, (1 + n % 20) * WATCH_MS, 0);
	if (err == -EUSERS)
		return true;
	if (!err) {
		err = watch_settle(&w);
		watch_close(&w);
	}
	r = &w.last.record;
	/* A page's event may be in the tick before. */
	good = !err && w.sum.pages <= w.sum.events && !w.sum.overruns && r->logged_pages == PAGES &&
	       !r->other_events;
	if (!good)
		printf("# machine %u: %s; tick %llu: %lu pages of %lu events, %lu overruns, %llu pages logged\n",
		       n % MACHINES, strerror(-err), r->tick, w.sum.pages, w.sum.events,
		       w.sum.overruns, r->logged_pages);
	return good;
}

static void *attach_properly(void *arg)
{
	for (unsigned int n = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); n++) {
		if (valid_session(n))
			valid_sessions++;
		else
			valid_failures++;
	}
	return NULL;
}

static bool begin_machines(void)
{
	static const enum vm_mode modes[MACHINES] = { VM_RING, VM_BITMAP_MANUAL,
						      VM_BITMAP_INITIALLY_SET };
	int err = 0;

	for (unsigned int i = 0; !err && i < MACHINES; i++) {
		struct vm_params params = {
			.mode = modes[i],
			.vcpus = 1 + i % 2,
			.ring_entries = 1024,
			.slot = { { .id = 3, .pages = PAGES, .logging = true },
				  { .id = 70, .pages = 77 } },
		};

		err = vmm_start(&vmms[i], &params, 3, GUEST_RATE, 20);
	}
	return !err;
}

/* Read-only space in front, nothing behind */
static uint8_t *make_arena(void)
{
	uint8_t *arena = mmap(NULL, ARENA_BYTES + 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (arena == MAP_FAILED)
		return NULL;
	mprotect(arena, 4096, PROT_READ);
	munmap(arena + ARENA_BYTES, 4096);
	return arena;
}

static uint64_t seed;
static unsigned int seconds = 10, threads = 4;
static int log_fd = -1;

static void test_fuzz(void)
{
	static struct fuzzer fuzzers[THREADS_MAX];
	pthread_t proper;

	CHECK(begin_machines());
	for (unsigned int i = 0; i < FILES; i++)
		CHECK((files[i] = open(WATCH_DEVICE, O_RDWR | O_CLOEXEC)) >= 0);
	for (unsigned int i = 0; i < threads; i++) {
		pattern_init(&fuzzers[i].dice, PATTERN_UNIFORM, 1, seed * THREADS_MAX + i);
		CHECK((fuzzers[i].arena = make_arena()));
		CHECK_INT(pthread_create(&fuzzers[i].thread, NULL, fuzz, &fuzzers[i]), 0);
	}
	CHECK_INT(pthread_create(&proper, NULL, attach_properly, NULL), 0);
	sleep(seconds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(fuzzers[i].thread, NULL);
	pthread_join(proper, NULL);
	for (unsigned int i = 0; i < FILES; i++)
		close(files[i]);
	for (unsigned int i = 0; i < MACHINES; i++) {
		vmm_close_fd(&vmms[i]);
		vmm_kill(&vmms[i]);
	}

	for (enum call c = 0; c < CALLS; c++) {
		uint64_t calls = 0, good = 0;

		for (unsigned int i = 0; i < threads; i++) {
			calls += fuzzers[i].calls[c];
			good += fuzzers[i].good[c];
		}
		printf("# %-15s %9lu calls, %9lu of them succeeded\n", call_name[c], calls, good);
	}
	for (unsigned int e = 0; e < ERRORS; e++)
		if (errors[e])
			printf("# %9lu times: %s\n", errors[e],
			       e ? strerror(e) : "an error that is none");
	CHECK_INT(errors[0], 0);
}

static void test_valid(void)
{
	printf("# %lu sessions\n", valid_sessions);
	CHECK_INT(valid_failures, 0);
	CHECK(valid_sessions > 0);
}

static void test_released(void)
{
	const char *kvm = kernel_kvm();

	for (int ms = 0; ms < GONE_MS && kernel_users("migtrace"); ms += 10)
		usleep(10000);
	CHECK_INT(kernel_users("migtrace"), 0);
	if (kvm) {
		CHECK_INT(kernel_unload_within(kvm, GONE_MS), 0);
		CHECK_INT(kernel_load_kvm(kvm), 0);
	}
}

static void test_log(void)
{
	if (log_fd < 0)
		SKIP("the kernel's log cannot be read");
	CHECK_INT(kernel_log_complaints(log_fd), 0);
}

static const struct ktap_case cases[] = {
	{ "random calls end, with or without an error", test_fuzz },
	{ "sessions in the midst of them work", test_valid },
	{ "after random calls nothing is in use", test_released },
	{ "the kernel did not complain of random calls", test_log },
};

static const struct option options[] = {
	{ "seconds", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'r' },
	{ "threads", required_argument, NULL, 't' },
	{ 0 },
};

int main(int argc, char **argv)
{
	const char *why;
	int o;

	seed = watch_now_ns();
	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 's': seconds = strtoul(optarg, NULL, 0); break;
		case 'r': seed = strtoull(optarg, NULL, 0); break;
		case 't': threads = strtoul(optarg, NULL, 0); break;
		default: return 2;
		}
	}
	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	why = watch_unsupported();
	if (!why)
		why = vm_unsupported(VM_RING);
	if (why) {
		printf("TAP version 13\n1..0 # SKIP %s\n", why);
		return 0;
	}
	printf("# seed %lu, %u threads, %u s\n", seed, threads, seconds);
	fflush(stdout);
	log_fd = kernel_log_open();
	alarm(seconds + VMTEST_LIMIT_S);
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
