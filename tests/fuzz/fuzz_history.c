// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_history.c - mutated recordings and campaigns put into the history; that must end well
 *
 * fuzz_history [COUNT [SEED]]: what is checked beyond "no crash, no leak" (ASan, UBSan): an error
 * has a line; what was read is put, and found again as it was; no text of it has what a terminal
 * or a statement would obey.
 */
#include <errno.h>
#include <math.h>

#include "base/units.h"
#include "base/utf8.h"
#include "history/archive.h"
#include "mutate.h"

static const char runs_seed[] =
	"{\"run\":1,\"where\":\"lab\",\"guest\":\"g\",\"workload\":\"w\",\"memory_bytes\":268435456,"
	"\"method\":\"postcopy\",\"parameters\":{\"flip_after_passes\":0},\"policy\":\"predict\","
	"\"bandwidth_bytes_per_s\":75497472,\"downtime_limit_ms\":300,\"cap_ms\":10005,"
	"\"profile\":\"a.mtrec\",\"recording\":\"a.mtrec\",\"start_wall_ms\":1795622903290,"
	"\"outcome\":\"completed\",\"converged\":false,\"prepare_ms\":1124.0,\"total_ms\":2502,"
	"\"downtime_ms\":16,\"iterations\":2,\"felt_ms\":626.459,\"note\":\"host busy\"}\n"
	"{\"run\":2,\"guest\":\"h\",\"method\":\"precopy\",\"outcome\":\"aborted\",\"total_ms\":8701}\n";

static char dir[] = "/tmp/migtrace-fuzz.XXXXXX";
static char recording[64], runs[64], history[64];
static uint64_t put;

static void write_file(const char *path, const char *bytes, size_t len)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(bytes, 1, len, f) != len || fclose(f))
		fail("no temporary file");
}

static void check_text(const char *s)
{
	mt_autofree char *clean = mt_utf8_clean(s);

	if (!clean || strcmp(clean, s))
		fail("a text that is not clean");
}

static void check_same(const struct mt_past *a, const struct mt_past *b)
{
	for (size_t i = 0; i < mt_past_n_columns; i++) {
		const char *x = (const char *)a + mt_past_columns[i].offset,
			   *y = (const char *)b + mt_past_columns[i].offset;

		if (mt_past_columns[i].room) {
			check_text(x);
			if (strcmp(x, y))
				fail("another text was found than was put");
		} else if (memcmp(x, y, sizeof(double)) && isfinite(*(const double *)x) &&
			   *(const double *)x != *(const double *)y) {
			fail("another number was found than was put");
		}
	}
	if (a->id != b->id || a->begin_ms != b->begin_ms || a->n_decisions != b->n_decisions ||
	    a->forecast[MT_PAST_PASS_1].has != b->forecast[MT_PAST_PASS_1].has)
		fail("another migration was found than was put");
	for (size_t i = 0; i < a->n_decisions; i++) {
		check_text(a->decisions[i].reason);
		if (strcmp(a->decisions[i].reason, b->decisions[i].reason))
			fail("another decision was found than was put");
	}
}

static int on_past(const struct mt_past *p, void *db)
{
	char digits[MT_PAST_ID_STR];
	struct mt_err err = { 0 };
	struct mt_past found;

	if (mt_archive_put(db, p, &err) ||
	    mt_archive_get(db, mt_past_id_text(p->id, digits), &found, &err))
		fail(err.msg);
	check_same(p, &found);
	mt_past_fini(&found);
	put++;
	return 0;
}

static void import(struct mt_db *db, const char *path)
{
	struct mt_err err = { 0 };
	int rc = mt_past_of_file(path, "host", on_past, db, &err);

	if (rc < 0 && (err.code != rc || !*err.msg || strchr(err.msg, '\n')))
		fail("an error without its line");
}

int main(int argc, char **argv)
{
	static char bytes[2 * MAX_BYTES], packed[2 * MAX_BYTES];
	uint64_t count = 20000, seed = 1;
	struct mt_err err = { 0 };
	struct mt_db *db;

	if (argc > 3 || (argc > 1 && mt_parse_count("COUNT", argv[1], UINT64_MAX, &count, &err)) ||
	    (argc > 2 && mt_parse_count("SEED", argv[2], UINT64_MAX, &seed, &err))) {
		fprintf(stderr, "fuzz_history [COUNT [SEED]] %s\n", err.msg);
		return 2;
	}
	state = seed;
	printf("TAP version 13\n1..1\n");
	if (!mkdtemp(dir))
		fail("no temporary directory");
	snprintf(history, sizeof(history), "%s/history.db", dir);
	if (mt_archive_open(&db, history, true, &err))
		fail(err.msg);
	snprintf(recording, sizeof(recording), "%s/a.mtrec", dir);
	snprintf(runs, sizeof(runs), "%s/runs.jsonl", dir);
	write_file(recording, packed, compress(packed, lines_seed, sizeof(lines_seed) - 1));
	write_file(runs, runs_seed, sizeof(runs_seed) - 1);
	import(db, recording);
	import(db, dir);
	if (put != 3)
		fail("the seeds themselves are not put");
	for (uint64_t i = 0; i < count; i++) {
		size_t len;

		memcpy(bytes, lines_seed, sizeof(lines_seed) - 1);
		len = mutate(bytes, sizeof(lines_seed) - 1);
		write_file(recording, packed, compress(packed, bytes, len));
		import(db, recording);
		memcpy(bytes, runs_seed, sizeof(runs_seed) - 1);
		write_file(runs, bytes, mutate(bytes, sizeof(runs_seed) - 1));
		import(db, runs);
	}
	mt_db_close(db);
	unlink(recording);
	unlink(runs);
	unlink(history);
	rmdir(dir);
	printf("ok 1 - %llu mutations, %llu migrations put\n", (unsigned long long)count,
	       (unsigned long long)put);
	return 0;
}
