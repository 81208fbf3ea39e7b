// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_net.c - the net probe against a tap whose other end is this test
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "source/bpf_probes.h"

#define FRAMES	37
#define BYTES	600		/* of a frame, header and all */

static char why[512];

static int tap_open(const char *name, int queues)
{
	struct ifreq r = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | queues) };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), s;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) {
		snprintf(why, sizeof(why), "no tap device: %s", strerror(errno));
		return -1;
	}
	s = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(s, SIOCGIFFLAGS, &r))
		return -1;
	r.ifr_flags |= IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r))
		return -1;
	close(s);
	return fd;
}

/* A frame of a local experimental type that nobody answers */
static void frame_init(unsigned char *frame)
{
	memset(frame, 0, BYTES);
	memset(frame, 0xff, 6);
	frame[6] = 2;
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

/* What the guest (the descriptor's side) sends */
static int guest_sends(int fd, unsigned n)
{
	unsigned char frame[BYTES];

	frame_init(frame);
	while (n--)
		if (write(fd, frame, BYTES) != BYTES)
			return -errno;
	return 0;
}

static int host_sends(const char *name, unsigned n)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(name),
				  .sll_halen = 6 };
	int s = socket(AF_PACKET, SOCK_RAW, 0), rc = 0;
	unsigned char frame[BYTES];

	frame_init(frame);
	while (n-- && !rc)
		if (sendto(s, frame, BYTES, 0, (void *)&to, sizeof(to)) != BYTES)
			rc = -errno;
	close(s);
	return rc;
}

/* What the kernel sends of its own accord (IPv6) would count as well. */
static void no_ipv6(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	f = fopen(path, "w");
	if (f) {
		fputs("1", f);
		fclose(f);
	}
}

/*
 * Packets that are queued are received in the background: reads until there are so many, in either
 * direction.
 */
static void read_until(struct mt_bpf_net *p, struct mte_net *counts, unsigned from_guest,
		       unsigned to_guest)
{
	for (;;) {
		mt_bpf_net_read(p, counts);
		if (counts->from_guest.packets >= from_guest &&
		    counts->to_guest.packets >= to_guest)
			break;
		usleep(1000);
	}
	usleep(50000);		/* and for what ought not to come */
	mt_bpf_net_read(p, counts);
}

static void test_bytes(void)
{
	unsigned index, taps[4];
	struct mte_net counts;
	struct mt_bpf_net *p;
	struct mt_err err = { 0 };
	int fd, other, rc;

	if (unshare(CLONE_NEWNET))
		SKIP("needs root, for a network namespace of its own");
	no_ipv6("default");
	fd = tap_open("mt-guest", 0);
	other = tap_open("mt-other", 0);
	if (fd < 0 || other < 0)
		SKIP(why);
	CHECK_INT(mt_bpf_net_taps(getpid(), taps, 4), 2);
	index = if_nametoindex("mt-guest");
	CHECK(taps[0] == index || taps[1] == index);
	rc = mt_bpf_net_open(&index, 1, &p, &err);
	if (rc == -EPERM || rc == -EOPNOTSUPP) {
		snprintf(why, sizeof(why), "%s", err.msg);
		SKIP(why);
	}
	CHECK_INT(rc, 0);
	CHECK_INT(guest_sends(fd, FRAMES), 0);
	CHECK_INT(guest_sends(other, 11), 0);
	CHECK_INT(host_sends("mt-guest", FRAMES + 5), 0);
	CHECK_INT(host_sends("mt-other", 3), 0);
	read_until(p, &counts, FRAMES, FRAMES + 5);
	CHECK_INT(counts.from_guest.packets, FRAMES);
	CHECK_INT(counts.from_guest.bytes, FRAMES * BYTES);
	CHECK_INT(counts.to_guest.packets, FRAMES + 5);
	CHECK_INT(counts.to_guest.bytes, (FRAMES + 5) * BYTES);
	mt_bpf_net_close(p);

	CHECK_INT(mt_bpf_net_open(taps, MTE_NET_DEVICES + 1, &p, &err), -E2BIG);
	CHECK_INT(guest_sends(fd, 1), 0);
	close(fd);
	close(other);
}

/* The same number in another network namespace is another device. */
static void test_namespace(void)
{
	unsigned index;
	struct mte_net counts;
	struct mt_bpf_net *p;
	struct mt_err err = { 0 };
	int first, fd;

	if (unshare(CLONE_NEWNET))
		SKIP("needs root, for a network namespace of its own");
	no_ipv6("default");
	first = tap_open("mt-guest", 0);
	if (first < 0)
		SKIP(why);
	index = if_nametoindex("mt-guest");
	if (mt_bpf_net_open(&index, 1, &p, &err)) {
		snprintf(why, sizeof(why), "%s", err.msg);
		SKIP(why);
	}
	CHECK_INT(unshare(CLONE_NEWNET), 0);
	no_ipv6("default");
	fd = tap_open("mt-guest", 0);
	CHECK(fd >= 0);
	CHECK_INT(if_nametoindex("mt-guest"), index);
	CHECK_INT(guest_sends(fd, 9), 0);
	CHECK_INT(guest_sends(first, 2), 0);
	read_until(p, &counts, 2, 0);
	CHECK_INT(counts.from_guest.packets, 2);
	mt_bpf_net_close(p);
	close(fd);
	close(first);
}

static const struct ktap_case cases[] = {
	{ "bytes of a tap are counted by direction", test_bytes },
	{ "a device of the same number in another namespace is not taken for it", test_namespace },
};

int main(void)
{
	alarm(1500);		/* a hang */
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
