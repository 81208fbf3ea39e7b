// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_zipf.c - the table of weights gives each page its probability; the closed
 * form of the distinct pages against a plain simulation. Needs no KVM.
 */
#include "vmtest.h"
#include "zipf.h"

#define TWO_32	4294967296.0

static void check_table(uint64_t pages, double s)
{
	struct pattern_alias *table;
	double *p, sum = 0;
	struct zipf z;

	CHECK_INT(zipf_init(&z, pages, s), 0);
	table = zipf_table(&z);
	p = calloc(pages, sizeof(*p));
	CHECK(table && p);
	for (uint64_t i = 0; i < pages; i++) {
		p[i] += table[i].keep / TWO_32 / pages;
		CHECK(table[i].alias < pages);
		p[table[i].alias] += (1 - table[i].keep / TWO_32) / pages;
	}
	for (uint64_t r = 1; r <= pages; r++) {
		double got = p[zipf_page(&z, r)];

		sum += zipf_p(&z, r);
		CHECK_NEAR(got, zipf_p(&z, r), 1e-9);
		p[zipf_page(&z, r)] = NAN;	/* each page has one rank */
	}
	CHECK_NEAR(sum, 1, 1e-9);
	free(p);
	free(table);
}

static void test_table(void)
{
	static const uint64_t pages[] = { 1, 2, 3, 64, 1000, 10007, 65536 };
	static const double s[] = { 0, 0.5, 1, 1.1, 2 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		for (size_t j = 0; j < sizeof(s) / sizeof(s[0]) && !ktap_failed; j++)
			check_table(pages[i], s[j]);
}

static void test_refused(void)
{
	struct zipf z;

	CHECK_INT(zipf_init(&z, 0, 1), -EINVAL);
	CHECK_INT(zipf_init(&z, 10, -1), -EINVAL);
	CHECK_INT(zipf_init(&z, 10, NAN), -EINVAL);
}

static void test_harmonic(void)
{
	struct zipf z;

	CHECK_INT(zipf_init(&z, 4, 1), 0);
	CHECK_NEAR(z.harmonic, 25 / 12.0, 1e-12);
	CHECK_NEAR(zipf_p(&z, 2), 6 / 25.0, 1e-12);
	CHECK_INT(zipf_init(&z, 7, 0), 0);
	CHECK_NEAR(zipf_distinct(&z, 3), 7 * (1 - (6 / 7.0) * (6 / 7.0) * (6 / 7.0)), 1e-12);
	CHECK_NEAR(zipf_distinct(&z, 0), 0, 1e-12);
}

static void test_distinct(void)
{
	enum { PAGES = 5003, WRITES = 20000, ROUNDS = 50 };
	struct pattern_alias *table;
	double mean = 0, expected;
	struct zipf z;

	CHECK_INT(zipf_init(&z, PAGES, 1.1), 0);
	table = zipf_table(&z);
	CHECK(table);
	for (uint64_t seed = 0; seed < ROUNDS; seed++) {
		uint8_t dirty[PAGES] = { 0 };
		struct pattern p;

		pattern_init(&p, PATTERN_ALIAS, PAGES, seed);
		for (int i = 0; i < WRITES; i++) {
			uint64_t page = pattern_next(&p, table);

			mean += !dirty[page];
			dirty[page] = 1;
		}
	}
	mean /= ROUNDS;
	expected = zipf_distinct(&z, WRITES);
	printf("# %.1f distinct pages, expected %.1f\n", mean, expected);
	/* The standard deviation of one round is below sqrt(PAGES) / 2; five of the mean's */
	CHECK_NEAR(mean, expected, 5 * sqrt(PAGES) / 2 / sqrt(ROUNDS));
	free(table);
}

static const struct ktap_case cases[] = {
	{ "each page has its probability", test_table },
	{ "senseless laws are refused", test_refused },
	{ "sums known by hand", test_harmonic },
	{ "distinct pages as by the closed form", test_distinct },
};

KTAP_MAIN(cases)
