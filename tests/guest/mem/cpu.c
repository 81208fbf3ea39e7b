// SPDX-License-Identifier: GPL-2.0-or-later
/* Interrupt controller, interval timer and power-off of the PC machine. */
#include "cpu.h"

#define PIC1			0x20
#define PIC2			0xa0
#define PIT_CHANNEL0		0x40
#define PIT_COMMAND		0x43
#define PIT_HZ			1193182
#define ACPI_PM1_CONTROL	0x604	/* where SeaBIOS puts it on `pc` */
#define ACPI_SLEEP_S5		0x2000
#define ISA_DEBUG_EXIT		0x501

#define LAPIC_SPURIOUS		0xfee000f0
#define LAPIC_LINT0		0xfee00350
#define LAPIC_ENABLE		0x1ff
#define LAPIC_EXTINT		0x700

#define CPUID_HYPERVISOR	0x40000000
#define CPUID_TCG		0x54474354	/* "TCGTCGTCGTCG" begins so */
#define CR0_WRITE_PROTECT	0x10000

#define IRQ_BASE		0x20	/* vector of IRQ 0 */
#define CODE_SELECTOR		8
#define INTERRUPT_GATE		0x8e00

struct gate {
	uint16_t offset_lo;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_hi;
};

static struct gate idt[IRQ_BASE + 16];

void timer_gate(void);
void stray_gate(void);

static void mmio_write(uint32_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

static void gate_set(unsigned int vector, void (*handler)(void))
{
	uint32_t addr = (uint32_t)handler;

	idt[vector] = (struct gate){ addr, CODE_SELECTOR, INTERRUPT_GATE, addr >> 16 };
}

void cpu_init(void)
{
	struct {
		uint16_t limit;
		void *base;
	} __attribute__((packed)) idtr = { sizeof(idt) - 1, idt };
	uint32_t count = muldiv(PIT_HZ, CPU_TICK_US, 1000000);
	int i;

	for (i = 0; i < 16; i++)
		gate_set(IRQ_BASE + i, stray_gate);
	gate_set(IRQ_BASE, timer_gate);
	asm volatile("lidt %0" : : "m"(idtr));

	outb(PIC1, 0x11);
	outb(PIC1 + 1, IRQ_BASE);
	outb(PIC1 + 1, 4);
	outb(PIC1 + 1, 1);
	outb(PIC2, 0x11);
	outb(PIC2 + 1, IRQ_BASE + 8);
	outb(PIC2 + 1, 2);
	outb(PIC2 + 1, 1);
	outb(PIC1 + 1, 0xfe);	/* the timer only */
	outb(PIC2 + 1, 0xff);

	/* Virtual wire mode: SeaBIOS sets that up, qboot does not. */
	mmio_write(LAPIC_SPURIOUS, LAPIC_ENABLE);
	mmio_write(LAPIC_LINT0, LAPIC_EXTINT);

	outb(PIT_COMMAND, 0x34);	/* channel 0, rate generator */
	outb(PIT_CHANNEL0, count);
	outb(PIT_CHANNEL0, count >> 8);
}

bool cpu_is_tcg(void)
{
	uint32_t eax = CPUID_HYPERVISOR, ebx, ecx, edx;

	asm volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	return ebx == CPUID_TCG;
}

/* Without paging it means nothing to the guest, but TCG flushes its own TLB. */
void cpu_flush_tlb(void)
{
	uint32_t cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(cr0 ^ CR0_WRITE_PROTECT) : "memory");
}

void cpu_poweroff(void)
{
	outw(ACPI_PM1_CONTROL, ACPI_SLEEP_S5);
	outb(ISA_DEBUG_EXIT, 0);
	for (;;)
		asm volatile("cli; hlt");
}
