// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * loop.c - libvirt's event loop, on a thread of its own
 *
 * libvirt has one event loop a process and cannot forget its implementation
 * once registered, so the registration stays for good and only the thread
 * comes and goes. mt_loop_start() and mt_loop_stop(): any thread but the
 * loop's. Connections should be closed before the loop stops.
 */
#include <errno.h>
#include <stdatomic.h>

#include <libvirt/virterror.h>

#include "base/thread.h"
#include "conn.h"

static pthread_mutex_t loop_lock = PTHREAD_MUTEX_INITIALIZER;
static bool loop_registered, loop_running;
static atomic_bool loop_quit;
static pthread_t loop_thread;
static int loop_timer = -1;

/* libvirt prints every error to stderr unless told otherwise. */
static void on_error(void *opaque, virErrorPtr error)
{
}

/* Fires to get the loop out of poll(), once. */
static void on_wake(int timer, void *opaque)
{
	virEventUpdateTimeout(timer, -1);
}

static void *run(void *arg)
{
	while (!atomic_load(&loop_quit))
		if (virEventRunDefaultImpl() < 0)
			break;
	return NULL;
}

int mt_loop_start(struct mt_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&loop_lock);
	if (loop_running)
		goto unlock;
	if (!loop_registered) {
		virSetErrorFunc(NULL, on_error);
		if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
			ret = mt_virt_error(err, "libvirt does not start its event loop");
			goto unlock;
		}
		loop_registered = true;
	}
	if (loop_timer < 0)
		loop_timer = virEventAddTimeout(-1, on_wake, NULL, NULL);
	if (loop_timer < 0) {
		ret = mt_virt_error(err, "libvirt's event loop takes no timer");
		goto unlock;
	}
	atomic_store(&loop_quit, false);
	ret = mt_thread_start(&loop_thread, "virt-loop", run, NULL);
	if (ret)
		mt_err_set(err, ret, "cannot start a thread for libvirt's event loop");
	else
		loop_running = true;
unlock:
	pthread_mutex_unlock(&loop_lock);
	return ret;
}

void mt_loop_stop(void)
{
	pthread_mutex_lock(&loop_lock);
	if (loop_running) {
		atomic_store(&loop_quit, true);
		virEventUpdateTimeout(loop_timer, 0);
		pthread_join(loop_thread, NULL);
		loop_running = false;
	}
	pthread_mutex_unlock(&loop_lock);
}
