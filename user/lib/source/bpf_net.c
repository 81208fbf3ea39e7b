// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_net.c - bytes of a guest on its taps, by direction
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "bpf_probes.h"
#include "bpf_try.h"

#include <net.skel.h>	/* wants events.h first */

struct mt_bpf_net {
	struct net_bpf *skel;
};

void mt_bpf_net_close(struct mt_bpf_net *p)
{
	if (p)
		net_bpf__destroy(p->skel);
	free(p);
}

static int load(struct mt_bpf_net *p, const unsigned *ifindex, size_t n, uint32_t netns,
		struct mt_err *err)
{
	int rc;

	mt_bpf_quiet();
	p->skel = net_bpf__open();
	rc = p->skel ? 0 : -errno;
	if (!rc) {
		memcpy((void *)p->skel->rodata->ifindex, ifindex, n * sizeof(*ifindex));
		p->skel->rodata->netns = netns;
		rc = net_bpf__load(p->skel);
	}
	if (!rc)
		rc = net_bpf__attach(p->skel);
	return rc ? mt_bpf_fail(err, rc, "the net probe") : 0;
}

int mt_bpf_net_open(const unsigned *ifindex, size_t n, struct mt_bpf_net **out, struct mt_err *err)
{
	struct mt_bpf_net *p;
	struct stat st;
	int rc;

	*out = NULL;
	if (n > MTE_NET_DEVICES)
		return mt_err_set(err, -E2BIG, "at most %d devices of a guest are watched",
				  MTE_NET_DEVICES);
	if (stat("/proc/self/ns/net", &st))
		return mt_err_set(err, -errno, "no /proc/self/ns/net: %s", strerror(errno));
	p = calloc(1, sizeof(*p));
	if (!p)
		return mt_err_set(err, -ENOMEM, "out of memory");
	rc = load(p, ifindex, n, (uint32_t)st.st_ino, err);
	if (rc) {
		mt_bpf_net_close(p);
		return rc;
	}
	*out = p;
	return 0;
}

int mt_bpf_try_net(struct mt_err *err)
{
	struct mt_bpf_net *p;
	int rc = mt_bpf_net_open(NULL, 0, &p, err);

	mt_bpf_net_close(p);
	return rc;
}

void mt_bpf_net_read(const struct mt_bpf_net *p, struct mte_net *counts)
{
	*counts = *(volatile struct mte_net *)&p->skel->bss->counts;
}

/* The name in "iff:	NAME" of a descriptor of /dev/net/tun, "" if it is of something else. */
static void tap_of(const char *path, char *name)
{
	mt_autofclose FILE *f = fopen(path, "re");
	char line[128];

	name[0] = '\0';
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "iff: %15s", name) == 1)
			return;
}

int mt_bpf_net_taps(pid_t vmm_pid, unsigned *ifindex, size_t room)
{
	char path[64 + NAME_MAX], name[IF_NAMESIZE];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", (int)vmm_pid);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while ((e = readdir(dir))) {
		unsigned index;
		bool known = false;

		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", (int)vmm_pid, e->d_name);
		tap_of(path, name);
		index = *name ? if_nametoindex(name) : 0;
		/* One with several queues has a descriptor for each. */
		for (int i = 0; i < n && (size_t)i < room; i++)
			known |= ifindex[i] == index;
		if (!index || known)
			continue;
		if ((size_t)n < room)
			ifindex[n] = index;
		n++;
	}
	closedir(dir);
	return n;
}
