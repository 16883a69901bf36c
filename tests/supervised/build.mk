# Programs for the seccomp tier (tests/e2e/seccomp*.py): all static, as no preload object can be in them. Those of this
# folder, and the hazards whose answers no tier may change, each as $(BIN)/supervised/NAME.
SUPERVISED_BIN := $(BIN)/supervised
SUPERVISED_HAZARDS := C1_errno C2_nonblocking C4_interrupted C5_second_connect C6_unspec C7_bad_pointers C8_sockaddr \
  C10_v6_sockets C13_fast_open C14_udp C15_other_families C16_mptcp C17_special P1_fork P2_vfork P5_fd_reuse P6_signal \
  P8_small_stack closed_port connect_once
SUPERVISED := $(addprefix $(SUPERVISED_BIN)/,$(SUPERVISED_HAZARDS) \
  $(filter-out $(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),,narrow),$(basename $(notdir $(wildcard tests/supervised/*.c)))) \
  $(if $(shell command -v musl-gcc),ask.musl) $(if $(shell command -v go),ask_go))
SUPERVISED_FLAGS := -std=gnu17 -O1 -g1 -Wall -Wextra -Wno-nonnull -Wno-stringop-overread -Itests/hazards $(if $(WERROR),-Werror)

supervised_compile = @mkdir -p $(@D); echo "  CC   $@"
$(SUPERVISED_BIN)/narrow: tests/supervised/narrow.c
	$(supervised_compile); $(CC) $(SUPERVISED_FLAGS) -m32 -ffreestanding -nostdlib -static -fno-stack-protector -fno-pie -no-pie -o $@ $<
$(SUPERVISED_BIN)/%.musl: tests/supervised/%.c
	$(supervised_compile); musl-gcc $(SUPERVISED_FLAGS) -static -o $@ $<
$(SUPERVISED_BIN)/%: tests/supervised/%.c tests/hazards/hazard.h
	$(supervised_compile); $(CC) $(SUPERVISED_FLAGS) -static -o $@ $< -pthread
$(SUPERVISED_BIN)/%: tests/hazards/%.c tests/hazards/hazard.h
	$(supervised_compile); $(CC) $(SUPERVISED_FLAGS) -DPEER_IS_NOT_TOLD -static -o $@ $< -pthread
$(SUPERVISED_BIN)/ask_go: tests/supervised/go/ask.go
	@mkdir -p $(@D); echo "  GO   $@"
	@GO111MODULE=off GOCACHE=$(abspath $(OBJ)/go) CGO_ENABLED=0 go build -o $@ $<
.PHONY: supervised
supervised: $(SUPERVISED)
tests: $(SUPERVISED)
