# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel side costs; part of the top-level Makefile.

.PHONY: kernel-perf
kernel-perf: $(B)/tests/perf/kernel/pagecost

$(B)/tests/perf/kernel/%: $(B)/obj/tests/perf/kernel/%.o $(B)/libmigtrace.a $(B)/tests/kvm/libvm.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
