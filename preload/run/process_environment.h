// process_environment.h - an environment block that can be changed and handed to exec.
// Invariant: what is not set or unset here stays byte for byte and in order, also what is no NAME=VALUE.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hivemind::run {
class ProcessEnvironment {
public:
  explicit ProcessEnvironment(char* const* block);
  std::optional<std::string> get(std::string_view name) const;
  std::string get_or(std::string_view name, std::string_view otherwise) const;  // otherwise: unset or empty
  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  std::vector<char*> pointers();  // ends with nullptr; borrows from this

private:
  std::vector<std::string> entries_;
};
}  // namespace hivemind::run
