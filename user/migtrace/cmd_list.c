// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_list.c - the guests of a host, and what can be learnt of each
 */
#include <errno.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/options.h"
#include "hypervisor/domain.h"
#include "hypervisor/versions.h"
#include "hypervisor/virt_lookup.h"
#include "source/source.h"
#include "commands.h"

/*
 * What keeps QEMU from starting a migration of a guest that does not migrate: a save, a dump, a
 * snapshot.
 */
static bool has_other_job(struct mt_conn *conn, const char *uuid)
{
	virTypedParameterPtr params = NULL;
	int type = VIR_DOMAIN_JOB_NONE, n = 0;
	mt_autodomain virDomainPtr dom = NULL;
	struct mt_err ignored = { 0 };

	if (!mt_lookup_uuid(conn, uuid, &dom, &ignored) &&
	    !virDomainGetJobStats(dom, &type, &params, &n, 0))
		virTypedParamsFree(params, n);
	return type != VIR_DOMAIN_JOB_NONE;
}

static const char *job_of(struct mt_conn *conn, const struct mt_domain_info *d)
{
	if (d->migrating_out)
		return "migrating out";
	if (d->migrating_in)
		return "migrating in";
	if (d->state != VIR_DOMAIN_SHUTOFF && has_other_job(conn, d->uuid))
		return "other";
	return "none";
}

static const char *type_of(const struct mt_domain_info *d)
{
	if (!strcmp(d->type, "qemu"))
		return "tcg";
	return *d->type ? d->type : NULL;
}

static bool is_qemus(const struct mt_domain_info *d)
{
	return !strcmp(d->type, "kvm") || !strcmp(d->type, "qemu");
}

/* In text the ring's size stands beside the word, for programs it has a key of its own. */
static const char *tracking_of(const struct mt_domain_info *d, bool text, char *buf, size_t size)
{
	if (!is_qemus(d))
		return NULL;
	if (!d->dirty_ring_entries)
		return "bitmap";
	if (!text)
		return "ring";
	snprintf(buf, size, "ring %llu", (unsigned long long)d->dirty_ring_entries);
	return buf;
}

/*
 * Kernel sources: 1 works on this host, 0 does not, -1 unknown: guests of another host, a build
 * without it.
 */
struct sources {
	int kmod, bpf;
};

static int try_source(struct mt_conn *conn, const char *name)
{
	const struct mt_source_ops *ops = mt_source_find(name);
	struct mt_err why = { 0 };

	if (!ops || !mt_versions_uri_is_local(mt_conn_uri(conn)))
		return -1;
	return !ops->probe(&why);
}

static struct mt_cell has_source(const struct mt_domain_info *d, int works)
{
	if (works < 0)
		return MT_NONE;
	return MT_BOOL(works && !strcmp(d->type, "kvm") && d->state != VIR_DOMAIN_SHUTOFF);
}

static int add_row(struct mt_table *t, struct mt_conn *conn, const struct mt_domain_info *d,
		   const struct sources *sources, bool text)
{
	char tracking[32];
	const struct mt_cell cells[] = {
		MT_STR(d->name),
		MT_STR(d->uuid),
		MT_STR(mt_domain_state_name(d->state)),
		MT_STR(type_of(d)),
		MT_UINT(d->vcpus),
		MT_UINT(d->memory_bytes),
		MT_STR(tracking_of(d, text, tracking, sizeof(tracking))),
		is_qemus(d) ? MT_UINT(d->dirty_ring_entries) : MT_NONE,
		MT_STR(job_of(conn, d)),
		MT_BOOL(is_qemus(d)),
		has_source(d, sources->kmod),
		has_source(d, sources->bpf),
	};

	return mt_table_row(t, cells);
}

static int print(struct mt_conn *conn, const struct mt_domain_info *list, size_t n,
		 enum mt_format format, struct mt_err *err)
{
	static const struct mt_column columns[] = {
		{ "name", "NAME" },
		{ "uuid", NULL },
		{ "state", "STATE" },
		{ "type", "TYPE" },
		{ "vcpus", "VCPUS" },
		{ "memory_bytes", "MEMORY", MT_SHOW_SIZE_BYTES },
		{ "dirty_tracking", "DIRTY LOG" },
		{ "dirty_ring_entries", NULL },
		{ "job", "JOB" },
		{ "source_libvirt", "LIBVIRT" },
		{ "source_kmod", "KMOD" },
		{ "source_bpf", "BPF" },
	};
	/* Once for all guests: BPF programs are loaded for it, and taken away again. */
	const struct sources sources = { try_source(conn, "kmod"), try_source(conn, "bpf") };
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc = t ? 0 : -ENOMEM, finish_rc;

	for (size_t i = 0; !rc && i < n; i++)
		rc = add_row(t, conn, &list[i], &sources, format == MT_FORMAT_TEXT);
	if (!t)
		return mt_err_set(err, rc, "out of memory");
	finish_rc = mt_table_finish(t);
	if (rc)
		return mt_err_set(err, rc, "cannot write the table: %s", strerror(-rc));
	/* -EIO is of stdout, which main() reports. */
	if (!finish_rc || finish_rc == -EIO)
		return 0;
	return mt_err_set(err, finish_rc, "cannot write the table: %s", strerror(-finish_rc));
}

static int run(const char *uri, bool all, enum mt_format format, struct mt_err *err)
{
	mt_autofree struct mt_domain_info *list = NULL;
	struct mt_conn *conn;
	size_t n = 0;
	int rc;

	rc = mt_loop_start(err);
	if (!rc)
		rc = mt_conn_open(&conn, uri, err);
	if (rc)
		return rc;
	rc = mt_domain_list(conn, !all, &list, &n, err);
	if (!rc)
		rc = print(conn, list, n, format, err);
	if (!rc && !n && format == MT_FORMAT_TEXT)
		cmd_warn("no %sguests at %s%s", all ? "" : "running ", mt_conn_uri(conn),
			 all ? "" : "; --all shows the others too");
	mt_conn_close(conn);
	return rc;
}

int cmd_list(int argc, char **argv)
{
	struct common_options common = { 0 };
	bool all = false;
	const struct option_row rows[] = {
		{ "all", 'a', OPTION_FLAG, NULL, "also guests that do not run", &all },
	};
	const struct command_usage usage = {
		.name = "list",
		.synopsis = "",
		.description = "Lists the guests of a host: how large each is, how KVM logs the pages it dirties, whether\n"
			       "a migration runs, and which sources can tell of its dirty memory.",
		.examples = "  migtrace list\n"
			    "  migtrace list --all -c qemu+ssh://host2/system -f json\n",
		.uses = OPTIONS_CONNECT | OPTIONS_FORMAT,
		.rows = rows,
		.n_rows = MT_ARRAY_SIZE(rows),
	};
	struct option_args args;
	struct mt_err err = { 0 };
	int status = options_parse(&usage, argc, argv, &common, &args);

	if (status != OPTIONS_RUN)
		return status;
	return run(common.uri, all, common.format, &err) ? cmd_fail(&err) : CMD_OK;
}
