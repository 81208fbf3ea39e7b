# SPDX-License-Identifier: GPL-2.0-or-later
# The hypervisors of the tests, and what is tested on them without root or libvirt's daemon.
#	make check-fake		the named scenarios, 10,000 random schedules and some of each policy,
#				under ASan and UBSan
#	make check-tsan		the same code with threads side by side, under TSan

FAKE_PARTS := $(addprefix tests/fake/,world.c world_any.c world_real.c files.c trace.c faults.c truth.c guest.c hypervisor.c policies.c process.c daemon.c source.c schedule.c)
comma	:= ,
FAKE_CALLS := open openat close write fsync fdatasync eventfd pipe2 fcntl mkostemp poll closedir fclose getpid pthread_mutex_lock mt_domain_source_open mt_domain_nonzero
FAKE_WRAPS := $(addprefix -Wl$(comma)--wrap=,$(FAKE_CALLS))

FAKE_SAN := -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

$(B)/fake/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(MT_CFLAGS) -Itests/fake $(FAKE_SAN) -MMD -MP -c -o $@ $<

$(B)/fake/libmigtrace.a: $(call obj,fake,$(LIB_SRC) $(DAEMON_PARTS))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/tests/fake/schedules: $(call obj,fake,$(FAKE_PARTS) tests/fake/schedules.c) $(B)/fake/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(FAKE_SAN) $(FAKE_WRAPS) -o $@ $^ $(LIBS)

FAKE_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/fake/test_*.c))
$(B)/tests/fake/test_%: $(call obj,fake,$(FAKE_PARTS)) $(B)/fake/tests/fake/test_%.o $(B)/fake/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(FAKE_SAN) $(FAKE_WRAPS) -o $@ $^ $(LIBS)

# The same under TSan, where threads run side by side.
FAKE_TSAN := -O1 -g -fsanitize=thread

$(B)/tsan/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(MT_CFLAGS) -Itests/fake $(FAKE_TSAN) -MMD -MP -c -o $@ $<

$(B)/tsan/libmigtrace.a: $(call obj,tsan,$(LIB_SRC) $(DAEMON_PARTS))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/tests/fake/schedules-tsan: $(call obj,tsan,$(FAKE_PARTS) tests/fake/schedules.c) $(B)/tsan/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(FAKE_TSAN) $(FAKE_WRAPS) -o $@ $^ $(LIBS)

$(BPF_USERS:%.c=$(B)/fake/%.o) $(BPF_USERS:%.c=$(B)/tsan/%.o): $(BPF_SKEL)

# What migtraced takes on them, and shows of them, without sanitizers.
FAKE_PLAIN := hundred webpage
$(call obj,obj,$(FAKE_PARTS) $(FAKE_PLAIN:%=tests/fake/%.c)): MT_CFLAGS += -Itests/fake
$(FAKE_PLAIN:%=$(B)/tests/fake/%): $(B)/tests/fake/%: $(B)/obj/tests/fake/%.o $(call obj,obj,$(FAKE_PARTS) $(DAEMON_PARTS)) $(B)/libmigtrace.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FAKE_WRAPS) -o $@ $^ $(LIBS)

fake-tests: $(B)/tests/fake/schedules $(FAKE_TESTS) $(B)/tests/fake/webpage
tsan-tests: $(B)/tests/fake/schedules-tsan

check-fake: fake-tests
	prove --timer $(FAKE_TESTS) $(B)/tests/fake/schedules tests/fake/policies.t
check-tsan: tsan-tests
	prove --timer tests/fake/tsan.t

-include $(shell find $(B)/fake $(B)/tsan -name '*.d' 2>/dev/null)
.PHONY: fake-tests tsan-tests check-fake check-tsan
