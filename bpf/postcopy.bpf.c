// SPDX-License-Identifier: GPL-2.0-only
/*
 * postcopy.bpf.c - how long do threads wait for pages that have yet to come?
 *
 * On the destination, once the guest runs there: a fault on a page that is missing waits in
 * handle_userfault() until QEMU has got the page. Whoever faults: vCPUs, QEMU's own threads,
 * and kernel threads that fault on their behalf, so it is the memory's owner that is asked.
 *
 * OVERHEAD: nothing but where somebody waits for a page anyway.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 tgid;

struct mte_postcopy postcopy;

/* Waiting threads */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} started SEC(".maps");

static __always_inline int begin(const struct vm_fault *vmf)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid();
	__u64 now;

	if (BPF_CORE_READ(vmf, vma, vm_mm, owner, tgid) != (int)tgid)
		return 0;
	if (BPF_CORE_READ(vmf, flags) & FAULT_FLAG_RETRY_NOWAIT) {
		__sync_fetch_and_add(&postcopy.nowait, 1);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&started, &thread, &now, BPF_ANY))
		__sync_fetch_and_add(&postcopy.lost, 1);
	else
		__sync_fetch_and_add(&postcopy.begun, 1);
	return 0;
}

static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 bucket = 0;

	for (int shift = 32; shift; shift >>= 1) {
		if (ns >> shift) {
			bucket += shift;
			ns >>= shift;
		}
	}
	bucket += ns != 0;
	return bucket < MTE_LATENCY_BUCKETS ? bucket : MTE_LATENCY_BUCKETS - 1;
}

static __always_inline int end(void)
{
	__u32 thread = (__u32)bpf_get_current_pid_tgid(), bucket;
	__u64 *start = bpf_map_lookup_elem(&started, &thread);
	__u64 ns, max;

	if (!start)
		return 0;
	ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&started, &thread);
	bucket = bucket_of(ns);
	__sync_fetch_and_add(&postcopy.faults, 1);
	__sync_fetch_and_add(&postcopy.sum_ns, ns);
	if (bucket < MTE_LATENCY_BUCKETS)
		__sync_fetch_and_add(&postcopy.bucket[bucket], 1);
	for (int i = 0; i < 4; i++) {
		max = postcopy.max_ns;
		if (ns <= max || __sync_val_compare_and_swap(&postcopy.max_ns, max, ns) == max)
			break;
	}
	return 0;
}

SEC("fentry/handle_userfault")
int BPF_PROG(on_fault, struct vm_fault *vmf)
{
	return begin(vmf);
}

SEC("fexit/handle_userfault")
int BPF_PROG(on_page, struct vm_fault *vmf)
{
	return end();
}

SEC("kprobe/handle_userfault")
int BPF_KPROBE(on_fault_kprobe, struct vm_fault *vmf)
{
	return begin(vmf);
}

SEC("kretprobe/handle_userfault")
int BPF_KRETPROBE(on_page_kretprobe)
{
	return end();
}
