// arguments.h - one measurement's command line: numbers by name, targets, and a command after "--".
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/target.h"

namespace hivemind::bench {

struct Arguments {
  std::map<std::string, int, std::less<>> numbers;  // --rounds 20
  std::vector<Target> targets;
  std::vector<std::string> words;  // what is none of the above
  int number(std::string_view name, int otherwise) const {
    const auto found = numbers.find(name);
    return found == numbers.end() ? otherwise : found->second;
  }
};
}  // namespace hivemind::bench
