// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_recording.c - mutated recordings and series; reading them must end well
 *
 * fuzz_recording [COUNT [SEED]]: COUNT mutations of a valid recording (its
 * compressed bytes, and its lines compressed again) of a valid QMP series, and of a monitor's log.
 * What is checked beyond "no crash, no leak" (ASan, UBSan): an error has a line,
 * and what loads can be walked, written and read again with the same result.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "base/units.h"
#include "store/entry.h"
#include "store/record.h"
#include "mutate.h"

static const char series_seed[] =
	"[{\"t_monotonic\": 1.5, \"query_migrate\": {}}, {\"t_monotonic\": 2.5, \"query_migrate\": {\"status\": \"active\","
	" \"total-time\": 250, \"expected-downtime\": 300, \"ram\": {\"total\": 8607571968, \"remaining\": 4096,"
	" \"mbps\": 1082.29, \"dirty-sync-count\": 1, \"page-size\": 4096, \"normal\": 1, \"duplicate\": 2}}},"
	" {\"t_monotonic\": 3, \"query_migrate\": {\"status\": \"completed\", \"downtime\": 13}}]";

static const char monitor_seed[] =
	"{\"QMP\": {\"version\": {}}}\n{\"return\": {}}\n{\"event\": \"MIGRATION\", \"data\": {\"status\": \"setup\"}}\n"
	"{\"return\": {\"status\": \"active\", \"total-time\": 250, \"ram\": {\"remaining\": 18446744073709547520,"
	" \"mbps\": -1.0, \"transferred\": 77, \"dirty-sync-count\": 1}}, \"id\": \"libvirt-1\"}\n"
	"{\"return\": {\"status\": \"postcopy-paused\"}}\n{\"return\": {\"status\": \"active\", \"total-time\": 5}}\n";

/* An entry that was read is written and read again: the second line equals the first. */
static void check_entry(const struct mt_entry *e)
{
	mt_autofree char *first = mt_entry_line(e), *second = NULL;
	struct mt_strings strings = { 0 };
	struct mt_entry again;
	unsigned strange = 0;
	struct mt_err err = { 0 };

	if (!first)
		fail("an entry that was read cannot be written");
	if (mt_entry_parse(&again, first, strlen(first), &strings, &strange, &err))
		fail(err.msg);
	second = mt_entry_line(&again);
	if (!second || strcmp(first, second))
		fail("written and read again, an entry is another");
	mt_strings_fini(&strings);
}

/* Return: whether it was taken for a recording. */
static bool load(const char *bytes, size_t len)
{
	mt_autoclose int fd = memfd_create("recording", MFD_CLOEXEC);
	struct mt_recording *rec = NULL;
	struct mt_err err = { 0 };
	char name[64];
	int rc;

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len) {
		perror("memfd");
		exit(1);
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	rc = mt_recording_load(&rec, name, &err);
	if (rc) {
		if (rc > 0 || rec || err.code != rc || !err.msg[0] || strchr(err.msg, '\n'))
			fail("an error without its line");
		return false;
	}
	for (size_t i = 0; i < rec->n_entries; i++)
		check_entry(&rec->entries[i]);
	for (size_t i = 0; i < rec->n_entries; i = mt_recording_migration(rec, i))
		if (mt_recording_migration(rec, i) <= i)
			fail("a migration without an entry");
	mt_recording_free(rec);
	return true;
}

int main(int argc, char **argv)
{
	static char bytes[2 * MAX_BYTES], packed[2 * MAX_BYTES];
	uint64_t count = 20000, seed = 1, taken = 0;
	struct mt_err err = { 0 };

	if (argc > 3 || (argc > 1 && mt_parse_count("COUNT", argv[1], UINT64_MAX, &count, &err)) ||
	    (argc > 2 && mt_parse_count("SEED", argv[2], UINT64_MAX, &seed, &err))) {
		fprintf(stderr, "fuzz_recording [COUNT [SEED]] %s\n", err.msg);
		return 2;
	}
	state = seed;
	printf("TAP version 13\n1..1\n");
	if (!load(packed, compress(packed, lines_seed, sizeof(lines_seed) - 1)) ||
	    !load(series_seed, sizeof(series_seed) - 1) ||
	    !load(monitor_seed, sizeof(monitor_seed) - 1))
		fail("the seeds themselves are refused");
	for (uint64_t i = 0; i < count; i++) {
		size_t len;

		switch (i % 4) {
		case 0:
			memcpy(bytes, lines_seed, sizeof(lines_seed) - 1);
			len = mutate(bytes, sizeof(lines_seed) - 1);
			len = compress(packed, bytes, len);
			taken += load(packed, len);
			break;
		case 1:
			len = compress(packed, lines_seed, sizeof(lines_seed) - 1);
			taken += load(packed, mutate(packed, len));
			break;
		case 2:
			memcpy(bytes, series_seed, sizeof(series_seed) - 1);
			taken += load(bytes, mutate(bytes, sizeof(series_seed) - 1));
			break;
		case 3:
			memcpy(bytes, monitor_seed, sizeof(monitor_seed) - 1);
			taken += load(bytes, mutate(bytes, sizeof(monitor_seed) - 1));
			break;
		}
	}
	printf("ok 1 - %llu mutations, %llu of them still read\n", (unsigned long long)count,
	       (unsigned long long)taken);
	return 0;
}
