// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * churn.c - sessions, VMs and modules that come and go at random moments
 *
 *	churn [--cycles N] [--seed N]
 *
 * Each cycle does one of the things in the table below, with pauses of random lengths
 * in between. Afterwards nobody may have a reference left: the modules unload, and the
 * kernel has not complained.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kernel.h"
#include "kmodtest.h"
#include "vmm.h"

#define PAGES		3003
#define PAUSE_US	40000
#define RELEASE_MS	600000	/* a hang */
#define SESSIONS	3
#define LIMIT_S		1500

static struct pattern dice;
static uint64_t reloads, kvm_reloads, attached;

static uint64_t below(uint64_t n)
{
	dice.pages = n;
	return pattern_next(&dice, NULL);
}

static void pause_at_random(void)
{
	usleep(below(PAUSE_US));
}

static struct vm_params random_params(void)
{
	struct vm_params p = {
		.mode = below(4),
		.vcpus = 1 + below(2),
		.ring_entries = 1024,
		.slot = { { .id = 3, .pages = PAGES, .logging = below(4) > 0 },
			  { .id = 70, .pages = 77, .logging = true } },
	};

	return p;
}

static int open_at_random(struct watch *w, int vm_fd)
{
	int err = watch_open(w, vm_fd, (1 + below(30)) * WATCH_MS, below(2) * 50 * WATCH_MS);

	attached += !err;
	return err;
}

/* A VMM with load, and sessions on it; who ends first is up to the caller. */
static int begin(struct vmm *vmm, struct watch *w)
{
	struct vm_params params = random_params();
	int err = vmm_start(vmm, &params, 3, 3000, 1 + below(50));

	for (unsigned int i = 0; !err && i < SESSIONS; i++)
		err = open_at_random(&w[i], vmm->vm_fd);
	return err;
}

static int open_close(void)
{
	struct vmm vmm;
	struct watch w[SESSIONS];
	int err = begin(&vmm, w);

	if (err)
		return err;
	pause_at_random();
	for (unsigned int i = 0; i < SESSIONS; i++) {
		watch_drain(&w[i]);
		watch_close(&w[i]);
		pause_at_random();
	}
	vmm_kill(&vmm);
	vmm_close_fd(&vmm);
	return 0;
}

static int kill_attached(void)
{
	struct vmm vmm;
	struct watch w[SESSIONS];
	int err = begin(&vmm, w);

	if (err)
		return err;
	if (below(2))
		vmm_close_fd(&vmm);
	pause_at_random();
	vmm_kill(&vmm);
	if (below(2))
		pause_at_random();
	for (unsigned int i = 0; i < SESSIONS; i++)
		watch_close(&w[i]);
	vmm_close_fd(&vmm);
	return 0;
}

/* In one process: the session is closed by the exit, before or after the VM */
static int exit_attached(void)
{
	struct vmm vmm;
	struct watch w[SESSIONS];
	pid_t pid = fork();

	if (!pid) {
		int err = begin(&vmm, w);

		if (!err)
			pause_at_random();
		_exit(err ? 1 : 0);	/* the VMM dies with its parent */
	}
	pause_at_random();
	vmm.pid = pid;
	vmm_kill(&vmm);
	return 0;
}

static int reopen(void)
{
	struct vm_params params = random_params();
	struct vmm vmm;
	struct watch w;
	int err = vmm_start(&vmm, &params, 3, 3000, 5);

	for (unsigned int i = 0; !err && i < 8; i++) {
		err = open_at_random(&w, vmm.vm_fd);
		if (!err) {
			usleep(below(3000));
			watch_close(&w);
		}
	}
	if (vmm.pid > 0)
		vmm_kill(&vmm);
	vmm_close_fd(&vmm);
	return err;
}

static int reload(void)
{
	int err = kernel_unload_within("migtrace", RELEASE_MS);

	reloads += !err;
	return err ? err : kernel_load(kernel_ko(), NULL);
}

static int reload_kvm(void)
{
	const char *kvm = kernel_kvm();
	int err;

	if (!kvm)
		return 0;
	err = kernel_unload_within(kvm, RELEASE_MS);
	if (!err && below(2))
		kernel_unload("kvm");
	kvm_reloads += !err;
	return err ? err : kernel_load_kvm(kvm);
}

/* Unloading is tried while a session is open: refused, and no harm done. */
static int unload_attached(void)
{
	struct vmm vmm;
	struct watch w[SESSIONS];
	int err = begin(&vmm, w);

	if (err)
		return err;
	pause_at_random();
	if (!kernel_unload("migtrace"))
		err = -EPROTO;
	if (kernel_kvm() && !kernel_unload(kernel_kvm()))
		err = -EPROTO;
	vmm_kill(&vmm);
	vmm_close_fd(&vmm);
	for (unsigned int i = 0; i < SESSIONS; i++)
		watch_close(&w[i]);
	return err;
}

static const struct {
	const char *name;
	int (*run)(void);
	unsigned int weight;
} things[] = {
	{ "open, close", open_close, 4 },
	{ "VMM killed", kill_attached, 6 },
	{ "reader exits or is killed", exit_attached, 4 },
	{ "open and close again and again", reopen, 3 },
	{ "unload while attached", unload_attached, 2 },
	{ "unload, load", reload, 3 },
	{ "unload KVM, load it", reload_kvm, 2 },
};

#define THINGS (sizeof(things) / sizeof(things[0]))

static int cycle(unsigned int n)
{
	unsigned int left = 0, i;
	int err;

	for (i = 0; i < THINGS; i++)
		left += things[i].weight;
	left = below(left);
	for (i = 0; left >= things[i].weight; i++)
		left -= things[i].weight;
	/* Each is done once, whatever the dice say. */
	if (n < THINGS)
		i = n;
	err = things[i].run();
	if (err)
		printf("# cycle %u (%s): %s\n", n, things[i].name, strerror(-err));
	return err;
}

static unsigned int cycles = 25;

static void test_cycles(void)
{
	for (unsigned int n = 0; n < cycles; n++)
		CHECK_INT(cycle(n), 0);
	printf("# %u cycles: %lu sessions, module loaded again %lu times, KVM %lu times\n", cycles,
	       attached, reloads, kvm_reloads);
}

static void test_released(void)
{
	const char *kvm = kernel_kvm();

	CHECK_INT(kernel_users("migtrace"), 0);
	if (kvm) {
		CHECK_INT(kernel_unload_within(kvm, RELEASE_MS), 0);
		CHECK_INT(kernel_load_kvm(kvm), 0);
		CHECK_INT(kernel_users(kvm), 0);
	}
	CHECK_INT(kernel_unload("migtrace"), 0);
	CHECK_INT(kernel_load(kernel_ko(), NULL), 0);
}

static int log_fd = -1;

static void test_log(void)
{
	if (log_fd < 0)
		SKIP("the kernel's log cannot be read");
	CHECK_INT(kernel_log_complaints(log_fd), 0);
}

static const struct ktap_case cases[] = {
	{ "sessions, VMs and modules come and go", test_cycles },
	{ "after the churn nothing is in use", test_released },
	{ "the kernel did not complain of the churn", test_log },
};

static const struct option options[] = {
	{ "cycles", required_argument, NULL, 'c' },
	{ "seed", required_argument, NULL, 's' },
	{ 0 },
};

int main(int argc, char **argv)
{
	uint64_t seed = watch_now_ns();
	const char *why;
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (o) {
		case 'c': cycles = strtoul(optarg, NULL, 0); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		default: return 2;
		}
	}
	why = watch_unsupported();
	if (!why)
		why = vm_unsupported(VM_RING);
	if (!why && (!kernel_ko() || kernel_users("migtrace") != 0))
		why = "no migtrace.ko to load again, or it is in use";
	if (why) {
		printf("TAP version 13\n1..0 # SKIP %s\n", why);
		return 0;
	}
	printf("# seed %lu\n", seed);
	fflush(stdout);
	pattern_init(&dice, PATTERN_UNIFORM, 1, seed);
	log_fd = kernel_log_open();
	alarm(LIMIT_S);
	return ktap_main(cases, sizeof(cases) / sizeof(cases[0]));
}
