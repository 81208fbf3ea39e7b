/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entry of the memory guest: PVH note, stack, interrupt gates, idling. PVH and not
 * multiboot, because qboot starts the former: SeaBIOS takes seconds where code is
 * emulated.
 *
 * Everything runs in 32-bit protected mode without paging, with integer
 * instructions only: hypervisors that emulate a guest's boot code (PVM) do not
 * emulate more than that. They do not emulate iret either, so interrupts are
 * open only inside cpu_nap() and the handler throws its frame away: all of its
 * frames, for an emulated SVM may deliver one interrupt twice (see ../README).
 */
#define XEN_ELFNOTE_PHYS32_ENTRY	18
#define STACK_BYTES			4096

	.section .note.pvh, "a", @note
	.align	4
	.long	4, 4, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.long	_start

	.text
	.globl	_start
_start:
	cli
	cld
	mov	$stack + STACK_BYTES, %esp
	lgdt	gdt_pointer
	ljmp	$8, $1f
1:	mov	$16, %ecx
	mov	%ecx, %ds
	mov	%ecx, %es
	mov	%ecx, %ss
	mov	%ebx, %eax
	call	kmain
2:	cli
	hlt
	jmp	2b

/* void cpu_nap(void): sleep until the next timer interrupt */
	.globl	cpu_nap
cpu_nap:
	mov	%esp, %ecx
	sti
	hlt
	/* Reached only if something else than the timer woke the vCPU. */
	cli
	ret

/* The timer's gate. The frame (eip, cs, eflags) sits on cpu_nap()'s return, where ecx points to. */
	.globl	timer_gate
timer_gate:
	mov	$0x20, %al
	out	%al, $0x20
	mov	%ecx, %esp
	ret

/* A gate for interrupts nobody asked for (spurious IRQ 7). */
	.globl	stray_gate
stray_gate:
	mov	%ecx, %esp
	ret

/*
 * void cpu_spin(uint32_t lo, uint32_t hi): spin until the TSC reaches hi:lo or
 * a byte arrives on COM1. Writes no memory, so an idle guest dirties nothing.
 */
	.globl	cpu_spin
cpu_spin:
	push	%esi
	push	%edi
	push	%ebx
	mov	%eax, %esi
	mov	%edx, %edi
1:	mov	$1000, %ebx
	mov	$0x3fd, %edx
	in	%dx, %al
	test	$1, %al
	jnz	3f
2:	pause
	rdtsc
	cmp	%edi, %edx
	ja	3f
	jb	4f
	cmp	%esi, %eax
	jae	3f
4:	dec	%ebx
	jnz	2b
	jmp	1b
3:	pop	%ebx
	pop	%edi
	pop	%esi
	ret

	.section .rodata
	.align	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* 8: flat code */
	.quad	0x00cf93000000ffff	/* 16: flat data */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	.section .stack, "aw", @nobits
	.align	4096
stack:	.skip	STACK_BYTES

	.section .note.GNU-stack, "", @progbits
