// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_opener.c - who may open the device, and whose memory a session is
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kernel.h"
#include "kmodtest.h"

#define GROUP		4242
#define USER		4243
#define TICK_NS		(2 * WATCH_MS)
#define SLOT_PAGES	(2UL << 20)		/* 8 GiB: four sets of 256 KiB */
#define SETS_BYTES	(4 * SLOT_PAGES / 8)
/* nearly 8 TiB, KVM's most: sets of a GiB in all */
#define HUGE_BYTES	((1UL << 43) - (1UL << 21))
/* where physical addresses have 40 bits: 512 GiB, sets of 64 MiB */
#define HUGE_BYTES_40	(1UL << 39)
#define USER_SESSIONS	3
#define RECORDS		16384
#define WAIT_MS		600000	/* a hang */

/* What open(2) says to a user without capabilities, of that group: 0 or -errno */
static int open_as(gid_t gid, gid_t supplementary)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setgroups(1, &supplementary) || setresgid(gid, gid, gid) ||
		    setresuid(USER, USER, USER))
			_exit(255);
		_exit(open(WATCH_DEVICE, O_RDWR) < 0 ? errno : 0);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static void test_group(void)
{
	const char *ko = kernel_ko();

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (!ko)
		SKIP("no migtrace.ko for this kernel");
	if (geteuid())
		SKIP("not root");
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(ko, "group=4242"), 0);
	CHECK_INT(open_as(GROUP, USER), 0);
	CHECK_INT(open_as(USER, GROUP), 0);
	CHECK_INT(open_as(USER, USER), -EACCES);
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(ko, NULL), 0);
	CHECK_INT(open_as(GROUP, GROUP), -EACCES);
	CHECK_INT(open_as(0, 0), -EACCES);
}

/*
 * In a child of that user, whose VM it is or not: attaches so many times. The first error, or how
 * many sessions it got.
 */
static int attach_as_user(int vm_fd, bool own, unsigned int times)
{
	const struct vm_params params = { .mode = VM_BITMAP,
					  .vcpus = 1,
					  .slot = { { .id = 3, .pages = 77 } } };
	struct migtrace_attach args = { .abi_version = MIGTRACE_ABI_VERSION,
					.vm_fd = vm_fd,
					.tick_ns = TICK_NS };
	gid_t none = GROUP;
	struct vm *vm;

	if (setgroups(1, &none) || setresgid(GROUP, GROUP, GROUP) || setresuid(USER, USER, USER))
		return -ECHILD;
	if (own && vm_open(&vm, &params))
		return -ENODEV;
	if (own)
		args.vm_fd = vm_vm_fd(vm);
	for (unsigned int i = 0; i < times; i++) {
		int fd = open(WATCH_DEVICE, O_RDWR);

		if (fd < 0 || ioctl(fd, MIGTRACE_IOC_ATTACH, &args))
			return -errno;
	}
	return times;
}

static int in_child(int vm_fd, bool own, unsigned int times)
{
	int pipes[2], said = -EPIPE;
	pid_t pid;

	if (pipe(pipes))
		return -errno;
	pid = fork();
	if (!pid) {
		said = attach_as_user(vm_fd, own, times);
		_exit(write(pipes[1], &said, sizeof(said)) != sizeof(said));
	}
	close(pipes[1]);
	if (read(pipes[0], &said, sizeof(said)) != sizeof(said))
		said = -EPIPE;
	close(pipes[0]);
	waitpid(pid, NULL, 0);
	return said;
}

/*
 * The group's members may open the device, and watch their own guests: another user's are not for
 * them.
 */
static void test_foreign(void)
{
	const struct vm_params params = { .mode = VM_BITMAP,
					  .vcpus = 1,
					  .slot = { { .id = 3, .pages = 77 } } };
	const char *ko = kernel_ko();
	int foreign, own, many, more;
	struct stat kvm;
	struct vm *vm;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (!ko)
		SKIP("no migtrace.ko for this kernel");
	if (geteuid())
		SKIP("not root");
	VMTEST_OPEN(vm, &params);
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(ko, "group=4242 max_user_sessions=3"), 0);
	CHECK_INT(stat("/dev/kvm", &kvm), 0);
	CHECK_INT(chmod("/dev/kvm", 0666), 0);
	foreign = in_child(vm_vm_fd(vm), false, 1);
	own = in_child(-1, true, 1);
	many = in_child(-1, true, USER_SESSIONS);
	more = in_child(-1, true, USER_SESSIONS + 1);
	chmod("/dev/kvm", kvm.st_mode & 07777);
	vm_close(vm);
	CHECK_INT(kernel_unload_within("migtrace", WAIT_MS), 0);
	CHECK_INT(kernel_load(ko, NULL), 0);
	CHECK_INT(foreign, -EPERM);
	CHECK_INT(own, 1);
	CHECK_INT(many, USER_SESSIONS);
	CHECK_INT(more, -EUSERS);
}

static char cgroup_root[64], cgroup[128];

static int write_to(const char *dir, const char *name, const char *text)
{
	char path[256];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static long long cgroup_bytes(void)
{
	char path[256];
	long long bytes = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.current", cgroup);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%lld", &bytes) != 1)
		bytes = -1;
	if (f)
		fclose(f);
	return bytes;
}

/* A memory cgroup of our own: NULL, or why not */
static const char *make_cgroup(void)
{
	strcpy(cgroup_root, "/sys/fs/cgroup");
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK)) {
		strcpy(cgroup_root, "/tmp/migtrace-cgroup-XXXXXX");
		if (!mkdtemp(cgroup_root) || mount("none", cgroup_root, "cgroup2", 0, NULL))
			return "no cgroup2";
	}
	write_to(cgroup_root, "cgroup.subtree_control", "+memory");
	snprintf(cgroup, sizeof(cgroup), "%s/migtrace-test", cgroup_root);
	if (mkdir(cgroup, 0755) && errno != EEXIST)
		return "no cgroup can be made";
	return cgroup_bytes() < 0 ? "no memory controller" : NULL;
}

static void remove_cgroup(void)
{
	rmdir(cgroup);
	if (!strncmp(cgroup_root, "/tmp/", 5)) {
		umount(cgroup_root);
		rmdir(cgroup_root);
	}
}

/* In a child: a session with many records, kept until the pipe ends */
static void open_in_cgroup(int vm_fd, int said, int until)
{
	struct migtrace_attach args = {
		.abi_version = MIGTRACE_ABI_VERSION, .vm_fd = vm_fd, .tick_ns = TICK_NS,
		.record_count = RECORDS,
	};
	int fd, err;
	char c;

	err = write_to(cgroup, "cgroup.procs", "0");
	fd = open(WATCH_DEVICE, O_RDWR | O_CLOEXEC);
	if (!err && (fd < 0 || ioctl(fd, MIGTRACE_IOC_ATTACH, &args)))
		err = -errno;
	if (write(said, &err, sizeof(err)) != sizeof(err) || read(until, &c, 1) < 0)
		_exit(1);
	_exit(0);
}

/*
 * A memslot comes later: that it is the session's own thread that makes the sets does not matter.
 */
static void check_charges(struct vm *vm, long long before)
{
	long long attached = cgroup_bytes(), later = attached;

	CHECK(attached - before >= (long long)(RECORDS * sizeof(struct migtrace_record)));
	CHECK_INT(vm_slot_add(vm, &(struct vm_slot_params){ .id = 9, .pages = SLOT_PAGES }), 0);
	for (int ms = 0; ms < WAIT_MS && later - attached < (long long)SETS_BYTES; ms += 10) {
		usleep(10000);
		later = cgroup_bytes();
	}
	printf("# %lld bytes with the session, %lld more with another memslot of %lu pages\n",
	       attached - before, later - attached, SLOT_PAGES);
	CHECK(later - attached >= (long long)SETS_BYTES);
	CHECK(later - attached < 2 * (long long)SETS_BYTES);
}

static void test_memory(void)
{
	struct vm_params params = { .mode = VM_RING, .vcpus = 1, .ring_entries = 1024,
		.slot = { { .id = 3, .pages = 77, .logging = true } } };
	int said[2], until[2], err = -EPIPE;
	long long before, after;
	const char *why;
	struct vm *vm;
	pid_t pid;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	VMTEST_OPEN(vm, &params);
	why = make_cgroup();
	if (why) {
		vm_close(vm);
		SKIP(why);
	}
	CHECK_INT(pipe(said) | pipe(until), 0);
	before = cgroup_bytes();
	pid = fork();
	if (!pid) {
		close(until[1]);
		open_in_cgroup(vm_vm_fd(vm), said[1], until[0]);
	}
	CHECK_INT(read(said[0], &err, sizeof(err)), sizeof(err));
	CHECK_INT(err, 0);
	check_charges(vm, before);
	close(until[1]);
	waitpid(pid, NULL, 0);
	/* What is left is the child's, and the kernel's leftovers. */
	after = cgroup_bytes();
	CHECK(after - before < (long long)SETS_BYTES);
	close(until[0]);
	close(said[0]);
	close(said[1]);
	vm_close(vm);
	remove_cgroup();
}

static uint32_t states;

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	states |= r->state;
}

/* As large a memslot as may be: it has no memory behind it, and costs the VMM next to nothing. */
static int add_huge(struct vm *vm, struct kvm_userspace_memory_region *region)
{
	region->guest_phys_addr = 1UL << 44;
	region->memory_size = HUGE_BYTES;
	if (!ioctl(vm_vm_fd(vm), KVM_SET_USER_MEMORY_REGION, region))
		return 0;
	region->guest_phys_addr = 1UL << 38;
	region->memory_size = HUGE_BYTES_40;
	return ioctl(vm_vm_fd(vm), KVM_SET_USER_MEMORY_REGION, region) ? -errno : 0;
}

/* Whatever it is, the session has no more than it may have, and goes on counting the rest. */
static void run_huge(enum vm_mode mode)
{
	struct vm_params params = { .mode = mode, .vcpus = 1, .ring_entries = 4096,
		.slot = { { .id = 3, .pages = 3003, .logging = true } } };
	struct kvm_userspace_memory_region region = { .slot = 99 };
	struct migtrace_stats stats;
	struct watch w;
	struct vm *vm;
	void *memory;

	memory = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(memory != MAP_FAILED);
	region.userspace_addr = (uintptr_t)memory;
	VMTEST_OPEN_EXACT(vm, &params);
	states = 0;
	CHECK_INT(add_huge(vm, &region), 0);
	CHECK_INT(vmtest_settle(vm), 0);
	CHECK_INT(write_to("/sys/module/migtrace/parameters", "session_mib", "16"), 0);
	KMODTEST_WATCH(vm, w, TICK_NS, 0);
	CHECK_INT(write_to("/sys/module/migtrace/parameters", "session_mib", "512"), 0);
	w.on_record = on_record;
	KMODTEST_CLEAN(vm, w, 3);
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_STATS, &stats), 0);
	printf("# %llu bytes with %llu GiB that are not logged\n", stats.bytes,
	       region.memory_size >> 30);
	CHECK(stats.bytes < 8UL << 20);
	CHECK(!(states & MIGTRACE_STATE_NO_MEMORY));

	/* Logged, it is what cannot be counted, and that is said. */
	region.flags = KVM_MEM_LOG_DIRTY_PAGES;
	CHECK_INT(ioctl(vm_vm_fd(vm), KVM_SET_USER_MEMORY_REGION, &region), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK(w.last.record.state & MIGTRACE_STATE_NO_MEMORY);
	CHECK(!(w.last.record.valid & MIGTRACE_VALID_WINDOW));
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_STATS, &stats), 0);
	CHECK(stats.bytes < 8UL << 20);
	w.sum.events = 0;
	CHECK_INT(vm_run_pattern(vm, 0, 3, PATTERN_SEQUENTIAL, 500, 1, VM_RATE_MAX), 0);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 500);
	CHECK_INT(w.sum.overruns, 0);
	KMODTEST_CLOSE(vm, w);
	munmap(memory, HUGE_BYTES);
}

static void test_huge_ring(void) { run_huge(VM_RING); }
static void test_huge_bitmap(void) { run_huge(VM_BITMAP_MANUAL); }

static const struct ktap_case cases[] = {
	{ "the group that may open the device", test_group },
	{ "another user's guest, and too many sessions of one's own", test_foreign },
	{ "memory is the opener's", test_memory },
	{ "as large a memslot as may be, without memory: ring", test_huge_ring },
	{ "as large a memslot as may be, without memory: bitmap", test_huge_bitmap },
};

KTAP_MAIN(cases)
