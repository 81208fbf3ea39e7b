// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * flight.c - pages that were sent and have not arrived (PURE)
 */
#include <errno.h>
#include <string.h>

#include "flight.h"

int sim_flight_init(struct sim_flight *f, uint64_t pages)
{
	memset(f, 0, sizeof(*f));
	return mt_bits_init(&f->on_way, pages);
}

void sim_flight_fini(struct sim_flight *f)
{
	mt_bits_fini(&f->on_way);
	free(f->groups);
}

static int grow(struct sim_flight *f)
{
	size_t room = f->room ? 2 * f->room : 256;
	void *more = calloc(room, sizeof(*f->groups));
	size_t head = f->room - f->first < f->n ? f->room - f->first : f->n;

	if (!more)
		return -ENOMEM;
	if (f->n) {
		memcpy(more, f->groups + f->first, head * sizeof(*f->groups));
		memcpy((char *)more + head * sizeof(*f->groups), f->groups,
		       (f->n - head) * sizeof(*f->groups));
	}
	free(f->groups);
	f->groups = more;
	f->first = 0;
	f->room = room;
	return 0;
}

int sim_flight_add(struct sim_flight *f, size_t word, uint64_t bits, double arrives_ns)
{
	size_t at;

	if (f->n == f->room && grow(f))
		return -ENOMEM;
	at = (f->first + f->n++) % f->room;
	f->groups[at].word = word;
	f->groups[at].bits = bits;
	f->groups[at].arrives_ns = arrives_ns;
	mt_bits_put_word(&f->on_way, word, f->on_way.words[word] | bits);
	return 0;
}

void sim_flight_land(struct sim_flight *f, double now_ns)
{
	while (f->n && f->groups[f->first].arrives_ns <= now_ns) {
		size_t word = f->groups[f->first].word;

		mt_bits_put_word(&f->on_way, word,
				 f->on_way.words[word] & ~f->groups[f->first].bits);
		f->first = (f->first + 1) % f->room;
		f->n--;
	}
}

double sim_flight_arrival(const struct sim_flight *f, uint64_t page)
{
	if (!mt_bits_has(&f->on_way, page))
		return 0;
	for (size_t i = f->n; i--;) {
		size_t at = (f->first + i) % f->room;

		if (f->groups[at].word == page >> 6 && f->groups[at].bits >> (page & 63) & 1)
			return f->groups[at].arrives_ns;
	}
	return 0;
}
