// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_postcopy.c - the postcopy probe against faults that are answered after a known time
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "source/bpf_probes.h"

#define PAGES	8
#define DELAY_US 20000
#define PAGE	4096UL

static char why[512];

struct server {
	int uffd;
	unsigned char *area;
};

/* Gives each page DELAY_US after it was asked for. */
static void *serve(void *arg)
{
	static unsigned char page[PAGE] __attribute__((aligned(4096)));
	struct server *s = arg;

	for (unsigned i = 0; i < PAGES; i++) {
		struct pollfd p = { .fd = s->uffd, .events = POLLIN };
		struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
		struct uffd_msg msg;

		if (poll(&p, 1, -1) != 1 || read(s->uffd, &msg, sizeof(msg)) != sizeof(msg))
			return (void *)1;
		usleep(DELAY_US);
		copy.dst = msg.arg.pagefault.address & ~(PAGE - 1);
		if (ioctl(s->uffd, UFFDIO_COPY, &copy))
			return (void *)1;
	}
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static int server_open(struct server *s)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	s->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (s->area == MAP_FAILED || s->uffd < 0 || ioctl(s->uffd, UFFDIO_API, &api))
		return -errno;
	reg.range.start = (uintptr_t)s->area;
	reg.range.len = PAGES * PAGE;
	return ioctl(s->uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

static void test_latency(void)
{
	struct mte_postcopy c = { 0 };
	struct mt_bpf_postcopy *p;
	struct mt_err err = { 0 };
	struct server s;
	unsigned long slow = 0;
	pthread_t thread;
	uint64_t took_ns;
	void *failed;
	int rc;

	if (server_open(&s))
		SKIP("this kernel has no userfaultfd, or not for this user");
	rc = mt_bpf_postcopy_open(getpid(), &p, &err);
	if (rc == -EPERM || rc == -EOPNOTSUPP) {
		snprintf(why, sizeof(why), "%s", err.msg);
		SKIP(why);
	}
	if (rc)
		printf("# %s\n", err.msg);
	CHECK_INT(rc, 0);
	CHECK_INT(pthread_create(&thread, NULL, serve, &s), 0);
	took_ns = now_ns();
	for (unsigned i = 0; i < PAGES; i++)
		((volatile unsigned char *)s.area)[i * PAGE] = 1;
	took_ns = now_ns() - took_ns;
	CHECK_INT(pthread_join(thread, &failed), 0);
	CHECK(!failed);
	mt_bpf_postcopy_read(p, &c);
	for (unsigned i = 0; i < MTE_LATENCY_BUCKETS; i++)
		if (i > 24)		/* 2^24 ns are 16.8 ms */
			slow += c.bucket[i];
	printf("# %llu faults, mean %llu us, longest %llu us\n", c.faults,
	       c.faults ? c.sum_ns / c.faults / 1000 : 0, c.max_ns / 1000);
	CHECK_INT(c.faults, PAGES);
	CHECK_INT(c.begun, PAGES);
	CHECK_INT(c.lost, 0);
	CHECK(c.sum_ns >= PAGES * DELAY_US * 1000UL);
	CHECK(c.sum_ns <= took_ns);
	CHECK(c.max_ns >= DELAY_US * 1000UL && c.max_ns <= c.sum_ns);
	CHECK_INT(slow, PAGES);
	mt_bpf_postcopy_close(p);
	close(s.uffd);
}

/* The faults of others are not counted. */
static void test_other_process(void)
{
	struct mte_postcopy c = { 0 };
	struct mt_bpf_postcopy *p;
	struct server s;
	pthread_t thread;

	if (server_open(&s))
		SKIP("this kernel has no userfaultfd, or not for this user");
	if (mt_bpf_postcopy_open(getppid(), &p, NULL))
		SKIP("the probe cannot be had, as above");
	CHECK_INT(pthread_create(&thread, NULL, serve, &s), 0);
	for (unsigned i = 0; i < PAGES; i++)
		((volatile unsigned char *)s.area)[i * PAGE] = 1;
	pthread_join(thread, NULL);
	mt_bpf_postcopy_read(p, &c);
	CHECK_INT(c.begun, 0);
	CHECK_INT(c.faults, 0);
	mt_bpf_postcopy_close(p);
	close(s.uffd);
}

static const struct ktap_case cases[] = {
	{ "faults answered after a known time have that latency", test_latency },
	{ "another process's faults are not counted", test_other_process },
};

int main(void)
{
	alarm(1500);		/* a hang */
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
