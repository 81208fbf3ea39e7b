// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_workload.c - the probes together, as top, record and the daemon read them
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "source/workload.h"
#include "bpftest.h"

#define COMMANDS	200
#define BYTES		12345
#define WRITES		7

static const struct vm_params params = {
	.mode = VM_RING, .vcpus = 2, .ring_entries = 1024,
	.slot = { { .id = 3, .pages = 3003, .logging = true } },
};

/* And read the first of it, which makes an extent of 1 MiB the read working set. */
static int write_file(void)
{
	char name[] = "/tmp/test_workload.XXXXXX";
	static char buf[BYTES];
	int fd = mkstemp(name), rc = fd < 0 ? -1 : 0;

	for (int i = 0; i < WRITES && !rc; i++)
		rc = pwrite(fd, buf, sizeof(buf), i * BYTES) == BYTES ? 0 : -1;
	if (!rc)
		rc = pread(fd, buf, sizeof(buf), 0) == BYTES ? 0 : -1;
	close(fd);
	unlink(name);
	return rc;
}

static uint64_t value(const struct mt_work *work, enum mt_work_field f)
{
	uint64_t v = UINT64_MAX;

	return mt_work_get(work, f, &v) ? v : UINT64_MAX;
}

/* Only what happened since the last read, of the probes that were asked for. */
static void test_intervals(void)
{
	struct mt_workload *w;
	struct mt_work first, second;
	struct mt_err err = { 0 };
	uint64_t gfn, unknown;
	struct vm *vm;
	int rc;

	VMTEST_OPEN(vm, &params);
	rc = mt_workload_open(getpid(), 1u << MT_PROBE_VCPU | 1u << MT_PROBE_DISK, &w, &err);
	if (rc == -EPERM || rc == -EOPNOTSUPP) {
		static char why[512];

		snprintf(why, sizeof(why), "%s", err.msg);
		vm_close(vm);
		SKIP(why);
	}
	CHECK_INT(rc, 0);
	CHECK_STR(mt_workload_lacks(w), "");
	gfn = vm_slot_gfn(vm, 3, 0);
	for (unsigned i = 0; i < COMMANDS; i++)
		CHECK_INT(vm_write(vm, 1, &gfn, 1), 0);
	CHECK_INT(write_file(), 0);
	mt_workload_read(w, &first);
	mt_workload_read(w, &second);
	CHECK(value(&first, MT_WORK_exits) >= COMMANDS &&
	      value(&first, MT_WORK_exits) < 20 * COMMANDS);
	CHECK(value(&first, MT_WORK_run_ns) > 0 &&
	      value(&first, MT_WORK_run_ns) <= first.t_ns - first.start_ns);
	CHECK_INT(value(&first, MT_WORK_ring_full_ns), 0);
	CHECK_INT(value(&first, MT_WORK_disk_written_bytes), WRITES * BYTES);
	CHECK_INT(second.start_ns, first.t_ns);
	CHECK_INT(value(&second, MT_WORK_exits), 0);
	CHECK_INT(value(&second, MT_WORK_disk_written_bytes), 0);
	CHECK_INT(value(&first, MT_WORK_disk_read_bytes), BYTES);
	CHECK_INT(value(&first, MT_WORK_disk_read_set_bytes), 1 << 20);
	CHECK_INT(value(&second, MT_WORK_disk_read_set_bytes), 1 << 20);
	CHECK(!mt_work_get(&first, MT_WORK_net_sent_bytes, &unknown));
	CHECK(!mt_work_get(&first, MT_WORK_page_waits, &unknown));
	mt_workload_close(w);
	vm_close(vm);
}

/* A guest without a tap: the others are read all the same, and the reason is told. */
static void test_lacking(void)
{
	struct mt_workload *w;
	struct mt_err err = { 0 };
	struct mt_work work;
	int rc = mt_workload_open(getpid(), 1u << MT_PROBE_NET | 1u << MT_PROBE_POSTCOPY, &w, &err);

	if (rc == -EPERM || rc == -EOPNOTSUPP)
		SKIP("no BPF here");
	CHECK_INT(rc, 0);
	CHECK_STR(mt_workload_lacks(w), "net: it has no tap in this network namespace");
	mt_workload_read(w, &work);
	CHECK_INT(value(&work, MT_WORK_page_waits), 0);
	CHECK_INT(value(&work, MT_WORK_net_sent_bytes), UINT64_MAX);
	mt_workload_close(w);
	CHECK_INT(mt_workload_open(getpid(), 1u << MT_PROBE_NET, &w, &err), -ENODEV);
	CHECK(!w);
}

static const struct ktap_case cases[] = {
	{ "two reads have between them what happened, and no more", test_intervals },
	{ "a probe that cannot be had is told", test_lacking },
};

KTAP_MAIN(cases)
