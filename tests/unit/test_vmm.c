// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vmm.c - which process runs a guest, and which of its files is the VM, in a /proc of our own
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/vmm.h"
#include "source/source.h"
#include "source/vm.h"
#include "ktap.h"
#include "scratch.h"

#define UUID	"28158a57-89db-4e62-890f-5e7c0a3d7ee8"

static char proc[64], run[64];
static const struct mt_vmm_paths paths = { proc, run };

static void put(const char *path, const char *text, size_t len)
{
	mt_autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		abort();
}

/* Arguments are given with a blank between them. */
static void process(int pid, const char *args)
{
	char path[128], text[512];
	size_t len = strlen(args) + 1;

	snprintf(path, sizeof(path), "%s/%d", proc, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/fd", proc, pid);
	mkdir(path, 0755);
	memcpy(text, args, len);
	for (char *c = text; *c || c < text + len - 1; c++)
		if (*c == ' ')
			*c = '\0';
	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, pid);
	put(path, text, len);
}

static void file(int pid, const char *fd, const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/fd/%s", proc, pid, fd);
	unlink(path);
	if (symlink(target, path))
		abort();
}

static void pidfile(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s.pid", run, name);
	put(path, text, strlen(text));
}

static void begin(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s/*", dir);
	if (system(command) || mkdir(proc, 0755) || mkdir(run, 0755))
		abort();
	process(1, "/sbin/init");
	process(20, "grep " UUID " /etc/passwd");
	process(21, "virsh migrate --uuid=" UUID);
	process(30, "/usr/bin/qemu-system-x86_64 -name guest=other -uuid 11111111-2222-3333-4444-555555555555 -S");
}

static void by_pidfile(void)
{
	pid_t pid;

	begin();
	process(40, "/usr/bin/qemu-system-x86_64 -name guest=web1 -uuid " UUID " -S");
	process(41, "/usr/bin/qemu-system-x86_64 -name guest=web1 -uuid " UUID " -incoming defer");
	pidfile("web1", "41\n");
	CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, NULL), 0);
	CHECK_INT(pid, 41);
	pidfile("web1", "40");
	CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, NULL), 0);
	CHECK_INT(pid, 40);
}

static void by_looking(void)
{
	struct mt_err err = { 0 };
	pid_t pid;

	begin();
	CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, &err), -ESRCH);
	CHECK(strstr(err.msg, "web1"));
	CHECK_INT(pid, 0);
	process(40, "/usr/bin/qemu-system-x86_64 -name guest=web1 -uuid " UUID " -S");
	CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, NULL), 0);
	CHECK_INT(pid, 40);
	CHECK_INT(mt_vmm_pid(&paths, NULL, UUID, &pid, NULL), 0);
	CHECK_INT(pid, 40);
	process(41, "/usr/bin/qemu-system-x86_64 -name guest=web1 -uuid " UUID " -incoming defer");
	err = (struct mt_err){ 0 };
	CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, &err), -ENOTUNIQ);
	CHECK_INT(pid, 0);
	CHECK(*err.msg);
}

/* A pidfile that is old, broken, or of another guest is not believed. */
static void bad_pidfiles(void)
{
	static const char *const texts[] = {
		"1",  "20", "21", "30", "99", "", "-40", "0", "40x", "4 0", "99999999999999999999",
		"\n", "x",
	};
	pid_t pid;

	begin();
	process(40, "/usr/bin/qemu-system-x86_64 -uuid " UUID);
	for (size_t i = 0; i < MT_ARRAY_SIZE(texts); i++) {
		pidfile("web1", texts[i]);
		CHECK_INT(mt_vmm_pid(&paths, "web1", UUID, &pid, NULL), 0);
		CHECK_INT(pid, 40);
	}
	pidfile("../evil", "40");
	CHECK_INT(mt_vmm_pid(&paths, "../evil", "no-such", &pid, NULL), -ESRCH);
	CHECK_INT(mt_vmm_pid(&paths, "", UUID, &pid, NULL), 0);
}

static void finds_the_vm(void)
{
	struct mt_err err = { 0 };

	begin();
	process(40, "qemu");
	CHECK_INT(mt_vm_find(proc, 40, &err), -ENOENT);
	CHECK(*err.msg);
	file(40, "0", "/dev/null");
	file(40, "9", "anon_inode:kvm-vcpu:0");
	file(40, "10", "anon_inode:kvm-vm-stats");
	file(40, "11", "/tmp/anon_inode:kvm-vm");
	file(40, "12", "anon_inode:kvm-v");
	CHECK_INT(mt_vm_find(proc, 40, NULL), -ENOENT);
	file(40, "103", "anon_inode:kvm-vm");
	file(40, "17", "anon_inode:kvm-vm");
	CHECK_INT(mt_vm_find(proc, 40, NULL), 17);
	err = (struct mt_err){ 0 };
	CHECK_INT(mt_vm_find(proc, 99, &err), -ESRCH);
	CHECK(*err.msg);
}

/* On the real /proc: this process is no VMM, and pid 2^30 is none at all. */
static void asks_the_kernel(void)
{
	struct mt_err err = { 0 };

	CHECK_INT(mt_vm_fd(getpid(), &err), -ENOENT);
	CHECK(*err.msg);
	err = (struct mt_err){ 0 };
	CHECK_INT(mt_vm_fd(1 << 30, &err), -ESRCH);
	CHECK_INT(mt_vm_fd(0, NULL), -ESRCH);
	CHECK_INT(mt_vm_fd(-1, NULL), -ESRCH);
}

static const struct ktap_case cases[] = {
	{ "libvirt's pidfile tells two of one UUID apart", by_pidfile },
	{ "without it, the one process with -uuid", by_looking },
	{ "a pidfile that is not right is not believed", bad_pidfiles },
	{ "the VM among a process's files", finds_the_vm },
	{ "a process that has no VM, or is none, is told", asks_the_kernel },
};

int main(void)
{
	snprintf(proc, sizeof(proc), "%s/proc", dir);
	snprintf(run, sizeof(run), "%s/run", dir);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
