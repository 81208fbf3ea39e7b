// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * kmod.c - ticks from migtrace.ko, by /dev/migtrace
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "records.h"

#define DEVICE		"/dev/migtrace"
#define WAKE_NS		10000000ULL	/* shorter ticks are read several at a time */
#define MAP_MAX_BYTES	(1ULL << 32)	/* 65536 records with 4096 vCPUs each have 2 GiB */

struct kmod {
	struct mt_source source;	/* first */
	int fd;
	struct mt_records records;
};

static struct kmod *kmod_of(struct mt_source *source)
{
	return (struct kmod *)source;
}

/* --- opening -------------------------------------------------------------- */
static int open_device(struct mt_err *err)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return mt_err_set(err, -ENODEV,
				  "the module is not loaded (no " DEVICE "): modprobe migtrace");
	case EACCES:
	case EPERM:
		return mt_err_set(
			err, -EPERM,
			DEVICE
			" is not for this user: run as root, or load the module with group= of a group of yours");
	default:
		return mt_err_set(err, -errno, "cannot open " DEVICE ": %s", strerror(errno));
	}
}

static int check_version(int fd, struct mt_err *err)
{
	struct migtrace_info info = { 0 };

	if (ioctl(fd, MIGTRACE_IOC_INFO, &info))
		return mt_err_set(err, -ENODEV, DEVICE " does not answer as migtrace.ko does: %s",
				  strerror(errno));
	if (info.abi_version != MIGTRACE_ABI_VERSION)
		return mt_err_set(
			err, -EPROTO,
			"the module has ABI version %u, this migtrace has %d: install them from one build",
			info.abi_version, MIGTRACE_ABI_VERSION);
	if (info.sessions >= info.sessions_max)
		return mt_err_set(err, -EUSERS, "all %u sessions of the module are taken",
				  info.sessions_max);
	return 0;
}

static int probe(struct mt_err *err)
{
	mt_autoclose int fd = open_device(err);

	return fd < 0 ? fd : check_version(fd, err);
}

static int attach(int fd, const struct mt_source_params *p, struct migtrace_attach *args,
		  struct mt_err *err)
{
	mt_autoclose int vm = mt_vm_fd(p->vmm_pid, err);

	if (vm < 0)
		return vm;
	*args = (struct migtrace_attach){
		.abi_version = MIGTRACE_ABI_VERSION,
		.vm_fd = vm,
		.tick_ns = p->tick_ns,
		.window_ns = p->window_ns,
		.record_count = p->records,
		.vcpu_count = p->vcpus,
		.large_pages = MIGTRACE_LARGE_AUTO,	/* windows are about the memory, not the
							 * screen */
		.wake_records = (uint32_t)(WAKE_NS / p->tick_ns),
	};
	if (!ioctl(fd, MIGTRACE_IOC_ATTACH, args))
		return 0;
	switch (errno) {
	case EUSERS:
		return mt_err_set(
			err, -EUSERS,
			"all sessions of the module, or of this user, are taken (its parameters max_sessions, "
			"max_user_sessions)");
	case EPERM:
		return mt_err_set(
			err, -EPERM,
			"the guest is another user's: run as its user, as root, or with CAP_SYS_PTRACE");
	case ESRCH:
		return mt_err_set(err, -ESRCH, "the guest is gone");
	case EOPNOTSUPP:
		return mt_err_set(
			err, -EOPNOTSUPP,
			"the module was built for another KVM than runs here: build it for this kernel");
	case EPROTO:
		return mt_err_set(
			err, -EPROTO,
			"the module has another ABI version: install module and tool from one build");
	case ENOMEM:
		return mt_err_set(
			err, -ENOMEM,
			"the module has no memory for its records and sets of pages, or may have no more (its parameter session_mib)");
	default:
		/*
		 * Not of the guest, as -EINVAL of a file that is no VM would be: we found it by its
		 * link.
		 */
		return mt_err_set(err, -EIO, "the module refuses the guest: %s", strerror(errno));
	}
}

static int map(struct kmod *k, const struct migtrace_attach *args, struct mt_err *err)
{
	void *at;
	int rc;

	if (args->map_bytes > MAP_MAX_BYTES)
		return mt_err_set(err, -EPROTO, "the module wants %llu bytes mapped",
				  (unsigned long long)args->map_bytes);
	if (args->mode != MIGTRACE_MODE_RING && args->mode != MIGTRACE_MODE_BITMAP)
		return mt_err_set(err, -EPROTO, "the module reports mode %u, which is unknown",
				  args->mode);
	at = mmap(NULL, args->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	if (at == MAP_FAILED)
		return mt_err_set(err, -errno, "cannot map the module's records: %s",
				  strerror(errno));
	rc = mt_records_init(&k->records, at, args->map_bytes, args->record_bytes, err);
	if (rc) {
		munmap(at, args->map_bytes);
		k->records.ring = NULL;
	}
	return rc;
}

static void kmod_close(struct mt_source *source)
{
	struct kmod *k = kmod_of(source);

	if (k->records.ring)
		munmap(k->records.ring, k->records.map_bytes);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}

static int kmod_open(const struct mt_source_params *params, struct mt_source **source,
		     struct mt_err *err)
{
	struct kmod *k = calloc(1, sizeof(*k));
	struct migtrace_attach args;
	int rc;

	if (!k)
		return mt_err_set(err, -ENOMEM, "out of memory");
	k->fd = open_device(err);
	rc = k->fd < 0 ? k->fd : check_version(k->fd, err);
	if (!rc)
		rc = attach(k->fd, params, &args, err);
	if (!rc)
		rc = map(k, &args, err);
	if (rc) {
		kmod_close(&k->source);
		return rc;
	}
	k->source.mode = args.mode;
	k->source.features = args.features;
	k->source.record_bytes = args.record_bytes;
	*source = &k->source;
	return 0;
}

/* --- using ---------------------------------------------------------------- */
static int kmod_fd(struct mt_source *source)
{
	return kmod_of(source)->fd;
}

static int kmod_read(struct mt_source *source, struct migtrace_record *record, size_t room_bytes)
{
	return mt_records_read(&kmod_of(source)->records, record, room_bytes);
}

static int call(struct mt_source *source, unsigned long request, void *arg)
{
	int rc;

	do {
		rc = ioctl(kmod_of(source)->fd, request, arg);
	} while (rc && errno == EINTR);
	return rc ? -errno : 0;
}

static int kmod_slots(struct mt_source *source, struct migtrace_slot *slots, size_t room,
		      size_t *count)
{
	struct migtrace_slots args = { .slots_ptr = (uintptr_t)slots,
				       .count = room < UINT32_MAX ? (uint32_t)room : UINT32_MAX };
	int rc = call(source, MIGTRACE_IOC_SLOTS, &args);

	*count = rc ? 0 : args.count;
	return rc;
}

static int kmod_pages(struct mt_source *source, struct migtrace_pages *pages)
{
	return call(source, MIGTRACE_IOC_PAGES, pages);
}

static int kmod_window(struct mt_source *source)
{
	return call(source, MIGTRACE_IOC_WINDOW, NULL);
}

const struct mt_source_ops mt_source_kmod = {
	.name = "kmod",
	.help = "the kernel module migtrace.ko: passive, no cost on the vCPUs' path",
	.probe = probe,
	.open = kmod_open,
	.fd = kmod_fd,
	.read = kmod_read,
	.slots = kmod_slots,
	.pages = kmod_pages,
	.window = kmod_window,
	.close = kmod_close,
};
