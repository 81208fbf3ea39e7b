// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_pull.c - migtrace pull: on the destination, a guest's pages after a flip to post-copy
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "hypervisor/domain.h"
#include "pull/pullreader.h"
#include "commands.h"

#define LOOK_MS		5	/* for the flip, and for the end: libvirt answers in 0.1 ms */
#define END_MS		1000	/* for threads that still read when all is over */
#define HOT_BYTES_MAX	(64U << 20)	/* of text: two million extents */

struct pull {
	struct common_options common;
	const char *hot_path;
	uint64_t threads, gap_bytes, share_percent, wait_ms, stall_ms;
	struct mt_conn *conn;
	struct mt_domain_info domain;
	struct mt_heat heat;
	struct mt_order order;
	struct mt_pull_guest guest;
	struct mt_pullreader *reader;
	uint64_t missing, left;		/* pages, at the beginning and at the end */
	struct mt_pull_counts counts;
	const char *ended;		/* why */
};

/* Everything up to the end of the file: whoever writes into a pipe closes it at the flip. */
static int slurp(const char *path, char **text, struct mt_err *err)
{
	mt_autofclose FILE *opened = NULL;
	FILE *f = stdin;
	size_t len = 0, room = 0, n;
	char *buf = NULL;

	if (strcmp(path, "-")) {
		opened = f = fopen(path, "re");
		if (!f)
			return mt_err_set(err, -errno, "%s: %s", path, strerror(errno));
	}
	do {
		char *more = len < HOT_BYTES_MAX ? realloc(buf, room = 2 * room + 65536) : NULL;

		if (!more) {
			free(buf);
			return mt_err_set(err, -EFBIG, "%s: more than %u MiB", path,
					  HOT_BYTES_MAX >> 20);
		}
		buf = more;
		n = fread(buf + len, 1, room - len - 1, f);
		len += n;
	} while (n);
	if (ferror(f)) {
		free(buf);
		return mt_err_set(err, -EIO, "%s cannot be read", path);
	}
	buf[len] = '\0';
	*text = buf;
	return 0;
}

static int parse_hot(struct pull *p, char *text, struct mt_err *err)
{
	uint64_t pages = p->domain.memory_bytes / MT_PULL_PAGE_BYTES;
	struct mt_err why = { 0 };
	unsigned number = 1;

	for (char *line = text, *next; line; line = next, number++) {
		int rc;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rc = mt_heat_line(&p->heat, line, pages, &why);
		if (rc)
			return mt_err_set(err, rc, "%s:%u: %s", p->hot_path, number, why.msg);
	}
	return 0;
}

/* Return: 0 once it is flipped; -EAGAIN not yet, or not here yet; -ENOENT it is over. */
static int look(struct pull *p, const char *name, struct mt_err *err)
{
	struct mt_domain_state now;
	struct mt_err why = { 0 };
	int rc = 0;

	if (!*p->domain.uuid)
		rc = mt_domain_find(p->conn, name, &p->domain, &why);
	if (rc) {
		*p->domain.uuid = '\0';
		return rc == -ENOENT ? -EAGAIN : mt_err_set(err, rc, "%s", why.msg);
	}
	rc = mt_domain_state(p->conn, p->domain.uuid, &now, &why);
	if (rc)
		return rc == -ENOENT ? mt_err_set(err, rc, "%s is gone: its migration has failed",
						  p->domain.name) :
				       mt_err_set(err, rc, "%s", why.msg);
	if (now.state != VIR_DOMAIN_RUNNING && now.state != VIR_DOMAIN_BLOCKED)
		return -EAGAIN;
	return now.reason == VIR_DOMAIN_RUNNING_POSTCOPY ? 0 : -ENODATA;
}

static int wait_for_flip(struct pull *p, const char *name, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(p->wait_ms);

	for (;;) {
		int rc = look(p, name, err);

		if (rc != -EAGAIN)
			return rc == -ENODATA ?
				       mt_err_set(err, rc,
						  "%s runs, and is not in post-copy: nothing to pull",
						  p->domain.name) :
				       rc;
		if (mt_now_ns() >= until_ns)
			return mt_err_set(err, -ETIMEDOUT, "%s: no flip to post-copy in sight",
					  name);
		mt_sleep_ms(LOOK_MS);
	}
}

/* Until all is there, or nothing moves. */
static int watch(struct pull *p, struct mt_err *err)
{
	uint64_t done = 0, moved_ns = mt_now_ns();

	for (;;) {
		int rc = look(p, NULL, err);

		mt_pullreader_counts(p->reader, &p->counts);
		p->ended = "failed";
		if (mt_pull_guest_ended(&p->guest))
			return mt_err_set(err, -ESRCH, "%s: its QEMU, process %d, has ended",
					  p->domain.name, (int)p->guest.pid);
		p->ended = "completed";
		if (rc == -ENODATA || p->counts.took_ms)
			return 0;
		p->ended = "failed";
		if (rc && rc != -EAGAIN)
			return rc;
		if (p->counts.done != done)
			moved_ns = mt_now_ns();
		done = p->counts.done;
		if (mt_now_ns() - moved_ns > p->stall_ms * MT_NS_PER_MS) {
			p->ended = "stalled";
			return 0;
		}
		mt_sleep_ms(LOOK_MS);
	}
}

static int pull(struct pull *p, const char *name, struct mt_err *err)
{
	mt_autofree char *text = NULL;
	int rc = slurp(p->hot_path, &text, err);

	if (!rc)
		rc = wait_for_flip(p, name, err);
	if (!rc)
		rc = parse_hot(p, text, err);
	if (!rc)
		rc = mt_pull_guest_open(&p->guest, NULL, 0, p->domain.name, p->domain.uuid,
					p->domain.memory_bytes, err);
	if (rc)
		return rc;
	rc = mt_order_make(&p->order, &p->heat, p->gap_bytes / MT_PULL_PAGE_BYTES);
	if (!rc)
		rc = mt_pull_guest_missing(&p->guest, &p->missing);
	if (!rc)
		rc = mt_pullreader_start(&p->reader, &p->guest, &p->order,
				     p->missing * p->share_percent / 100, (unsigned)p->threads);
	if (rc)
		return mt_err_set(err, rc, "%s cannot be pulled: %s", p->domain.name,
				  strerror(-rc));
	rc = watch(p, err);
	mt_pullreader_stop(p->reader);
	if (mt_pull_guest_missing(&p->guest, &p->left))
		p->left = 0;
	return rc;
}

static void print(const struct pull *p)
{
	static const struct mt_column columns[] = {
		{ "domain", "DOMAIN" }, { "ended", "ENDED" },
		{ "missing_pages", "MISSING" }, { "hot_pages", "HOT" },
		{ "fetched_pages", "FETCHED" }, { "failed_pages", "FAILED" },
		{ "left_pages", "LEFT" },
		{ "took_ms", "TOOK", MT_SHOW_DURATION_MS },
	};
	const struct mt_cell cells[] = {
		MT_STR(p->domain.name), MT_STR(p->ended), MT_UINT(p->missing),
		MT_UINT(p->order.pages), MT_UINT(p->counts.fetched), MT_UINT(p->counts.failed),
		MT_UINT(p->left), p->counts.took_ms ? MT_UINT(p->counts.took_ms) : MT_NONE,
	};
	struct mt_table *t = mt_table_new(stdout, p->common.format, columns,
					  MT_ARRAY_SIZE(columns));

	if (t) {
		mt_table_row(t, cells);
		mt_table_finish(t);
	}
}

static int run(struct pull *p, const char *name)
{
	struct mt_err err = { 0 };
	int status, rc;

	rc = mt_conn_open(&p->conn, p->common.uri, &err);
	if (!rc)
		rc = pull(p, name, &err);
	if (p->reader)
		print(p);
	status = rc ? cmd_fail(&err) : strcmp(p->ended, "completed") ? CMD_FAILED : CMD_OK;
	mt_conn_close(p->conn);
	/* A thread that waits for a page ends with the process only. */
	if (p->reader && !mt_pullreader_free(p->reader, mt_deadline_ns(END_MS))) {
		fflush(stdout);
		_exit(status);
	}
	mt_pull_guest_close(&p->guest);
	mt_order_fini(&p->order);
	mt_heat_fini(&p->heat);
	return status;
}

int cmd_pull(int argc, char **argv)
{
	static struct pull p = {
		.hot_path = "-",
		.threads = 128,
		.share_percent = 10,
		.wait_ms = 30 * MT_MS_PER_S,
		.stall_ms = 10 * MT_MS_PER_S,
		.guest = { .pidfd = -1, .pagemap = -1 },
	};
	const struct option_row rows[] = {
		{ "hot", 0, OPTION_STRING, "FILE",
		  "extents, FIRST COUNT [HEAT] a line, read to the end before anything else (default -: standard input)",
		  &p.hot_path },
		{ "gap", 0, OPTION_SIZE_BYTES, "SIZE",
		  "extents that are no further apart are fetched as one (default 0B)",
		  &p.gap_bytes },
		{ "share", 0, OPTION_PERCENT, "PERCENT",
		  "fetch no more than this of what has not arrived (default 10)", &p.share_percent,
		  NULL, 100, 1 },
		{ "threads", 0, OPTION_COUNT, "N", "pages asked for at once (default 128)",
		  &p.threads, NULL, MT_PULL_THREADS_MAX, 1 },
		{ "wait", 0, OPTION_LIMIT_MS, "DURATION",
		  "for the flip (default 30s)", &p.wait_ms },
		{ "stall-timeout", 0, OPTION_LIMIT_MS, "DURATION",
		  "end when no page has come for this long (default 10s)", &p.stall_ms, .min = 1 },
	};
	const struct command_usage usage = {
		.name = "pull",
		.synopsis = "DOMAIN",
		.min_args = 1,
		.max_args = 1,
		.description = "On the host that DOMAIN migrates to: waits for the flip to post-copy, then fetches the hot pages\n"
			       "that have not arrived, by reading them, so that the guest waits for fewer of them itself.",
		.examples = "  migtrace hot web1 >extents\n"
			    "  migtrace pull web1 --hot extents --wait 1h\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &p.common, &args);

	return status == OPTIONS_RUN ? run(&p, args.v[0]) : status;
}
