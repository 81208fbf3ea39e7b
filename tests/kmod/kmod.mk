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

# Modules for a KVM that is not the one of the lab's kernels: its header with members put in. All of
# them must be refused, see test_layout.c.
KMT_SHIFTED := $(LAB_KREL:%=$(B)/kmod-shifted/%/migtrace.ko)
kmod-tests: $(KMT_SHIFTED)

$(B)/kmod-shifted/%/migtrace.ko: $(KMOD_SRC) $(KMT_SRC)/kmod.mk
	@mkdir -p $(@D)/shifted/linux
	kdir=$(realpath $(call kdir,$*)); from=$$(sed -n 's,^include \(.*\)/Makefile$$,\1,p' $$kdir/Makefile); \
	for dir in "$$kdir" "$$from" "$$kdir/../$${from##*/}"; do \
		header=$$dir/include/linux/kvm_host.h; [ ! -e "$$header" ] || break; \
	done; \
	sed 's/^struct kvm_vcpu {$$/&\n\tunsigned long shifted;/; s/^struct kvm {$$/&\n\tunsigned long shifted[3];/' \
		$$header >$(@D)/shifted/linux/kvm_host.h
	grep -q shifted $(@D)/shifted/linux/kvm_host.h
	$(MAKE) -s -C kmod KDIR="$(abspath $(call kdir,$*))" OUT="$(abspath $(@D))"
