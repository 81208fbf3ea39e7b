// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_finishtime.c - FindFinishTime against a search of every choice, and by hand
 *
 * The oracle is the paper's recursion written down as it stands: from each snapshot it tries
 * every later moment for the next one. It shares neither the recurrence nor the sums with the code.
 */
#include <errno.h>

#include "model/markov/finishtime.h"
#include "ktap.h"
#include "migration.h"

#define SLOTS	14
#define CASES	20000

struct instance {
	double increments[SLOTS], unique[SLOTS + 1];
	bool by_unique, no_increments, from_base;
	double base, link;
	unsigned slots;
};

struct answer {
	bool found;
	double least;			/* left when the guest stops */
	double at[SLOTS + 1];		/* the least that any plan leaves that stops at this slot;
					 * INFINITY */
	unsigned long plans;
};

/* W(i, k), added up afresh each time. */
static double fresh(const struct instance *in, unsigned i, unsigned k)
{
	double sum = 0, at;
	unsigned whole;

	for (unsigned s = i; s < k && !in->no_increments; s++)
		sum += in->increments[s];
	if (!in->by_unique)
		return sum;
	if (in->no_increments)
		return in->unique[k - i];
	if (in->unique[1] <= 0)
		return 0;
	at = sum / in->unique[1];
	if (at >= in->slots)
		return in->unique[in->slots];
	whole = (unsigned)at;
	return in->unique[whole] + (at - whole) * (in->unique[whole + 1] - in->unique[whole]);
}

static unsigned slots_for(double bytes, double link)
{
	unsigned n = 1;

	while (n <= SLOTS && n * link < bytes)
		n++;
	return n;
}

/* Everything up to the snapshot taken at @taken is out at @out_at: try each moment for the next. */
static void search(const struct instance *in, unsigned taken, unsigned out_at, bool may_wait,
		   struct answer *answer)
{
	for (unsigned a = out_at; a <= in->slots && (may_wait || a == out_at); a++) {
		unsigned e = a + slots_for(fresh(in, taken, a), in->link);
		double left;

		if (e > in->slots)
			continue;
		left = fresh(in, a, e);
		answer->plans++;
		answer->found = true;
		answer->least = fmin(answer->least, left);
		answer->at[e] = fmin(answer->at[e], left);
		search(in, a, e, may_wait, answer);
	}
}

static void ask_oracle(const struct instance *in, bool may_wait, struct answer *answer)
{
	unsigned out_at = slots_for(in->base, in->link);

	*answer = (struct answer){ .least = INFINITY };
	for (unsigned k = 0; k <= SLOTS; k++)
		answer->at[k] = INFINITY;
	if (out_at > in->slots)
		return;
	if (in->from_base) {
		answer->found = true;
		answer->at[out_at] = answer->least = fresh(in, 0, out_at);
	}
	search(in, 0, out_at, may_wait, answer);
}

/* The least that any plan leaves whose first snapshot after the base is taken at @first. */
static double least_from(const struct instance *in, unsigned first, bool may_wait)
{
	unsigned e = first + slots_for(fresh(in, 0, first), in->link);
	struct answer answer = { .least = INFINITY };

	if (e > in->slots)
		return INFINITY;
	for (unsigned k = 0; k <= SLOTS; k++)
		answer.at[k] = INFINITY;
	search(in, first, e, may_wait, &answer);
	return fmin(answer.least, fresh(in, first, e));
}

static struct mt_finish_input input_of(const struct instance *in)
{
	return (struct mt_finish_input){
		.slots = in->slots,
		.increments = in->no_increments ? NULL : in->increments,
		.unique = in->by_unique ? in->unique : NULL,
		.base_bytes = in->base,
		.bytes_per_slot = in->link,
		.from_base = in->from_base,
	};
}

/* Small whole numbers: many ties, zeros, and sums without rounding. */
static void make(struct instance *in, struct mt_rng *rng, bool by_unique)
{
	/* Bursts make a later snapshot be out before an earlier one. */
	bool bursts = mt_rng_next(rng) % 2;
	unsigned most = 1 + mt_rng_next(rng) % (bursts ? 40 : 12);

	memset(in, 0, sizeof(*in));
	in->slots =
		mt_rng_next(rng) % 8 ? SLOTS - mt_rng_next(rng) % 5 : 1 + mt_rng_next(rng) % SLOTS;
	in->link = 1 + mt_rng_next(rng) % 8;
	in->base = mt_rng_next(rng) % 24;
	in->by_unique = by_unique;
	in->from_base = mt_rng_next(rng) % 2;
	in->no_increments = by_unique && mt_rng_next(rng) % 2;
	for (unsigned k = 0; k < in->slots; k++)
		in->increments[k] =
			bursts && mt_rng_next(rng) % 2 ? 0 : mt_rng_next(rng) % (most + 1);
	/* Concave as a rule, as unions are; now and then any that does not fall. */
	for (unsigned k = 0; k < in->slots; k++) {
		double step = mt_rng_next(rng) % 8 ? (double)most / (1 << (k / 3)) :
						     (double)(mt_rng_next(rng) % 4);

		in->unique[k + 1] = in->unique[k] + step;
	}
}

static void check_against_oracle(bool by_unique, bool may_wait, uint64_t seed)
{
	struct mt_rng rng = { seed };
	unsigned found = 0, hard = 0;

	for (int n = 0; n < CASES; n++) {
		struct instance in;
		struct mt_finish_input input;
		struct mt_finish out;
		struct answer answer;
		int rc;

		make(&in, &rng, by_unique);
		input = input_of(&in);
		ask_oracle(&in, may_wait, &answer);
		rc = may_wait ? mt_finish_find(&input, &out) : mt_finish_chain(&input, &out);
		CHECK_INT(rc, answer.found ? 0 : -ENODATA);
		if (rc)
			continue;
		found++;
		hard += answer.plans > 50;
		CHECK_NEAR(out.left_bytes, answer.least, 1e-9);
		CHECK_NEAR(out.downtime_slots, answer.least / in.link, 1e-9);
		CHECK(out.finish_slot <= in.slots && out.snapshot_slot < out.finish_slot);
		/* The plan it names is one that there is, and does what it says. */
		CHECK_NEAR(fresh(&in, out.snapshot_slot, out.finish_slot), out.left_bytes, 1e-9);
		CHECK_NEAR(answer.at[out.finish_slot], out.left_bytes, 1e-9);
		CHECK_INT(out.finish_slot - out.snapshot_slot,
			  slots_for(out.snapshot_bytes, in.link));
		CHECK_INT(!out.first_slot, !out.snapshots);
		if (out.first_slot)
			CHECK_NEAR(least_from(&in, out.first_slot, may_wait), answer.least, 1e-9);
		CHECK(out.snapshots ?
			      out.snapshot_slot > 0 :
			      in.from_base && !out.snapshot_slot && out.snapshot_bytes == in.base);
	}
	/* The instances must be worth something: most have a plan, many a choice of plans. */
	CHECK(found > CASES / 3);
	CHECK(!may_wait || hard > CASES / 10);
}

static void test_oracle_additive(void)
{
	check_against_oracle(false, true, 1);
}

static void test_oracle_unique(void)
{
	check_against_oracle(true, true, 2);
}

static void test_oracle_chain(void)
{
	check_against_oracle(false, false, 3);
	check_against_oracle(true, false, 4);
}

/*
 * 4 slots busy, 4 quiet; a link of 10: base out at 2, then one has to see the quiet slots coming.
 */
static void test_by_hand(void)
{
	static const double increments[12] = { 9, 9, 9, 9, 1, 1, 1, 1, 9, 9, 9, 9 };
	const struct mt_finish_input in = {
		.slots = 12, .increments = increments, .base_bytes = 20, .bytes_per_slot = 10
	};
	struct mt_finish out;

	/*
	 * Taken at 2: 18 bytes, out at 4. Taken at 4: 18, out at 6, 2 left. Taken at 6: 2, out at
	 * 7, 1 left.
	 */
	CHECK_INT(mt_finish_find(&in, &out), 0);
	CHECK_INT(out.snapshot_slot, 6);
	CHECK_INT(out.finish_slot, 7);
	CHECK_NEAR(out.left_bytes, 1, 0);
	CHECK_NEAR(out.downtime_slots, 0.1, 1e-12);
	CHECK_INT(mt_finish_chain(&in, &out), 0);
	CHECK_INT(out.finish_slot, 7);
	CHECK_INT(out.snapshots, 3);
}

/* Waiting pays: the chain without it steps over the one quiet slot. */
static void test_waiting(void)
{
	static const double increments[9] = { 5, 5, 5, 5, 5, 5, 0, 5, 5 };
	const struct mt_finish_input in = {
		.slots = 9, .increments = increments, .base_bytes = 20, .bytes_per_slot = 5
	};
	struct mt_finish waits, chain;

	/*
	 * e(0) = 4; taken at 4: 20 bytes, out at 8, 15 left. Nothing to gain by waiting: later is
	 * larger.
	 */
	CHECK_INT(mt_finish_find(&in, &waits), 0);
	CHECK_INT(mt_finish_chain(&in, &chain), 0);
	CHECK(waits.left_bytes <= chain.left_bytes);

	static const double late[10] = { 1, 1, 1, 9, 1, 1, 1, 0, 9, 9 };
	const struct mt_finish_input in2 = {
		.slots = 10, .increments = late, .base_bytes = 10, .bytes_per_slot = 10
	};

	/* Out at 1; snapshots each slot, the one taken at 7 leaves nothing. */
	CHECK_INT(mt_finish_find(&in2, &waits), 0);
	CHECK_INT(waits.snapshot_slot, 7);
	CHECK_NEAR(waits.left_bytes, 0, 0);
}

/* A migration under way may also end with the pass that is running. */
static void test_from_base(void)
{
	static const double increments[6] = { 1, 1, 9, 9, 9, 9 };
	struct mt_finish_input in = {
		.slots = 6, .increments = increments, .base_bytes = 20, .bytes_per_slot = 10
	};
	struct mt_finish out;

	CHECK_INT(mt_finish_chain(&in, &out), 0);
	CHECK_INT(out.finish_slot, 3);
	CHECK_NEAR(out.left_bytes, 9, 0);
	in.from_base = true;
	CHECK_INT(mt_finish_chain(&in, &out), 0);
	CHECK_INT(out.finish_slot, 2);
	CHECK_INT(out.snapshots, 0);
	CHECK_NEAR(out.left_bytes, 2, 0);
	CHECK_NEAR(out.snapshot_bytes, 20, 0);
	CHECK_INT(mt_finish_find(&in, &out), 0);
	CHECK_INT(out.finish_slot, 2);
}

/* With U that is a line the two ways to say it are one; with one that saturates, less is left. */
static void test_unique(void)
{
	double increments[40], line[41], flat[41];
	struct mt_finish_input in = { .slots = 40, .base_bytes = 50, .bytes_per_slot = 10 };
	struct mt_finish added, same, less;

	for (int k = 0; k < 40; k++)
		increments[k] = 6;
	for (int k = 0; k <= 40; k++) {
		line[k] = 6 * k;
		flat[k] = fmin(6 * k, 20);
	}
	in.increments = increments;
	CHECK_INT(mt_finish_chain(&in, &added), 0);
	in.unique = line;
	CHECK_INT(mt_finish_chain(&in, &same), 0);
	CHECK(!memcmp(&added, &same, sizeof(same)));
	in.unique = flat;
	in.from_base = true;
	in.slots = 6;
	CHECK_INT(mt_finish_chain(&in, &less), 0);
	CHECK_INT(less.finish_slot, 5);
	CHECK_NEAR(less.left_bytes, 20, 1e-12);
	in.increments = NULL;
	CHECK_INT(mt_finish_chain(&in, &same), 0);
	CHECK_NEAR(same.left_bytes, less.left_bytes, 1e-12);
	in.slots = 40;
	CHECK_INT(mt_finish_chain(&in, &less), 0);
	CHECK_INT(less.finish_slot, 7);
	CHECK_NEAR(less.snapshot_bytes, 20, 1e-12);
	CHECK_NEAR(less.left_bytes, 12, 1e-12);
}

static void test_refused(void)
{
	static const double increments[2] = { 1, -1 }, bad[2] = { 1, NAN }, fine[2] = { 1, 1 },
			    falls[3] = { 0, 2, 1 };
	const struct mt_finish_input in[] = {
		{ .slots = 0, .increments = fine, .bytes_per_slot = 1 },
		{ .slots = MT_FINISH_SLOTS_MAX + 1, .increments = fine, .bytes_per_slot = 1 },
		{ .slots = 2, .increments = fine, .bytes_per_slot = 0 },
		{ .slots = 2, .increments = fine, .bytes_per_slot = NAN },
		{ .slots = 2, .increments = fine, .bytes_per_slot = 1, .base_bytes = -1 },
		{ .slots = 2, .increments = increments, .bytes_per_slot = 1 },
		{ .slots = 2, .increments = bad, .bytes_per_slot = 1 },
		{ .slots = 2, .bytes_per_slot = 1 },
		{ .slots = 2, .unique = falls, .bytes_per_slot = 1 },
		{ .slots = 1, .unique = falls + 1, .bytes_per_slot = 1 },
	};
	struct mt_finish out;

	for (size_t i = 0; i < MT_ARRAY_SIZE(in); i++) {
		CHECK_INT(mt_finish_find(&in[i], &out), -EINVAL);
		CHECK_INT(mt_finish_chain(&in[i], &out), -EINVAL);
	}
	/* A base that never gets out, and more bytes than an int has. */
	const struct mt_finish_input huge = {
		.slots = 2, .increments = fine, .bytes_per_slot = 1, .base_bytes = 1e300
	};

	CHECK_INT(mt_finish_find(&huge, &out), -ENODATA);
	CHECK_INT(mt_finish_chain(&huge, &out), -ENODATA);
}

static const struct ktap_case cases[] = {
	{ "every choice of waiting, increments add up", test_oracle_additive },
	{ "every choice of waiting, over U", test_oracle_unique },
	{ "the chain without waiting", test_oracle_chain },
	{ "a finish time worked out by hand is found", test_by_hand },
	{ "waiting pays where the chain steps over a quiet slot", test_waiting },
	{ "stopping when the base is out", test_from_base },
	{ "U in place of sums", test_unique },
	{ "a base that never gets out has no finish time", test_refused },
};
KTAP_MAIN(cases)
