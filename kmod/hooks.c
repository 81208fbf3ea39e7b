// SPDX-License-Identifier: GPL-2.0-only
/*
 * hooks.c - what KVM tells us: resets, clears, changed memslots
 *
 * None of these is on the path on which a vCPU writes. They are in place only while there
 * is a session: the first attaches them, the last detaches them.
 *
 * KVM's tracepoints are not exported. The tracepoint notifier shows them when kvm.ko comes
 * (or is there already) and takes them away as it goes; where KVM is built in they are
 * among the kernel's own. Two functions have no tracepoint and get a kprobe. Whichever
 * cannot be had is missing from the session's features, and the session works without.
 *
 * Lifetimes: a session exists only while its VM pins kvm.ko, so no hook is ever in place
 * when kvm.ko goes. mutex guards the hooks, their count and the list; handlers run with
 * preemption off and walk the list under RCU.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/tracepoint.h>

#include "bitmap.h"
#include "hooks.h"
#include "layout.h"
#include "ring.h"

static DEFINE_MUTEX(mutex);
static LIST_HEAD(sessions);
/* Sessions by what they need: a ring guest has no use for clears, which its resets would hit. */
enum need { NEED_RING, NEED_BITMAP, NEED_BOTH, NEEDS };
static unsigned int attached[NEEDS];

/* Both walk the sessions of one VM; a VM has few, and a host not many. */
#define for_each_session_of(s, vm)					\
	list_for_each_entry_rcu(s, &sessions, node)			\
		if ((s)->kvm == (vm))

static void on_ring_reset(void *unused, struct kvm_dirty_ring *ring)
{
	struct kvm_vcpu *vcpu = container_of(ring, struct kvm_vcpu, dirty_ring);
	struct migtrace_session *s;
	u64 now_ns = ktime_get_ns();

	rcu_read_lock();
	for_each_session_of(s, vcpu->kvm)
		migtrace_ring_reset(s, vcpu, now_ns);
	rcu_read_unlock();
}

static void on_ring_exit(void *unused, struct kvm_vcpu *vcpu)
{
	struct migtrace_session *s;

	rcu_read_lock();
	for_each_session_of(s, vcpu->kvm) {
		raw_spin_lock(&s->lock);
		s->counts.ring_full_exits++;
		raw_spin_unlock(&s->lock);
	}
	rcu_read_unlock();
}

/* kvm_arch_mmu_enable_log_dirty_pt_masked(kvm, slot, gfn_offset, mask): called once for each
 * 64 pages whose bits KVM has just cleared, and at the resets of other VMs' rings.
 */
static int on_clear(struct kprobe *probe, struct pt_regs *regs)
{
	struct kvm *kvm = (void *)regs_get_kernel_argument(regs, 0);
	const struct kvm_memory_slot *slot = (void *)regs_get_kernel_argument(regs, 1);
	u64 first = regs_get_kernel_argument(regs, 2);
	unsigned long mask = regs_get_kernel_argument(regs, 3);
	struct migtrace_session *s;

	if (slot->as_id)
		return 0;
	rcu_read_lock();
	for_each_session_of(s, kvm) {
		if (s->ring)
			continue;
		raw_spin_lock(&s->lock);
		migtrace_bitmap_cleared(s, (u16)slot->id, first, mask);
		raw_spin_unlock(&s->lock);
	}
	rcu_read_unlock();
	return 0;
}

/*
 * kvm_arch_commit_memory_region(kvm, old, new, change): the change has been made, and the VMM,
 * which waits for it, has not read or cleared anything yet.
 */
static int on_commit(struct kprobe *probe, struct pt_regs *regs)
{
	struct kvm *kvm = (void *)regs_get_kernel_argument(regs, 0);
	const struct kvm_memory_slot *old = (void *)regs_get_kernel_argument(regs, 1);
	const struct kvm_memory_slot *new = (void *)regs_get_kernel_argument(regs, 2);
	struct migtrace_session *s;

	rcu_read_lock();
	for_each_session_of(s, kvm) {
		raw_spin_lock(&s->lock);
		migtrace_sets_commit(s, old, new);
		raw_spin_unlock(&s->lock);
	}
	rcu_read_unlock();
	return 0;
}

static struct {
	const char *name;
	void *handler;
	u64 feature;
	enum need need;
	struct tracepoint *tracepoint;		/* NULL while KVM is not there */
	bool registered;
} traces[] = {
	{ "kvm_dirty_ring_reset", on_ring_reset, MIGTRACE_FEAT_RESET, NEED_RING },
	{ "kvm_dirty_ring_exit", on_ring_exit, MIGTRACE_FEAT_RING_FULL, NEED_RING },
};

static struct {
	struct kprobe kprobe;
	u64 feature;
	enum need need;
	bool registered;
} probes[] = {
	{
		.kprobe.symbol_name = "kvm_arch_mmu_enable_log_dirty_pt_masked",
		.kprobe.pre_handler = on_clear,
		.feature = MIGTRACE_FEAT_CLEAR,
		.need = NEED_BITMAP,
	}, {
		.kprobe.symbol_name = "kvm_arch_commit_memory_region",
		.kprobe.pre_handler = on_commit,
		.feature = MIGTRACE_FEAT_COMMIT,
		.need = NEED_BOTH,
	},
};

static void learn_tracepoint(struct tracepoint *tp, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		if (!strcmp(tp->name, traces[i].name))
			traces[i].tracepoint = tp;
}

static int on_tracepoint_module(struct notifier_block *block, unsigned long action, void *data)
{
	struct tp_module *tp_mod = data;
	struct module *mod = tp_mod->mod;
	unsigned int i;

	if (strcmp(mod->name, "kvm"))
		return 0;
	migtrace_layout_forget();
	mutex_lock(&mutex);
	if (action == MODULE_STATE_COMING) {
		for (i = 0; i < mod->num_tracepoints; i++)
			learn_tracepoint(tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]), NULL);
	} else if (action == MODULE_STATE_GOING) {
		for (i = 0; i < ARRAY_SIZE(traces); i++)
			traces[i].tracepoint = NULL;
	}
	mutex_unlock(&mutex);
	return 0;
}

static struct notifier_block tracepoint_modules = {
	.notifier_call = on_tracepoint_module,
};

int migtrace_hooks_init(void)
{
	for_each_kernel_tracepoint(learn_tracepoint, NULL);
	/* Tells of modules that are there already, too. */
	return register_tracepoint_module_notifier(&tracepoint_modules);
}

void migtrace_hooks_fini(void)
{
	unregister_tracepoint_module_notifier(&tracepoint_modules);
	/* The last detach waited for handlers to let go of its session, not for their return. */
	tracepoint_synchronize_unregister();
}

static void unhook(enum need need)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].need != need || !probes[i].registered)
			continue;
		unregister_kprobe(&probes[i].kprobe);
		probes[i].registered = false;
	}
	for (i = 0; i < ARRAY_SIZE(traces); i++) {
		if (traces[i].need != need || !traces[i].registered)
			continue;
		tracepoint_probe_unregister(traces[i].tracepoint, traces[i].handler, NULL);
		traces[i].registered = false;
	}
}

static void hook(enum need need)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		if (traces[i].need == need && traces[i].tracepoint)
			traces[i].registered = !tracepoint_probe_register(traces[i].tracepoint,
									  traces[i].handler, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].need != need)
			continue;
		/* A kprobe that was registered once keeps what it found: begin anew. */
		probes[i].kprobe.addr = NULL;
		probes[i].kprobe.flags = 0;
		probes[i].registered = !register_kprobe(&probes[i].kprobe);
	}
}

static enum need need_of(const struct migtrace_session *s)
{
	return s->ring ? NEED_RING : NEED_BITMAP;
}

static u64 features(enum need need)
{
	u64 had = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(traces); i++)
		if (traces[i].registered && traces[i].need == need)
			had |= traces[i].feature;
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].registered && (probes[i].need == need || probes[i].need == NEED_BOTH))
			had |= probes[i].feature;
	return had;
}

unsigned long migtrace_hooks_missed(void)
{
	unsigned long missed = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		/* counted plainly */
		missed += data_race(READ_ONCE(probes[i].kprobe.nmissed));
	return missed;
}

void migtrace_hooks_each(void (*fn)(struct migtrace_session *s, void *opaque), void *opaque)
{
	struct migtrace_session *s;

	mutex_lock(&mutex);
	list_for_each_entry(s, &sessions, node)
		fn(s, opaque);
	mutex_unlock(&mutex);
}

static unsigned int sessions_of(kuid_t uid)
{
	struct migtrace_session *s;
	unsigned int n = 0;

	list_for_each_entry(s, &sessions, node)
		n += uid_eq(s->uid, uid);
	return n;
}

int migtrace_hooks_attach(struct migtrace_session *s, unsigned int max_of_user)
{
	enum need need = need_of(s);

	mutex_lock(&mutex);
	if (sessions_of(s->uid) >= max_of_user) {
		mutex_unlock(&mutex);
		return -EUSERS;
	}
	if (!attached[need]++)
		hook(need);
	if (!attached[NEED_BOTH]++)
		hook(NEED_BOTH);
	s->features = features(need);
	/* To get here took its time: a ring may have been round since. */
	if (s->ring)
		migtrace_ring_begin(s);
	s->hooks_missed = migtrace_hooks_missed();
	list_add_rcu(&s->node, &sessions);
	mutex_unlock(&mutex);
	return 0;
}

void migtrace_hooks_detach(struct migtrace_session *s)
{
	enum need need = need_of(s);

	mutex_lock(&mutex);
	list_del_rcu(&s->node);
	if (!--attached[need])
		unhook(need);
	if (!--attached[NEED_BOTH])
		unhook(NEED_BOTH);
	mutex_unlock(&mutex);
	synchronize_rcu();
}
