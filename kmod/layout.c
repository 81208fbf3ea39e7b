// SPDX-License-Identifier: GPL-2.0-only
/*
 * layout.c - whether KVM's structures are those that this module was built for
 *
 * The module follows KVM's structures, and imports none of its symbols: so modversions check
 * nothing, and distributions leave KVM out of what they promise to keep. Twice it is asked:
 *
 * - The running kernel's BTF, that of kvm.ko or where KVM is built in, or shares its types, that of
 *   vmlinux: is each member that is used where it was as this was compiled? Read once for each
 *   time that kvm.ko is loaded. A kernel without BTF cannot answer.
 * - The VM itself, at each attach, by reads that may fail: do its pointers lead back to where they
 *   came from?
 *
 * If one of them says no there is no session: a wrong guess here would be a host that crashes.
 */
#include <linux/btf.h>
#include <linux/fs.h>
#include <linux/kvm_host.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "layout.h"

#define BTF_DIR		"/sys/kernel/btf/"
#define BTF_MAX_BYTES	(64 << 20)
#define DEPTH_MAX	8		/* of an xarray */

enum structure { KVM, VCPU, RING, SLOT, SLOTS, STRUCTURES };

static const char *const names[STRUCTURES] = {
	[KVM] = "kvm", [VCPU] = "kvm_vcpu", [RING] = "kvm_dirty_ring", [SLOT] = "kvm_memory_slot",
	[SLOTS] = "kvm_memslots",
};

#define MEMBER(s, type, member) { s, #member, offsetof(struct type, member) }

static const struct {
	enum structure structure;
	const char *name;
	size_t offset;
} members[] = {
	MEMBER(KVM, kvm, memslots), MEMBER(KVM, kvm, vcpu_array), MEMBER(KVM, kvm, online_vcpus),
	MEMBER(KVM, kvm, max_vcpus), MEMBER(KVM, kvm, mm), MEMBER(KVM, kvm, srcu),
	MEMBER(KVM, kvm, userspace_pid), MEMBER(KVM, kvm, dirty_ring_size),
	MEMBER(KVM, kvm, manual_dirty_log_protect),
	MEMBER(VCPU, kvm_vcpu, kvm), MEMBER(VCPU, kvm_vcpu, vcpu_idx),
	MEMBER(VCPU, kvm_vcpu, dirty_ring),
	MEMBER(VCPU, kvm_vcpu, cpu), MEMBER(VCPU, kvm_vcpu, mode),
	MEMBER(RING, kvm_dirty_ring, dirty_index), MEMBER(RING, kvm_dirty_ring, reset_index),
	MEMBER(RING, kvm_dirty_ring, size), MEMBER(RING, kvm_dirty_ring, dirty_gfns),
	MEMBER(SLOT, kvm_memory_slot, base_gfn), MEMBER(SLOT, kvm_memory_slot, npages),
	MEMBER(SLOT, kvm_memory_slot, dirty_bitmap), MEMBER(SLOT, kvm_memory_slot, flags),
	MEMBER(SLOT, kvm_memory_slot, id), MEMBER(SLOT, kvm_memory_slot, as_id),
	MEMBER(SLOT, kvm_memory_slot, id_node),
	MEMBER(SLOTS, kvm_memslots, generation), MEMBER(SLOTS, kvm_memslots, id_hash),
	MEMBER(SLOTS, kvm_memslots, node_idx),
};

/* ---- what BTF says ---- */
struct btf_file {
	const struct btf_header *header;	/* the whole of it */
	const char *types, *types_end, *strings;
	u32 strings_from;			/* of those that are its own: a module's go on where
						 * vmlinux's end */
};

/* Bytes that follow a type, by its kind and count. -1: a kind that is not known. */
static ssize_t bytes_behind(const struct btf_type *t)
{
	size_t n = btf_type_vlen(t);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	}
	return -1;
}

/* Zero or more bytes, all of them; NULL if it cannot be read. (The kernel has a function for that,
 * which security modules want to know the purpose of.)
 */
static void *read_whole(const char *path, size_t *bytes)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	loff_t size, at = 0;
	void *data = NULL;
	ssize_t got = 0;

	if (IS_ERR(file))
		return NULL;
	size = i_size_read(file_inode(file));
	if (size > 0 && size <= BTF_MAX_BYTES)
		data = vmalloc(size);
	while (data && at < size) {
		got = kernel_read(file, data + at, size - at, &at);
		if (got <= 0)
			break;
	}
	filp_close(file, NULL);
	if (data && at == size) {
		*bytes = size;
		return data;
	}
	vfree(data);
	return NULL;
}

static int btf_read(const char *path, u32 strings_from, struct btf_file *f)
{
	const struct btf_header *h;
	size_t bytes;
	void *data = read_whole(path, &bytes);

	if (!data)
		return -ENODATA;
	h = data;
	if (bytes < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len < sizeof(*h) ||
	    h->hdr_len > bytes || h->type_off > bytes - h->hdr_len ||
	    h->type_len > bytes - h->hdr_len - h->type_off || !h->str_len ||
	    h->str_off > bytes - h->hdr_len || h->str_len > bytes - h->hdr_len - h->str_off ||
	    ((const char *)data)[h->hdr_len + h->str_off + h->str_len - 1]) {
		vfree(data);
		return -EINVAL;
	}
	*f = (struct btf_file) {
		.header = h,
		.types = data + h->hdr_len + h->type_off,
		.types_end = data + h->hdr_len + h->type_off + h->type_len,
		.strings = data + h->hdr_len + h->str_off,
		.strings_from = strings_from,
	};
	return 0;
}

static const char *btf_string(const struct btf_file *f, const struct btf_file *base, u32 offset)
{
	if (offset < f->strings_from)
		return base && offset < base->header->str_len ? base->strings + offset : "";
	offset -= f->strings_from;
	return offset < f->header->str_len ? f->strings + offset : "";
}

/* The structures that are in this file, of those not found yet. */
static void btf_find(const struct btf_file *f, const struct btf_file *base,
		     const struct btf_type **found, const struct btf_file **in)
{
	const char *at = f->types;
	unsigned int i;

	while (f->types_end - at >= sizeof(struct btf_type)) {
		const struct btf_type *t = (const void *)at;
		ssize_t behind = bytes_behind(t);

		if (behind < 0 || behind > f->types_end - at - sizeof(*t))
			return;
		at += sizeof(*t) + behind;
		if (BTF_INFO_KIND(t->info) != BTF_KIND_STRUCT)
			continue;
		for (i = 0; i < STRUCTURES; i++) {
			if (found[i] || strcmp(btf_string(f, base, t->name_off), names[i]))
				continue;
			found[i] = t;
			in[i] = f;
		}
	}
}

/* In bits; -1: there is no such member. */
static s64 btf_offset(const struct btf_file *f, const struct btf_file *base,
		      const struct btf_type *t, const char *name)
{
	const struct btf_member *m = (const void *)(t + 1);
	u32 i;

	for (i = 0; i < btf_type_vlen(t); i++)
		if (!strcmp(btf_string(f, base, m[i].name_off), name))
			return BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m[i].offset) :
							 m[i].offset;
	return -1;
}

/* 0, -EOPNOTSUPP, or -ENODATA: it does not say. */
static int compare(const struct btf_file *vmlinux, const struct btf_file *kvm)
{
	const struct btf_type *found[STRUCTURES] = {};
	const struct btf_file *in[STRUCTURES] = {};
	unsigned int i;
	int err = 0;

	if (kvm)
		btf_find(kvm, vmlinux, found, in);
	btf_find(vmlinux, NULL, found, in);
	for (i = 0; i < STRUCTURES; i++)
		if (!found[i])
			return -ENODATA;
	for (i = 0; i < ARRAY_SIZE(members); i++) {
		enum structure s = members[i].structure;
		s64 bits =
			btf_offset(in[s], in[s] == kvm ? vmlinux : NULL, found[s], members[i].name);

		if (bits == 8 * (s64)members[i].offset)
			continue;
		pr_err("migtrace: %s.%s is at %lld in the running KVM, and at %zu where this module was built: build it for this kernel\n",
		       names[s], members[i].name, bits < 0 ? -1 : bits / 8, members[i].offset);
		err = -EOPNOTSUPP;
	}
	return err;
}

static int ask_btf(void)
{
	struct btf_file vmlinux, kvm;
	bool split;
	int err = btf_read(BTF_DIR "vmlinux", 0, &vmlinux);

	if (err)
		return -ENODATA;
	split = !btf_read(BTF_DIR "kvm", vmlinux.header->str_len, &kvm);
	err = compare(&vmlinux, split ? &kvm : NULL);
	if (split)
		vfree(kvm.header);
	vfree(vmlinux.header);
	return err;
}

static DEFINE_MUTEX(mutex);
static bool asked;
static int answer;

void migtrace_layout_forget(void)
{
	mutex_lock(&mutex);
	asked = false;
	mutex_unlock(&mutex);
}

static int btf_check(void)
{
	int err;

	mutex_lock(&mutex);
	if (!asked) {
		answer = ask_btf();
		/* Who cannot see sysfs gets no answer, and somebody else may. */
		asked = answer != -ENODATA;
	}
	err = answer;
	mutex_unlock(&mutex);
	return err == -ENODATA ? 0 : err;
}

/* ---- what the VM says ---- */
#define PEEK(to, from)	(!copy_from_kernel_nofault(&(to), &(from), sizeof(to)))

/* Without following anything that may be no pointer. */
static struct kvm_vcpu *first_vcpu(struct kvm *kvm)
{
	unsigned int depth;
	void *entry;

	if (!PEEK(entry, kvm->vcpu_array.xa_head))
		return NULL;
	for (depth = 0; depth < DEPTH_MAX && xa_is_node(entry); depth++)
		if (!PEEK(entry, xa_to_node(entry)->slots[0]))
			return NULL;
	return xa_is_internal(entry) ? NULL : entry;
}

static bool slots_fit(struct kvm *kvm)
{
	struct kvm_memslots *slots;
	u64 generation;

	return PEEK(slots, kvm->memslots[0]) &&
	       (slots == &kvm->__memslots[0][0] || slots == &kvm->__memslots[0][1]) &&
	       PEEK(generation, slots->generation);
}

static bool vcpu_fits(struct kvm *kvm, struct kvm_vcpu *vcpu)
{
	u32 ring_bytes, entries;
	struct kvm *its;
	int index;

	return vcpu && PEEK(its, vcpu->kvm) && its == kvm && PEEK(index, vcpu->vcpu_idx) &&
	       !index && PEEK(ring_bytes, kvm->dirty_ring_size) &&
	       PEEK(entries, vcpu->dirty_ring.size) &&
	       entries == ring_bytes / sizeof(struct kvm_dirty_gfn) &&
	       (!entries || is_power_of_2(entries));
}

int migtrace_layout_check(struct kvm *kvm)
{
	int online, max, err = btf_check();
	struct mm_struct *mm;

	if (err)
		return err;
	if (slots_fit(kvm) && PEEK(online, kvm->online_vcpus) && PEEK(max, kvm->max_vcpus) &&
	    online >= 0 && online <= max && PEEK(mm, kvm->mm) && mm &&
	    (!online || vcpu_fits(kvm, first_vcpu(kvm))))
		return 0;
	pr_err_ratelimited("migtrace: a VM of the running KVM does not look as this module was built for: build it for this kernel\n");
	return -EOPNOTSUPP;
}
