// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * process.c - processes of ours in the fake world
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "process.h"
#include "trace.h"
#include "truth.h"

#define ADOPT_MS	1000

struct fake_how fake_hows[FAKE_GUESTS];
struct fake_setup fake_setup;
struct fake_process fake_processes[FAKE_PROCESSES];

/* One migration that is supervised. */
struct worker {
	struct worker *next;
	struct program *program;
	struct fake_guest *guest;
	struct mt_conn *conn;
	struct mt_inbox *inbox;
	int subscription;
	pthread_t thread;
	bool done;
};

/* What a process has in its memory. */
struct program {
	struct fake_process *p;
	struct mt_conn *conn;
	struct mt_hands *hands;
	struct mt_guard *guard;
	struct mt_host_lock *lock;
	char host[VIR_UUID_STRING_BUFLEN];
	pthread_mutex_t mutex;		/* of the workers */
	struct worker *workers;
	struct mt_inbox *inbox;		/* the main thread's */
	bool leaving;
	bool second;			/* another daemon acts */
};

static void told(const struct program *prog, const char *text)
{
	fake_trace("note: %s", text);
	truth_told(prog->p->group, text);
	__atomic_add_fetch(&prog->p->notes, 1, __ATOMIC_RELAXED);
}

static void on_progress(const struct mt_progress *p, void *opaque)
{
	const struct worker *w = opaque;

	if (p->note)
		told(w->program, p->note);
	if (p->acts && p->plan && p->plan->action == MT_ACTION_STOP &&
	    p->plan->implied_downtime_ms >= 0)
		truth_predicted(w->guest, p->plan->implied_downtime_ms);
}

static void on_guard_news(const struct mt_event *ev, void *opaque)
{
	char text[400];

	snprintf(text, sizeof(text), "guard: %s", ev->text);
	told(opaque, text);
}

static struct mt_recorder *open_recorder(const struct worker *w)
{
	struct mt_record_header h = {
		.domain = w->guest->name, .uuid = w->guest->uuid, .policy = "test",
		.mode = "supervise", .source = FAKE_URI_SOURCE,
		.start_wall_ms = mt_wall_us() / 1000, .start_t_ns = mt_now_ns(),
	};
	struct mt_recorder *r = NULL;
	struct mt_err err = { 0 };
	char path[400];

	if (!fake_hows[w->guest->index].record)
		return NULL;
	snprintf(path, sizeof(path), "%s/recordings/%s.%d.%u", fake_setup.directory, w->guest->uuid,
		 w->program->p->group, w->guest->job.number);
	if (mt_recorder_open(&r, path, &h, &err)) {
		told(w->program, err.msg);
		return NULL;
	}
	/* Who supervises waits for no disk. */
	if (mt_recorder_go_behind(&r, &err))
		told(w->program, err.msg);
	return r;
}

/* What is said of a guest in the end has to be true then. */
static void check_outcome(struct fake_guest *g, const struct mt_supervise_result *r, int group)
{
	bool here, there;

	fake_lock();
	here = g->side[FAKE_SOURCE].here && g->side[FAKE_SOURCE].state == VIR_DOMAIN_RUNNING;
	there = g->side[FAKE_DESTINATION].here &&
		g->side[FAKE_DESTINATION].state == VIR_DOMAIN_RUNNING;
	fake_release();
	if ((r->outcome == MT_OUTCOME_COMPLETED && !there) ||
	    (r->outcome == MT_OUTCOME_LOST && (here || there)) ||
	    (r->outcome == MT_OUTCOME_PAUSED && there &&
	     strstr(r->detail, "does not run elsewhere")))
		truth_fail("%s is said to be %s: %s; but it runs %s", g->name,
			   mt_outcome_name(r->outcome), r->detail,
			   there ? "at the destination" :
			   here	 ? "at the source" :
				   "nowhere");
	if (r->outcome == MT_OUTCOME_ABORTED || r->outcome == MT_OUTCOME_FAILED ||
	    r->outcome == MT_OUTCOME_PAUSED)
		truth_stayed(g, group);
}

/* As libvirt would have it: once its call has returned, there is no job of the one before. */
static int begin_again(enum mt_method method, unsigned throttle_percent, void *opaque,
		       struct mt_err *err)
{
	struct worker *w = opaque;
	char what[48];

	while (__atomic_load_n(&w->guest->playing, __ATOMIC_ACQUIRE))
		mt_sleep_ms(1);
	fake_count("begun again");
	snprintf(what, sizeof(what), "%.20s: begin again", fake_hows[w->guest->index].policy->name);
	fake_count(what);
	fake_guest_migrate_again(w->guest, method, throttle_percent, mt_inbox_post, w->inbox);
	return 0;
}

static void supervise(struct worker *w, struct mt_wheel *wheel, bool ours)
{
	struct program *prog = w->program;
	const struct fake_how *how = &fake_hows[w->guest->index];
	struct mt_recorder *r = open_recorder(w);
	const char *const destinations[] = { FAKE_URI_DESTINATION, NULL };
	struct mt_supervise_result *result = &prog->p->result[w->guest->index];
	struct mt_err err = { 0 };
	int rc;

	rc = mt_supervise(w->conn, w->inbox, w->guest->uuid, &(struct mt_supervise_options){
		.policy = how->policy,
		.actuators = how->observe ? &mt_actuators_dry : &mt_actuators_libvirt,
		.limits = how->limits,
		.destinations = destinations,
		.recorder = r,
		.ours = ours,
		.guard = prog->guard,
		.hands = prog->hands,
		.who = fake_group_name(prog->p->group),
		.wheel = wheel,
		.others = how->others,
		.observe = &prog->p->observe,
		.cancel = &prog->p->cancel,
		.leave = &prog->p->leave,
		.begin_again = ours ? begin_again : NULL,
		.begin_again_opaque = w,
		.progress = on_progress,
		.opaque = w,
	}, result, &err);
	if (rc) {
		told(prog, err.msg);
	} else {
		prog->p->has_result[w->guest->index] = true;
		if (!result->left) {
			fake_count(mt_outcome_name(result->outcome));
			told(prog, result->detail);
			check_outcome(w->guest, result, prog->p->group);
		}
	}
	if (r && mt_recorder_close(r, &err))
		told(prog, err.msg);
}

/* exit() */
void fake_process_ended(struct fake_process *p)
{
	truth_process(p->group, false);
	p->ended_ns = mt_now_ns();
	__atomic_store_n(&p->ended, true, __ATOMIC_RELEASE);
}

/* --- a supervisor ------------------------------------------------------------------- */
static void wake(struct program *prog)
{
	const struct mt_event ev = { .kind = MT_EVENT_WAKE };

	mt_inbox_post(&ev, prog->inbox);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct mt_domain_info info;
	struct mt_err err = { 0 };

	if (mt_conn_peer(w->program->conn, NULL, &w->conn, &err)) {
		told(w->program, err.msg);
	} else {
		if (!mt_domain_info(w->conn, w->guest->uuid, &info, &err) && info.migrating_out)
			supervise(w, NULL, false);
		mt_conn_close(w->conn);
	}
	pthread_mutex_lock(&w->program->mutex);
	w->done = true;
	pthread_mutex_unlock(&w->program->mutex);
	wake(w->program);
	return NULL;
}

/* With the mutex held. */
static void begin(struct program *prog, struct fake_guest *g, const struct mt_event *ev)
{
	struct worker *w = calloc(1, sizeof(*w));

	w->program = prog;
	w->guest = g;
	w->inbox = mt_inbox_new();
	if (ev)
		mt_inbox_post(ev, w->inbox);
	if (mt_thread_start(&w->thread, "worker", work, w)) {
		mt_inbox_free(w->inbox);
		free(w);
		return;
	}
	w->next = prog->workers;
	prog->workers = w;
}

static void on_event(const struct mt_event *ev, void *opaque)
{
	struct program *prog = opaque;
	bool has = false;

	pthread_mutex_lock(&prog->mutex);
	for (struct worker *w = prog->workers; w; w = w->next)
		if (!w->done && (!ev->uuid[0] || !strcmp(ev->uuid, w->guest->uuid))) {
			mt_inbox_post(ev, w->inbox);
			has = true;
		}
	if (!has && !prog->leaving &&
	    (ev->kind == MT_EVENT_ITERATION ||
	     (ev->kind == MT_EVENT_MIGRATION &&
	      (ev->status == MT_STATUS_SETUP || ev->status == MT_STATUS_ACTIVE))))
		begin(prog, fake_guest_find(ev->uuid), ev);
	pthread_mutex_unlock(&prog->mutex);
	if (ev->kind == MT_EVENT_CONN_UP)
		mt_inbox_post(ev, prog->inbox);
}

static bool reap(struct program *prog)
{
	struct worker **link = &prog->workers, *w;
	bool none;

	pthread_mutex_lock(&prog->mutex);
	while ((w = *link)) {
		if (!w->done) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		pthread_mutex_unlock(&prog->mutex);
		mt_thread_join(w->thread);
		mt_inbox_free(w->inbox);
		free(w);
		pthread_mutex_lock(&prog->mutex);
		link = &prog->workers;
	}
	none = !prog->workers;
	pthread_mutex_unlock(&prog->mutex);
	return none;
}

/* Who migrates already: workers find out, so that no guest is waited for here. */
static void scan(struct program *prog)
{
	struct mt_domain_name *list = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;

	if (mt_domain_names(prog->conn, &list, &n, &err)) {
		told(prog, err.msg);
		return;
	}
	pthread_mutex_lock(&prog->mutex);
	for (size_t i = 0; i < n; i++) {
		struct worker *w = prog->workers;

		while (w && (w->done || strcmp(w->guest->uuid, list[i].uuid)))
			w = w->next;
		if (!w)
			begin(prog, fake_guest_find(list[i].uuid), NULL);
	}
	pthread_mutex_unlock(&prog->mutex);
	free(list);
}

static bool leaves(const struct program *prog)
{
	return __atomic_load_n(&prog->p->leave, __ATOMIC_ACQUIRE);
}

static int connect_first(struct program *prog)
{
	struct mt_err err = { 0 };

	while (!leaves(prog)) {
		if (!mt_conn_open(&prog->conn, NULL, &err))
			return 0;
		err = (struct mt_err){ 0 };
		mt_sleep_ms(500);
	}
	return -ECANCELED;
}

static int open_guard(struct program *prog, const char *who)
{
	struct mt_err err = { 0 };
	char path[300];
	int rc;

	snprintf(path, sizeof(path), "%s/hands", fake_setup.directory);
	rc = mt_hands_open(&prog->hands, path, &err);
	if (!rc)
		rc = mt_guard_new(&prog->guard, &(struct mt_guard_options){
			.hands = prog->hands, .who = who, .max_stopped = fake_setup.max_stopped,
			.news = on_guard_news, .opaque = prog,
		}, &err);
	if (rc)
		truth_fail("no guard: %s", err.msg);
	return rc;
}

static void close_guard(struct program *prog)
{
	mt_host_lock_drop(prog->lock);
	mt_guard_free(prog->guard);
	mt_hands_close(prog->hands);
}

/* A program's orderly end: it gives back what it holds. @id: of its subscription, if above 0. */
static void *ended(struct program *prog, int id)
{
	struct fake_process *p = prog->p;

	if (id > 0)
		mt_conn_unsubscribe(prog->conn, id);
	if (prog->conn)
		mt_conn_close(prog->conn);
	close_guard(prog);
	mt_inbox_free(prog->inbox);
	pthread_mutex_destroy(&prog->mutex);
	free(prog);
	fake_process_ended(p);
	return NULL;
}

static void adopt(struct program *prog, const char *uuid)
{
	struct mt_err err = { 0 };
	int n = mt_guard_adopt(prog->guard, uuid, &err);

	if (n < 0)
		told(prog, err.msg);
	for (; n > 0; n--)
		fake_count("mark adopted");
}

/* A second daemon only watches, and tries again. */
static void lock_host(struct program *prog)
{
	struct mt_err err = { 0 };

	if (!prog->lock && !*prog->host && mt_hands_host(prog->conn, prog->host, &err))
		told(prog, err.msg);
	err = (struct mt_err){ 0 };
	if (!prog->lock && *prog->host &&
	    mt_host_lock_take(prog->hands, prog->host, fake_group_name(prog->p->group), &prog->lock,
			      NULL, &err)) {
		if (!prog->second)
			told(prog, err.msg);
		fake_count("second daemon observes");
	}
	prog->second = !prog->lock;
	__atomic_store_n(&prog->p->observe,
			 prog->second || __atomic_load_n(&prog->p->reloaded, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

static void *supervisor(void *arg)
{
	struct program *prog = calloc(1, sizeof(*prog));
	uint64_t next_ns = 0;
	struct mt_event ev;
	int id = 0;

	prog->p = arg;
	pthread_mutex_init(&prog->mutex, NULL);
	prog->inbox = mt_inbox_new();
	if (!open_guard(prog, "supervisor") && !connect_first(prog)) {
		adopt(prog, NULL);
		lock_host(prog);
		while (!leaves(prog) &&
		       (id = mt_conn_subscribe(prog->conn, NULL, on_event, prog)) < 0)
			mt_sleep_ms(500);
		if (id > 0)
			scan(prog);
		while (!leaves(prog)) {
			int rc = mt_inbox_take(prog->inbox, &ev, ADOPT_MS);

			reap(prog);
			if (!rc && ev.kind == MT_EVENT_CONN_UP)
				scan(prog);
			if (mt_now_ns() < next_ns)
				continue;
			next_ns = mt_now_ns() + ADOPT_MS * MT_NS_PER_MS;
			adopt(prog, NULL);
			lock_host(prog);
		}
	}
	pthread_mutex_lock(&prog->mutex);
	prog->leaving = true;
	for (struct worker *w = prog->workers; w; w = w->next)
		mt_inbox_post(&(struct mt_event){ .kind = MT_EVENT_WAKE }, w->inbox);
	pthread_mutex_unlock(&prog->mutex);
	if (prog->guard && mt_guard_leave(prog->guard, FAKE_LEAVE_MS))
		fake_count("mark left behind");
	for (uint64_t until_ns = mt_now_ns() + (fake_setup.leaks ? 2 : 250) * MT_NS_PER_S;
	     !reap(prog) && mt_now_ns() < until_ns;)
		(void)mt_inbox_take(prog->inbox, &ev, 100);
	/* What hangs in a call ends with the process. */
	if (!reap(prog)) {
		fake_count("process ends while a call hangs");
		fake_process_ended(prog->p);
		return NULL;
	}
	return ended(prog, id);
}

/* --- the tool and its guardian --------------------------------------------------------- */
static struct fake_process *new_process(const char *name, enum fake_process_kind kind)
{
	for (size_t i = 0; i < FAKE_PROCESSES; i++) {
		struct fake_process *p = &fake_processes[i];

		if (p->used)
			continue;
		memset(p, 0, sizeof(*p));
		p->used = true;
		p->kind = kind;
		p->group = fake_group_new(name, fake_setup.leaks);
		return p;
	}
	return NULL;
}

static void launch(struct fake_process *p, void *(*fn)(void *))
{
	truth_process(p->group, true);
	if (fake_start_in(p->group, NULL, "main", fn, p))
		truth_fail("no thread for %s", fake_group_name(p->group));
}

/* A mark that nobody has seen to yet: it is tried again, as migtrace guard does. */
static bool waits_for_lift(struct program *prog)
{
	struct mt_stop_mark *list;
	size_t n;

	if (mt_hands_limited(prog->hands, &list, &n, NULL))
		return false;
	free(list);
	if (n)
		mt_sleep_ms(ADOPT_MS);
	return n;
}

/* `migtrace guard --parent-fd`: waits for its parent's end, then for its parent's guests. */
static void *guardian(void *arg)
{
	struct program *prog = calloc(1, sizeof(*prog));
	struct fake_process *p = arg, *parent = &fake_processes[p->cancel];

	prog->p = p;
	pthread_mutex_init(&prog->mutex, NULL);
	while (fake_process_lives(parent))
		mt_sleep_ms(50);
	if (!open_guard(prog, "guardian")) {
		uint64_t until_ns = mt_now_ns() + 600 * MT_NS_PER_S;

		do {
			adopt(prog, p->guest->uuid);
		} while ((mt_guard_wait(prog->guard, mt_now_ns() + MT_NS_PER_S) ||
			  waits_for_lift(prog)) &&
			 mt_now_ns() < until_ns && !p->leave);
		close_guard(prog);
	}
	pthread_mutex_destroy(&prog->mutex);
	free(prog);
	fake_process_ended(p);
	return NULL;
}

static void *tool(void *arg)
{
	struct program *prog = calloc(1, sizeof(*prog));
	struct worker w = { .program = prog };
	struct mt_wheel *wheel = NULL;
	struct fake_process *p = arg;
	struct mt_err err = { 0 };
	int id = -1;

	prog->p = p;
	w.guest = p->guest;
	pthread_mutex_init(&prog->mutex, NULL);
	w.inbox = prog->inbox = mt_inbox_new();
	if (open_guard(prog, "migtrace migrate") || mt_conn_open(&prog->conn, NULL, &err)) {
		told(prog, err.msg);
	} else {
		w.conn = prog->conn;
		id = mt_conn_subscribe(prog->conn, p->guest->uuid, mt_inbox_post, prog->inbox);
	}
	if (id > 0 && mt_hands_host(prog->conn, prog->host, &err)) {
		told(prog, err.msg);
		mt_conn_unsubscribe(prog->conn, id);
		id = -1;
	}
	if (id > 0 && mt_wheel_take(prog->hands, prog->host, p->guest->uuid, "migtrace migrate",
				    &wheel, NULL, &err))
		told(prog, err.msg);
	if (id > 0) {
		fake_guest_migrate(p->guest, mt_inbox_post, prog->inbox);
		supervise(&w, wheel, true);
		/* The migration call is not waited for: it ends by itself, and tells nobody. */
		fake_lock();
		p->guest->done = NULL;
		fake_release();
	}
	if (prog->guard && mt_guard_leave(prog->guard, FAKE_LEAVE_MS))
		fake_count("mark left behind");
	mt_wheel_put(wheel);
	return ended(prog, id);
}

/* --- the interface ----------------------------------------------------------------------- */
struct fake_process *fake_supervisor_start(const char *name)
{
	struct fake_process *p = new_process(name, FAKE_SUPERVISOR);

	launch(p, supervisor);
	return p;
}

struct fake_process *fake_daemon_start(const char *name)
{
	struct fake_process *p = new_process(name, FAKE_DAEMON);

	launch(p, fake_daemon_main);
	return p;
}

struct fake_process *fake_tool_start(const char *name, struct fake_guest *g)
{
	struct fake_process *p = new_process(name, FAKE_TOOL);

	p->guest = g;
	struct fake_process *guard = new_process("guardian", FAKE_GUARDIAN);

	guard->guest = g;
	guard->cancel = (int)(p - fake_processes);	/* whom it waits for */
	truth_process(p->group, true);
	launch(guard, guardian);
	launch(p, tool);
	return p;
}

bool fake_process_lives(const struct fake_process *p)
{
	return p->used && !__atomic_load_n(&p->ended, __ATOMIC_ACQUIRE) &&
	       !fake_group_is_dead(p->group);
}

static void gone(struct fake_process *p)
{
	truth_process(p->group, false);
	fake_host_cut(FAKE_SOURCE, p->group);
	fake_group_kill(p->group);
}

void fake_process_kill(struct fake_process *p)
{
	fake_count("killed");
	if (truth_ours())
		fake_count("killed while a guest is stopped by us");
	fake_trace("kill -9 %s", fake_group_name(p->group));
	gone(p);
	__atomic_store_n(&p->ended, true, __ATOMIC_RELEASE);
}

void fake_process_terminate(struct fake_process *p)
{
	fake_count("terminated");
	if (truth_ours())
		fake_count("terminated while a guest is stopped by us");
	fake_trace("SIGTERM to %s", fake_group_name(p->group));
	__atomic_store_n(&p->leave, 1, __ATOMIC_RELEASE);
	fake_daemon_poke(p);
}

void fake_process_cancel(struct fake_process *p)
{
	fake_count("cancelled by its user");
	truth_wished(p->group);
	__atomic_store_n(&p->cancel, 1, __ATOMIC_RELEASE);
}

void fake_process_observe(struct fake_process *p, bool observe)
{
	fake_count("reload to observe");
	__atomic_store_n(&p->reloaded, observe, __ATOMIC_RELEASE);
	if (p->kind != FAKE_DAEMON) {
		__atomic_store_n(&p->observe, observe, __ATOMIC_RELEASE);
		return;
	}
	/* It holds from when the reload has been answered. */
	fake_daemon_poke(p);
	for (int i = 0;
	     i < 1000 && fake_process_lives(p) && __atomic_load_n(&p->daemon, __ATOMIC_ACQUIRE) &&
	     __atomic_load_n(&p->observe, __ATOMIC_ACQUIRE) != observe;
	     i++)
		mt_sleep_ms(1);
}

#define EXIT_MS	500

/* A call that a QEMU does not answer holds its thread: with a real process that ends, too. */
static bool qemu_hangs(void)
{
	for (size_t i = 0; i < fake_hv.n_guests; i++)
		if (mt_now_ns() < fake_hv.guests[i].hung_until_ns + EXIT_MS * MT_NS_PER_MS)
			return true;
	return false;
}

void fake_processes_bury(void)
{
	char names[256];

	for (size_t i = 0; i < FAKE_PROCESSES; i++) {
		struct fake_process *p = &fake_processes[i];

		if (!p->used || !__atomic_load_n(&p->ended, __ATOMIC_ACQUIRE) ||
		    fake_group_is_dead(p->group) || qemu_hangs() ||
		    mt_now_ns() < p->ended_ns + EXIT_MS * MT_NS_PER_MS)
			continue;
		if (fake_group_threads(p->group) && !fake_setup.leaks)
			truth_fail("%s left a thread behind: %s", fake_group_name(p->group),
				   (fake_group_list(names, sizeof(names)), names));
		if (fake_group_threads(p->group))
			gone(p);
	}
}

const char *fake_processes_end(void)
{
	static char what[256];
	char names[256];

	for (size_t i = 0; i < FAKE_PROCESSES; i++)
		if (fake_process_lives(&fake_processes[i])) {
			__atomic_store_n(&fake_processes[i].leave, 1, __ATOMIC_RELEASE);
			fake_daemon_poke(&fake_processes[i]);
		}
	for (size_t i = 0; i < FAKE_PROCESSES; i++) {
		struct fake_process *p = &fake_processes[i];
		/* One that waits for a call that never comes back ends when all do: see there. */
		bool patient = fake_hv.over || !fake_setup.leaks;
		uint64_t until_ns = mt_now_ns() + (patient ? 300 : 30) * MT_NS_PER_S;

		if (!p->used || fake_group_is_dead(p->group))
			continue;
		while (!__atomic_load_n(&p->ended, __ATOMIC_ACQUIRE) && mt_now_ns() < until_ns)
			mt_sleep_ms(50);
		if (!p->ended && patient) {
			snprintf(what, sizeof(what), "%s does not end within 300 s",
				 fake_group_name(p->group));
			return what;
		}
		if (!fake_setup.leaks &&
		    !fake_group_wait(p->group, mt_now_ns() + 60 * MT_NS_PER_S)) {
			fake_group_list(names, sizeof(names));
			snprintf(what, sizeof(what), "%s left a thread behind: %.160s",
				 fake_group_name(p->group), names);
			return what;
		}
	}
	return NULL;
}

void fake_processes_reset(void)
{
	memset(fake_processes, 0, sizeof(fake_processes));
	memset(fake_hows, 0, sizeof(fake_hows));
}

/* --- the directory -------------------------------------------------------------------------- */
void fake_directory_make(void)
{
	const char *base = getenv("TMPDIR");
	char path[300];

	snprintf(fake_setup.directory, sizeof(fake_setup.directory), "%s/migtrace-fake.XXXXXX",
		 base ? base : access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(fake_setup.directory))
		abort();
	snprintf(path, sizeof(path), "%s/recordings", fake_setup.directory);
	if (mkdir(path, 0700))
		abort();
	snprintf(path, sizeof(path), "%s/hands", fake_setup.directory);
	if (mkdir(path, 0700))
		abort();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void fake_directory_remove(void)
{
	nftw(fake_setup.directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void fake_processes_judge(void)
{
	const char *what = fake_processes_end();

	if (what)
		truth_fail("%s", what);
	truth_conclude();
	for (int group = 1; group < FAKE_GROUPS && !fake_setup.leaks; group++)
		if (fake_conns(group) || fake_files_open(group, false))
			truth_fail("%s left %u connections and %u files open",
				   fake_group_name(group), fake_conns(group),
				   fake_files_open(group, true));
}

void fake_processes_let_go(void)
{
	const char *what;

	fake_hv_over();
	/* Now all calls come back: what still does not end is ours to find. */
	what = fake_processes_end();
	if (what)
		truth_fail("%s, though all calls have come back", what);
	for (size_t i = 0; i < FAKE_PROCESSES; i++)
		if (fake_processes[i].used && !fake_group_is_dead(fake_processes[i].group) &&
		    fake_group_threads(fake_processes[i].group))
			fake_process_kill(&fake_processes[i]);
	mt_sleep_ms(60000);
}
