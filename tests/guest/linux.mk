# SPDX-License-Identifier: GPL-2.0-or-later
# The Linux guest of the migration tests, and a larger one with more programs; part of
# the top-level Makefile, usable alone: make -f tests/guest/linux.mk linux-guest

B ?= build
LINUX_GUEST_SRC := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))/linux
LINUX_GUEST := $(addprefix $(B)/guest/linux/,vmlinuz initrd.gz)

.PHONY: linux-guest
linux-guest: $(LINUX_GUEST)

$(LINUX_GUEST) &: $(addprefix $(LINUX_GUEST_SRC)/,build init beat.c memload.c)
	$(LINUX_GUEST_SRC)/build $(B)/guest/linux

# Nothing else makes these. The second needs another 70 MB of packages.
TOOLS_GUEST := $(addprefix $(B)/guest/tools/,vmlinuz initrd.gz)

.PHONY: tools-guest
tools-guest: $(TOOLS_GUEST)

$(TOOLS_GUEST) &: $(addprefix $(LINUX_GUEST_SRC)/,build init beat.c memload.c programs churn.py)
	$(LINUX_GUEST_SRC)/build --tools $(B)/guest/tools

PROGRAMS_GUEST := $(addprefix $(B)/guest/programs/,vmlinuz initrd.gz)

.PHONY: programs-guest
programs-guest: $(PROGRAMS_GUEST)

$(PROGRAMS_GUEST) &: $(addprefix $(LINUX_GUEST_SRC)/,build init beat.c memload.c programs churn.py)
	$(LINUX_GUEST_SRC)/build --programs $(B)/guest/programs
