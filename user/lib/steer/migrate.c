// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * migrate.c - a live migration that we start ourselves
 *
 * The call has connections of its own. libvirt before 10.0 can fail to wake the
 * thread that waits on a connection when a second one wants to send on it, and
 * then the second one's call is not even sent until the first one's peer says
 * something: job statistics took a whole iteration, seconds, instead of 2 ms.
 *
 * The thread that sits in libvirt's call shares struct mt_migrate with its owner;
 * the last of the two frees it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "base/thread.h"
#include "base/units.h"
#include "hypervisor/domain.h"
#include "hypervisor/virt_lookup.h"
#include "hypervisor/virt_open.h"
#include "actuator.h"
#include "migrate.h"

struct mt_migrate {
	atomic_int refs;
	virConnectPtr source;
	virConnectPtr destination;	/* direct only */
	virDomainPtr dom;
	unsigned flags;
	char *destination_uri;
	virTypedParameterPtr params;
	int n_params;

	pthread_mutex_t lock;
	pthread_cond_t returned;
	bool done;
	mt_event_fn fn;			/* NULL: the owner has let go */
	void *opaque;
};

static void put(struct mt_migrate *m)
{
	if (atomic_fetch_sub(&m->refs, 1) > 1)
		return;
	virTypedParamsFree(m->params, m->n_params);
	if (m->dom)
		virDomainFree(m->dom);
	mt_cleanup_virt(&m->source);
	mt_cleanup_virt(&m->destination);
	free(m->destination_uri);
	pthread_cond_destroy(&m->returned);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* --- options ---------------------------------------------------------- */
static unsigned flags_of(const struct mt_migrate_options *o)
{
	const struct {
		bool on;
		unsigned flag;
	} table[] = {
		{ true,			VIR_MIGRATE_LIVE },
		{ !o->direct,		VIR_MIGRATE_PEER2PEER },
		{ o->postcopy,		VIR_MIGRATE_POSTCOPY },
		{ o->parallel > 0,	VIR_MIGRATE_PARALLEL },
		{ o->auto_converge,	VIR_MIGRATE_AUTO_CONVERGE },
		{ o->compression != MT_COMPRESSION_NONE, VIR_MIGRATE_COMPRESSED },
		{ o->persistent,	VIR_MIGRATE_PERSIST_DEST },
		{ o->undefine_source,	VIR_MIGRATE_UNDEFINE_SOURCE },
		{ o->unsafe,		VIR_MIGRATE_UNSAFE },
	};
	unsigned flags = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(table); i++)
		if (table[i].on)
			flags |= table[i].flag;
	return flags;
}

static const char *const compression_names[MT_COMPRESSION_COUNT] = {
	[MT_COMPRESSION_NONE] = "none",
	[MT_COMPRESSION_XBZRLE] = "xbzrle",
	[MT_COMPRESSION_MT] = "mt",
	[MT_COMPRESSION_ZSTD] = "zstd",
};

const char *mt_compression_name(enum mt_compression c)
{
	return c < MT_COMPRESSION_COUNT ? compression_names[c] : "none";
}

int mt_compression_parse(const char *name, enum mt_compression *c)
{
	for (int i = 0; i < MT_COMPRESSION_COUNT; i++) {
		if (!strcmp(name, compression_names[i])) {
			*c = i;
			return 0;
		}
	}
	return -EINVAL;
}

unsigned mt_migrate_methods(const struct mt_migrate_options *o)
{
	return mt_method_beyond(&(struct mt_method_row){
		.auto_converge = o->auto_converge,
		.xbzrle = o->compression == MT_COMPRESSION_XBZRLE,
		.compression = o->compression == MT_COMPRESSION_MT ||
			       o->compression == MT_COMPRESSION_ZSTD,
		.channels = o->parallel }, o->postcopy);
}

void mt_migrate_use(struct mt_migrate_options *o, enum mt_method method, unsigned throttle_percent)
{
	const struct mt_method_row *row = mt_method_at(method);

	o->auto_converge |= row->auto_converge;
	if (row->auto_converge && throttle_percent)
		o->throttle_initial_percent = throttle_percent;
	if (row->xbzrle)
		o->compression = MT_COMPRESSION_XBZRLE;
	if (row->compression)
		o->compression = row->zstd ? MT_COMPRESSION_ZSTD : MT_COMPRESSION_MT;
	if (row->channels)
		o->parallel = row->channels;
}

/* What is 0 is left to libvirt and QEMU. */
static int params_of(const struct mt_migrate_options *o, virTypedParameterPtr *params, int *n)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ VIR_MIGRATE_PARAM_URI, o->migrate_uri },
		{ VIR_MIGRATE_PARAM_COMPRESSION,
		  o->compression ? mt_compression_name(o->compression) : NULL },
	};
	const struct {
		const char *name;
		uint64_t value;
	} sizes[] = {
		{ VIR_MIGRATE_PARAM_BANDWIDTH,
		  o->bandwidth_bytes_per_s ? mt_bandwidth_mib_per_s(o->bandwidth_bytes_per_s) : 0 },
		{ VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY,
		  o->postcopy_bandwidth_bytes_per_s ?
			  mt_bandwidth_mib_per_s(o->postcopy_bandwidth_bytes_per_s) :
			  0 },
		{ VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE, o->xbzrle_cache_bytes },
	};
	const struct {
		const char *name;
		unsigned value;
	} numbers[] = {
		{ VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, o->parallel },
		{ VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL, o->throttle_initial_percent },
		{ VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT, o->throttle_increment_percent },
		{ VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL, o->compress_level },
		{ VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS, o->compress_threads },
		{ VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS, o->compress_threads },
	};
	int max = 0, rc = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(texts) && rc >= 0; i++)
		if (texts[i].text)
			rc = virTypedParamsAddString(params, n, &max, texts[i].name, texts[i].text);
	for (size_t i = 0; i < MT_ARRAY_SIZE(sizes) && rc >= 0; i++)
		if (sizes[i].value)
			rc = virTypedParamsAddULLong(params, n, &max, sizes[i].name,
						     sizes[i].value);
	for (size_t i = 0; i < MT_ARRAY_SIZE(numbers) && rc >= 0; i++)
		if (numbers[i].value)
			rc = virTypedParamsAddInt(params, n, &max, numbers[i].name,
						  (int)numbers[i].value);
	return rc < 0 ? -ENOMEM : 0;
}

const char *mt_migrate_rounding(const struct mt_migrate_options *o, char *buf, size_t size)
{
	const struct {
		const char *name;
		uint64_t bytes_per_s;
	} rates[] = {
		{ "bandwidth", o->bandwidth_bytes_per_s },
		{ "post-copy bandwidth", o->postcopy_bandwidth_bytes_per_s },
	};
	size_t used = 0;

	for (size_t i = 0; i < MT_ARRAY_SIZE(rates) && used < size; i++) {
		uint64_t mib = mt_bandwidth_mib_per_s(rates[i].bytes_per_s);

		if (rates[i].bytes_per_s && mib * MT_MIB != rates[i].bytes_per_s)
			used += (size_t)snprintf(buf + used, size - used,
						 "%s%s is %" PRIu64
						 " MiB/s: libvirt takes whole MiB/s only",
						 used ? "; " : "", rates[i].name, mib);
	}
	return used ? buf : NULL;
}

static int check_options(const struct mt_migrate_options *o, struct mt_err *err)
{
	if (!o->destination_uri || !*o->destination_uri)
		return mt_err_set(err, -EINVAL,
				  "where to? a destination looks like qemu+ssh://HOST/system");
	if (o->postcopy && o->parallel)
		return mt_err_set(err, -EINVAL,
				  "post-copy and parallel connections do not go together: QEMU 7.2 loses the guest");
	if (o->parallel > 255)
		return mt_err_set(err, -EINVAL,
				  "%u parallel connections are too many: QEMU takes 1 to 255",
				  o->parallel);
	if ((o->throttle_initial_percent || o->throttle_increment_percent) && !o->auto_converge)
		return mt_err_set(err, -EINVAL, "throttle percentages need auto-converge");
	if (o->throttle_initial_percent > 99 || o->throttle_increment_percent > 99)
		return mt_err_set(err, -EINVAL, "a throttle is 1 to 99 percent");
	if (o->compression && o->compression != MT_COMPRESSION_ZSTD && o->parallel)
		return mt_err_set(
			err, -EINVAL,
			"of compressions only zstd goes together with parallel connections");
	if (o->compression == MT_COMPRESSION_ZSTD && !o->parallel)
		return mt_err_set(err, -EINVAL,
				  "compression by zstd is of parallel connections: say how many");
	if (o->xbzrle_cache_bytes && o->compression != MT_COMPRESSION_XBZRLE)
		return mt_err_set(err, -EINVAL, "a cache is only for compression by xbzrle");
	if ((o->compress_level || o->compress_threads) && o->compression != MT_COMPRESSION_MT)
		return mt_err_set(err, -EINVAL,
				  "a level and threads are only for compression by mt");
	if (o->compress_level > 9 || o->compress_threads > 255)
		return mt_err_set(err, -EINVAL,
				  "compression has levels 1 to 9 and 1 to 255 threads");
	if (o->postcopy_bandwidth_bytes_per_s && !o->postcopy)
		return mt_err_set(err, -EINVAL,
				  "a bandwidth for post-copy needs post-copy to be allowed");
	if (o->undefine_source && !o->persistent)
		return mt_err_set(err, -EINVAL,
				  "undefining the guest at the source without defining it at the destination would lose its definition");
	return 0;
}

/* --- both sides ------------------------------------------------------- */
/* It runs, and neither migrates nor arrives. */
static int check_source(struct mt_conn *conn, const char *uuid, struct mt_domain_info *info,
			struct mt_err *err)
{
	int ret = mt_domain_info(conn, uuid, info, err);

	if (ret)
		return ret;
	if (info->migrating_out)
		return mt_err_set(err, -EBUSY, "%s migrates already; virsh domjobinfo %s shows it",
				  info->name, info->name);
	if (info->migrating_in)
		return mt_err_set(err, -EBUSY, "%s is just arriving from another host", info->name);
	if (info->state != VIR_DOMAIN_RUNNING)
		return mt_err_set(err, -EBUSY, "%s is %s, not running", info->name,
				  mt_domain_state_name(info->state));
	return 0;
}

static int check_destination(struct mt_conn *there, const struct mt_domain_info *info,
			     struct mt_err *err)
{
	struct mt_domain_info other;
	int ret = mt_domain_info(there, info->uuid, &other, NULL);

	/* Shut off is fine: a definition left from an earlier visit. */
	if (!ret && other.state != VIR_DOMAIN_SHUTOFF)
		return mt_err_set(err, -EEXIST, "%s is at %s already, %s", info->name,
				  mt_conn_uri(there), mt_domain_state_name(other.state));
	if (ret && ret != -ENOENT)
		return mt_err_set(err, ret, "cannot ask %s for its domains", mt_conn_uri(there));
	if (info->name_cut)
		return 0;	/* libvirt itself refuses a second guest of that name */
	ret = mt_domain_find(there, info->name, &other, NULL);
	/* A name of digits finds another by its id, and one like a UUID the one that has it. */
	if (!ret && !strcmp(other.name, info->name) && strcmp(other.uuid, info->uuid))
		return mt_err_set(err, -EEXIST, "another guest at %s is called %s",
				  mt_conn_uri(there), info->name);
	return 0;
}

int mt_migrate_check(struct mt_conn *conn, const char *uuid, const struct mt_migrate_options *o,
		     struct mt_err *err)
{
	char here_uuid[VIR_UUID_STRING_BUFLEN], there_uuid[VIR_UUID_STRING_BUFLEN];
	struct mt_domain_info info;
	struct mt_conn *there;
	int ret;

	ret = check_options(o, err);
	if (ret)
		return ret;
	if (!strcmp(o->destination_uri, mt_conn_uri(conn)))
		return mt_err_set(err, -EINVAL, "the destination %s is the source",
				  o->destination_uri);
	ret = check_source(conn, uuid, &info, err);
	if (ret)
		return ret;
	ret = mt_conn_open(&there, o->destination_uri, err);
	if (ret)
		return ret;
	if (!mt_conn_host(conn, here_uuid, NULL) && !mt_conn_host(there, there_uuid, NULL) &&
	    !strcmp(here_uuid, there_uuid))
		ret = mt_err_set(err, -EINVAL,
				 "%s is the source's own host, or has the same host UUID %s; if these are two hosts, set host_uuid in libvirtd.conf",
				 o->destination_uri, here_uuid);
	else
		ret = check_destination(there, &info, err);
	mt_conn_close(there);
	return ret;
}

/* --- the call --------------------------------------------------------- */
static int migrate(struct mt_migrate *m, struct mt_err *err)
{
	mt_autodomain virDomainPtr arrived = NULL;

	if (m->destination) {
		arrived = virDomainMigrate3(m->dom, m->destination, m->params,
					    (unsigned)m->n_params, m->flags);
		return arrived ? 0 : mt_virt_error(err, "migration failed");
	}
	if (virDomainMigrateToURI3(m->dom, m->destination_uri, m->params, (unsigned)m->n_params,
				   m->flags) < 0)
		return mt_virt_error(err, "migration failed");
	return 0;
}

static void *run(void *arg)
{
	struct mt_migrate *m = arg;
	struct mt_err err = { 0 };
	struct mt_event ev = { .kind = MT_EVENT_MIGRATE_DONE };
	const char *name = virDomainGetName(m->dom);
	int ret = migrate(m, &err);

	ev.t_ns = mt_now_ns();
	ev.detail = ret ? -1 : 0;
	memcpy(ev.text, err.msg, sizeof(ev.text) - 1);	/* cut to fit; the last byte stays 0 */
	ev.domain_cut = mt_domain_name_copy(ev.domain, name);
	if (virDomainGetUUIDString(m->dom, ev.uuid) < 0)
		ev.uuid[0] = '\0';

	pthread_mutex_lock(&m->lock);
	m->done = true;
	if (m->fn)
		m->fn(&ev, m->opaque);
	mt_cond_wake(&m->returned);
	pthread_mutex_unlock(&m->lock);
	put(m);
	return NULL;
}

int mt_migrate_start(struct mt_migrate **migrate_out, struct mt_conn *conn, const char *uuid,
		     const struct mt_migrate_options *o, mt_event_fn done, void *opaque,
		     struct mt_err *err)
{
	struct mt_migrate *m;
	int ret = check_options(o, err);

	if (ret)
		return ret;
	m = calloc(1, sizeof(*m));
	if (!m)
		return mt_err_set(err, -ENOMEM, "out of memory");
	atomic_init(&m->refs, 1);
	pthread_mutex_init(&m->lock, NULL);
	mt_cond_init(&m->returned);
	m->fn = done;
	m->opaque = opaque;
	m->flags = flags_of(o);
	m->destination_uri = strdup(o->destination_uri);
	if (!m->destination_uri || params_of(o, &m->params, &m->n_params)) {
		ret = mt_err_set(err, -ENOMEM, "out of memory");
		goto put;
	}
	ret = mt_open(&m->source, mt_conn_uri(conn), MT_OPEN_TIMEOUT_MS, err);
	if (!ret && o->direct)
		ret = mt_open(&m->destination, o->destination_uri, MT_OPEN_TIMEOUT_MS, err);
	if (ret)
		goto put;
	m->dom = virDomainLookupByUUIDString(m->source, uuid);
	if (!m->dom) {
		ret = mt_virt_error(err, "cannot look up the domain");
		goto put;
	}
	atomic_store(&m->refs, 2);
	ret = mt_thread_start(NULL, "virt-migrate", run, m);
	if (ret) {
		atomic_store(&m->refs, 1);
		mt_err_set(err, ret, "cannot start a thread for the migration");
		goto put;
	}
	*migrate_out = m;
	return 0;
put:
	put(m);
	return ret;
}

int mt_migrate_free(struct mt_migrate *m, uint64_t timeout_ms)
{
	uint64_t until_ns = mt_deadline_ns(timeout_ms);
	bool more = true, done;

	if (!m)
		return 0;
	pthread_mutex_lock(&m->lock);
	while (!m->done && more)
		more = mt_cond_wait_until(&m->returned, &m->lock, until_ns);
	done = m->done;
	m->fn = NULL;
	pthread_mutex_unlock(&m->lock);
	put(m);
	return done ? 0 : -ETIMEDOUT;
}
