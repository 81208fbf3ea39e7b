// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_hot.c - migtrace hot: the pages that a guest of this host writes again and again
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "hypervisor/domain.h"
#include "migtrace/commands.h"
#include "migtrace/predict/subject.h"
#include "pull/scan.h"
#include "hot.h"

struct hot {
	struct common_options common;
	uint64_t looks, every_ms;
};

static int look(struct mt_scan *scan, const struct hot *h, struct mt_err *err)
{
	for (uint64_t i = 0; i <= h->looks; i++) {
		int rc = mt_scan_look(scan);

		if (rc)
			return mt_err_set(err, rc, "its memory cannot be read: %s", strerror(-rc));
		if (i < h->looks)
			mt_sleep_ms(h->every_ms);
	}
	return 0;
}

static int of_recording(const char *path)
{
	struct mt_heatmap map;
	struct mt_err err = { 0 };

	if (hot_of_recording(&map, path, &err))
		return cmd_fail(&err);
	mt_heatmap_print(&map, stdout);
	mt_heatmap_fini(&map);
	return CMD_OK;
}

static int of_domain(const struct hot *h, const char *name)
{
	struct mt_pull_guest guest = { .pidfd = -1, .pagemap = -1 };
	struct mt_conn *conn = NULL;
	struct mt_scan *scan = NULL;
	struct mt_domain_info info;
	struct mt_err err = { 0 };
	int rc;

	rc = mt_conn_open(&conn, h->common.uri, &err);
	if (!rc)
		rc = mt_domain_find(conn, name, &info, &err);
	if (!rc)
		rc = mt_pull_guest_open(&guest, NULL, 0, info.name, info.uuid, info.memory_bytes,
					&err);
	if (!rc) {
		scan = mt_scan_new(&guest);
		rc = scan ? look(scan, h, &err) : mt_err_set(&err, -ENOMEM, "out of memory");
	}
	if (!rc)
		mt_heatmap_print(mt_scan_heat(scan), stdout);
	mt_scan_free(scan);
	mt_pull_guest_close(&guest);
	mt_conn_close(conn);
	return rc ? cmd_fail(&err) : CMD_OK;
}

int cmd_hot(int argc, char **argv)
{
	struct hot h = { .looks = 4, .every_ms = 500 };
	const struct option_row rows[] = {
		{ "looks", 0, OPTION_COUNT, "N",
		  "how often its memory is compared with what it was (default 4)", &h.looks, NULL,
		  MT_HEATMAP_WINDOWS, 1 },
		{ "every", 0, OPTION_LIMIT_MS, "DURATION", "between two looks (default 500ms)",
		  &h.every_ms, .min = 1 },
	};
	const struct command_usage usage = {
		.name = "hot",
		.synopsis = "DOMAIN|FILE",
		.min_args = 1,
		.max_args = 1,
		.description = "Prints which pages DOMAIN wrote while it was looked at, as extents for migtrace pull:\n"
			       "FIRST COUNT HEAT, in pages of its RAM; HEAT is in how many looks they had changed.\n"
			       "Of FILE, a recording by migtrace record --pages, what a kernel source logged.",
		.examples = "  migtrace hot web1 | ssh host2 migtrace pull web1 --hot -\n",
		.uses = OPTIONS_CONNECT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	int status = options_parse(&usage, argc, argv, &h.common, &args);

	if (status != OPTIONS_RUN)
		return status;
	return subject_is_file(args.v[0]) ? of_recording(args.v[0]) : of_domain(&h, args.v[0]);
}
