# The hazard programs: one C file each, $(BIN)/hazards/NAME. What is not plain glibc says so here.
HAZARD_BIN := $(BIN)/hazards
HAZARD_LIBRARIES := early plugin
HAZARD_MUSL := connect_once resolve C7_bad_pointers C9_getpeername C9_getsockname C13_fast_open P2_vfork P3_scrubbed early.so
HAZARD_OF_THEIR_OWN := libc_free L5_other_word_size
HAZARD_SOURCES := $(filter-out $(HAZARD_OF_THEIR_OWN) $(HAZARD_LIBRARIES),$(basename $(notdir $(wildcard tests/hazards/*.c))))
HAZARDS := $(addprefix $(HAZARD_BIN)/,$(HAZARD_SOURCES) libc_free L7_asan C18_unwind $(addsuffix .so,$(HAZARD_LIBRARIES)) \
  $(if $(wildcard /lib/ld-linux.so.2),L5_other_word_size) $(if $(shell command -v go),go_static go_cgo) \
  $(if $(shell command -v musl-gcc),$(addsuffix .musl,$(HAZARD_MUSL))))
HAZARD_FLAGS := -std=gnu17 -O1 -g1 -Wall -Wextra -Wno-nonnull -Wno-stringop-overread -Iinclude -Itests/hazards $(if $(WERROR),-Werror)

hazard_compile = @mkdir -p $(@D); echo "  CC   $@"
$(HAZARD_BIN)/libc_free: tests/hazards/libc_free.c
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -nostdlib -fno-stack-protector -pie -fPIE -Wl,-dynamic-linker,$(shell \
	  $(CC) -dumpmachine | sed -n 's/^x86_64.*/\/lib64\/ld-linux-x86-64.so.2/p; s/^aarch64.*/\/lib\/ld-linux-aarch64.so.1/p') -o $@ $<
$(HAZARD_BIN)/L5_other_word_size: tests/hazards/L5_other_word_size.c
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -m32 -nostdlib -fno-stack-protector -pie -fPIE -Wl,-dynamic-linker,/lib/ld-linux.so.2 -o $@ $<
$(HAZARD_BIN)/L7_asan: tests/hazards/connect_once.c tests/hazards/hazard.h
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -fsanitize=address -o $@ $<
$(HAZARD_BIN)/C18_unwind: tests/hazards/C18_unwind.cc tests/hazards/hazard.h
	$(hazard_compile); $(CXX) -std=c++20 -O1 -g1 -Wall -Wextra -Wno-missing-field-initializers -Itests/hazards $(if $(WERROR),-Werror) -o $@ $< -pthread
# Go makes its network calls past libc, with cgo (dynamic) and without (static).
$(HAZARD_BIN)/go_static $(HAZARD_BIN)/go_cgo: $(HAZARD_BIN)/go_%: tests/hazards/go/connect.go
	@mkdir -p $(@D) $(OBJ)/go; echo "  GO   $@"
	@GO111MODULE=off GOCACHE=$(abspath $(OBJ)/go) CGO_ENABLED=$(if $(filter static,$*),0,1) go build -o $@ $<
$(HAZARD_BIN)/%.so.musl: tests/hazards/%.c tests/hazards/hazard.h
	$(hazard_compile); musl-gcc $(HAZARD_FLAGS) -shared -fPIC -o $@ $<
$(HAZARD_BIN)/%.so: tests/hazards/%.c tests/hazards/hazard.h
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -shared -fPIC -o $@ $<
$(HAZARD_BIN)/%.musl: tests/hazards/%.c tests/hazards/hazard.h
	$(hazard_compile); musl-gcc $(HAZARD_FLAGS) -o $@ $<
# With it a clean-up is code that the unwinder has to come to.
$(HAZARD_BIN)/C18_cancel: HAZARD_FLAGS += -fexceptions
$(HAZARD_BIN)/%: tests/hazards/%.c tests/hazards/hazard.h
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -o $@ $< -pthread
.PHONY: hazards
hazards: $(HAZARDS) $(LIB)/libhivemind-preload.so
