/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ktap.h - the few verbs of a unit test; output is KTAP, for prove
 *
 * Each test program lists its cases in a table and hands it to ktap_main().
 * A failing CHECK() prints where and what and ends its case; the others go on.
 */
#ifndef KTAP_H
#define KTAP_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ktap_case {
	const char *name;
	void (*run)(void);
};

static bool ktap_failed;
static const char *ktap_skip_reason;

#define CHECK(cond) do { \
	if (!(cond)) { \
		printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #cond); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

#define CHECK_INT(a, b) do { \
	long long ktap_a = (long long)(a), ktap_b = (long long)(b); \
	if (ktap_a != ktap_b) { \
		printf("# %s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, \
		       #a, ktap_a, ktap_b); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

#define CHECK_STR(a, b) do { \
	const char *ktap_a = (a), *ktap_b = (b); \
	if (!ktap_a || strcmp(ktap_a, ktap_b)) { \
		printf("# %s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, \
		       #a, ktap_a ? ktap_a : "(null)", ktap_b); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

#define CHECK_NEAR(a, b, tolerance) do { \
	double ktap_a = (a), ktap_b = (b); \
	if (!(fabs(ktap_a - ktap_b) <= (tolerance))) { \
		printf("# %s:%d: %s is %g, expected %g\n", __FILE__, __LINE__, \
		       #a, ktap_a, ktap_b); \
		ktap_failed = true; \
		return; \
	} \
} while (0)

#define SKIP(reason) do { ktap_skip_reason = (reason); return; } while (0)

static inline int ktap_main(const struct ktap_case *cases, size_t n)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		ktap_failed = false;
		ktap_skip_reason = NULL;
		cases[i].run();
		if (ktap_failed)
			bad = 1;
		printf("%sok %zu - %s%s%s\n", ktap_failed ? "not " : "", i + 1, cases[i].name,
		       ktap_skip_reason ? " # SKIP " : "",
		       ktap_skip_reason ? ktap_skip_reason : "");
	}
	return bad;
}

#define KTAP_MAIN(cases) \
	int main(void) { return ktap_main(cases, sizeof(cases) / sizeof((cases)[0])); }

#endif
