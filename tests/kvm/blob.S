/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's flat image inside the program that runs it */
	.section .rodata
	.globl vm_guest_start, vm_guest_end
vm_guest_start:
	.incbin "guest.bin"
vm_guest_end:
	.section .note.GNU-stack, "", @progbits
