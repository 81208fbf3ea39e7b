# SPDX-License-Identifier: GPL-2.0-or-later
# Builds into build/. `make help` lists the targets.

B	?= build
CC	?= cc
PREFIX	?= /usr/local
UNITDIR	?= $(PREFIX)/lib/systemd/system
VERSION	:= 0.1.0

PKGS	:= libvirt libvirt-qemu jansson inih libzstd libsystemd ncursesw libmicrohttpd sqlite3 libpq
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)

CFLAGS	?= -O2 -g
MT_CFLAGS := -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Wmissing-prototypes \
	-Wstrict-prototypes -Wshadow -Wpointer-arith -Wvla -Wno-missing-field-initializers $(if $(WERROR),-Werror) \
	-D_GNU_SOURCE -DMT_VERSION='"$(VERSION)"' -Iinclude -Iinclude/uapi -Iuser/lib -Iuser -pthread $(PKG_CFLAGS)
LIBS	:= -Wl,--as-needed $(PKG_LIBS) -lroaring -lsvm -lm -pthread
SAN	:= -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

LIB_SRC	:= $(wildcard user/lib/*/*.c user/lib/*/*/*.c)
CLI_SRC	:= $(wildcard user/cli/*.c user/cli/*/*.c)
TOOL_SRC := $(CLI_SRC) $(wildcard user/migtrace/*.c user/migtrace/*/*.c)
RESEARCH_SRC := $(CLI_SRC) $(wildcard user/research/*.c user/research/*/*.c)
DAEMON_SRC := $(wildcard user/migtraced/*.c)
# Tests of the daemon's parts use its objects, all but its main().
DAEMON_PARTS := $(filter-out user/migtraced/main.c,$(DAEMON_SRC))
# And those of the other programs' parts.
TOOL_PARTS := $(sort $(filter-out %/main.c,$(TOOL_SRC) $(RESEARCH_SRC)))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
PERF_SRC := $(wildcard tests/perf/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

obj	= $(patsubst %.c,$(B)/$(1)/%.o,$(2))
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))
PERF_BIN := $(patsubst tests/perf/%.c,$(B)/tests/perf/%,$(PERF_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(FUZZ_SRC))

all: $(B)/migtrace $(B)/migtraced $(B)/migtrace-research $(B)/migtraced.conf man

help:
	@echo 'make                build/migtrace, build/migtraced, build/migtrace-research and the man pages'
	@echo 'make demo           what migtrace is for, on two hosts made for it (root)'
	@echo 'make check          every test; root for the end-to-end ones'
	@echo 'make check-unit     the pure tests only, under ASan and UBSan (seconds)'
	@echo 'make check-fake     supervision and the daemon on hypervisors of the tests'' own, 10,000 random schedules'
	@echo 'make check-tsan     the same code with threads side by side, under TSan'
	@echo 'make kmod           build/kmod/KERNEL/migtrace.ko; KREL= for another kernel than the running one'
	@echo 'make lab            fetch the stock kernels and the QEMU that scripts/lab runs them in'
	@echo 'make check-kernel   tests of module and probes on this kernel (root; in the lab:'
	@echo '                    scripts/lab --kernel 6.12 -- make check-kernel, or'
	@echo '                    make check-kernel KERNELS="6.1 6.12 newest": those that have not passed yet)'
	@echo 'make evaluate       how far predictions were off, from the recordings that are here'
	@echo 'make bench          benchmarks, a line of JSON for each part (root); PARTS="ucurve forecast",'
	@echo '                    KERNELS= for none of the kernels; scripts/bench --list'
	@echo 'make bpf            the BPF probes; make bpf-tests: their tests'
	@echo 'make guest          the guests that the tests migrate'
	@echo 'make install        PREFIX=$(PREFIX) DESTDIR= UNITDIR= (systemd'"'"'s; PREFIX/lib/systemd/system)'
	@echo 'make install-research  likewise: migtrace-research and its man pages'
	@echo 'scripts/package     packages of Debian, made in a clean one'
	@echo 'make clean'

$(B)/migtrace: $(call obj,obj,$(TOOL_SRC)) $(B)/libmigtrace.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/migtraced: $(call obj,obj,$(DAEMON_SRC)) $(B)/libmigtrace.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/migtrace-research: $(call obj,obj,$(RESEARCH_SRC)) $(B)/libmigtrace.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libmigtrace.a: $(call obj,obj,$(LIB_SRC))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/san/libmigtrace.a: $(call obj,san,$(LIB_SRC) $(DAEMON_PARTS) $(TOOL_PARTS))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(MT_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(MT_CFLAGS) $(SAN) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%: $(B)/san/tests/unit/%.o $(B)/san/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ $(LIBS)

$(B)/tests/fuzz/%: $(B)/san/tests/fuzz/%.o $(B)/san/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ $(LIBS)

$(B)/tests/perf/%: $(B)/obj/tests/perf/%.o $(B)/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $^ $(LIBS)

MAN_RST	:= $(wildcard Documentation/man/*.rst)
MAN	:= $(patsubst Documentation/man/%.rst,$(B)/man/%,$(MAN_RST))
RESEARCH_MAN := $(filter $(B)/man/migtrace-research%,$(MAN))
INSTALL_MAN := $(filter-out $(RESEARCH_MAN),$(MAN))
install_man = for m in $(notdir $(1)); do install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man$${m\#\#*.} $(B)/man/$$m || exit 1; done
man: $(MAN)
$(B)/man/%: Documentation/man/%.rst
	@mkdir -p $(@D)
	rst2man $< $@
# What is said of policies comes from their rows: of lines ".. policies: SECTION", and "# policies: SECTION" in the example.
POLICIES = awk '/^(\.\.|\#) policies: / { fflush(); if (system("$(B)/migtrace-research policies " $$3)) exit 1; next } { print }'
POLICY_MAN := $(patsubst Documentation/man/%.rst,$(B)/man/%,$(shell grep -l '^\.\. policies: ' $(MAN_RST)))
$(POLICY_MAN): $(B)/man/%: Documentation/man/%.rst $(B)/migtrace-research
	@mkdir -p $(@D)
	$(POLICIES) $< >$@.rst
	rst2man $@.rst $@
	@rm -f $@.rst
$(B)/migtraced.conf: user/migtraced/migtraced.conf.in $(B)/migtrace-research
	$(POLICIES) $< >$@

include bpf/bpf.mk
include tests/fake/fake.mk
-include tests/guest/guest.mk tests/guest/linux.mk tests/kvm/kvm.mk tests/perf/kernel/kernel.mk

# --- the module, for the running kernel or another whose headers are here -------------------
KREL	?= $(shell uname -r)
KMOD_SRC := $(wildcard kmod/*.c kmod/*.h) kmod/Kbuild kmod/Makefile include/uapi/linux/migtrace.h
LAB_KERNELS ?= 6.1 6.12
LAB_KREL := $(shell cat $(LAB_KERNELS:%=build/lab/kernel-%/release) 2>/dev/null)
# The lab's kernels are unpacked, not installed.
kdir	= $(or $(KDIR),$(patsubst %/release,%/build,$(shell grep -lxF '$(1)' build/lab/kernel-*/release 2>/dev/null)),/lib/modules/$(1)/build)

-include tests/kmod/kmod.mk

kmod: $(B)/kmod/$(KREL)/migtrace.ko
kmod-lab: $(LAB_KREL:%=$(B)/kmod/%/migtrace.ko)
$(B)/kmod/%/migtrace.ko: $(KMOD_SRC)
	@test -e "$(call kdir,$*)/Makefile" || { echo "no headers of Linux $*: install linux-headers-$*, or say KDIR=" >&2; exit 1; }
	$(MAKE) -s -C kmod W=1 KDIR="$(abspath $(call kdir,$*))" OUT="$(abspath $(@D))"

kernel-tests: kvm-tests kmod-tests bpf-tests kernel-perf guest

unit-tests: $(UNIT_BIN) $(B)/migtraced.conf
fuzz-tests: $(FUZZ_BIN)
perf-tests: $(PERF_BIN)

demo:
	scripts/demo
check:
	scripts/check
check-unit: unit-tests
	prove $(UNIT_BIN)
# On this kernel, or with KERNELS= in the lab on each of those.
ifdef KERNELS
check-kernel:
	@for k in $(KERNELS); do env -u KERNELS -u MAKEFLAGS scripts/check-lab --runs 1 --kernel $$k || exit 1; done
else
check-kernel: kernel-tests kmod
	@scripts/check-kernel
endif
lab:
	scripts/lab --prepare
evaluate: all
	@scripts/evaluate
bench: all perf-tests
	@scripts/bench $(PARTS)

install: all
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(B)/migtrace
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/sbin $(B)/migtraced
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/migtrace $(B)/migtraced.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/migtrace/migtraced.service.d user/migtraced/migtraced.service.d/kernel-sources.conf
	install -d $(DESTDIR)$(UNITDIR)
	sed 's|/usr/local/\(s*bin\)|$(PREFIX)/\1|' user/migtraced/migtraced.service >$(DESTDIR)$(UNITDIR)/migtraced.service
	install -D -m 644 user/migtraced/migtrace.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/migtrace.conf
	install -D -m 644 user/migtraced/migtrace.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/migtrace.conf
	$(call install_man,$(INSTALL_MAN))
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/migtrace/monitoring monitoring/migtrace.rules.yml monitoring/grafana-dashboard.json
	install -D -m 644 scripts/completion/migtrace.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/migtrace

install-research: all
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(B)/migtrace-research
	$(call install_man,$(RESEARCH_MAN))

# What the lab has fetched stays: rm -r build/lab
clean:
	@test ! -d $(B) || find $(B) -mindepth 1 -maxdepth 1 ! -name lab -exec rm -rf {} +

# What .incbin takes.
$(call obj,obj,user/migtraced/web_files.c) $(call obj,san,user/migtraced/web_files.c) $(call obj,fake,user/migtraced/web_files.c) $(call obj,tsan,user/migtraced/web_files.c): $(wildcard user/migtraced/page/*)

-include $(shell find $(B)/obj $(B)/san -name '*.d' 2>/dev/null)

.PHONY: all help man kmod kmod-lab kernel-tests check-kernel lab unit-tests fuzz-tests perf-tests demo check check-unit evaluate bench install install-research clean
.SECONDARY:
