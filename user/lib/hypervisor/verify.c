// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * verify.c - is the guest really on the other side?
 *
 * libvirt can report success for a guest that is gone (QEMU 7.2, post-copy with
 * parallel connections), and "running" for one whose memory will never arrive.
 *
 * Threads: any but the loop's: it waits. Nothing is kept.
 */
#include <errno.h>

#include "domain.h"

/* Between two looks; a guest that runs at all uses its vCPUs within a few of them. */
#define LOOK_MS	50

/*
 * An idle guest uses no time. Then QEMU's main loop at least must answer; the limit is asked of
 * QEMU itself.
 */
static bool monitor_answers(struct mt_conn *c, const char *uuid)
{
	uint64_t limit_ms;

	return !mt_domain_downtime_limit(c, uuid, &limit_ms, NULL);
}

/*
 * One look. Return: 0; -EAGAIN not (yet) running; -ENOENT not (yet) there; else as mt_virt_error().
 */
static int look(struct mt_conn *c, const char *uuid, uint64_t *cpu_ns, struct mt_err *err)
{
	struct mt_domain_state now;
	int state, reason, ret = mt_domain_state(c, uuid, &now, err);
	uint64_t before_ns = *cpu_ns;

	if (ret)
		return ret;
	state = now.state;
	reason = now.reason;
	*cpu_ns = now.cpu_time_ns;
	if (state == VIR_DOMAIN_SHUTOFF)
		return mt_err_set(err, -ENOENT, "the guest is defined at %s and shut off",
				  mt_conn_uri(c));
	if (state != VIR_DOMAIN_RUNNING && state != VIR_DOMAIN_BLOCKED)
		return mt_err_set(err, -EAGAIN,
				  "the guest is at %s and %s; virsh domstate --reason says why",
				  mt_conn_uri(c), mt_domain_state_name(state));
	if (reason == VIR_DOMAIN_RUNNING_POSTCOPY || reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED)
		return mt_err_set(err, -EAGAIN,
				  "the guest is at %s and waits for memory that has not arrived%s",
				  mt_conn_uri(c),
				  reason == VIR_DOMAIN_RUNNING_POSTCOPY ? "" :
									  ": post-copy has failed");
	if (before_ns && *cpu_ns > before_ns)
		return 0;
	if (before_ns && monitor_answers(c, uuid))
		return 0;
	return mt_err_set(err, -EAGAIN,
			  "the guest is at %s, and neither uses time nor does its QEMU answer",
			  mt_conn_uri(c));
}

int mt_domain_verify(struct mt_conn *destination, const char *uuid, uint64_t timeout_ms,
		     struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms), cpu_ns = 0;
	struct mt_err last;
	int ret;

	/* One look alone cannot say that it runs, however long it took. */
	for (unsigned looks = 1; ; looks++) {
		last = (struct mt_err){ 0 };
		ret = look(destination, uuid, &cpu_ns, &last);
		if (!ret || (mt_now_ns() >= until_ns && !(ret == -EAGAIN && cpu_ns && looks < 2)))
			break;
		mt_sleep_ms(LOOK_MS);
	}
	if (!ret)
		return 0;
	if (ret != -ENOENT && ret != -EAGAIN)
		return mt_err_set(err, -ECONNREFUSED, "cannot look at %s: %s",
				  mt_conn_uri(destination), last.msg);
	return mt_err_set(err, ret, "%s", last.msg);
}
