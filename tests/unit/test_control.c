/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_control.c - libvirt's side, as far as it goes without QEMU: what is pure,
 * and the connection with libvirt's test driver, which lives in this process.
 */
#include <errno.h>
#include <pthread.h>

#include <libvirt/virterror.h>

#include "base/units.h"
#include "hypervisor/domain.h"
#include "hypervisor/pass_events.h"
#include "hypervisor/qmp.h"
#include "hypervisor/virterror.h"
#include "steer/actuator.h"
#include "steer/migrate.h"
#include "ktap.h"

/* --- job parameters to sample ------------------------------------------ */
struct params {
	virTypedParameterPtr list;
	int n, max;
};

static void cleanup_params(struct params *p)
{
	virTypedParamsFree(p->list, p->n);
}

#define autoparams MT_CLEANUP(cleanup_params) struct params

static void add(struct params *p, const char *key, unsigned long long value)
{
	if (virTypedParamsAddULLong(&p->list, &p->n, &p->max, key, value) < 0)
		abort();
}

static void add_int(struct params *p, const char *key, int value)
{
	if (virTypedParamsAddInt(&p->list, &p->n, &p->max, key, value) < 0)
		abort();
}

/* As libvirt 9.0 sent them in the middle of a migration between two hosts. */
static void add_active(struct params *p)
{
	add_int(p, "operation", VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
	add(p, "time_elapsed", 7493);
	add(p, "setup_time", 6);
	add(p, "downtime", 3234);
	add(p, "data_total", 268967936);
	add(p, "data_remaining", 85581824);
	add(p, "memory_total", 268967936);
	add(p, "memory_remaining", 85581824);
	add(p, "memory_processed", 224395264);
	add(p, "memory_constant", 32751);
	add(p, "memory_normal", 54784);
	add(p, "memory_normal_bytes", 224395264);
	add(p, "memory_bps", 31457280);
	add(p, "memory_dirty_rate", 8933);
	add(p, "memory_iteration", 3);
	add(p, "memory_page_size", 4096);
	add(p, "memory_postcopy_requests", 0);
}

static void test_active(void)
{
	autoparams p = { 0 };
	struct mt_sample s;

	add_active(&p);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_ACTIVE);
	CHECK_INT(s.total_ms, 7493);
	CHECK_INT(s.setup_ms, 6);
	CHECK_INT(s.iteration, 3);
	CHECK_INT(s.memory_bytes, 268967936);
	CHECK_INT(s.remaining_bytes, 85581824);
	CHECK_INT(s.transferred_bytes, 224395264);
	CHECK_INT(s.zero_pages, 32751);
	CHECK_INT(s.normal_pages, 54784);
	CHECK_INT(s.bandwidth_bytes_per_s, 31457280);
	CHECK_INT(s.dirty_pages_per_s, 8933);
	CHECK_INT(s.page_size_bytes, 4096);
	CHECK(mt_sample_has(&s, expected_downtime_ms));
	CHECK_INT(s.expected_downtime_ms, 3234);
	CHECK(!mt_sample_has(&s, downtime_ms));
	CHECK(!mt_sample_has(&s, throttle_percent));
}

static void test_completed(void)
{
	autoparams p = { 0 };
	struct mt_sample s;

	add_active(&p);
	add_int(&p, "auto_converge_throttle", 20);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_COMPLETED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_COMPLETED);
	CHECK(mt_sample_has(&s, downtime_ms));
	CHECK_INT(s.downtime_ms, 3234);
	CHECK(!mt_sample_has(&s, expected_downtime_ms));
	CHECK(mt_sample_has(&s, throttle_percent));
	CHECK_INT(s.throttle_percent, 20);
}

static void test_statuses(void)
{
	static const struct {
		int type;
		enum mt_status status;
	} table[] = {
		{ VIR_DOMAIN_JOB_NONE,		MT_STATUS_NONE },
		{ VIR_DOMAIN_JOB_BOUNDED,	MT_STATUS_ACTIVE },
		{ VIR_DOMAIN_JOB_UNBOUNDED,	MT_STATUS_ACTIVE },
		{ VIR_DOMAIN_JOB_COMPLETED,	MT_STATUS_COMPLETED },
		{ VIR_DOMAIN_JOB_FAILED,	MT_STATUS_FAILED },
		{ VIR_DOMAIN_JOB_CANCELLED,	MT_STATUS_CANCELLED },
		/* of a newer libvirt; "none" would end its supervision */
		{ 99,				MT_STATUS_UNKNOWN },
	};
	autoparams p = { 0 };
	struct mt_sample s;

	add_active(&p);
	for (size_t i = 0; i < MT_ARRAY_SIZE(table); i++) {
		mt_sample_from_params(&s, table[i].type, p.list, p.n);
		CHECK_INT(s.status, table[i].status);
		CHECK(s.status != MT_STATUS_NONE || !s.valid);
	}
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_FAILED, NULL, 0);
	CHECK_INT(s.status, MT_STATUS_FAILED);
	CHECK_INT(s.valid, 0);
}

static void test_setup_and_postcopy(void)
{
	autoparams early = { 0 };
	autoparams late = { 0 };
	struct mt_sample s;

	add_int(&early, "operation", VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
	add(&early, "time_elapsed", 4);
	add(&early, "memory_total", 0);
	add(&early, "memory_remaining", 0);
	add(&early, "memory_iteration", 0);
	add(&early, "memory_bps", 0);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, early.list, early.n);
	CHECK_INT(s.status, MT_STATUS_SETUP);
	CHECK_INT(s.valid, 1ULL << MT_FIELD_total_ms);

	add(&late, "memory_postcopy_requests", 12);
	add_active(&late);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, late.list, late.n - 1);
	CHECK_INT(s.status, MT_STATUS_POSTCOPY);
	CHECK_INT(s.postcopy_requests, 12);
	CHECK(!mt_sample_has(&s, expected_downtime_ms));
}

/*
 * What libvirt says between the failure and the end of its clean-up: not that nothing remains to be
 * sent.
 */
static void test_failed(void)
{
	autoparams p = { 0 };
	struct mt_sample s;

	add_int(&p, "operation", VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
	add(&p, "time_elapsed", 0);
	add(&p, "memory_total", 0);
	add(&p, "memory_remaining", 0);
	add(&p, "memory_iteration", 0);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_FAILED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_FAILED);
	CHECK_INT(s.valid, 0);
}

static void test_other_jobs(void)
{
	static const int others[] = {
		VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, VIR_DOMAIN_JOB_OPERATION_SAVE,
		VIR_DOMAIN_JOB_OPERATION_DUMP,	       VIR_DOMAIN_JOB_OPERATION_SNAPSHOT,
		VIR_DOMAIN_JOB_OPERATION_BACKUP,       VIR_DOMAIN_JOB_OPERATION_UNKNOWN,
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(others); i++) {
		autoparams p = { 0 };
		struct mt_sample s;

		add_int(&p, "operation", others[i]);
		add(&p, "memory_total", 4096);
		mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, p.list, p.n);
		CHECK_INT(s.status, MT_STATUS_NONE);
		CHECK_INT(s.valid, 0);
	}
}

/* A newer libvirt's words: nothing is known of such a job, not even that it is over. */
static void test_new_words(void)
{
	autoparams p = { 0 }, q = { 0 };
	struct mt_sample s;

	add_int(&p, "operation", 99);
	add(&p, "memory_total", 4096);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_UNKNOWN);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_NONE, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_NONE);
	if (virTypedParamsAddString(&q.list, &q.n, &q.max, "operation", "migration-out") < 0)
		abort();
	add(&q, "memory_total", 4096);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, q.list, q.n);
	CHECK_INT(s.status, MT_STATUS_UNKNOWN);
	CHECK(mt_sample_has(&s, memory_bytes));
}

/* QEMU counts below 0, and libvirt hands it on as nearly 2^64. */
static void test_wraps(void)
{
	autoparams p = { 0 };
	struct mt_sample s;

	add(&p, "memory_total", 1 << 20);
	add(&p, "memory_remaining", 18446744073709547520ULL);
	add(&p, "memory_bps", UINT64_MAX);
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_ACTIVE);
	CHECK(s.miscounted);
	CHECK_INT(s.valid, 1ULL << MT_FIELD_memory_bytes);
}

static void test_odd_values(void)
{
	autoparams p = { 0 };
	struct mt_sample s;

	add(&p, "memory_total", 1 << 20);
	add_int(&p, "auto_converge_throttle", -1);
	if (virTypedParamsAddLLong(&p.list, &p.n, &p.max, "memory_remaining", -5) < 0 ||
	    virTypedParamsAddString(&p.list, &p.n, &p.max, "memory_iteration", "3") < 0 ||
	    virTypedParamsAddUInt(&p.list, &p.n, &p.max, "memory_page_size", 4096) < 0 ||
	    virTypedParamsAddBoolean(&p.list, &p.n, &p.max, "memory_bps", 1) < 0 ||
	    virTypedParamsAddULLong(&p.list, &p.n, &p.max, "no_such_key", 1) < 0)
		abort();
	mt_sample_from_params(&s, VIR_DOMAIN_JOB_UNBOUNDED, p.list, p.n);
	CHECK_INT(s.status, MT_STATUS_ACTIVE);
	CHECK_INT(s.valid, 1ULL << MT_FIELD_memory_bytes | 1ULL << MT_FIELD_page_size_bytes);
}

/* --- QEMU's own words --------------------------------------------------- */
static void test_qmp(void)
{
	char status[32];
	uint64_t pass;

	CHECK_INT(
		mt_qmp_migration_status("{\"status\":\"postcopy-active\"}", status, sizeof(status)),
		0);
	CHECK_STR(status, "postcopy-active");
	CHECK_INT(mt_qmp_migration_status("{\"status\":\"postcopy-active\"}", status, 4), -EBADMSG);
	CHECK_INT(mt_qmp_migration_status("{\"status\":1}", status, sizeof(status)), -EBADMSG);
	CHECK_INT(mt_qmp_migration_status("{", status, sizeof(status)), -EBADMSG);
	CHECK_INT(mt_qmp_migration_status(NULL, status, sizeof(status)), -EBADMSG);

	CHECK_INT(mt_qmp_migration_pass("{\"pass\":17}", &pass), 0);
	CHECK_INT(pass, 17);
	CHECK_INT(mt_qmp_migration_pass("{\"pass\":-1}", &pass), -EBADMSG);
	CHECK_INT(mt_qmp_migration_pass("{\"pass\":\"1\"}", &pass), -EBADMSG);
	CHECK_INT(mt_qmp_migration_pass(NULL, &pass), -EBADMSG);

	CHECK_INT(mt_qmp_capability("{\"return\":[{\"state\":false,\"capability\":\"xbzrle\"},"
				    "{\"state\":true,\"capability\":\"multifd\"}],\"id\":\"libvirt-1\"}", "multifd"), 1);
	CHECK_INT(mt_qmp_capability("{\"return\":[{\"state\":false,\"capability\":\"multifd\"}]}",
				    "multifd"),
		  0);
	CHECK_INT(mt_qmp_capability("{\"return\":[{},1,{\"capability\":3}]}", "multifd"), 0);
	CHECK_INT(mt_qmp_capability("{\"error\":{\"class\":\"CommandNotFound\"}}", "multifd"),
		  -EBADMSG);
	CHECK_INT(mt_qmp_capability("", "multifd"), -EBADMSG);
}

static void test_vcpu_limit(void)
{
	static const struct {
		const char *reply;
		int rc;
		uint64_t mib_per_s;
	} rows[] = {
		{ "{\"return\":[]}", 0, 0 },
		{ "{\"return\":[{\"cpu-index\":0,\"limit-rate\":60,\"current-rate\":3}]}", 0, 60 },
		{ "{\"return\":[{\"limit-rate\":60},{\"limit-rate\":7},{\"limit-rate\":0}]}", 0, 7 },
		{ "{\"return\":[{\"limit-rate\":-1}]}", -EBADMSG, 99 },
		{ "{\"return\":[{\"cpu-index\":0}]}", -EBADMSG, 99 },
		{ "{\"return\":{}}", -EBADMSG, 99 },
		{ "{\"error\":{\"class\":\"CommandNotFound\"}}", -EBADMSG, 99 },
		{ "", -EBADMSG, 99 },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		uint64_t mib_per_s = 99;

		CHECK_INT(mt_qmp_vcpu_limit(rows[i].reply, &mib_per_s), rows[i].rc);
		CHECK_INT(mib_per_s, rows[i].mib_per_s);
	}
}

static void cleanup_passes(struct mt_pass_events *p)
{
	mt_pass_events_fini(p);
}

static void test_passes(void)
{
	MT_CLEANUP(cleanup_passes) struct mt_pass_events p = { 0 };

	/* Whichever comes first. */
	CHECK(mt_pass_events_feed(&p, "a", MT_PASS_QEMU, 1));
	CHECK(!mt_pass_events_feed(&p, "a", MT_PASS_LIBVIRT, 1));
	CHECK(mt_pass_events_feed(&p, "a", MT_PASS_LIBVIRT, 2));
	CHECK(!mt_pass_events_feed(&p, "a", MT_PASS_QEMU, 2));
	/* One far ahead of the other. */
	for (uint64_t i = 3; i < 10; i++)
		CHECK(mt_pass_events_feed(&p, "a", MT_PASS_QEMU, i));
	for (uint64_t i = 3; i < 10; i++)
		CHECK(!mt_pass_events_feed(&p, "a", MT_PASS_LIBVIRT, i));
	/* Domains do not see each other. */
	CHECK(mt_pass_events_feed(&p, "b", MT_PASS_LIBVIRT, 1));
	CHECK(!mt_pass_events_feed(&p, "b", MT_PASS_QEMU, 1));
	/* A migration begins anew, seen by the count alone. */
	CHECK(mt_pass_events_feed(&p, "a", MT_PASS_QEMU, 1));
	CHECK(!mt_pass_events_feed(&p, "a", MT_PASS_LIBVIRT, 1));
	CHECK(mt_pass_events_feed(&p, "a", MT_PASS_QEMU, 2));
	/* ... or told so. */
	mt_pass_events_forget(&p, "a");
	mt_pass_events_forget(&p, "never heard of");
	CHECK(mt_pass_events_feed(&p, "a", MT_PASS_LIBVIRT, 1));
	/*
	 * One source alone, as with a libvirt that hands on no events of QEMU's; twice the same is
	 * a new migration.
	 */
	CHECK(mt_pass_events_feed(&p, "c", MT_PASS_LIBVIRT, 1));
	CHECK(mt_pass_events_feed(&p, "c", MT_PASS_LIBVIRT, 1));
	CHECK(mt_pass_events_feed(&p, "c", MT_PASS_LIBVIRT, 2));
}

/* --- inbox -------------------------------------------------------------- */
static void cleanup_inbox(struct mt_inbox **in)
{
	mt_inbox_free(*in);
}

#define autoinbox MT_CLEANUP(cleanup_inbox) struct mt_inbox

static void post(struct mt_inbox *in, enum mt_event_kind kind, uint64_t n)
{
	struct mt_event ev = { .kind = kind, .iteration = n };

	mt_inbox_post(&ev, in);
}

static void test_inbox_order(void)
{
	autoinbox *in = mt_inbox_new();
	struct mt_event ev;

	CHECK_INT(mt_inbox_take(in, &ev, 0), -ETIMEDOUT);
	post(in, MT_EVENT_ITERATION, 1);
	post(in, MT_EVENT_LIFECYCLE, 2);
	post(in, MT_EVENT_ITERATION, 3);
	for (uint64_t i = 1; i <= 3; i++) {
		CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
		CHECK_INT(ev.iteration, i);
	}
	CHECK_INT(mt_inbox_take(in, &ev, 1), -ETIMEDOUT);
}

static void test_inbox_overflow(void)
{
	autoinbox *in = mt_inbox_new();
	struct mt_event ev;

	/* 256 wait: one lifecycle event, the oldest of all, and 255 iterations. */
	post(in, MT_EVENT_LIFECYCLE, 0);
	for (uint64_t i = 1; i <= 255; i++)
		post(in, MT_EVENT_ITERATION, i);
	post(in, MT_EVENT_ITERATION, 256);
	post(in, MT_EVENT_JOB_COMPLETED, 257);
	CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
	CHECK_INT(ev.kind, MT_EVENT_LIFECYCLE);
	for (uint64_t i = 3; i <= 257; i++) {
		CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
		CHECK_INT(ev.iteration, i);
	}
	CHECK_INT(ev.kind, MT_EVENT_JOB_COMPLETED);
	CHECK_INT(mt_inbox_take(in, &ev, 0), -ETIMEDOUT);

	/*
	 * What tells of the outcome is never dropped, not even then; an iteration on top of it is.
	 */
	for (uint64_t i = 0; i < 300; i++)
		post(in, MT_EVENT_LIFECYCLE, i);
	post(in, MT_EVENT_ITERATION, 300);
	for (uint64_t i = 0; i < 300; i++) {
		CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
		CHECK_INT(ev.kind, MT_EVENT_LIFECYCLE);
		CHECK_INT(ev.iteration, i);
	}
	CHECK_INT(mt_inbox_take(in, &ev, 0), -ETIMEDOUT);
	post(in, MT_EVENT_ITERATION, 301);	/* it still works when the last one was dropped */
	CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
	CHECK_INT(ev.iteration, 301);
}

static void test_inbox_wake(void)
{
	autoinbox *in = mt_inbox_new();
	struct mt_event ev;

	for (int i = 0; i < 1000; i++)
		post(in, MT_EVENT_WAKE, 0);
	CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
	CHECK_INT(ev.kind, MT_EVENT_WAKE);
	CHECK_INT(mt_inbox_take(in, &ev, 0), -ETIMEDOUT);
	post(in, MT_EVENT_WAKE, 0);
	CHECK_INT(mt_inbox_take(in, &ev, 0), 0);
}

static void *poster(void *in)
{
	for (uint64_t i = 1; i <= 5000; i++)
		post(in, i % 10 ? MT_EVENT_ITERATION : MT_EVENT_LIFECYCLE, i);
	return NULL;
}

static void test_inbox_threads(void)
{
	autoinbox *in = mt_inbox_new();
	unsigned lifecycle = 0;
	struct mt_event ev;
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, poster, in), 0);
	while (lifecycle < 1000 && !mt_inbox_take(in, &ev, 10000))
		lifecycle += ev.kind == MT_EVENT_LIFECYCLE;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	CHECK_INT(lifecycle, 1000);
}

/* --- errors ------------------------------------------------------------- */
static void test_error_codes(void)
{
	static const struct {
		int code, domain, expected;
	} table[] = {
		{ VIR_ERR_NO_DOMAIN,		VIR_FROM_QEMU,	-ENOENT },
		{ VIR_ERR_OPERATION_INVALID,	VIR_FROM_QEMU,	-EBUSY },
		{ VIR_ERR_OPERATION_DENIED,	VIR_FROM_NONE,	-EACCES },
		{ VIR_ERR_AUTH_FAILED,		VIR_FROM_RPC,	-EACCES },
		{ VIR_ERR_AUTH_CANCELLED,	VIR_FROM_POLKIT, -EACCES },
		{ VIR_ERR_AUTH_UNAVAILABLE,	VIR_FROM_POLKIT, -EACCES },
		{ VIR_ERR_NO_CONNECT,		VIR_FROM_REMOTE, -ECONNRESET },
		{ VIR_ERR_SYSTEM_ERROR,		VIR_FROM_RPC,	-ECONNRESET },
		{ VIR_ERR_INTERNAL_ERROR,	VIR_FROM_RPC,	-ECONNRESET },
		{ VIR_ERR_OPERATION_ABORTED,	VIR_FROM_QEMU,	-ECANCELED },
		{ VIR_ERR_OPERATION_TIMEOUT,	VIR_FROM_QEMU,	-ETIMEDOUT },
		{ VIR_ERR_NO_SUPPORT,		VIR_FROM_NONE,	-EOPNOTSUPP },
		{ VIR_ERR_INTERNAL_ERROR,	VIR_FROM_QEMU,	-EIO },
		{ VIR_ERR_OPERATION_FAILED,	VIR_FROM_QEMU,	-EIO },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(table); i++) {
		virError e = { .code = table[i].code, .domain = table[i].domain };

		CHECK_INT(mt_virt_error_code(&e), table[i].expected);
	}
	CHECK_INT(mt_virt_error_code(NULL), -EIO);
}

static void test_open_errors(void)
{
	static const struct {
		const char *uri;
		int expected;
		const char *remedy;
	} table[] = {
		{ "qemu+unix:///system?socket=/nonexistent", -ECONNREFUSED, "libvirtd" },
		{ "qemu+tcp://127.0.0.1:1/system",	-ECONNREFUSED, "libvirtd" },
		{ "no-uri",				-EINVAL, "qemu:///system" },
		{ "qemu://[x",				-EINVAL, "qemu:///system" },
		{ "qemu+carrier-pigeon://h/system",	-EINVAL, "qemu:///system" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(table); i++) {
		struct mt_err err = { 0 };
		struct mt_conn *c;

		CHECK_INT(mt_conn_open(&c, table[i].uri, &err), table[i].expected);
		CHECK_INT(err.code, table[i].expected);
		CHECK(strstr(err.msg, table[i].uri));
		CHECK(strstr(err.msg, table[i].remedy));
	}

	virError denied = { .code = VIR_ERR_SYSTEM_ERROR, .domain = VIR_FROM_RPC, .int1 = EACCES,
			    .message = (char *)"Failed to connect socket" };
	struct mt_err err = { 0 };

	CHECK_INT(mt_virt_open_error(&err, "qemu:///system", &denied), -EACCES);
	CHECK(strstr(err.msg, "root"));
}

/* --- libvirt's test driver ---------------------------------------------- */
static void cleanup_conn(struct mt_conn **c)
{
	mt_conn_close(*c);
}

#define autoconn MT_CLEANUP(cleanup_conn) struct mt_conn

static struct mt_conn *open_test(void)
{
	struct mt_err err = { 0 };
	struct mt_conn *c = NULL;

	if (mt_conn_open(&c, "test:///default", &err))
		printf("# %s\n", err.msg);
	return c;
}

static void test_info(void)
{
	autoconn *c = open_test();
	struct mt_domain_info info;
	struct mt_err err = { 0 };

	CHECK(c);
	CHECK_STR(mt_conn_uri(c), "test:///default");
	CHECK_INT(mt_conn_wait(c, 0), 0);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	CHECK_STR(info.name, "test");
	CHECK_STR(info.type, "test");
	CHECK_STR(mt_domain_state_name(info.state), "running");
	CHECK_INT(info.memory_bytes, 8ULL << 30);
	CHECK_INT(info.vcpus, 2);
	CHECK_INT(info.dirty_ring_entries, 0);
	CHECK(info.persistent && !info.migrating_out && !info.migrating_in);
	CHECK_INT(mt_domain_info(c, info.uuid, &info, &err), 0);
	CHECK_INT(mt_domain_find(c, "1", &info, &err), 0);
	CHECK_STR(info.name, "test");
	CHECK_INT(err.code, 0);
	CHECK_INT(mt_domain_find(c, "nobody", &info, &err), -ENOENT);
	CHECK(strstr(err.msg, "nobody"));
	CHECK_STR(mt_domain_state_name(-1), "unknown");
	CHECK_STR(mt_domain_state_name(1000), "unknown");
}

static void define(virConnectPtr virt, const char *name)
{
	char xml[1024];
	virDomainPtr dom;

	snprintf(
		xml, sizeof(xml),
		"<domain type='test'><name>%s</name><memory>1024</memory><os><type>hvm</type></os></domain>",
		name);
	dom = virDomainDefineXML(virt, xml);
	CHECK(dom);
	CHECK(dom && !virDomainCreate(dom));
	if (dom)
		virDomainFree(dom);
}

/*
 * What is decided by a name is decided by all of it; one that does not fit says so, and is cut
 * between characters.
 */
static void test_long_names(void)
{
	static const struct {
		size_t len;
		const char *unit;
		bool cut;
		size_t left;
	} cases[] = {
		{ 86, "n", false, 86 }, { 255, "n", false, 255 }, { 256, "n", true, 255 },
		{ 300, "n", true, 255 },
		{ 256, "\xc3\xbc", true, 254 }, { 300, "\xe2\x82\xac", true, 255 },
	};
	autoconn *c = open_test();
	autoinbox *in = mt_inbox_new();
	char whole[301], to[MT_DOMAIN_NAME_MAX + 1];
	virConnectPtr virt;

	CHECK(c && in);
	virt = mt_conn_get(c);
	CHECK(mt_conn_subscribe(c, NULL, mt_inbox_post, in) > 0);
	for (size_t i = 0; i < MT_ARRAY_SIZE(cases); i++) {
		struct mt_domain_info info;
		struct mt_event ev = { 0 };

		for (size_t at = 0; at < cases[i].len; at++)
			whole[at] = cases[i].unit[at % strlen(cases[i].unit)];
		whole[cases[i].len] = '\0';
		define(virt, whole);
		CHECK_INT(mt_domain_find(c, whole, &info, NULL), 0);
		CHECK_INT(info.name_cut, cases[i].cut);
		CHECK_INT(strlen(info.name), cases[i].left);
		CHECK(!strncmp(info.name, whole, cases[i].left));
		do
			CHECK_INT(mt_inbox_take(in, &ev, 5000), 0);
		while (ev.lifecycle != VIR_DOMAIN_EVENT_STARTED);
		CHECK_INT(ev.domain_cut, cases[i].cut);
		CHECK_STR(ev.domain, info.name);
		CHECK(!mt_domain_info(c, info.uuid, &info, NULL));
	}
	/* Called like another's UUID, or its id: found as such by nobody who asks for a UUID. */
	define(virt, "11111111-2222-3333-4444-555555555555");
	{
		struct mt_domain_info info;

		CHECK_INT(mt_domain_info(c, "11111111-2222-3333-4444-555555555555", &info, NULL),
			  -ENOENT);
		CHECK_INT(mt_domain_find(c, "11111111-2222-3333-4444-555555555555", &info, NULL),
			  0);
		CHECK(strcmp(info.uuid, info.name));
		CHECK(mt_domain_info(c, "1", &info, NULL) < 0);
		CHECK(mt_domain_info(c, "test", &info, NULL) < 0);
	}
	CHECK(mt_domain_name_copy(to, NULL));
	CHECK_STR(to, "");
	virConnectClose(virt);
}

static void test_list(void)
{
	autoconn *c = open_test();
	mt_autofree struct mt_domain_info *list = NULL;
	struct mt_err err = { 0 };
	size_t n = 0;

	CHECK(c);
	CHECK_INT(mt_domain_list(c, true, &list, &n, &err), 0);
	CHECK_INT(n, 1);
	CHECK_STR(list[0].name, "test");
}

static void test_lifecycle(void)
{
	autoconn *c = open_test();
	autoinbox *in = mt_inbox_new();
	autoinbox *others = mt_inbox_new();
	struct mt_domain_info info;
	struct mt_err err = { 0 };
	virConnectPtr virt;
	virDomainPtr dom;
	struct mt_event ev;
	int id;

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	CHECK_INT(mt_conn_subscribe(c, "not a uuid", mt_inbox_post, in), -EINVAL);
	id = mt_conn_subscribe(c, info.uuid, mt_inbox_post, in);
	CHECK(id > 0);
	CHECK(mt_conn_subscribe(c, "00000000-0000-0000-0000-000000000000", mt_inbox_post, others) >
	      0);

	virt = mt_conn_get(c);
	dom = virDomainLookupByName(virt, "test");
	virDomainSuspend(dom);
	virDomainResume(dom);
	CHECK_INT(mt_inbox_take(in, &ev, 5000), 0);
	CHECK_INT(ev.kind, MT_EVENT_LIFECYCLE);
	CHECK_INT(ev.lifecycle, VIR_DOMAIN_EVENT_SUSPENDED);
	CHECK_STR(ev.domain, "test");
	CHECK_STR(ev.uuid, info.uuid);
	CHECK(ev.t_ns > 0 && ev.t_ns <= mt_now_ns());
	CHECK_INT(mt_inbox_take(in, &ev, 5000), 0);
	CHECK_INT(ev.lifecycle, VIR_DOMAIN_EVENT_RESUMED);
	CHECK_INT(mt_inbox_take(others, &ev, 0), -ETIMEDOUT);

	mt_conn_unsubscribe(c, id);
	virDomainSuspend(dom);
	virDomainResume(dom);
	CHECK_INT(mt_inbox_take(in, &ev, 200), -ETIMEDOUT);
	virDomainFree(dom);
	virConnectClose(virt);
}

/* The test driver has no migration: each answer is an error, and a sensible one. */
static void test_unsupported(void)
{
	autoconn *c = open_test();
	struct mt_domain_info info;
	struct mt_err err = { 0 };
	struct mt_sample s;
	uint64_t ms;

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	CHECK_INT(mt_domain_downtime_limit(c, info.uuid, &ms, NULL), -EOPNOTSUPP);
	CHECK(mt_domain_is_parallel(c, info.uuid, NULL) < 0);
	CHECK_INT(mt_domain_sample(c, info.uuid, &s, NULL), -EOPNOTSUPP);
	CHECK_INT(mt_actuators_libvirt.set_downtime(c, info.uuid, 300, NULL), -EOPNOTSUPP);
	/* The guard before it: parallel or not, nobody can say. */
	CHECK_INT(mt_flip_check(c, info.uuid, NULL), -EPERM);
	CHECK_INT(mt_actuators_libvirt.abort(c, "00000000-0000-0000-0000-000000000000", NULL),
		  -ENOENT);
}

/* A guest that is not being migrated must not be left paused. */
static void test_suspend_without_migration(void)
{
	autoconn *c = open_test();
	struct mt_domain_info info;
	struct mt_err err = { 0 };

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	CHECK_INT(mt_suspend_check(c, info.uuid, &err), 0);
	CHECK_INT(mt_actuators_libvirt.suspend(c, info.uuid, &err), 0);
	CHECK_INT(mt_suspend_check(c, info.uuid, NULL), -EBUSY);
	CHECK_INT(mt_suspend_settle(c, info.uuid, &err), -EBUSY);
	CHECK(strstr(err.msg, "ended already"));
	CHECK_INT(mt_domain_find(c, "test", &info, NULL), 0);
	CHECK_INT(info.state, VIR_DOMAIN_RUNNING);
}

static void test_verify(void)
{
	autoconn *c = open_test();
	struct mt_domain_info info;
	struct mt_err err = { 0 };

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	/* Its clock of CPU time is that of the day. */
	CHECK_INT(mt_domain_verify(c, info.uuid, 2000, &err), 0);
	CHECK_INT(mt_domain_verify(c, "00000000-0000-0000-0000-000000000000", 100, &err), -ENOENT);
}

/* --- actuators ---------------------------------------------------------- */
static void test_actuate(void)
{
	static const enum mt_action all[] = {
		MT_ACTION_CONTINUE, MT_ACTION_SET_DOWNTIME, MT_ACTION_SET_BANDWIDTH,
		MT_ACTION_STOP, MT_ACTION_FLIP, MT_ACTION_ABORT,
		MT_ACTION_THROTTLE, MT_ACTION_RESTART,
	};
	struct mt_plan plan = { 0 };
	struct mt_err err = { 0 };

	for (size_t i = 0; i < MT_ARRAY_SIZE(all); i++) {
		plan.action = all[i];
		CHECK_INT(mt_actuate(&mt_actuators_dry, NULL, "", &plan, &err), 0);
	}
	plan.action = MT_ACTION_COUNT;
	CHECK_INT(mt_actuate(&mt_actuators_libvirt, NULL, "", &plan, NULL), -EINVAL);
}

static void test_clamps(void)
{
	CHECK_INT(mt_downtime_clamp(0), 1);
	CHECK_INT(mt_downtime_clamp(300), 300);
	CHECK_INT(mt_downtime_clamp(UINT64_MAX), 2000000);
	CHECK_INT(mt_bandwidth_mib_per_s(0), 1);
	CHECK_INT(mt_bandwidth_mib_per_s(MT_MIB - 1), 1);
	CHECK_INT(mt_bandwidth_mib_per_s(2 * MT_MIB - 1), 1);
	CHECK_INT(mt_bandwidth_mib_per_s(40 * MT_MIB), 40);
	CHECK_INT(mt_bandwidth_mib_per_s(UINT64_MAX), MT_BANDWIDTH_MAX_MIB_PER_S);
}

/* --- our own migrations ------------------------------------------------- */
/* By which options a method is begun, and what is left to begin again with. */
static void test_migrate_use(void)
{
	struct mt_migrate_options o = { 0 };
	enum mt_compression c;

	CHECK(mt_migrate_methods(&o) >> MT_METHOD_ZSTD & 1);
	CHECK(!(mt_migrate_methods(&(struct mt_migrate_options){ .postcopy = true }) >>
			MT_METHOD_ZSTD & 1));
	mt_migrate_use(&o, MT_METHOD_ZSTD, 0);
	CHECK_INT(o.compression, MT_COMPRESSION_ZSTD);
	CHECK_INT(o.parallel, 2);
	CHECK_INT(mt_migrate_methods(&o), 1U << MT_METHOD_AUTOCONVERGE);
	mt_migrate_use(&o, MT_METHOD_AUTOCONVERGE, 40);
	CHECK_INT(o.compression, MT_COMPRESSION_ZSTD);
	CHECK_INT(o.throttle_initial_percent, 40);
	CHECK_INT(mt_migrate_methods(&o), 0);
	CHECK_INT(mt_compression_parse("zstd", &c), 0);
	CHECK_INT(c, MT_COMPRESSION_ZSTD);
	CHECK_STR(mt_compression_name(c), "zstd");
}

static void test_migrate_check(void)
{
	static const struct {
		struct mt_migrate_options options;
		int expected;
		const char *reason;
	} table[] = {
		{ { .destination_uri = NULL }, -EINVAL, "where to" },
		{ { .destination_uri = "x", .postcopy = true, .parallel = 2 }, -EINVAL,
		  "loses the guest" },
		{ { .destination_uri = "x", .parallel = 256 }, -EINVAL, "255" },
		{ { .destination_uri = "x", .parallel = 2, .compression = MT_COMPRESSION_MT },
		  -EINVAL, "only zstd" },
		{ { .destination_uri = "x", .compression = MT_COMPRESSION_ZSTD }, -EINVAL,
		  "parallel connections" },
		{ { .destination_uri = "qemu+tcp://127.0.0.1:1/system", .parallel = 2,
		    .compression = MT_COMPRESSION_ZSTD }, -ECONNREFUSED, "127.0.0.1:1" },
		{ { .destination_uri = "x", .postcopy_bandwidth_bytes_per_s = MT_MIB }, -EINVAL,
		  "post-copy" },
		{ { .destination_uri = "x", .undefine_source = true }, -EINVAL, "definition" },
		{ { .destination_uri = "test:///default" }, -EINVAL, "is the source" },
		{ { .destination_uri = "qemu+tcp://127.0.0.1:1/system" }, -ECONNREFUSED,
		  "127.0.0.1:1" },
	};
	autoconn *c = open_test();
	struct mt_domain_info info;

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, NULL), 0);
	for (size_t i = 0; i < MT_ARRAY_SIZE(table); i++) {
		struct mt_err err = { 0 };

		CHECK_INT(mt_migrate_check(c, info.uuid, &table[i].options, &err),
			  table[i].expected);
		CHECK(strstr(err.msg, table[i].reason));
	}
}

static void test_migrate_rounding(void)
{
	struct mt_migrate_options o = { .bandwidth_bytes_per_s = 40 * MT_MIB };
	char buf[256];

	CHECK(!mt_migrate_rounding(&o, buf, sizeof(buf)));
	o.bandwidth_bytes_per_s++;
	CHECK_STR(mt_migrate_rounding(&o, buf, sizeof(buf)),
		  "bandwidth is 40 MiB/s: libvirt takes whole MiB/s only");
	o.postcopy_bandwidth_bytes_per_s = 1000;
	CHECK_STR(mt_migrate_rounding(&o, buf, sizeof(buf)),
		  "bandwidth is 40 MiB/s: libvirt takes whole MiB/s only; post-copy bandwidth is 1 MiB/s: libvirt takes whole MiB/s only");
	CHECK(strlen(mt_migrate_rounding(&o, buf, 10)) < 10);
}

static void test_migrate_fails(void)
{
	struct mt_migrate_options o = { .destination_uri = "test+tcp://127.0.0.1:1/default",
					.migrate_uri = "tcp://nowhere",
					.bandwidth_bytes_per_s = MT_MIB };
	autoconn *c = open_test();
	autoinbox *in = mt_inbox_new();
	struct mt_domain_info info;
	struct mt_err err = { 0 };
	struct mt_migrate *m;
	struct mt_event ev;

	CHECK(c);
	CHECK_INT(mt_domain_find(c, "test", &info, &err), 0);
	CHECK_INT(mt_migrate_start(&m, c, info.uuid, &o, mt_inbox_post, in, &err), 0);
	CHECK_INT(mt_inbox_take(in, &ev, 10000), 0);
	CHECK_INT(ev.kind, MT_EVENT_MIGRATE_DONE);
	CHECK_INT(ev.detail, -1);
	CHECK(strstr(ev.text, "migration failed"));
	CHECK_STR(ev.domain, "test");
	CHECK_STR(ev.uuid, info.uuid);
	CHECK_INT(mt_migrate_free(m, 5000), 0);
	CHECK_INT(mt_migrate_free(NULL, 0), 0);
}

/* --- life cycle --------------------------------------------------------- */
static void test_loop(void)
{
	struct mt_err err = { 0 };

	for (int i = 0; i < 3; i++) {
		autoconn *c = NULL;

		CHECK_INT(mt_loop_start(&err), 0);
		CHECK_INT(mt_loop_start(&err), 0);
		c = open_test();
		CHECK(c);
		mt_conn_close(c);
		c = NULL;
		mt_loop_stop();
		mt_loop_stop();
	}
}

static const struct ktap_case cases[] = {
	{ "an active job's parameters become a sample", test_active },
	{ "downtime means another thing once completed", test_completed },
	{ "job types become statuses", test_statuses },
	{ "setup and post-copy are told from active", test_setup_and_postcopy },
	{ "a failed job knows no figures", test_failed },
	{ "other jobs are no migrations", test_other_jobs },
	{ "a newer libvirt's jobs", test_new_words },
	{ "counters that wrap are known as miscounted", test_wraps },
	{ "values of odd types are not valid", test_odd_values },
	{ "events and replies of QEMU are read, or refused", test_qmp },
	{ "what QEMU says its vCPUs may dirty", test_vcpu_limit },
	{ "of two sources, the first to tell of an iteration counts", test_passes },
	{ "an inbox keeps the order", test_inbox_order },
	{ "a full inbox drops the oldest iteration only", test_inbox_overflow },
	{ "one wake is enough", test_inbox_wake },
	{ "an inbox serves several threads", test_inbox_threads },
	{ "libvirt's errors become errnos", test_error_codes },
	{ "a connection that fails names URI and remedy", test_open_errors },
	{ "a domain is found by name, UUID and id", test_info },
	{ "a guest's name counts in full", test_long_names },
	{ "active domains are listed", test_list },
	{ "lifecycle events reach their subscriber alone", test_lifecycle },
	{ "what a driver cannot do is -EOPNOTSUPP", test_unsupported },
	{ "a stop without a migration leaves the guest running", test_suspend_without_migration },
	{ "a guest is verified by its time", test_verify },
	{ "each action has its actuator", test_actuate },
	{ "actuators keep to what QEMU and libvirt take", test_clamps },
	{ "a hopeless migration is refused with its reason", test_migrate_check },
	{ "options of a method", test_migrate_use },
	{ "rounded bandwidth is said", test_migrate_rounding },
	{ "a migration that fails says so in an event", test_migrate_fails },
	{ "the loop starts and stops", test_loop },
};

KTAP_MAIN(cases)
