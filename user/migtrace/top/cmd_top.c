// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_top.c - what guests do and dirty right now: a screen, or a table again and again
 *
 * Each guest has a session of the best kernel source. KVM logs only while a migration or a
 * measurement runs; until then the guest is shown as not logging, and nothing is made up.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/units.h"
#include "cli/cmd.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/sources.h"
#include "migtrace/commands.h"
#include "full.h"
#include "term.h"
#include "top.h"

#define INTERVAL_DEFAULT_MS	1000
#define INTERVAL_MIN_MS		100
#define INTERVAL_MAX_MS		(3600 * MT_MS_PER_S)

struct top {
	struct common_options common;
	const char *source_name;
	const char *probe_names;	/* NULL: none */
	unsigned probes;
	uint64_t interval_ms, count, link_bytes_per_s;
	bool batch;
	struct mt_conn *conn;
	struct top_guest *guests;
	size_t n;
	int wake;			/* eventfd: Ctrl-C */
	volatile int stop;
};

static void on_interrupt(int count, void *opaque)
{
	const uint64_t one = 1;
	struct top *top = opaque;

	if (count > 1)
		_exit(CMD_OK);
	top->stop = 1;
	if (write(top->wake, &one, sizeof(one)) < 0)
		_exit(CMD_OK);
}

/* --- guests ------------------------------------------------------------------ */
static int take_guest(struct top *top, const struct mt_domain_info *d, struct mt_err *err)
{
	struct top_guest *more = reallocarray(top->guests, top->n + 1, sizeof(*more));

	if (!more)
		return mt_err_set(err, -ENOMEM, "out of memory");
	top->guests = more;
	top_guest_open(&more[top->n++], top->conn, d, top->source_name, top->probes,
		       (double)top->link_bytes_per_s);
	return 0;
}

static int take_named(struct top *top, char **names, int n, struct mt_err *err)
{
	struct mt_domain_info d;

	for (int i = 0; i < n; i++) {
		int rc = mt_domain_find(top->conn, names[i], &d, err);

		if (!rc)
			rc = take_guest(top, &d, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int take_all(struct top *top, struct mt_err *err)
{
	mt_autofree struct mt_domain_info *list = NULL;
	size_t n = 0;
	int rc = mt_domain_list(top->conn, true, &list, &n, err);

	for (size_t i = 0; i < n && !rc; i++)
		rc = take_guest(top, &list[i], err);
	if (!rc && !n)
		rc = mt_err_set(err, -ENOENT, "no running guests at %s", mt_conn_uri(top->conn));
	return rc;
}

/* Why a guest shows nothing, once. */
static void tell_missing(const struct top *top)
{
	for (size_t i = 0; i < top->n; i++) {
		const struct top_guest *g = &top->guests[i];

		if (!g->source)
			cmd_warn("%s: no kernel source: %s", g->domain.name, g->why);
		if (*g->why_no_work)
			cmd_warn("%s: no probe %s", g->domain.name, g->why_no_work);
	}
}

/* --- the loop ------------------------------------------------------------------- */
static bool wait_and_read(struct top *top, uint64_t until_ns)
{
	mt_autofree struct pollfd *fds = calloc(top->n + 1, sizeof(*fds));
	uint64_t now;

	while (fds && !top->stop && (now = mt_now_ns()) < until_ns) {
		fds[0] = (struct pollfd){ .fd = top->wake, .events = POLLIN };
		for (size_t i = 0; i < top->n; i++)
			fds[i + 1] = (struct pollfd){ .fd = top_guest_fd(&top->guests[i]),
						      .events = POLLIN };
		poll(fds, top->n + 1, (int)((until_ns - now) / MT_NS_PER_MS + 1));
		for (size_t i = 0; i < top->n; i++) {
			top_guest_read(&top->guests[i]);
			top->guests[i].gone |=
				fds[i + 1].revents & (POLLERR | POLLHUP | POLLNVAL) ? true : false;
		}
	}
	return fds && !top->stop;
}

static int show(struct top *top, struct mt_table *stream)
{
	struct mt_table *t = stream ? stream : top_table(top->common.format, top->probes);
	int rc = t ? 0 : -ENOMEM;

	for (size_t i = 0; i < top->n; i++)
		top_guest_classify(&top->guests[i], NAN);
	for (size_t i = 0; i < top->n && !rc; i++)
		rc = top_guest_row(&top->guests[i], t);
	if (t && !stream) {
		int finished = mt_table_finish(t);

		rc = rc ? rc : finished;
	}
	if (top->common.format == MT_FORMAT_TEXT && !rc)
		putchar('\n');
	return fflush(stdout) ? -EIO : rc;
}

static int loop(struct top *top, struct mt_err *err)
{
	/* CSV has one header for all; JSON one array a time, each on lines of its own. */
	struct mt_table *stream =
		top->common.format == MT_FORMAT_CSV ? top_table(MT_FORMAT_CSV, top->probes) : NULL;
	uint64_t next_ns = mt_now_ns();
	int rc = 0;

	for (uint64_t i = 0; !rc && !top->stop && (!top->count || i < top->count); i++) {
		next_ns += top->interval_ms * MT_NS_PER_MS;
		if (!wait_and_read(top, next_ns))
			break;
		rc = show(top, stream);
	}
	if (stream) {
		int finished = mt_table_finish(stream);

		rc = rc ? rc : finished;
	}
	/* -EIO is of stdout, which main() reports. */
	return rc == -EIO || !rc ? rc :
				   mt_err_set(err, rc, "cannot write the table: %s", strerror(-rc));
}

static int run_full(struct top *top, const struct option_args *args, struct mt_err *err)
{
	const struct gather_how how = {
		.watch = { .conn = top->conn, .source_name = top->source_name,
			   .probes = top->probes,
			   .link_bytes_per_s = (double)top->link_bytes_per_s,
			   .policy = mt_policy_find(MT_POLICY_DEFAULT) },
		.interval_ms = top->interval_ms, .names = args->v, .n_names = args->n,
	};

	bool hangs;
	int rc = top_full(&how, top->wake, &hangs, err);

	/* A call of its thread still has it. It ends with us. */
	if (hangs)
		top->conn = NULL;
	return rc;
}

static int run_tables(struct top *top, const struct option_args *args, struct mt_err *err)
{
	int rc = args->n ? take_named(top, args->v, args->n, err) : take_all(top, err);

	if (rc)
		return rc;
	tell_missing(top);
	return loop(top, err);
}

static int run(struct top *top, const struct option_args *args)
{
	struct interrupt interrupt = { .notify = on_interrupt, .opaque = top };
	struct mt_err err = { 0 };
	int rc;

	top->wake = eventfd(0, EFD_CLOEXEC);
	rc = top->wake < 0 ? -errno : interrupt_block();
	if (!rc)
		rc = interrupt_watch(&interrupt);
	if (rc)
		mt_err_set(&err, rc, "cannot watch for signals: %s", strerror(-rc));
	if (!rc)
		rc = mt_loop_start(&err);
	if (!rc)
		rc = mt_conn_open(&top->conn, top->common.uri, &err);
	if (!rc && !top->batch && !top->count && top->common.format == MT_FORMAT_TEXT &&
	    term_open())
		rc = run_full(top, args, &err);
	else if (!rc)
		rc = run_tables(top, args, &err);
	for (size_t i = 0; i < top->n; i++)
		top_guest_close(&top->guests[i]);
	free(top->guests);
	if (top->conn)
		mt_conn_close(top->conn);
	if (rc == -EIO)
		return CMD_FAILED;
	return rc ? cmd_fail(&err) : CMD_OK;
}

int cmd_top(int argc, char **argv)
{
	/* Static: the signal thread may still look at it while the process exits. */
	static struct top top = { .interval_ms = INTERVAL_DEFAULT_MS,
				  .link_bytes_per_s = (uint64_t)MT_CLASS_LINK_BYTES_PER_S };
	const struct option_row rows[] = {
		{ "interval", 'd', OPTION_DURATION_MS, "DURATION",
		  "time between two tables (default 1s)", &top.interval_ms },
		{ "count", 'n', OPTION_COUNT, "N",
		  "end after this many tables (default: Ctrl-C ends)", &top.count },
		{ "batch", 'b', OPTION_FLAG, NULL, "tables, on a terminal, too", &top.batch },
		{ "probes", 0, OPTION_STRING, "LIST",
		  "also what else they do: vcpu, net, disk, postcopy, or all (see OVERHEAD in migtrace-top(1))",
		  &top.probe_names },
		{ "link", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what the link of migrations carries, for the class (default 1Gbit/s)",
		  &top.link_bytes_per_s },
		{ "source", 0, OPTION_STRING, "NAME", "kmod or bpf (default: the best there is)",
		  &top.source_name },
	};
	const struct command_usage usage = {
		.name = "top",
		.synopsis = "[DOMAIN...]",
		.max_args = OPTIONS_ANY_NUMBER,
		.description = "Shows what guests do and dirty, and how their migrations get on: all running ones, or those\n"
			       "that are named. On a terminal it takes the whole screen (? helps, q quits); elsewhere, and\n"
			       "with --batch or --count, it is a table again and again. KVM logs dirty pages only while a\n"
			       "migration, a measurement or a dirty limit runs; top starts none.",
		.examples = "  migtrace top\n"
			    "  migtrace top web1 db1 --interval 500ms\n"
			    "  migtrace top -f csv --count 60 >minute.csv\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	struct mt_err why = { 0 };
	int status = options_parse(&usage, argc, argv, &top.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (top.interval_ms < INTERVAL_MIN_MS || top.interval_ms > INTERVAL_MAX_MS)
		return options_error(&usage, "--interval is 100ms to 1h");
	if (!top.link_bytes_per_s)
		return options_error(&usage, "--link is more than 0");
	if (top.probe_names && mt_probes_parse(top.probe_names, &top.probes, &why))
		return options_error(&usage, "%s", why.msg);
	if (mt_source_is_libvirt(top.source_name))
		return options_error(&usage, "--source libvirt has no ticks to show: kmod or bpf");
	status = source_option(&usage, top.source_name);
	return status == OPTIONS_RUN ? run(&top, &args) : status;
}
