// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_life.c - the lives of sessions, VMs, processes and modules, and in which order they end
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../kvm/vm_int.h"
#include "kernel.h"
#include "kmodtest.h"
#include "late.h"
#include "vmm.h"

#define PAGES		3003
#define TICK_NS		(2 * WATCH_MS)
#define RATE		5000
#define CHILD_RECORDS	16
#define CHILD_MAP_BYTES	8192UL		/* of 16 records */
#define GONE_MS		600000	/* a hang */

static const struct vm_params params = {
	.mode = VM_RING, .vcpus = 2, .ring_entries = 1024,
	.slot = { { .id = 3, .pages = PAGES, .logging = true } },
};

/* Sessions with different ticks on one VM see the same. */
static void test_several(void)
{
	static const uint64_t tick_ns[] = { WATCH_MS, 7 * WATCH_MS, 50 * WATCH_MS, 300 * WATCH_MS };
	static uint64_t words[4][(PAGES + 63) / 64];
	struct vm_stats stats;
	struct watch w[4];
	struct vm *vm;

	VMTEST_OPEN_EXACT(vm, &params);
	for (int i = 0; i < 4; i++)
		KMODTEST_WATCH(vm, w[i], tick_ns[i], 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 1, 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(watch_settle(&w[i]), 0);
	vm_forget(vm);
	CHECK_INT(vm_reaper_start(vm, 20), 0);
	for (unsigned int v = 0; v < 2; v++)
		CHECK_INT(vm_run_pattern(vm, v, 3, PATTERN_UNIFORM, 3000, v + 1, VM_RATE_MAX), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	vm_stats(vm, &stats);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(watch_settle(&w[i]), 0);
		CHECK_INT(w[i].sum.events, stats.pushed[0] + stats.pushed[1]);
		CHECK_INT(w[i].sum.overruns, 0);
		CHECK_INT(w[i].last.record.window_pages, stats.distinct);
		for (int try = 0;
		     try < 1000 && watch_pages(&w[i], 0, MIGTRACE_SET_WINDOW, 3, PAGES, words[i]);
		     try++)
			;
		CHECK(!memcmp(words[i], words[0], sizeof(words[0])));
	}
	for (int i = 0; i < 4; i++)
		watch_close(&w[i]);
	vm_close(vm);
}

/* The child has the file: the session goes on without the parent, and ends with the child. */
static int child_goes_on(int fd, pid_t parent)
{
	struct watch w = { .fd = fd };
	struct migtrace_info info;

	while (getppid() == parent)
		usleep(1000);
	/* The length is what the parent was told; the child has to know it. */
	w.ring = mmap(NULL, CHILD_MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (w.ring == MAP_FAILED || watch_settle(&w) || ioctl(fd, MIGTRACE_IOC_INFO, &info) ||
	    info.sessions != 1)
		return 1;
	return 0;
}

static void parent_and_child(int to, int vm_fd)
{
	struct migtrace_attach args = {
		.abi_version = MIGTRACE_ABI_VERSION, .vm_fd = vm_fd, .tick_ns = TICK_NS,
		.record_count = CHILD_RECORDS, .vcpu_count = WATCH_VCPUS,
	};
	int fd = open(WATCH_DEVICE, O_RDWR);
	pid_t self = getpid();
	char said;

	if (fd < 0 || ioctl(fd, MIGTRACE_IOC_ATTACH, &args) || args.map_bytes != CHILD_MAP_BYTES)
		_exit(1);
	close(vm_fd);
	if (fork())
		_exit(0);
	said = child_goes_on(fd, self);
	if (write(to, &said, 1) != 1)
		_exit(1);
	_exit(0);
}

static void test_inherited(void)
{
	struct vmm vmm;
	int pipes[2], users;
	char said = 1;
	pid_t pid;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (vm_unsupported(VM_RING))
		SKIP(vm_unsupported(VM_RING));
	users = kernel_users("migtrace");
	CHECK_INT(vmm_start(&vmm, &params, 3, RATE, 20), 0);
	CHECK_INT(pipe(pipes), 0);
	pid = fork();
	if (!pid)
		parent_and_child(pipes[1], vmm.vm_fd);
	vmm_close_fd(&vmm);
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	CHECK_INT(read(pipes[0], &said, 1), 1);
	CHECK_INT(said, 0);
	close(pipes[0]);
	/* The child's file is closed as it exits, which is not before it wrote. */
	for (int ms = 0; ms < GONE_MS && kernel_users("migtrace") != users; ms++)
		usleep(1000);
	CHECK_INT(kernel_users("migtrace"), users);
	vmm_kill(&vmm);
}

/* Reads until the guest has written, and its VMM harvested, however slow they are. 0 or -errno */
static int read_until_reset(struct watch *w)
{
	int err;

	do
		err = watch_settle(w);
	while (!err && (!w->sum.events || !w->sum.resets));
	return err;
}

/* Reads until the session's end. 0 or -errno */
static int read_until_gone(struct watch *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	for (int ms = 0; ms < GONE_MS; ms += 100) {
		int n = poll(&p, 1, 100);

		watch_drain(w);
		if (n > 0 && p.revents & POLLHUP) {
			watch_drain(w);
			return 0;
		}
	}
	return -ETIMEDOUT;
}

/* Keeps the pages of the last tick but one. */
static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	if (!(r->state & MIGTRACE_STATE_GONE))
		*(uint64_t *)arg = r->pages;
}

static void run_killed(enum vm_mode mode)
{
	static uint64_t words[(PAGES + 63) / 64];
	struct vm_params p = params;
	uint64_t pages_before = 0;
	struct pollfd poll_fd;
	const char *kvm;
	struct vmm vmm;
	struct watch w;
	int err;

	p.mode = mode;
	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (vm_unsupported(mode))
		SKIP(vm_unsupported(mode));
	CHECK_INT(vmm_start(&vmm, &p, 3, RATE, 20), 0);
	CHECK_INT(watch_open(&w, vmm.vm_fd, TICK_NS, 0), 0);
	w.on_record = on_record;
	w.arg = &pages_before;
	vmm_close_fd(&vmm);
	CHECK_INT(read_until_reset(&w), 0);
	CHECK_INT(kernel_unload("migtrace"), -EAGAIN);
	vmm_kill(&vmm);
	CHECK_INT(read_until_gone(&w), 0);
	CHECK(w.last.record.state & MIGTRACE_STATE_GONE);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	/* It stays so, and nothing more comes. */
	usleep(20 * TICK_NS / 1000);
	CHECK_INT(watch_drain(&w), 0);
	poll_fd = (struct pollfd){ .fd = w.fd, .events = POLLIN };
	CHECK_INT(poll(&poll_fd, 1, 0), 1);
	CHECK_INT(poll_fd.revents, POLLHUP);
	CHECK_INT(watch_settle(&w), -ESRCH);
	/* The last tick has no set of its own; that of the one before is still there. */
	CHECK_INT(watch_pages(&w, w.last.record.tick, MIGTRACE_SET_TICK, 3, PAGES, words), -ESTALE);
	CHECK_INT(watch_pages(&w, w.last.record.tick - 1, MIGTRACE_SET_TICK, 3, PAGES, words), 0);
	CHECK_INT(watch_popcount(words, PAGES), pages_before);
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_WINDOW), 0);

	/* The VM is given back with the session still open: KVM can go and come. */
	kvm = kernel_kvm();
	if (kvm) {
		err = kernel_unload_within(kvm, GONE_MS);
		CHECK_INT(err, 0);
		CHECK_INT(kernel_load_kvm(kvm), 0);
		CHECK(kernel_users("migtrace") > 0);
	}
	watch_close(&w);

	/* And one that is new is watched as ever. */
	CHECK_INT(vmm_start(&vmm, &p, 3, RATE, 20), 0);
	CHECK_INT(watch_open(&w, vmm.vm_fd, TICK_NS, 0), 0);
	CHECK(w.args.features & (mode == VM_RING ? MIGTRACE_FEAT_RESET : MIGTRACE_FEAT_CLEAR));
	CHECK(w.args.features & MIGTRACE_FEAT_COMMIT);
	CHECK_INT(read_until_reset(&w), 0);
	watch_close(&w);
	vmm_close_fd(&vmm);
	vmm_kill(&vmm);
	CHECK_INT(kernel_users("migtrace"), 0);
}

static void test_killed_ring(void) { run_killed(VM_RING); }
static void test_killed_bitmap(void) { run_killed(VM_BITMAP_MANUAL); }

/*
 * Its VMM lives on without the VM's file: that is the end, and what hangs on the file goes with it.
 */
static void test_abandoned(void)
{
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, TICK_NS, 0);
	CHECK_INT(watch_settle(&w), 0);
	close(vm->fd);
	vm->fd = -1;
	CHECK_INT(read_until_gone(&w), 0);
	CHECK(w.last.record.state & MIGTRACE_STATE_GONE);
	KMODTEST_CLOSE(vm, w);
}

/* A VM without a VMM cannot be attached to. */
static void test_dead(void)
{
	struct vmm vmm;
	struct watch w;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (vm_unsupported(VM_RING))
		SKIP(vm_unsupported(VM_RING));
	CHECK_INT(vmm_start(&vmm, &params, 3, RATE, 20), 0);
	vmm_kill(&vmm);
	CHECK_INT(watch_open(&w, vmm.vm_fd, TICK_NS, 0), -ESRCH);
	vmm_close_fd(&vmm);
}

/* The module is in use while a file of it is open, and goes and comes when none is. */
static void test_reload(void)
{
	const char *ko = kernel_ko();
	struct watch w;
	struct vm *vm;

	if (!ko)
		SKIP("no migtrace.ko for this kernel");
	KMODTEST_OPEN(vm, &params, w, TICK_NS, 0);
	CHECK_INT(kernel_unload("migtrace"), -EAGAIN);
	watch_close(&w);
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK(access(WATCH_DEVICE, F_OK));
	CHECK_INT(kernel_load(ko, NULL), 0);
	CHECK_INT(watch_open(&w, vm_vm_fd(vm), TICK_NS, 0), 0);
	CHECK(w.args.features & MIGTRACE_FEAT_RESET);
	KMODTEST_CLOSE(vm, w);
}

/* The module was there before KVM was. */
static void test_kvm_later(void)
{
	const char *kvm = kernel_kvm();
	struct watch w;
	struct vm *vm;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (!kvm || kernel_users(kvm) != 0)
		SKIP("KVM is no module, or has other users");
	CHECK_INT(kernel_unload(kvm), 0);
	CHECK_INT(kernel_unload("kvm"), 0);
	CHECK_INT(kernel_load_kvm(kvm), 0);
	KMODTEST_OPEN(vm, &params, w, TICK_NS, 0);
	CHECK_INT(w.args.features,
		  MIGTRACE_FEAT_RESET | MIGTRACE_FEAT_RING_FULL | MIGTRACE_FEAT_COMMIT);
	KMODTEST_CLOSE(vm, w);
}

/* Sessions come and go in mid-tick while the guest writes and its VMM harvests. */
static void test_close_under_load(void)
{
	struct vm_stats stats;
	struct watch w, other;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, WATCH_MS, 0);
	for (unsigned int v = 0; v < 2; v++) {
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, 0),
				      .count = VM_COUNT_ENDLESS };

		pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, v + 1);
		CHECK_INT(vm_run_begin(vm, v, &run), 0);
	}
	CHECK_INT(vm_reaper_start(vm, 3), 0);
	for (int i = 0; i < 60; i++) {
		CHECK_INT(watch_open(&other, vm_vm_fd(vm), WATCH_MS, 0), 0);
		usleep(i * 137 % 3000);
		watch_close(&other);
		watch_drain(&w);
	}
	for (unsigned int v = 0; v < 2; v++)
		vm_cancel(vm, v);
	for (unsigned int v = 0; v < 2; v++)
		CHECK_INT(vm_wait(vm, v, VMTEST_HANG_MS), 0);
	CHECK_INT(vm_reaper_stop(vm), 0);
	CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	CHECK_INT(w.sum.events, stats.pushed[0] + stats.pushed[1]);
	KMODTEST_CLOSE(vm, w);
}

/*
 * A session that is the first one has hooks put in place, which takes its time: its events begin
 * after that. (That a vCPU fills such a small ring while it is being reset may happen now and
 * then.)
 */
static void test_first_under_load(void)
{
	struct vm_params p = params;
	unsigned int overrun = 0;
	struct watch w;
	struct vm *vm;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	p.ring_entries = 256;		/* KVM on Intel wants more */
	if (vm_open(&vm, &p))
		p.ring_entries = 1024;
	else
		vm_close(vm);
	VMTEST_OPEN(vm, &p);
	for (unsigned int v = 0; v < 2; v++) {
		struct vm_run run = { .first_gfn = vm_slot_gfn(vm, 3, 0),
				      .count = VM_COUNT_ENDLESS };

		pattern_init(&run.pattern, PATTERN_UNIFORM, PAGES, v + 1);
		CHECK_INT(vm_run_begin(vm, v, &run), 0);
	}
	CHECK_INT(vm_reaper_start(vm, 2), 0);
	for (int i = 0; i < 15; i++) {
		CHECK_INT(watch_open(&w, vm_vm_fd(vm), WATCH_MS, 0), 0);
		CHECK_INT(watch_settle(&w), 0);
		overrun += w.sum.overruns > 0;
		watch_close(&w);
	}
	CHECK(overrun <= 2);
	CHECK_INT(vm_reaper_stop(vm), 0);
	vm_close(vm);
}

/* A vCPU that is made after the session began is counted from its first page on. */
static void test_vcpu_later(void)
{
	struct vm_params p = params;
	struct vm_stats stats;
	struct watch w;
	struct vm *vm;

	p.vcpus = 1;
	KMODTEST_OPEN(vm, &p, w, TICK_NS, 0);
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_UNIFORM, 100, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(late_vcpu(vm), 0);
	CHECK_INT(vm_vcpu_start(vm, 1), 0);
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int v = 0; v < 2; v++)
			CHECK_INT(vm_run_pattern(vm, v, 3, PATTERN_UNIFORM, 800, 10 * v + round,
						 VM_RATE_MAX),
				  0);
		CHECK_INT(vm_harvest(vm, NULL, 0), 0);
	}
	CHECK_INT(watch_settle(&w), 0);
	vm_stats(vm, &stats);
	CHECK(stats.pushed[1] > 500);
	CHECK_INT(w.sum.vcpu_events[0], stats.pushed[0]);
	CHECK_INT(w.sum.vcpu_events[1], stats.pushed[1]);
	CHECK_INT(w.sum.overruns, 0);
	KMODTEST_CLOSE(vm, w);
}

static const struct ktap_case cases[] = {
	{ "several sessions with different ticks agree", test_several },
	{ "a file that a child inherits", test_inherited },
	{ "a VMM that is killed ends the session: ring", test_killed_ring },
	{ "a VMM that is killed ends the session: bitmap", test_killed_bitmap },
	{ "the VM's file is closed, its VMM lives", test_abandoned },
	{ "attach to a VM whose VMM is gone", test_dead },
	{ "unload while attached, unload, load", test_reload },
	{ "KVM loaded after the module", test_kvm_later },
	{ "sessions closed in mid-tick under load", test_close_under_load },
	{ "the first session under load", test_first_under_load },
	{ "a vCPU made later", test_vcpu_later },
};

KTAP_MAIN(cases)
