// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_release.c - hands off a migration, or all of them, at once
 *
 * Whoever steers looks for the file before each action: no daemon has to answer for it to hold.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "hands/hands.h"
#include "hypervisor/domain.h"
#include "commands.h"

struct release {
	struct common_options common;
	bool all, undo;
	struct mt_conn *conn;
	struct mt_hands *hands;
	char host[VIR_UUID_STRING_BUFLEN];
};

/* Whose hands they are; a wheel that nobody holds is put back at once. */
static void tell_holder(struct release *r, const char *uuid, const char *name)
{
	struct mt_wheel *wheel = NULL;
	struct mt_holder holder;
	struct mt_err ignored = { 0 };

	if (mt_wheel_take(r->hands, r->host, uuid, "migtrace release", &wheel, &holder, &ignored) ==
		    -EBUSY &&
	    *holder.who)
		cmd_say(stdout, "%s: %s, pid %ld, was steering it, and only watches from now on",
			name, holder.who, holder.pid);
	mt_wheel_put(wheel);
}

static int release_one(struct release *r, const char *name, struct mt_err *err)
{
	struct mt_domain_info info;
	int ret = mt_domain_find(r->conn, name, &info, err);

	if (!ret)
		ret = mt_hands_release(r->hands, r->host, info.uuid, !r->undo, err);
	if (ret)
		return ret;
	if (r->undo) {
		cmd_say(stdout, "%s: may be steered again", info.name);
		return 0;
	}
	cmd_say(stdout, "%s: hands off %s; migtrace release %s --undo ends that", info.name,
		info.migrating_out ? "its migration" : "its next migration, none is under way",
		info.name);
	if (info.migrating_out)
		tell_holder(r, info.uuid, info.name);
	return 0;
}

static int release_all(struct release *r, struct mt_err *err)
{
	int ret = mt_hands_release(r->hands, r->host, NULL, !r->undo, err);

	if (!ret)
		puts(r->undo ? "all guests here may be steered again" :
		     "hands off all migrations here, now and to come; migtrace release --all --undo ends that");
	return ret;
}

static int run(struct release *r, const char *name)
{
	struct mt_err err = { 0 };
	int ret;

	ret = mt_hands_open(&r->hands, NULL, &err);
	if (!ret)
		ret = mt_conn_open(&r->conn, r->common.uri, &err);
	if (!ret)
		ret = mt_hands_host(r->conn, r->host, &err);
	if (!ret) {
		ret = r->all ? release_all(r, &err) : release_one(r, name, &err);
	}
	if (!ret && geteuid())
		cmd_warn("this holds for what uid %u runs (%s); what root runs is released by root", geteuid(),
			 mt_hands_directory(r->hands));
	mt_conn_close(r->conn);
	mt_hands_close(r->hands);
	return ret ? cmd_fail(&err) : CMD_OK;
}

int cmd_release(int argc, char **argv)
{
	struct release r = { 0 };
	const struct option_row rows[] = {
		{ "all", 'a', OPTION_FLAG, NULL,
		  "all migrations of this hypervisor, now and to come", &r.all },
		{ "undo", 0, OPTION_FLAG, NULL, "they may be steered again", &r.undo },
	};
	const struct command_usage usage = {
		.name = "release",
		.synopsis = "DOMAIN | --all",
		.max_args = 1,
		.description = "Takes migtrace's and migtraced's hands off a migration, at once: it goes on by itself, is watched\n"
			       "and recorded, and nothing more is done to it. A guest that is stopped already is still given back\n"
			       "when it is due. For one migration this ends with it; --all holds until it is undone, or the host boots.",
		.examples = "  migtrace release web1\n"
			    "  migtrace release --all\n"
			    "  migtrace release --all --undo\n",
		.uses = OPTIONS_CONNECT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &r.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	if (r.all == (args.n == 1))
		return options_error(&usage, r.all ? "a DOMAIN or --all, not both" :
						     "which DOMAIN? or --all");
	return run(&r, args.v[0]);
}
