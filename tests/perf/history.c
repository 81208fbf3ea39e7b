// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history.c - what the history takes: a migration put there, lists of them, and its size
 *
 *	history [COUNT [WHERE]]
 *
 * Puts COUNT migrations (100,000), each with two forecasts and eight decisions, into WHERE, a file
 * that must not be there or an empty PostgreSQL database; by default a file in a directory that
 * goes. Prints one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/quantile.h"
#include "base/units.h"
#include "history/archive.h"

#define DECISIONS	8

static int die(const char *why)
{
	fprintf(stderr, "history: %s\n", why);
	return 1;
}

static double since_ms(uint64_t since_ns)
{
	return (double)(mt_now_ns() - since_ns) / MT_NS_PER_MS;
}

/* As long as those of a campaign's are: see how many bytes a migration takes. */
static void fill(struct mt_past *p, uint64_t n)
{
	static struct mt_past_decision d[DECISIONS];
	struct mt_past_forecast f = { .has = true, .model = "outlook/1", .verdict = "converges",
				      .ends = 0.97, .total_ms = { 8100.5, 8400.25, 9300.125 },
				      .downtime_ms = { 140.5, 182.25, 260.125 },
				      .transferred_bytes = { 27e6, 28.5e6, 31e6 } };

	mt_past_init(p);
	snprintf(p->guest, sizeof(p->guest), "web%llu", (unsigned long long)n % 500);
	snprintf(p->uuid, sizeof(p->uuid), "28158a57-89db-4e62-890f-%012llu",
		 (unsigned long long)n % 500);
	snprintf(p->source, sizeof(p->source), "host%llu", (unsigned long long)n % 40);
	snprintf(p->destination, sizeof(p->destination), "host%llu", (unsigned long long)n % 39);
	strcpy(p->policy, n % 3 ? "predict" : "qemu");
	strcpy(p->mode, "supervise");
	strcpy(p->outcome, n % 20 ? "completed" : "aborted");
	strcpy(p->detail, "the guest runs at qemu+tls://host17.example.net/system");
	strcpy(p->tool, "migtraced 0.1.0");
	snprintf(p->recording, sizeof(p->recording),
		 "/var/lib/migtrace/web%llu-20261128T140509Z.mtrec", (unsigned long long)n % 500);
	p->begin_ms = 1700000000000ULL + 60000 * n;
	p->memory_bytes = 8.0 * 1024 * MT_MIB;
	p->max_downtime_ms = 500;
	p->bandwidth_bytes_per_s = 117.3e6;
	p->passes = 6;
	p->prepare_ms = 1124;
	p->total_ms = 8432 + (double)(n % 1000);
	p->downtime_ms = 181;
	p->transferred_bytes = 28654321;
	p->forecast[MT_PAST_BEFORE] = p->forecast[MT_PAST_PASS_1] = f;
	for (size_t i = 0; i < DECISIONS; i++) {
		d[i] = (struct mt_past_decision){ 1000.0 * (double)i, (double)i, "none", "", "" };
		strcpy(d[i].reason, "stopping now would take 8.0 s, 300 ms allowed: waiting for "
				    "a better moment, 7.3 s in sight");
	}
	p->decisions = d;
	p->n_decisions = DECISIONS;
	mt_past_number(p, "");
}

static int count_one(const struct mt_past *p, void *n)
{
	++*(uint64_t *)n;
	return 0;
}

static double list_ms(struct mt_db *db, struct mt_archive_filter f, uint64_t *n)
{
	uint64_t since_ns = mt_now_ns();

	*n = 0;
	return mt_archive_list(db, &f, count_one, n, NULL) ? -1 : since_ms(since_ns);
}

static int measure(struct mt_db *db, const char *where, uint64_t count)
{
	double *us = calloc(count, sizeof(*us));
	struct mt_err err = { 0 };
	uint64_t n, all, found;
	double all_ms, last_ms, guest_ms, put_s = 0;
	char bytes[32] = "null";	/* of a server's there is no file */
	struct stat st;

	if (!us)
		return die("out of memory");
	for (n = 0; n < count; n++) {
		uint64_t since_ns;
		struct mt_past p;

		fill(&p, n);
		since_ns = mt_now_ns();
		if (mt_archive_put(db, &p, &err))
			return die(err.msg);
		us[n] = since_ms(since_ns) * 1e3;
		put_s += us[n] / 1e6;
	}
	all_ms = list_ms(db, (struct mt_archive_filter){ 0 }, &all);
	guest_ms = list_ms(db, (struct mt_archive_filter){ .guest = "web7", .policy = "predict" },
			   &found);
	last_ms = list_ms(db, (struct mt_archive_filter){ .limit = 20 }, &n);
	mt_sort(us, count);
	if (!stat(where, &st))
		snprintf(bytes, sizeof(bytes), "%.0f", (double)st.st_size / (double)count);
	printf("{\"database\": \"%s\", \"migrations\": %llu, \"decisions_each\": %d, "
	       "\"put_us_p50\": %.1f, \"put_us_p90\": %.1f, \"put_us_p99\": %.1f, \"put_all_s\": %.1f, "
	       "\"list_all_ms\": %.1f, \"list_guest_ms\": %.1f, \"guest_found\": %llu, "
	       "\"list_last_20_ms\": %.2f, \"bytes_each\": %s}\n",
	       db->ops->name, (unsigned long long)all, DECISIONS, mt_quantile(us, count, 0.5),
	       mt_quantile(us, count, 0.9), mt_quantile(us, count, 0.99), put_s, all_ms, guest_ms,
	       (unsigned long long)found, last_ms, bytes);
	free(us);
	return 0;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/migtrace-perf.XXXXXX", path[64], wal[80], shm[80];
	const char *where = argc > 2 ? argv[2] : path;
	uint64_t count = 100000;
	struct mt_err err = { 0 };
	struct mt_db *db;
	int status;

	if (argc > 3 || (argc > 1 && mt_parse_count("COUNT", argv[1], 100000000, &count, &err)) ||
	    !count)
		return die("history [COUNT [WHERE]]");
	if (!mkdtemp(dir))
		return die("no temporary directory");
	snprintf(path, sizeof(path), "%s/history.db", dir);
	status = mt_archive_open(&db, where, true, &err) ? die(err.msg) :
							   measure(db, where, count);
	mt_db_close(db);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	snprintf(shm, sizeof(shm), "%s-shm", path);
	unlink(path);
	unlink(wal);
	unlink(shm);
	rmdir(dir);
	return status;
}
