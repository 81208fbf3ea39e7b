// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * COM1, polled. A line leaves with one `rep outsb`: one exit to the hypervisor
 * instead of one for each byte. QEMU takes the bytes at once unless its peer
 * does not read; only then the transmitter stays busy between lines.
 */
#include "serial.h"
#include "clock.h"
#include "cpu.h"

#define COM1			0x3f8
#define COM1_FIFO		(COM1 + 2)
#define COM1_LINE		(COM1 + 3)
#define COM1_MODEM		(COM1 + 4)
#define COM1_STATUS		(COM1 + 5)
#define STATUS_DATA		0x01
#define STATUS_TX_EMPTY		0x40
#define LINE_BYTES		320
#define STUCK_US		1000000

static char line[LINE_BYTES];
static uint32_t line_len;
static uint8_t status;

void serial_init(void)
{
	outb(COM1 + 1, 0);		/* no interrupts */
	outb(COM1_LINE, 0x80);
	outb(COM1, 1);			/* 115200 */
	outb(COM1 + 1, 0);
	outb(COM1_LINE, 3);		/* 8n1 */
	outb(COM1_FIFO, 7);
	outb(COM1_MODEM, 3);
}

/* Reading the status register is an exit to QEMU: once a line is enough. */
int serial_getc(void)
{
	return status & STATUS_DATA ? inb(COM1) : -1;
}

void line_str(const char *s)
{
	while (*s && line_len < LINE_BYTES - 1)
		line[line_len++] = *s++;
}

static void line_u32(uint32_t value, int min_digits)
{
	char buf[12];
	int i = sizeof(buf);

	buf[--i] = 0;
	do {
		buf[--i] = '0' + value % 10;
		value /= 10;
		min_digits--;
	} while (value || min_digits > 0);
	line_str(buf + i);
}

void line_u64(uint64_t value)
{
	uint32_t rem;

	if (value >> 32) {
		uint64_t high = div_u64(value, 1000000000, &rem);

		line_u64(high);
		line_u32(rem, 9);
		return;
	}
	line_u32(value, 1);
}

void line_field(const char *name, uint64_t value)
{
	line_str(" ");
	line_str(name);
	line_str("=");
	line_u64(value);
}

void line_end(void)
{
	uint64_t give_up = 0;

	while (!((status = inb(COM1_STATUS)) & STATUS_TX_EMPTY)) {
		uint64_t now = clock_now();

		if (!give_up)
			give_up = now + clock_cycles(STUCK_US);
		else if (now > give_up)
			break;
	}
	line[line_len++] = '\n';
	outsb(COM1, line, line_len);
	line_len = 0;
}
