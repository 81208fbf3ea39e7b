# SPDX-License-Identifier: GPL-2.0-or-later
# The test guests and their host-side helpers; part of the top-level Makefile,
# usable alone: make -f tests/guest/guest.mk guest

B ?= build
CC ?= cc
GUEST_SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))

MEMGUEST_SRC := $(addprefix $(GUEST_SRC)/mem/,start.S main.c clock.c cmdline.c \
	cpu.c serial.c verify.c workload.c zipf.c)
MEMGUEST_HDR := $(wildcard $(GUEST_SRC)/mem/*.h) $(GUEST_SRC)/mem/mem.ld
MEMGUEST_CFLAGS := -m32 -march=i686 -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-tree-vectorize -fno-tree-loop-distribute-patterns \
	-fno-align-functions -fno-align-loops -fno-align-jumps -fno-align-labels \
	-mgeneral-regs-only -mregparm=3
MEMGUEST_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -Wl,-T,$(GUEST_SRC)/mem/mem.ld
GUEST_TOOL_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra

.PHONY: guest
guest: $(B)/guest/memguest.elf $(B)/guest/guestwatch $(B)/guest/qmp

$(B)/guest/memguest.elf: $(MEMGUEST_SRC) $(MEMGUEST_HDR) $(GUEST_SRC)/guest.mk
	@mkdir -p $(@D)
	$(CC) $(MEMGUEST_CFLAGS) $(MEMGUEST_LDFLAGS) -o $@ $(MEMGUEST_SRC)

GUEST_TOOLS := $(addprefix $(B)/guest/,guestwatch qmp)

$(GUEST_TOOLS): $(B)/guest/%: $(GUEST_SRC)/%.c $(GUEST_SRC)/guest.mk
	@mkdir -p $(@D)
	$(CC) $(GUEST_TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $<
