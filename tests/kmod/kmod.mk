# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of the module on the raw machine of tests/kvm; part of the top-level Makefile.

KMT_SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
KMT_OUT := $(B)/tests/kmod
KMT_CFLAGS := $(KVM_CFLAGS) -Iinclude/uapi
KMT_LIB := watch kernel vmm late drive
KMT_BIN := $(filter-out $(addprefix $(KMT_OUT)/,$(KMT_LIB)),$(patsubst $(KMT_SRC)/%.c,$(KMT_OUT)/%,$(wildcard $(KMT_SRC)/*.c)))

.PHONY: kmod-tests
kmod-tests: $(KMT_BIN)

$(KMT_OUT)/%.o: $(KMT_SRC)/%.c $(wildcard $(KMT_SRC)/*.h) $(KVM_HDR) include/uapi/linux/migtrace.h
	@mkdir -p $(@D)
	$(CC) $(KMT_CFLAGS) -c -o $@ $<

$(KMT_BIN): $(KMT_OUT)/%: $(KMT_OUT)/%.o $(KMT_LIB:%=$(KMT_OUT)/%.o) $(KVM_OUT)/zipf.o $(KVM_OUT)/libvm.a
	$(CC) $(KMT_CFLAGS) $(LDFLAGS) -o $@ $^ -lm
