// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failnth.c - each allocation and each copy that the module asks for fails once
 *
 * The kernel's fault injection lets the nth fallible thing fail that a thread does: for
 * n = 1, 2, ... a call is made until none was left to fail. Each time it either succeeds or
 * says ENOMEM or EFAULT, leaves nothing behind, and succeeds when it is made once more.
 * Needs a kernel with CONFIG_FAILSLAB, FAIL_PAGE_ALLOC and FAULT_INJECTION_DEBUG_FS
 * (scripts/lab-debug-kernel); what leaked is for kmemleak to say, but for whole pages.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "kmodtest.h"

#define PAGES		200
#define TICK_NS		(5 * WATCH_MS)
#define RECORDS		64
#define N_MAX		3000
#define GONE_MS		20000

#define DEBUG		"/sys/kernel/debug/"
#define NEW_SLOT	90
#define LARGE_PAGES	(1UL << 19)	/* from here on the module keeps more for a memslot */

static struct vm_params params = {
	.vcpus = 2, .ring_entries = 1024,
	.slot = { { .id = 3, .pages = PAGES, .logging = true }, { .id = 70, .pages = 77 } },
};

/* ---- the kernel's fault injection ---- */

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Everything may fail, however it was asked for, and silently. Or why not */
static const char *unsupported(void)
{
	if (watch_unsupported())
		return watch_unsupported();
	if (access("/proc/thread-self/fail-nth", R_OK | W_OK))
		return "this kernel has no fail-nth";
	if (put(DEBUG "failslab/ignore-gfp-wait", "N") ||
	    put(DEBUG "fail_page_alloc/ignore-gfp-wait", "N") ||
	    put(DEBUG "fail_page_alloc/ignore-gfp-highmem", "N") ||
	    put(DEBUG "fail_page_alloc/min-order", "0"))
		return "this kernel has no failslab, or no fail_page_alloc";
	put(DEBUG "failslab/verbose", "0");
	put(DEBUG "fail_page_alloc/verbose", "0");
	put(DEBUG "fail_usercopy/verbose", "0");
	return NULL;
}

/* A thread's fail-nth file, opened before, so that only what is tested is counted. */
static int fail_after(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(fd, text, len, 0) == len ? 0 : -errno;
}

/* Whether it came to that. Off from here on. */
static bool has_failed(int fd)
{
	char text[16] = "";
	/* When our own read is what fails, it was still to come. */
	bool failed = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);

	fail_after(fd, 0);
	return failed;
}

/* ---- what may be left ---- */

static int sessions(void)
{
	struct migtrace_info info;
	int fd = open(WATCH_DEVICE, O_RDWR | O_CLOEXEC), n = -1;

	if (fd >= 0 && !ioctl(fd, MIGTRACE_IOC_INFO, &info))
		n = info.sessions;
	close(fd);
	return n;
}

/* The module's thread that is no other than this, 0 if there is none */
static int thread_but(int other)
{
	DIR *proc = opendir("/proc");
	struct dirent *d;
	int found = 0;

	while (proc && !found && (d = readdir(proc))) {
		char path[300], name[32] = "";
		int pid = atoi(d->d_name);
		FILE *f;

		if (pid <= 0 || pid == other)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strncmp(name, "migtrace/", 9))
			found = pid;
		fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* kprobes in place on KVM's functions: none are KVM's own */
static int probes(void)
{
	FILE *f = fopen(DEBUG "kprobes/list", "re");
	char line[256];
	int n = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (strstr(line, " kvm_"))
			n++;
	fclose(f);
	return n;
}

static bool wait_gone(const char *path)
{
	for (int ms = 0; ms < GONE_MS; ms += 50, usleep(50000))
		if (access(path, F_OK))
			return true;
	return false;
}

/* KVM has a directory for each VM as long as it lives: does this one end with its last file? */
static bool close_vm(struct vm *vm)
{
	char path[64];

	snprintf(path, sizeof(path), DEBUG "kvm/%d-%d", getpid(), vm_vm_fd(vm));
	if (access(path, F_OK)) {
		printf("# no %s, so what still pins the VM is not seen\n", path);
		vm_close(vm);
		return true;
	}
	vm_close(vm);
	return wait_gone(path);
}

static long free_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (f && kib < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kib) != 1)
			kib = -1;
	if (f)
		fclose(f);
	return kib;
}

/* ---- calls under test ---- */

static int device = -1, fail_fd = -1;
static struct watch session;
static struct migtrace_attach attach_args;

static int step_open(struct vm *vm)
{
	device = open(WATCH_DEVICE, O_RDWR | O_CLOEXEC);
	return device < 0 ? -errno : 0;
}

static void undo_open(void)
{
	close(device);
}

static int step_attach(struct vm *vm)
{
	attach_args = (struct migtrace_attach) {
		.abi_version = MIGTRACE_ABI_VERSION,
		.vm_fd = vm_vm_fd(vm),
		.tick_ns = TICK_NS,
		.record_count = RECORDS,
		.vcpu_count = 2,
	};
	return ioctl(device, MIGTRACE_IOC_ATTACH, &attach_args) ? -errno : 0;
}

static void *map;

static int step_mmap(struct vm *vm)
{
	map = mmap(NULL, session.args.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, session.fd, 0);
	return map == MAP_FAILED ? -errno : 0;
}

static void undo_mmap(void)
{
	munmap(map, session.args.map_bytes);
}

static int step_info(struct vm *vm)
{
	struct migtrace_info info;

	return ioctl(session.fd, MIGTRACE_IOC_INFO, &info) ? -errno : 0;
}

static int step_slots(struct vm *vm)
{
	struct migtrace_slot slot[8];
	struct migtrace_slots args = { .slots_ptr = (uintptr_t)slot, .count = 8 };

	return ioctl(session.fd, MIGTRACE_IOC_SLOTS, &args) ? -errno : 0;
}

static int step_pages(struct vm *vm)
{
	uint64_t words[(PAGES + 63) / 64];
	int err;

	/* Ticks come and go meanwhile. */
	do
		err = watch_pages(&session, 0, MIGTRACE_SET_WINDOW, 3, PAGES, words);
	while (err == -ESTALE);
	return err;
}

static int step_window(struct vm *vm)
{
	return ioctl(session.fd, MIGTRACE_IOC_WINDOW) ? -errno : 0;
}

static int step_poll(struct vm *vm)
{
	struct pollfd p = { .fd = session.fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : 0;
}

static void undo_nothing(void) { }

struct step {
	const char *name;
	int (*run)(struct vm *vm);
	void (*undo)(void);
};

static const struct step step_of_open = { "open", step_open, undo_open };
static const struct step others[] = {
	{ "mmap", step_mmap, undo_mmap },
	{ "INFO", step_info, undo_nothing },
	{ "SLOTS", step_slots, undo_nothing },
	{ "PAGES", step_pages, undo_nothing },
	{ "WINDOW", step_window, undo_nothing },
	{ "poll", step_poll, undo_nothing },
};

static void sweep(const struct step *step, struct vm *vm)
{
	unsigned int n, refused = 0;

	for (n = 1; n < N_MAX; n++) {
		bool failed;
		int err;

		CHECK_INT(fail_after(fail_fd, n), 0);
		err = step->run(vm);
		failed = has_failed(fail_fd);
		if (err) {
			CHECK(failed);
			CHECK(err == -ENOMEM || err == -EFAULT);
			CHECK_INT(step->run(vm), 0);
			refused++;
		}
		step->undo();
		if (!failed)
			break;
	}
	CHECK(n < N_MAX);
	printf("# %s: %u faults, %u refusals\n", step->name, n - 1, refused);
}

/* ATTACH, on one file until it succeeds: a refusal must not spoil it. */
static void sweep_attach(struct vm *vm, int held, int other)
{
	unsigned int n, refused = 0, fewer = 0;
	uint64_t features;
	int probes_before = probes();

	CHECK_INT(step_open(vm), 0);
	CHECK_INT(step_attach(vm), 0);
	features = attach_args.features;
	close(device);

	for (n = 1; n < N_MAX; n++) {
		bool failed;
		int err;

		CHECK_INT(step_open(vm), 0);
		CHECK_INT(fail_after(fail_fd, n), 0);
		err = step_attach(vm);
		failed = has_failed(fail_fd);
		if (err) {
			CHECK(failed);
			CHECK(err == -ENOMEM || err == -EFAULT);
			CHECK_INT(sessions(), held);
			refused++;
			CHECK_INT(step_attach(vm), 0);
			CHECK_INT(attach_args.features, features);
		} else if (attach_args.features != features) {
			CHECK(failed);
			CHECK(!(attach_args.features & ~features));
			fewer++;
		}
		close(device);
		CHECK_INT(sessions(), held);
		if (!failed)
			break;
	}
	CHECK(n < N_MAX);
	printf("# ATTACH: %u faults, %u refusals, %u with fewer features\n", n - 1, refused, fewer);
	CHECK_INT(thread_but(other), 0);
	CHECK_INT(probes(), probes_before);
}

#define OPEN(vm, vm_mode) do { \
	if (unsupported()) \
		SKIP(unsupported()); \
	params.mode = (vm_mode); \
	VMTEST_OPEN(vm, &params); \
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 100, 1, VM_RATE_MAX), 0); \
	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC); \
	CHECK(fail_fd >= 0); \
} while (0)

#define CLOSE(vm) do { \
	close(fail_fd); \
	CHECK(close_vm(vm)); \
	CHECK_INT(sessions(), 0); \
	CHECK_INT(thread_but(0), 0); \
} while (0)

/* Another session has KVM's hooks in place: what fails is the module's own. */
static void attach_second(enum vm_mode mode)
{
	struct vm *vm;

	OPEN(vm, mode);
	CHECK_INT(watch_open(&session, vm_vm_fd(vm), TICK_NS, 0), 0);
	sweep_attach(vm, 1, thread_but(0));
	watch_close(&session);
	CLOSE(vm);
}

/* The first session: hooks fail as well, and are missing from the features, no more. */
static void attach_first(enum vm_mode mode)
{
	struct vm *vm;

	OPEN(vm, mode);
	sweep_attach(vm, 0, 0);
	CLOSE(vm);
}

static void other_calls(enum vm_mode mode)
{
	struct vm *vm;

	OPEN(vm, mode);
	sweep(&step_of_open, vm);
	CHECK_INT(watch_open(&session, vm_vm_fd(vm), TICK_NS, 0), 0);
	CHECK_INT(watch_settle(&session), 0);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]) && !ktap_failed; i++)
		sweep(&others[i], vm);
	watch_close(&session);
	CLOSE(vm);
}

/* ---- the session's own thread: sets for a new memslot ---- */

static bool no_memory;

static void see_state(struct watch *w, const struct migtrace_record *r, void *arg)
{
	no_memory |= !!(r->state & MIGTRACE_STATE_NO_MEMORY);
}

static bool has_slot(const struct watch *w, uint32_t id)
{
	struct migtrace_slot slot[16];
	struct migtrace_slots args = { .slots_ptr = (uintptr_t)slot, .count = 16 };

	if (ioctl(w->fd, MIGTRACE_IOC_SLOTS, &args))
		return false;
	for (unsigned int i = 0; i < args.count && i < 16; i++)
		if (slot[i].id == id)
			return true;
	return false;
}

static void new_slots(enum vm_mode mode, uint64_t pages)
{
	struct vm_slot_params slot = { .id = NEW_SLOT, .pages = pages, .logging = true };
	unsigned int n, seen = 0;
	char path[64];
	struct vm *vm;
	int thread_fd;

	OPEN(vm, mode);
	CHECK_INT(watch_open(&session, vm_vm_fd(vm), TICK_NS, 0), 0);
	session.on_record = see_state;
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", thread_but(0));
	thread_fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(thread_fd >= 0);
	CHECK_INT(watch_settle(&session), 0);
	for (n = 1; n < N_MAX; n++) {
		bool failed;

		no_memory = false;
		CHECK_INT(fail_after(thread_fd, n), 0);
		CHECK_INT(vm_slot_add(vm, &slot), 0);
		CHECK_INT(watch_settle(&session), 0);
		CHECK_INT(watch_settle(&session), 0);
		failed = has_failed(thread_fd);
		CHECK(failed || !no_memory);
		seen += no_memory;
		/* The next tick tries again; pages are seen as if nothing had been. */
		CHECK_INT(watch_settle(&session), 0);
		CHECK(!(session.last.record.state & MIGTRACE_STATE_NO_MEMORY));
		CHECK(has_slot(&session, NEW_SLOT));
		CHECK_INT(vm_run_pattern(vm, 0, NEW_SLOT, PATTERN_SEQUENTIAL, 50, 1, VM_RATE_MAX),
			  0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
		CHECK_INT(vm_slot_remove(vm, NEW_SLOT), 0);
		CHECK_INT(watch_settle(&session), 0);
		CHECK_INT(watch_settle(&session), 0);
		CHECK(!has_slot(&session, NEW_SLOT));
		if (!failed)
			break;
	}
	CHECK(n < N_MAX);
	printf("# new memslots: %u faults, %u ticks without memory\n", n - 1, seen);
	close(thread_fd);
	watch_close(&session);
	CLOSE(vm);
}

/* ---- pages, which kmemleak does not see ---- */

#define ROUNDS		40
#define LEAK_KIB	(64 * 1024)

/* The ring of records is the most of what ATTACH asks for: let it fail after 2000 of 3000 pages. */
static void test_pages(void)
{
	struct migtrace_attach args;
	unsigned int refused = 0;
	struct vm *vm;
	long before = 0;

	OPEN(vm, VM_RING);
	CHECK_INT(step_open(vm), 0);
	/* The first rounds fill caches of the kernel's. */
	for (int i = -4; i < ROUNDS; i++) {
		if (!i)
			before = free_kib();
		args = (struct migtrace_attach) {
			.abi_version = MIGTRACE_ABI_VERSION, .vm_fd = vm_vm_fd(vm),
			.tick_ns = TICK_NS,
			.record_count = MIGTRACE_RECORDS_MAX,
		};
		CHECK_INT(fail_after(fail_fd, 2000), 0);
		refused += ioctl(device, MIGTRACE_IOC_ATTACH, &args) && errno == ENOMEM;
		CHECK(has_failed(fail_fd));
	}
	close(device);
	CHECK_INT(refused, ROUNDS + 4);
	printf("# free memory: %ld KiB less after %d refusals\n", before - free_kib(), ROUNDS);
	CHECK(before - free_kib() < LEAK_KIB);
	CLOSE(vm);
}

/* ---- a first vCPU whose making fails, time and again ---- */

#define TRIES_S		5

static atomic_bool enough;
static unsigned int unmade;

static void *make_vcpus(void *vm)
{
	while (!enough && ioctl(*(int *)vm, KVM_CREATE_VCPU, 0) < 0 && errno == EMFILE)
		unmade++;
	return NULL;
}

/*
 * Meanwhile the VM seems to have a vCPU, but its VMM may still ask for rings, and kernels
 * without "KVM: Fix vcpu_array[0] races" show that vCPU until it is freed: no session there.
 */
static void test_unmade(void)
{
	struct migtrace_attach args = {
		.abi_version = MIGTRACE_ABI_VERSION, .tick_ns = TICK_NS, .record_count = 16,
	};
	unsigned int tries = 0, attached = 0, other_errors = 0;
	struct rlimit limit, none;
	uint64_t until;
	pthread_t maker;
	int kvm, vm;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		SKIP("no /dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	CHECK(vm >= 0);
	args.vm_fd = vm;
	CHECK_INT(step_open(NULL), 0);

	/* No file can be made, not even for a vCPU. */
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	enough = false;
	unmade = 0;
	CHECK_INT(pthread_create(&maker, NULL, make_vcpus, &vm), 0);
	for (until = watch_now_ns() + TRIES_S * 1000 * WATCH_MS;
	     watch_now_ns() < until && !attached; tries++)
		if (!ioctl(device, MIGTRACE_IOC_ATTACH, &args))
			attached++;
		else if (errno != EAGAIN)
			other_errors++;
	enough = true;
	pthread_join(maker, NULL);
	setrlimit(RLIMIT_NOFILE, &limit);
	close(device);
	close(vm);
	close(kvm);
	printf("# %u vCPUs that were not made, %u attaches\n", unmade, tries);
	CHECK(unmade > 0);
	CHECK_INT(other_errors, 0);
	CHECK_INT(attached, 0);
}

static void second_ring(void) { attach_second(VM_RING); }
static void second_bitmap(void) { attach_second(VM_BITMAP_MANUAL); }
static void first_ring(void) { attach_first(VM_RING); }
static void first_bitmap(void) { attach_first(VM_BITMAP_INITIALLY_SET); }
static void others_ring(void) { other_calls(VM_RING); }
static void others_bitmap(void) { other_calls(VM_BITMAP_MANUAL); }
static void slots_ring(void) { new_slots(VM_RING, PAGES); }
static void slots_large(void) { new_slots(VM_RING, LARGE_PAGES); }
static void slots_bitmap(void) { new_slots(VM_BITMAP_MANUAL, PAGES); }

static const struct ktap_case cases[] = {
	{ "attach to a ring machine", second_ring },
	{ "attach to a bitmap machine", second_bitmap },
	{ "attach to a ring machine, hooks and all", first_ring },
	{ "attach to a bitmap machine, hooks and all", first_bitmap },
	{ "the other calls on a ring machine", others_ring },
	{ "the other calls on a bitmap machine", others_bitmap },
	{ "new memslots of a ring machine", slots_ring },
	{ "large new memslots of a ring machine", slots_large },
	{ "new memslots of a bitmap machine", slots_bitmap },
	{ "a ring of records that cannot be had leaves no pages", test_pages },
	{ "a first vCPU whose making fails", test_unmade },
};

KTAP_MAIN(cases)
