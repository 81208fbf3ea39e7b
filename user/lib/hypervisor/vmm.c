// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vmm.c - the process in which a guest of libvirt's runs
 *
 * While a guest migrates between two libvirtds that share one table of processes (as
 * containers and the testbed do) two processes have its UUID; libvirt's pidfile, which is
 * of our mount namespace, tells which one is ours.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vmm.h"

#define RUN_DEFAULT	"/run/libvirt/qemu"
#define CMDLINE_MAX	(1U << 20)	/* QEMU's under libvirt have about 10 KiB */

/* Of /proc a whole file. Return: bytes read, without the 0 put behind them; -errno. */
static ssize_t slurp(const char *path, char **text)
{
	mt_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, room = 0;
	char *buf = NULL;

	*text = NULL;
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n;

		if (len + 1 >= room) {
			char *more = room < CMDLINE_MAX ?
					     realloc(buf, room = room ? 2 * room : 16384) :
					     NULL;

			if (!more) {
				free(buf);
				return -ENOMEM;
			}
			buf = more;
		}
		n = read(fd, buf + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			free(buf);
			return n;
		}
		if (!n)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	*text = buf;
	return (ssize_t)len;
}

/* Arguments, each with a 0 behind it: is there "-uuid" and then @uuid. */
static bool has_uuid(const char *args, size_t len, const char *uuid)
{
	bool next = false;

	for (size_t at = 0; at < len; at += strlen(args + at) + 1) {
		if (next && !strcasecmp(args + at, uuid))
			return true;
		next = !strcmp(args + at, "-uuid") || !strcmp(args + at, "--uuid");
	}
	return false;
}

static bool is_guest(const char *proc, pid_t pid, const char *uuid)
{
	mt_autofree char *args = NULL;
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, (int)pid);
	len = slurp(path, &args);
	return len > 0 && has_uuid(args, (size_t)len, uuid);
}

bool mt_vmm_is(const struct mt_vmm_paths *paths, pid_t pid, const char *uuid)
{
	return is_guest(paths && paths->proc ? paths->proc : "/proc", pid, uuid);
}

static pid_t parse_pid(const char *text)
{
	char *end;
	long pid;

	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	return errno || (*end && *end != '\n') || pid <= 0 || pid > INT_MAX ? 0 : (pid_t)pid;
}

static pid_t from_pidfile(const char *run, const char *name)
{
	mt_autofree char *text = NULL;
	char path[PATH_MAX];

	if (!name || !*name || strchr(name, '/') ||
	    snprintf(path, sizeof(path), "%s/%s.pid", run, name) >= (int)sizeof(path))
		return 0;
	return slurp(path, &text) > 0 ? parse_pid(text) : 0;
}

/* Return: how many processes have it; @pid is one of them. */
static int scan(const char *proc, const char *uuid, pid_t *pid)
{
	DIR *dir = opendir(proc);
	struct dirent *e;
	int found = 0;

	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		pid_t candidate = parse_pid(e->d_name);

		if (!candidate || !is_guest(proc, candidate, uuid))
			continue;
		*pid = candidate;
		found++;
	}
	closedir(dir);
	return found;
}

int mt_vmm_pid(const struct mt_vmm_paths *paths, const char *name, const char *uuid, pid_t *pid,
	       struct mt_err *err)
{
	const char *proc = paths && paths->proc ? paths->proc : "/proc";
	const char *run = paths && paths->run ? paths->run : RUN_DEFAULT;
	int found;

	*pid = from_pidfile(run, name);
	if (*pid && is_guest(proc, *pid, uuid))
		return 0;
	*pid = 0;
	found = scan(proc, uuid, pid);
	if (found == 1)
		return 0;
	*pid = 0;
	if (found < 0)
		return mt_err_set(err, found, "cannot look at the processes in %s: %s", proc,
				  strerror(-found));
	if (!found)
		return mt_err_set(err, -ESRCH, "no process here runs the guest %s (-uuid %s)",
				  name ? name : "", uuid);
	return mt_err_set(
		err, -ENOTUNIQ,
		"%d processes here run the guest %s (-uuid %s), and %s has no pidfile that says which one is meant",
		found, name ? name : "", uuid, run);
}
