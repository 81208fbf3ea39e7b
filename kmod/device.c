// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - /dev/migtrace: from ioctls to sessions
 *
 * An open file has no session until MIGTRACE_IOC_ATTACH gives it one, for good. The session
 * is published by a release store and freed by release(), when no call on the file can be
 * under way, so the other calls need no lock to find it.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "device.h"
#include "session.h"

static int group = -1;
module_param(group, int, 0444);
MODULE_PARM_DESC(group, "id of the group that may open /dev/migtrace beside root (none)");

struct opened {
	struct mutex mutex;		/* one attach at a time */
	struct migtrace_session *session;
};

static struct migtrace_session *session_of(struct file *file)
{
	struct opened *o = file->private_data;

	return smp_load_acquire(&o->session);
}

static bool permitted(void)
{
	kgid_t gid = make_kgid(&init_user_ns, group);

	return capable(CAP_SYS_ADMIN) || (group >= 0 && gid_valid(gid) && in_egroup_p(gid));
}

static int device_open(struct inode *inode, struct file *file)
{
	struct opened *o;

	if (!permitted())
		return -EACCES;
	o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT);
	if (!o)
		return -ENOMEM;
	mutex_init(&o->mutex);
	file->private_data = o;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct opened *o = file->private_data;

	if (o->session)
		migtrace_session_close(o->session);
	kfree(o);
	return 0;
}

static long info(void __user *arg)
{
	struct migtrace_info i = {
		.abi_version = MIGTRACE_ABI_VERSION,
		.sessions = migtrace_session_count(),
		.sessions_max = migtrace_session_max(),
	};

	return copy_to_user(arg, &i, sizeof(i)) ? -EFAULT : 0;
}

static long attach(struct opened *o, void __user *arg)
{
	struct migtrace_session *s = NULL;
	struct migtrace_attach args;
	long err;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	mutex_lock(&o->mutex);
	err = o->session ? -EBUSY : migtrace_session_open(&args, &s);
	if (err)
		goto unlock;
	if (copy_to_user(arg, &args, sizeof(args))) {
		migtrace_session_close(s);
		err = -EFAULT;
		goto unlock;
	}
	smp_store_release(&o->session, s);
unlock:
	mutex_unlock(&o->mutex);
	return err;
}

static long slots(struct migtrace_session *s, void __user *arg)
{
	struct migtrace_slots args;
	struct migtrace_slot *list;
	u32 i, room;
	long err = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.reserved)
		return -EINVAL;
	room = min_t(u32, args.count, 2 * KVM_USER_MEM_SLOTS);
	list = kvcalloc(room + 1, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;

	raw_spin_lock(&s->lock);
	args.count = s->sets->count;
	room = min(room, args.count);
	for (i = 0; i < room; i++) {
		const struct migtrace_set *set = s->sets->set[i];

		list[i] = (struct migtrace_slot) {
			.id = set->slot,
			.flags = (set->logging ? MIGTRACE_SLOT_LOGGING : 0) |
				 (set->large ? MIGTRACE_SLOT_LARGE : 0) |
				 (set->published ? MIGTRACE_SLOT_SETS : 0),
			.base_gfn = set->base_gfn,
			.pages = set->pages,
			.unknown_pages = set->unknown_pages,
			.logging_ns = set->logging_ns,
		};
	}
	raw_spin_unlock(&s->lock);

	if (copy_to_user(u64_to_user_ptr(args.slots_ptr), list, room * sizeof(*list)) ||
	    copy_to_user(arg, &args, sizeof(args)))
		err = -EFAULT;
	kvfree(list);
	return err;
}

/* Copy out so many words at a time, not under the lock. */
#define COPY_LONGS	512

static unsigned long word(const struct migtrace_session *s, const struct migtrace_set *set,
			  u32 kind, size_t i)
{
	if (kind == MIGTRACE_SET_TICK)
		return set->published[i];
	if (s->ring)
		return set->window[i];
	/* Of a log that nobody has looked at yet. */
	if (set->part_epoch[i / MIGTRACE_PART_LONGS] != set->epoch)
		return 0;
	return set->a[i] | set->b[i];
}

static long copy_words(struct migtrace_session *s, const struct migtrace_pages *args,
		       size_t from, size_t count, unsigned long *words)
{
	struct migtrace_set *set;
	long err = 0;
	size_t i;

	raw_spin_lock(&s->lock);
	set = migtrace_sets_find(s->sets, (u32)args->as_id << 16 | args->id);
	if (!set || !set->published)
		err = -ENXIO;
	else if (args->first_page > set->pages || args->page_count > set->pages - args->first_page)
		err = -EINVAL;
	else if (!s->published_tick || s->published_tick != args->tick)
		err = -ESTALE;
	for (i = 0; !err && i < count; i++)
		words[i] = word(s, set, args->kind, from + i);
	raw_spin_unlock(&s->lock);
	return err;
}

static long pages(struct migtrace_session *s, void __user *arg)
{
	struct migtrace_pages args;
	unsigned long *words;
	size_t from, left;
	u64 __user *to;
	long err;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.kind > MIGTRACE_SET_WINDOW || args.first_page % BITS_PER_LONG)
		return -EINVAL;
	if (!args.tick)
		args.tick = READ_ONCE(s->published_tick);
	words = kvmalloc_array(COPY_LONGS, sizeof(long), GFP_KERNEL_ACCOUNT);
	if (!words)
		return -ENOMEM;

	/* With nothing to copy the arguments are looked at all the same. */
	err = copy_words(s, &args, 0, 0, words);
	to = u64_to_user_ptr(args.bitmap_ptr);
	from = args.first_page / BITS_PER_LONG;
	left = err ? 0 : DIV_ROUND_UP_ULL(args.page_count, BITS_PER_LONG);
	while (left) {
		size_t now = min_t(size_t, left, COPY_LONGS);

		err = copy_words(s, &args, from, now, words);
		if (!err && copy_to_user(to, words, now * sizeof(long)))
			err = -EFAULT;
		if (err)
			break;
		from += now;
		to += now;
		left -= now;
		cond_resched();
	}
	kvfree(words);
	if (!err && copy_to_user(arg, &args, sizeof(args)))
		err = -EFAULT;
	return err;
}

static long window(struct migtrace_session *s)
{
	raw_spin_lock(&s->lock);
	s->window.wanted = true;
	s->window.due = true;
	raw_spin_unlock(&s->lock);
	return 0;
}

static long stats(struct migtrace_session *s, void __user *arg)
{
	struct migtrace_cost cost;
	struct migtrace_stats args;

	raw_spin_lock(&s->lock);
	cost = s->cost;
	raw_spin_unlock(&s->lock);
	args = (struct migtrace_stats) {
		.hold_ns = cost.hold_ns,
		.hold_work = cost.hold_work,
		.look_ns = cost.look_ns,
		.late_ns = cost.late_ns,
		.missed_hooks = cost.missed,
		.bytes = cost.bytes,
		.bytes_max = cost.bytes_max,
		.kicks = cost.kicks,
	};
	return copy_to_user(arg, &args, sizeof(args)) ? -EFAULT : 0;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct migtrace_session *s = session_of(file);
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case MIGTRACE_IOC_INFO:
		return info(user);
	case MIGTRACE_IOC_ATTACH:
		return attach(file->private_data, user);
	case MIGTRACE_IOC_SLOTS:
		return s ? slots(s, user) : -ENOTCONN;
	case MIGTRACE_IOC_PAGES:
		return s ? pages(s, user) : -ENOTCONN;
	case MIGTRACE_IOC_WINDOW:
		return s ? window(s) : -ENOTCONN;
	case MIGTRACE_IOC_STATS:
		return s ? stats(s, user) : -ENOTCONN;
	}
	return -ENOTTY;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct migtrace_session *s = session_of(file);

	return s ? migtrace_records_mmap(&s->records, vma) : -ENOTCONN;
}

static __poll_t device_poll(struct file *file, struct poll_table_struct *table)
{
	struct migtrace_session *s = session_of(file);
	__poll_t events = 0;

	if (!s)
		return EPOLLERR;
	poll_wait(file, &s->wait, table);
	if (migtrace_records_pending(&s->records) >= max(s->wake_records, 1U) ||
	    (READ_ONCE(s->gone) && migtrace_records_pending(&s->records)))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(s->gone))
		events |= EPOLLHUP;
	return events;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = device_mmap,
	.poll = device_poll,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "migtrace",
	.fops = &fops,
	.mode = 0600,
};

int migtrace_device_init(void)
{
	/* The group is checked as the file is opened: devtmpfs has no say in groups. */
	if (group >= 0)
		device.mode = 0666;
	return misc_register(&device);
}

void migtrace_device_fini(void)
{
	misc_deregister(&device);
}
