#include "preload/run/process_environment.h"

namespace hivemind::run {
namespace {
bool names(const std::string& entry, std::string_view name) {
  return entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=';
}
}  // namespace

ProcessEnvironment::ProcessEnvironment(char* const* block) {
  for (; block && *block; ++block) entries_.emplace_back(*block);
}

std::optional<std::string> ProcessEnvironment::get(std::string_view name) const {
  for (const auto& entry : entries_)
    if (names(entry, name)) return entry.substr(name.size() + 1);
  return {};
}

std::string ProcessEnvironment::get_or(std::string_view name, std::string_view otherwise) const {
  const auto value = get(name);
  return value && !value->empty() ? *value : std::string(otherwise);
}

void ProcessEnvironment::set(std::string_view name, std::string_view value) {
  std::string assignment(name);
  assignment += '=';
  assignment += value;
  for (auto& entry : entries_) {
    if (!names(entry, name)) continue;
    entry = std::move(assignment);
    return;
  }
  entries_.push_back(std::move(assignment));
}

void ProcessEnvironment::unset(std::string_view name) {
  std::erase_if(entries_, [&](const std::string& entry) { return names(entry, name); });
}

std::vector<char*> ProcessEnvironment::pointers() {
  std::vector<char*> block;
  block.reserve(entries_.size() + 1);
  for (auto& entry : entries_) block.push_back(entry.data());
  block.push_back(nullptr);
  return block;
}
}  // namespace hivemind::run
