# SPDX-License-Identifier: GPL-2.0-or-later
# A raw KVM machine for tests of dirty logging; part of the top-level Makefile,
# usable alone: make -f tests/kvm/kvm.mk kvm-tests

B ?= build
CC ?= cc
KVM_SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
KVM_OUT := $(B)/tests/kvm
KVM_HDR := $(wildcard $(KVM_SRC)/*.h) $(KVM_SRC)/../unit/ktap.h
KVM_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes -Wstrict-prototypes \
	-Wshadow -Wno-missing-field-initializers $(if $(WERROR),-Werror) -D_GNU_SOURCE -pthread
KVM_GUEST_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only \
	-fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables
KVM_OBJ := $(addprefix $(KVM_OUT)/,vm.o vcpu.o harvest.o blob.o oracle.o)
KVM_TESTS := $(patsubst $(KVM_SRC)/%.c,$(KVM_OUT)/%,$(wildcard $(KVM_SRC)/test_*.c))

# Objects are kept, so that whoever needs one part relinks only.
.SECONDARY:
.PHONY: kvm-tests
kvm-tests: $(KVM_TESTS) $(KVM_OUT)/kvmwriter

$(KVM_OUT)/guest.bin: $(KVM_SRC)/guest.c $(KVM_SRC)/guest.ld $(KVM_HDR)
	@mkdir -p $(@D)
	$(CC) $(KVM_GUEST_CFLAGS) -c -o $(@D)/guest.o $<
	$(LD) -T $(KVM_SRC)/guest.ld --oformat binary -o $@ $(@D)/guest.o

$(KVM_OUT)/blob.o: $(KVM_SRC)/blob.S $(KVM_OUT)/guest.bin
	$(CC) -I$(KVM_OUT) -c -o $@ $<

$(KVM_OUT)/%.o: $(KVM_SRC)/%.c $(KVM_HDR)
	@mkdir -p $(@D)
	$(CC) $(KVM_CFLAGS) -c -o $@ $<

# For others who build upon the machine: link this and -pthread.
$(KVM_OUT)/libvm.a: $(KVM_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(KVM_TESTS): $(KVM_OUT)/%: $(KVM_OUT)/%.o $(KVM_OUT)/libvm.a
	$(CC) $(KVM_CFLAGS) $(LDFLAGS) -o $@ $^ -lm

$(KVM_OUT)/test_zipf: $(KVM_OUT)/zipf.o

$(KVM_OUT)/kvmwriter: $(addprefix $(KVM_OUT)/,kvmwriter.o writer_options.o zipf.o libvm.a)
	$(CC) $(KVM_CFLAGS) $(LDFLAGS) -o $@ $^ -lm
