// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * files.c - whose descriptors they are, and disks and terminals that misbehave
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <poll.h>

#include "files.h"
#include "source.h"
#include "trace.h"
#include "truth.h"
#include "world.h"

#define FDS	4096
#define POLL_NS	(10 * MT_NS_PER_MS)

/* Not led here: this file's own locks are never waited with, and these are the real ones. */
int __real_open(const char *path, int flags, ...);
int __real_openat(int at, const char *path, int flags, ...);
int __real_close(int fd);
ssize_t __real_write(int fd, const void *buf, size_t n);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_eventfd(unsigned value, int flags);
int __real_pipe2(int fds[2], int flags);
int __real_fcntl(int fd, int what, ...);
int __real_mkostemp(char *template, int flags);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout_ms);
int __real_closedir(DIR *dir);
int __real_fclose(FILE *f);
pid_t __real_getpid(void);
int __real_pthread_mutex_lock(pthread_mutex_t *lock);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	signed char group;		/* 0: nobody's that we know */
	unsigned char sink;		/* + 1; 0: none */
} fds[FDS];
static int top;			/* no descriptor of a group's is higher */
static struct fake_sink_fault faults[FAKE_GROUPS][FAKE_SINK_COUNT];
static char logged[FAKE_GROUPS][8192];

static void hold(void)
{
	__real_pthread_mutex_lock(&lock);
}

static void release(void)
{
	pthread_mutex_unlock(&lock);
}

static unsigned char sink_of(int fd)
{
	char link[64], path[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return 0;
	path[n] = '\0';
	if (strstr(path, "/recordings/"))
		return FAKE_SINK_RECORDING + 1;
	return strstr(path, "/hands/") ? FAKE_SINK_HANDS + 1 : 0;
}

static int opened(int fd, bool writes)
{
	int group = fake_group();

	if (fd < 0 || fd >= FDS || !group)
		return fd;
	hold();
	fds[fd].group = (signed char)group;
	fds[fd].sink = writes ? sink_of(fd) : 0;
	if (fd >= top)
		top = fd + 1;
	release();
	return fd;
}

static void closed(int fd)
{
	if (fd < 0 || fd >= FDS)
		return;
	hold();
	fds[fd].group = 0;
	fds[fd].sink = 0;
	release();
}

/* --- what misbehaves --------------------------------------------------------------- */
void fake_sink_set(int group, enum fake_sink sink, const struct fake_sink_fault *fault)
{
	hold();
	faults[group][sink] = *fault;
	release();
}

/* Return: errno, or 0 and it is written. */
static int suffer(int group, enum fake_sink sink)
{
	struct fake_sink_fault f;

	hold();
	f = faults[group][sink];
	release();
	if (!f.until_ns || mt_now_ns() < f.from_ns || mt_now_ns() >= f.until_ns)
		return 0;
	fake_count(sink == FAKE_SINK_LOG ? (f.error ? "log fails" : "log blocks") :
		   sink == FAKE_SINK_RECORDING ?
					   (f.error ? "recording fails" : "recording blocks") :
					   "hands fail");
	if (f.error)
		return f.error;
	/* For ever is as long as the rest of the run. */
	while (mt_now_ns() < f.until_ns && !__atomic_load_n(&fake_hv.over, __ATOMIC_RELAXED))
		mt_sleep_ms(f.until_ns - mt_now_ns() > MT_NS_PER_S ?
				    1000 :
				    (f.until_ns - mt_now_ns()) / MT_NS_PER_MS + 1);
	return 0;
}

static void keep(int group, const void *buf, size_t n)
{
	char *to = logged[group];
	size_t had;

	hold();
	had = strlen(to);
	if (had + n >= sizeof(logged[group])) {
		memmove(to, to + sizeof(logged[group]) / 2, sizeof(logged[group]) / 2);
		had = strnlen(to, sizeof(logged[group]) / 2);
	}
	if (n > sizeof(logged[group]) - had - 1)
		n = sizeof(logged[group]) - had - 1;
	memcpy(to + had, buf, n);
	to[had + n] = '\0';
	release();
}

/* A line of a log is one way to tell of a failure. */
static void tell(int group, const char *buf, size_t n)
{
	char line[2400];

	snprintf(line, sizeof(line), "%.*s", (int)n, buf);
	truth_told(group, line);
}

bool fake_log_has(int group, const char *text)
{
	bool has;

	hold();
	has = strstr(logged[group], text) != NULL;
	release();
	return has;
}

static int sync_fault(int fd)
{
	int group = fake_group(), error = 0;

	if (group && fd >= 0 && fd < FDS && fds[fd].sink)
		error = suffer(group, fds[fd].sink - 1);
	if (error)
		errno = error;
	return error;
}

/* --- in place of the C library's ------------------------------------------------------ */
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_close(int fd);
ssize_t __wrap_write(int fd, const void *buf, size_t n);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_eventfd(unsigned value, int flags);
int __wrap_pipe2(int pair[2], int flags);
int __wrap_fcntl(int fd, int what, ...);
int __wrap_mkostemp(char *template, int flags);
int __wrap_poll(struct pollfd *pfds, nfds_t n, int timeout_ms);
int __wrap_closedir(DIR *dir);
int __wrap_fclose(FILE *f);
pid_t __wrap_getpid(void);

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return opened(__real_open(path, flags, mode), (flags & O_ACCMODE) != O_RDONLY);
}

int __wrap_openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return opened(__real_openat(at, path, flags, mode), (flags & O_ACCMODE) != O_RDONLY);
}

int __wrap_mkostemp(char *template, int flags)
{
	return opened(__real_mkostemp(template, flags), true);
}

int __wrap_eventfd(unsigned value, int flags)
{
	return opened(__real_eventfd(value, flags), false);
}

int __wrap_pipe2(int pair[2], int flags)
{
	int rc = __real_pipe2(pair, flags);

	if (!rc) {
		opened(pair[0], false);
		opened(pair[1], false);
	}
	return rc;
}

int __wrap_fcntl(int fd, int what, ...)
{
	va_list ap;
	long arg;
	int rc;

	va_start(ap, what);
	arg = va_arg(ap, long);
	va_end(ap);
	rc = __real_fcntl(fd, what, arg);
	return what == F_DUPFD_CLOEXEC || what == F_DUPFD ? opened(rc, true) : rc;
}

int __wrap_close(int fd)
{
	closed(fd);
	return __real_close(fd);
}

/* Of sources that are no files. */
static int ticks(struct pollfd *pfds, nfds_t n)
{
	int ready = 0;

	for (nfds_t i = 0; i < n; i++)
		if (pfds[i].events & POLLIN && fake_source_ready(pfds[i].fd)) {
			pfds[i].revents = POLLIN;
			ready++;
		}
	return ready;
}

/* Looks, and lets the world's time pass between two looks. */
int __wrap_poll(struct pollfd *pfds, nfds_t n, int timeout_ms)
{
	uint64_t until_ns = timeout_ms < 0 ? MT_FOR_EVER_NS : mt_deadline_ns((uint64_t)timeout_ms);
	int rc;

	if (!fake_group())
		return __real_poll(pfds, n, timeout_ms);
	while (!(rc = __real_poll(pfds, n, 0)) && !(rc = ticks(pfds, n)) && mt_now_ns() < until_ns)
		mt_sleep_ms(until_ns == MT_FOR_EVER_NS || until_ns - mt_now_ns() > POLL_NS ?
				    POLL_NS / MT_NS_PER_MS :
				    1);
	return rc;
}

int __wrap_closedir(DIR *dir)
{
	closed(dirfd(dir));
	return __real_closedir(dir);
}

int __wrap_fclose(FILE *f)
{
	closed(fileno(f));
	return __real_fclose(f);
}

ssize_t __wrap_write(int fd, const void *buf, size_t n)
{
	int group = fake_group(), error;

	if (!group)
		return __real_write(fd, buf, n);
	if (fd == STDERR_FILENO) {
		error = suffer(group, FAKE_SINK_LOG);
		if (error) {
			errno = error;
			return -1;
		}
		keep(group, buf, n);
		tell(group, buf, n);
		fake_trace("log: %.*s", (int)(n && ((const char *)buf)[n - 1] == '\n' ? n - 1 : n),
			   (const char *)buf);
		return (ssize_t)n;
	}
	return sync_fault(fd) ? -1 : __real_write(fd, buf, n);
}

int __wrap_fsync(int fd)
{
	return sync_fault(fd) ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	return sync_fault(fd) ? -1 : __real_fdatasync(fd);
}

/* Each group is a process of its own, to itself. */
pid_t __wrap_getpid(void)
{
	int group = fake_group();

	return group ? 100000 + group : __real_getpid();
}

/* --- the end of a process ------------------------------------------------------------ */
void fake_files_close_of(int group)
{
	for (int fd = 0; fd < top; fd++)
		if (fds[fd].group == group) {
			closed(fd);
			__real_close(fd);
		}
}

unsigned fake_files_open(int group, bool tell)
{
	unsigned n = 0;

	for (int fd = 0; fd < top; fd++) {
		char link[64], path[512] = "";

		if (fds[fd].group != group)
			continue;
		n++;
		if (!tell)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, path, sizeof(path) - 1) < 0)
			strcpy(path, "?");
		fprintf(stderr, "fake: left open: %d %s\n", fd, path);
	}
	return n;
}

void fake_files_reset(void)
{
	memset(fds, 0, sizeof(fds));
	top = 0;
	memset(faults, 0, sizeof(faults));
	memset(logged, 0, sizeof(logged));
}
