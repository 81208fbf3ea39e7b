// SPDX-License-Identifier: GPL-2.0-only
/*
 * disk.bpf.c - which parts of its disks does the guest read and write?
 *
 * What the VMM's threads ask of files and block devices: read(2) and its kin pass
 * vfs_read(), vfs_readv() and their twins, AIO and io_uring pass rw_verify_area(). So it is
 * what was asked for, not what came of it; io_uring may ask twice for one. Offsets are those of the
 * image file: the guest's own for raw images, not for qcow2. What the VMM reads for itself
 * counts as well; memory-mapped images, and disks that other processes serve (vhost-user,
 * iSCSI), do not.
 *
 * OVERHEAD: runs for each read and write of each process; some 20 instructions for others'.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

#define S_IFMT	0xf000
#define S_IFREG	0x8000
#define S_IFBLK	0x6000
#define WRITE	1

const volatile __u32 tgid;

/* Requests one by one, for who wants offsets; those that find it full are counted in lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MTE_DISK_FILES);
	__type(key, struct mte_disk_file);
	__type(value, struct mte_disk_sum);
} sums SEC(".maps");

__u64 lost;

static __always_inline void sum_up(const struct mte_disk_file *file, bool write, __u64 bytes)
{
	static const struct mte_disk_sum zero;
	struct mte_disk_sum *sum = bpf_map_lookup_elem(&sums, file);

	if (!sum) {
		bpf_map_update_elem(&sums, file, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, file);
		if (!sum)
			return;
	}
	__sync_fetch_and_add(write ? &sum->writes : &sum->reads, 1);
	__sync_fetch_and_add(write ? &sum->write_bytes : &sum->read_bytes, bytes);
}

static __always_inline int request(int write, const struct file *f, const void *ppos, __u64 bytes)
{
	struct mte_disk_file file = {};
	struct mte_disk_event *e;
	const struct inode *inode = BPF_CORE_READ(f, f_inode);
	__u16 type = BPF_CORE_READ(inode, i_mode) & S_IFMT;

	if (type != S_IFREG && type != S_IFBLK)
		return 0;
	file.ino = BPF_CORE_READ(inode, i_ino);
	file.dev =
		type == S_IFBLK ? BPF_CORE_READ(inode, i_rdev) : BPF_CORE_READ(inode, i_sb, s_dev);
	sum_up(&file, write == WRITE, bytes);
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	e->t_ns = bpf_ktime_get_ns();
	e->file = file;
	e->offset = 0;
	if (ppos)
		READ_AT(e->offset, ppos);
	e->bytes = bytes;
	e->write = write == WRITE;
	e->pad = 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static __always_inline bool ours(void)
{
	return bpf_get_current_pid_tgid() >> 32 == tgid;
}

/*
 * Compilers may or may not leave the call of rw_verify_area() in vfs_read() and the others:
 * what has been counted there is known by its thread and by where its position is.
 */
#define THREADS	256

struct mte_disk_last last[THREADS];

static __always_inline int direct(int write, const struct file *f, const void *ppos, __u64 bytes)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	struct mte_disk_last *l = &last[thread & (THREADS - 1)];

	l->thread = thread;
	l->ppos = (__u64)ppos;
	return request(write, f, ppos, bytes);
}

static __always_inline int indirect(int write, const struct file *f, const void *ppos, __u64 bytes)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	struct mte_disk_last *l = &last[thread & (THREADS - 1)];

	if (ppos && l->thread == thread && l->ppos == (__u64)ppos) {
		l->ppos = 0;
		return 0;
	}
	return request(write, f, ppos, bytes);
}

struct iovec_of_user {
	__u64 base, bytes;
};

struct adder {
	const struct iovec_of_user *vec;
	__u64 bytes;
};

static long add_one(__u32 i, struct adder *a)
{
	struct iovec_of_user v = {};

	bpf_probe_read_user(&v, sizeof(v), a->vec + i);
	a->bytes += v.bytes;
	return 0;
}

static __always_inline int vector(int write, const struct file *f, const void *vec, __u64 n,
				  const void *ppos)
{
	struct adder a = { .vec = vec };

	bpf_loop(n < 1024 ? n : 1024, add_one, &a, 0);
	return direct(write, f, ppos, a.bytes);
}

SEC("fentry/rw_verify_area")
int BPF_PROG(on_request, int write, struct file *file, const void *ppos, __u64 bytes)
{
	return ours() ? indirect(write, file, ppos, bytes) : 0;
}

SEC("fentry/vfs_read")
int BPF_PROG(on_read, struct file *file, void *buf, __u64 bytes, const void *ppos)
{
	return ours() ? direct(0, file, ppos, bytes) : 0;
}

SEC("fentry/vfs_write")
int BPF_PROG(on_write, struct file *file, void *buf, __u64 bytes, const void *ppos)
{
	return ours() ? direct(WRITE, file, ppos, bytes) : 0;
}

SEC("fentry/vfs_readv")
int BPF_PROG(on_readv, struct file *file, void *vec, unsigned long n, const void *ppos)
{
	return ours() ? vector(0, file, vec, n, ppos) : 0;
}

SEC("fentry/vfs_writev")
int BPF_PROG(on_writev, struct file *file, void *vec, unsigned long n, const void *ppos)
{
	return ours() ? vector(WRITE, file, vec, n, ppos) : 0;
}

SEC("kprobe/rw_verify_area")
int BPF_KPROBE(on_request_kprobe, int write, struct file *file, const void *ppos, __u64 bytes)
{
	return ours() ? indirect(write, file, ppos, bytes) : 0;
}

SEC("kprobe/vfs_read")
int BPF_KPROBE(on_read_kprobe, struct file *file, void *buf, __u64 bytes, const void *ppos)
{
	return ours() ? direct(0, file, ppos, bytes) : 0;
}

SEC("kprobe/vfs_write")
int BPF_KPROBE(on_write_kprobe, struct file *file, void *buf, __u64 bytes, const void *ppos)
{
	return ours() ? direct(WRITE, file, ppos, bytes) : 0;
}

SEC("kprobe/vfs_readv")
int BPF_KPROBE(on_readv_kprobe, struct file *file, void *vec, unsigned long n, const void *ppos)
{
	return ours() ? vector(0, file, vec, n, ppos) : 0;
}

SEC("kprobe/vfs_writev")
int BPF_KPROBE(on_writev_kprobe, struct file *file, void *vec, unsigned long n, const void *ppos)
{
	return ours() ? vector(WRITE, file, vec, n, ppos) : 0;
}
