/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_guard.c - a guest that was stopped runs again: the guard against a small hypervisor that
 * fails
 *
 * The hypervisor keeps its own account of what was done to its one guest.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/ktap.h"
#include "base/thread.h"
#include "base/units.h"
#include "guard/guard.h"
#include "hypervisor/domain.h"
#include "hypervisor/ops.h"
#include "files.h"
#include "world.h"

#define HOST	"11111111-2222-3333-4444-555555555555"
#define GUEST	"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

/* --- a hypervisor with one guest --------------------------------------------------- */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int state, reason;
	bool gone, job;
	enum mt_status qemu;
	bool resumes;			/* libvirt itself, once the job is aborted */
	int abort_fails, abort_error, resume_fails, lost;	/* that many calls */
	int hang_abort, hang_state;	/* that many calls do not come back until release() */
	int lift_fails;			/* of a limit to what vCPUs dirty */
	unsigned lifts;
	bool released;
	unsigned hanging;
	unsigned opened, aborts, resumes_done, asked_qemu;
	uint64_t running_ns;		/* since */
} hv = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void hv_reset(void)
{
	hv.state = VIR_DOMAIN_RUNNING;
	hv.reason = VIR_DOMAIN_RUNNING_BOOTED;
	hv.gone = false;
	hv.job = true;
	hv.qemu = MT_STATUS_ACTIVE;
	hv.resumes = true;
	hv.abort_fails = hv.resume_fails = hv.lost = hv.hang_abort = hv.hang_state = 0;
	hv.abort_error = -EIO;
	hv.lift_fails = 0;
	hv.lifts = 0;
	hv.released = false;
	hv.opened = hv.aborts = hv.resumes_done = hv.asked_qemu = 0;
	hv.running_ns = 0;
}

static void hang(int *calls)
{
	if (*calls <= 0)
		return;
	--*calls;
	hv.hanging++;
	while (!hv.released)
		mt_cond_wait(&hv.changed, &hv.lock);
	hv.hanging--;
}

static void release(void)
{
	pthread_mutex_lock(&hv.lock);
	hv.released = true;
	mt_cond_wake(&hv.changed);
	pthread_mutex_unlock(&hv.lock);
}

static void paused(int reason)
{
	pthread_mutex_lock(&hv.lock);
	hv.state = VIR_DOMAIN_PAUSED;
	hv.reason = reason;
	pthread_mutex_unlock(&hv.lock);
}

static void runs(void)
{
	hv.state = VIR_DOMAIN_RUNNING;
	hv.reason = VIR_DOMAIN_RUNNING_UNPAUSED;
	hv.running_ns = mt_now_ns();
}

static int hv_state(struct mt_conn *c, const char *uuid, struct mt_domain_state *state,
		    struct mt_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&hv.lock);
	hang(&hv.hang_state);
	*state = (struct mt_domain_state){ .state = hv.state, .reason = hv.reason };
	if (hv.lost > 0) {
		hv.lost--;
		ret = -ECONNRESET;
	} else if (hv.gone) {
		ret = -ENOENT;
	}
	pthread_mutex_unlock(&hv.lock);
	return ret;
}

static int hv_abort(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&hv.lock);
	hang(&hv.hang_abort);
	hv.aborts++;
	if (hv.abort_fails > 0) {
		hv.abort_fails--;
		ret = mt_err_set(err, hv.abort_error, "injected");
	} else if (!hv.job) {
		ret = mt_err_set(err, -EBUSY, "no job is active");
	} else {
		hv.job = false;
		hv.qemu = MT_STATUS_CANCELLED;
		if (hv.resumes)
			runs();
	}
	pthread_mutex_unlock(&hv.lock);
	return ret;
}

static int hv_resume(struct mt_conn *c, const char *uuid, struct mt_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&hv.lock);
	if (hv.resume_fails > 0) {
		hv.resume_fails--;
		ret = mt_err_set(err, -EIO, "injected");
	} else {
		hv.resumes_done++;
		runs();
	}
	pthread_mutex_unlock(&hv.lock);
	return ret;
}

static int hv_sample(struct mt_conn *c, const char *uuid, struct mt_sample *s, struct mt_err *err)
{
	*s = (struct mt_sample){ 0 };
	pthread_mutex_lock(&hv.lock);
	s->status = hv.job ? MT_STATUS_ACTIVE : MT_STATUS_NONE;
	pthread_mutex_unlock(&hv.lock);
	return 0;
}

static int hv_status(struct mt_conn *c, const char *uuid, enum mt_status *status,
		     struct mt_err *err)
{
	pthread_mutex_lock(&hv.lock);
	*status = hv.qemu;
	hv.asked_qemu++;
	pthread_mutex_unlock(&hv.lock);
	return 0;
}

static int hv_limit(struct mt_conn *c, const char *uuid, uint64_t mib_per_s, struct mt_err *err)
{
	int ret = 0;

	pthread_mutex_lock(&hv.lock);
	hv.lifts++;
	if (hv.lift_fails > 0) {
		hv.lift_fails--;
		ret = mt_err_set(err, -EIO, "injected");
	}
	pthread_mutex_unlock(&hv.lock);
	return ret;
}

static int hv_limit_is(struct mt_conn *c, const char *uuid, uint64_t *mib_per_s,
		       struct mt_err *err)
{
	*mib_per_s = 0;
	return 0;
}

static void hv_close(struct mt_conn *c)
{
	free(c);
}

static const char *hv_uri(const struct mt_conn *c)
{
	return "small:///system";
}

static const struct mt_conn_ops ops = {
	.name = "small", .close = hv_close, .uri = hv_uri, .state = hv_state, .abort = hv_abort,
	.resume = hv_resume, .limit_vcpus = hv_limit, .vcpu_limit = hv_limit_is,
	.sample = hv_sample, .migrate_status = hv_status,
};

static int hv_open(struct mt_conn **c, const char *uri, struct mt_err *err)
{
	*c = calloc(1, sizeof(**c));
	if (!*c)
		return -ENOMEM;
	(*c)->ops = &ops;
	pthread_mutex_lock(&hv.lock);
	hv.opened++;
	pthread_mutex_unlock(&hv.lock);
	return 0;
}

/* --- a guard ------------------------------------------------------------------------ */
struct scene {
	char dir[64];
	struct mt_hands *hands;
	struct mt_guard *guard;
	struct mt_wheel *wheel;
	struct mt_conn *conn;
	struct mt_inbox *inbox;
};

static void scene_new(struct scene *s, const struct mt_guard_options *more)
{
	struct mt_guard_options o = more ? *more : (struct mt_guard_options){ 0 };
	struct mt_err err = { 0 };

	fake_watchdog(60, "a scene");
	fake_files_reset();
	fake_world_begin(1);
	hv_reset();
	strcpy(s->dir, "/tmp/mt-guard-XXXXXX");
	if (!mkdtemp(s->dir) || mt_hands_open(&s->hands, s->dir, &err))
		abort();
	o.hands = s->hands;
	o.who = "test";
	s->inbox = mt_inbox_new();
	if (mt_guard_new(&s->guard, &o, &err) || mt_conn_open(&s->conn, NULL, &err) ||
	    mt_wheel_take(s->hands, HOST, GUEST, "test", &s->wheel, NULL, &err))
		abort();
}

static void scene_free(struct scene *s)
{
	char command[128];

	release();
	mt_guard_free(s->guard);
	mt_wheel_put(s->wheel);
	mt_conn_close(s->conn);
	mt_inbox_free(s->inbox);
	mt_hands_close(s->hands);
	/* Threads that hung have been let go. */
	mt_sleep_ms(1000);
	CHECK_INT(hv.hanging, 0);
	CHECK_INT(fake_world_end(), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->dir);
	if (system(command))
		abort();
}
#define autoscene MT_CLEANUP(scene_free) struct scene

static int arm(struct scene *s, double predicted_ms)
{
	struct mt_err err = { 0 };

	return mt_guard_arm(s->guard, s->wheel, s->conn, "db1", predicted_ms, s->inbox, &err);
}

/* As supervision does it. Return: when. */
static uint64_t stop(struct scene *s, double predicted_ms)
{
	uint64_t now_ns = mt_now_ns();

	if (arm(s, predicted_ms))
		abort();
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	mt_guard_suspended(s->guard, GUEST, 0);
	return now_ns;
}

static bool is_marked(struct scene *s)
{
	struct mt_stop_mark *list;
	struct mt_err err = { 0 };
	size_t n;

	if (mt_hands_marks(s->hands, &list, &n, &err))
		abort();
	free(list);
	return n > 0;
}

/* Longer than anything takes. */
#define LONG	60000

/* The next news; -1 none within @ms. */
static int news(struct scene *s, uint64_t ms)
{
	struct mt_event ev;

	if (mt_inbox_take(s->inbox, &ev, ms))
		return -1;
	return ev.kind == MT_EVENT_GUARD && !strcmp(ev.uuid, GUEST) && *ev.text ? ev.detail : -2;
}

static double ms_since(uint64_t since_ns, uint64_t ns)
{
	return ns > since_ns ? (double)(ns - since_ns) / MT_NS_PER_MS : -1;
}

/* --- the contract ------------------------------------------------------------------------ */
static void test_given_back(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	at_ns = stop(&s, 250);
	CHECK(is_marked(&s));
	CHECK_INT(news(&s, 3500), -1);
	CHECK_INT(hv.aborts, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK_INT(hv.state, VIR_DOMAIN_RUNNING);
	/* 3000 ms and 4 x 250 ms after it was stopped. */
	CHECK(ms_since(at_ns, hv.running_ns) >= 4000);
	CHECK(ms_since(at_ns, hv.running_ns) < 6000);
	CHECK(!is_marked(&s));
	CHECK(!mt_guard_has(s.guard, GUEST));
	CHECK_INT(hv.aborts, 1);
}

static void test_moved(void)
{
	autoscene s;

	scene_new(&s, NULL);
	stop(&s, 250);
	pthread_mutex_lock(&hv.lock);
	hv.gone = true;
	hv.job = false;
	pthread_mutex_unlock(&hv.lock);
	CHECK_INT(news(&s, LONG), MT_GUARD_GONE);
	CHECK(!is_marked(&s));
	CHECK_INT(hv.aborts, 0);
}

static void test_abort_fails(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	hv.abort_fails = 4;
	at_ns = stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK(is_marked(&s));
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK_INT(hv.aborts, 5);
	CHECK(ms_since(at_ns, hv.running_ns) < 10000);
	CHECK(!is_marked(&s));
}

/* "No job is active" while there is one: it is asked, and cancelled again. */
static void test_abort_says_no_job(void)
{
	autoscene s;

	scene_new(&s, NULL);
	hv.abort_fails = 2;
	hv.abort_error = -EBUSY;
	stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK_INT(hv.resumes_done, 0);
}

static void test_abort_hangs(void)
{
	struct mt_guarded *list;
	autoscene s;
	uint64_t at_ns;
	size_t n;

	scene_new(&s, NULL);
	hv.hang_abort = 1;
	at_ns = stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK_INT(mt_guard_list(s.guard, &list, &n), 0);
	CHECK(n == 1 && list[0].stuck_since_ns);
	free(list);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(ms_since(at_ns, hv.running_ns) < 12000);
	CHECK(hv.opened >= 3);
}

static void test_connection_lost(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	hv.lost = 20;
	at_ns = stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(ms_since(at_ns, hv.running_ns) < 10000);
	CHECK(hv.opened > 20);
}

/* --- the call that stops it ------------------------------------------------------------------ */
static void test_call_late(void)
{
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(arm(&s, 0), 0);
	/* It has not come back, the guest runs: it may still be stopped, and is. */
	CHECK_INT(news(&s, 8000), -1);
	CHECK(is_marked(&s));
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, 2000), -1);
	CHECK(is_marked(&s));
	mt_guard_suspended(s.guard, GUEST, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(!is_marked(&s));
}

static void test_call_doubtful(void)
{
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(arm(&s, 0), 0);
	mt_guard_suspended(s.guard, GUEST, -ECONNRESET);
	CHECK_INT(news(&s, 20000), -1);
	CHECK(is_marked(&s));
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(!is_marked(&s));
}

static void test_call_refused(void)
{
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(arm(&s, 0), 0);
	mt_guard_suspended(s.guard, GUEST, -EBUSY);
	CHECK_INT(news(&s, LONG), MT_GUARD_RUNS);
	CHECK(!is_marked(&s));
	CHECK_INT(hv.aborts, 0);
}

/* Whoever paused it meanwhile, it was not us. */
static void test_call_never(void)
{
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(arm(&s, 0), 0);
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	mt_guard_not_suspended(s.guard, GUEST);
	CHECK_INT(news(&s, 6000), -1);
	CHECK(!is_marked(&s));
	CHECK_INT(hv.aborts, 0);
	CHECK_INT(hv.state, VIR_DOMAIN_PAUSED);
}

static void test_due_at_once(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	at_ns = stop(&s, 1000);
	mt_guard_due(s.guard, GUEST, "it came late");
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(ms_since(at_ns, hv.running_ns) < 2000);
}

static void test_arm_refused(void)
{
	autoscene s;
	struct mt_err err = { 0 };
	struct mt_wheel *other;

	scene_new(&s, &(struct mt_guard_options){ .max_stopped = 1 });
	stop(&s, 0);
	CHECK_INT(arm(&s, 0), -EALREADY);
	CHECK_INT(mt_wheel_take(s.hands, HOST, HOST, "test", &other, NULL, &err), 0);
	CHECK_INT(mt_guard_arm(s.guard, other, s.conn, "db2", 0, NULL, &err), -EDQUOT);
	mt_wheel_put(other);
	CHECK(!mt_guard_has(s.guard, HOST));
}

/* No mark, no stop. */
static void test_no_mark(void)
{
	autoscene s;
	char path[256];

	scene_new(&s, NULL);
	snprintf(path, sizeof(path), "%s/%s-%s.stopped.new", s.dir, HOST, GUEST);
	if (mkdir(path, 0700))
		abort();
	CHECK(arm(&s, 0) < 0);
	CHECK(!mt_guard_has(s.guard, GUEST));
	CHECK(!is_marked(&s));
}

/*
 * --- whose pause it is -------------------------------------------------------------------------
 */
static void test_paused_outside(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	hv.job = false;
	hv.resume_fails = 2;
	CHECK_INT(arm(&s, 10000), 0);
	at_ns = mt_now_ns();
	paused(VIR_DOMAIN_PAUSED_USER);
	mt_guard_suspended(s.guard, GUEST, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK(ms_since(at_ns, hv.running_ns) >= 2000 && ms_since(at_ns, hv.running_ns) < 6000);
	CHECK_INT(hv.aborts, 0);
}

static void test_left_paused(void)
{
	autoscene s;

	/* Cancelled, says QEMU, and libvirt did not resume it. */
	scene_new(&s, NULL);
	hv.resumes = false;
	stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
	CHECK_INT(hv.resumes_done, 1);
	CHECK(hv.asked_qemu);
}

static void test_completed_is_not_resumed(void)
{
	autoscene s;

	scene_new(&s, NULL);
	stop(&s, 0);
	pthread_mutex_lock(&hv.lock);
	hv.job = false;
	hv.qemu = MT_STATUS_COMPLETED;
	pthread_mutex_unlock(&hv.lock);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK_INT(news(&s, LONG), MT_GUARD_NOT_OURS);
	CHECK_INT(hv.resumes_done, 0);
	CHECK_INT(hv.state, VIR_DOMAIN_PAUSED);
}

static void test_foreign(void)
{
	static const int reasons[] = { VIR_DOMAIN_PAUSED_POSTCOPY,
				       VIR_DOMAIN_PAUSED_POSTCOPY_FAILED,
				       VIR_DOMAIN_PAUSED_IOERROR,
				       VIR_DOMAIN_PAUSED_WATCHDOG,
				       VIR_DOMAIN_PAUSED_CRASHED,
				       VIR_DOMAIN_PAUSED_SAVE,
				       77 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(reasons); i++) {
		autoscene s;

		scene_new(&s, NULL);
		CHECK_INT(arm(&s, 0), 0);
		paused(reasons[i]);
		mt_guard_suspended(s.guard, GUEST, 0);
		CHECK_INT(news(&s, LONG), MT_GUARD_NOT_OURS);
		CHECK_INT(hv.aborts + hv.resumes_done, 0);
		CHECK(!is_marked(&s));
	}
}

/*
 * --- processes that end
 * ----------------------------------------------------------------------------
 */
static void test_leave(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, NULL);
	at_ns = stop(&s, 60000);
	CHECK_INT(mt_guard_leave(s.guard, MT_GUARD_LEAVE_MS), 0);
	CHECK(ms_since(at_ns, hv.running_ns) >= 4900 && ms_since(at_ns, hv.running_ns) < 8000);
	CHECK(!is_marked(&s));
}

static void test_leave_in_vain(void)
{
	autoscene s;

	scene_new(&s, NULL);
	hv.abort_fails = 1000;
	stop(&s, 0);
	CHECK_INT(mt_guard_leave(s.guard, 1000), 1);
	mt_guard_free(s.guard);
	s.guard = NULL;
	CHECK(is_marked(&s));
}

/* Of our one guest. */
#define MARK(...) { .uri = "small:///system", .host = HOST, .uuid = GUEST, __VA_ARGS__ }

/* Whoever wrote it has ended. */
static int leave_mark(struct scene *s, const struct mt_stop_mark *m)
{
	struct mt_err err = { 0 };
	int ret = mt_wheel_mark(s->wheel, m, 2, &err);

	mt_wheel_put(s->wheel);
	s->wheel = NULL;
	return ret;
}

/* Another process, which takes the wheel, marks the guest and is killed. */
static void *stopper(void *arg)
{
	struct mt_stop_mark m = MARK(.stopped_ns = mt_now_ns(), .predicted_ms = 250,
				     .due_ns = mt_now_ns() + 4000 * MT_NS_PER_MS,
				     .name = "db1", .confirmed = true);
	struct scene *s = arg;
	struct mt_err err = { 0 };
	struct mt_wheel *w;

	if (mt_wheel_take(s->hands, HOST, GUEST, "killed", &w, NULL, &err) ||
	    mt_wheel_mark(w, &m, 2, &err))
		abort();
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	mt_sleep_ms(LONG);
	abort();
}

static void test_adopted(void)
{
	struct mt_err err = { 0 };
	pthread_t thread;
	uint64_t at_ns;
	autoscene s;
	int group;

	scene_new(&s, NULL);
	mt_wheel_put(s.wheel);
	s.wheel = NULL;
	at_ns = mt_now_ns();
	group = fake_group_new("killed", true);
	CHECK_INT(fake_start_in(group, &thread, "stopper", stopper, &s), 0);
	mt_sleep_ms(1000);
	CHECK_INT(hv.state, VIR_DOMAIN_PAUSED);
	/* It lives: nobody else's business. */
	CHECK_INT(mt_guard_adopt(s.guard, NULL, &err), 0);
	fake_group_kill(group);
	CHECK_INT(mt_guard_adopt(s.guard, HOST, &err), 0);
	CHECK_INT(mt_guard_adopt(s.guard, GUEST, &err), 1);
	CHECK_INT(mt_guard_adopt(s.guard, NULL, &err), 0);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(LONG)), 0);
	CHECK_INT(hv.state, VIR_DOMAIN_RUNNING);
	CHECK(ms_since(at_ns, hv.running_ns) < 6000);
	CHECK(!is_marked(&s));
}

static struct {
	int kinds[8];
	unsigned n;
} told;

static void note(const struct mt_event *ev, void *opaque)
{
	pthread_mutex_lock(&hv.lock);
	told.kinds[told.n++ % MT_ARRAY_SIZE(told.kinds)] = ev->detail;
	pthread_mutex_unlock(&hv.lock);
}

/*
 * libvirt resumes a guest whose migration ended with the connection: perhaps before anybody looked.
 * It is told all the same.
 */
static void test_adopted_too_late(void)
{
	struct mt_stop_mark m = MARK(.predicted_ms = 250, .confirmed = true);
	struct mt_err err = { 0 };
	autoscene s;

	memset(&told, 0, sizeof(told));
	scene_new(&s, &(struct mt_guard_options){ .news = note });
	m.stopped_ns = mt_now_ns();
	m.due_ns = m.stopped_ns + 4000 * MT_NS_PER_MS;
	CHECK_INT(leave_mark(&s, &m), 0);
	hv.job = false;
	CHECK_INT(mt_guard_adopt(s.guard, NULL, &err), 1);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(LONG)), 0);
	mt_sleep_ms(1000);
	CHECK_INT(told.n, 2);
	CHECK_INT(told.kinds[0], MT_GUARD_ADOPTED);
	CHECK_INT(told.kinds[1], MT_GUARD_RUNS);
	CHECK(!is_marked(&s));
}

/*
 * Dead before it could note that its call came back: the call may still be waiting at libvirtd's.
 */
static void test_adopted_unconfirmed(void)
{
	struct mt_stop_mark m = MARK(.stopped_ns = 0, .predicted_ms = 0, .name = "db1");
	struct mt_err err = { 0 };
	autoscene s;

	scene_new(&s, NULL);
	m.stopped_ns = mt_now_ns();
	m.due_ns = m.stopped_ns + 3000 * MT_NS_PER_MS;
	CHECK_INT(leave_mark(&s, &m), 0);
	CHECK_INT(mt_guard_adopt(s.guard, NULL, &err), 1);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(10000)), 1);
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(2000)), 1);
	CHECK_INT(hv.state, VIR_DOMAIN_RUNNING);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(LONG)), 0);
}

/* QEMU itself stopped it, to switch over, while our call was on its way. */
static void test_switchover_is_not_ours(void)
{
	autoscene s;

	scene_new(&s, NULL);
	hv.qemu = MT_STATUS_UNKNOWN;
	CHECK_INT(arm(&s, 0), 0);
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	CHECK_INT(news(&s, 15000), -1);
	CHECK_INT(hv.aborts, 0);
	CHECK(hv.asked_qemu);
	/* But once the call has come back with success it was ours. */
	mt_guard_suspended(s.guard, GUEST, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVING_BACK);
	CHECK_INT(news(&s, LONG), MT_GUARD_GIVEN_BACK);
}

/*
 * A limit of somebody's who has ended and that cannot be lifted: told of once, and tried again
 * every few seconds, not each time that somebody asks.
 */
static void test_limit_stuck(void)
{
	struct mt_guard_options o = { .news = note };
	struct mt_err err = { 0 };
	unsigned taken = 0;
	autoscene s;

	scene_new(&s, &o);
	told.n = 0;
	hv.lift_fails = 3;
	CHECK_INT(mt_wheel_mark_limited(s.wheel, "small:///system", "db1",
					&(struct mt_left){ .vcpus = true }, &err), 0);
	mt_wheel_put(s.wheel);
	s.wheel = NULL;
	for (unsigned i = 0; i < 40; i++) {
		int one = mt_guard_adopt(s.guard, NULL, &err);

		CHECK(one >= 0);
		taken += one > 0;
		mt_sleep_ms(500);
	}
	CHECK_INT(taken, 4);
	CHECK_INT(hv.lifts, 4);
	CHECK_INT(told.n, 2);
	CHECK_INT(told.kinds[0], MT_GUARD_TROUBLE);
	CHECK_INT(told.kinds[1], MT_GUARD_UNLIMITED);
}

/* A mark that asks for patience until the end of the year. */
static void test_adopted_nonsense(void)
{
	struct mt_stop_mark m = MARK(.predicted_ms = 100, .confirmed = true);
	struct mt_err err = { 0 };
	autoscene s;

	scene_new(&s, NULL);
	m.stopped_ns = UINT64_MAX / 2;
	m.due_ns = UINT64_MAX - 1;
	CHECK_INT(leave_mark(&s, &m), 0);
	paused(VIR_DOMAIN_PAUSED_MIGRATION);
	CHECK_INT(mt_guard_adopt(s.guard, NULL, &err), 1);
	CHECK_INT(mt_guard_wait(s.guard, mt_deadline_ns(LONG)), 0);
	CHECK_INT(hv.state, VIR_DOMAIN_RUNNING);
}

/*
 * --- what must not hold it up
 * ------------------------------------------------------------------------
 */
static void block(const struct mt_event *ev, void *opaque)
{
	pthread_mutex_lock(&hv.lock);
	hv.hanging++;
	while (!hv.released)
		mt_cond_wait(&hv.changed, &hv.lock);
	hv.hanging--;
	pthread_mutex_unlock(&hv.lock);
}

static void test_news_block(void)
{
	autoscene s;
	uint64_t at_ns;

	scene_new(&s, &(struct mt_guard_options){ .news = block });
	hv.abort_fails = 1;	/* so that there is news before it is done */
	at_ns = stop(&s, 0);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	for (int i = 0; i < 300 && hv.state != VIR_DOMAIN_RUNNING; i++)
		mt_sleep_ms(100);
	CHECK_INT(hv.state, VIR_DOMAIN_RUNNING);
	CHECK(ms_since(at_ns, hv.running_ns) < 10000);
}

/*
 * --- a person's wish
 * ---------------------------------------------------------------------------------
 */
static void test_cancel(void)
{
	volatile int cancel = 0;
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(mt_guard_watch(s.guard, s.conn, GUEST, &cancel, s.inbox), 0);
	mt_sleep_ms(1500);
	CHECK_INT(hv.aborts, 0);
	hv.abort_fails = 2;
	cancel = 1;
	mt_sleep_ms(900);
	CHECK_INT(hv.aborts, 0);
	for (int i = 0; i < 300 && hv.aborts < 3; i++)
		mt_sleep_ms(100);
	CHECK_INT(hv.aborts, 3);
	CHECK(!hv.job);
	CHECK_INT(news(&s, LONG), MT_GUARD_TROUBLE);
	CHECK_INT(news(&s, 1000), -1);
	mt_guard_unwatch(s.guard, GUEST);
}

static void test_cancel_heeded(void)
{
	volatile int cancel = 1;
	autoscene s;

	scene_new(&s, NULL);
	CHECK_INT(mt_guard_watch(s.guard, s.conn, GUEST, &cancel, s.inbox), 0);
	mt_guard_heeded(s.guard, GUEST);
	mt_sleep_ms(3000);
	CHECK_INT(hv.aborts, 0);
	mt_guard_unwatch(s.guard, GUEST);
}

static const struct ktap_case cases[] = {
	{ "a stopped guest is given back when it is due", test_given_back },
	{ "one that has moved is not", test_moved },
	{ "cancelling fails, again and again", test_abort_fails },
	{ "no job, says libvirt", test_abort_says_no_job },
	{ "cancelling hangs: the guest is given back all the same", test_abort_hangs },
	{ "the connection is lost", test_connection_lost },
	{ "the call that stops it comes late", test_call_late },
	{ "the call that stops it fails, but who knows", test_call_doubtful },
	{ "the call that stops it is refused", test_call_refused },
	{ "the call that stops it is not made", test_call_never },
	{ "one that is due at once is given back at once", test_due_at_once },
	{ "not so many at once, and none twice", test_arm_refused },
	{ "without a mark the guard stops nobody", test_no_mark },
	{ "one paused outside of a migration is left alone", test_paused_outside },
	{ "one left paused by a cancelled migration is resumed", test_left_paused },
	{ "left paused by a completed one: never resumed", test_completed_is_not_resumed },
	{ "one paused by others is left alone", test_foreign },
	{ "whoever leaves gives its guest back first", test_leave },
	{ "who leaves in vain leaves the mark", test_leave_in_vain },
	{ "a mark whose owner died is adopted, its guest given back", test_adopted },
	{ "that a guest was adopted is told even where it runs already", test_adopted_too_late },
	{ "a stop nobody confirmed is watched when adopted", test_adopted_unconfirmed },
	{ "one stopped by QEMU itself is not ours", test_switchover_is_not_ours },
	{ "a mark that asks for endless patience gets none", test_adopted_nonsense },
	{ "a limit that cannot be lifted is told of once", test_limit_stuck },
	{ "a reader of news that blocks holds up no guest", test_news_block },
	{ "a wish to cancel that is not heeded: the guard cancels itself", test_cancel },
	{ "a wish to cancel that is heeded: the guard need not", test_cancel_heeded },
};

int main(void)
{
	mt_conn_open_use(hv_open);
	mt_cond_init(&hv.changed);
	return ktap_main(cases, MT_ARRAY_SIZE(cases));
}
