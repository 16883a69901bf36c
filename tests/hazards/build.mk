# The hazard programs: one C file each, $(BIN)/hazards/NAME. What is not plain glibc says so here.
HAZARD_BIN := $(BIN)/hazards
HAZARD_LIBRARIES := early
HAZARD_MUSL := connect_once resolve C7_bad_pointers C9_getpeername C13_fast_open P2_vfork P3_scrubbed
HAZARD_SOURCES := $(filter-out libc_free $(HAZARD_LIBRARIES),$(basename $(notdir $(wildcard tests/hazards/*.c))))
HAZARDS := $(addprefix $(HAZARD_BIN)/,$(HAZARD_SOURCES) libc_free $(addsuffix .so,$(HAZARD_LIBRARIES)) \
  $(if $(shell command -v musl-gcc),$(addsuffix .musl,$(HAZARD_MUSL))))
HAZARD_FLAGS := -std=gnu17 -O1 -g1 -Wall -Wextra -Wno-nonnull -Wno-stringop-overread -Itests/hazards $(if $(WERROR),-Werror)

hazard_compile = @mkdir -p $(@D); echo "  CC   $@"
$(HAZARD_BIN)/libc_free: tests/hazards/libc_free.c
	$(hazard_compile); $(CC) $(HAZARD_FLAGS) -nostdlib -fno-stack-protector -pie -fPIE -Wl,-dynamic-linker,$(shell \
	  $(CC) -dumpmachine | sed -n 's/^x86_64.*/\/lib64\/ld-linux-x86-64.so.2/p; s/^aarch64.*/\/lib\/ld-linux-aarch64.so.1/p') -o $@ $<
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
