// SPDX-License-Identifier: GPL-2.0-only
/*
 * net.bpf.c - how much does the guest send and receive?
 *
 * Seen at its tap: what comes in there the guest has sent, what goes out it is given. Bytes
 * are of whole frames. A packet that is segmented later (GSO) is one, with one header.
 *
 * OVERHEAD: runs for each packet of each device of the host: some 30 instructions for one
 * that is not the guest's.
 */
#include "core.bpf.h"

#include <migtrace/events.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 ifindex[MTE_NET_DEVICES];	/* 0 ends them */
const volatile __u32 netns;			/* inode of the network namespace they are in */

struct mte_net counts;

static __always_inline bool ours(const struct net_device *dev)
{
	__u32 index = dev->ifindex;

	for (int i = 0; i < MTE_NET_DEVICES && ifindex[i]; i++)
		if (ifindex[i] == index)
			return dev->nd_net.net->ns.inum == netns;
	return false;
}

static __always_inline void add(struct mte_net_count *c, __u64 bytes)
{
	__sync_fetch_and_add(&c->bytes, bytes);
	__sync_fetch_and_add(&c->packets, 1);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(on_receive, struct sk_buff *skb)
{
	struct net_device *dev;
	__u64 header;

	if (!skb)
		return 0;
	dev = skb->dev;
	if (!dev || !ours(dev))
		return 0;
	/* The frame's header has been taken off already. */
	header = (__u64)skb->data - (__u64)skb->head - skb->mac_header;
	add(&counts.from_guest, skb->len + (header < 64 ? header : 0));
	return 0;
}

/* @rc: 0 when the device took it */
SEC("tp_btf/net_dev_xmit")
int BPF_PROG(on_xmit, struct sk_buff *skb, int rc, struct net_device *dev, unsigned int bytes)
{
	if (rc == 0 && dev && ours(dev))
		add(&counts.to_guest, bytes);
	return 0;
}
