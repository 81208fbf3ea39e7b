// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_disk.c - the disk probe against a file read and written at known offsets
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "source/bpf_probes.h"

#define BLOCK	4096
#define MOST	64

struct seen {
	struct mte_disk_file file;	/* only this one */
	struct mte_disk_event event[MOST];
	unsigned n;
};

static char why[512];
static unsigned char buf[2 * BLOCK] __attribute__((aligned(BLOCK)));

static void on_request(const struct mte_disk_event *e, void *opaque)
{
	struct seen *s = opaque;

	if (e->file.ino == s->file.ino && e->file.dev == s->file.dev && s->n < MOST)
		s->event[s->n++] = *e;
}

static int file_new(const char *name, struct mte_disk_file *file)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 && errno == EINVAL)	/* tmpfs before 6.6 */
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) || ftruncate(fd, 256 * BLOCK))
		return -1;
	unlink(name);
	file->ino = st.st_ino;
	file->dev = major(st.st_dev) << 20 | minor(st.st_dev);
	return fd;
}

#define OPEN(pid, p) do { \
	struct mt_err open_err = { 0 }; \
	int open_rc = mt_bpf_disk_open(pid, &(p), &open_err); \
	if (open_rc == -EPERM || open_rc == -EOPNOTSUPP) { \
		snprintf(why, sizeof(why), "%s", open_err.msg); \
		SKIP(why); \
	} \
	if (open_rc) \
		printf("# %s\n", open_err.msg); \
	CHECK_INT(open_rc, 0); \
} while (0)

#define CHECK_EVENT(s, i, is_write, at, length) do { \
	CHECK((i) < (s)->n); \
	CHECK_INT((s)->event[i].write, is_write); \
	CHECK_INT((s)->event[i].offset, at); \
	CHECK_INT((s)->event[i].bytes, length); \
} while (0)

static void test_read_write(void)
{
	struct iovec iov[2] = { { buf, BLOCK }, { buf + BLOCK, BLOCK } };
	struct seen s = { .n = 0 };
	struct mte_disk_sum sum;
	struct mt_bpf_disk *p;
	int fd = file_new("/tmp/disk-probe.tmp", &s.file);

	CHECK(fd >= 0);
	OPEN(getpid(), p);
	CHECK_INT(pwrite(fd, buf, BLOCK, 7 * BLOCK), BLOCK);
	CHECK_INT(pread(fd, buf, 2 * BLOCK, 100 * BLOCK), 2 * BLOCK);
	CHECK_INT(pwritev(fd, iov, 2, 20 * BLOCK), 2 * BLOCK);
	CHECK_INT(preadv(fd, iov, 2, 21 * BLOCK), 2 * BLOCK);
	CHECK_INT(lseek(fd, 3 * BLOCK, SEEK_SET), 3 * BLOCK);
	CHECK_INT(read(fd, buf, BLOCK), BLOCK);
	CHECK_INT(write(fd, buf, BLOCK), BLOCK);
	CHECK(mt_bpf_disk_requests(p, on_request, &s) >= 6);
	CHECK_INT(s.n, 6);
	CHECK_EVENT(&s, 0, 1, 7 * BLOCK, BLOCK);
	CHECK_EVENT(&s, 1, 0, 100 * BLOCK, 2 * BLOCK);
	CHECK_EVENT(&s, 2, 1, 20 * BLOCK, 2 * BLOCK);
	CHECK_EVENT(&s, 3, 0, 21 * BLOCK, 2 * BLOCK);
	CHECK_EVENT(&s, 4, 0, 3 * BLOCK, BLOCK);
	CHECK_EVENT(&s, 5, 1, 4 * BLOCK, BLOCK);
	for (unsigned i = 1; i < s.n; i++)
		CHECK(s.event[i].t_ns >= s.event[i - 1].t_ns);
	CHECK_INT(mt_bpf_disk_sum(p, &s.file, &sum), 0);
	CHECK_INT(sum.reads, 3);
	CHECK_INT(sum.read_bytes, 5 * BLOCK);
	CHECK_INT(sum.writes, 3);
	CHECK_INT(sum.write_bytes, 4 * BLOCK);
	s.file.ino++;
	CHECK_INT(mt_bpf_disk_sum(p, &s.file, &sum), -ENOENT);
	CHECK_INT(mt_bpf_disk_lost(p), 0);
	mt_bpf_disk_close(p);
	close(fd);
}

/* QEMU's aio=native */
static void test_aio(void)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_buf = (uintptr_t)buf,
			   .aio_nbytes = BLOCK,
			   .aio_offset = 33 * BLOCK };
	struct iocb *list[] = { &cb };
	struct seen s = { .n = 0 };
	struct mt_bpf_disk *p;
	aio_context_t ctx = 0;
	struct io_event done;
	int fd = file_new("/tmp/disk-probe.tmp", &s.file);

	CHECK(fd >= 0);
	OPEN(getpid(), p);
	if (syscall(SYS_io_setup, 1, &ctx))
		SKIP("this kernel has no AIO");
	cb.aio_fildes = (uint32_t)fd;
	CHECK_INT(syscall(SYS_io_submit, ctx, 1, list), 1);
	CHECK_INT(syscall(SYS_io_getevents, ctx, 1, 1, &done, NULL), 1);
	CHECK_INT(done.res, BLOCK);
	CHECK(mt_bpf_disk_requests(p, on_request, &s) >= 1);
	CHECK_INT(s.n, 1);
	CHECK_EVENT(&s, 0, 0, 33 * BLOCK, BLOCK);
	syscall(SYS_io_destroy, ctx);
	mt_bpf_disk_close(p);
	close(fd);
}

/* QEMU's aio=io_uring: a ring by hand, for one request */
static void test_io_uring(void)
{
	struct io_uring_params params = { 0 };
	struct io_uring_sqe *sqe;
	struct seen s = { .n = 0 };
	struct mt_bpf_disk *p;
	unsigned char *sq;
	int fd = file_new("/tmp/disk-probe.tmp", &s.file), ring;

	CHECK(fd >= 0);
	OPEN(getpid(), p);
	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (ring < 0)
		SKIP("this kernel has no io_uring");
	sq = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
		   IORING_OFF_SQES);
	CHECK(sq != MAP_FAILED && sqe != MAP_FAILED);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_WRITE;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buf;
	sqe->len = BLOCK;
	sqe->off = 55 * BLOCK;
	*(unsigned *)(sq + params.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	CHECK_INT(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
	CHECK(mt_bpf_disk_requests(p, on_request, &s) >= 1);
	/* It may be tried once without waiting, and again by a thread of the process's. */
	CHECK(s.n >= 1);
	CHECK_EVENT(&s, 0, 1, 55 * BLOCK, BLOCK);
	printf("# seen %u times\n", s.n);
	close(ring);
	mt_bpf_disk_close(p);
	close(fd);
}

static void test_other_process(void)
{
	struct seen s = { .n = 0 };
	struct mt_bpf_disk *p;
	int fd = file_new("/tmp/disk-probe.tmp", &s.file), status;
	pid_t child;

	CHECK(fd >= 0);
	OPEN(getpid(), p);
	child = fork();
	if (!child)
		_exit(pwrite(fd, buf, BLOCK, 0) != BLOCK);
	CHECK(child > 0);
	CHECK_INT(waitpid(child, &status, 0), child);
	CHECK_INT(status, 0);
	CHECK(mt_bpf_disk_requests(p, on_request, &s) >= 0);
	CHECK_INT(s.n, 0);
	mt_bpf_disk_close(p);
	close(fd);
}

static const struct ktap_case cases[] = {
	{ "read(2), write(2) and their kin are seen", test_read_write },
	{ "a request by AIO is seen", test_aio },
	{ "a request by io_uring is seen", test_io_uring },
	{ "another process's requests are not seen", test_other_process },
};

int main(void)
{
	alarm(1500);		/* a hang */
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
