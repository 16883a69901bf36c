// flags.h - the command line of hivemind-run. Its flags end at CMD; what follows belongs to CMD, whatever it looks
// like.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hivemind/handover.h"
#include "preload/run/result.h"
#include "preload/run/tier.h"

namespace hivemind::run {
struct Flags {
  enum class Ask { run, help, version, examine } ask = Ask::run;
  std::string name;  // empty: the command's base name
  hm_priority priority = HM_PRIORITY_NORMAL;
  std::uint32_t weight_milli = 1000;
  std::int64_t token_budget = HM_NONE;
  std::optional<std::int64_t> deadline_ms;  // from now
  std::optional<Tier> capture;              // nullopt: the best that can be had
  bool fail_closed = false;
  std::string config;  // empty: the daemon's default
  bool explain = false;
  bool summary = false;
  std::string tap;                   // FILE, or empty
  std::vector<std::string> command;  // not empty when ask == run
};

// A problem is about the flag that is wrong and says what to write instead.
Result<Flags> parse_flags(const std::vector<std::string>& arguments);
extern const char* const usage_text;
}  // namespace hivemind::run
