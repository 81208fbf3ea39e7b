// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stream.c - which page is sent next, and what it costs (PURE)
 *
 * ram_save_iterate() (migration/ram.c) sends page after page until the budget is spent, nothing is
 * dirty, or it finds, at its first and then each 64th page, that more than 50 ms have passed. The
 * search goes on where the last one ended, over the end of memory to its beginning
 * (find_dirty_block()); then, after the first round, XBZRLE begins. Here pages that cost alike go
 * in groups, cut where QEMU looks at the clock or at the budget, so that it stops at the same page.
 */
#include "stream.h"

#define CHECK_PAGES	64	/* between two looks at the clock */
#define MAX_WAIT_MS	50	/* MAX_WAIT */

/* multifd.c: MULTIFD_PACKET_SIZE, sizeof(MultiFDPacket_t), and an offset per page. */
#define PACKET_PAGES	128
#define PACKET_BYTES	(320 + 8 * PACKET_PAGES)

void sim_put(struct sim *s, double bytes, double work_ns)
{
	s->used_bytes += bytes;
	s->total_bytes += (uint64_t)bytes;
	s->now_ns = sim_link_put(&s->link, s->now_ns, bytes, work_ns);
}

/* What QEMU counts as RAM. @work_ns: of the destination. */
static void put_ram(struct sim *s, double bytes, double work_ns)
{
	s->r->transferred_bytes += (uint64_t)bytes;
	s->pass.sent_bytes += (uint64_t)bytes;
	sim_put(s, bytes, work_ns);
}

/* --- one page, or several that cost alike -------------------------------- */
static bool is_multifd(const struct sim *s)
{
	return s->p->method.channels && !s->in_postcopy;
}

/* save_page_use_compression() */
static bool is_compressing(const struct sim *s)
{
	return s->p->method.compression && !s->xbzrle_on;
}

static bool is_xbzrle(const struct sim *s)
{
	return s->xbzrle_on && !s->in_postcopy;
}

/*
 * multifd_send_pages(): QEMU counts a packet, against the budget too, when it is handed to a
 * channel.
 */
static void put_packet(struct sim *s, unsigned pages)
{
	put_ram(s, (double)pages * PAGE_BYTES + PACKET_BYTES, pages * s->p->host.there_page_ns);
	s->packet_pages = 0;
}

static void put_normal(struct sim *s, uint64_t pages)
{
	if (!pages)
		return;
	s->now_ns += (double)pages * s->p->host.page_ns;
	if (!is_multifd(s)) {
		put_ram(s, (double)pages * (HEADER_BYTES + PAGE_BYTES),
			(double)pages * s->p->host.there_page_ns);
		return;
	}
	s->packet_pages += pages;	/* a group never goes beyond a packet */
	if (s->packet_pages >= PACKET_PAGES)
		put_packet(s, s->packet_pages);
}

static void put_compressed(struct sim *s, uint64_t pages)
{
	double bytes =
		COMPRESS_BYTES + (s->trace ? s->trace->content.compressed_bytes : PAGE_BYTES);

	put_ram(s, (double)pages * bytes, (double)pages * s->p->host.there_page_ns);
}

/*
 * ram_save_page(). Return: false: nothing went over, for the page is as it was when it was last
 * sent.
 */
static bool put_xbzrle(struct sim *s, uint64_t page)
{
	double bytes;

	s->now_ns += s->p->host.xbzrle_page_ns;
	bytes = xbzrle_page(s, page);
	if (bytes > 0)
		put_ram(s, bytes, s->p->host.there_page_ns);
	return bytes > 0;
}

/*
 * With multifd they go over the first connection, and pages do not wait for them before the next
 * sync.
 */
static void put_zero(struct sim *s, uint64_t pages)
{
	double work_ns = (double)pages * (s->in_postcopy ? s->p->host.there_zero_postcopy_ns :
							   s->p->host.there_zero_page_ns);

	if (!pages)
		return;
	put_ram(s, (double)pages * ZERO_BYTES, is_multifd(s) ? 0 : work_ns);
	if (is_multifd(s))
		sim_link_aside(&s->link, s->now_ns, work_ns);
}

static void each_sent(struct sim *s, const struct sim_group *group)
{
	for (uint64_t bits = group->bits; bits; bits &= bits - 1) {
		uint64_t page = ((uint64_t)group->word << 6) + (uint64_t)__builtin_ctzll(bits);

		s->hooks.sent(s->hooks.opaque, page);
	}
}

/* They leave the bitmap. */
static void take(struct sim *s, size_t word, uint64_t bits, struct sim_group *group)
{
	uint64_t zero = (uint64_t)__builtin_popcountll(bits & s->zero.words[word]);
	uint64_t all = (uint64_t)__builtin_popcountll(bits);

	mt_bits_put_word(&s->dirty, word, s->dirty.words[word] & ~bits);
	s->dirty_pages -= all;
	s->at = ((uint64_t)word << 6) + 64 - (uint64_t)__builtin_clzll(bits);
	group->word = word;
	group->bits = bits;
	group->zero += zero;
	group->normal += all - zero;
}

/* With XBZRLE: what was written is over there. A group is of one word then. */
static void forget_writes(struct sim *s, const struct sim_group *group)
{
	for (uint64_t bits = group->bits; bits; bits &= bits - 1)
		s->writes[((uint64_t)group->word << 6) + (uint64_t)__builtin_ctzll(bits)] = 0;
}

/* And go. Once XBZRLE is on that is one page. */
static void send(struct sim *s, struct sim_group *group)
{
	uint64_t zero = group->zero, normal = group->normal;

	if (is_compressing(s))	/* its threads look for zeroes, too */
		s->now_ns += (double)(zero + normal) * s->p->host.compress_page_ns;
	else
		s->now_ns += (double)zero * s->p->host.zero_page_ns;
	put_zero(s, zero);
	if (is_compressing(s))
		put_compressed(s, normal);
	else if (!is_xbzrle(s))
		put_normal(s, normal);
	else if (zero)
		xbzrle_zero(s, s->at - 1);
	else if (normal && !put_xbzrle(s, s->at - 1))
		normal = 0;
	s->r->normal_pages += normal;
	s->r->zero_pages += zero;
	s->pass.sent_pages += normal;
	s->pass.zero_pages += zero;
	group->pages = zero + normal;
	if (s->writes)
		forget_writes(s, group);
}

/* --- the search ------------------------------------------------------------ */
static size_t find(struct sim *s, uint64_t *bits)
{
	size_t word = s->at >> 6;

	if (word < s->dirty.n_words) {
		*bits = s->dirty.words[word] & (UINT64_MAX << (s->at & 63));
		if (*bits)
			return word;
		/* In a dense bitmap it is the next one. */
		*bits = ++word < s->dirty.n_words ? s->dirty.words[word] : 0;
		if (*bits)
			return word;
		word = mt_bits_next_word(&s->dirty, word, s->dirty.n_words);
	} else {
		word = MT_BITS_NONE;
	}
	if (word == MT_BITS_NONE) {
		s->xbzrle_on = s->p->method.xbzrle;
		s->at = 0;
		word = mt_bits_next_word(&s->dirty, 0, s->dirty.n_words);
	}
	if (word != MT_BITS_NONE)
		*bits = s->dirty.words[word];
	return word;
}

static uint64_t lowest(uint64_t bits, uint64_t n)
{
	uint64_t rest = bits;

	if ((uint64_t)__builtin_popcountll(bits) <= n)
		return bits;
	while (n--)
		rest &= rest - 1;
	return bits & ~rest;
}

/* As many as can go without QEMU looking at its budget and finding it spent. */
static uint64_t room_pages(const struct sim *s)
{
	if (is_xbzrle(s))
		return 1;
	if (is_multifd(s))
		return PACKET_PAGES - s->packet_pages;
	if (s->limit_bytes <= 0 || s->used_bytes > s->limit_bytes)
		return CHECK_PAGES;
	return (uint64_t)((s->limit_bytes - s->used_bytes) / (HEADER_BYTES + PAGE_BYTES)) + 1;
}

/* From one word, @most pages. Return: false: nothing is dirty. */
static bool take_next(struct sim *s, uint64_t most, struct sim_group *group)
{
	uint64_t bits;
	size_t word = find(s, &bits), chunk;

	if (word == MT_BITS_NONE)
		return false;
	chunk = word >> (s->p->clear_shift - 6);
	if (mt_bits_has(&s->pending, chunk))
		sim_clear_chunk(s, chunk);
	take(s, word, lowest(bits, most), group);
	if (s->hooks.sent)
		each_sent(s, group);
	return true;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool sim_send(struct sim *s, uint64_t most, struct sim_group *group)
{
	*group = (struct sim_group){ .pages = 0 };
	if (!take_next(s, smaller(most, room_pages(s)), group))
		return false;
	send(s, group);
	return true;
}

/* Likewise from as many words as it takes. */
static bool send_many(struct sim *s, uint64_t most, struct sim_group *group)
{
	uint64_t room = smaller(most, room_pages(s));

	if (s->p->method.xbzrle)	/* which may begin with any page */
		return sim_send(s, most, group);
	*group = (struct sim_group){ .pages = 0 };
	while (group->zero + group->normal < room &&
	       take_next(s, room - group->zero - group->normal, group))
		;
	send(s, group);
	return group->pages > 0;
}

/* multifd_send_sync_main() */
static void sync_channels(struct sim *s)
{
	if (!is_multifd(s))
		return;
	if (s->packet_pages)
		put_packet(s, s->packet_pages);
	for (unsigned i = 0; i < s->p->method.channels; i++)
		put_ram(s, PACKET_BYTES, 0);
	sim_link_join(&s->link);
}

void sim_slice(struct sim *s)
{
	double begin_ns = s->now_ns;
	struct sim_group group;
	uint64_t i = 0;

	sim_advance(s);
	sim_put(s, SECTION_BYTES, 0);
	while (!sim_limited(s)) {
		if (!send_many(s, i % CHECK_PAGES ? CHECK_PAGES - i % CHECK_PAGES + 1 : 1, &group))
			break;
		i += group.pages;
		if (i % CHECK_PAGES == 1 && (s->now_ns - begin_ns) / NS_PER_MS >= MAX_WAIT_MS + 1)
			break;
	}
	sync_channels(s);
	put_ram(s, EOS_BYTES, 0);
}

void sim_flush(struct sim *s)
{
	struct sim_group group;

	sim_put(s, SECTION_BYTES, 0);
	while (send_many(s, CHECK_PAGES, &group))
		;
	sync_channels(s);
	sim_put(s, EOS_BYTES, 0);
}
