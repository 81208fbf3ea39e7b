// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - a session's beginning and end
 */
#include <linux/atomic.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "bitmap.h"
#include "hooks.h"
#include "layout.h"
#include "ring.h"
#include "session.h"
#include "tick.h"
#include "vm.h"

static unsigned int max_sessions = 64;
module_param(max_sessions, uint, 0644);
MODULE_PARM_DESC(max_sessions, "sessions that may be open at once (64)");

static unsigned int max_user_sessions = 16;
module_param(max_user_sessions, uint, 0644);
MODULE_PARM_DESC(max_user_sessions, "of them, sessions of one user without CAP_SYS_ADMIN (16)");

static unsigned int session_mib = 512;
module_param(session_mib, uint, 0644);
MODULE_PARM_DESC(session_mib,
		 "memory of a session in MiB: sets have 4 bits for each page of a guest (512)");

static atomic_t sessions = ATOMIC_INIT(0);

/* Memslots may change as they are noted; a VMM that does so for ever gets an error. */
#define SYNC_TRIES	16

unsigned int migtrace_session_count(void)
{
	return atomic_read(&sessions);
}

unsigned int migtrace_session_max(void)
{
	return READ_ONCE(max_sessions);
}

static int check(const struct migtrace_attach *args)
{
	if (args->abi_version != MIGTRACE_ABI_VERSION)
		return -EPROTO;
	if (args->tick_ns < MIGTRACE_TICK_MIN_NS || args->tick_ns > MIGTRACE_TICK_MAX_NS ||
	    args->vcpu_count > MIGTRACE_VCPUS_MAX || args->pad || args->reserved[0] ||
	    args->reserved[1])
		return -EINVAL;
	return 0;
}

static int pin_vm(struct migtrace_session *s, int fd)
{
	int err;

	s->vm_file = fget(fd);
	if (!s->vm_file)
		return -EBADF;
	s->kvm = migtrace_vm_of(s->vm_file);
	if (!s->kvm)
		return -EINVAL;
	err = migtrace_layout_check(s->kvm);
	if (err)
		return err;
	if (migtrace_vm_dead(s->kvm))
		return -ESRCH;
	if (!migtrace_vm_permitted(s->kvm))
		return -EPERM;
	/* Without a vCPU the VMM may still ask for rings. The first one that is being made has been
	 * created, but may fail to be.
	 */
	if (!atomic_read(&s->kvm->online_vcpus))
		return -EAGAIN;
	smp_rmb();
	s->ring_entries = READ_ONCE(s->kvm->dirty_ring_size) / sizeof(struct kvm_dirty_gfn);
	s->ring = s->ring_entries;
	s->initially_set = s->kvm->manual_dirty_log_protect & KVM_DIRTY_LOG_INITIALLY_SET;
	return 0;
}

static int first_sync(struct migtrace_session *s)
{
	int err, tries = SYNC_TRIES;

	do
		err = migtrace_sets_sync(s);
	while (err == -EAGAIN && --tries);
	return err;
}

/* All that a session owns, in whatever state its making was left. */
static void session_free(struct migtrace_session *s)
{
	migtrace_sets_free(s);
	migtrace_ring_fini(s);
	migtrace_records_fini(&s->records);
	kvfree(s->vcpu);
	if (s->vm_file)
		fput(s->vm_file);
	mem_cgroup_put(s->memcg);
	kfree(s);
	atomic_dec(&sessions);
}

int migtrace_session_open(struct migtrace_attach *args, struct migtrace_session **session)
{
	struct migtrace_session *s;
	int err = check(args);

	if (err)
		return err;
	if (atomic_inc_return(&sessions) > migtrace_session_max()) {
		atomic_dec(&sessions);
		return -EUSERS;
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s) {
		atomic_dec(&sessions);
		return -ENOMEM;
	}
	s->uid = current_uid();
	s->memcg = get_mem_cgroup_from_mm(current->mm);
	raw_spin_lock_init(&s->lock);
	init_waitqueue_head(&s->wait);
	s->tick_ns = s->tick_now_ns = args->tick_ns;
	s->start_ns = ktime_get_ns();
	s->wake_records = args->wake_records;
	s->cost.bytes_max = (size_t)READ_ONCE(session_mib) << 20;
	s->window_ns = args->window_ns;
	s->vcpus = args->vcpu_count;
	s->large_pages = args->large_pages;
	s->ended_tick = ~0ULL;
	s->window.due = true;

	err = pin_vm(s, args->vm_fd);
	if (err)
		goto free;
	err = -ENOMEM;
	s->vcpu = kvcalloc(s->vcpus + 1, sizeof(*s->vcpu), GFP_KERNEL_ACCOUNT);
	if (!s->vcpu)
		goto free;
	err = migtrace_records_init(&s->records, args->record_count, args->vcpu_count,
				    s->cost.bytes_max / 4);
	if (err)
		goto free;
	s->cost.bytes = s->records.map_bytes;
	err = s->ring ? migtrace_ring_init(s) : 0;
	if (err)
		goto free;
	err = first_sync(s);
	if (err)
		goto free;

	err = migtrace_hooks_attach(s, capable(CAP_SYS_ADMIN) ? UINT_MAX :
								READ_ONCE(max_user_sessions));
	if (err)
		goto free;
	/* What came before the hooks were there was not told. */
	s->doubt = true;
	err = first_sync(s);
	if (err)
		goto detach;
	if (!s->ring)
		migtrace_bitmap_found(s);
	err = migtrace_tick_start(s);
	if (err)
		goto detach;

	args->features = s->features;
	args->mode = s->ring ? MIGTRACE_MODE_RING : MIGTRACE_MODE_BITMAP;
	args->map_bytes = s->records.map_bytes;
	args->record_bytes = s->records.record_bytes;
	*session = s;
	return 0;
detach:
	migtrace_hooks_detach(s);
free:
	session_free(s);
	return err;
}

void migtrace_session_let_go(struct migtrace_session *s)
{
	migtrace_hooks_detach(s);
	fput(s->vm_file);
	s->vm_file = NULL;
}

void migtrace_session_close(struct migtrace_session *s)
{
	migtrace_tick_stop(s);
	if (s->vm_file)
		migtrace_hooks_detach(s);
	session_free(s);
}
