// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vcpu.c - a thread for each vCPU, which carries out one command at a time
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "vm_int.h"

#define KICK_SIGNAL		SIGUSR1
#define BATCH_NS		1000000LL
/* a cancel is noticed by then, however low the rate */
#define SLEEP_MAX_NS		50000000LL
#define SEC_NS			1000000000LL

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC_NS + ts.tv_nsec;
}

static void sleep_until_ns(int64_t t)
{
	struct timespec ts = { .tv_sec = t / SEC_NS, .tv_nsec = t % SEC_NS };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* The signal only has to interrupt KVM_RUN. */
static void on_kick(int sig)
{
}

/* The lock is held. immediate_exit covers the moment before KVM_RUN, the signal the time in it. */
static void kick(struct vm_vcpu *vcpu)
{
	if (!vcpu->in_guest)
		return;
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

static int enter(struct vm_vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	int ret;

	pthread_mutex_lock(&vm->lock);
	while (vm->stopping && !vm->quit)
		pthread_cond_wait(&vm->changed, &vm->lock);
	if (vm->quit) {
		pthread_mutex_unlock(&vm->lock);
		return -ECANCELED;
	}
	vcpu->run->immediate_exit = 0;
	vcpu->harvests_at_entry = vm->harvests;
	vcpu->in_guest = true;
	pthread_mutex_unlock(&vm->lock);

	ret = ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;

	pthread_mutex_lock(&vm->lock);
	vcpu->in_guest = false;
	if (vm->stopping)
		pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
	return ret;
}

void vm_pause(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	while (vm->stopping && !vm->quit)
		pthread_cond_wait(&vm->changed, &vm->lock);
	vm->stopping = true;
	for (unsigned int i = 0; i < vm->params.vcpus; i++)
		kick(&vm->vcpu[i]);
	for (unsigned int i = 0; i < vm->params.vcpus; i++)
		while (vm->vcpu[i].in_guest)
			pthread_cond_wait(&vm->changed, &vm->lock);
	pthread_mutex_unlock(&vm->lock);
}

void vm_resume(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->stopping = false;
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
}

static int on_ring_full(struct vm_vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	int err = 0;

	__atomic_add_fetch(&vcpu->ring_full, 1, __ATOMIC_RELAXED);
	switch (vm->params.full) {
	case VM_FULL_HARVEST:
		return vm_harvest(vm, NULL, 0);
	case VM_FULL_STOP_WORLD:
		vm_pause(vm);
		err = vm_harvest(vm, NULL, 0);
		vm_resume(vm);
		return err;
	case VM_FULL_WAIT:
		/*
		 * One harvest since the entry may have come too early: then one more exit shows it.
		 */
		pthread_mutex_lock(&vm->lock);
		while (vm->harvests == vcpu->harvests_at_entry && !vm->quit)
			pthread_cond_wait(&vm->changed, &vm->lock);
		pthread_mutex_unlock(&vm->lock);
		return 0;
	case VM_FULL_RETRY:
		sched_yield();
		return 0;
	}
	return -EINVAL;
}

/* Until the guest says that the command is done */
static int run_guest(struct vm_vcpu *vcpu)
{
	for (;;) {
		int err = enter(vcpu);

		if (err == -EINTR || err == -EAGAIN)
			continue;
		if (err)
			return err;
		switch (vcpu->run->exit_reason) {
		case KVM_EXIT_IO:
			if (vcpu->run->io.port == GUEST_PORT)
				return 0;
			break;
		case KVM_EXIT_INTR:
			continue;
		case KVM_EXIT_DIRTY_RING_FULL:
			err = on_ring_full(vcpu);
			if (err)
				return err;
			continue;
		}
		fprintf(stderr, "vcpu %u: exit reason %u after %llu writes\n", vcpu->index,
			vcpu->run->exit_reason, (unsigned long long)vcpu->box->done);
		return -EIO;
	}
}

static bool cancelled(const struct vm_vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->cancel, __ATOMIC_ACQUIRE);
}

static int do_list(struct vm_vcpu *vcpu)
{
	size_t n, at;
	int err = 0;

	for (at = 0; !err && at < vcpu->ngfns && !cancelled(vcpu); at += n) {
		n = vcpu->ngfns - at < GUEST_LIST_MAX ? vcpu->ngfns - at : GUEST_LIST_MAX;
		memcpy(vcpu->list, vcpu->gfns + at, n * sizeof(*vcpu->list));
		vcpu->box->op = GUEST_OP_LIST;
		vcpu->box->count = n;
		err = run_guest(vcpu);
	}
	return err;
}

static int do_pattern(struct vm_vcpu *vcpu)
{
	const struct vm_run *run = &vcpu->pattern;
	uint64_t first = vcpu->box->done, done = 0, due = run->count;
	int64_t start = now_ns(), wake = start;
	int err = 0;

	vcpu->box->op = GUEST_OP_PATTERN;
	vcpu->box->first_gfn = run->first_gfn;
	*(struct pattern *)&vcpu->box->pattern = run->pattern;
	while (!err && done < run->count && !cancelled(vcpu)) {
		int64_t now = now_ns();

		if (run->rate > 0) {
			due = (now - start) * run->rate / SEC_NS;
			if (due > run->count)
				due = run->count;
			if (due <= done || now < wake) {
				int64_t next = start + (done + 1) * (SEC_NS / run->rate) + 1;

				next = next > wake ? next : wake;
				sleep_until_ns(next - now > SLEEP_MAX_NS ? now + SLEEP_MAX_NS :
									   next);
				continue;
			}
			/*
			 * What was late is made up for, but the batches stay a millisecond apart.
			 */
			wake += (now - wake) / BATCH_NS * BATCH_NS + BATCH_NS;
		}
		vcpu->box->count = due - done;
		err = run_guest(vcpu);
		done = vcpu->box->done - first;
	}
	return err;
}

static int carry_out(struct vm_vcpu *vcpu, enum vm_command command)
{
	return command == VM_COMMAND_LIST ? do_list(vcpu) : do_pattern(vcpu);
}

static void *vcpu_main(void *arg)
{
	struct vm_vcpu *vcpu = arg;
	struct vm *vm = vcpu->vm;

	pthread_mutex_lock(&vm->lock);
	while (!vm->quit) {
		enum vm_command command = vcpu->command;
		int err;

		if (command == VM_COMMAND_NONE) {
			pthread_cond_wait(&vm->changed, &vm->lock);
			continue;
		}
		pthread_mutex_unlock(&vm->lock);
		err = carry_out(vcpu, command);
		pthread_mutex_lock(&vm->lock);
		vcpu->error = err;
		vcpu->command = VM_COMMAND_NONE;
		pthread_cond_broadcast(&vm->changed);
	}
	pthread_mutex_unlock(&vm->lock);
	return NULL;
}

int vm_vcpu_start(struct vm *vm, unsigned int index)
{
	struct sigaction kicked = { .sa_handler = on_kick };	/* no SA_RESTART: KVM_RUN must
								 * return */
	struct vm_vcpu *vcpu = &vm->vcpu[index];
	int err;

	if (index >= vm->params.vcpus || vcpu->started)
		return -EINVAL;
	sigaction(KICK_SIGNAL, &kicked, NULL);
	err = -pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu);
	vcpu->started = !err;
	return err;
}

int vm_start(struct vm *vm)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < vm->params.vcpus; i++)
		err = vm_vcpu_start(vm, i);
	return err;
}

void vm_vcpus_end(struct vm *vm)
{
	pthread_mutex_lock(&vm->lock);
	vm->quit = true;
	for (unsigned int i = 0; i < vm->params.vcpus; i++)
		kick(&vm->vcpu[i]);
	pthread_cond_broadcast(&vm->changed);
	pthread_mutex_unlock(&vm->lock);
	for (unsigned int i = 0; i < vm->params.vcpus; i++)
		if (vm->vcpu[i].started)
			pthread_join(vm->vcpu[i].thread, NULL);
}

static int begin(struct vm_vcpu *vcpu, enum vm_command command)
{
	vcpu->error = 0;
	vcpu->cancel = false;
	vcpu->box->stop = 0;
	vcpu->command = command;
	pthread_cond_broadcast(&vcpu->vm->changed);
	return 0;
}

int vm_write_begin(struct vm *vm, unsigned int index, const uint64_t *gfns, size_t n)
{
	struct vm_vcpu *vcpu = &vm->vcpu[index];
	int err = -EBUSY;

	if (index >= vm->params.vcpus || !vcpu->started)
		return -EINVAL;
	pthread_mutex_lock(&vm->lock);
	if (vcpu->command == VM_COMMAND_NONE) {
		vcpu->gfns = gfns;
		vcpu->ngfns = n;
		err = begin(vcpu, VM_COMMAND_LIST);
	}
	pthread_mutex_unlock(&vm->lock);
	return err;
}

int vm_run_begin(struct vm *vm, unsigned int index, const struct vm_run *run)
{
	struct vm_vcpu *vcpu = &vm->vcpu[index];
	int err = -EBUSY;

	if (index >= vm->params.vcpus || !vcpu->started || !run->pattern.pages)
		return -EINVAL;
	pthread_mutex_lock(&vm->lock);
	if (vcpu->command == VM_COMMAND_NONE)
		err = 0;
	if (!err && run->table)
		err = vm_table_set(vm, run->table, run->pattern.pages);
	else if (!err && run->pattern.kind == PATTERN_ALIAS &&
		 vm->table_bytes < run->pattern.pages * sizeof(struct pattern_alias))
		err = -EINVAL;
	if (!err) {
		vcpu->pattern = *run;
		begin(vcpu, VM_COMMAND_RUN);
	}
	pthread_mutex_unlock(&vm->lock);
	return err;
}

int vm_wait(struct vm *vm, unsigned int index, int timeout_ms)
{
	struct vm_vcpu *vcpu = &vm->vcpu[index];
	struct timespec until;
	int err = 0;

	if (timeout_ms >= 0)
		vm_deadline_after_ms(&until, timeout_ms);
	pthread_mutex_lock(&vm->lock);
	while (vcpu->command != VM_COMMAND_NONE && !err) {
		if (timeout_ms < 0)
			pthread_cond_wait(&vm->changed, &vm->lock);
		else
			err = -pthread_cond_timedwait(&vm->changed, &vm->lock, &until);
	}
	if (vcpu->command == VM_COMMAND_NONE)
		err = vcpu->error;
	pthread_mutex_unlock(&vm->lock);
	return err;
}

int vm_write(struct vm *vm, unsigned int vcpu, const uint64_t *gfns, size_t n)
{
	int err = vm_write_begin(vm, vcpu, gfns, n);

	return err ? err : vm_wait(vm, vcpu, -1);
}

int vm_run_pattern(struct vm *vm, unsigned int vcpu, uint32_t slot, enum pattern_kind kind,
		   uint64_t count, uint64_t seed, double rate)
{
	struct vm_run run = { .first_gfn = vm_slot_gfn(vm, slot, 0), .count = count, .rate = rate };
	int err;

	if (!run.first_gfn)
		return -ENOENT;
	pattern_init(&run.pattern, kind, vm_slot_pages(vm, slot), seed);
	err = vm_run_begin(vm, vcpu, &run);
	return err ? err : vm_wait(vm, vcpu, -1);
}

void vm_cancel(struct vm *vm, unsigned int index)
{
	struct vm_vcpu *vcpu = &vm->vcpu[index];

	pthread_mutex_lock(&vm->lock);
	__atomic_store_n(&vcpu->cancel, true, __ATOMIC_RELEASE);
	vcpu->box->stop = 1;
	pthread_mutex_unlock(&vm->lock);
}

uint64_t vm_written(const struct vm *vm, unsigned int vcpu)
{
	return __atomic_load_n(&vm->vcpu[vcpu].box->done, __ATOMIC_ACQUIRE);
}
