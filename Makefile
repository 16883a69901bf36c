# HiveMind. `make help` lists the targets; everything lands in build/ (sanitizer builds in build/asan, build/tsan).
#
#   make            build all programs (build/bin) and shared objects (build/lib)
#   make deps       install what is missing from Debian (as root or through sudo); nothing missing: does nothing
#   make demo       the incident: eleven agents on one account, first direct, then under hivemind-run
#   make check      every test; ends with "N passed, N failed"
#   make bench      latency, CPU and memory beside nginx and HAProxy; writes build/bench.json
#   make soak       a million connections through the preload object, a million through eBPF (ten minutes or so each)
#   make asan tsan  the tests under ASan+UBSan, under TSan
#   make tidy       clang-format and clang-tidy
#   make install    to $(DESTDIR)$(PREFIX); make uninstall takes it away. SETCAP=1: every user may capture by eBPF
#
# Variables: PREFIX=/usr/local DESTDIR= WERROR=1 (warnings are errors) MODE=release|asan|tsan TESTS="name..." for check

comma := ,
MODE ?= release
PREFIX ?= /usr/local
OUT := $(if $(filter release,$(MODE)),build,build/$(MODE))
OBJ := $(OUT)/obj
BIN := $(OUT)/bin
LIB := $(OUT)/lib

CXX := g++
CC := gcc
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(WERROR),-Werror)
SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread -Wno-tsan
OPT := $(if $(filter release,$(MODE)),-O2 -g1,-O1 -g1 $(SAN_$(MODE)))
CPPFLAGS := -Iinclude -Idaemon -I. -I$(OBJ)/generated -DBOOST_ASIO_NO_DEPRECATED -DSPDLOG_FMT_EXTERNAL -DSPDLOG_COMPILED_LIB
CXXFLAGS := -std=c++20 $(OPT) $(WARN) -Wno-mismatched-new-delete -Wno-maybe-uninitialized -fno-plt -MMD -MP
LDFLAGS := $(if $(filter release,$(MODE)),-Wl$(comma)--as-needed -Wl$(comma)-O1,$(SAN_$(MODE)))


sources = $(wildcard $(addsuffix /*.cc,$(1)))
objects = $(patsubst %.cc,$(OBJ)/%.o,$(call sources,$(1)))

# Object files of each part. A folder's *.cc belong to it; programs' main.cc stand apart.
core := $(call objects,daemon/core)
shell := $(call objects,daemon/net daemon/control daemon/trace daemon/store)
DAEMON_LIBS := -lspdlog -lfmt -lssl -lcrypto -lsimdjson -lpthread
PROGRAMS := $(addprefix $(BIN)/,hivemindd hivemindctl hivemind-run hivemind-sim)
TEST_PROGRAMS := $(addprefix $(BIN)/,hivemind-mock sim_test core_test net_test run_test preload_test bench_client core_bench)

.PHONY: all deps demo check bench soak asan tsan tidy install uninstall help tests clean
all: $(PROGRAMS) $(LIB)/libhivemind-preload.so $(LIB)/libhivemind-tap.so $(BIN)/hivemind-mock

$(OBJ)/libcore.a: $(core)
	@rm -f $@; ar rcs $@ $^
$(OBJ)/libshell.a: $(shell)
	@rm -f $@; ar rcs $@ $^
$(OBJ)/libprovider.a: $(call objects,daemon/sim/provider)
	@rm -f $@; ar rcs $@ $^
link = @mkdir -p $(@D); echo "  LD   $@"; $(CXX) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)
$(BIN)/hivemindd: $(OBJ)/daemon/main.o $(OBJ)/libshell.a $(OBJ)/libcore.a
	$(link) $(DAEMON_LIBS)
# libshell.a: only what reads the configuration, which scenario files share.
$(BIN)/hivemind-sim: $(call objects,daemon/sim) $(OBJ)/libprovider.a $(OBJ)/libshell.a $(OBJ)/libcore.a
	$(link) -lsimdjson -lcrypto -lpthread
$(BIN)/hivemindctl: $(call objects,daemon/ctl)
	$(link) -lpthread
# Of the preload object what decides and asks, built as an ordinary program's part.
shared_with_preload := $(patsubst %,$(OBJ)/preload/%.o,endpoint policy processes reach route slots socket)
$(BIN)/hivemind-run: $(call objects,preload/run) $(shared_with_preload)
	$(link) -lpthread
$(BIN)/hivemind-mock: $(call objects,tests/mock) $(OBJ)/libprovider.a
	$(link) -lssl -lcrypto -lsimdjson -lpthread
$(BIN)/sim_test: $(call objects,tests/sim tests/sim/provider) $(filter-out %/main.o,$(call objects,daemon/sim)) \
    $(OBJ)/libprovider.a $(OBJ)/libshell.a $(OBJ)/libcore.a
	$(link) -lgtest_main -lgtest -lsimdjson -lcrypto -lpthread
$(BIN)/core_test: $(call objects,tests/core) $(OBJ)/libcore.a
	$(link) -lgtest_main -lgtest -lrapidcheck -lsimdjson -lcrypto -lpthread
$(BIN)/net_test: $(call objects,tests/net) $(filter-out %/main.o %/json.o,$(call objects,daemon/ctl)) $(OBJ)/libshell.a $(OBJ)/libcore.a
	$(link) -lgtest_main -lgtest $(DAEMON_LIBS)
$(BIN)/run_test: $(call objects,tests/run) $(filter-out %/main.o,$(call objects,preload/run)) $(shared_with_preload)
	$(link) -lgtest_main -lgtest -lpthread
$(BIN)/preload_test: $(call objects,tests/preload) $(patsubst %,$(OBJ)/preload/%.o,endpoint environment names policy route slots tap/ring run/tap_reader)
	$(link) -lgtest_main -lgtest -lpthread
$(BIN)/bench_client: $(call objects,tests/bench)
	$(link) -lssl -lcrypto -lpthread
$(BIN)/core_bench: $(call objects,tests/bench/core) $(OBJ)/libcore.a
	$(link) -lbenchmark -lsimdjson -lcrypto -lpthread

# Asio, Beast and OpenSSL are parsed once for all of these folders.
PCH := $(OBJ)/daemon/net/pch.h
$(call objects,daemon/net daemon/control tests/net tests/mock) $(OBJ)/daemon/main.o: $(PCH).gch
$(call objects,daemon/net daemon/control tests/net tests/mock) $(OBJ)/daemon/main.o: CXXFLAGS += -include $(PCH) -Winvalid-pch
$(PCH).gch: daemon/net/pch.h
	@mkdir -p $(@D); cp $< $(PCH); echo "  PCH  $@"
	@$(CXX) $(CPPFLAGS) $(CXXFLAGS) -MT $@ -x c++-header -o $@.new $<; mv $@.new $@

$(OBJ)/%.o: %.cc
	@mkdir -p $(@D); echo "  CXX  $<"
	@$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

# The preload object: freestanding, never with a sanitizer (preload/README.md). It keeps unwind tables, so that a thread
# cancelled inside connect unwinds through it.
PRELOAD_FLAGS := -std=c++20 -O2 -g1 $(WARN) -Iinclude -Ipreload -fPIC -ffreestanding -fno-exceptions -fno-rtti \
  -fno-threadsafe-statics -fvisibility=hidden -fno-stack-protector -fasynchronous-unwind-tables -MMD -MP \
  $(if $(filter aarch64%,$(shell $(CXX) -dumpmachine 2>/dev/null)),-mno-outline-atomics)
preload_objects := $(patsubst preload/%.cc,$(OBJ)/preload/so/%.o,$(wildcard preload/*.cc))
$(OBJ)/preload/so/%.o: preload/%.cc
	@mkdir -p $(@D); echo "  CXX  $<"
	@$(CXX) $(PRELOAD_FLAGS) -c -o $@ $<
tap_objects := $(patsubst preload/%.cc,$(OBJ)/preload/so/%.o,$(wildcard preload/tap/*.cc)) \
  $(patsubst %,$(OBJ)/preload/so/%.o,bytes libc mapped_file)
link_freestanding = @mkdir -p $(@D); echo "  LD   $@"; $(CXX) -shared -nostdlib -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
  -Wl,--hash-style=both -Wl,-soname,$(@F) -o $@ $^
$(LIB)/libhivemind-preload.so: $(preload_objects)
	$(link_freestanding)
$(LIB)/libhivemind-tap.so: $(tap_objects)
	$(link_freestanding)

# The eBPF helper is built where its tools are; without it everything else works, and hivemind-run says what is missing.
BPFTOOL := $(firstword $(wildcard /usr/sbin/bpftool) $(shell command -v bpftool 2>/dev/null))
BPF_TOOLS := $(and $(shell command -v clang 2>/dev/null),$(BPFTOOL),$(wildcard /usr/include/bpf/libbpf.h))
BPF_FLAGS := -target bpf -mcpu=v3 -O2 -g -ffreestanding -Wall -Wextra $(if $(WERROR),-Werror) -Iinclude -I. \
  -I/usr/include/$(shell $(CXX) -print-multiarch 2>/dev/null) -MMD -MP
all: $(if $(BPF_TOOLS),$(BIN)/hivemind-ebpf,no-ebpf)
.PHONY: no-ebpf
no-ebpf:
	@echo "hivemind-ebpf is not built: it needs clang, bpftool and libbpf-dev (make deps)"
$(OBJ)/ebpf/redirect.bpf.o: ebpf/redirect.bpf.c
	@mkdir -p $(@D); echo "  BPF  $<"
	@clang $(BPF_FLAGS) -c -o $@ $<
$(OBJ)/generated/redirect.skel.h: $(OBJ)/ebpf/redirect.bpf.o
	@mkdir -p $(@D); $(BPFTOOL) gen skeleton $< name redirect_bpf >$@.new && mv $@.new $@
$(OBJ)/ebpf/programs.o: $(OBJ)/generated/redirect.skel.h
$(OBJ)/ebpf/programs.o: CXXFLAGS += -Wno-conversion -Wno-shadow
$(BIN)/hivemind-ebpf: $(call objects,ebpf)
	$(link) -lbpf

# Hazards: tiny programs, one file each; those that need another compiler or flags say so in tests/hazards/build.mk.
-include tests/hazards/build.mk
-include tests/supervised/build.mk

tests: all $(TEST_PROGRAMS) $(HAZARDS)
	@$(if $(filter release,$(MODE)),true,ln -sfn ../lib $(OUT)/lib-release)

deps:
	@tests/support/deps
demo: deps
	$(call refuse_unless_nameable,$(CURDIR),move this folder to another place)
	$(call refuse_unless_nameable,$(CURDIR),move this folder to another place)
	@$(MAKE) --no-print-directory -j2 all
	@examples/incident/demo $(DEMO)
check: deps
	$(call refuse_unless_nameable,$(CURDIR),move this folder to another place)
	$(call refuse_unless_nameable,$(CURDIR),move this folder to another place)
	@$(MAKE) --no-print-directory -j2 tests
	@tests/support/check --build $(OUT) $(TESTS)
bench: deps
	@$(MAKE) --no-print-directory -j2 tests
	@tests/bench/bench --build $(OUT)
soak: deps
	@$(MAKE) --no-print-directory -j2 hazards all $(BIN)/run_test
	@HIVEMIND_SOAK=1 HIVEMIND_BUILD=$(OUT) tests/hazards/scale.py -v
	@HIVEMIND_SOAK=1 $(BIN)/run_test --gtest_filter='EbpfCaptureTest.LosesNoToken*'
asan tsan:
	@$(MAKE) --no-print-directory -j2 MODE=$@ tests
	@tests/support/check --build build/$@ --mode $@ $(TESTS)
tidy:
	@tests/support/deps clang-format clang-tidy
	@found=0; clang-format --dry-run --Werror $$(git ls-files '*.cc' '*.h') || found=1; \
	  clang-tidy --quiet $(call sources,daemon/core daemon/ctl preload/run) -- $(CPPFLAGS) -std=c++20 || found=1; exit $$found

# LD_PRELOAD separates paths by spaces and colons: the preload object cannot lie below such a folder.
refuse_unless_nameable = @$(if $(word 2,x$(1))$(findstring :,$(1)),echo "make: LD_PRELOAD takes no path with a space or a colon; $(2)" >&2; exit 1,:)

# LD_PRELOAD separates paths by spaces and colons: the preload object cannot lie below such a folder.
refuse_unless_nameable = @$(if $(word 2,x$(1))$(findstring :,$(1)),echo "make: LD_PRELOAD takes no path with a space or a colon; $(2)" >&2; exit 1,:)

UNITS := $(notdir $(wildcard examples/systemd/*))
install: all
	$(call refuse_unless_nameable,$(DESTDIR)$(PREFIX),choose another PREFIX or DESTDIR)
	$(call refuse_unless_nameable,$(DESTDIR)$(PREFIX),choose another PREFIX or DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/hivemind $(DESTDIR)$(PREFIX)/share/hivemind
	install -m 755 $(PROGRAMS) $(if $(BPF_TOOLS),$(BIN)/hivemind-ebpf) $(DESTDIR)$(PREFIX)/bin
	$(if $(SETCAP),setcap cap_bpf$(comma)cap_net_admin=ep $(DESTDIR)$(PREFIX)/bin/hivemind-ebpf)
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in $(UNITS); do \
	  sed 's|/usr/local|$(PREFIX)|' examples/systemd/$$unit >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit; done
	install -m 755 $(LIB)/libhivemind-preload.so $(LIB)/libhivemind-tap.so $(DESTDIR)$(PREFIX)/lib/hivemind
	install -m 644 examples/hivemind.toml $(DESTDIR)$(PREFIX)/share/hivemind
	install -d $(DESTDIR)$(PREFIX)/share/hivemind/scenarios
	install -m 644 examples/scenarios/*.toml $(DESTDIR)$(PREFIX)/share/hivemind/scenarios
uninstall:
	$(call refuse_unless_nameable,$(DESTDIR)$(PREFIX),nothing was installed there)
	$(call refuse_unless_nameable,$(DESTDIR)$(PREFIX),nothing was installed there)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(PROGRAMS)) hivemind-ebpf)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/lib/systemd/system/,$(UNITS))
	rm -rf $(DESTDIR)$(PREFIX)/lib/hivemind $(DESTDIR)$(PREFIX)/share/hivemind
help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile
clean:
	rm -rf build

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
