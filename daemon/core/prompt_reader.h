// prompt_reader.h - the prompt inside a generation request's body, in the order its provider reads it: tools, system,
// messages, wherever in the body they stand.
// Invariants: memory is bounded whatever the body holds; bodies whose prompts begin alike give equal hashes for what is
// alike, also when a cache mark has moved on or a text became a block. Two blocks are alike when their members' bytes
// are.
#pragma once
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "core/prompt_prefix.h"

namespace hivemind {

class PromptReader {
public:
  using Value = simdjson::ondemand::value;

  explicit PromptReader(PromptCaching caching) : caching_(caching) {}
  // A member of the body's root; false: no part of a prompt, and `value` is untouched.
  bool read(std::string_view key, Value& value);
  // `tokens` of what it gives are bytes yet.
  PromptPrefixes prefixes(std::string_view model) const;

private:
  // A place where a kept prefix may end: the hash and bytes of its section up to there.
  struct Border {
    std::uint64_t hash = 0;
    std::int64_t bytes = 0;
    Duration kept{};
  };
  struct Section {
    void mix(std::string_view bytes);
    Border at(Duration kept) const { return {hash, size, kept}; }

    std::uint64_t hash = 0;
    std::int64_t size = 0;
    std::vector<Border> marks, early;  // the first ones
    std::deque<Border> late;           // the last ones
  };
  enum { tools, system, messages, sections };

  void read_parts(Section& section, Value& value, bool are_messages);
  void read_message(Section& section, simdjson::ondemand::object message);
  void read_content(Section& section, Value& value);
  void read_block(Section& section, simdjson::ondemand::object block);
  void end_message(Section& section);

  PromptCaching caching_;
  std::array<Section, sections> parts_;
  std::optional<Duration> mark_of_all_;  // at the root: the client leaves it to the provider where
};
}  // namespace hivemind
