# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel side costs; part of the top-level Makefile.

.PHONY: kernel-perf
kernel-perf: $(B)/tests/perf/kernel/pagecost

$(B)/tests/perf/kernel/%: tests/perf/kernel/%.c $(B)/tests/kmod/watch.o $(B)/tests/kvm/libvm.a
	@mkdir -p $(@D)
	$(CC) $(KMT_CFLAGS) $(LDFLAGS) -o $@ $^ -lm
