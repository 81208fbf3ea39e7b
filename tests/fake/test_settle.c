// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_settle.c - where a guest is said to be after a migration, against where it is
 *
 * The sides of a guest are put as they are wanted; mt_settle() asks both hosts as it would after a
 * migration, and time that it takes is the fake's.
 */
#include "steer/settle.h"
#include "scene.h"

struct asked {
	struct fake_guest *g;
	struct mt_conn *conn;
	struct mt_settle_input in;
	enum mt_outcome outcome;
	const char *found;
	char detail[512];
	uint64_t ms;			/* it took */
};

static const char *const both[] = { FAKE_URI_DESTINATION, NULL };
static const char *const hung_first[] = { FAKE_URI_NOWHERE, FAKE_URI_DESTINATION, NULL };

static void put(struct fake_guest *g, int host, bool here, int state, int reason)
{
	fake_lock();
	g->side[host] = (struct fake_side){ .here = here, .state = state, .reason = reason };
	fake_release();
}

static bool begin(struct asked *a)
{
	struct mt_err err = { 0 };

	memset(a, 0, sizeof(*a));
	a->g = scene_begin(false);
	if (mt_conn_open(&a->conn, NULL, &err))
		return false;
	a->in = (struct mt_settle_input){ .source = a->conn,
					  .uuid = a->g->uuid,
					  .destinations = both };
	return true;
}

static void ask(struct asked *a)
{
	uint64_t begin_ns = mt_now_ns();

	a->outcome = mt_settle(&a->in, a->detail, sizeof(a->detail), &a->found);
	a->ms = (mt_now_ns() - begin_ns) / MT_NS_PER_MS;
	fake_trace("%s after %llu ms: %s", mt_outcome_name(a->outcome), (unsigned long long)a->ms,
		   a->detail);
}

static const char *end(struct asked *a)
{
	mt_conn_close(a->conn);
	return scene_end();
}

#define END(a) do { \
	const char *violation = end(a); \
	if (violation) { \
		printf("# %s:%d: %s\n", __FILE__, __LINE__, violation); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

/* --- the table ------------------------------------------------------------------------ */
enum { GONE, RUNS, PAUSED, OFF, MOVED, POSTCOPY };

static const struct fake_side sides[] = {
	[GONE] = { .here = false },
	[RUNS] = { .here = true, .state = VIR_DOMAIN_RUNNING, .reason = VIR_DOMAIN_RUNNING_BOOTED },
	[PAUSED] = { .here = true,
		     .state = VIR_DOMAIN_PAUSED,
		     .reason = VIR_DOMAIN_PAUSED_MIGRATION },
	[OFF] = { .here = true,
		  .state = VIR_DOMAIN_SHUTOFF,
		  .reason = VIR_DOMAIN_SHUTOFF_SHUTDOWN },
	[MOVED] = { .here = true,
		    .state = VIR_DOMAIN_SHUTOFF,
		    .reason = VIR_DOMAIN_SHUTOFF_MIGRATED },
	[POSTCOPY] = { .here = true,
		       .state = VIR_DOMAIN_PAUSED,
		       .reason = VIR_DOMAIN_PAUSED_POSTCOPY },
};

static const struct row {
	int source, destination;
	bool claimed, cancelled, was_paused, nobody;	/* nobody: no destination was named */
	enum mt_outcome outcome;
	const char *words;
} rows[] = {
	{ GONE, RUNS, true, false, false, false, MT_OUTCOME_COMPLETED,
	  "runs at fake:///destination" },
	{ MOVED, RUNS, true, false, false, false, MT_OUTCOME_COMPLETED,
	  "runs at fake:///destination" },
	{ PAUSED, RUNS, false, false, false, false, MT_OUTCOME_COMPLETED,
	  "runs at fake:///destination" },
	{ GONE, RUNS, false, false, false, false, MT_OUTCOME_COMPLETED,
	  "runs at fake:///destination" },
	{ GONE, PAUSED, true, false, false, false, MT_OUTCOME_PAUSED, "does not run" },
	{ GONE, PAUSED, true, false, true, false, MT_OUTCOME_COMPLETED, "paused as it was before" },
	{ GONE, GONE, true, false, false, true, MT_OUTCOME_COMPLETED_UNVERIFIED, "none was named" },
	{ GONE, GONE, true, false, false, false, MT_OUTCOME_LOST, "neither side" },
	{ GONE, GONE, false, false, false, false, MT_OUTCOME_LOST, "neither side" },
	{ MOVED, GONE, true, false, false, false, MT_OUTCOME_LOST, "neither side" },
	{ RUNS, GONE, false, true, false, false, MT_OUTCOME_ABORTED, "cancelled" },
	{ RUNS, GONE, false, false, false, false, MT_OUTCOME_FAILED, "goes on at the source" },
	{ RUNS, GONE, true, false, false, false, MT_OUTCOME_FAILED, "goes on at the source" },
	{ RUNS, PAUSED, false, false, false, false, MT_OUTCOME_FAILED, "goes on at the source" },
	{ PAUSED, GONE, false, false, false, false, MT_OUTCOME_PAUSED, "does not run elsewhere" },
	{ PAUSED, PAUSED, false, false, false, false, MT_OUTCOME_PAUSED, "does not run elsewhere" },
	{ PAUSED, GONE, false, true, true, false, MT_OUTCOME_ABORTED, "source" },
	{ OFF, GONE, false, false, false, false, MT_OUTCOME_FAILED, "shut down" },
};

static void table(void)
{
	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct asked a;

		CHECK(begin(&a));
		a.g->side[FAKE_SOURCE] = sides[row->source];
		a.g->side[FAKE_DESTINATION] = sides[row->destination];
		a.in.claimed = row->claimed;
		a.in.cancelled = row->cancelled;
		a.in.was_paused = row->was_paused;
		if (row->nobody)
			a.in.destinations = NULL;
		ask(&a);
		if (a.outcome != row->outcome || !strstr(a.detail, row->words))
			printf("# row %zu: %s: %s\n", i, mt_outcome_name(a.outcome), a.detail);
		CHECK_INT(a.outcome, row->outcome);
		CHECK(strstr(a.detail, row->words));
		CHECK(a.found ?
			      !strcmp(a.found, FAKE_URI_DESTINATION) && strstr(a.detail, a.found) :
			      !strstr(a.detail, "guest runs at") &&
				      !strstr(a.detail, "guest is at"));
		CHECK(a.ms < 15000);
		END(&a);
	}
}

/* --- what is still on its way ------------------------------------------------------------ */
struct later {
	struct fake_guest *g;
	uint64_t ms;
	int host;
	struct fake_side side;
};

static void *do_later(void *arg)
{
	const struct later *l = arg;

	mt_sleep_ms(l->ms);
	put(l->g, l->host, l->side.here, l->side.state, l->side.reason);
	return NULL;
}

static void resumed_a_moment_later(void)
{
	struct asked a;
	struct later l;
	pthread_t thread;

	CHECK(begin(&a));
	a.g->side[FAKE_SOURCE] = sides[PAUSED];
	l = (struct later){ a.g, 3000, FAKE_SOURCE, sides[RUNS] };
	CHECK(!mt_thread_start(&thread, "later", do_later, &l));
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_FAILED);
	CHECK(a.ms >= 2900 && a.ms < 4000);
	mt_thread_join(thread);
	END(&a);
}

/* Post-copy goes on without its libvirtd, for two minutes if need be. */
static void postcopy_takes_its_time(void)
{
	struct asked a;
	struct later l[2];
	pthread_t threads[2];

	CHECK(begin(&a));
	a.g->side[FAKE_SOURCE] = sides[POSTCOPY];
	a.g->side[FAKE_DESTINATION] =
		(struct fake_side){ true, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY };
	l[0] = (struct later){ a.g, 60000, FAKE_DESTINATION, sides[RUNS] };
	l[1] = (struct later){ a.g, 60500, FAKE_SOURCE, sides[GONE] };
	for (int i = 0; i < 2; i++)
		CHECK(!mt_thread_start(&threads[i], "later", do_later, &l[i]));
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_COMPLETED);
	for (int i = 0; i < 2; i++)
		mt_thread_join(threads[i]);
	END(&a);
}

static void arrives_a_moment_later(void)
{
	struct asked a;
	struct later l;
	pthread_t thread;

	CHECK(begin(&a));
	a.g->side[FAKE_SOURCE] = sides[GONE];
	a.g->side[FAKE_DESTINATION] = sides[PAUSED];
	a.in.claimed = true;
	l = (struct later){ a.g, 2000, FAKE_DESTINATION, sides[RUNS] };
	CHECK(!mt_thread_start(&thread, "later", do_later, &l));
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_COMPLETED);
	CHECK(a.ms < 4000);
	mt_thread_join(thread);
	END(&a);
}

/* --- those who do not answer ----------------------------------------------------------------- */
static void *bring_libvirtd_back(void *arg)
{
	mt_sleep_ms(12000);
	fake_host_up(FAKE_SOURCE);
	return NULL;
}

static void source_is_being_restarted(void)
{
	struct asked a;
	pthread_t thread;

	CHECK(begin(&a));
	fake_host_down(FAKE_SOURCE);
	CHECK(!mt_thread_start(&thread, "later", bring_libvirtd_back, NULL));
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_FAILED);
	CHECK(strstr(a.detail, "goes on at the source"));
	mt_thread_join(thread);
	END(&a);
}

static void nobody_answers(void)
{
	struct asked a;

	CHECK(begin(&a));
	fake_host_down(FAKE_SOURCE);
	fake_host_down(FAKE_DESTINATION);
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_UNKNOWN);
	CHECK(strstr(a.detail, "could not be determined"));
	CHECK(a.ms < 60000);
	END(&a);
}

static void destination_does_not_answer(void)
{
	struct asked a;

	CHECK(begin(&a));
	a.g->side[FAKE_SOURCE] = sides[GONE];
	a.in.claimed = true;
	fake_host_down(FAKE_DESTINATION);
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_COMPLETED_UNVERIFIED);
	END(&a);
}

/* One destination that hangs holds up neither the other nor us. */
static void one_of_two_hangs(void)
{
	struct asked a;
	struct fake_fault *f;

	CHECK(begin(&a));
	fake_setup.leaks = true;
	a.g->side[FAKE_SOURCE] = sides[GONE];
	a.g->side[FAKE_DESTINATION] = sides[RUNS];
	a.in.claimed = true;
	a.in.destinations = hung_first;
	f = scene_fault(FAKE_FAULT_NEVER, FAKE_CALL_OPEN, 0, 0, 1);
	f->for_ever = true;
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_COMPLETED);
	CHECK(a.ms < 8000);
	END(&a);
}

/*
 * And the source still looks paused: there is little time to look at the destination, and one look
 * tells nothing.
 */
static void answers_are_slow(void)
{
	struct asked a;

	CHECK(begin(&a));
	a.g->side[FAKE_SOURCE] = sides[PAUSED];
	a.g->side[FAKE_DESTINATION] = sides[RUNS];
	scene_fault(FAKE_FAULT_SLOW, FAKE_CALL_STATE, 0, 900, 1000);
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_COMPLETED);
	END(&a);
}

static void state_fails(void)
{
	struct asked a;

	CHECK(begin(&a));
	scene_fault(FAKE_FAULT_ERROR, FAKE_CALL_STATE, -5, 2000, 0);
	ask(&a);
	CHECK_INT(a.outcome, MT_OUTCOME_FAILED);
	END(&a);
}

static const struct ktap_case cases[] = {
	{ "what both sides say has one outcome each", table },
	{ "libvirt resumes it a moment later", resumed_a_moment_later },
	{ "post-copy that goes on for a minute", postcopy_takes_its_time },
	{ "it arrives a moment later", arrives_a_moment_later },
	{ "the source's libvirtd is being restarted", source_is_being_restarted },
	{ "where nobody answers the outcome is unknown", nobody_answers },
	{ "the destination does not answer", destination_does_not_answer },
	{ "one of two destinations hangs", one_of_two_hangs },
	{ "slow answers are waited for", answers_are_slow },
	{ "the state cannot be asked for, for a while", state_fails },
};

SCENE_MAIN(cases)
