// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * source.c - the sources of ticks, best first, and how one is picked
 */
#include <errno.h>
#include <string.h>

#include "source.h"

const struct mt_source_ops *const mt_sources[] = {
	&mt_source_kmod,
#ifdef MT_HAVE_BPF
	&mt_source_bpf,
#endif
	NULL
};

const struct mt_source_ops *mt_source_find(const char *name)
{
	for (const struct mt_source_ops *const *ops = mt_sources; *ops; ops++)
		if (!strcmp((*ops)->name, name))
			return *ops;
	return NULL;
}

const char *mt_source_mode_name(enum migtrace_mode mode)
{
	return mode == MIGTRACE_MODE_RING ? "ring" : "bitmap";
}

static int check(const struct mt_source_params *p, struct mt_err *err)
{
	if (p->tick_ns < MIGTRACE_TICK_MIN_NS || p->tick_ns > MIGTRACE_TICK_MAX_NS)
		return mt_err_set(err, -EINVAL, "a tick takes 1 ms to 10 s");
	if (p->vcpus > MIGTRACE_VCPUS_MAX)
		return mt_err_set(err, -EINVAL, "at most %d vCPUs are counted apart",
				  MIGTRACE_VCPUS_MAX);
	return 0;
}

/* @final: what spoke against it is the guest's fault, and no other source would fare better. */
static int open_one(const struct mt_source_ops *ops, const struct mt_source_params *params,
		    struct mt_source **source, bool *final, struct mt_err *err)
{
	int rc = ops->probe(err);

	*final = false;
	if (rc)
		return rc;
	rc = ops->open(params, source, err);
	*final = rc == -ENOENT || rc == -ESRCH;
	if (rc)
		return rc;
	(*source)->ops = ops;
	(*source)->tick_ns = params->tick_ns;
	(*source)->gone = false;
	(*source)->why_not_better[0] = '\0';
	return 0;
}

/* "kmod: reason" behind what stands there already. */
static void add_reason(char *buf, size_t size, const struct mt_source_ops *ops,
		       const struct mt_err *why)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s%s: %.200s", used ? "; " : "", ops->name, why->msg);
}

int mt_source_open(const char *name, const struct mt_source_params *params,
		   struct mt_source **source, struct mt_err *err)
{
	char reasons[sizeof((*source)->why_not_better)] = "";
	const struct mt_source_ops *only = name ? mt_source_find(name) : NULL;
	int first_rc = 0, rc;
	bool final;

	*source = NULL;
	if (name && !only)
		return mt_err_set(err, -ENODEV, "there is no source \"%s\" in this build", name);
	rc = check(params, err);
	if (rc)
		return rc;
	if (only)
		return open_one(only, params, source, &final, err);
	for (const struct mt_source_ops *const *ops = mt_sources; *ops; ops++) {
		struct mt_err why = { 0 };

		rc = open_one(*ops, params, source, &final, &why);
		if (!rc) {
			memcpy((*source)->why_not_better, reasons, sizeof(reasons));
			return 0;
		}
		if (final)
			return mt_err_set(err, rc, "%s", why.msg);
		if (!first_rc)
			first_rc = rc;
		add_reason(reasons, sizeof(reasons), *ops, &why);
	}
	return mt_err_set(err, first_rc, "%s", *reasons ? reasons : "none is built in");
}

int mt_source_read(struct mt_source *source, struct migtrace_record *record, size_t room_bytes)
{
	int rc;

	if (source->gone)
		return -ENODEV;
	if (room_bytes < sizeof(*record))
		return -EINVAL;
	rc = source->ops->read(source, record, room_bytes);
	if (rc == 1 && record->state & MIGTRACE_STATE_GONE)
		source->gone = true;
	return rc;
}

void mt_source_close(struct mt_source *source)
{
	if (source)
		source->ops->close(source);
}
