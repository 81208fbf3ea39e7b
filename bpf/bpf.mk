# SPDX-License-Identifier: GPL-2.0-only
# BPF programs, their skeletons, and the tests of both; part of the top-level Makefile.

CLANG	?= clang
BPFTOOL	?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)

BPF_OUT	:= $(B)/bpf
BPF_SKEL := $(patsubst bpf/%.bpf.c,$(BPF_OUT)/%.skel.h,$(wildcard bpf/*.bpf.c))
# -mcpu=v3: atomic operations that return a value. -g: CO-RE lives in the BTF.
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter -Wno-missing-declarations \
	$(if $(WERROR),-Werror) -D__TARGET_ARCH_x86 -Iinclude -Iinclude/uapi -idirafter /usr/include/$(shell $(CC) -dumpmachine)

# Skeletons are generated: no warnings about them.
MT_CFLAGS += -isystem $(BPF_OUT) -DMT_HAVE_BPF
LIBS	+= $(shell pkg-config --libs libbpf) -lelf -lz

.PHONY: bpf bpf-tests
bpf: $(BPF_SKEL)

$(BPF_OUT)/%.bpf.o: bpf/%.bpf.c bpf/core.bpf.h include/migtrace/events.h
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

$(BPF_OUT)/%.skel.h: $(BPF_OUT)/%.bpf.o
	$(BPFTOOL) gen skeleton $< name $*_bpf >$@.$$$$ && mv $@.$$$$ $@

BPF_USERS := $(wildcard user/lib/source/bpf*.c)
$(BPF_USERS:%.c=$(B)/obj/%.o) $(BPF_USERS:%.c=$(B)/san/%.o): $(BPF_SKEL)
$(B)/obj/user/lib/source/source.o $(B)/san/user/lib/source/source.o: bpf/bpf.mk

# --- tests: what the probes say against what was done --------------------------------------
BPF_TEST_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/bpf/*.c))
bpf-tests: $(BPF_TEST_BIN)

$(BPF_TEST_BIN): $(B)/tests/bpf/%: $(B)/obj/tests/bpf/%.o $(B)/libmigtrace.a $(B)/tests/kvm/libvm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
