// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * vmm_memory.c - how much of a guest's RAM is there, and how much of that is not zero
 *
 * What is resident is what /proc/PID/smaps says of its mappings. In huge pages much of that can be
 * zero, and a zero page costs a migration next to nothing, so a sample of pages is looked at:
 * stratified, one at a random place in each of MT_VMM_SAMPLES equal parts.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>

#include "base/rng.h"
#include "vmm.h"

#define PAGE_BYTES	4096
#define MAPPINGS_MAX	64
/* What is smaller than this part of the memory is no RAM, but a heap, a stack, a device's. */
#define SMALLEST_PART	64

#define PAGEMAP_PRESENT	(1ULL << 63)	/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_SWAPPED	(1ULL << 62)

struct mapping {
	uint64_t from, bytes, resident_bytes;
};

struct mappings {
	struct mapping v[MAPPINGS_MAX];	/* the largest first */
	size_t n;
};

static void insert(struct mappings *all, const struct mapping *m)
{
	size_t at = all->n;

	if (at == MAPPINGS_MAX && all->v[--at].bytes >= m->bytes)
		return;
	for (; at && all->v[at - 1].bytes < m->bytes; at--)
		all->v[at] = all->v[at - 1];
	all->v[at] = *m;
	if (all->n < MAPPINGS_MAX)
		all->n++;
}

/* "7f00-7f80 rw-p ...": a mapping begins. */
static bool parse_begin(const char *line, struct mapping *m, bool *is_ram)
{
	uint64_t from, to;
	char rights[8];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, rights) != 3)
		return false;
	*m = (struct mapping){ .from = from, .bytes = to - from };
	*is_ram = !strncmp(rights, "rw-", 3);
	return true;
}

static const char *const resident_keys[] = { "Rss", "Swap", "Shared_Hugetlb", "Private_Hugetlb" };

static void add_resident(const char *line, struct mapping *m)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(resident_keys); i++) {
		size_t len = strlen(resident_keys[i]);
		uint64_t kib;

		if (!strncmp(line, resident_keys[i], len) && line[len] == ':' &&
		    sscanf(line + len + 1, "%" SCNu64 " kB", &kib) == 1)
			m->resident_bytes += kib * 1024;
	}
}

static void read_maps(FILE *f, uint64_t memory_bytes, struct mappings *all)
{
	mt_autofree char *line = NULL;
	struct mapping m = { 0 }, next;
	bool is_ram = false, next_is_ram;
	size_t room = 0;

	for (;;) {
		bool more = getline(&line, &room, f) > 0;

		if (more && !parse_begin(line, &next, &next_is_ram)) {
			add_resident(line, &m);
			continue;
		}
		if (is_ram && m.bytes <= memory_bytes && m.bytes >= memory_bytes / SMALLEST_PART)
			insert(all, &m);
		if (!more)
			return;
		m = next;
		is_ram = next_is_ram;
	}
}

/* Leaves in @all those that are the RAM. */
static void take_ram(struct mappings *all, uint64_t memory_bytes, struct mt_vmm_memory *memory)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct mapping m = all->v[i];

		if (m.bytes > memory_bytes - memory->mapped_bytes)
			continue;
		memory->mapped_bytes += m.bytes;
		memory->resident_bytes += m.resident_bytes < m.bytes ? m.resident_bytes : m.bytes;
		all->v[n++] = m;
	}
	all->n = n;
}

/* --- a sample of pages ------------------------------------------------------ */
/* The address of page number @page of the RAM. */
static uint64_t address_of(const struct mappings *ram, uint64_t page)
{
	size_t i = 0;

	for (; i + 1 < ram->n && page >= ram->v[i].bytes / PAGE_BYTES; i++)
		page -= ram->v[i].bytes / PAGE_BYTES;
	return ram->v[i].from + page * PAGE_BYTES;
}

/* Return: 1 it is not zero, 0 it is or is not there, -errno. */
static int is_nonzero(pid_t pid, int pagemap, uint64_t address)
{
	static const unsigned char zeroes[PAGE_BYTES];
	unsigned char page[PAGE_BYTES];
	struct iovec here = { page, sizeof(page) },
		     there = { (void *)(uintptr_t)address, sizeof(page) };
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)(address / PAGE_BYTES * sizeof(entry))) !=
	    sizeof(entry))
		return -EIO;
	if (entry & PAGEMAP_SWAPPED)
		return 1;
	if (!(entry & PAGEMAP_PRESENT))
		return 0;
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(page))
		return errno ? -errno : -EIO;
	return memcmp(page, zeroes, sizeof(page)) != 0;
}

static void sample(const char *proc, pid_t pid, const struct mappings *ram,
		   struct mt_vmm_memory *memory)
{
	struct mt_rng rng = { 1 };
	uint64_t pages = memory->mapped_bytes / PAGE_BYTES, bytes;
	size_t n = pages < MT_VMM_SAMPLES ? pages : MT_VMM_SAMPLES, found = 0;
	mt_autoclose int pagemap = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%d/pagemap", proc, (int)pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		uint64_t from = pages * i / n, to = pages * (i + 1) / n;
		int rc = is_nonzero(pid, pagemap,
				    address_of(ram, from + mt_rng_next(&rng) % (to - from)));

		if (rc < 0)
			return;
		found += (size_t)rc;
	}
	bytes = memory->mapped_bytes / n * found;
	memory->nonzero_bytes = bytes;
	memory->nonzero_known = true;
}

/*
 * @name: "smaps", which says what is resident, or "maps", which is read at once however large the
 * guest.
 */
static int read_ram(const char *proc, pid_t pid, const char *name, uint64_t memory_bytes,
		    struct mappings *ram, struct mt_vmm_memory *memory, struct mt_err *err)
{
	mt_autofclose FILE *f = NULL;
	char path[PATH_MAX];

	*memory = (struct mt_vmm_memory){ 0 };
	snprintf(path, sizeof(path), "%s/%d/%s", proc, (int)pid, name);
	f = fopen(path, "re");
	if (!f)
		return mt_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	errno = 0;
	read_maps(f, memory_bytes, ram);
	if (ferror(f))
		return mt_err_set(err, -EACCES, "cannot read %s: %s", path,
				  strerror(errno ? errno : EIO));
	take_ram(ram, memory_bytes, memory);
	if (memory_bytes && memory->mapped_bytes >= memory_bytes / 2)
		return 0;
	*memory = (struct mt_vmm_memory){ 0 };
	return mt_err_set(err, -ENODATA,
			  "%s has no mappings that could be a guest's memory of %" PRIu64 " bytes",
			  path, memory_bytes);
}

int mt_vmm_memory(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
		  struct mt_vmm_memory *memory, struct mt_err *err)
{
	const char *proc = paths && paths->proc ? paths->proc : "/proc";
	struct mappings ram = { .n = 0 };
	int rc = read_ram(proc, pid, "smaps", memory_bytes, &ram, memory, err);

	if (rc)
		return rc;
	sample(proc, pid, &ram, memory);
	if (memory->nonzero_bytes > memory->resident_bytes)
		memory->nonzero_bytes = memory->resident_bytes;
	return 0;
}

int mt_vmm_nonzero(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
		   uint64_t *nonzero_bytes, struct mt_err *err)
{
	const char *proc = paths && paths->proc ? paths->proc : "/proc";
	struct mappings ram = { .n = 0 };
	struct mt_vmm_memory memory;
	int rc = read_ram(proc, pid, "maps", memory_bytes, &ram, &memory, err);

	if (rc)
		return rc;
	sample(proc, pid, &ram, &memory);
	if (!memory.nonzero_known)
		return mt_err_set(err, -EACCES, "the memory of process %d may not be read",
				  (int)pid);
	*nonzero_bytes = memory.nonzero_bytes;
	return 0;
}

int mt_vmm_ram(const struct mt_vmm_paths *paths, pid_t pid, uint64_t memory_bytes,
	       struct mt_vmm_ram *ram, struct mt_err *err)
{
	const char *proc = paths && paths->proc ? paths->proc : "/proc";
	struct mappings all = { .n = 0 };
	struct mt_vmm_memory memory;
	int rc = read_ram(proc, pid, "maps", memory_bytes, &all, &memory, err);

	if (!rc)
		*ram = (struct mt_vmm_ram){ all.v[0].from, all.v[0].bytes };
	return rc;
}
