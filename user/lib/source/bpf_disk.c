// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_disk.c - what the VMM reads and writes of files and block devices
 */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_load.h"
#include "bpf_probes.h"
#include "bpf_try.h"

#include <disk.skel.h>	/* wants events.h first */

struct mt_bpf_disk {
	struct disk_bpf *skel;
	struct ring_buffer *ring;
	mt_bpf_disk_fn fn;
	void *opaque;
};

void mt_bpf_disk_close(struct mt_bpf_disk *p)
{
	if (!p)
		return;
	ring_buffer__free(p->ring);
	disk_bpf__destroy(p->skel);
	free(p);
}

static int on_event(void *ctx, void *data, size_t bytes)
{
	struct mt_bpf_disk *p = ctx;

	if (bytes >= sizeof(struct mte_disk_event) && p->fn)
		p->fn(data, p->opaque);
	return 0;
}

static int load(struct mt_bpf_disk *p, pid_t tgid, bool kprobe, struct mt_err *err)
{
	struct bpf_program *prog;
	int rc;

	mt_bpf_quiet();
	p->skel = disk_bpf__open();
	rc = p->skel ? 0 : -errno;
	if (!rc) {
		p->skel->rodata->tgid = (uint32_t)tgid;
		bpf_object__for_each_program(prog, p->skel->obj) bpf_program__set_autoload(
			prog, (bpf_program__type(prog) == BPF_PROG_TYPE_KPROBE) == kprobe);
		rc = disk_bpf__load(p->skel);
	}
	if (!rc)
		rc = disk_bpf__attach(p->skel);
	if (rc)
		return mt_bpf_fail(err, rc, "the disk probe");
	p->ring = ring_buffer__new(bpf_map__fd(p->skel->maps.events), on_event, p, NULL);
	return p->ring ? 0 :
			 mt_err_set(err, -errno, "no ring for the disk probe: %s", strerror(errno));
}

static int open_way(pid_t tgid, bool kprobe, struct mt_bpf_disk **out, struct mt_err *err)
{
	struct mt_bpf_disk *p = calloc(1, sizeof(*p));
	int rc = p ? load(p, tgid, kprobe, err) : mt_err_set(err, -ENOMEM, "out of memory");

	if (rc) {
		mt_bpf_disk_close(p);
		return rc;
	}
	*out = p;
	return 0;
}

int mt_bpf_disk_open(pid_t vmm_pid, struct mt_bpf_disk **out, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc;

	*out = NULL;
	rc = open_way(vmm_pid, false, out, &why);
	if (!rc || !open_way(vmm_pid, true, out, NULL))
		return 0;
	return mt_err_set(err, rc, "%s", why.msg);
}

int mt_bpf_try_disk(struct mt_err *err)
{
	struct mt_bpf_disk *p;
	int rc = mt_bpf_disk_open(0, &p, err);

	mt_bpf_disk_close(p);
	return rc;
}

int mt_bpf_disk_requests(struct mt_bpf_disk *p, mt_bpf_disk_fn fn, void *opaque)
{
	p->fn = fn;
	p->opaque = opaque;
	return ring_buffer__consume(p->ring);
}

int mt_bpf_disk_sum(const struct mt_bpf_disk *p, const struct mte_disk_file *file,
		    struct mte_disk_sum *sum)
{
	struct mte_disk_file key = { .ino = file->ino, .dev = file->dev };

	return bpf_map_lookup_elem(bpf_map__fd(p->skel->maps.sums), &key, sum) ? -errno : 0;
}

void mt_bpf_disk_total(const struct mt_bpf_disk *p, struct mte_disk_sum *total)
{
	struct mte_disk_file key, *prev = NULL;
	struct mte_disk_sum sum;
	int fd = bpf_map__fd(p->skel->maps.sums);

	*total = (struct mte_disk_sum){ 0 };
	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (bpf_map_lookup_elem(fd, &key, &sum))
			continue;
		total->reads += sum.reads;
		total->read_bytes += sum.read_bytes;
		total->writes += sum.writes;
		total->write_bytes += sum.write_bytes;
	}
}

uint64_t mt_bpf_disk_lost(const struct mt_bpf_disk *p)
{
	return *(volatile __u64 *)&p->skel->bss->lost;
}
