// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_vmm_memory.c - how much of a guest's memory is there: in a /proc of our own, and of
 * ourselves
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hypervisor/vmm.h"
#include "ktap.h"
#include "scratch.h"

#define MIB	(1ULL << 20)
#define PID	4711

static char path[128];
static const struct mt_vmm_paths paths = { dir, NULL };

static void smaps(const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

#define NOISE \
	"55d000000000-55d000800000 rw-p 00000000 00:00 0      [heap]\nSize: 8192 kB\nRss: 8192 kB\nSwap: 0 kB\n" \
	"7ffc00000000-7ffc00100000 rw-p 00000000 00:00 0      [stack]\nRss: 64 kB\nVmFlags: rd wr mr mw me gd ac\n"

/* The code that TCG makes may have the same size, but it can be executed. */
static void test_one(void)
{
	struct mt_vmm_memory m;

	smaps("7f0000000000-7f0008000000 rwxp 00000000 00:00 0\nSize: 131072 kB\nRss: 131072 kB\nSwap: 0 kB\n"
	      "7f1000000000-7f1008000000 rw-p 00000000 00:00 0\nSize: 131072 kB\nKernelPageSize: 4 kB\nRss: 65536 kB\nPss: 65536 kB\n"
	      "Shared_Hugetlb: 0 kB\nPrivate_Hugetlb: 0 kB\nSwap: 1024 kB\nSwapPss: 1024 kB\n"
	      "7f2000000000-7f2100000000 rw-p 00000000 00:00 0\nSize: 4194304 kB\nRss: 99999 kB\n" NOISE);
	CHECK_INT(mt_vmm_memory(&paths, PID, 128 * MIB, &m, NULL), 0);
	CHECK_INT(m.mapped_bytes, 128 * MIB);
	CHECK_INT(m.resident_bytes, 65 * MIB);
	/* There is no pagemap. */
	CHECK(!m.nonzero_known);
}

/* Two NUMA nodes in huge pages, which Rss does not count; and no more than the guest has. */
static void test_nodes(void)
{
	struct mt_vmm_memory m;

	smaps(NOISE "7f1000000000-7f1004000000 rw-s 00000000 00:0f 7      /dev/hugepages/x\nRss: 0 kB\nPrivate_Hugetlb: 10240 kB\nShared_Hugetlb: 2048 kB\n"
	      "7f1100000000-7f1104000000 rw-s 00000000 00:0f 8      /dev/hugepages/y\nRss: 0 kB\nShared_Hugetlb: 65536 kB\n"
	      "7f1200000000-7f1202000000 rw-p 00000000 00:00 0\nRss: 32768 kB\n");
	CHECK_INT(mt_vmm_memory(&paths, PID, 128 * MIB, &m, NULL), 0);
	CHECK_INT(m.mapped_bytes, 128 * MIB);
	CHECK_INT(m.resident_bytes, 76 * MIB);
}

static void test_none(void)
{
	struct mt_vmm_memory m;
	struct mt_err err = { 0 };

	smaps(NOISE);
	CHECK_INT(mt_vmm_memory(&paths, PID, 128 * MIB, &m, &err), -ENODATA);
	CHECK(strstr(err.msg, "smaps") && !m.mapped_bytes);
	err.code = 0;
	CHECK_INT(mt_vmm_memory(&paths, PID, 0, &m, &err), -ENODATA);
	err.code = 0;
	CHECK_INT(mt_vmm_memory(&paths, PID + 1, 128 * MIB, &m, &err), -ENOENT);
	smaps("");
	CHECK_INT(mt_vmm_memory(&paths, PID, 128 * MIB, &m, NULL), -ENODATA);
	smaps("\n\n7f-\nRss: x kB\nRss\n:\n-- rw-p\n");
	CHECK_INT(mt_vmm_memory(&paths, PID, 128 * MIB, &m, NULL), -ENODATA);
}

/*
 * Half of it written to, a quarter read or zeroed, the rest never touched: looking at it must not
 * make it be there.
 */
static void test_ourselves(void)
{
	size_t size = 64 * MIB + 4096;
	unsigned char *ram =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct mt_vmm_memory before, after;
	uint64_t nonzero_bytes = 0;
	int rc;

	CHECK(ram != MAP_FAILED);
	memset(ram, 1, size / 2);
	memset(ram + size / 2, 0, size / 4);
	CHECK_INT(mt_vmm_memory(NULL, getpid(), size, &before, NULL), 0);
	CHECK_INT(mt_vmm_memory(NULL, getpid(), size, &after, NULL), 0);
	rc = mt_vmm_nonzero(NULL, getpid(), size, &nonzero_bytes, NULL);
	munmap(ram, size);
	CHECK_INT(before.mapped_bytes, size);
	CHECK_NEAR((double)before.resident_bytes, 0.75 * size, 8192);
	CHECK_INT(after.resident_bytes, before.resident_bytes);
	if (!before.nonzero_known)
		SKIP("this kernel does not let us read our own pagemap");
	/* Three standard errors. */
	CHECK_NEAR((double)before.nonzero_bytes, 0.5 * size, 3 * 0.008 * size);
	CHECK_INT(rc, 0);
	CHECK_INT(nonzero_bytes, before.nonzero_bytes);
}

static const struct ktap_case cases[] = {
	{ "RAM is told from what is as large", test_one },
	{ "two nodes in huge pages", test_nodes },
	{ "nothing that could be a guest's memory", test_none },
	{ "looking at memory does not make it be there", test_ourselves },
};

int main(void)
{
	snprintf(path, sizeof(path), "%s/%d", dir, PID);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%d/smaps", dir, PID);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
