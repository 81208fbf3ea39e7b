// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * domainwork.c - the workload of a guest of libvirt's, by probes and by statistics
 */
#include <errno.h>

#include "base/units.h"
#include "hypervisor/versions.h"
#include "hypervisor/vmm.h"
#include "domainwork.h"

/* a recording's resolution: a line of some 250 bytes before it is packed */
#define EVERY_NS	MT_NS_PER_S
/* Readings in a row that must go forward, once counters have gone backwards. Inferred */
#define DOUBTS		10
/* Of the time that calls for statistics may take: one in so much. Inferred */
#define CALLS_ONE_IN	20

int mt_domain_workload_open(struct mt_conn *c, const struct mt_domain_info *d, unsigned probes,
			    struct mt_workload **w, struct mt_err *err)
{
	pid_t pid;
	int rc;

	*w = NULL;
	if (!mt_versions_uri_is_local(mt_conn_uri(c)))
		return mt_err_set(err, -EREMOTE,
				  "%s is on another host: probes see the guests of their own",
				  d->name);
	rc = mt_vmm_pid(NULL, d->name, d->uuid, &pid, err);
	return rc ? rc : mt_workload_open(pid, probes, w, err);
}

void mt_workload_record(struct mt_workload *w, uint64_t *next_ns, struct mt_recorder *r)
{
	uint64_t now_ns = mt_now_ns();
	struct mt_work work;

	if (!w || now_ns < *next_ns)
		return;
	*next_ns = now_ns + EVERY_NS;
	mt_workload_read(w, &work);
	mt_recorder_work(r, &work);
}

static bool lacks_some(const struct mt_work *work)
{
	uint64_t v;

	return !mt_work_get(work, MT_WORK_run_ns, &v) ||
	       !mt_work_get(work, MT_WORK_net_received_bytes, &v) ||
	       !mt_work_get(work, MT_WORK_net_sent_bytes, &v);
}

static bool is_refusal(int rc)
{
	return rc == -EOPNOTSUPP || rc == -EACCES || rc == -EPERM;
}

/* What libvirt has counted since it was asked before, which is about when the probes were read. */
static int fill_in(struct mt_domainwork *w, struct mt_work *work, struct mt_err *err)
{
	struct mt_work total, since;
	int rc = mt_domain_work(w->conn, w->uuid, &total, err);

	w->refused = is_refusal(rc);
	if (rc)
		return rc;
	if (w->counters.t_ns && !mt_work_between(&since, &w->counters, &total)) {
		w->doubts = DOUBTS;
	} else if (w->doubts) {
		w->doubts--;
	} else if (w->counters.t_ns) {
		if (!w->probes) {
			work->t_ns = since.t_ns;
			work->start_ns = since.start_ns;
		}
		mt_work_fill(work, &since);
	}
	w->counters = total;
	return 0;
}

/*
 * Of its host likewise. What fails, or goes backwards, says nothing of the guest's own counters,
 * and is not known for a second.
 */
static void fill_in_host(struct mt_domainwork *w, struct mt_work *work)
{
	struct mt_work total, since;
	struct mt_err ignored = { 0 };
	int rc = mt_conn_host_work(w->conn, &total, &ignored);

	w->host_refused = is_refusal(rc);
	if (rc)
		total = (struct mt_work){ 0 };
	if (w->host_counters.t_ns && total.t_ns) {
		(void)mt_work_between(&since, &w->host_counters, &total);
		if (!work->t_ns) {
			work->t_ns = since.t_ns;
			work->start_ns = since.start_ns;
		}
		mt_work_fill(work, &since);
	}
	w->host_counters = total;
}

int mt_domainwork_read(struct mt_domainwork *w, struct mt_work *work, struct mt_err *err)
{
	uint64_t began_ns = mt_now_ns(), took_ns;
	int rc = 0;

	*work = (struct mt_work){ 0 };
	if (began_ns < w->next_ns)
		return 0;
	if (w->probes)
		mt_workload_read(w->probes, work);
	if (!w->refused && lacks_some(work))
		rc = fill_in(w, work, err);
	if (w->host && !w->host_refused)
		fill_in_host(w, work);
	took_ns = mt_now_ns() - began_ns;
	w->next_ns = began_ns + (took_ns * CALLS_ONE_IN > EVERY_NS ? took_ns * CALLS_ONE_IN :
								     EVERY_NS);
	if (!work->valid)
		return rc;
	mt_work_fill(work, &(struct mt_work){ .valid = w->vcpus ? 1ULL << MT_WORK_vcpus : 0,
					      .vcpus = w->vcpus });
	return 1;
}
