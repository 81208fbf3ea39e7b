// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kernel.c - the running kernel's modules and log, as tests need them
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel.h"

#define PAUSE_MS	10
#define LOG_LINE	8192

const char *kernel_ko(void)
{
	static char path[256];
	const char *ko = getenv("MIGTRACE_KO");
	struct utsname name;

	if (ko)
		return access(ko, R_OK) ? NULL : ko;
	uname(&name);
	snprintf(path, sizeof(path), "build/kmod/%s/migtrace.ko", name.release);
	return access(path, R_OK) ? NULL : path;
}

int kernel_load(const char *ko, const char *params)
{
	int fd = open(ko, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, params ? params : "", 0))
		err = -errno;
	close(fd);
	return err;
}

int kernel_unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

int kernel_unload_within(const char *module, int timeout_ms)
{
	struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int err;

	for (; (err = kernel_unload(module)) && timeout_ms > 0; timeout_ms -= PAUSE_MS)
		nanosleep(&pause, NULL);
	return err;
}

int kernel_users(const char *module)
{
	char path[128];
	int users;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%d", &users) != 1)
		users = -EPROTO;
	fclose(f);
	return users;
}

const char *kernel_kvm(void)
{
	static const char *const names[] = { "kvm_amd", "kvm_intel" };

	for (unsigned int i = 0; i < 2; i++)
		if (kernel_users(names[i]) >= 0)
			return names[i];
	return NULL;
}

int kernel_load_kvm(const char *module)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execlp("modprobe", "modprobe", module, NULL);
		execl("/sbin/modprobe", "modprobe", module, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0)
		return -errno;
	return status ? -EIO : 0;
}

int kernel_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static bool is_complaint(const char *line)
{
	static const char *const signs[] = {
		"WARNING:",
		"BUG:",
		"Oops",
		"general protection",
		"memory leak",
		"UBSAN",
		"refcount_t",
		"rcu: INFO",
		"INFO: task",
		"possible recursive",
		"possible circular",
	};

	/*
	 * A kernel that looks for races has some of its own; debug-guest judges those by their
	 * stacks.
	 */
	if (strstr(line, "BUG: KCSAN:"))
		return strstr(line, "[migtrace]");
	for (unsigned int i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (strstr(line, signs[i]))
			return true;
	return false;
}

int kernel_log_complaints(int log)
{
	char line[LOG_LINE];
	int n = 0;

	for (;;) {
		ssize_t got = read(log, line, sizeof(line) - 1);

		/* older lines were overwritten */
		if (got < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (got <= 0)
			return n;
		line[got] = 0;
		if (is_complaint(line)) {
			printf("# kernel: %s", line);
			n++;
		}
	}
}
