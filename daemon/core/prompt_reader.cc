#include "core/prompt_reader.h"

#include <algorithm>
#include <functional>

namespace hivemind {
namespace {
namespace ondemand = simdjson::ondemand;

constexpr Duration usually_kept = 5min, long_kept = 1h;
constexpr std::size_t most_marks = 4;      // that a provider takes
constexpr std::size_t most_early = 4;      // borders near the front, which siblings share
constexpr std::size_t most_late = 4;       // at the end: where the prompt of the turn before ended is one of them
constexpr std::int64_t early_step = 4096;  // bytes between those near the front

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  hash = (hash ^ more) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}
std::uint64_t hash_of(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

// The bytes of any value; empty when it is broken.
std::string_view bytes_of(ondemand::value& value) {
  ondemand::json_type type{};
  if (value.type().get(type) != simdjson::SUCCESS) return {};
  std::string_view bytes;
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS || object.raw_json().get(bytes) != simdjson::SUCCESS)
      return {};
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS || array.raw_json().get(bytes) != simdjson::SUCCESS)
      return {};
  } else {
    bytes = value.raw_json_token();
  }
  const auto last = bytes.find_last_not_of(" \t\r\n");
  return bytes.substr(0, last == bytes.npos ? 0 : last + 1);
}

// {"type":"ephemeral","ttl":"1h"}; null takes a mark back.
std::optional<Duration> mark_of(ondemand::value& value) {
  const auto bytes = bytes_of(value);
  if (!bytes.starts_with('{')) return std::nullopt;
  return bytes.find("\"1h\"") == bytes.npos ? usually_kept : long_kept;
}

// Claude Code's first system block differs with every request. Its provider takes it out of the prompt.
bool is_billing_note(std::string_view text) { return text.starts_with("\"x-anthropic-billing-header:"); }
}  // namespace

void PromptReader::Section::mix(std::string_view bytes) {
  hash = mixed(hash, hash_of(bytes));
  size += static_cast<std::int64_t>(bytes.size());
}

bool PromptReader::read(std::string_view key, Value& value) {
  if (caching_ == PromptCaching::none) return false;
  if (key == "cache_control") {
    mark_of_all_ = mark_of(value);
  } else if (key == "tools") {
    read_parts(parts_[tools], value, false);
  } else if (key == "system" || key == "instructions" || key == "systemInstruction") {
    read_parts(parts_[system], value, false);
  } else if (key == "messages" || key == "input" || key == "contents" || key == "prompt") {
    read_parts(parts_[messages], value, true);
  } else {
    return false;
  }
  return true;
}

void PromptReader::read_parts(Section& section, Value& value, bool are_messages) {
  ondemand::array items;
  if (!are_messages || value.get_array().get(items) != simdjson::SUCCESS) {
    read_content(section, value);
    return end_message(section);
  }
  for (auto item : items) {
    Value part;
    if (item.get(part) != simdjson::SUCCESS) return;
    ondemand::object message;
    if (part.get_object().get(message) == simdjson::SUCCESS)
      read_message(section, message);
    else
      section.mix(bytes_of(part));
    end_message(section);
  }
}

void PromptReader::read_message(Section& section, ondemand::object message) {
  for (auto member : message) {
    std::string_view key;
    Value value;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS || member.value().get(value) != simdjson::SUCCESS) return;
    if (key == "content" || key == "parts") {
      read_content(section, value);
    } else {
      section.hash = mixed(section.hash, hash_of(key));
      section.mix(bytes_of(value));
    }
  }
}

// A text is what a block of it alone would be.
void PromptReader::read_content(Section& section, Value& value) {
  ondemand::array blocks;
  ondemand::object single;
  if (value.get_object().get(single) == simdjson::SUCCESS) return read_block(section, single);
  if (value.get_array().get(blocks) != simdjson::SUCCESS) {
    for (const std::string_view known :
         {std::string_view("type"), std::string_view("\"text\""), std::string_view("text")})
      section.hash = mixed(section.hash, hash_of(known));
    return section.mix(bytes_of(value));
  }
  for (auto item : blocks) {
    Value part;
    if (item.get(part) != simdjson::SUCCESS) return;
    ondemand::object block;
    if (part.get_object().get(block) == simdjson::SUCCESS)
      read_block(section, block);
    else
      section.mix(bytes_of(part));
  }
}

void PromptReader::read_block(Section& section, ondemand::object block) {
  const Border before = section.at({});
  std::optional<Duration> mark;
  for (auto member : block) {
    std::string_view key;
    Value value;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS || member.value().get(value) != simdjson::SUCCESS) return;
    if (key == "cache_control") {
      mark = mark_of(value);
      continue;
    }
    section.hash = mixed(section.hash, hash_of(key));
    const auto bytes = bytes_of(value);
    if (key == "text" && &section == &parts_[system] && is_billing_note(bytes)) {
      section.hash = before.hash;
      section.size = before.bytes;
      return;
    }
    section.hash = mixed(section.hash, hash_of(bytes));
    section.size += key == "type" ? 0 : static_cast<std::int64_t>(bytes.size());
  }
  if (mark && section.marks.size() < most_marks) section.marks.push_back(section.at(*mark));
}

void PromptReader::end_message(Section& section) {
  if (section.late.size() == most_late) {
    const Border& oldest = section.late.front();
    if (section.early.size() < most_early &&
        oldest.bytes - (section.early.empty() ? 0 : section.early.back().bytes) >= early_step)
      section.early.push_back(oldest);
    section.late.pop_front();
  }
  section.late.push_back(section.at({}));
}

PromptPrefixes PromptReader::prefixes(std::string_view model) const {
  PromptPrefixes all;
  std::uint64_t hash = hash_of(model);
  std::int64_t size = 0;
  for (const Section& section : parts_) {
    const auto add = [&](const Border& border, Duration kept) {
      all.push_back({mixed(hash, border.hash), size + border.bytes, kept});
    };
    for (const auto& mark : section.marks) add(mark, mark.kept);
    if (&section != &parts_[tools] && section.size > 0) {
      const bool automatic = caching_ == PromptCaching::automatic;
      if (automatic)
        for (const auto& border : section.early) add(border, usually_kept);
      for (const auto& border : section.late) add(border, automatic ? usually_kept : Duration{});
    }
    if (section.size == 0) continue;
    hash = mixed(hash, section.hash);
    size += section.size;
  }
  if (mark_of_all_ && !all.empty()) all.back().kept = *mark_of_all_;
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(a.tokens, -a.kept.count()) < std::pair(b.tokens, -b.kept.count());
  });
  all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.hash == b.hash; }),
            all.end());
  const bool writes = std::any_of(all.begin(), all.end(), [](const auto& prefix) { return prefix.kept > Duration{}; });
  return writes ? all : PromptPrefixes{};
}
}  // namespace hivemind
