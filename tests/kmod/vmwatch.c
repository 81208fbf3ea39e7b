// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vmwatch - a session of the module on another process's VM, for scripts
 *
 *	vmwatch [--tick MS] [--pages] PID
 *
 * Prints a line of JSON for each tick in which memory was logged; with --pages also which pages,
 * numbers and ranges: "gfns", which are "whole" unless the next tick ended before they were read.
 * Windows begin when logging of the guest's memory does. Ends when the VM is gone, or by SIGTERM;
 * prints "ready" on standard error once it watches.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "watch.h"

#define VM_LINK		"anon_inode:kvm-vm"
#define SLOTS_MAX	64
#define POLL_MS		1000

static bool want_pages;
static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	stopped = 1;
}

/* A descriptor of our own of the process's VM, or -errno */
static int vm_of(pid_t pid)
{
	char path[64], link[sizeof(VM_LINK)];
	int pidfd, remote = -1, fd;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (remote < 0 && (e = readdir(dir)))
		if (readlinkat(dirfd(dir), e->d_name, link, sizeof(link)) == sizeof(VM_LINK) - 1 &&
		    !memcmp(link, VM_LINK, sizeof(VM_LINK) - 1))
			remote = atoi(e->d_name);
	closedir(dir);
	if (remote < 0)
		return -ENOENT;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, remote, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}

/* The pages of a memslot in a set, as "N N-N ..."; false if it is another tick's by now */
static bool print_slot(struct watch *w, uint64_t tick, const struct migtrace_slot *slot,
		       const char **space)
{
	uint64_t *words = calloc((slot->pages + 63) / 64, sizeof(*words));
	bool ok = words && !watch_pages(w, tick, MIGTRACE_SET_TICK, slot->id, slot->pages, words);

	for (uint64_t page = 0; ok && page < slot->pages; page++) {
		uint64_t first = page;

		while (page < slot->pages && words[page / 64] >> page % 64 & 1)
			page++;
		if (page == first)
			continue;
		printf("%s%llu", *space, slot->base_gfn + first);
		if (page - first > 1)
			printf("-%llu", slot->base_gfn + page - 1);
		*space = " ";
	}
	free(words);
	return ok;
}

static void print_pages(struct watch *w, uint64_t tick)
{
	struct migtrace_slot slot[SLOTS_MAX];
	struct migtrace_slots args = { .slots_ptr = (uintptr_t)slot, .count = SLOTS_MAX };
	const char *space = "";
	bool ok;

	ok = !ioctl(w->fd, MIGTRACE_IOC_SLOTS, &args) && args.count <= SLOTS_MAX;
	printf(",\"gfns\":\"");
	for (uint32_t i = 0; ok && i < args.count; i++)
		if (slot[i].flags & MIGTRACE_SLOT_SETS)
			ok = print_slot(w, tick, &slot[i], &space);
	printf("\",\"whole\":%s", ok ? "true" : "false");
}

static void on_record(struct watch *w, const struct migtrace_record *r, void *arg)
{
	if (!(r->state & MIGTRACE_STATE_LOGGING) && !r->events)
		return;
	printf("{\"tick\":%llu,\"start_ns\":%llu,\"end_ns\":%llu,\"valid\":%u,\"state\":%u,"
	       "\"epoch\":%llu,\"window\":%llu,\"window_start_ns\":%llu"
	       ",\"window_stale_pages\":%llu,\"window_pages\":%llu,\"pages\":%llu"
	       ",\"events\":%llu,\"overruns\":%llu,\"resets\":%llu,\"ring_full_exits\":%llu"
	       ",\"ring_used\":%u,\"logged_pages\":%llu",
	       r->tick, r->start_ns, r->end_ns, r->valid, r->state,
	       r->epoch, r->window, r->window_start_ns,
	       r->window_stale_pages, r->window_pages, r->pages,
	       r->events, r->overruns, r->resets, r->ring_full_exits,
	       r->ring_used, r->logged_pages);
	if (want_pages && r->pages)
		print_pages(w, r->tick);
	puts("}");
}

static int watch_to_end(struct watch *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	while (!stopped && !(w->last.record.state & MIGTRACE_STATE_GONE)) {
		if (poll(&p, 1, POLL_MS) < 0 && errno != EINTR)
			return -errno;
		watch_drain(w);
		fflush(stdout);
	}
	return w->sum.missed ? -EOVERFLOW : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: vmwatch [--tick MS] [--pages] PID\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "tick", required_argument, NULL, 't' },
		{ "pages", no_argument, NULL, 'p' },
		{ NULL },
	};
	struct sigaction sa = { .sa_handler = on_signal };
	uint64_t tick_ms = 10;
	struct watch w;
	int opt, fd, err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (opt == 't')
			tick_ms = strtoul(optarg, NULL, 10);
		else if (opt == 'p')
			want_pages = true;
		else
			return usage();
	}
	if (optind != argc - 1 || !tick_ms)
		return usage();
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);

	fd = vm_of(atoi(argv[optind]));
	err = fd < 0 ? fd : watch_open_as(&w, &(struct migtrace_attach) {
		.vm_fd = fd, .tick_ns = tick_ms * WATCH_MS, .large_pages = MIGTRACE_LARGE_AUTO,
	});
	if (fd >= 0)
		close(fd);
	if (err) {
		fprintf(stderr, "vmwatch: %s\n", strerror(-err));
		return 1;
	}
	w.on_record = on_record;
	fprintf(stderr, "ready\n");
	err = watch_to_end(&w);
	watch_close(&w);
	if (err)
		fprintf(stderr, "vmwatch: %s\n", strerror(-err));
	return err ? 1 : 0;
}
