// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf_dirty.c - the dirty probe, loaded for one VM
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <linux/migtrace.h>

#include "bpf_dirty.h"
#include "bpf_load.h"

#include <dirty.skel.h>	/* wants events.h first */

#define LINKS_MAX	3
#define LANE_BYTES	sizeof(uint64_t)
#define BUSY_US		20
#define BUSY_TURNS	5000	/* 100 ms: some thousand times what it takes */
#define TICK_LANES	3	/* all but MTE_LANE_SCRATCH */

struct mt_bpf_dirty {
	struct dirty_bpf *skel;
	struct bpf_link *link[LINKS_MAX];
	unsigned links;
	bool ring;
	uint64_t features;
	struct mte_word *words;
	size_t words_bytes;
	unsigned cpus;
	/* What has been seen of each count, by lane; the programs only add. */
	struct mte_dirty seen;
	__u64 seen_events[MTE_VCPUS][MTE_LANES];
};

void mt_bpf_dirty_close(struct mt_bpf_dirty *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->links; i++)
		bpf_link__destroy(d->link[i]);
	if (d->skel &&
	    !mt_bpf_unsize_map(d->skel->maps.data_bits, sizeof(d->skel->data_bits->bits)))
		dirty_bpf__destroy(d->skel);
	if (d->words)
		munmap(d->words, d->words_bytes);
	free(d);
}

/* Programs that a mode needs, and by what they are attached */
enum way {
	WAY_RING,		/* by tracepoints */
	WAY_RING_FENTRY,	/* and before resets */
	WAY_FENTRY_DIRECT,	/* with a word of the bitmap read by an instruction */
	WAY_FENTRY,
	WAY_KPROBE,
};

static void choose(struct dirty_bpf *skel, enum way way)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, skel->obj)
		if (bpf_program__type(p) != BPF_PROG_TYPE_RAW_TRACEPOINT)
			bpf_program__set_autoload(p, false);
	bpf_program__set_autoload(skel->progs.on_reset_begin, way == WAY_RING_FENTRY);
	bpf_program__set_autoload(skel->progs.on_reset, way <= WAY_RING_FENTRY);
	bpf_program__set_autoload(skel->progs.on_ring_full, way <= WAY_RING_FENTRY);
	bpf_program__set_autoload(skel->progs.on_mark, way == WAY_FENTRY);
	bpf_program__set_autoload(skel->progs.on_mark_direct, way == WAY_FENTRY_DIRECT);
	bpf_program__set_autoload(skel->progs.on_clear,
				  way == WAY_FENTRY || way == WAY_FENTRY_DIRECT);
	bpf_program__set_autoload(skel->progs.on_mark_kprobe, way == WAY_KPROBE);
	bpf_program__set_autoload(skel->progs.on_clear_kprobe, way == WAY_KPROBE);
}

static int load(struct mt_bpf_dirty *d, uint64_t kvm, uint64_t words, uint64_t window_ns,
		bool wanted, enum way way, struct mt_err *err)
{
	void *at;
	int rc;

	mt_bpf_quiet();
	d->skel = dirty_bpf__open();
	if (!d->skel)
		return mt_bpf_fail(err, -errno, "the dirty probe");
	choose(d->skel, way);
	d->words_bytes = words * sizeof(struct mte_word);
	rc = mt_bpf_size_map(d->skel->skeleton, d->skel->maps.data_bits, d->words_bytes, &at, err);
	if (rc)
		return rc;
	d->words = at;
	d->skel->rodata->kvm = kvm;
	d->skel->rodata->words = words;
	/* Lane 0 is written to, lane 1 is for the first window. */
	d->skel->bss->dirty.state = MTE_STATE_SPARE_VALID | LANE_BYTES << MTE_STATE_SPARE_SHIFT;
	d->skel->bss->dirty.window_ns = window_ns;
	d->skel->bss->dirty.wanted = wanted;
	rc = dirty_bpf__load(d->skel);
	/* Rings that are there have been read; those of later vCPUs are read from their start. */
	if (!rc && d->ring && kvm)
		rc = mt_bpf_run(d->skel->progs.do_learn, NULL, 0);
	d->skel->bss->dirty.primed = 1;
	return rc < 0 ? mt_bpf_fail(err, rc, "the dirty probe") : 0;
}

static int attach(struct mt_bpf_dirty *d, enum way way, struct mt_err *err)
{
	struct bpf_program *p;
	int rc;

	bpf_object__for_each_program(p, d->skel->obj) {
		if (!bpf_program__autoload(p) ||
		    bpf_program__type(p) == BPF_PROG_TYPE_RAW_TRACEPOINT)
			continue;
		rc = mt_bpf_attach(p, &d->link[d->links], err);
		if (rc)
			return rc;
		d->links++;
	}
	d->features = d->ring ? MIGTRACE_FEAT_RESET | MIGTRACE_FEAT_RING_FULL : MIGTRACE_FEAT_CLEAR;
	return 0;
}

static int open_way(uint64_t kvm, uint64_t words, uint64_t window_ns, bool wanted, enum way way,
		    struct mt_bpf_dirty **dirty, struct mt_err *err)
{
	struct mt_bpf_dirty *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return mt_err_set(err, -ENOMEM, "out of memory");
	d->ring = way <= WAY_RING_FENTRY;
	d->cpus = (unsigned)libbpf_num_possible_cpus();
	if (d->cpus > MTE_VCPUS)
		d->cpus = MTE_VCPUS;
	rc = load(d, kvm, words, window_ns, wanted, way, err);
	if (!rc)
		rc = attach(d, way, err);
	if (rc) {
		mt_bpf_dirty_close(d);
		return rc;
	}
	*dirty = d;
	return 0;
}

int mt_bpf_dirty_open(uint64_t kvm, bool ring, uint64_t words, uint64_t window_ns, bool wanted,
		      struct mt_bpf_dirty **dirty, struct mt_err *err)
{
	struct mt_err why = { 0 };
	int rc;

	*dirty = NULL;
	if (words > MT_BPF_WORDS_MAX)
		return mt_err_set(
			err, -EFBIG,
			"the guest has more than the 4 TiB that the BPF probe can tell pages of apart: use the module");
	/* The better way first; why it failed is of interest only if the other does as well. */
	if (!ring && !open_way(kvm, words, window_ns, wanted, WAY_FENTRY_DIRECT, dirty, NULL))
		return 0;
	rc = open_way(kvm, words, window_ns, wanted, ring ? WAY_RING_FENTRY : WAY_FENTRY, dirty,
		      &why);
	if (!rc)
		return 0;
	if (ring)
		return open_way(kvm, words, window_ns, wanted, WAY_RING, dirty, err);
	if (!open_way(kvm, words, window_ns, wanted, WAY_KPROBE, dirty, NULL))
		return 0;
	return mt_err_set(err, rc, "%s", why.msg);
}

uint64_t mt_bpf_dirty_features(const struct mt_bpf_dirty *d)
{
	return d->features;
}

struct mte_word *mt_bpf_dirty_words(const struct mt_bpf_dirty *d)
{
	return d->words;
}

struct mte_slot *mt_bpf_dirty_table(const struct mt_bpf_dirty *d)
{
	return d->skel->bss->slots;
}

/* --- lanes -------------------------------------------------------------------------------- */
int mt_bpf_dirty_harvest(struct mt_bpf_dirty *d)
{
	int rc = d->ring ? mt_bpf_run(d->skel->progs.do_harvest, NULL, 0) : 0;

	return rc < 0 ? rc : 0;
}

/* A hook that reads a ring may hold a lane for as long as a full ring takes. */
static void wait_for(struct mt_bpf_dirty *d, unsigned lane)
{
	for (int i = 0;
	     i < BUSY_TURNS && __atomic_load_n(&d->skel->bss->dirty.busy[lane], __ATOMIC_ACQUIRE);
	     i++)
		usleep(BUSY_US);
}

void mt_bpf_dirty_cut(struct mt_bpf_dirty *d, struct mt_bpf_cut *cut)
{
	__u64 *state = &d->skel->bss->dirty.state, old = __atomic_load_n(state, __ATOMIC_ACQUIRE),
	      new;

	do {
		unsigned now = (old & MTE_STATE_LANE) / LANE_BYTES;
		unsigned spare = (old >> MTE_STATE_SPARE_SHIFT & MTE_STATE_BITS) / LANE_BYTES;
		unsigned prev = (old >> MTE_STATE_PREV_SHIFT & MTE_STATE_BITS) / LANE_BYTES;

		/* The lanes are 0, 1 and 2: the third is what the other two leave. */
		cut->began = old & MTE_STATE_BEGAN;
		cut->last = now;
		cut->before = cut->began ? prev : MTE_LANES;
		cut->current = TICK_LANES - now - (cut->began ? prev : spare);
		new = cut->current * LANE_BYTES;
		if (!cut->began)
			new |= old & ~MTE_STATE_LANE;
	} while (!__atomic_compare_exchange_n(state, &old, new, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	cut->began_ns = d->skel->bss->dirty.began_ns;
	wait_for(d, cut->last);
	if (cut->began)
		wait_for(d, cut->before);
}

void mt_bpf_dirty_give_back(struct mt_bpf_dirty *d, const struct mt_bpf_cut *cut)
{
	uint64_t state = cut->current * LANE_BYTES;

	/* Without a spare lane the programs leave the state alone. */
	if (cut->began)
		__atomic_store_n(&d->skel->bss->dirty.state,
				 state | MTE_STATE_SPARE_VALID |
					 cut->last * LANE_BYTES << MTE_STATE_SPARE_SHIFT,
				 __ATOMIC_RELEASE);
}

static uint64_t since(const __u64 *lanes, __u64 *seen, const struct mt_bpf_cut *cut)
{
	const unsigned lane[] = { cut->last, cut->before };
	uint64_t sum = 0;

	for (unsigned i = 0; i < (cut->began ? 2 : 1); i++) {
		uint64_t now = __atomic_load_n(&lanes[lane[i]], __ATOMIC_RELAXED);

		sum += now - seen[lane[i]];
		seen[lane[i]] = now;
	}
	return sum;
}

void mt_bpf_dirty_sums(struct mt_bpf_dirty *d, const struct mt_bpf_cut *cut,
		       struct mt_bpf_sums *sums, struct migtrace_vcpu *vcpu, unsigned vcpus)
{
	const struct mte_dirty *now = &d->skel->bss->dirty;
	unsigned n = d->ring ? now->vcpus : d->cpus;

	memset(vcpu, 0, vcpus * sizeof(*vcpu));
	sums->events = 0;
	sums->ring_used = sums->ring_entries = 0;
	sums->resets = since(now->resets, d->seen.resets, cut);
	sums->cleared_pages = since(now->cleared_pages, d->seen.cleared_pages, cut);
	sums->ring_full = since(now->ring_full, d->seen.ring_full, cut);
	sums->strange = since(now->strange, d->seen.strange, cut);
	for (unsigned i = 0; i < n && i < MTE_VCPUS; i++) {
		struct mte_vcpu *v = &d->skel->bss->vcpus[i];
		uint64_t events = since(v->events, d->seen_events[i], cut);
		uint32_t used = __atomic_exchange_n(&v->used, 0, __ATOMIC_RELAXED);

		sums->events += events;
		if (!d->ring)
			continue;
		used = used < v->size ? used : v->size;
		sums->ring_used = sums->ring_used > used ? sums->ring_used : used;
		sums->ring_entries = v->size;
		if (i < vcpus)
			vcpu[i] = (struct migtrace_vcpu){ (uint32_t)events, used };
	}
}

int mt_bpf_dirty_read_rings(struct mt_bpf_dirty *d)
{
	const struct mte_dirty *now = &d->skel->bss->dirty;

	for (unsigned i = 0; i < now->vcpus && i < MTE_VCPUS; i++) {
		uint64_t id = i;
		int rc = mt_bpf_run(d->skel->progs.do_read_ring, &id, 1);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int mt_bpf_dirty_copy_bitmap(struct mt_bpf_dirty *d, uint64_t bitmap, uint32_t first_word,
			     uint64_t words)
{
	const uint64_t most = 1 << 20;	/* bpf_loop() does no more than 2^23 */

	for (uint64_t done = 0; done < words; done += most) {
		uint64_t args[] = { bitmap + done * sizeof(uint64_t), first_word + done,
				    words - done < most ? words - done : most };
		int rc = mt_bpf_run(d->skel->progs.do_copy_bitmap, args, MT_ARRAY_SIZE(args));

		if (rc < 0)
			return rc;
	}
	return 0;
}

void mt_bpf_dirty_want_window(struct mt_bpf_dirty *d)
{
	__atomic_store_n(&d->skel->bss->dirty.wanted, 1, __ATOMIC_RELEASE);
}

void mt_bpf_dirty_window_began(struct mt_bpf_dirty *d, uint64_t start_ns)
{
	d->skel->bss->dirty.window_start_ns = start_ns;
	d->skel->bss->dirty.wanted = 0;
}
