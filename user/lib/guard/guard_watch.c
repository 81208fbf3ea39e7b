// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard_watch.c - a thread that looks after one stopped guest
 *
 * It has a connection of its own, opened while the guest is being stopped. More than one is at work
 * on a guest only while the others hang in a call; one that comes back and is not needed any more
 * ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "guard_ward.h"

#define SHOULD_BE_OFF	"the guest was stopped to send the rest and should have moved long ago"

struct watcher {
	struct mt_guard *g;
	struct ward *w;
	unsigned slot;
	struct mt_conn *conn;
	uint64_t wake_ns;
};

/* --- news ---------------------------------------------------------------------------- */
/* What was done comes before what is told of it. */
static void tell_action(struct watcher *t, enum guard_action action, int error,
			const struct mt_err *err)
{
	struct ward *w = t->w;
	char text[512];

	pthread_mutex_lock(&t->g->lock);
	if (w->over) {
		/* The call hung, and others have seen to the guest. */
	} else if (!error && !w->told_giving) {
		w->told_giving = true;
		snprintf(text, sizeof(text), "%s: %s, so that it goes on running here",
			 *w->why ? w->why : SHOULD_BE_OFF,
			 action == GUARD_ABORT ? "cancelled" : "resumed");
		guard_post(t->g, w, MT_GUARD_GIVING_BACK, text);
	} else if (error && !w->told_trouble && !(error == -EBUSY && w->state.aborts_done)) {
		w->told_trouble = true;
		snprintf(text, sizeof(text), "%s, and %s failed: %.200s; tried again",
			 *w->why ? w->why : SHOULD_BE_OFF,
			 action == GUARD_ABORT ? "cancelling" : "resuming", err->msg);
		guard_post(t->g, w, MT_GUARD_TROUBLE, text);
	}
	pthread_mutex_unlock(&t->g->lock);
}

/* --- a look ----------------------------------------------------------------------------- */
static void drop_conn(struct watcher *t)
{
	mt_conn_close(t->conn);
	t->conn = NULL;
}

static void look(struct watcher *t, struct guard_seen *seen)
{
	struct mt_domain_state now;
	struct mt_err err = { 0 };

	*seen = (struct guard_seen){ 0 };
	if (!t->conn) {
		seen->error = mt_conn_open(&t->conn, t->w->mark.uri, &err);
		/* "No such domain" is what only a hypervisor can say. */
		if (seen->error) {
			t->conn = NULL;
			seen->error = -ECONNREFUSED;
			return;
		}
	}
	seen->error = mt_domain_state(t->conn, t->w->mark.uuid, &now, &err);
	if (seen->error == -ECONNRESET)
		drop_conn(t);
	seen->state = now.state;
	seen->reason = now.reason;
}

static void ask_job(struct watcher *t, struct guard_seen *seen)
{
	struct mt_err err = { 0 };
	struct mt_sample s;

	if (mt_domain_sample(t->conn, t->w->mark.uuid, &s, &err))
		seen->job = GUARD_JOB_NOT_TOLD;
	else if (mt_status_is_over(s.status))
		seen->job = GUARD_JOB_NONE;
	else
		seen->job = GUARD_JOB_ACTIVE;
}

static void ask_qemu(struct watcher *t, struct guard_seen *seen)
{
	struct mt_err err = { 0 };

	seen->qemu_asked = true;
	seen->qemu_told = !mt_domain_migrate_status(t->conn, t->w->mark.uuid, &seen->qemu, &err);
}

/* --- the end ------------------------------------------------------------------------------- */
static void leave_list(struct mt_guard *g, struct ward *w)
{
	struct ward **link = &g->wards;

	while (*link && *link != w)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = w->next;
	w->over = true;
	w->inbox = NULL;		/* its owner finds us no more, and may free it */
	mt_cond_wake(&g->changed);
	guard_ward_put(g, w);
}

/* The mark goes first: from then on nobody looks after the guest, and nobody needs to. */
static void end(struct watcher *t, const struct guard_plan *plan)
{
	struct mt_wheel *wheel = NULL, *listed = NULL;
	struct ward *w = t->w;
	char text[256];
	int ret = -EALREADY;
	bool adopted;

	t->wake_ns = mt_deadline_ns(MT_MS_PER_S);
	pthread_mutex_lock(&t->g->lock);
	if (!w->over)
		wheel = mt_wheel_get(w->wheel);
	pthread_mutex_unlock(&t->g->lock);
	if (wheel)
		ret = mt_wheel_unmark(wheel);
	pthread_mutex_lock(&t->g->lock);
	if (!ret && !w->over && !t->g->closing) {
		snprintf(text, sizeof(text), "the guest %s", plan->text);
		if (w->state.call != GUARD_CALL_NEVER)
			guard_post(t->g, w, plan->news, text);
		listed = w->wheel;
		w->wheel = NULL;
		leave_list(t->g, w);
	}
	adopted = !ret && w->adopted;
	pthread_mutex_unlock(&t->g->lock);
	/* Who stopped it has ended: what else that one has left is nobody's but ours. */
	if (adopted)
		guard_lift(t->g, wheel, t->conn, &w->mark);
	/* Others may have it now, whatever thread of ours still hangs. */
	mt_wheel_put(wheel);
	mt_wheel_put(listed);
}

/* --- a step ---------------------------------------------------------------------------------- */
static void act(struct watcher *t, enum guard_action action)
{
	struct ward *w = t->w;
	struct mt_err err = { 0 };
	int ret;

	ret = action == GUARD_ABORT ? mt_domain_abort(t->conn, w->mark.uuid, &err) :
	      mt_domain_resume(t->conn, w->mark.uuid, &err);
	pthread_mutex_lock(&t->g->lock);
	guard_acted(&w->state, action, ret, mt_now_ns());
	pthread_mutex_unlock(&t->g->lock);
	if (ret == -ECONNRESET)
		drop_conn(t);
	tell_action(t, action, ret, &err);
}

/* That nothing more can come is for whoever adopts it. */
static void confirm(struct watcher *t)
{
	struct mt_err ignored = { 0 };
	struct mt_wheel *wheel = NULL;
	struct mt_stop_mark mark;

	pthread_mutex_lock(&t->g->lock);
	if (t->w->state.call == GUARD_CALL_BACK && !t->w->mark.confirmed && !t->w->over &&
	    t->w->threads == 1) {
		t->w->mark.confirmed = true;
		mark = t->w->mark;
		wheel = mt_wheel_get(t->w->wheel);
	}
	pthread_mutex_unlock(&t->g->lock);
	/* Where that fails it is watched for longer than it needs to be. */
	if (wheel && mt_wheel_mark(wheel, &mark, 0, &ignored))
		ignored.msg[0] = '\0';
	mt_wheel_put(wheel);
}

static void step(struct watcher *t)
{
	struct guard_seen seen;
	struct guard_plan plan;

	look(t, &seen);
	for (;;) {
		pthread_mutex_lock(&t->g->lock);
		if (t->w->over || t->g->closing)
			plan = (struct guard_plan){ .action = GUARD_WAIT };
		else
			guard_decide(&t->w->state, &seen, mt_now_ns(), &plan);
		pthread_mutex_unlock(&t->g->lock);
		t->wake_ns = plan.wake_ns;
		switch (plan.action) {
		case GUARD_WAIT:
			confirm(t);
			return;
		case GUARD_ASK_JOB:
			ask_job(t, &seen);
			break;
		case GUARD_ASK_QEMU:
			ask_qemu(t, &seen);
			break;
		case GUARD_ABORT:
		case GUARD_RESUME:
			act(t, plan.action);
			return;
		case GUARD_END:
			end(t, &plan);
			return;
		}
	}
}

/*
 * --- the thread ---------------------------------------------------------------------------------
 */
/* With the lock held. Whether others are at work on it that do not hang. */
static bool others_work(const struct watcher *t)
{
	uint64_t now_ns = mt_now_ns();
	unsigned working = t->w->threads - 1;

	for (unsigned i = 0; i < GUARD_THREADS_MAX; i++)
		if (i != t->slot && t->w->busy_since_ns[i] &&
		    now_ns - t->w->busy_since_ns[i] >= GUARD_STUCK_MS * MT_NS_PER_MS)
			working--;
	return working > 0;
}

/* With the lock held. */
static bool wait_for_work(struct watcher *t)
{
	struct ward *w = t->w;

	while (!w->over && !t->g->closing && !w->look && mt_now_ns() < t->wake_ns)
		mt_cond_wait_until(&t->g->changed, &t->g->lock, t->wake_ns);
	w->look = false;
	return !w->over && !t->g->closing;
}

static void *look_after(void *arg)
{
	struct watcher *t = arg;
	struct mt_guard *g = t->g;
	bool conn;

	pthread_mutex_lock(&g->lock);
	while (wait_for_work(t)) {
		t->w->busy_since_ns[t->slot] = mt_now_ns();
		pthread_mutex_unlock(&g->lock);
		step(t);
		pthread_mutex_lock(&g->lock);
		t->w->busy_since_ns[t->slot] = 0;
		if (others_work(t))
			break;
	}
	/*
	 * The slot is the thread's until its connection is closed, too, which may hang like any
	 * call.
	 */
	conn = t->conn;
	if (conn) {
		pthread_mutex_unlock(&g->lock);
		drop_conn(t);
		pthread_mutex_lock(&g->lock);
	}
	t->w->threads--;
	t->w->slots &= ~(1U << t->slot);
	guard_ward_put(g, t->w);
	free(t);
	guard_thread_end(g);
	return NULL;
}

int guard_look_after(struct mt_guard *g, struct ward *w)
{
	struct watcher *t = calloc(1, sizeof(*t));
	unsigned slot = 0;
	int ret;

	while (w->slots & (1U << slot))
		slot++;
	if (!t || slot >= GUARD_THREADS_MAX) {
		free(t);
		return t ? -EAGAIN : -ENOMEM;
	}
	t->g = g;
	t->w = w;
	t->slot = slot;
	w->refs++;
	w->threads++;
	w->slots |= 1U << slot;
	w->busy_since_ns[slot] = 0;
	ret = guard_thread(g, "guard-watch", look_after, t);
	if (ret) {
		w->refs--;
		w->threads--;
		w->slots &= ~(1U << slot);
		free(t);
	}
	return ret;
}
