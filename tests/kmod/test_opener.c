// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_opener.c - who may open the device, and whose memory a session is
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kernel.h"
#include "kmodtest.h"

#define GROUP		4242
#define USER		4243
#define TICK_NS		(2 * WATCH_MS)
#define SLOT_PAGES	(2UL << 20)		/* 8 GiB: three sets of 256 KiB */
#define SETS_BYTES	(3 * SLOT_PAGES / 8)
#define RECORDS		16384
#define WAIT_MS		600000	/* a hang */

/* What open(2) says to a user without capabilities, of that group: 0 or -errno */
static int open_as(gid_t gid, gid_t supplementary)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setgroups(1, &supplementary) || setresgid(gid, gid, gid) || setresuid(USER, USER, USER))
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
		.abi_version = MIGTRACE_ABI_VERSION, .vm_fd = vm_fd, .tick_ns = TICK_NS, .record_count = RECORDS,
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

/* A memslot comes later: that it is the session's own thread that makes the sets does not matter. */
static void check_charges(struct vm *vm, long long before)
{
	long long attached = cgroup_bytes(), later = attached;

	CHECK(attached - before >= (long long)(RECORDS * sizeof(struct migtrace_record)));
	CHECK_INT(vm_slot_add(vm, &(struct vm_slot_params){ .id = 9, .pages = SLOT_PAGES }), 0);
	for (int ms = 0; ms < WAIT_MS && later - attached < (long long)SETS_BYTES; ms += 10) {
		usleep(10000);
		later = cgroup_bytes();
	}
	printf("# %lld bytes with the session, %lld more with another memslot of %lu pages\n", attached - before,
	       later - attached, SLOT_PAGES);
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

static const struct ktap_case cases[] = {
	{ "the group that may open the device", test_group },
	{ "memory is the opener's", test_memory },
};

KTAP_MAIN(cases)
