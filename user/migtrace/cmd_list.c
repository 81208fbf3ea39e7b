// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cmd_list.c - the guests of a host, what can be learnt of each, and what kind of work it does
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "cli/cmd.h"
#include "cli/options.h"
#include "hypervisor/domain.h"
#include "hypervisor/versions.h"
#include "hypervisor/virt_lookup.h"
#include "source/source.h"
#include "watch/domainclass.h"
#include "commands.h"

#define WATCH_DEFAULT_MS	MT_CLASS_SAMPLE_MS
#define WATCH_MAX_MS		(60 * MT_MS_PER_S)

struct list {
	bool all;
	uint64_t watch_ms, link_bytes_per_s;
	struct mt_domain_info *guests;
	struct mt_domainclass *classes;		/* of each */
	size_t n;
};

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

/* --- the class of each: looked at for a while, all at once --------------------- */
/* QEMU's own word during a migration; nobody else's is known to be new. */
static double dirty_rate(struct mt_conn *conn, const struct mt_domain_info *d)
{
	struct mt_err ignored = { 0 };
	struct mt_sample s;

	if (!d->migrating_out || mt_domain_sample(conn, d->uuid, &s, &ignored) ||
	    !mt_sample_has(&s, dirty_pages_per_s) || !mt_sample_has(&s, page_size_bytes))
		return NAN;
	return (double)s.dirty_pages_per_s * (double)s.page_size_bytes;
}

static void look(struct list *l, struct mt_conn *conn)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->guests[i].state == VIR_DOMAIN_RUNNING)
			mt_domainclass_look(&l->classes[i], dirty_rate(conn, &l->guests[i]));
}

static bool any_runs(const struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->guests[i].state == VIR_DOMAIN_RUNNING)
			return true;
	return false;
}

static int classify(struct list *l, struct mt_conn *conn, struct mt_err *err)
{
	uint64_t until_ns = mt_deadline_ns(l->watch_ms);

	l->classes = calloc(l->n + 1, sizeof(*l->classes));
	if (!l->classes)
		return mt_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < l->n; i++)
		mt_domainclass_init(&l->classes[i], conn, l->guests[i].uuid,
				    (double)l->link_bytes_per_s);
	if (!l->watch_ms || !any_runs(l))
		return 0;
	look(l, conn);
	while (mt_now_ns() < until_ns) {
		uint64_t left_ms = (until_ns - mt_now_ns()) / MT_NS_PER_MS + 1;

		mt_sleep_ms(left_ms < MT_CLASS_SAMPLE_MS + 1 ? left_ms : MT_CLASS_SAMPLE_MS + 1);
		look(l, conn);
	}
	return 0;
}

static struct mt_class_load mean_of(const struct mt_classifier *c)
{
	struct mt_class_load mean;

	mt_classifier_mean(c, &mean);
	return mean;
}

static struct mt_cell figure(const struct mt_classifier *c, double v)
{
	return c->samples && isfinite(v) ? MT_UINT((uint64_t)round(v)) : MT_NONE;
}

static int add_row(struct mt_table *t, struct mt_conn *conn, const struct mt_domain_info *d,
		   const struct mt_classifier *c, const struct sources *sources, bool text)
{
	const struct mt_class_load mean = mean_of(c);
	char tracking[32], why[MT_CLASS_TEXT];
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
		MT_STR(c->samples ? mt_class_name(c->class) : NULL),
		figure(c, mean.cpu_share * 100),
		figure(c, mean.received_bytes_per_s),
		figure(c, mean.sent_bytes_per_s),
		MT_STR(c->samples ? mt_classifier_tell(c, why) : NULL),
	};

	return mt_table_row(t, cells);
}

static int print(struct mt_conn *conn, const struct list *l, enum mt_format format,
		 struct mt_err *err)
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
		{ "class", "CLASS" },
		{ "vcpu_percent", "VCPU %" },
		{ "net_received_bytes_per_s", "NET IN", MT_SHOW_RATE_BYTES_PER_S },
		{ "net_sent_bytes_per_s", "NET OUT", MT_SHOW_RATE_BYTES_PER_S },
		{ "class_reason", NULL },
	};
	/* Once for all guests: BPF programs are loaded for it, and taken away again. */
	const struct sources sources = { try_source(conn, "kmod"), try_source(conn, "bpf") };
	struct mt_table *t = mt_table_new(stdout, format, columns, MT_ARRAY_SIZE(columns));
	int rc = t ? 0 : -ENOMEM, finish_rc;

	for (size_t i = 0; !rc && i < l->n; i++)
		rc = add_row(t, conn, &l->guests[i], &l->classes[i].class, &sources,
			     format == MT_FORMAT_TEXT);
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

static int run(struct list *l, const char *uri, enum mt_format format, struct mt_err *err)
{
	struct mt_conn *conn;
	int rc;

	rc = mt_loop_start(err);
	if (!rc)
		rc = mt_conn_open(&conn, uri, err);
	if (rc)
		return rc;
	rc = mt_domain_list(conn, !l->all, &l->guests, &l->n, err);
	if (!rc)
		rc = classify(l, conn, err);
	if (!rc)
		rc = print(conn, l, format, err);
	if (!rc && !l->n && format == MT_FORMAT_TEXT)
		cmd_warn("no %sguests at %s%s", l->all ? "" : "running ", mt_conn_uri(conn),
			 l->all ? "" : "; --all shows the others too");
	free(l->guests);
	free(l->classes);
	mt_conn_close(conn);
	return rc;
}

int cmd_list(int argc, char **argv)
{
	struct common_options common = { 0 };
	struct list list = { .watch_ms = WATCH_DEFAULT_MS,
			     .link_bytes_per_s = (uint64_t)MT_CLASS_LINK_BYTES_PER_S };
	const struct option_row rows[] = {
		{ "all", 'a', OPTION_FLAG, NULL, "also guests that do not run", &list.all },
		{ "watch", 0, OPTION_DURATION_MS, "DURATION",
		  "watch what they do for so long; 0ms: no class (default 1s)", &list.watch_ms },
		{ "link", 0, OPTION_RATE_BYTES_PER_S, "RATE",
		  "what the link of migrations carries, for the class (default 1Gbit/s)",
		  &list.link_bytes_per_s },
	};
	const struct command_usage usage = {
		.name = "list",
		.synopsis = "",
		.description = "Lists the guests of a host: how large each is, how KVM logs the pages it dirties, whether\n"
			       "a migration runs, which sources can tell of its dirty memory, and what kind of work it does.",
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
	if (list.watch_ms > WATCH_MAX_MS)
		return options_error(&usage, "--watch is at most 1min");
	if (!list.link_bytes_per_s)
		return options_error(&usage, "--link is more than 0");
	return run(&list, common.uri, common.format, &err) ? cmd_fail(&err) : CMD_OK;
}
