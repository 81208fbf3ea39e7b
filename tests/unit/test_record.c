// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_record.c - recordings: written, read back, cut, damaged, foreign, resumed, on a full disk
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <zstd.h>

#include "store/record.h"
#include "store/recorder.h"
#include "ktap.h"
#include "scratch.h"

static char path[96], part[112];

static void set_up(void)
{
	snprintf(path, sizeof(path), "%s/guest.mtrec", dir);
	snprintf(part, sizeof(part), "%s.part", path);
	unlink(path);
	unlink(part);
}

static char *slurp(const char *name, size_t *len)
{
	FILE *f = fopen(name, "r");
	char *bytes = NULL;

	*len = 0;
	if (!f)
		return NULL;
	bytes = malloc(1 << 20);
	*len = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

static void spill(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f))
		exit(1);
}

/* Somebody else's writer: the library's own is what is tested. */
static void spill_lines(const char *name, const char *lines, size_t len)
{
	size_t room = ZSTD_compressBound(len);
	char *z = malloc(room);

	spill(name, z, ZSTD_compress(z, room, lines, len, 3));
	free(z);
}

#define BEGIN_NS	5000000000ULL
#define N_ENTRIES	7

static struct mt_record_header header = {
	.domain = "g\xc3\xbc"
		  "est \"1\"",
	.uuid = "11111111-2222-3333-4444-555555555555",
	.domain_type = "kvm",
	.source = "qemu:///system",
	.destination = "qemu+tcp://b/system",
	.tool = "migtrace test",
	.qemu = "7.2.0",
	.policy = "predict",
	.mode = "supervise",
	.start_wall_ms = 1700000000000,
	.start_t_ns = BEGIN_NS,
	.limits = { .max_downtime_ms = 300,
		    .deadline_ms = 60000,
		    .stall_timeout_ms = 90000,
		    .qemu_limit_ms = MT_LIMIT_UNSET,
		    .fixed_ms = 0,
		    .params = MT_PARAMS_UNSET,
		    .postcopy_allowed = true },
};

/* Where a parameter's value is, is known by its name. */
__attribute__((constructor)) static void header_params(void)
{
	*mt_params_value(&header.limits.params, "timeout") = MT_LIMIT_NONE;
}

static struct mt_sample full_sample(uint64_t t_ns)
{
	struct mt_sample s = {
		.t_ns = t_ns, .status = MT_STATUS_ACTIVE, .boundary = true, .miscounted = t_ns % 2
	};

	for (int f = 0; f < MT_FIELD_COUNT; f++)
		mt_sample_put(&s, f, 1000 + f);
	s.remaining_bytes = 1ULL << 60;
	return s;
}

static struct mt_record_decision a_decision(void)
{
	struct mt_record_decision d = {
		.t_ns = BEGIN_NS + 3,
		.iteration = 4,
		.total_ms = 12345,
		.plan = { .action = MT_ACTION_STOP,
			  .implied_downtime_ms = 212.5,
			  .reason = "left 27.4 MiB, \"enough\"" },
		.prediction = { .model = "precopy/1",
				.verdict = MT_VERDICT_CONVERGES,
				.iterations_left = 3,
				.total_ms = { 1, 2.25, 3 },
				.transferred_bytes = { 4, 5, 6 },
				.downtime_ms = { 7, 8, 1e15 },
				.stop_now_ms = 0.1,
				.floor_ms = INFINITY,
				.floor_optimistic_ms = NAN },
		.applied = "failed",
		.error = "no",
		.latency_ns = 1234567,
	};

	return d;
}

/* Each kind of entry; N_ENTRIES of them. */
static int write_entries(struct mt_recorder *r)
{
	struct mt_sample whole = full_sample(BEGIN_NS + 1), empty = { .t_ns = BEGIN_NS + 2 };
	struct mt_record_decision d = a_decision();
	struct mt_record_dirtyrate rate = { BEGIN_NS + 5, 1000, 123456789, "dirty-ring" };
	struct mt_record_outcome o = { .t_ns = BEGIN_NS + 6,
				       .outcome = MT_OUTCOME_COMPLETED,
				       .detail = "seen there" };
	int rc = 0;

	o.final.status = MT_STATUS_COMPLETED;
	mt_sample_set(&o.final, downtime_ms, 0);
	rc |= mt_recorder_sample(r, &whole);
	rc |= mt_recorder_sample(r, &empty);
	rc |= mt_recorder_decision(r, &d);
	rc |= mt_recorder_event(r, BEGIN_NS + 4, "lifecycle", "cut \xc3");
	rc |= mt_recorder_event(r, BEGIN_NS + 4, "bare", NULL);
	rc |= mt_recorder_dirtyrate(r, &rate);
	rc |= mt_recorder_outcome(r, &o);
	return rc;
}

static int write_whole(void)
{
	struct mt_recorder *r;
	int rc = mt_recorder_open(&r, path, &header, NULL);

	return rc ? rc : write_entries(r) | mt_recorder_close(r, NULL);
}

static bool same_sample(const struct mt_sample *a, const struct mt_sample *b)
{
	uint64_t u, v;

	if (a->t_ns != b->t_ns || a->status != b->status || a->boundary != b->boundary ||
	    a->miscounted != b->miscounted || a->valid != b->valid)
		return false;
	for (int f = 0; f < MT_FIELD_COUNT; f++)
		if (mt_sample_get(a, f, &u) && (!mt_sample_get(b, f, &v) || u != v))
			return false;
	return true;
}

/* Entry i of what write_entries() wrote. */
static bool right_entry(const struct mt_entry *e, size_t i)
{
	const struct mt_record_decision want = a_decision(), *d = &e->decision;
	const struct mt_prediction *p = &d->prediction;
	struct mt_sample whole = full_sample(BEGIN_NS + 1), empty = { .t_ns = BEGIN_NS + 2 };

	switch (i) {
	case 0:
		return e->type == MT_ENTRY_SAMPLE && same_sample(&e->sample, &whole);
	case 1:
		return e->type == MT_ENTRY_SAMPLE && same_sample(&e->sample, &empty);
	case 2:
		return e->type == MT_ENTRY_DECISION && d->t_ns == want.t_ns && d->iteration == 4 &&
		       d->total_ms == 12345 && d->plan.action == MT_ACTION_STOP &&
		       d->plan.implied_downtime_ms == 212.5 &&
		       !strcmp(d->plan.reason, want.plan.reason) && !strcmp(d->applied, "failed") &&
		       !strcmp(d->error, "no") && d->latency_ns == 1234567 &&
		       !d->plan.downtime_limit_ms && !strcmp(p->model, "precopy/1") &&
		       p->verdict == MT_VERDICT_CONVERGES && p->iterations_left == 3 &&
		       p->total_ms.p50 == 2.25 && p->transferred_bytes.p90 == 6 &&
		       p->downtime_ms.p90 == 1e15 && p->stop_now_ms == 0.1 && isnan(p->floor_ms) &&
		       isnan(p->floor_optimistic_ms) && p->needed_bandwidth_bytes_per_s == 0;
	case 3:
		return e->type == MT_ENTRY_EVENT && e->event.t_ns == BEGIN_NS + 4 &&
		       !strcmp(e->event.event, "lifecycle") && !strcmp(e->event.detail, "cut ?");
	case 4:
		return e->type == MT_ENTRY_EVENT && !strcmp(e->event.event, "bare") &&
		       !e->event.detail;
	case 5:
		return e->type == MT_ENTRY_DIRTYRATE && e->dirtyrate.t_ns == BEGIN_NS + 5 &&
		       e->dirtyrate.window_ms == 1000 && e->dirtyrate.bytes_per_s == 123456789 &&
		       !strcmp(e->dirtyrate.mode, "dirty-ring");
	case 6:
		return e->type == MT_ENTRY_OUTCOME && e->outcome.t_ns == BEGIN_NS + 6 &&
		       e->outcome.outcome == MT_OUTCOME_COMPLETED &&
		       e->outcome.final.status == MT_STATUS_COMPLETED &&
		       e->outcome.final.valid == 1ULL << MT_FIELD_downtime_ms &&
		       !strcmp(e->outcome.detail, "seen there");
	}
	return false;
}

/* What a kernel source adds: written, read back, and unknown stays unknown. */
static void test_kernel_entries(void)
{
	const struct mt_record_source source = { BEGIN_NS + 1, "kmod", "ring", 1000000, NULL };
	const struct mt_record_source none = { BEGIN_NS + 1, "libvirt", NULL, 0,
					       "kmod: not loaded" };
	const struct mt_record_pass pass = { BEGIN_NS + 9, BEGIN_NS + 2, 3, 1234, 1300, 0, 0 };
	const struct mt_record_pass vague = { BEGIN_NS + 9, BEGIN_NS + 2, 4, NAN, 1300, 7, 8 };
	const struct mt_record_curve curve = { BEGIN_NS + 9, 0.5, 9, 10.25, 8, 10, 12 };
	const struct mt_record_vcpu vcpu = { BEGIN_NS + 9, 3, 456, 1000000000, 789 };
	struct mt_record_profile profile = {
		.t_ns = BEGIN_NS + 9, .duration_ns = 10000000000, .windows = 9, .s_pages = 100.5,
		.s_new_pages_per_s = NAN,
		.mw_pages = 1000, .mw_lower_bound = true, .hot_seconds = 3, .hot_threshold = 0.8,
		.hot_pages = NAN,
		.hot_share = NAN, .logged_pages_per_s = 5,
	};
	const struct mt_record_guest guest = { .t_ns = BEGIN_NS + 9,
					       .memory_bytes = 1 << 28,
					       .vcpus = 2,
					       .nonzero_bytes = 123,
					       .cpu_share = 0.25 };
	const struct mt_record_guest unknown = { .t_ns = BEGIN_NS + 9, .cpu_share = NAN };
	struct mt_tick tick = { .t_ns = BEGIN_NS + 2, .start_ns = BEGIN_NS + 1, .state = 5 };
	struct mt_work work = { .t_ns = BEGIN_NS + 9, .start_ns = BEGIN_NS + 8 };
	struct mt_recording *rec;
	struct mt_recorder *r;
	uint64_t v;

	mt_work_put(&work, MT_WORK_exits, 0);
	mt_work_put(&work, MT_WORK_page_wait_ns, 12345);
	for (int f = 0; f < MT_TICK_COUNT; f++)
		if (f != MT_TICK_ring_full_exits)
			mt_tick_put(&tick, f, 50 + f);
	profile.total = tick;
	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	CHECK_INT(mt_recorder_source(r, &source) | mt_recorder_source(r, &none) |
			  mt_recorder_tick(r, &tick) | mt_recorder_pass(r, &pass) |
			  mt_recorder_pass(r, &vague) | mt_recorder_curve(r, &curve) |
			  mt_recorder_vcpu(r, &vcpu) | mt_recorder_profile(r, &profile) |
			  mt_recorder_guest(r, &guest) | mt_recorder_guest(r, &unknown) |
			  mt_recorder_work(r, &work),
		  0);
	CHECK_INT(mt_recorder_close(r, NULL), 0);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK_INT(rec->n_entries, 11);
	CHECK_INT(rec->entries[0].type, MT_ENTRY_SOURCE);
	CHECK_STR(rec->entries[0].source.source, "kmod");
	CHECK_STR(rec->entries[0].source.mode, "ring");
	CHECK(!rec->entries[0].source.detail && !rec->entries[1].source.mode);
	CHECK_STR(rec->entries[1].source.detail, "kmod: not loaded");
	CHECK_INT(rec->entries[2].type, MT_ENTRY_TICK);
	CHECK_INT(rec->entries[2].tick.valid, tick.valid);
	CHECK_INT(rec->entries[2].tick.state, 5);
	CHECK_INT(rec->entries[2].tick.start_ns, BEGIN_NS + 1);
	for (int f = 0; f < MT_TICK_COUNT; f++)
		CHECK(mt_tick_get(&rec->entries[2].tick, f, &v) == (f != MT_TICK_ring_full_exits) &&
		      (f == MT_TICK_ring_full_exits || v == 50u + f));
	CHECK_INT(rec->entries[3].type, MT_ENTRY_PASS);
	CHECK(rec->entries[3].pass.pages == 1234 && rec->entries[3].pass.iteration == 3 &&
	      !rec->entries[3].pass.overruns);
	CHECK(isnan(rec->entries[4].pass.pages) && rec->entries[4].pass.overruns == 7 &&
	      rec->entries[4].pass.unread_events == 8);
	CHECK_INT(rec->entries[5].type, MT_ENTRY_CURVE);
	CHECK(rec->entries[5].curve.window_ms == 0.5 && rec->entries[5].curve.p90_pages == 12);
	CHECK_INT(rec->entries[6].vcpu.events, 456);
	CHECK_INT(rec->entries[6].vcpu.ring_used, 789);
	CHECK(rec->entries[7].profile.s_pages == 100.5 &&
	      isnan(rec->entries[7].profile.s_new_pages_per_s));
	CHECK(rec->entries[7].profile.mw_lower_bound &&
	      rec->entries[7].profile.total.valid == tick.valid);
	CHECK_INT(rec->entries[10].type, MT_ENTRY_WORK);
	CHECK_INT(rec->entries[10].work.valid, work.valid);
	CHECK_INT(rec->entries[10].work.page_wait_ns, 12345);
	CHECK_INT(rec->entries[10].work.start_ns, BEGIN_NS + 8);
	for (size_t i = 0; i < rec->n_entries; i++)
		CHECK(mt_entry_t_ns(&rec->entries[i]) > BEGIN_NS);
	mt_recording_free(rec);
}

static bool right_header(const struct mt_record_header *h)
{
	return h->schema == MT_RECORD_SCHEMA && !strcmp(h->domain, header.domain) &&
	       !strcmp(h->uuid, header.uuid) && !strcmp(h->destination, header.destination) &&
	       !h->libvirt && !strcmp(h->policy, "predict") &&
	       h->start_wall_ms == header.start_wall_ms && h->start_t_ns == BEGIN_NS &&
	       h->limits.max_downtime_ms == 300 && h->limits.deadline_ms == 60000 &&
	       mt_params_get(&h->limits.params, "timeout") == MT_LIMIT_NONE &&
	       h->limits.stall_timeout_ms == 90000 && h->limits.qemu_limit_ms == MT_LIMIT_UNSET &&
	       !h->limits.fixed_ms &&
	       mt_params_get(&h->limits.params, "passes") == MT_LIMIT_UNSET &&
	       h->limits.postcopy_allowed;
}

static void test_round_trip(void)
{
	struct mt_recording *rec;
	struct mt_recorder *r;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, &err), 0);
	CHECK(!access(part, F_OK) && access(path, F_OK));
	CHECK_INT(write_entries(r), 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	CHECK(access(part, F_OK) && !access(path, F_OK));

	CHECK_INT(mt_recording_load(&rec, path, &err), 0);
	CHECK(!rec->foreign && !rec->truncated);
	CHECK_STR(rec->path, path);
	CHECK_INT(rec->truncated_after, N_ENTRIES + 1);
	CHECK(right_header(&rec->header));
	CHECK_INT(rec->n_entries, N_ENTRIES);
	for (size_t i = 0; i < N_ENTRIES; i++)
		CHECK(right_entry(&rec->entries[i], i));
	mt_recording_free(rec);
}

/* Each entry can be read as soon as its call returned. */
static void test_flushed(void)
{
	struct mt_recorder *r;

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	for (size_t n = 0; n < 20; n++) {
		struct mt_recording *rec;
		int rc = mt_recording_load(&rec, part, NULL);

		CHECK_INT(rc, 0);
		CHECK(rec->truncated && rec->n_entries == n);
		mt_recording_free(rec);
		CHECK_INT(mt_recorder_event(r, n, "tick", NULL), 0);
	}
	CHECK_INT(mt_recorder_close(r, NULL), 0);
}

static void test_null_recorder(void)
{
	CHECK_INT(write_entries(NULL), 0);
	CHECK_INT(mt_recorder_close(NULL, NULL), 0);
	mt_recording_free(NULL);
}

static void test_nobody_overwritten(void)
{
	struct mt_err err = { 0 };
	struct mt_recorder *r, *second;

	set_up();
	spill(path, "mine", 4);
	CHECK_INT(mt_recorder_open(&r, path, &header, &err), -EEXIST);
	CHECK(!r && strstr(err.msg, path));
	unlink(path);
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recorder_open(&second, path, &header, &err), -EEXIST);
	CHECK_INT(mt_recorder_resume(&second, path, NULL), -EBUSY);
	/* It appears while we record. */
	spill(path, "mine", 4);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recorder_close(r, &err), -EEXIST);
	CHECK(!access(part, F_OK));
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recorder_open(&r, "/nonexistent/x", &header, &err), -ENOENT);
	CHECK(strstr(err.msg, "/nonexistent/x"));
}

static void test_truncated_everywhere(void)
{
	size_t len, seen = 0;
	mt_autofree char *bytes = NULL;

	set_up();
	CHECK_INT(write_whole(), 0);
	bytes = slurp(path, &len);
	CHECK(len > 200);
	for (size_t cut = 0; cut < len; cut++) {
		struct mt_recording *rec;
		struct mt_err err = { 0 };
		int rc;

		spill(path, bytes, cut);
		rc = mt_recording_load(&rec, path, &err);
		if (rc) {
			CHECK_INT(rc, -ENODATA);	/* never "damaged" */
			CHECK(!seen && !rec && err.msg[0] && !strchr(err.msg, '\n'));
			continue;
		}
		CHECK(rec->truncated && rec->truncated_after == rec->n_entries + 1);
		CHECK(right_header(&rec->header));
		CHECK(rec->n_entries >= seen);		/* more bytes never tell less */
		seen = rec->n_entries;
		for (size_t i = 0; i < rec->n_entries; i++)
			CHECK(right_entry(&rec->entries[i], i));
		mt_recording_free(rec);
	}
	CHECK_INT(seen, N_ENTRIES);
}

/* One wrong bit: an error, an early end, or no difference; never different data taken for whole. */
static void test_bit_flips(void)
{
	size_t len, refused = 0;
	mt_autofree char *bytes = NULL;

	set_up();
	CHECK_INT(write_whole(), 0);
	bytes = slurp(path, &len);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		struct mt_recording *rec;
		struct mt_err err = { 0 };
		int rc;

		bytes[bit / 8] ^= (char)(1 << bit % 8);
		spill(path, bytes, len);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		rc = mt_recording_load(&rec, path, &err);
		if (rc) {
			CHECK(rc == -EBADMSG || rc == -ENODATA || rc == -EPROTO);
			CHECK(err.code == rc && strstr(err.msg, path) && !strchr(err.msg, '\n'));
			refused++;
			continue;
		}
		if (!rec->truncated) {
			CHECK(right_header(&rec->header) && rec->n_entries == N_ENTRIES);
			for (size_t i = 0; i < N_ENTRIES; i++)
				CHECK(right_entry(&rec->entries[i], i));
		}
		mt_recording_free(rec);
	}
	CHECK(refused > 4 * len);
}

#define HEADER	"{\"type\":\"header\",\"schema\":1}\n"

static int load_lines(const char *lines, struct mt_err *err, struct mt_recording **rec)
{
	set_up();
	memset(err, 0, sizeof(*err));
	spill_lines(path, lines, strlen(lines));
	return mt_recording_load(rec, path, err);
}

/* A status of a later migtrace, for a QEMU that has more of them. */
static void test_new_status(void)
{
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(
		load_lines(
			HEADER
			"{\"type\":\"sample\",\"t_ns\":1,\"status\":\"warp\",\"total_ms\":5}\n"
			"{\"type\":\"sample\",\"t_ns\":2,\"status\":\"active\",\"miscounted\":true}\n",
			&err, &rec),
		0);
	CHECK_INT(rec->n_entries, 2);
	CHECK_INT(rec->entries[0].sample.status, MT_STATUS_UNKNOWN);
	CHECK_INT(rec->entries[0].sample.total_ms, 5);
	CHECK(!rec->entries[0].sample.miscounted && rec->entries[1].sample.miscounted);
	mt_recording_free(rec);
}

static void test_hostile_lines(void)
{
	static const struct {
		const char *lines;
		int code;
		const char *says;
	} rows[] = {
		{ "", -ENODATA, "nothing" },
		{ "hello\n", -EBADMSG, "no recording" },
		{ "{}\n", -EBADMSG, "no recording" },
		{ "{\"type\":\"sample\",\"t_ns\":1,\"status\":\"active\"}\n", -EBADMSG, "header" },
		{ "{\"type\":\"header\"}\n", -EBADMSG, "schema" },
		{ "{\"type\":\"header\",\"schema\":0}\n", -EBADMSG, "schema" },
		{ "{\"type\":\"header\",\"schema\":-1}\n", -EBADMSG, "schema" },
		{ "{\"type\":\"header\",\"schema\":1,\"domain\":7}\n", -EBADMSG, "domain" },
		{ "{\"type\":\"header\",\"schema\":1,\"limits\":{\"deadline_ms\":-1}}\n", -EBADMSG,
		  "deadline_ms" },
		{ "{\"type\":\"header\",\"schema\":2,\"domain\":{\"new\":\"shape\"}}\n", -EPROTO,
		  "later" },
		{ HEADER "garbage\n", -EBADMSG, "line 2" },
		{ HEADER "\n", -EBADMSG, "line 2" },
		{ HEADER "[]\n", -EBADMSG, "line 2" },
		{ HEADER
		  "{\"type\":\"event\",\"t_ns\":1,\"event\":\"x\"}\n{\"type\":\"event\",\"t_ns\":1}\n",
		  -EBADMSG, "line 3" },
		{ HEADER "{\"type\":\"event\",\"t_ns\":-1,\"event\":\"x\"}\n", -EBADMSG, "t_ns" },
		{ HEADER "{\"type\":\"event\",\"t_ns\":1.0,\"event\":\"x\"}\n", -EBADMSG, "t_ns" },
		{ HEADER "{\"type\":\"event\",\"t_ns\":99999999999999999999,\"event\":\"x\"}\n",
		  -EBADMSG, "line 2" },
		{ HEADER "{\"type\":\"event\",\"t_ns\":1,\"event\":\"x\",\"event\":\"y\"}\n",
		  -EBADMSG, "line 2" },
		{ HEADER "{\"type\":\"event\",\"t_ns\":1,\"event\":\"a\\u0000b\"}\n", -EBADMSG,
		  "line 2" },
		{ HEADER "{\"type\":\"sample\",\"t_ns\":1,\"status\":7}\n", -EBADMSG, "status" },
		{ HEADER
		  "{\"type\":\"sample\",\"t_ns\":1,\"status\":\"active\",\"total_ms\":NaN}\n",
		  -EBADMSG, "line 2" },
		{ HEADER
		  "{\"type\":\"sample\",\"t_ns\":1,\"status\":\"active\",\"total_ms\":\"1\"}\n",
		  -EBADMSG, "total_ms" },
		{ HEADER "{\"type\":\"sample\",\"t_ns\":1,\"status\":\"active\",\"boundary\":1}\n",
		  -EBADMSG, "boundary" },
		{ HEADER
		  "{\"type\":\"decision\",\"t_ns\":1,\"action\":\"stop\",\"implied_downtime_ms\":-5}\n",
		  -EBADMSG, "implied" },
		{ HEADER
		  "{\"type\":\"decision\",\"t_ns\":1,\"action\":\"stop\",\"prediction\":[]}\n",
		  -EBADMSG, "prediction" },
		{ HEADER
		  "{\"type\":\"decision\",\"t_ns\":1,\"action\":\"stop\",\"implied_downtime_ms\":1e999}\n",
		  -EBADMSG, "line 2" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_recording *rec;
		struct mt_err err;
		int rc = load_lines(rows[i].lines, &err, &rec);

		if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
			printf("# %s# gives %d: %s\n", rows[i].lines, rc, err.msg);
		CHECK_INT(rc, rows[i].code);
		CHECK(strstr(err.msg, rows[i].says) && strstr(err.msg, path));
		CHECK(!rec);
	}
}

/*
 * What is not written was not given, and recordings from before 0 passes were a number say so in
 * another way.
 */
static void test_limits_not_given(void)
{
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_lines("{\"type\":\"header\",\"schema\":1,\"limits\":{\"fixed_ms\":0,\"timeout_ms\":9223372036854775807}}\n",
			     &err, &rec), 0);
	CHECK_INT(rec->header.limits.fixed_ms, 0);
	CHECK(mt_params_get(&rec->header.limits.params, "timeout") == MT_LIMIT_NONE);
	CHECK(rec->header.limits.deadline_ms == MT_LIMIT_UNSET &&
	      mt_params_get(&rec->header.limits.params, "passes") == MT_LIMIT_UNSET);
	mt_recording_free(rec);
	CHECK_INT(
		load_lines(
			"{\"type\":\"header\",\"schema\":1,\"limits\":{\"at_once\":true,\"postcopy_allowed\":true}}\n",
			&err, &rec),
		0);
	CHECK_INT(mt_params_get(&rec->header.limits.params, "passes"), 0);
	mt_recording_free(rec);
}

/* What a later migtrace adds without changing the schema. */
static void test_unknown_is_ignored(void)
{
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_lines("{\"type\":\"header\",\"schema\":1,\"colour\":[{}]}\n{\"type\":\"ticks\",\"t_ns\":\"?\"}\n"
			     "{\"type\":\"event\",\"t_ns\":1,\"event\":\"x\",\"extra\":-1}\n", &err, &rec), 0);
	CHECK_INT(rec->n_entries, 1);
	CHECK(!rec->truncated && rec->truncated_after == 3);
	CHECK(rec->strange_entries == 1 && !rec->strange_words);
	CHECK(!rec->header.domain && rec->header.limits.max_downtime_ms == MT_LIMIT_UNSET);
	CHECK_STR(rec->entries[0].event.event, "x");
	mt_recording_free(rec);
	/* The last line has no newline: its end may be missing. */
	CHECK_INT(load_lines(HEADER "{\"type\":\"event\",\"t_ns\":1,\"event\":\"x\"}", &err, &rec),
		  0);
	CHECK(rec->truncated && !rec->n_entries);
	mt_recording_free(rec);
	/* Absent doubles are unknown, not 0. */
	CHECK_INT(load_lines(HEADER "{\"type\":\"decision\",\"t_ns\":1,\"action\":\"none\"}\n",
			     &err, &rec),
		  0);
	CHECK(rec->entries[0].decision.plan.implied_downtime_ms == -1);
	CHECK(isnan(rec->entries[0].decision.prediction.stop_now_ms));
	mt_recording_free(rec);
}

/*
 * Words that a later migtrace has in an enum: the entry is there, without them, and they are
 * counted.
 */
static void test_strange_words(void)
{
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(
		load_lines(
			HEADER
			"{\"type\":\"sample\",\"t_ns\":1,\"status\":\"levitating\",\"total_ms\":5}\n"
			"{\"type\":\"decision\",\"t_ns\":2,\"action\":\"explode\",\"prediction\":{\"verdict\":\"perhaps\"}}\n"
			"{\"type\":\"outcome\",\"t_ns\":3,\"outcome\":\"great\",\"final\":{\"t_ns\":1,\"status\":\"new\",\"downtime_ms\":7}}\n"
			"{\"type\":\"sample\",\"t_ns\":4,\"status\":\"active\"}\n",
			&err, &rec),
		0);
	CHECK_INT(rec->n_entries, 4);
	CHECK(rec->strange_words == 5 && !rec->strange_entries && !rec->truncated);
	CHECK(rec->entries[0].sample.status != MT_STATUS_ACTIVE &&
	      rec->entries[0].sample.total_ms == 5);
	CHECK_INT(rec->entries[1].decision.plan.action, MT_ACTION_CONTINUE);
	CHECK_INT(rec->entries[1].decision.prediction.verdict, MT_VERDICT_UNKNOWN);
	CHECK_INT(rec->entries[2].outcome.outcome, MT_OUTCOME_UNKNOWN);
	CHECK_INT(rec->entries[2].outcome.final.downtime_ms, 7);
	CHECK_INT(rec->entries[3].sample.status, MT_STATUS_ACTIVE);
	mt_recording_free(rec);
}

static void test_bombs(void)
{
	size_t len = 3 << 20, room, n;
	char *big = malloc(len), *z;
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	FILE *f;

	/* One endless line. */
	set_up();
	memset(big, 'x', len);
	memcpy(big, HEADER, strlen(HEADER));
	spill_lines(path, big, len);
	CHECK_INT(mt_recording_load(&rec, path, &err), -EBADMSG);
	CHECK(strstr(err.msg, "line 2") && strstr(err.msg, "longer than"));
	/* 1.5 GiB of lines that are ignored, in a few hundred KiB. */
	memset(big, ' ', len);
	for (size_t i = 0; i < len; i += 1024) {
		memcpy(big + i, "{\"type\":\"xyz\"}", 14);
		big[i + 1023] = '\n';
	}
	room = ZSTD_compressBound(len);
	z = malloc(room);
	f = fopen(path, "w");
	CHECK(f && z);
	fwrite(z, 1, ZSTD_compress(z, room, HEADER, strlen(HEADER), 1), f);
	n = ZSTD_compress(z, room, big, len, 1);
	for (int i = 0; i < 512; i++)
		fwrite(z, 1, n, f);
	fclose(f);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recording_load(&rec, path, &err), 0);
	CHECK(rec->truncated && rec->bound && strstr(rec->bound, "unpacks to more"));
	/* It has 1.5 million lines: read was what its few hundred KiB may unpack to. */
	CHECK(rec->strange_entries > 10000 && rec->strange_entries < 300000);
	CHECK_INT(rec->truncated_after, rec->strange_entries + 1);
	mt_recording_free(rec);
	free(big);
	free(z);
}

/* As many entries as fit into the memory that they may take, and where it stopped. */
static void test_memory(void)
{
	const struct mt_recording_limits limits = { .memory_bytes = 1 << 20 };
	const size_t n = 20000;
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	char *lines, *p;

	set_up();
	p = lines = malloc(n * 128 + sizeof(HEADER));
	p += sprintf(p, HEADER);
	for (size_t i = 0; i < n; i++)
		p += sprintf(
			p,
			"{\"type\":\"vcpu\",\"t_ns\":%zu,\"vcpu\":%zu,\"events\":%zu,\"duration_ns\":1}\n",
			i, i % 7, i * i);
	spill_lines(path, lines, (size_t)(p - lines));
	CHECK_INT(mt_recording_load_within(&rec, path, &limits, &err), 0);
	CHECK(rec->truncated && rec->bound && strstr(rec->bound, "memory"));
	CHECK(rec->n_entries > 1000 &&
	      rec->n_entries * sizeof(struct mt_entry) <= limits.memory_bytes);
	CHECK_INT(rec->truncated_after, rec->n_entries + 1);
	CHECK(mt_entry_t_ns(&rec->entries[rec->n_entries - 1]) == rec->n_entries - 1);
	mt_recording_free(rec);
	CHECK_INT(mt_recording_load(&rec, path, &err), 0);
	CHECK(!rec->truncated && !rec->bound && rec->n_entries == n);
	mt_recording_free(rec);
	/* Text counts, too: three entries with 0.5 MiB each. */
	p = lines + sprintf(lines, HEADER);
	for (int i = 0; i < 3; i++) {
		p += sprintf(p, "{\"type\":\"event\",\"t_ns\":1,\"event\":\"");
		for (int k = 0; k < 1 << 19; k++)
			*p++ = (char)('a' + (i + k * 7 % 1013) % 26);
		p += sprintf(p, "\"}\n");
	}
	spill_lines(path, lines, (size_t)(p - lines));
	CHECK_INT(mt_recording_load_within(&rec, path, &limits, &err), 0);
	CHECK(rec->truncated && rec->bound && rec->n_entries >= 1 && rec->n_entries < 3);
	mt_recording_free(rec);
	free(lines);
}

static void count(const struct mt_entry *e, void *opaque)
{
	*(size_t *)opaque += 1 + (e->type == MT_ENTRY_EVENT && !strcmp(e->event.event, "x"));
}

/* Entry by entry, in no memory to speak of. */
static void test_scan(void)
{
	const struct mt_recording_limits limits = { .memory_bytes = 1 << 16 };
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	size_t n = 0;

	set_up();
	CHECK_INT(write_whole(), 0);
	CHECK_INT(mt_recording_scan(&rec, path, &limits, count, &n, &err), 0);
	CHECK_INT(n, N_ENTRIES);
	CHECK(right_header(&rec->header) && !rec->n_entries && !rec->truncated);
	mt_recording_free(rec);
	spill(path, "[]", 2);
	CHECK_INT(mt_recording_scan(&rec, path, &limits, count, &n, &err), -EBADMSG);
}

/* What is no regular file of ours must neither hang us nor be read. */
static void test_whose_file(void)
{
	const struct mt_recording_limits ours = { .ours = true };
	char other[112];
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	set_up();
	snprintf(other, sizeof(other), "%s.other", path);
	unlink(other);
	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(mt_recording_load(&rec, path, &err), -EINVAL);
	CHECK(strstr(err.msg, "no regular file"));
	set_up();
	CHECK_INT(write_whole(), 0);
	CHECK_INT(mt_recording_load_within(&rec, path, &ours, NULL), 0);
	mt_recording_free(rec);
	CHECK_INT(rename(path, other), 0);
	CHECK_INT(symlink(other, path), 0);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);	/* whoever calls a tool may use
								 * links */
	mt_recording_free(rec);
	CHECK_INT(mt_recording_load_within(&rec, path, &ours, NULL), -ELOOP);
	unlink(path);
	CHECK_INT(link(other, path), 0);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recording_load_within(&rec, path, &ours, &err), -EPERM);
	CHECK(strstr(err.msg, "2 names"));
	unlink(other);
	if (geteuid())
		SKIP("giving a file away needs root");
	CHECK_INT(chown(path, 12345, -1), 0);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recording_load_within(&rec, path, &ours, &err), -EPERM);
	CHECK(strstr(err.msg, "12345"));
}

/* --- series ------------------------------------------------------------- */
static int load_text(const char *text, size_t len, struct mt_err *err, struct mt_recording **rec)
{
	set_up();
	memset(err, 0, sizeof(*err));
	spill(path, text, len);
	return mt_recording_load(rec, path, err);
}

static const char series[] =
	" [ {\"t_monotonic\": 8338.5, \"t_since_run_start\": 1, \"query_migrate\": {}},\n"
	"{\"t_monotonic\": 8338.75, \"query_migrate\": {\"status\": \"active\", \"total-time\": 250,"
	" \"ram\": {\"remaining\": 4096, \"mbps\": 8.0, \"dirty-sync-count\": 1}, \"note\": \"a } \\\" { b\"}},\n"
	"{\"t_monotonic\": 8339, \"query_migrate\": {\"status\": \"completed\"}}\n]\n";

static void test_series(void)
{
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_text(series, strlen(series), &err, &rec), 0);
	CHECK(rec->foreign && !rec->truncated);
	CHECK_INT(rec->n_entries, 2);
	CHECK(!rec->header.domain && rec->header.limits.max_downtime_ms == MT_LIMIT_UNSET);
	CHECK_INT(rec->entries[0].type, MT_ENTRY_SAMPLE);
	CHECK_INT(rec->entries[0].sample.t_ns, 8338750000000);
	CHECK_INT(rec->entries[0].sample.total_ms, 250);
	CHECK_INT(rec->entries[0].sample.remaining_bytes, 4096);
	CHECK_INT(rec->entries[0].sample.bandwidth_bytes_per_s, 1000000);
	CHECK_INT(rec->entries[1].sample.status, MT_STATUS_COMPLETED);
	CHECK_INT(rec->entries[1].sample.valid, 0);
	mt_recording_free(rec);
}

static void test_series_cut(void)
{
	size_t len = strlen(series), seen = 0;

	while (series[len - 1] != ']')
		len--;
	for (size_t cut = 0; cut < len; cut++) {
		struct mt_recording *rec;
		struct mt_err err;
		int rc = load_text(series, cut, &err, &rec);

		if (rc) {
			CHECK(rc == -ENODATA || (cut <= 1 && rc == -EBADMSG));
			CHECK(!seen);
			continue;
		}
		CHECK(rec->truncated && rec->n_entries >= seen);
		seen = rec->n_entries;
		mt_recording_free(rec);
	}
	CHECK_INT(seen, 2);
}

static void test_foreign(void)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} rows[] = {
		{ "", -ENODATA, "empty" },
		{ "#!/bin/sh\n", -EBADMSG, "neither" },
		{ "{}", -EBADMSG, "neither" },
		{ "\x7f"
		  "ELF",
		  -EBADMSG, "neither" },
		{ "[]", -ENODATA, "no answer" },
		{ "[1]", -EBADMSG, "element 1" },
		{ "[{}]", -EBADMSG, "element 1" },
		{ "[{\"query_migrate\":{}}]", -EBADMSG, "t_monotonic" },
		{ "[{\"t_monotonic\":-1,\"query_migrate\":{}}]", -EBADMSG, "t_monotonic" },
		{ "[{\"t_monotonic\":1e300,\"query_migrate\":{}}]", -EBADMSG, "t_monotonic" },
		{ "[{\"t_monotonic\":1,\"query_migrate\":{}} {}]", -EBADMSG, "after element 1" },
		{ "[{\"t_monotonic\":1,\"query_migrate\":{}},]", -EBADMSG, "element 2" },
		{ "[{\"t_monotonic\":1,\"query_migrate\":{}},{\"t_monotonic\":2,\"query_migrate\":[]}]",
		  -EBADMSG, "element 2" },
		{ "[{\"t_monotonic\":1,\"query_migrate\":null}]", -ENODATA, "no answer" },
		{ "{\"return\":{}}\n{\"execute\":\"query-migrate\"}\n", -ENODATA, "no answer" },
		{ "{\"return\":{}}\n{\"returned\":{}}\n", -EBADMSG, "element 2" },
		{ "{\"return\":{}}\nnonsense", -EBADMSG, "element 2" },
		{ "[{\"t_monotonic\":NaN,\"query_migrate\":{}}]", -EBADMSG, "element 1" },
		{ "[{\"query_migrate\":nonsense}]", -EBADMSG, "element 1" },
	};

	for (size_t i = 0; i < MT_ARRAY_SIZE(rows); i++) {
		struct mt_recording *rec;
		struct mt_err err;
		int rc = load_text(rows[i].text, strlen(rows[i].text), &err, &rec);

		if (rc != rows[i].code || !strstr(err.msg, rows[i].says))
			printf("# %s gives %d: %s\n", rows[i].text, rc, err.msg);
		CHECK_INT(rc, rows[i].code);
		CHECK(strstr(err.msg, rows[i].says) && strstr(err.msg, path));
	}
}

/* What QEMU cannot have meant, and what it means that is not known here, does not cost the rest. */
static void test_series_odd(void)
{
	static const char text[] =
		"[{\"t_monotonic\":1,\"query_migrate\":{\"status\":\"active\",\"total-time\":-3,\"ram\":{\"mbps\":-1,\"remaining\":5}}},"
		"{\"t_monotonic\":2,\"query_migrate\":{\"status\":\"warp\",\"total-time\":\"3\",\"ram\":{\"mbps\":NaN,\"transferred\":6}}},"
		"{\"t_monotonic\":3,\"query_migrate\":null},{\"t_monotonic\":3,\"query_migrate\":{}},"
		"{\"t_monotonic\":4,\"query_migrate\":{\"status\":\"active\",\"error-desc\":\"no NaN, 18446744073709547520\\\"\","
		"\"ram\":{\"mbps\":1e999,\"remaining\":18446744073709547520,\"transferred\":9007199254740993}}}]";
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_text(text, strlen(text), &err, &rec), 0);
	CHECK_INT(rec->n_entries, 3);
	CHECK_INT(rec->entries[0].sample.valid, 1ULL << MT_FIELD_remaining_bytes);
	CHECK(!rec->entries[0].sample.miscounted);
	CHECK_INT(rec->entries[1].sample.status, MT_STATUS_UNKNOWN);
	CHECK_INT(rec->entries[1].sample.valid, 1ULL << MT_FIELD_transferred_bytes);
	CHECK_INT(rec->entries[2].sample.valid, 1ULL << MT_FIELD_transferred_bytes);
	/* to the last byte */
	CHECK_INT(rec->entries[2].sample.transferred_bytes, 9007199254740993);
	CHECK(rec->entries[2].sample.miscounted);
	mt_recording_free(rec);
}

/* What goes over a monitor's socket: our answers among other things. Their time is QEMU's. */
static void test_series_monitor(void)
{
	static const char text[] =
		"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 1, \"major\": 9}}, \"capabilities\": [\"oob\"]}}\r\n"
		"{\"execute\": \"qmp_capabilities\"}\n{\"return\": {}}\n"
		"{\"return\": {\"status\": \"running\", \"running\": true}, \"id\": \"a\"}\n"
		/* a dump's */
		"{\"return\": {\"status\": \"completed\", \"completed\": 1, \"total\": 1}}\n"
		"{\"return\": [{\"status\": \"active\"}]}\n{\"error\": {\"class\": \"GenericError\", \"desc\": \"x\"}}\n"
		"{\"return\": {\"status\": \"setup\"}, \"id\": 1}\n"
		"{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"MIGRATION\", \"data\": {\"status\": \"active\"}}\n"
		"{\"return\": {\"status\": \"active\", \"total-time\": 200, \"ram\": {\"remaining\": 9, \"dirty-sync-count\": 1}}, \"id\": 2}\n"
		"{\"return\":\n  {\"status\": \"active\", \"total-time\": 450,\n   \"ram\": {\"remaining\": 8, \"dirty-sync-count\": 1}}}\n"
		"{\"return\": {\"status\": \"cancelled\"}}\n"
		"{\"return\": {\"status\": \"active\", \"total-time\": 100, \"ram\": {\"remaining\": 9, \"dirty-sync-count\": 1}}}\n"
		"{\"return\": {\"status\": \"warp\", \"total-time\": 300}}\n"
		"{\"return\": {\"status\": \"completed\", \"total-time\": 350, \"downtime\": 5}}\n";
	static const struct {
		uint64_t ms;
		enum mt_status status;
	} rows[] = {
		{ 0, MT_STATUS_SETUP }, { 200, MT_STATUS_ACTIVE }, { 450, MT_STATUS_ACTIVE },
		{ 450, MT_STATUS_CANCELLED },
		{ 550, MT_STATUS_ACTIVE }, { 750, MT_STATUS_UNKNOWN }, { 800, MT_STATUS_COMPLETED },
	};
	size_t cut = strlen(text) - 10;
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_text(text, strlen(text), &err, &rec), 0);
	CHECK(rec->foreign && !rec->truncated);
	CHECK_INT(rec->n_entries, MT_ARRAY_SIZE(rows));
	for (size_t i = 0; i < rec->n_entries; i++) {
		CHECK_INT(rec->entries[i].sample.t_ns, rows[i].ms * 1000000);
		CHECK_INT(rec->entries[i].sample.status, rows[i].status);
	}
	/* Two migrations are in it. */
	CHECK_INT(mt_recording_migration(rec, 0), 4);
	CHECK_INT(mt_recording_migration(rec, 4), 7);
	mt_recording_free(rec);
	CHECK_INT(load_text(text, cut, &err, &rec), 0);
	CHECK(rec->truncated);
	CHECK_INT(rec->n_entries, MT_ARRAY_SIZE(rows) - 1);
	mt_recording_free(rec);
}

/*
 * One after the other without a word about the first one's end; and one that QEMU still told of
 * when we began.
 */
static void test_migrations(void)
{
	static const char text[] =
		"[{\"t_monotonic\":1,\"query_migrate\":{\"status\":\"completed\",\"total-time\":9000,\"ram\":{\"transferred\":90,\"remaining\":0,\"dirty-sync-count\":9}}},"
		"{\"t_monotonic\":2,\"query_migrate\":{\"status\":\"active\",\"total-time\":100,\"ram\":{\"transferred\":1,\"remaining\":50,\"dirty-sync-count\":1}}},"
		"{\"t_monotonic\":9,\"query_migrate\":{\"status\":\"active\",\"total-time\":7100,\"ram\":{\"transferred\":70,\"remaining\":5,\"dirty-sync-count\":3}}},"
		"{\"t_monotonic\":10,\"query_migrate\":{\"status\":\"active\",\"ram\":{\"remaining\":5}}},"
		"{\"t_monotonic\":11,\"query_migrate\":{\"status\":\"active\",\"total-time\":200,\"ram\":{\"transferred\":2,\"remaining\":50,\"dirty-sync-count\":1}}}]";
	struct mt_recording *rec;
	struct mt_err err;

	CHECK_INT(load_text(text, strlen(text), &err, &rec), 0);
	CHECK_INT(rec->n_entries, 5);
	CHECK_INT(mt_recording_migration(rec, 0), 4);
	CHECK_INT(mt_recording_migration(rec, 4), 5);
	CHECK_INT(mt_recording_migration(rec, 5), 5);
	mt_recording_free(rec);
}

static void test_no_file(void)
{
	struct mt_recording *rec;
	struct mt_err err = { 0 };

	set_up();
	CHECK_INT(mt_recording_load(&rec, path, &err), -ENOENT);
	CHECK(strstr(err.msg, path));
	CHECK_INT(mt_recording_load(&rec, dir, NULL), -EISDIR);
}

/* --- resuming ----------------------------------------------------------- */
/* A writer that dies in the midst of it, the last @cut bytes never having reached the disk. */
static void kill_a_writer(uint64_t t_ns, size_t n, size_t cut)
{
	pid_t pid = fork();
	struct stat st;

	if (!pid) {
		struct mt_recorder *r;

		if (mt_recorder_open(&r, path, &header, NULL))
			_exit(1);
		for (size_t i = 0; i < n; i++)
			mt_recorder_event(r, t_ns + i, "before", "the kill");
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	if (cut && (stat(part, &st) || truncate(part, st.st_size - (off_t)cut)))
		exit(1);
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static void test_resume(void)
{
	for (size_t cut = 0; cut < 2; cut++) {
		uint64_t now = now_ns(CLOCK_MONOTONIC);
		struct mt_err err = { 0 };
		struct mt_recording *rec;
		struct mt_recorder *r;

		set_up();
		kill_a_writer(now, 5, cut);
		CHECK(!access(part, F_OK));
		CHECK_INT(mt_recorder_resume(&r, path, &err), 0);
		CHECK_INT(mt_recorder_event(r, now + 100, "after", NULL), 0);
		CHECK_INT(mt_recorder_close(r, &err), 0);
		CHECK(access(part, F_OK));
		CHECK_INT(mt_recording_load(&rec, path, &err), 0);
		CHECK(!rec->truncated && right_header(&rec->header));
		CHECK_INT(rec->n_entries, 6 - cut);
		CHECK_STR(rec->entries[0].event.event, "before");
		CHECK_STR(rec->entries[5 - cut].event.event, "after");
		CHECK(rec->entries[5 - cut].event.t_ns == now + 100);
		mt_recording_free(rec);
	}
}

/* Since then the host booted: CLOCK_MONOTONIC began anew, the recording's time must not. */
static void test_resume_after_boot(void)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC), old = now + 3600000000000ULL;
	struct mt_recording *rec;
	struct mt_recorder *r;

	set_up();
	kill_a_writer(old, 3, 0);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), 0);
	CHECK_INT(mt_recorder_event(r, now_ns(CLOCK_MONOTONIC), "after", NULL), 0);
	CHECK_INT(mt_recorder_close(r, NULL), 0);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK_INT(rec->n_entries, 4);
	CHECK(rec->entries[3].event.t_ns >= old + 2);
	mt_recording_free(rec);
}

static void test_resume_refused(void)
{
	struct mt_err err = { 0 };
	struct mt_recorder *r;
	struct stat st;

	set_up();
	CHECK_INT(mt_recorder_resume(&r, path, &err), -ENOENT);
	spill(part, "garbage, but somebody's", 23);
	memset(&err, 0, sizeof(err));
	CHECK_INT(mt_recorder_resume(&r, path, &err), -EBADMSG);
	CHECK(strstr(err.msg, part));
	CHECK(!stat(part, &st) && st.st_size == 23);	/* it is left alone */
	spill(part, "", 0);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), -ENODATA);
	spill_lines(part, "{\"type\":\"header\",\"schema\":7}\n", 29);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), -EPROTO);
}

/*
 * Somebody else can write to the directory: what he puts there is neither followed nor waited for.
 */
static void test_resume_traps(void)
{
	char fresh[128], victim[128];
	struct mt_err err = { 0 };
	struct mt_recorder *r;
	struct stat st;

	set_up();
	snprintf(fresh, sizeof(fresh), "%s.new", part);
	snprintf(victim, sizeof(victim), "%s/victim", dir);
	spill(victim, "precious", 8);
	kill_a_writer(now_ns(CLOCK_MONOTONIC), 3, 0);
	CHECK_INT(symlink(victim, fresh), 0);
	CHECK_INT(mt_recorder_resume(&r, path, &err), 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	CHECK(!stat(victim, &st) && st.st_size == 8);
	CHECK(!lstat(path, &st) && S_ISREG(st.st_mode) && (st.st_mode & 07777 & ~0640) == 0);
	/* A .part that is a link to a good one, a FIFO, or has a second name. */
	set_up();
	kill_a_writer(now_ns(CLOCK_MONOTONIC), 3, 0);
	CHECK_INT(rename(part, victim), 0);
	CHECK_INT(symlink(victim, part), 0);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), -ELOOP);
	unlink(part);
	CHECK_INT(link(victim, part), 0);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), -EPERM);
	unlink(part);
	CHECK_INT(mkfifo(part, 0600), 0);
	CHECK_INT(mt_recorder_resume(&r, path, NULL), -EINVAL);
	unlink(part);
	/* And a new recording does not write through a link. */
	CHECK_INT(symlink(victim, part), 0);
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), -EEXIST);
	unlink(victim);
}

/* --- long recordings ------------------------------------------------------ */
static size_t count_events(const struct mt_recording *rec, const char *event)
{
	size_t n = 0;

	for (size_t i = 0; i < rec->n_entries; i++)
		n += rec->entries[i].type == MT_ENTRY_EVENT &&
		     !strcmp(rec->entries[i].event.event, event);
	return n;
}

/*
 * Ten times as many looks as there is room for: it covers all of the time, and nothing rare is
 * missing.
 */
static void test_thinned(void)
{
	const uint64_t room = 4000, looks = 40000;
	const struct mt_record_outcome o = { .t_ns = BEGIN_NS + looks,
					     .outcome = MT_OUTCOME_COMPLETED };
	uint64_t boundaries = 0, gap = 0, last = BEGIN_NS;
	struct mt_err err = { 0 };
	struct mt_recording *rec;
	struct mt_recorder *r;

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, &err), 0);
	r->thin.max_entries = room;
	for (uint64_t i = 0; i < looks; i++) {
		struct mt_sample s = { .t_ns = BEGIN_NS + i,
				       .status = MT_STATUS_ACTIVE,
				       .boundary = i % 1000 == 0 };

		CHECK_INT(mt_recorder_sample(r, &s), 0);
	}
	CHECK_INT(mt_recorder_outcome(r, &o), 0);
	CHECK_INT(mt_recorder_close(r, &err), 0);
	CHECK_INT(mt_recording_load(&rec, path, &err), 0);
	CHECK(!rec->truncated && rec->n_entries > room / 2 && rec->n_entries <= room);
	for (size_t i = 0; i < rec->n_entries; i++) {
		const struct mt_entry *e = &rec->entries[i];

		if (e->type != MT_ENTRY_SAMPLE)
			continue;
		boundaries += e->sample.boundary;
		gap = e->sample.t_ns - last > gap ? e->sample.t_ns - last : gap;
		last = e->sample.t_ns;
		/* Half of the room is everything. */
		CHECK(i >= room / 2 || e->sample.t_ns == BEGIN_NS + i);
	}
	CHECK_INT(boundaries, 40);
	CHECK(gap <= 1000 && BEGIN_NS + looks - last <= 1000);
	CHECK(count_events(rec, "thinned") >= 2 && count_events(rec, "thinned") < 12);
	CHECK_INT(rec->entries[rec->n_entries - 1].type, MT_ENTRY_OUTCOME);
	mt_recording_free(rec);
}

/* What is rare has no room for ever either: then it ends, says so, and says how it went on. */
static void test_full(void)
{
	const struct mt_record_outcome o = { .t_ns = BEGIN_NS, .outcome = MT_OUTCOME_COMPLETED };
	struct mt_err err = { 0 };
	struct mt_recording *rec;
	struct mt_recorder *r;
	int rc = 0, n = 0;

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, &err), 0);
	r->thin.max_entries = 500;
	while (!rc && n < 1000)
		rc = mt_recorder_event(r, BEGIN_NS + (uint64_t)n++, "lifecycle", "again");
	CHECK_INT(rc, -EFBIG);
	CHECK_INT(mt_recorder_outcome(r, &o), -EFBIG);
	CHECK_INT(mt_recorder_close(r, &err), -EFBIG);
	CHECK(strstr(err.msg, path) && strstr(err.msg, "entries"));
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK(!rec->truncated && rec->n_entries <= 500 && rec->n_entries > 400);
	CHECK_INT(count_events(rec, "ended"), 1);
	CHECK_INT(rec->entries[rec->n_entries - 1].type, MT_ENTRY_OUTCOME);
	mt_recording_free(rec);
}

/* Sets of pages end where a tick ends, and are gone on with in no later one. */
static void test_pages_end(void)
{
	struct mt_recording *rec;
	struct mt_recorder *r;
	char text[1024];
	uint64_t last = 0;

	memset(text, '7', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	r->thin.max_text_bytes = 512 * 1024;
	for (uint64_t tick = 1; tick <= 200; tick++)
		for (int piece = 0; piece < 3; piece++)
			CHECK_INT(mt_recorder_pages(r, &(struct mt_record_pages){ tick + 1, tick,
										  false, text }),
				  0);
	CHECK_INT(mt_recorder_event(r, 1000, "still", "here"), 0);
	CHECK_INT(mt_recorder_close(r, NULL), 0);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK_INT(count_events(rec, "thinned"), 1);
	CHECK_INT(count_events(rec, "still"), 1);
	for (size_t i = 0; i < rec->n_entries; i++)
		if (rec->entries[i].type == MT_ENTRY_PAGES) {
			CHECK(rec->entries[i].pages.start_ns - last <= 1);
			last = rec->entries[i].pages.start_ns;
		}
	CHECK(last > 80 && last < 150);
	CHECK_INT(rec->n_entries, 3 * last + 2);
	mt_recording_free(rec);
}

static int no_room(uint64_t bytes, void *opaque, struct mt_err *err)
{
	unsigned *asked = opaque;

	return ++*asked > 2 ? mt_err_set(err, -EDQUOT, "the quota is used up at %llu bytes",
					 (unsigned long long)bytes) :
			      0;
}

/* It is asked as it grows, and ends well where it may not. */
static void test_room(void)
{
	const struct mt_record_outcome o = { .t_ns = BEGIN_NS, .outcome = MT_OUTCOME_ABORTED };
	struct mt_err err = { 0 };
	struct mt_recording *rec;
	unsigned asked = 0, noise = 1;
	struct mt_recorder *r;
	char detail[4096];
	struct stat st;
	int rc = 0;

	set_up();
	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	mt_recorder_set_room(r, no_room, &asked);
	for (int n = 0; !rc && n < 10000; n++) {
		for (size_t i = 0; i + 1 < sizeof(detail); i++)
			detail[i] = (char)('0' + (noise = noise * 1103515245 + 12345) / 65536 % 64);
		detail[sizeof(detail) - 1] = '\0';
		rc = mt_recorder_event(r, BEGIN_NS, "fill", detail);
	}
	CHECK_INT(rc, -EDQUOT);
	CHECK_INT(mt_recorder_event(r, BEGIN_NS, "later", NULL), -EDQUOT);
	CHECK_INT(asked, 3);
	CHECK_INT(mt_recorder_outcome(r, &o), -EDQUOT);
	CHECK_INT(mt_recorder_close(r, &err), -EDQUOT);
	CHECK(strstr(err.msg, "the quota is used up"));
	CHECK(!stat(path, &st) && st.st_size > 2 * MT_RECORDER_ROOM_BYTES &&
	      st.st_size < 3 * MT_RECORDER_ROOM_BYTES);
	CHECK_INT(mt_recording_load(&rec, path, NULL), 0);
	CHECK(!rec->truncated && count_events(rec, "ended") == 1 && !count_events(rec, "later"));
	CHECK_INT(rec->entries[rec->n_entries - 1].type, MT_ENTRY_OUTCOME);
	mt_recording_free(rec);
}

/* --- a full disk ---------------------------------------------------------- */
/* Writes until it fails, then checks what is left. */
static void fill_up(int code)
{
	char detail[200];
	struct mt_recording *rec;
	struct mt_err err = { 0 };
	struct mt_recorder *r;
	size_t written = 0;
	unsigned noise = 1;
	int rc = 0;

	CHECK_INT(mt_recorder_open(&r, path, &header, NULL), 0);
	while (!rc && written < 100000) {
		for (size_t i = 0; i + 1 < sizeof(detail); i++)
			detail[i] = (char)('0' + (noise = noise * 1103515245 + 12345) / 65536 % 64);
		detail[sizeof(detail) - 1] = '\0';
		rc = mt_recorder_event(r, written, "fill", detail);
		written += !rc;
	}
	CHECK_INT(rc, code);
	CHECK_INT(mt_recorder_event(r, 0, "later", NULL), code);
	CHECK_INT(mt_recorder_close(r, &err), code);
	CHECK(strstr(err.msg, part));
	CHECK(access(path, F_OK) && !access(part, F_OK));
	CHECK_INT(mt_recording_load(&rec, part, NULL), 0);
	CHECK(rec->truncated);
	CHECK_INT(rec->n_entries, written);	/* each entry that was acknowledged, and no other */
	mt_recording_free(rec);
}

static void test_file_size_limit(void)
{
	const struct rlimit old_limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit was, small;

	set_up();
	if (getrlimit(RLIMIT_FSIZE, &was))
		SKIP("no RLIMIT_FSIZE");
	small = (struct rlimit){ 20000, was.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	fflush(stdout);
	if (setrlimit(RLIMIT_FSIZE, &small))
		SKIP("RLIMIT_FSIZE cannot be set");
	fill_up(-EFBIG);
	setrlimit(RLIMIT_FSIZE, was.rlim_cur == RLIM_INFINITY ? &old_limit : &was);
}

static void test_disk_full(void)
{
	set_up();
	/* In a namespace of its own, so that it goes with us whatever happens. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", dir, "tmpfs", 0, "size=64k"))
		SKIP("a small tmpfs cannot be mounted: needs root");
	fill_up(-ENOSPC);
	umount2(dir, MNT_DETACH);
}

static void test_outcome_names(void)
{
	enum mt_outcome o;

	for (int i = 0; i < MT_OUTCOME_COUNT; i++) {
		CHECK_INT(mt_outcome_parse(mt_outcome_name(i), &o), 0);
		CHECK_INT(o, i);
	}
	CHECK_INT(mt_outcome_parse("fine", &o), -EINVAL);
}

static const struct ktap_case cases[] = {
	{ "entries of a kernel source", test_kernel_entries },
	{ "what is written is read", test_round_trip },
	{ "an entry is readable once its call returned", test_flushed },
	{ "a recorder that records nothing", test_null_recorder },
	{ "no file is overwritten, no .part has two writers", test_nobody_overwritten },
	{ "cut at every byte: readable up to there", test_truncated_everywhere },
	{ "each single bit flipped: noticed or harmless", test_bit_flips },
	{ "hostile lines are one error naming the line", test_hostile_lines },
	{ "limits that were not given, and those of older recordings", test_limits_not_given },
	{ "unknown keys and entries are ignored", test_unknown_is_ignored },
	{ "words of a later version are unknown, and counted", test_strange_words },
	{ "lines and streams are bounded", test_bombs },
	{ "a status of a later version", test_new_status },
	{ "memory is bounded: a prefix is read", test_memory },
	{ "entries shown one by one", test_scan },
	{ "neither FIFOs nor others' files are read", test_whose_file },
	{ "a QMP series is read as samples", test_series },
	{ "a QMP series, cut at every byte", test_series_cut },
	{ "a QMP series with odd values", test_series_odd },
	{ "a monitor's answers are timed by QEMU", test_series_monitor },
	{ "several migrations in one", test_migrations },
	{ "what is no recording says so", test_foreign },
	{ "files that cannot be read", test_no_file },
	{ "a killed writer's recording goes on", test_resume },
	{ "also after a boot, in its own time", test_resume_after_boot },
	{ "what cannot be resumed is left alone", test_resume_refused },
	{ "links and FIFOs are not followed", test_resume_traps },
	{ "a long recording has fewer looks", test_thinned },
	{ "and ends if all of it is rare", test_full },
	{ "sets of pages end as a whole", test_pages_end },
	{ "where room is refused it ends well", test_room },
	{ "a file size limit ends a recording well", test_file_size_limit },
	{ "a full disk ends a recording well", test_disk_full },
	{ "each outcome is found by its name", test_outcome_names },
};
KTAP_MAIN(cases)
