// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_abi.c - what the module refuses, and by which error
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kmodtest.h"

#define PAGES		3003
#define TICK_NS		(2 * WATCH_MS)
#define ESTALE_TRIES	1000
#define WAIT_MS		600000	/* a hang */
#define BAD_POINTER	0xdead000UL

static const struct vm_params params = {
	.mode = VM_RING, .vcpus = 1, .ring_entries = 1024,
	.slot = { { .id = 3, .pages = PAGES, .logging = true }, { .id = 70, .pages = 77 } },
};

static int device(void)
{
	return open(WATCH_DEVICE, O_RDWR | O_CLOEXEC);
}

static struct migtrace_attach good(int vm_fd)
{
	return (struct migtrace_attach) {
		.abi_version = MIGTRACE_ABI_VERSION, .vm_fd = vm_fd, .tick_ns = TICK_NS,
		.record_count = 16,
	};
}

/* Attaches with a file of its own: 0 or -errno */
static int try_attach(struct migtrace_attach args)
{
	int fd = device(), err;

	if (fd < 0)
		return -errno;
	err = ioctl(fd, MIGTRACE_IOC_ATTACH, &args) ? -errno : 0;
	close(fd);
	return err;
}

/* Begins a case: a machine, without a session, or a skip */
#define OPEN(vm) do { \
	if (watch_unsupported()) \
		SKIP(watch_unsupported()); \
	VMTEST_OPEN(vm, &params); \
} while (0)

#define TRY(expected, statement) do { \
	struct migtrace_attach a = good(vm_vm_fd(vm)); \
	statement; \
	CHECK_INT(try_attach(a), expected); \
} while (0)

static void test_arguments(void)
{
	struct vm *vm;

	OPEN(vm);
	TRY(0, (void)0);
	TRY(-EPROTO, a.abi_version = 0);
	TRY(-EPROTO, a.abi_version = MIGTRACE_ABI_VERSION + 1);
	TRY(-EINVAL, a.tick_ns = 0);
	TRY(-EINVAL, a.tick_ns = MIGTRACE_TICK_MIN_NS - 1);
	TRY(0, a.tick_ns = MIGTRACE_TICK_MIN_NS);
	TRY(0, a.tick_ns = MIGTRACE_TICK_MAX_NS);
	TRY(-EINVAL, a.tick_ns = MIGTRACE_TICK_MAX_NS + 1);
	TRY(-EINVAL, a.tick_ns = UINT64_MAX);
	TRY(0, a.window_ns = UINT64_MAX);
	TRY(-EINVAL, a.record_count = 3);
	TRY(-EINVAL, a.record_count = 2 * MIGTRACE_RECORDS_MAX);
	TRY(-EINVAL, a.record_count = UINT32_MAX);
	TRY(0, a.record_count = 0);
	TRY(0, a.record_count = 1);
	TRY(0, a.vcpu_count = MIGTRACE_VCPUS_MAX);
	TRY(-EINVAL, a.vcpu_count = MIGTRACE_VCPUS_MAX + 1);
	TRY(-EINVAL, a.vcpu_count = UINT32_MAX);
	TRY(-EINVAL, a.reserved[0] = 1);
	TRY(-EINVAL, a.reserved[1] = 1);
	vm_close(vm);
}

static void test_files(void)
{
	int kvm, event, regular, pipes[2], dev;
	struct vm *vm;

	OPEN(vm);
	TRY(-EBADF, a.vm_fd = -1);
	TRY(-EBADF, a.vm_fd = INT32_MAX);
	CHECK((kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK((event = eventfd(0, EFD_CLOEXEC)) >= 0);
	CHECK((regular = memfd_create("migtrace", MFD_CLOEXEC)) >= 0);
	CHECK((dev = device()) >= 0);
	CHECK_INT(pipe(pipes), 0);
	TRY(-EINVAL, a.vm_fd = kvm);
	TRY(-EINVAL, a.vm_fd = vm_vcpu_fd(vm, 0));
	TRY(-EINVAL, a.vm_fd = event);
	TRY(-EINVAL, a.vm_fd = regular);
	TRY(-EINVAL, a.vm_fd = pipes[0]);
	TRY(-EINVAL, a.vm_fd = dev);
	close(kvm);
	close(event);
	close(regular);
	close(dev);
	close(pipes[0]);
	close(pipes[1]);
	/* A path has no file operations at all. */
	CHECK((kvm = open("/dev/kvm", O_PATH | O_CLOEXEC)) >= 0);
	TRY(-EBADF, a.vm_fd = kvm);
	close(kvm);
	vm_close(vm);
}

/* Before there is a vCPU, rings may still be chosen: a session would look for bitmaps for ever. */
static void test_young(void)
{
	struct kvm_enable_cap ring = { .cap = KVM_CAP_DIRTY_LOG_RING,
				       .args = { 4096 * sizeof(struct kvm_dirty_gfn) } };
	int kvm, vm, vcpu;
	struct watch w;

	if (watch_unsupported())
		SKIP(watch_unsupported());
	if (vm_unsupported(VM_RING))
		SKIP(vm_unsupported(VM_RING));
	CHECK((kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC)) >= 0);
	CHECK((vm = ioctl(kvm, KVM_CREATE_VM, 0)) >= 0);
	CHECK_INT(watch_open(&w, vm, TICK_NS, 0), -EAGAIN);
	CHECK_INT(ioctl(vm, KVM_ENABLE_CAP, &ring), 0);
	CHECK_INT(watch_open(&w, vm, TICK_NS, 0), -EAGAIN);
	CHECK((vcpu = ioctl(vm, KVM_CREATE_VCPU, 0)) >= 0);
	CHECK_INT(watch_open(&w, vm, TICK_NS, 0), 0);
	CHECK_INT(w.args.mode, MIGTRACE_MODE_RING);
	CHECK_INT(watch_settle(&w), 0);
	CHECK_INT(w.sum.events, 0);
	watch_close(&w);
	close(vcpu);
	close(vm);
	close(kvm);
}

static void test_order(void)
{
	struct migtrace_slots slots = { 0 };
	struct migtrace_pages pages = { 0 };
	struct migtrace_attach args;
	struct migtrace_info info;
	struct pollfd p;
	struct vm *vm;
	int fd;

	OPEN(vm);
	CHECK((fd = device()) >= 0);
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	CHECK_INT(ioctl(fd, MIGTRACE_IOC_INFO, &info), 0);
	CHECK_INT(info.abi_version, MIGTRACE_ABI_VERSION);
	CHECK_INT(info.reserved, 0);
	CHECK_INT(info.sessions, 0);
	CHECK(info.sessions_max > 0);
	CHECK(ioctl(fd, MIGTRACE_IOC_SLOTS, &slots) && errno == ENOTCONN);
	CHECK(ioctl(fd, MIGTRACE_IOC_PAGES, &pages) && errno == ENOTCONN);
	CHECK(ioctl(fd, MIGTRACE_IOC_WINDOW) && errno == ENOTCONN);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENOTCONN);
	CHECK_INT(poll(&p, 1, 0), 1);
	CHECK_INT(p.revents, POLLERR);
	CHECK(ioctl(fd, _IO(MIGTRACE_IOC_MAGIC, 5)) && errno == ENOTTY);
	CHECK(ioctl(fd, 0) && errno == ENOTTY);
	CHECK(read(fd, &info, sizeof(info)) < 0 && errno == EINVAL);

	args = good(vm_vm_fd(vm));
	CHECK_INT(ioctl(fd, MIGTRACE_IOC_ATTACH, &args), 0);
	CHECK(ioctl(fd, MIGTRACE_IOC_ATTACH, &args) && errno == EBUSY);
	CHECK_INT(ioctl(fd, MIGTRACE_IOC_INFO, &info), 0);
	CHECK_INT(info.sessions, 1);
	close(fd);
	vm_close(vm);
}

/* What is refused leaves the file as it was. */
static void test_pointers(void)
{
	struct migtrace_attach args;
	struct migtrace_slots slots;
	struct vm *vm;
	void *ro;
	int fd;

	OPEN(vm);
	CHECK((fd = device()) >= 0);
	CHECK(ioctl(fd, MIGTRACE_IOC_INFO, BAD_POINTER) && errno == EFAULT);
	CHECK(ioctl(fd, MIGTRACE_IOC_ATTACH, BAD_POINTER) && errno == EFAULT);
	CHECK(ioctl(fd, MIGTRACE_IOC_ATTACH, NULL) && errno == EFAULT);
	/* It can be read, but not written: the session that was made must go again. */
	ro = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(ro != MAP_FAILED);
	args = good(vm_vm_fd(vm));
	memcpy(ro, &args, sizeof(args));
	CHECK_INT(mprotect(ro, 4096, PROT_READ), 0);
	CHECK(ioctl(fd, MIGTRACE_IOC_ATTACH, ro) && errno == EFAULT);
	munmap(ro, 4096);

	CHECK_INT(ioctl(fd, MIGTRACE_IOC_ATTACH, &args), 0);
	CHECK(ioctl(fd, MIGTRACE_IOC_SLOTS, BAD_POINTER) && errno == EFAULT);
	CHECK(ioctl(fd, MIGTRACE_IOC_PAGES, BAD_POINTER) && errno == EFAULT);
	slots = (struct migtrace_slots){ .count = 10, .slots_ptr = BAD_POINTER };
	CHECK(ioctl(fd, MIGTRACE_IOC_SLOTS, &slots) && errno == EFAULT);
	slots = (struct migtrace_slots){ .count = 10, .slots_ptr = UINT64_MAX };
	CHECK(ioctl(fd, MIGTRACE_IOC_SLOTS, &slots) && errno == EFAULT);
	slots = (struct migtrace_slots){ .reserved = 1 };
	CHECK(ioctl(fd, MIGTRACE_IOC_SLOTS, &slots) && errno == EINVAL);
	slots = (struct migtrace_slots){ 0 };
	CHECK_INT(ioctl(fd, MIGTRACE_IOC_SLOTS, &slots), 0);
	CHECK(slots.count >= 3);
	close(fd);
	vm_close(vm);
}

static void test_slots(void)
{
	struct migtrace_slot list[8] = { 0 };
	struct migtrace_slots slots = { .slots_ptr = (uintptr_t)list, .count = 8 };
	unsigned int seen = 0;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, TICK_NS, 0);
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_SLOTS, &slots), 0);
	CHECK(slots.count >= 3 && slots.count <= 8);
	for (unsigned int i = 0; i < slots.count; i++) {
		CHECK_INT(list[i].as_id, 0);
		if (list[i].id != 3 && list[i].id != 70)
			continue;
		seen++;
		CHECK_INT(!!(list[i].flags & MIGTRACE_SLOT_LOGGING), list[i].id == 3);
		CHECK_INT(list[i].pages, list[i].id == 3 ? PAGES : 77);
		CHECK_INT(list[i].base_gfn, vm_slot_gfn(vm, list[i].id, 0));
	}
	CHECK_INT(seen, 2);
	/* Room for one: one is written, and all are counted. */
	memset(list, 0xff, sizeof(list));
	seen = slots.count;
	slots.count = 1;
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_SLOTS, &slots), 0);
	CHECK_INT(slots.count, seen);
	CHECK_INT(list[0].as_id, 0);
	CHECK_INT(list[1].as_id, 0xffff);
	KMODTEST_CLOSE(vm, w);
}

/* 0 or -errno. Ticks go by: a refusal for that reason is tried again. */
static int pages_of(struct watch *w, struct migtrace_pages args)
{
	bool any = !args.tick;
	int err, tries = 0;

	do
		err = ioctl(w->fd, MIGTRACE_IOC_PAGES, &args) ? -errno : 0;
	while (err == -ESTALE && any && ++tries < ESTALE_TRIES);
	return err;
}

#define PAGES_TRY(expected, statement) do { \
	struct migtrace_pages a = { .id = 3, .page_count = PAGES, \
				    .bitmap_ptr = (uintptr_t)words }; \
	statement; \
	CHECK_INT(pages_of(&w, a), expected); \
} while (0)

static void test_pages(void)
{
	static uint64_t words[(PAGES + 63) / 64 + 1];
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, 20 * WATCH_MS, 0);
	CHECK_INT(watch_settle(&w), 0);
	words[(PAGES + 63) / 64] = 42;
	PAGES_TRY(0, (void)0);
	PAGES_TRY(0, a.kind = MIGTRACE_SET_WINDOW);
	CHECK_INT(words[(PAGES + 63) / 64], 42);
	PAGES_TRY(-EINVAL, a.kind = MIGTRACE_SET_WINDOW + 1);
	PAGES_TRY(-ENXIO, a.id = 4);
	PAGES_TRY(-ENXIO, a.as_id = 1);
	PAGES_TRY(-ENXIO, a.as_id = 7);
	PAGES_TRY(-EINVAL, a.first_page = 1);
	PAGES_TRY(-EINVAL, a.first_page = 64);			/* page_count goes past the end */
	PAGES_TRY(0, (a.first_page = 64, a.page_count -= 64));
	PAGES_TRY(0, (a.first_page = 64, a.page_count = 1));
	PAGES_TRY(-EINVAL, a.page_count = PAGES + 1);
	PAGES_TRY(-EINVAL, a.page_count = UINT64_MAX);
	PAGES_TRY(-EINVAL, a.first_page = -64);
	PAGES_TRY(-EINVAL, (a.first_page = -64, a.page_count = 64));
	PAGES_TRY(0, (a.page_count = 0, a.bitmap_ptr = BAD_POINTER));
	PAGES_TRY(-EFAULT, a.bitmap_ptr = BAD_POINTER);
	PAGES_TRY(-EFAULT, a.bitmap_ptr = UINT64_MAX - 7);
	PAGES_TRY(-ESTALE, a.tick = w.last.record.tick + 1000);
	CHECK_INT(watch_settle(&w), 0);
	PAGES_TRY(-ESTALE, a.tick = w.last.record.tick - 1);
	KMODTEST_CLOSE(vm, w);
}

/* Does the module make *count larger than that? */
static bool passes(const __u64 *count, uint64_t than)
{
	for (unsigned int ms = 0; ms < WAIT_MS; ms++) {
		if (__atomic_load_n(count, __ATOMIC_ACQUIRE) > than)
			return true;
		usleep(1000);
	}
	return false;
}

static void test_mmap(void)
{
	struct watch w;
	struct vm *vm;
	size_t bytes;
	void *again;

	KMODTEST_OPEN(vm, &params, w, TICK_NS, 0);
	bytes = w.args.map_bytes;
	CHECK_INT(w.ring->abi_version, MIGTRACE_ABI_VERSION);
	CHECK_INT(w.ring->record_count, 4096);
	CHECK_INT(w.ring->record_bytes, w.args.record_bytes);
	CHECK(mmap(NULL, bytes - 4096, PROT_READ, MAP_SHARED, w.fd, 0) == MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, bytes + 4096, PROT_READ, MAP_SHARED, w.fd, 0) == MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, bytes, PROT_READ, MAP_SHARED, w.fd, 4096) == MAP_FAILED &&
	      errno == EINVAL);
	CHECK(mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, w.fd, 0) == MAP_FAILED && errno == EINVAL);
	again = mmap(NULL, bytes, PROT_READ, MAP_SHARED, w.fd, 0);
	CHECK(again != MAP_FAILED);
	/* It does not grow, and a part of it may go. */
	CHECK(mremap(again, bytes, 2 * bytes, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK_INT(munmap((char *)again + 4096, bytes - 4096), 0);
	CHECK_INT(munmap(again, 4096), 0);
	/* The mapping alone keeps the session. */
	CHECK_INT(watch_settle(&w), 0);
	close(w.fd);
	CHECK(passes(&w.ring->head, w.ring->tail + 5));
	munmap(w.ring, bytes);
	vm_close(vm);
}

static void test_full(void)
{
	static const uint64_t tails[] = { UINT64_MAX, 1ULL << 63, 0, 1ULL << 32 };
	uint64_t lost, head;
	struct watch w = { 0 };
	struct vm *vm;

	OPEN(vm);
	w.args = good(vm_vm_fd(vm));
	w.args.vcpu_count = WATCH_VCPUS;
	CHECK((w.fd = device()) >= 0);
	CHECK_INT(ioctl(w.fd, MIGTRACE_IOC_ATTACH, &w.args), 0);
	w.ring = mmap(NULL, w.args.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, w.fd, 0);
	CHECK(w.ring != MAP_FAILED);

	/* 16 fit, the next are lost; what was read makes room again. */
	CHECK(passes(&w.ring->lost, 0));
	CHECK_INT(w.ring->head, 16);
	CHECK_INT(watch_drain(&w), 16);
	CHECK_INT(w.last.record.tick, 16);
	CHECK_INT(watch_settle(&w), 0);
	lost = __atomic_load_n(&w.ring->lost, __ATOMIC_ACQUIRE);
	CHECK(w.sum.missed >= 1);
	CHECK(w.sum.missed <= lost);

	/* Whatever is scribbled over the first page costs records at most. */
	for (unsigned int i = 0; i < 4; i++) {
		__atomic_store_n(&w.ring->tail, tails[i], __ATOMIC_RELEASE);
		/* The first one more may have been under way already. */
		CHECK(passes(&w.ring->lost, lost + 2));
		lost = __atomic_load_n(&w.ring->lost, __ATOMIC_ACQUIRE);
	}
	head = __atomic_load_n(&w.ring->head, __ATOMIC_ACQUIRE);
	w.ring->record_count = 1U << 31;
	w.ring->records_offset = UINT32_MAX;
	w.ring->record_bytes = 0;
	__atomic_store_n(&w.ring->tail, head, __ATOMIC_RELEASE);
	CHECK(passes(&w.ring->head, head + 15));
	CHECK(passes(&w.ring->lost, lost));
	CHECK_INT(__atomic_load_n(&w.ring->head, __ATOMIC_ACQUIRE), head + 16);
	KMODTEST_CLOSE(vm, w);
}

static bool set_max_sessions(unsigned int max)
{
	FILE *f = fopen("/sys/module/migtrace/parameters/max_sessions", "w");

	if (!f)
		return false;
	fprintf(f, "%u\n", max);
	return !fclose(f);
}

static void test_too_many(void)
{
	struct migtrace_attach args;
	int first, second, third, fd;
	struct vm *vm;

	OPEN(vm);
	if (!set_max_sessions(1)) {
		vm_close(vm);
		SKIP("max_sessions cannot be set");
	}
	args = good(vm_vm_fd(vm));
	fd = device();
	first = ioctl(fd, MIGTRACE_IOC_ATTACH, &args);
	second = try_attach(good(vm_vm_fd(vm)));
	close(fd);
	third = try_attach(good(vm_vm_fd(vm)));
	CHECK(set_max_sessions(64));
	CHECK_INT(first, 0);
	CHECK_INT(second, -EUSERS);
	CHECK_INT(third, 0);
	vm_close(vm);
}

static void test_poll(void)
{
	struct pollfd p;
	struct watch w;
	struct vm *vm;

	KMODTEST_OPEN(vm, &params, w, 400 * WATCH_MS, 0);
	p = (struct pollfd){ .fd = w.fd, .events = POLLIN };
	for (int i = 0; i < 2; i++) {
		CHECK_INT(poll(&p, 1, 30000), 1);
		CHECK_INT(p.revents, POLLIN);
		CHECK(watch_drain(&w) >= 1);	/* more if nobody let us run */
		CHECK_INT(poll(&p, 1, 0), 0);
	}
	KMODTEST_CLOSE(vm, w);
}

static const struct ktap_case cases[] = {
	{ "attach refuses arguments that are wrong", test_arguments },
	{ "attach refuses files that are no VM", test_files },
	{ "attach to a VM that is not ready", test_young },
	{ "calls before attach, and a second one", test_order },
	{ "pointers that lead nowhere are refused, and change nothing", test_pointers },
	{ "the list of memslots is whole, and in order", test_slots },
	{ "sets of pages refuse arguments that are wrong", test_pages },
	{ "the mapped ring is what its header says, and keeps the session", test_mmap },
	{ "a full ring of records, and a reader that writes nonsense", test_full },
	{ "one session too many is refused", test_too_many },
	{ "poll waits for records", test_poll },
};

KTAP_MAIN(cases)
