// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest.c - all the code that runs inside the machine
 *
 * Every write is one plain store, so the processor does it and KVM sees it only
 * as a fault on a protected page. (A write that KVM emulates would mark its page
 * dirty each time, protected or not.) The exit by port I/O touches no memory.
 */
#include "guest_abi.h"

void guest_main(volatile struct guest_mailbox *box);

static void write_page(volatile struct guest_mailbox *box, uint64_t gfn)
{
	uint64_t count = box->done + 1;

	*(volatile uint64_t *)((gfn << 12) + box->word) = count;
	box->done = count;
}

static void write_list(volatile struct guest_mailbox *box)
{
	const uint64_t *gfn = (const uint64_t *)box->list;

	for (uint64_t i = 0; i < box->count && !box->stop; i++)
		write_page(box, gfn[i]);
}

static void write_pattern(volatile struct guest_mailbox *box)
{
	const struct pattern_alias *table = (const struct pattern_alias *)box->table;
	struct pattern pattern = box->pattern;

	for (uint64_t i = 0; i < box->count && !box->stop; i++)
		write_page(box, box->first_gfn + pattern_next(&pattern, table));
	box->pattern = pattern;
}

__attribute__((section(".entry"), noreturn))
void guest_main(volatile struct guest_mailbox *box)
{
	for (;;) {
		if (box->op == GUEST_OP_LIST)
			write_list(box);
		else if (box->op == GUEST_OP_PATTERN)
			write_pattern(box);
		__asm__ volatile("outb %%al, %0" : : "N"(GUEST_PORT), "a"(0) : "memory");
	}
}
