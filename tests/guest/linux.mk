# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux guest of the migration tests; part of the top-level Makefile,
# usable alone: make -f tests/guest/linux.mk linux-guest

B ?= build
LINUX_GUEST_SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/linux
LINUX_GUEST := $(addprefix $(B)/guest/linux/,vmlinuz initrd.gz)

.PHONY: linux-guest
linux-guest: $(LINUX_GUEST)

$(LINUX_GUEST) &: $(addprefix $(LINUX_GUEST_SRC)/,build init beat.c memload.c)
	$(LINUX_GUEST_SRC)/build $(B)/guest/linux
