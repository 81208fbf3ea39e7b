// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_pull.c - the process that is pulled from is made sure of, its missing pages are read in
 * order, its hot ones found, its new connections limited: all of it done to this process itself
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "ktap.h"
#include "pull/pullreader.h"
#include "pull/scan.h"
#include "pull/unsent.h"
#include "scratch.h"

#define PAGE	4096UL
#define PAGES	256
#define UUID	"6d1b0f7e-0a4e-4c0b-9a52-0c5d53fd6ab1"
#define OTHER	"6d1b0f7e-0a4e-4c0b-9a52-0c5d53fd6ab2"

/* --- a page fault handler that keeps what it is asked for ------------------------ */
static struct {
	int uffd;
	unsigned char *area;
	uint64_t asked[PAGES];
	size_t n;
	volatile bool end;
} served = { .uffd = -1 };

static void *serve(void *arg)
{
	static unsigned char page[PAGE] __attribute__((aligned(4096)));

	while (!served.end) {
		struct pollfd p = { .fd = served.uffd, .events = POLLIN };
		struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
		struct uffd_msg msg;

		if (poll(&p, 1, 5) != 1 || read(served.uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		copy.dst = msg.arg.pagefault.address & ~(PAGE - 1);
		if (served.n < PAGES)
			served.asked[served.n++] = (copy.dst - (uintptr_t)served.area) / PAGE;
		ioctl(served.uffd, UFFDIO_COPY, &copy);
	}
	return NULL;
}

static bool serve_open(struct mt_pull_guest *g)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	served.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (served.uffd < 0 || ioctl(served.uffd, UFFDIO_API, &api))
		return false;
	served.area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)served.area;
	reg.range.len = PAGES * PAGE;
	served.n = 0;
	served.end = false;
	*g = (struct mt_pull_guest){ .pid = getpid(), .address = (uintptr_t)served.area,
				     .pages = PAGES };
	g->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	g->pagemap = open("/proc/self/pagemap", O_RDONLY);
	return !ioctl(served.uffd, UFFDIO_REGISTER, &reg) && g->pidfd >= 0 && g->pagemap >= 0;
}

static void serve_close(struct mt_pull_guest *g)
{
	munmap(served.area, PAGES * PAGE);
	close(served.uffd);
	mt_pull_guest_close(g);
}

/* Return: whether it could be tried. */
static bool pull(const char *const *lines, uint64_t max_pages, unsigned threads, uint64_t there,
		 struct mt_pull_counts *counts, uint64_t *missing)
{
	struct mt_pull_guest g;
	struct mt_heat heat = { 0 };
	struct mt_order order;
	struct mt_pullreader *r;
	pthread_t server;
	uint64_t until_ns = mt_deadline_ns(10000);

	if (!serve_open(&g))
		return false;
	pthread_create(&server, NULL, serve, NULL);
	if (there < PAGES)
		served.area[there * PAGE] = 1;
	served.n = 0;
	for (size_t i = 0; lines[i]; i++)
		if (mt_heat_line(&heat, lines[i], PAGES, NULL))
			abort();
	if (mt_order_make(&order, &heat, 0) ||
	    mt_pullreader_start(&r, &g, &order, max_pages, threads))
		abort();
	do
		mt_pullreader_counts(r, counts);
	while (!counts->took_ms && mt_now_ns() < until_ns);
	if (mt_pull_guest_missing(&g, missing) || !mt_pullreader_free(r, mt_deadline_ns(10000)))
		abort();
	served.end = true;
	pthread_join(server, NULL);
	serve_close(&g);
	mt_order_fini(&order);
	mt_heat_fini(&heat);
	return true;
}

static const char *const lines[] = { "10 4", "100 2 5", "200 1 5", NULL };

static void test_pulled(void)
{
	static const uint64_t expected[] = { 100, 200, 10, 11, 12, 13 };
	struct mt_pull_counts c;
	uint64_t missing;

	if (!pull(lines, PAGES, 1, 101, &c, &missing))
		SKIP("userfaultfd for faults in the kernel needs root");
	CHECK_INT(served.n, MT_ARRAY_SIZE(expected));
	for (size_t i = 0; i < MT_ARRAY_SIZE(expected); i++)
		CHECK_INT(served.asked[i], expected[i]);
	CHECK_INT(c.done, 7);
	CHECK_INT(c.there, 1);
	CHECK_INT(c.fetched, 6);
	CHECK_INT(c.failed, 0);
	CHECK_INT(missing, PAGES - 7);
}

/* No more than that, however many threads there are. */
static void test_share(void)
{
	struct mt_pull_counts c;
	uint64_t missing;

	if (!pull(lines, 3, 16, PAGES, &c, &missing))
		SKIP("userfaultfd for faults in the kernel needs root");
	CHECK_INT(served.n, 3);
	CHECK_INT(missing, PAGES - 3);
	CHECK(c.took_ms > 0);
}

/* A failed read is counted, and the next page is read. */
static void test_failed(void)
{
	struct mt_extent extent = { 0, 4 };
	struct mt_order order = { .v = &extent, .n = 1, .pages = 4 };
	struct mt_pull_counts c = { 0 };
	struct mt_pull_guest g = { .pid = getpid(), .pagemap = -1, .pages = 4 };
	unsigned char *area = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct mt_pullreader *r;

	mprotect(area + PAGE, 2 * PAGE, PROT_NONE);
	g.address = (uintptr_t)area;
	g.pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	CHECK_INT(mt_pullreader_start(&r, &g, &order, 4, 1), 0);
	for (uint64_t until_ns = mt_deadline_ns(10000); !c.took_ms && mt_now_ns() < until_ns;)
		mt_pullreader_counts(r, &c);
	CHECK(mt_pullreader_free(r, mt_deadline_ns(10000)));
	munmap(area, 4 * PAGE);
	mt_pull_guest_close(&g);
	CHECK_INT(c.done, 4);
	CHECK_INT(c.failed, 2);
}

/* --- which process ------------------------------------------------------------------ */
static void put(const char *name, const char *text, size_t size)
{
	FILE *f = fopen(in_dir(name), "w");

	if (!f || fwrite(text, 1, size, f) != size || fclose(f))
		abort();
}

/* A /proc with one process, of the number of a real one. */
static int open_fake(pid_t pid, const char *program, const char *args, size_t size,
		     const char *maps, pid_t asked, struct mt_err *err)
{
	const struct mt_vmm_paths paths = { dir, dir };
	struct mt_pull_guest g;
	char name[64];
	int rc;

	snprintf(name, sizeof(name), "%d", (int)pid);
	mkdir(in_dir(name), 0755);
	snprintf(name, sizeof(name), "%d/cmdline", (int)pid);
	put(name, args, size);
	snprintf(name, sizeof(name), "%d/maps", (int)pid);
	put(name, maps, strlen(maps));
	snprintf(name, sizeof(name), "%d/pagemap", (int)pid);
	put(name, "", 0);
	snprintf(name, sizeof(name), "%d/exe", (int)pid);
	unlink(in_dir(name));
	if (symlink(program, in_dir(name)))
		abort();
	rc = mt_pull_guest_open(&g, &paths, asked, "web1", UUID, 64 << 20, err);
	if (!rc && (g.pages != 16384 || g.address != 0x7f1000000000))
		rc = 1;
	if (!rc)
		mt_pull_guest_close(&g);
	return rc;
}

static const char mine[] = "qemu\0-uuid\0" UUID "\0-m\0" "64", other[] = "qemu\0-uuid\0" OTHER;
static const char one_map[] =
	"7f1000000000-7f1004000000 rw-p 00000000 00:00 0\n7f1010000000-7f1010100000 rw-p 00000000 00:00 0\n";
static const char two_maps[] =
	"7f1000000000-7f1002000000 rw-p 00000000 00:00 0\n7f1010000000-7f1012000000 rw-p 00000000 00:00 0\n";

static void test_which(void)
{
	const char *qemu = "/usr/bin/qemu-system-x86_64";
	struct mt_err err = { 0 };
	pid_t me = getpid(), gone;

	CHECK_INT(open_fake(me, qemu, mine, sizeof(mine), one_map, 0, &err), 0);
	CHECK_INT(open_fake(me, "/usr/libexec/qemu-kvm (deleted)", mine, sizeof(mine), one_map, me,
			    NULL), 0);
	/* Of a number that is told: another guest's, or what only says that it is this one's. */
	CHECK_INT(open_fake(me, qemu, other, sizeof(other), one_map, me, &err), -ESRCH);
	CHECK(strstr(err.msg, "web1"));
	CHECK_INT(open_fake(me, "/bin/bash", mine, sizeof(mine), one_map, me, NULL), -ESRCH);
	CHECK_INT(open_fake(me, "/opt/not-qemu", mine, sizeof(mine), one_map, me, NULL), -ESRCH);
	/* Nobody's. */
	CHECK_INT(open_fake(me, qemu, other, sizeof(other), one_map, 0, NULL), -ESRCH);
	CHECK_INT(open_fake(me, qemu, mine, sizeof(mine), two_maps, 0, NULL), -ENOTSUP);
	CHECK_INT(open_fake(me, qemu, mine, sizeof(mine), "", 0, NULL), -ENODATA);
	/* It has ended between being found and being got hold of. */
	gone = fork();
	if (!gone)
		_exit(0);
	waitpid(gone, NULL, 0);
	CHECK_INT(open_fake(gone, qemu, mine, sizeof(mine), one_map, gone, NULL), -ESRCH);
}

/* --- what is hot ------------------------------------------------------------------------ */
static void test_scan(void)
{
	struct mt_pull_guest g = { .pid = getpid(), .pidfd = -1, .pages = PAGES };
	unsigned char *area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[256] = "";
	struct mt_scan *s;
	uint64_t missing;
	FILE *out;

	g.address = (uintptr_t)area;
	g.pagemap = open("/proc/self/pagemap", O_RDONLY);
	for (size_t i = 0; i < 200; i++)
		area[i * PAGE] = (unsigned char)i;
	s = mt_scan_new(&g);
	CHECK(s && !mt_scan_look(s));
	for (unsigned char look = 1; look <= 3; look++) {
		area[5 * PAGE + 4095] = look;
		area[6 * PAGE] = look;
		if (look == 2)
			area[100 * PAGE + 2048] = look;
		CHECK_INT(mt_scan_look(s), 0);
	}
	out = fmemopen(text, sizeof(text), "w");
	CHECK_INT(mt_heatmap_print(mt_scan_heat(s), out), 3);
	fclose(out);
	mt_scan_free(s);
	CHECK_STR(text, "5 2 3\n100 1 1\n");
	CHECK_INT(mt_pull_guest_missing(&g, &missing), 0);
	/* Looking at them did not make the others be there. */
	CHECK_INT(missing, PAGES - 200);
	mt_pull_guest_close(&g);
	munmap(area, PAGES * PAGE);
}

/* --- connections --------------------------------------------------------------------------- */
static uint32_t limit_of(int fd)
{
	uint32_t bytes = 0;
	socklen_t len = sizeof(bytes);

	return getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, &len) ? 1 : bytes;
}

static int connect_to(int listener)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return getsockname(listener, (struct sockaddr *)&at, &len) ||
			       connect(fd, (struct sockaddr *)&at, len) ?
		       -1 :
		       fd;
}

static void test_unsent(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), old, new, pair[2];
	struct mt_sockets before;

	CHECK(!bind(listener, (struct sockaddr *)&any, sizeof(any)) && !listen(listener, 5));
	old = connect_to(listener);
	CHECK(old >= 0);
	CHECK_INT(mt_sockets_of(&before, getpid(), NULL), 0);
	CHECK(before.n >= 2);
	CHECK_INT(mt_unsent_limit(getpid(), &before, 4096, NULL), 0);
	new = connect_to(listener);
	CHECK(new >= 0 && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	CHECK_INT(mt_unsent_limit(getpid(), &before, 4096, NULL), 1);
	CHECK_INT(limit_of(new), 4096);
	CHECK_INT(limit_of(old), 0);
	CHECK_INT(limit_of(listener), 0);
	close(old), close(new), close(listener), close(pair[0]), close(pair[1]);
}

static const struct ktap_case cases[] = {
	{ "missing pages are asked for, hot ones first", test_pulled },
	{ "no more than a share", test_share },
	{ "reads that fail", test_failed },
	{ "only a QEMU of this very guest", test_which },
	{ "pages that change are hot", test_scan },
	{ "new TCP connections only", test_unsent },
};

KTAP_MAIN(cases)
