// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hypervisor.c - the table of calls, connections and events
 *
 * A call is made by its caller's own thread, which goes on as libvirtd's would when its process is
 * killed (fake_shield()): what was sent is carried out. Events wait in their connection's queue for
 * its thread, which belongs to the process and calls its functions as libvirt's loop does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steer/metadata.h"
#include "faults.h"
#include "trace.h"
#include "truth.h"

#define SUBSCRIPTIONS	256
#define RETRY_FIRST_MS	100
#define RETRY_MAX_MS	5000
#define JOB_LOCK_MS	30000	/* libvirt's QEMU_JOB_WAIT_TIME */

struct queued {
	struct queued *next;
	uint64_t due_ns;
	struct mt_event ev;
};

struct fake_conn {
	struct mt_conn base;
	struct fake_conn *next;		/* of all, also those of dead processes */
	int host, group;
	bool open;
	bool lost, told_lost;
	unsigned losses;
	uint64_t lost_ns, retry_ns, delay_ms;
	/* Events. */
	struct {
		int id;
		char uuid[VIR_UUID_STRING_BUFLEN];
		mt_event_fn fn;
		void *opaque;
	} subs[SUBSCRIPTIONS];
	size_t n_subs;
	int last_id;
	struct queued *queue;		/* by when they are due */
	pthread_mutex_t dispatch;	/* recursive, as virt_subscribe.c's; before hv's lock */
	pthread_cond_t arrived;
	pthread_t thread;
	bool has_thread, closing;
};

struct fake_hv fake_hv = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct fake_conn *conns;
static const struct mt_conn_ops fake_ops;

/* --- the whole ------------------------------------------------------------- */
void fake_hv_begin(void)
{
	struct fake_guest *guests =
		fake_hv.guests ? fake_hv.guests : calloc(FAKE_GUESTS, sizeof(*guests));

	memset(guests, 0, FAKE_GUESTS * sizeof(*guests));
	fake_hv = (struct fake_hv){ .lock = PTHREAD_MUTEX_INITIALIZER, .guests = guests };
	mt_cond_init(&fake_hv.changed);
	fake_hv.host[FAKE_SOURCE] = (struct fake_host){ .uri = FAKE_URI_SOURCE, .up = true };
	strcpy(fake_hv.host[FAKE_SOURCE].uuid, "11111111-1111-1111-1111-111111111111");
	fake_hv.host[FAKE_DESTINATION] =
		(struct fake_host){ .uri = FAKE_URI_DESTINATION, .up = true };
	strcpy(fake_hv.host[FAKE_DESTINATION].uuid, "22222222-2222-2222-2222-222222222222");
	fake_faults_reset();
	mt_conn_open_use(fake_conn_open);
}

void fake_hv_over(void)
{
	fake_lock();
	__atomic_store_n(&fake_hv.over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 2; i++)
		fake_hv.host[i].up = true;
	fake_changed(NULL);
	fake_release();
}

static void free_queue(struct fake_conn *c)
{
	while (c->queue) {
		struct queued *q = c->queue;

		c->queue = q->next;
		free(q);
	}
}

void fake_hv_end(void)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++) {
		if (fake_hv.guests[i].has_thread)
			mt_thread_join(fake_hv.guests[i].thread);
		pthread_cond_destroy(&fake_hv.guests[i].changed);
	}
	while (conns) {
		struct fake_conn *c = conns;

		conns = c->next;
		free_queue(c);
		pthread_cond_destroy(&c->arrived);
		pthread_mutex_destroy(&c->dispatch);
		free(c);
	}
	pthread_cond_destroy(&fake_hv.changed);
	free(fake_hv.guests);
	fake_hv.guests = NULL;
	fake_hv.n_guests = 0;
	mt_conn_open_use(NULL);
}

struct fake_guest *fake_guest_new(const char *name)
{
	struct fake_guest *g = &fake_hv.guests[fake_hv.n_guests];

	g->index = fake_hv.n_guests++;
	snprintf(g->name, sizeof(g->name), "%s", name);
	snprintf(g->uuid, sizeof(g->uuid), "aaaaaaaa-0000-0000-0000-%012zx", g->index + 1);
	g->persistent = true;
	g->memory_bytes = 16 << 20;
	g->pattern = "uniform:region=8M,rate=1500/s,seed=1";
	g->link_bytes_per_s = 16e6;
	g->work = (struct fake_work){ .cpu_share = 0.4, .received_bytes_per_s = 1e4,
				      .sent_bytes_per_s = 1e4 };
	g->limit_ms = MT_QEMU_LIMIT_DEFAULT_MS;
	g->side[FAKE_SOURCE] = (struct fake_side){ .here = true,
						   .state = VIR_DOMAIN_RUNNING,
						   .reason = VIR_DOMAIN_RUNNING_BOOTED };
	mt_cond_init(&g->changed);
	return g;
}

struct fake_guest *fake_guest_find(const char *uuid)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		if (!strcmp(fake_hv.guests[i].uuid, uuid))
			return &fake_hv.guests[i];
	return NULL;
}

void fake_changed(struct fake_guest *g)
{
	if (g) {
		mt_cond_wake(&g->changed);
		return;
	}
	mt_cond_wake(&fake_hv.changed);
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		mt_cond_wake(&fake_hv.guests[i].changed);
	for (struct fake_conn *c = conns; c; c = c->next)
		mt_cond_wake(&c->arrived);
}

void fake_wait(struct fake_guest *g, uint64_t until_ns)
{
	mt_cond_wait_until(g ? &g->changed : &fake_hv.changed, &fake_hv.lock, until_ns);
}

/* --- connections: all with the lock held ----------------------------------------- */
static void lose(struct fake_conn *c)
{
	if (c->lost)
		return;
	c->lost = true;
	c->losses++;
	truth_deaf(c->group);
	c->lost_ns = mt_now_ns();
	c->delay_ms = RETRY_FIRST_MS;
	c->retry_ns = c->lost_ns + c->delay_ms * MT_NS_PER_MS;
	free_queue(c);
}

/* As its reconnecting thread would have done by now. */
static bool is_up(struct fake_conn *c)
{
	while (c->lost && mt_now_ns() >= c->retry_ns) {
		if (fake_hv.host[c->host].up) {
			c->lost = false;
			break;
		}
		c->delay_ms = c->delay_ms * 2 < RETRY_MAX_MS ? c->delay_ms * 2 : RETRY_MAX_MS;
		c->retry_ns += c->delay_ms * MT_NS_PER_MS;
	}
	return !c->lost;
}

void fake_host_down(int host)
{
	fake_lock();
	if (fake_hv.host[host].up) {
		fake_count(host == FAKE_SOURCE ? "libvirtd down" : "destination's libvirtd down");
		fake_trace("libvirtd of the %s goes down", host ? "destination" : "source");
	}
	truth_tick();
	fake_hv.host[host].up = false;
	for (struct fake_conn *c = conns; c; c = c->next)
		if (c->host == host)
			lose(c);
	fake_changed(NULL);
	fake_release();
}

void fake_host_up(int host)
{
	fake_lock();
	truth_tick();
	if (!fake_hv.host[host].up)
		fake_trace("libvirtd of the %s is up", host ? "destination" : "source");
	if (!fake_hv.host[host].up && host == FAKE_SOURCE)
		for (size_t i = 0; i < fake_hv.n_guests; i++)
			fake_guest_libvirtd_restarted(&fake_hv.guests[i]);
	fake_hv.host[host].up = true;
	fake_changed(NULL);
	fake_release();
}

void fake_host_cut(int host, int group)
{
	fake_lock();
	fake_count("connection lost");
	for (struct fake_conn *c = conns; c; c = c->next)
		if (c->host == host && (!group || c->group == group))
			lose(c);
	fake_changed(NULL);
	fake_release();
}

static struct fake_conn *conn_of(const struct mt_conn *c)
{
	return (struct fake_conn *)c;
}

unsigned fake_conns(int group)
{
	unsigned n = 0;

	fake_lock();
	for (struct fake_conn *c = conns; c; c = c->next)
		n += c->open && c->group == group;
	fake_release();
	return n;
}

/* --- a call ------------------------------------------------------------------------ */
struct call {
	struct fake_conn *c;
	enum fake_call kind;
	const char *uuid;
	struct mt_err *err;
	struct fake_guest *g;
	const struct fake_guest *counted;	/* by truth_calls() */
	unsigned losses;
	bool lost;			/* its caller knows that the connection was lost
					 * meanwhile */
	bool busy;			/* it holds libvirt's job lock */
	bool gives_back;		/* when it was issued, the guest was stopped by its caller's
					 * kind */
	bool nothing;			/* comes of it */
	uint64_t value;			/* of a limit that is set, ms; of a throttle, percent */
	struct fake_fault *after;	/* what still happens to it when it is done */
};

/* What it asks of QEMU; the rest libvirtd knows itself. */
static bool asks_qemu(enum fake_call kind)
{
	return kind == FAKE_CALL_INFO || kind == FAKE_CALL_SAMPLE || kind == FAKE_CALL_PARALLEL ||
	       kind == FAKE_CALL_MIGRATE_STATUS || kind >= FAKE_CALL_GET_DOWNTIME;
}

static const struct { unsigned least_us, most_us; } durations[FAKE_CALL_COUNT] = {
	[FAKE_CALL_OPEN] = { 1000, 8000 }, [FAKE_CALL_INFO] = { 500, 2000 },
	[FAKE_CALL_SAMPLE] = { 1000, 3000 },
	[FAKE_CALL_SUSPEND] = { 3000, 9000 }, [FAKE_CALL_RESUME] = { 1000, 4000 },
	[FAKE_CALL_FLIP] = { 500, 1000 },
	[FAKE_CALL_ABORT] = { 10000, 20000 }, [FAKE_CALL_SET_DOWNTIME] = { 1000, 3000 },
	[FAKE_CALL_SET_SPEED] = { 1000, 3000 }, [FAKE_CALL_THROTTLE] = { 1000, 3000 },
	[FAKE_CALL_LIMIT_THROTTLE] = { 1000, 3000 }, [FAKE_CALL_LIMIT_VCPUS] = { 1000, 3000 },
};

static int lost_error(struct call *call)
{
	call->lost = true;
	return mt_err_set(call->err, -ECONNRESET, "the connection to %s is lost",
			  fake_hv.host[call->c->host].uri);
}

/*
 * Return: false when the connection was lost first. libvirtd, if it lives, carries out all the same
 * what was sent by one that is dead, and half of what others sent.
 */
static bool spend(struct call *call, uint64_t until_ns)
{
	while (mt_now_ns() < until_ns) {
		if (call->c->losses != call->losses && !call->lost) {
			if (!fake_hv.host[call->c->host].up ||
			    (!fake_group_is_dead(call->c->group) && fake_chance(50)))
				return false;
			lost_error(call);
		}
		if (fake_hv.over && until_ns > mt_now_ns() + MT_NS_PER_S)
			return true;
		fake_wait(call->g, until_ns);
	}
	return true;
}

static int fail(struct call *call, int error)
{
	/* What it would have been told after that does not reach it. */
	if (call->lost)
		return lost_error(call);
	return mt_err_set(call->err, error, "cannot %s: %s [fault %u]", fake_call_names[call->kind],
			  strerror(-error),
			  truth_refused(call->g, call->kind, call->c->group, call->gives_back));
}

static int suffer(struct call *call, struct fake_fault *f)
{
	uint64_t now_ns = mt_now_ns();

	if (!f || f->kind == FAKE_FAULT_ERROR) {
		if (f)
			fake_trace("%s on %s fails: %s", fake_call_names[call->kind],
				   call->g ? call->g->name : "-", strerror(-f->error));
		return f ? fail(call, f->error) : 0;
	}
	fake_trace("%s on %s %s", fake_call_names[call->kind], call->g ? call->g->name : "-",
		   fake_fault_names[f->kind]);
	if (call->g && call->c->group && f->times)
		truth_excused(call->g, f->kind == FAKE_FAULT_NEVER ? FAKE_STUCK_MS :
				       f->kind == FAKE_FAULT_VOID  ? FAKE_AGAIN_MS :
								     0);
	if (f->kind == FAKE_FAULT_VOID) {
		call->nothing = true;
		return 0;
	}
	if (!spend(call, f->kind == FAKE_FAULT_SLOW ? now_ns + f->ms * MT_NS_PER_MS :
			 f->for_ever		    ? MT_FOR_EVER_NS :
						      f->until_ns))
		return lost_error(call);
	return f->kind == FAKE_FAULT_NEVER ? fail(call, -ETIMEDOUT) : 0;
}

/* libvirt's job lock, and QEMU's main loop behind it. */
static int reach_qemu(struct call *call)
{
	struct fake_guest *g = call->g;
	uint64_t until_ns = mt_now_ns() + JOB_LOCK_MS * MT_NS_PER_MS;
	bool resumes = call->kind == FAKE_CALL_RESUME;

	/* A job of the guest's excludes a resume, as libvirt has it: it waits for the job's end. */
	while (g->monitor_busy || (resumes && g->job.active && call->c->host == FAKE_SOURCE)) {
		if (call->c->losses != call->losses)
			return lost_error(call);
		if (mt_now_ns() >= until_ns || fake_hv.over)
			return fail(call, -ETIMEDOUT);
		fake_wait(g, until_ns);
	}
	g->monitor_busy = call->busy = true;
	while (!fake_hv.over &&
	       (g->hung_until_ns > mt_now_ns() || (g->job.deaf && call->c->host == FAKE_SOURCE))) {
		/*
		 * The caller is told of the lost connection; libvirtd goes on waiting, and holds
		 * the lock as long.
		 */
		if (call->c->losses != call->losses && !call->lost)
			lost_error(call);
		fake_wait(g, g->hung_until_ns > mt_now_ns() ? g->hung_until_ns : MT_FOR_EVER_NS);
	}
	return 0;
}

static int enter(struct call *call)
{
	struct fake_conn *c = call->c;
	unsigned least_us = 200, most_us = 800;
	struct fake_fault *f;
	int rc;

	fake_shield();
	fake_lock();
	if (call->uuid)
		call->g = fake_guest_find(call->uuid);
	call->losses = c->losses;
	if (call->g)
		truth_calls(call->g, c->group, 1);
	call->counted = call->g;
	if (!is_up(c))
		return lost_error(call);
	if (call->g)
		call->gives_back = truth_issued(call->g, call->kind, c->group, call->value);
	if (fake_call_writes(call->kind))
		fake_trace("%s on %s", fake_call_names[call->kind], call->g ? call->g->name : "-");
	if (durations[call->kind].most_us) {
		least_us = durations[call->kind].least_us;
		most_us = durations[call->kind].most_us;
	}
	if (!spend(call, mt_now_ns() + (least_us + fake_random(most_us - least_us)) * 1000))
		return lost_error(call);
	f = fake_fault_call(call->kind, call->g);
	if (f && (!f->late || f->kind == FAKE_FAULT_VOID)) {
		rc = suffer(call, f);
		if (rc)
			return rc;
		f = NULL;
	}
	call->after = f;
	if (call->uuid && (!call->g || !call->g->side[c->host].here))
		return mt_err_set(call->err, -ENOENT, "no such domain");
	if (!call->g || !asks_qemu(call->kind))
		return 0;
	if (call->g->side[c->host].state == VIR_DOMAIN_SHUTOFF && call->kind != FAKE_CALL_INFO)
		return mt_err_set(call->err, -EBUSY, "the domain is not running");
	rc = call->g->side[c->host].state == VIR_DOMAIN_SHUTOFF ? 0 : reach_qemu(call);
	/* It may have ended while this one waited. */
	if (!rc && !call->g->side[c->host].here)
		rc = mt_err_set(call->err, -ENOENT, "no such domain");
	return rc;
}

static int leave(struct call *call, int rc)
{
	struct fake_conn *c = call->c;
	int bad = 0;

	if (call->g && fake_call_writes(call->kind) && call->g->side[c->host].here &&
	    !call->nothing)
		truth_effect(call->g, call->kind, c->group, rc);
	if (call->busy) {
		call->g->monitor_busy = false;
		fake_changed(call->g);
	}
	if (call->after && !rc)
		bad = suffer(call, call->after);
	if (!bad && !rc && (call->lost || c->losses != call->losses))
		bad = lost_error(call);
	if (rc && call->err && !call->err->code)
		mt_err_set(call->err, rc, "cannot %s: %s", fake_call_names[call->kind],
			   strerror(-rc));
	if (call->g && fake_call_writes(call->kind) && !call->nothing)
		truth_answered(call->g, call->kind, c->group, bad ? bad : rc);
	if (call->counted)
		truth_calls(call->counted, c->group, -1);
	fake_release();
	fake_unshield();
	return bad ? bad : rc;
}

#define CALL(c_, uuid_, kind_, err_) \
	{ \
		.c = conn_of(c_), .kind = FAKE_CALL_##kind_, .uuid = uuid_, .err = err_ \
	}

/* --- guests ---------------------------------------------------------------------------- */
static bool migrates_out(const struct fake_guest *g, int host)
{
	return host == FAKE_SOURCE && g->job.active && g->job.end == FAKE_END_NONE;
}

static void fill(struct mt_domain_info *info, const struct fake_guest *g, int host)
{
	*info = (struct mt_domain_info){
		.state = g->side[host].state,
		.reason = g->side[host].reason,
		.memory_bytes = g->memory_bytes,
		.vcpus = 1,
		.cpu_time_ns = g->cpu_ns,
		.persistent = g->persistent,
		.migrating_out = migrates_out(g, host),
		.migrating_in = host == FAKE_DESTINATION &&
				g->side[host].reason == VIR_DOMAIN_PAUSED_MIGRATION &&
				g->side[host].state == VIR_DOMAIN_PAUSED,
	};
	info->name_cut = mt_domain_name_copy(info->name, g->name);
	strcpy(info->uuid, g->uuid);
	strcpy(info->type, "kvm");
	info->dirty_ring_entries = g->ring ? 4096 : 0;
}

static int op_names(struct mt_conn *c, struct mt_domain_name **list, size_t *n, struct mt_err *err)
{
	struct call call = CALL(c, NULL, NAMES, err);
	int rc = enter(&call);

	*n = 0;
	if (!rc) {
		*list = calloc(fake_hv.n_guests + 1, sizeof(**list));
		for (size_t i = 0; i < fake_hv.n_guests; i++) {
			const struct fake_side *side = &fake_hv.guests[i].side[call.c->host];

			if (!side->here || side->state == VIR_DOMAIN_SHUTOFF)
				continue;
			(*list)[*n].name_cut =
				mt_domain_name_copy((*list)[*n].name, fake_hv.guests[i].name);
			strcpy((*list)[(*n)++].uuid, fake_hv.guests[i].uuid);
		}
	}
	rc = leave(&call, rc);
	if (rc && *n) {
		free(*list);
		*list = NULL;
	}
	return rc;
}

/* Asks each guest: one that hangs makes it wait. */
static int op_list(struct mt_conn *c, bool running, struct mt_domain_info **list, size_t *n,
		   struct mt_err *err)
{
	struct mt_domain_info *all = calloc(fake_hv.n_guests + 1, sizeof(*all));
	struct call call = CALL(c, NULL, LIST, err);
	int rc = enter(&call);

	*n = 0;
	for (size_t i = 0; !rc && i < fake_hv.n_guests; i++) {
		struct fake_guest *g = &fake_hv.guests[i];

		if (!g->side[call.c->host].here ||
		    (running && g->side[call.c->host].state == VIR_DOMAIN_SHUTOFF))
			continue;
		while (!fake_hv.over && !call.c->lost && g->hung_until_ns > mt_now_ns())
			fake_wait(g, g->hung_until_ns);
		fill(&all[(*n)++], g, call.c->host);
	}
	rc = leave(&call, rc);
	if (rc)
		free(all);
	else
		*list = all;
	return rc;
}

static int op_info(struct mt_conn *c, const char *uuid, struct mt_domain_info *info,
		   struct mt_err *err)
{
	struct call call = CALL(c, uuid, INFO, err);
	int rc = enter(&call);

	if (!rc)
		fill(info, call.g, call.c->host);
	return leave(&call, rc);
}

static int op_find(struct mt_conn *c, const char *name, struct mt_domain_info *info,
		   struct mt_err *err)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		if (!strcmp(fake_hv.guests[i].name, name) || !strcmp(fake_hv.guests[i].uuid, name))
			return op_info(c, fake_hv.guests[i].uuid, info, err);
	return mt_err_set(err, -ENOENT, "no such domain: %s", name);
}

static int op_state(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		    struct mt_err *err)
{
	struct call call = CALL(c, uuid, STATE, err);
	int rc = enter(&call);

	*state = (struct mt_domain_state){ 0 };
	if (!rc) {
		/* One that runs uses time. */
		if (call.g->side[call.c->host].state == VIR_DOMAIN_RUNNING)
			call.g->cpu_ns += MT_NS_PER_MS;
		*state = (struct mt_domain_state){
			.state = call.g->side[call.c->host].state,
			.reason = call.g->side[call.c->host].reason, .cpu_time_ns = call.g->cpu_ns,
		};
	}
	return leave(&call, rc);
}

static int op_metadata(struct mt_conn *c, const char *uuid, const char *uri, char **xml,
		       struct mt_err *err)
{
	struct call call = CALL(c, uuid, METADATA, err);
	int rc = enter(&call);

	*xml = NULL;
	if (!rc && (strcmp(uri, MT_METADATA_URI) || !call.g->metadata[0]))
		rc = mt_err_set(err, -ENODATA, "no metadata of that namespace");
	if (!rc)
		*xml = strdup(call.g->metadata);
	return leave(&call, rc);
}

/* Up to now: it works while it runs here. */
static void count_work(struct fake_guest *g, int host, uint64_t now_ns)
{
	bool rests = g->work.flaps_ms && now_ns / MT_NS_PER_MS / g->work.flaps_ms % 2;
	double s = (double)(now_ns - g->worked_ns) / 1e9 * (rests ? 0.01 : 1);

	g->worked_ns = now_ns;
	if (g->side[host].state != VIR_DOMAIN_RUNNING)
		return;
	mt_work_put(&g->counted, MT_WORK_cpu_ns,
		    g->counted.cpu_ns + (uint64_t)(s * g->work.cpu_share * 1e9));
	mt_work_put(&g->counted, MT_WORK_net_received_bytes,
		    g->counted.net_received_bytes + (uint64_t)(s * g->work.received_bytes_per_s));
	mt_work_put(&g->counted, MT_WORK_net_sent_bytes,
		    g->counted.net_sent_bytes + (uint64_t)(s * g->work.sent_bytes_per_s));
}

static int op_work(struct mt_conn *c, const char *uuid, struct mt_work *total, struct mt_err *err)
{
	struct call call = CALL(c, uuid, WORK, err);
	int rc = enter(&call);
	const struct fake_fault *f = rc ? NULL : fake_fault_figures(call.g, FAKE_CALL_WORK);

	*total = (struct mt_work){ 0 };
	if (call.g)
		call.g->work_asked++;
	if (!rc) {
		if (!f || f->kind != FAKE_FAULT_STALE)
			count_work(call.g, call.c->host, mt_now_ns());
		*total = call.g->counted;
		total->t_ns = mt_now_ns();
	}
	if (f && f->kind == FAKE_FAULT_CONTRADICTORY) {
		mt_work_put(total, MT_WORK_net_received_bytes, fake_random(UINT32_MAX));
		mt_work_put(total, MT_WORK_net_sent_bytes, fake_random(UINT32_MAX));
	}
	mt_work_put(total, MT_WORK_vcpus, 1);
	return leave(&call, rc);
}

/* libvirtd goes on with what it has given up to its client. */
struct unfinished {
	struct fake_guest *g;
	int group;
	uint64_t ms;
};

static void *finish_suspend(void *arg)
{
	struct unfinished u = *(struct unfinished *)arg;

	free(arg);
	mt_sleep_ms(u.ms);
	fake_lock();
	fake_trace("the suspend of %s that failed is done all the same", u.g->name);
	truth_effect(u.g, FAKE_CALL_SUSPEND, u.group, fake_guest_suspend(u.g));
	fake_release();
	return NULL;
}

static void suspend_later(const struct call *call)
{
	struct unfinished *u = malloc(sizeof(*u));

	*u = (struct unfinished){ call->g, call->c->group, call->after->ms };
	fake_count("a suspend that failed is done later");
	if (fake_start_in(FAKE_OUTSIDE, NULL, "unfinished", finish_suspend, u))
		free(u);
}

static int op_suspend(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct call call = CALL(c, uuid, SUSPEND, err);
	int rc = enter(&call);

	if (!rc && call.after && call.after->kind == FAKE_FAULT_ERROR && call.after->ms)
		suspend_later(&call);
	else if (!rc && !call.nothing)
		rc = fake_guest_suspend(call.g);
	return leave(&call, rc);
}

static int op_resume(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct call call = CALL(c, uuid, RESUME, err);
	int rc = enter(&call);

	if (!rc && !call.nothing)
		rc = fake_guest_resume(call.g, call.c->host);
	return leave(&call, rc);
}

/* --- the migration of one -------------------------------------------------------------- */
/* @which: as faults.h has it. */
static void contradict(struct mt_sample *s, uint64_t which)
{
	switch (which ? which - 1 : fake_random(6)) {
	case 0:
		mt_sample_set(s, remaining_bytes, s->memory_bytes * 3);
		break;
	case 1:
		mt_sample_set(s, total_ms, s->total_ms / 2);
		break;
	case 3:
		mt_sample_set(s, remaining_bytes, 0);
		break;
	case 4:
		mt_sample_set(s, memory_bytes, s->memory_bytes / 4);
		break;
	case 5:
		mt_sample_set(s, total_ms, s->total_ms + 3600000);
		break;
	default:
		mt_sample_set(s, transferred_bytes, 0);
		mt_sample_set(s, iteration, s->iteration > 1 ? s->iteration - 1 : 1);
	}
}

/*
 * qemuMigrationJobUpdateTime(), libvirt 9.0: by the wall clock, and no more once that went back
 * behind the beginning.
 */
static uint64_t job_ms(struct fake_guest *g)
{
	uint64_t now_us = mt_wall_us();

	if (now_us < g->job.begin_wall_us)
		g->job.begin_wall_us = 0;
	if (g->job.begin_wall_us)
		g->job.total_ms = (now_us - g->job.begin_wall_us) / 1000;
	return g->job.total_ms;
}

static void sample_of(struct fake_guest *g, int host, struct mt_sample *s)
{
	const struct fake_fault *f;

	memset(s, 0, sizeof(*s));
	if (!migrates_out(g, host))
		return;
	*s = g->job.sample;
	if (!s->valid)
		s->status = MT_STATUS_SETUP;
	f = fake_fault_figures(g, FAKE_CALL_SAMPLE);
	if (f && f->kind == FAKE_FAULT_STALE && g->stale_by != f) {
		g->stale_by = f;
		g->stale = *s;
	}
	if (f && f->kind == FAKE_FAULT_STALE) {
		*s = g->stale;
	} else if (!f || f->kind == FAKE_FAULT_CLOCK) {
		if (f)
			fake_wall_step_us(((int64_t)fake_random(8000) - 4000) * 1000);
		if (s->valid)
			mt_sample_set(s, total_ms, job_ms(g));
	} else if (f->kind == FAKE_FAULT_CONTRADICTORY) {
		contradict(s, f->ms);
	} else if (f->kind == FAKE_FAULT_OTHER_JOB && g->job.before.valid) {
		*s = g->job.before;
	}
	s->t_ns = mt_now_ns();
}

static int op_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err)
{
	struct call call = CALL(c, uuid, SAMPLE, err);
	int rc = enter(&call);

	if (!rc)
		sample_of(call.g, call.c->host, s);
	return leave(&call, rc);
}

static int op_completed(struct mt_conn *c, const char *uuid, struct mt_sample *s,
			struct mt_err *err)
{
	struct call call = CALL(c, uuid, COMPLETED, err);
	int rc = enter(&call);

	memset(s, 0, sizeof(*s));
	if (!rc &&
	    (call.g->job.end != FAKE_END_COMPLETED || call.g->job.flipped || call.g->job.active))
		rc = -ENODATA;
	if (!rc) {
		s->status = MT_STATUS_COMPLETED;
		s->t_ns = mt_now_ns();
		mt_sample_set(s, total_ms, call.g->job.final_ms);
		mt_sample_set(s, downtime_ms, call.g->job.downtime_ms);
		mt_sample_set(s, transferred_bytes, call.g->job.transferred_bytes);
	}
	return leave(&call, rc);
}

static int op_is_parallel(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct call call = CALL(c, uuid, PARALLEL, err);
	int rc = enter(&call);
	bool parallel = call.g && fake_guest_is_parallel(call.g);

	rc = leave(&call, rc);
	return rc ? rc : parallel;
}

/* QEMU's own word, which it keeps when libvirt has forgotten the job. */
static int op_migrate_status(struct mt_conn *c, const char *uuid, enum mt_status *status,
			     struct mt_err *err)
{
	struct call call = CALL(c, uuid, MIGRATE_STATUS, err);
	int rc = enter(&call);

	if (!rc) {
		*status = MT_STATUS_NONE;
		if (call.g->job.status[0])
			*status = mt_status_of(call.g->job.status);
	}
	return leave(&call, rc);
}

static int op_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t *ms, struct mt_err *err)
{
	struct call call = CALL(c, uuid, GET_DOWNTIME, err);
	int rc = enter(&call);

	if (!rc)
		*ms = call.g->limit_ms;
	return leave(&call, rc);
}

static int op_set_downtime_limit(struct mt_conn *c, const char *uuid, uint64_t ms,
				 struct mt_err *err)
{
	struct call call = CALL(c, uuid, SET_DOWNTIME, err);
	int rc;

	call.value = ms;
	rc = enter(&call);
	if (!rc && !call.nothing) {
		call.g->limit_ms = call.g->asked.limit_ms = ms;
		call.g->asked.limit = true;
	}
	return leave(&call, rc);
}

static int op_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t *bytes_per_s,
			    struct mt_err *err)
{
	struct call call = CALL(c, uuid, GET_SPEED, err);
	int rc = enter(&call);

	if (!rc && !call.g->speed_bytes_per_s)
		rc = mt_err_set(err, -ENODATA, "migrations have no bandwidth limit");
	if (!rc)
		*bytes_per_s = call.g->speed_bytes_per_s;
	return leave(&call, rc);
}

static int op_set_max_bandwidth(struct mt_conn *c, const char *uuid, uint64_t bytes_per_s,
				struct mt_err *err)
{
	struct call call = CALL(c, uuid, SET_SPEED, err);
	int rc;

	/* libvirt's largest is none. */
	call.value = bytes_per_s == MT_SPEED_UNLIMITED ? 0 : bytes_per_s;
	rc = enter(&call);
	if (!rc && !call.nothing) {
		truth_speed(call.g, call.c->group, call.value);
		fake_guest_speed(call.g, call.value);
	}
	return leave(&call, rc);
}

/* @most: QEMU's largest throttle from now on; 0: its own. @at_once: it throttles by that, too. */
static int throttle(struct call *call, const char *uuid, unsigned most, bool at_once)
{
	int rc;

	if (!most)
		truth_unthrottles(fake_guest_find(uuid), call->c->group);
	rc = enter(call);
	if (!rc && !call->nothing) {
		if (at_once)
			fake_guest_throttle(call->g, most);
		call->g->throttle_most = most;
		if (most)
			truth_throttled(call->g, call->c->group);
	}
	return leave(call, rc);
}

static int op_set_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			   struct mt_err *err)
{
	struct call call = CALL(c, uuid, THROTTLE, err);

	call.value = percent;
	return throttle(&call, uuid, percent, true);
}

static int op_limit_throttle(struct mt_conn *c, const char *uuid, unsigned percent,
			     struct mt_err *err)
{
	struct call call = CALL(c, uuid, LIMIT_THROTTLE, err);

	call.value = percent;
	return throttle(&call, uuid, percent < MT_THROTTLE_MAX_PERCENT ? percent : 0, false);
}

static int op_limit_vcpus(struct mt_conn *c, const char *uuid, uint64_t mib_per_s,
			  struct mt_err *err)
{
	struct call call = CALL(c, uuid, LIMIT_VCPUS, err);
	int rc;

	call.value = mib_per_s;
	rc = enter(&call);
	if (!rc && !call.nothing)
		call.g->vcpu_limit_mib_per_s = mib_per_s;
	return leave(&call, rc);
}

static int op_vcpu_limit(struct mt_conn *c, const char *uuid, uint64_t *mib_per_s,
			 struct mt_err *err)
{
	struct call call = CALL(c, uuid, VCPU_LIMIT, err);
	int rc = enter(&call);

	if (!rc)
		*mib_per_s = call.g->vcpu_limit_mib_per_s;
	return leave(&call, rc);
}

static int op_start_postcopy(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct call call = CALL(c, uuid, FLIP, err);
	int rc = enter(&call);

	if (!rc && !call.nothing)
		rc = fake_guest_flip(call.g);
	return leave(&call, rc);
}

/* It comes back when the job has ended, or a second and more later, as virsh's does. */
static int op_abort(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	struct call call = CALL(c, uuid, ABORT, err);
	int rc = enter(&call);

	if (!rc && !call.nothing)
		rc = fake_guest_abort(call.g);
	return leave(&call, rc);
}

/* --- the connection ---------------------------------------------------------------------- */
static int host_of(const char *uri)
{
	if (!uri || !strcmp(uri, FAKE_URI_SOURCE))
		return FAKE_SOURCE;
	return strcmp(uri, FAKE_URI_DESTINATION) && strcmp(uri, FAKE_URI_NOWHERE) ?
		       -1 :
		       FAKE_DESTINATION;
}

int fake_conn_open(struct mt_conn **out, const char *uri, struct mt_err *err)
{
	struct fake_conn *c = calloc(1, sizeof(*c));
	struct call call = CALL(&c->base, NULL, OPEN, err);
	pthread_mutexattr_t attr;
	int rc;

	if (host_of(uri) < 0) {
		free(c);
		return mt_err_set(err, -EINVAL, "nobody understands the URI %s", uri);
	}
	c->base.ops = &fake_ops;
	c->host = host_of(uri);
	c->group = fake_group();
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&c->dispatch, &attr);
	pthread_mutexattr_destroy(&attr);
	mt_cond_init(&c->arrived);
	fake_lock();
	c->next = conns;
	conns = c;
	fake_release();
	rc = enter(&call);
	if (!rc && !fake_hv.host[c->host].up)
		rc = -ECONNREFUSED;
	c->open = !rc;
	rc = leave(&call, rc);
	if (rc) {			/* it stays in the list until the end */
		fake_lock();
		c->open = false;
		fake_release();
	}
	if (!rc)
		*out = &c->base;
	return rc == -ECONNRESET ? -ECONNREFUSED : rc;
}

static int op_peer(struct mt_conn *c, const char *uri, struct mt_conn **peer, struct mt_err *err)
{
	return fake_conn_open(peer, uri ? uri : fake_hv.host[conn_of(c)->host].uri, err);
}

static void op_close(struct mt_conn *conn)
{
	struct fake_conn *c = conn_of(conn);

	fake_lock();
	c->closing = true;
	c->n_subs = 0;
	mt_cond_wake(&c->arrived);
	fake_release();
	if (c->has_thread)
		mt_thread_join(c->thread);
	fake_lock();
	c->has_thread = false;
	c->open = false;
	free_queue(c);
	fake_release();
}

static const char *op_uri(const struct mt_conn *c)
{
	return fake_hv.host[conn_of(c)->host].uri;
}

static int op_wait(struct mt_conn *conn, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	struct fake_conn *c = conn_of(conn);
	bool up;

	fake_lock();
	while (!(up = is_up(c)) && mt_now_ns() < until_ns && !fake_hv.over)
		fake_wait(NULL, c->retry_ns < until_ns ? c->retry_ns : until_ns);
	fake_release();
	return up ? 0 : -ETIMEDOUT;
}

static int op_host(struct mt_conn *c, char uuid[VIR_UUID_STRING_BUFLEN], struct mt_err *err)
{
	struct call call = CALL(c, NULL, HOST, err);
	int rc = enter(&call);

	uuid[0] = '\0';
	if (!rc)
		strcpy(uuid, fake_hv.host[call.c->host].uuid);
	return leave(&call, rc);
}

static int op_host_work(struct mt_conn *c, struct mt_work *total, struct mt_err *err)
{
	struct call call = CALL(c, NULL, HOST_WORK, err);
	double idle_cpus;
	int rc = enter(&call);

	idle_cpus = fake_hv.host[call.c->host].idle_cpus;
	if (!rc && !(idle_cpus > 0))
		rc = mt_err_set(err, -EOPNOTSUPP, "nobody counts what this host does");
	if (!rc) {
		total->t_ns = mt_now_ns();
		mt_work_put(total, MT_WORK_host_idle_ns,
			    (uint64_t)((double)total->t_ns * idle_cpus));
		if (call.nothing)		/* as of another host */
			mt_work_put(total, MT_WORK_host_idle_ns, fake_random(UINT32_MAX));
	}
	return leave(&call, rc);
}

static void op_versions(struct mt_conn *c, unsigned long *libvirt, unsigned long *qemu)
{
	*libvirt = 9000000;
	*qemu = 10000000;
}

/* --- events ---------------------------------------------------------------------------------- */
static void enqueue(struct fake_conn *c, const struct mt_event *ev, uint64_t due_ns)
{
	struct queued *q = malloc(sizeof(*q)), **link = &c->queue;

	q->ev = *ev;
	q->due_ns = due_ns;
	while (*link && (*link)->due_ns <= due_ns)
		link = &(*link)->next;
	q->next = *link;
	*link = q;
	mt_cond_wake(&c->arrived);
}

void fake_post(int host, const struct mt_event *ev, uint64_t delay_us)
{
	uint64_t due_ns = mt_now_ns() + delay_us * 1000;
	const struct fake_guest *g = ev->uuid[0] ? fake_guest_find(ev->uuid) : NULL;
	const struct fake_fault *f;

	for (struct fake_conn *c = conns; c; c = c->next) {
		uint64_t late_ns = 0;

		if (!c->open || c->host != host || !c->n_subs || c->lost ||
		    fake_group_is_dead(c->group))
			continue;
		if (fake_fault_event(g, FAKE_FAULT_LOST))
			continue;
		f = fake_fault_event(g, FAKE_FAULT_LATE);
		if (f)
			late_ns = fake_random(f->ms) * MT_NS_PER_MS;
		enqueue(c, ev, due_ns + late_ns);
		f = fake_fault_event(g, FAKE_FAULT_DOUBLE);
		if (f)
			enqueue(c, ev, due_ns + late_ns + fake_random(f->ms * 1000 + 2000) * 1000);
	}
}

/* With the dispatch lock held, and not hv's. By index: a function may subscribe. */
static void dispatch(struct fake_conn *c, const struct mt_event *ev)
{
	for (size_t i = 0; i < c->n_subs; i++) {
		mt_event_fn fn = c->subs[i].fn;

		if (!c->subs[i].uuid[0] || !ev->uuid[0] || !strcmp(c->subs[i].uuid, ev->uuid))
			fn(ev, c->subs[i].opaque);
	}
}

/* With hv's lock held, which is dropped meanwhile. */
static void hand_on(struct fake_conn *c, struct mt_event *ev)
{
	ev->t_ns = mt_now_ns();
	ev->sample.t_ns = ev->t_ns;
	if (ev->kind == MT_EVENT_MIGRATION)
		truth_heard(fake_guest_find(ev->uuid), c->group, ev->text);
	fake_release();
	pthread_mutex_lock(&c->dispatch);
	dispatch(c, ev);
	pthread_mutex_unlock(&c->dispatch);
	fake_lock();
}

static void *events(void *arg)
{
	struct fake_conn *c = arg;

	fake_lock();
	while (!c->closing) {
		struct mt_event ev = { .kind = MT_EVENT_CONN_DOWN };
		struct queued *q = c->queue;

		if (c->lost && !c->told_lost) {
			c->told_lost = true;
			hand_on(c, &ev);
		} else if (c->told_lost && is_up(c)) {
			c->told_lost = false;
			ev.kind = MT_EVENT_CONN_UP;
			hand_on(c, &ev);
		} else if (q && q->due_ns <= mt_now_ns()) {
			c->queue = q->next;
			ev = q->ev;
			free(q);
			hand_on(c, &ev);
		} else {
			mt_cond_wait_until(&c->arrived, &fake_hv.lock,
					   c->lost ? c->retry_ns :
					   q	   ? q->due_ns :
						     MT_FOR_EVER_NS);
		}
	}
	fake_release();
	return NULL;
}

static int op_subscribe(struct mt_conn *conn, const char *uuid, mt_event_fn fn, void *opaque)
{
	struct fake_conn *c = conn_of(conn);
	int rc = 0;

	pthread_mutex_lock(&c->dispatch);
	fake_lock();
	if (!is_up(c))
		rc = -ECONNRESET;
	if (!rc && c->n_subs == SUBSCRIPTIONS)
		rc = -ENOMEM;
	if (!rc && !c->has_thread) {
		rc = fake_start_in(c->group, &c->thread, "virt-events", events, c);
		c->has_thread = !rc;
	}
	if (!rc) {
		rc = c->subs[c->n_subs].id = ++c->last_id;
		snprintf(c->subs[c->n_subs].uuid, sizeof(c->subs[0].uuid), "%s", uuid ? uuid : "");
		c->subs[c->n_subs].fn = fn;
		c->subs[c->n_subs++].opaque = opaque;
	}
	fake_release();
	pthread_mutex_unlock(&c->dispatch);
	return rc;
}

static void op_unsubscribe(struct mt_conn *conn, int id)
{
	struct fake_conn *c = conn_of(conn);

	pthread_mutex_lock(&c->dispatch);
	fake_lock();
	for (size_t i = 0; i < c->n_subs; i++)
		if (c->subs[i].id == id) {
			memmove(&c->subs[i], &c->subs[i + 1],
				(c->n_subs - i - 1) * sizeof(c->subs[0]));
			c->n_subs--;
			break;
		}
	fake_release();
	pthread_mutex_unlock(&c->dispatch);
}

static const struct mt_conn_ops fake_ops = {
	.name = "fake",
	.close = op_close,
	.uri = op_uri,
	.wait = op_wait,
	.peer = op_peer,
	.host = op_host,
	.versions = op_versions,
	.host_work = op_host_work,
	.subscribe = op_subscribe,
	.unsubscribe = op_unsubscribe,
	.names = op_names,
	.list = op_list,
	.find = op_find,
	.info = op_info,
	.state = op_state,
	.metadata = op_metadata,
	.work = op_work,
	.suspend = op_suspend,
	.resume = op_resume,
	.sample = op_sample,
	.completed = op_completed,
	.is_parallel = op_is_parallel,
	.migrate_status = op_migrate_status,
	.downtime_limit = op_downtime_limit,
	.set_downtime_limit = op_set_downtime_limit,
	.max_bandwidth = op_max_bandwidth,
	.set_max_bandwidth = op_set_max_bandwidth,
	.set_throttle = op_set_throttle,
	.limit_throttle = op_limit_throttle,
	.limit_vcpus = op_limit_vcpus,
	.vcpu_limit = op_vcpu_limit,
	.start_postcopy = op_start_postcopy,
	.abort = op_abort,
};
