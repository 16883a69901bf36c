// environment.h - what the environment given to an exec lacks of the run's, and the environment with it put back.
// An agent that clears its child's environment means the child no harm and us neither; without this the child would
// leave the run, or stay in it and distrust its certificates. Never removes or changes a variable but LD_PRELOAD, which
// only grows at its end; for a program that cannot load us it loses us. An environment with HIVEMIND_DISABLE=1 is left
// as it is. Allocates nothing: it may run in a vfork child. The caller provides the memory.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "run.h"

namespace hivemind {

class EnvironmentRepair {
public:
  // Reads `given` (may be null: empty). Memory that cannot be read means nothing is needed: the kernel will say EFAULT.
  // `takes_us`: the program about to run can load our object.
  EnvironmentRepair(const Run& run, char* const* given, bool takes_us = true);

  bool is_needed() const { return needed_; }
  bool takes_away() const { return takes_away_; }
  // Bytes write() takes; `memory` is aligned for a pointer.
  size_t size() const;
  // The whole environment: what was given, then what it lacked. Its strings live as long as `given` and the run.
  char** write(void* memory) const;

private:
  static constexpr unsigned most_wanted = 64;
  void want(const char* assignment);
  bool read_given();
  bool note(const char* assignment, size_t index);
  bool read_value(const char* value, size_t& size) const;
  char** write_without_us(char** result) const;

  char* const* given_;
  size_t given_count_ = 0;
  bool opted_out_ = false;
  bool needed_ = false;
  bool takes_away_ = false;
  const char* wanted_[most_wanted];
  unsigned wanted_count_ = 0;
  uint64_t present_ = 0;  // a bit for each of wanted_
  // The preload object in effect - the given environment's, else this process's - after what comes with it (the tap).
  const char* our_path_ = nullptr;
  size_t our_path_size_ = 0;
  size_t preload_index_ = SIZE_MAX;  // in given_, of LD_PRELOAD
  const char* preload_value_ = "";
  size_t preload_size_ = 0;
  bool preload_lacks_us_ = false;
};
}  // namespace hivemind
