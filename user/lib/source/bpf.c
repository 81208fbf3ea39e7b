// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * bpf.c - ticks from the dirty probe, by BPF alone
 *
 * The probe sets bits and counts; the ticks are ours: a timer says that one is over, and
 * reading it then has the rings read and makes the record. So no record is kept for a reader
 * that is late: its tick is longer, and has everything in it.
 *
 * An event is an entry of a ring, or a mark that sets a page's bit in KVM's bitmap. A window
 * begins after the reset of the last vCPU's ring, or before the first clear; at most one in
 * a tick. Memslots are looked at once a tick: pages of one that is newer are overruns.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/clock.h"
#include "bpf_dirty.h"
#include "bpf_load.h"
#include "bpf_sets.h"
#include "bpf_vm.h"
#include "source.h"

#define NS_PER_S	1000000000ULL

struct window {
	uint64_t number, start_ns, pages, stale_pages;
	bool clean;			/* it counts from a clean start */
	bool lower;			/* but what it has counted is not all */
};

struct bpf {
	struct mt_source source;	/* first */
	int timer, pidfd, vm_fd;
	struct mt_bpf_vm *vm;
	struct mt_bpf_dirty *dirty;
	struct mt_bpf_sets sets;
	struct window window;
	unsigned vcpus;
	struct migtrace_vcpu *vcpu;
	uint64_t tick, start_ns;
};

static struct bpf *bpf_of(struct mt_source *source)
{
	return (struct bpf *)source;
}

static int probe(struct mt_err *err)
{
	return mt_bpf_usable(err);
}

/* --- opening ------------------------------------------------------------------------------ */
static void bpf_close_vm(struct bpf *b)
{
	mt_bpf_dirty_close(b->dirty);
	b->dirty = NULL;
	mt_bpf_vm_close(b->vm);
	b->vm = NULL;
	if (b->vm_fd >= 0)
		close(b->vm_fd);
	b->vm_fd = -1;
}

static void bpf_close(struct mt_source *source)
{
	struct bpf *b = bpf_of(source);

	mt_bpf_sets_fini(&b->sets);
	bpf_close_vm(b);
	if (b->timer >= 0)
		close(b->timer);
	if (b->pidfd >= 0)
		close(b->pidfd);
	free(b->vcpu);
	free(b);
}

static int start_timer(struct bpf *b, uint64_t tick_ns, struct mt_err *err)
{
	struct timespec ts = { .tv_sec = (time_t)(tick_ns / NS_PER_S),
			       .tv_nsec = (long)(tick_ns % NS_PER_S) };
	struct itimerspec it = { .it_interval = ts, .it_value = ts };

	b->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (b->timer < 0 || timerfd_settime(b->timer, 0, &it, NULL))
		return mt_err_set(err, -errno, "no timer for the ticks: %s", strerror(errno));
	b->start_ns = mt_now_ns();
	return 0;
}

static int open_vm(struct bpf *b, const struct mt_source_params *p, struct mt_err *err)
{
	const struct mte_walk *walk;
	bool logged = false;
	int rc;

	b->pidfd = (int)syscall(SYS_pidfd_open, p->vmm_pid, 0);
	if (b->pidfd < 0)
		return mt_err_set(err, -ESRCH, "there is no process %d", (int)p->vmm_pid);
	b->vm_fd = mt_vm_fd(p->vmm_pid, err);
	if (b->vm_fd < 0)
		return b->vm_fd;
	rc = mt_bpf_vm_open(b->vm_fd, &b->vm, err);
	if (rc)
		return rc;
	rc = mt_bpf_vm_walk(b->vm, &walk);
	if (rc < 0)
		return mt_bpf_fail(err, rc, "walking over the guest's memslots");
	for (uint32_t i = 0; i < walk->count && i < MTE_WALK_MAX; i++)
		logged |= walk->slot[i].flags & 1;
	b->source.mode = mt_bpf_vm_ring_size(b->vm) ? MIGTRACE_MODE_RING : MIGTRACE_MODE_BITMAP;
	b->sets.n_words = mt_bpf_sets_words(walk);
	rc = mt_bpf_dirty_open(mt_bpf_vm_kvm(b->vm), b->source.mode == MIGTRACE_MODE_RING,
			       b->sets.n_words, p->window_ns, logged, &b->dirty, err);
	if (rc)
		return rc;
	b->source.features = mt_bpf_dirty_features(b->dirty);
	b->sets.words = mt_bpf_dirty_words(b->dirty);
	b->sets.table = mt_bpf_dirty_table(b->dirty);
	rc = mt_bpf_sets_sync(&b->sets, walk);
	return rc < 0 ? mt_err_set(err, rc, "out of memory") : 0;
}

static int bpf_open(const struct mt_source_params *params, struct mt_source **source,
		    struct mt_err *err)
{
	struct bpf *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return mt_err_set(err, -ENOMEM, "out of memory");
	b->timer = b->pidfd = b->vm_fd = -1;
	b->vcpus = params->vcpus;
	b->vcpu = calloc(b->vcpus + 1, sizeof(*b->vcpu));
	b->source.record_bytes = sizeof(struct migtrace_record) + b->vcpus * sizeof(*b->vcpu);
	rc = b->vcpu ? open_vm(b, params, err) : mt_err_set(err, -ENOMEM, "out of memory");
	if (!rc)
		rc = start_timer(b, params->tick_ns, err);
	if (rc) {
		bpf_close(&b->source);
		return rc;
	}
	*source = &b->source;
	return 0;
}

/* --- ticks -------------------------------------------------------------------------------- */
/* Pages that were dirty as the window began, and are still: KVM will not log them again. */
static int take_stale(struct bpf *b, unsigned current, struct mt_bpf_counts *counts)
{
	int rc = 0;

	if (b->source.mode == MIGTRACE_MODE_RING)
		rc = mt_bpf_dirty_read_rings(b->dirty);
	for (size_t i = 0; b->source.mode == MIGTRACE_MODE_BITMAP && i < b->sets.count && !rc;
	     i++) {
		const struct mt_bpf_set *set = &b->sets.set[i];

		if (set->logging && set->placed && set->dirty_bitmap)
			rc = mt_bpf_dirty_copy_bitmap(b->dirty, set->dirty_bitmap, set->first_word,
						      (set->pages + 63) / 64);
	}
	mt_bpf_sets_stale(&b->sets, current, counts);
	return rc;
}

/* The lanes of the tick, and with them the windows. */
static void collect(struct bpf *b, const struct mt_bpf_cut *cut, bool logging_began,
		    struct mt_bpf_counts *counts)
{
	struct window *w = &b->window;
	bool begins = cut->began || logging_began;

	mt_bpf_sets_collect(&b->sets, cut->before, cut->last, begins, counts);
	mt_bpf_dirty_give_back(b->dirty, cut);
	if (begins) {
		*w = (struct window){
			.number = w->number + 1,
			.start_ns = cut->began ? cut->began_ns : b->start_ns,
			.clean = !take_stale(b, cut->current, counts),
			.stale_pages = counts->stale_pages,
		};
		w->stale_pages = counts->stale_pages;
		/*
		 * Logging that begins with dirty pages does so with all of them
		 * (KVM_DIRTY_LOG_INITIALLY_SET).
		 */
		if (!cut->began) {
			w->clean &= !w->stale_pages || b->source.mode == MIGTRACE_MODE_RING;
			mt_bpf_dirty_window_began(b->dirty, w->start_ns);
		}
	}
	w->pages += counts->window_pages;
}

/* Return: a set of MT_BPF_SETS_*. */
static int look_at_slots(struct bpf *b)
{
	const struct mte_walk *walk;
	int rc = mt_bpf_vm_walk(b->vm, &walk);

	if (rc == 1)
		rc = mt_bpf_sets_sync(&b->sets, walk);
	return rc;
}

static bool is_gone(const struct bpf *b)
{
	struct pollfd p = { .fd = b->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static int make_record(struct bpf *b, struct migtrace_record *r)
{
	struct mt_bpf_counts counts = { 0 };
	struct mt_bpf_sums sums;
	struct window *w = &b->window;
	struct mt_bpf_cut cut;
	bool gone = is_gone(b), less;
	int slots, rc;

	/* First the memslots: what the tick's pages belong to. */
	slots = look_at_slots(b);
	if (slots < 0)
		return slots;
	rc = mt_bpf_dirty_harvest(b->dirty);
	if (rc)
		return rc;
	mt_bpf_dirty_cut(b->dirty, &cut);
	r->tick = ++b->tick;
	r->start_ns = b->start_ns;
	r->end_ns = mt_now_ns();
	mt_bpf_dirty_sums(b->dirty, &cut, &sums, b->vcpu, b->vcpus);
	collect(b, &cut, slots & MT_BPF_SETS_LOGGING, &counts);
	b->start_ns = r->end_ns;

	less = sums.strange || b->sets.lacking ||
	       slots & (MT_BPF_SETS_NO_ROOM | MT_BPF_SETS_RESTART);
	w->lower |= less && !(slots & MT_BPF_SETS_RESTART);
	if (!b->sets.logged_pages)
		w->clean = false;
	r->valid = MIGTRACE_VALID_PAGES | MIGTRACE_VALID_RESETS;
	if (b->source.mode == MIGTRACE_MODE_RING)
		r->valid |=
			MIGTRACE_VALID_VCPUS | MIGTRACE_VALID_RING_FULL | MIGTRACE_VALID_RING_USED;
	if (w->number && w->clean && !w->lower && !less)
		r->valid |= MIGTRACE_VALID_WINDOW;
	r->state = (b->sets.logged_pages ? MIGTRACE_STATE_LOGGING : 0) |
		   (slots & MT_BPF_SETS_CHANGED ? MIGTRACE_STATE_SLOTS : 0) |
		   (b->sets.lacking || slots & MT_BPF_SETS_NO_ROOM ? MIGTRACE_STATE_NO_MEMORY : 0) |
		   (slots & MT_BPF_SETS_RESTART ? MIGTRACE_STATE_RESTART : 0) |
		   (less ? MIGTRACE_STATE_LOWER_BOUND : 0) | (gone ? MIGTRACE_STATE_GONE : 0);
	r->pages = counts.pages;
	r->events = sums.events;
	r->overruns = sums.strange;
	r->resets = sums.resets;
	r->cleared_pages = sums.cleared_pages;
	r->ring_full_exits = sums.ring_full;
	r->window = w->number;
	r->window_start_ns = w->start_ns;
	r->window_stale_pages = w->stale_pages;
	r->window_pages = w->pages;
	r->logged_pages = b->sets.logged_pages;
	r->tick_ns = b->source.tick_ns;
	r->ring_used = sums.ring_used;
	r->ring_entries = sums.ring_entries;
	/* Not a moment longer than needed: the descriptor keeps the dead VM's memory. */
	if (gone)
		bpf_close_vm(b);
	return 1;
}

static int bpf_read(struct mt_source *source, struct migtrace_record *record, size_t room_bytes)
{
	struct bpf *b = bpf_of(source);
	size_t vcpus = (room_bytes - sizeof(*record)) / sizeof(record->vcpu[0]);
	uint64_t expired;
	int rc;

	if (!b->dirty)
		return -ENODEV;
	if (read(b->timer, &expired, sizeof(expired)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	memset(record, 0, sizeof(*record));
	rc = make_record(b, record);
	if (rc < 0)
		return rc;
	if (record->valid & MIGTRACE_VALID_VCPUS) {
		record->vcpus = (uint32_t)(vcpus < b->vcpus ? vcpus : b->vcpus);
		memcpy(record->vcpu, b->vcpu, record->vcpus * sizeof(*b->vcpu));
	}
	return rc;
}

/* --- the rest ----------------------------------------------------------------------------- */
static int bpf_fd(struct mt_source *source)
{
	return bpf_of(source)->timer;
}

static int bpf_slots(struct mt_source *source, struct migtrace_slot *slots, size_t room,
		     size_t *count)
{
	const struct mt_bpf_sets *s = &bpf_of(source)->sets;

	*count = 0;
	for (size_t i = 0; i < s->count; i++) {
		const struct mt_bpf_set *set = &s->set[i];

		if (!set->placed)
			continue;
		if (*count < room)
			slots[*count] = (struct migtrace_slot){
				.as_id = (uint16_t)(set->slot >> 16),
				.id = (uint16_t)set->slot,
				.flags = MIGTRACE_SLOT_SETS | MIGTRACE_SLOT_LARGE |
					 (set->logging ? MIGTRACE_SLOT_LOGGING : 0),
				.base_gfn = set->base_gfn,
				.pages = set->pages,
			};
		(*count)++;
	}
	return 0;
}

static int bpf_pages(struct mt_source *source, struct migtrace_pages *pages)
{
	struct bpf *b = bpf_of(source);

	if (pages->tick && pages->tick != b->tick)
		return -ESTALE;
	pages->tick = b->tick;
	return mt_bpf_sets_pages(&b->sets, pages);
}

static int bpf_window(struct mt_source *source)
{
	struct bpf *b = bpf_of(source);

	if (!b->dirty)
		return -ENODEV;
	mt_bpf_dirty_want_window(b->dirty);
	return 0;
}

const struct mt_source_ops mt_source_bpf = {
	.name = "bpf",
	.help = "BPF programs: no module; rings are read in passing, guests with bitmaps pay for each marked page",
	.probe = probe,
	.open = bpf_open,
	.fd = bpf_fd,
	.read = bpf_read,
	.slots = bpf_slots,
	.pages = bpf_pages,
	.window = bpf_window,
	.close = bpf_close,
};
