// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm.c - telling a KVM VM's file from any other
 *
 * KVM's own file_is_kvm() is no longer exported since 6.18, and asks the same question: are
 * these KVM's file operations? Ours answers it by the name and module of the ioctl handler,
 * which the kernel's symbol table knows and user space cannot forge: the operations must be
 * constant data of the same module as the handler, and the inode one of anon_inodefs.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/magic.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "vm.h"

struct kvm *migtrace_vm_of(struct file *file)
{
	char name[KSYM_NAME_LEN];

	if (!file->f_op || !file->f_op->unlocked_ioctl ||
	    file_inode(file)->i_sb->s_magic != ANON_INODE_FS_MAGIC)
		return NULL;
	snprintf(name, sizeof(name), "%ps", file->f_op->unlocked_ioctl);
	if (strcmp(name, "kvm_vm_ioctl [kvm]") && strcmp(name, "kvm_vm_ioctl"))
		return NULL;
	return file->private_data;
}

bool migtrace_vm_dead(struct kvm *kvm)
{
	return !atomic_read(&kvm->mm->mm_users);
}

bool migtrace_vm_abandoned(struct file *file)
{
	return file_count(file) == 1;
}

/* As ptrace(2) asks it: a process that has changed its user may know what that one must not. */
static bool may_trace(const struct cred *his)
{
	const struct cred *ours = current_cred();

	if (uid_eq(ours->uid, his->uid) && uid_eq(ours->uid, his->euid) &&
	    uid_eq(ours->uid, his->suid) && gid_eq(ours->gid, his->gid) &&
	    gid_eq(ours->gid, his->egid) && gid_eq(ours->gid, his->sgid))
		return true;
	return ns_capable(his->user_ns, CAP_SYS_PTRACE);
}

bool migtrace_vm_permitted(struct kvm *kvm)
{
	bool may = kvm->mm == current->mm || capable(CAP_SYS_PTRACE);
#ifdef CONFIG_MEMCG
	const struct task_struct *owner;

	rcu_read_lock();
	owner = rcu_dereference(kvm->mm->owner);
	may = may || (owner && may_trace(__task_cred(owner)));
	rcu_read_unlock();
#endif
	return may;
}
