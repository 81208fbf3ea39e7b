/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hv.h - two hosts with a hypervisor each, and guests that migrate from one to the other
 *
 * What libvirt 9.0 and QEMU 7.2 were seen to do: events come 0.2 to 1.2 ms after a pass; a call
 * takes milliseconds, blocks while QEMU switches over, and errors afterwards; the end is told to
 * the source 1.4 to 2 s after the guest runs at the destination, and on success only; a guest
 * paused while it migrates runs at the destination; after a cancellation libvirt resumes it here.
 *
 * hypervisor.c is the table of calls (ops.h), guest.c plays the guests by user/lib/sim, faults.c
 * decides what goes wrong, truth.c keeps what was done to whom and says what must hold.
 */
#ifndef FAKE_HV_H
#define FAKE_HV_H

#include "hypervisor/ops.h"
#include "sim/sim.h"
#include "world.h"

#define FAKE_GUESTS	128
#define FAKE_SOURCE	0
#define FAKE_DESTINATION 1
#define FAKE_URI_SOURCE	"fake:///source"
#define FAKE_URI_DESTINATION "fake:///destination"
#define FAKE_URI_NOWHERE "fake:///nowhere"		/* leads to the destination, too */

/* Every call that faults can hit. */
#define FAKE_CALLS(X) \
	X(OPEN, "open") X(HOST, "host") X(NAMES, "names") X(LIST, "list") X(FIND, "find") X(INFO, \
	  "info") X(STATE, "state") X(METADATA, "ask for metadata") X(WORK, "ask what it does") \
	X(HOST_WORK, "ask what the host does") \
	X(SAMPLE, "sample") X(COMPLETED, "completed") X(PARALLEL, "parallel") X(MIGRATE_STATUS, \
	  "ask QEMU for its migration") \
	X(GET_DOWNTIME, "get downtime limit") X(GET_SPEED, "get speed") \
	X(VCPU_LIMIT, "get the vCPUs' limit") \
	X(SET_DOWNTIME, "set downtime limit") X(SET_SPEED, "set speed") \
	X(THROTTLE, "throttle") X(LIMIT_THROTTLE, "limit the throttle") \
	X(LIMIT_VCPUS, "limit vCPUs") \
	X(SUSPEND, "suspend") X(RESUME, "resume") X(FLIP, "flip") X(ABORT, "abort")
enum fake_call {
#define X(name, text) FAKE_CALL_##name,
	FAKE_CALLS(X)
#undef X
	FAKE_CALL_COUNT
};
extern const char *const fake_call_names[FAKE_CALL_COUNT];
/* Changes something. */
static inline bool fake_call_writes(enum fake_call call)
{
	return call >= FAKE_CALL_SET_DOWNTIME;
}

struct fake_side {
	bool here;			/* the hypervisor knows of it */
	int state, reason;		/* virDomainState and its reason */
};

/* What is asked of the thread that plays it; carried out at its next sample. */
struct fake_asked {
	bool abort, stop, flip, limit, speed, throttle;
	uint64_t limit_ms, speed_bytes_per_s;
	unsigned throttle_percent;
};

enum fake_end { FAKE_END_NONE, FAKE_END_COMPLETED, FAKE_END_FAILED, FAKE_END_CANCELLED };

struct fake_job {
	bool active;
	unsigned number;		/* of the guest's migrations, from 1 */
	struct mt_method_row method;	/* it was begun with */
	unsigned throttle_percent;	/* cpu-throttle-initial; 0: QEMU's own */
	char status[20];		/* QEMU's word */
	uint64_t begin_ns;
	uint64_t begin_wall_us;		/* libvirt counts the job's time by the wall clock; 0: it
					 * has given that up */
	uint64_t total_ms;
	struct mt_sample sample, before;	/* newest; and of the job before this one */
	bool flipped;			/* runs at the destination already */
	bool deaf;			/* QEMU sends the last pages and answers nobody */
	bool was_running;		/* before it began */
	enum fake_end end;
	uint64_t end_ns;
	uint64_t final_ms, downtime_ms, transferred_bytes;
};

/* What it does besides writing memory. */
struct fake_work {
	double cpu_share, received_bytes_per_s, sent_bytes_per_s;
	uint64_t flaps_ms;		/* it is at rest in every second such time; 0: never */
};

struct fake_fault;

struct fake_guest {
	char name[MT_DOMAIN_NAME_MAX + 1];
	char uuid[VIR_UUID_STRING_BUFLEN];
	size_t index;
	/* How it is migrated; parallel: multifd; postcopy: the capability was asked for. */
	bool persistent, parallel, postcopy, auto_converge;
	char metadata[256];		/* its element of ours; "" = none */
	uint64_t memory_bytes;
	const char *pattern;		/* trace.h */
	double link_bytes_per_s;
	struct fake_side side[2];
	struct fake_job job;
	struct fake_asked asked;
	uint64_t limit_ms, speed_bytes_per_s;	/* QEMU's, as they stand; speed 0: none */
	uint64_t vcpu_limit_mib_per_s;		/* likewise; 0: none */
	bool ring;				/* it has dirty rings */
	unsigned throttle_most;		/* max-cpu-throttle, which outlives a migration; 0: its
					 * default */
	double slowest_bytes_per_s;	/* that it may have sent at, by these, in its migration */
	uint64_t hung_until_ns;		/* QEMU is stopped by SIGSTOP: neither answers nor sends */
	uint64_t stall_from_ns, stall_until_ns;	/* the link carries nothing */
	const struct fake_fault *stale_by;	/* its figures stand still */
	struct mt_sample stale;
	bool monitor_busy;		/* a call is with QEMU: the next one waits for libvirt's job
					 * lock */
	uint64_t preswitchover_ms;	/* pause-before-switchover: it waits so long, its vCPUs
					 * stopped */
	bool no_resume;			/* a fault: libvirt does not resume it after a
					 * cancellation */
	bool playing;
	int starter;			/* group whose migration call it is; 0: somebody else's */
	mt_event_fn done;		/* of that call */
	void *done_opaque;
	pthread_t thread;
	bool has_thread;
	uint64_t cpu_ns;
	struct fake_work work;
	uint64_t worked_ns;		/* up to when ->counted has it */
	struct mt_work counted;
	unsigned work_asked;		/* for, so often */
	pthread_cond_t changed;
};

struct fake_host {
	const char *uri;
	char uuid[VIR_UUID_STRING_BUFLEN];
	bool up;			/* libvirtd runs */
	uint64_t epoch;			/* counts its restarts and cut connections */
	double idle_cpus;		/* all the time; 0: it does not tell */
};

struct fake_hv {
	pthread_mutex_t lock;		/* of all of it */
	pthread_cond_t changed;		/* what is no guest's own */
	struct fake_host host[2];
	struct fake_guest *guests;	/* FAKE_GUESTS */
	size_t n_guests;
	uint64_t over_ns;		/* all calls come back by then */
	bool over;
};
extern struct fake_hv fake_hv;

/* --- the whole ------------------------------------------------------------- */
void fake_hv_begin(void);
/* Ends all migrations and lets go of all calls. */
void fake_hv_over(void);
void fake_hv_end(void);			/* after the processes have ended */
struct fake_guest *fake_guest_new(const char *name);
struct fake_guest *fake_guest_find(const char *uuid);
/* for mt_conn_open_use() */
int fake_conn_open(struct mt_conn **c, const char *uri, struct mt_err *err);
unsigned fake_conns(int group);		/* that are open */

/* With the lock held. Something about @g, NULL: about a host, which concerns all. */
void fake_changed(struct fake_guest *g);
/* Waits until then, or for something to change. */
void fake_wait(struct fake_guest *g, uint64_t until_ns);
static inline void fake_lock(void)
{
	pthread_mutex_lock(&fake_hv.lock);
}
static inline void fake_release(void)
{
	pthread_mutex_unlock(&fake_hv.lock);
}

/* --- what is done to guests by others than us --------------------------------- */
/* Somebody migrates it. @done: as mt_migrate_start(). */
void fake_guest_migrate(struct fake_guest *g, mt_event_fn done, void *opaque);
/* Likewise, with @method besides what the one before was begun with. */
void fake_guest_migrate_again(struct fake_guest *g, enum mt_method method,
			      unsigned throttle_percent, mt_event_fn done, void *opaque);
void fake_guest_power_off(struct fake_guest *g);
void fake_guest_pause(struct fake_guest *g);		/* its owner */
void fake_guest_unpause(struct fake_guest *g);
void fake_guest_rename(struct fake_guest *g, const char *name);
/* virsh metadata --set */
void fake_guest_set_metadata(struct fake_guest *g, const char *xml);
void fake_guest_undefine(struct fake_guest *g);
void fake_guest_hang(struct fake_guest *g, uint64_t ms);
void fake_guest_stall(struct fake_guest *g, uint64_t from_ms, uint64_t ms);
void fake_guest_set_limit(struct fake_guest *g, uint64_t ms);
void fake_guest_set_speed(struct fake_guest *g, uint64_t bytes_per_s);
void fake_guest_cancel(struct fake_guest *g);		/* virsh domjobabort */
void fake_guest_fail(struct fake_guest *g);		/* QEMU at the destination dies */
/* libvirt will leave it as it is after a migration that was cancelled, or completed. */
void fake_guest_no_resume(struct fake_guest *g);
/* With the lock held. */
bool fake_guest_runs(const struct fake_guest *g);
const char *fake_guest_told(const struct fake_guest *g, char *buf, size_t size);

/* libvirtd of @host goes away, comes back; every connection of @group (0: all) is cut. */
void fake_host_down(int host);
void fake_host_up(int host);
void fake_host_cut(int host, int group);

/* --- guest.c: for hypervisor.c, with the lock held ------------------------------- */
int fake_guest_suspend(struct fake_guest *g);
int fake_guest_resume(struct fake_guest *g, int host);
int fake_guest_abort(struct fake_guest *g);
int fake_guest_flip(struct fake_guest *g);
void fake_guest_speed(struct fake_guest *g, uint64_t bytes_per_s);
void fake_guest_throttle(struct fake_guest *g, unsigned percent);
bool fake_guest_is_parallel(const struct fake_guest *g);
/* Pre-copy does not survive its libvirtd. */
void fake_guest_libvirtd_restarted(struct fake_guest *g);

/* --- hypervisor.c: events, to whoever has subscribed; with the lock held ------------ */
void fake_post(int host, const struct mt_event *ev, uint64_t delay_us);

#endif
