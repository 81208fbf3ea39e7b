// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_guard.c - guests that were stopped by a process that has ended run again
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "guard/guard.h"
#include "commands.h"

#define ADOPT_EVERY_MS	250
#define ORPHANED_MS	1000	/* a process that ends lets go of its lock within this */

struct guarding {
	struct mt_hands *hands;
	struct mt_guard *guard;
	char **uuids;			/* these alone; n 0 = all */
	int n_uuids;
	bool once, child;
	volatile int bad;		/* a guest that does not run */
};

/* --- what is told ------------------------------------------------------------- */
static void on_news(const struct mt_event *ev, void *opaque)
{
	struct guarding *g = opaque;

	if (ev->detail == MT_GUARD_NOT_OURS)
		__atomic_store_n(&g->bad, 1, __ATOMIC_RELAXED);
	cmd_warn("%s (%s): %s", ev->domain, ev->uuid, ev->text);
}

static bool is_wanted(const struct guarding *g, const char *uuid)
{
	for (int i = 0; i < g->n_uuids; i++)
		if (!strcmp(g->uuids[i], uuid))
			return true;
	return !g->n_uuids;
}

/* --- the work ------------------------------------------------------------------- */
/* Return: how many marks there are that are wanted; -errno. */
static int count_marks(struct guarding *g, struct mt_err *err)
{
	static int (*const kinds[])(struct mt_hands *h, struct mt_stop_mark **list, size_t *n,
				    struct mt_err *err) = { mt_hands_marks, mt_hands_limited };
	int wanted = 0;

	for (size_t k = 0; k < MT_ARRAY_SIZE(kinds); k++) {
		struct mt_stop_mark *list;
		size_t n;
		int ret = kinds[k](g->hands, &list, &n, err);

		if (ret)
			return ret;
		for (size_t i = 0; i < n; i++)
			wanted += is_wanted(g, list[i].uuid);
		free(list);
	}
	return wanted;
}

static int adopt(struct guarding *g, struct mt_err *err)
{
	int taken = 0;

	if (!g->n_uuids)
		return mt_guard_adopt(g->guard, NULL, err);
	for (int i = 0; i < g->n_uuids; i++) {
		int one = mt_guard_adopt(g->guard, g->uuids[i], err);

		if (one < 0)
			return one;
		taken += one;
	}
	return taken;
}

/*
 * Until there is no guest left that is ours to see to. A mark that somebody alive holds is his; but
 * the lock of one who has just died may be there for a moment longer than its other files. Return:
 * 0 or -errno.
 */
static int see_to_all(struct guarding *g, struct mt_err *err)
{
	uint64_t others_until_ns = mt_deadline_ns(ORPHANED_MS);
	bool adopting = true;

	for (;;) {
		int taken = adopting ? adopt(g, err) : 0, marks = count_marks(g, err);
		unsigned ours;

		if (taken > 0)
			others_until_ns = mt_deadline_ns(ORPHANED_MS);
		ours = mt_guard_wait(g->guard, mt_deadline_ns(ADOPT_EVERY_MS));
		if (!ours && taken < 0)
			return taken;
		if (!ours && marks < 0)
			return marks;
		if (!ours && !marks)
			return 0;
		/* Our parent's guest stays our business: who has taken it over may die, too. */
		if (!ours && !g->child && mt_now_ns() >= others_until_ns)
			return 0;
		if (g->once && mt_now_ns() >= others_until_ns)
			adopting = false;
		if (!ours)
			mt_sleep_ms(ADOPT_EVERY_MS);
	}
}

/* Whatever is sent to the session of our parent, or to it and its group, is not for us. */
static void ignore_signals(void)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTOU
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
}

/* The write end is our parent's alone: it ends with it. */
static int wait_for_parent(int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, 1);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int run(struct guarding *g)
{
	struct mt_err err = { 0 };
	int ret;

	ret = mt_hands_open(&g->hands, NULL, &err);
	if (!ret)
		ret = mt_guard_new(&g->guard,
				   &(struct mt_guard_options){ .hands = g->hands,
							       .who = "migtrace guard",
							       .news = on_news,
							       .opaque = g },
				   &err);
	if (!ret)
		ret = see_to_all(g, &err);
	mt_guard_free(g->guard);
	mt_hands_close(g->hands);
	if (ret)
		return cmd_fail(&err);
	return g->bad ? CMD_FAILED : CMD_OK;
}

int cmd_guard(int argc, char **argv)
{
	struct guarding g = { 0 };
	uint64_t parent_fd = 0;
	bool has_parent = false;
	const struct option_row rows[] = {
		{ "once", 0, OPTION_FLAG, NULL,
		  "only those that are there now, not others that come meanwhile", &g.once },
		{ "parent-fd", 0, OPTION_COUNT, "N",
		  "begin when this descriptor ends: for migtrace migrate", &parent_fd, &has_parent,
		  1023 },
	};
	const struct command_usage usage = {
		.name = "guard",
		.synopsis = "[DOMAIN-UUID...]",
		.max_args = OPTIONS_ANY_NUMBER,
		.description = "Looks for guests that migtrace or migtraced stopped for the last pages of a migration, or of\n"
			       "which it limited what vCPUs may dirty, and, being killed, did not see to the end. Lifts limits;\n"
			       "waits for each until it is due; one that then is still stopped\n"
			       "has its migration cancelled, so that it runs on here. Ends when none is left.",
		.examples = "  migtrace guard\n"
			    "  migtrace guard 6695eb01-f6a4-8304-79aa-97f2502e193f\n",
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct common_options common = { 0 };
	struct option_args args;
	int ret, status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	g.uuids = args.v;
	g.n_uuids = args.n;
	for (int i = 0; i < args.n; i++)
		if (strlen(args.v[i]) != VIR_UUID_STRING_BUFLEN - 1 ||
		    strspn(args.v[i], "0123456789abcdef-") != VIR_UUID_STRING_BUFLEN - 1)
			return options_error(
				&usage,
				"\"%s\" is no UUID as virsh domuuid prints it; names are not looked up here",
				args.v[i]);
	if (has_parent) {
		ignore_signals();
		ret = wait_for_parent((int)parent_fd);
		if (ret)
			return options_error(&usage, "--parent-fd %" PRIu64 " cannot be read: %s",
					     parent_fd, strerror(-ret));
		g.child = true;
	}
	return run(&g);
}
