#define TOML_IMPLEMENTATION
#include "control/config_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "control/config_file.h"
#include "control/config_values.h"
#include "hivemind/token_table.h"

namespace hivemind {
namespace {

// A value as the user wrote it, for messages.
std::string shown(const toml::node& node) {
  if (const auto* text = node.as_string()) return '"' + text->get() + '"';
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) return (std::ostringstream() << number->get()).str();
  if (node.is_array()) return "a list";
  return node.is_table() ? "a table" : "a date or time";
}

std::string listed(const std::vector<std::string>& words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i)
    all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + ('"' + words[i] + '"');
  return all;
}

std::string shown(double number) { return (std::ostringstream() << number).str(); }
}  // namespace

void ConfigReader::fail(std::string_view key, const std::string& wrong) const {
  const toml::node* node = table_.get(key);
  const auto line = (node ? node->source() : table_.source()).begin.line;
  throw ConfigError(file_ + ":" + std::to_string(std::max<std::size_t>(line, 1)) + ": " + wrong);
}

void ConfigReader::reject(std::string_view key, const toml::node& node, const std::string& wanted) const {
  const auto line = node.source().begin.line;
  throw ConfigError(file_ + ":" + std::to_string(line) + ": " + prefix_ + std::string(key) + " is " + shown(node) +
                    "; write " + wanted);
}

const toml::node* ConfigReader::find(std::string_view key) {
  asked_.emplace_back(key);
  return table_.get(key);
}

void ConfigReader::flag(std::string_view key, bool& into) {
  const auto* node = find(key);
  if (!node) return;
  if (!node->is_boolean()) reject(key, *node, "true or false");
  into = node->as_boolean()->get();
}

void ConfigReader::text(std::string_view key, std::string& into) {
  const auto* node = find(key);
  if (!node) return;
  if (!node->is_string() || node->as_string()->get().empty()) reject(key, *node, "a text in quotes");
  into = node->as_string()->get();
}

void ConfigReader::texts(std::string_view key, std::vector<std::string>& into) {
  const auto* node = find(key);
  if (!node) return;
  const auto* list = node->as_array();
  if (!list) reject(key, *node, "a list of texts in quotes");
  into.clear();
  for (const auto& element : *list) {
    if (!element.is_string() || element.as_string()->get().empty()) reject(key, element, "a text in quotes");
    into.push_back(element.as_string()->get());
  }
}

void ConfigReader::choice(std::string_view key, std::string& into, const Choices& choices) {
  const auto* node = find(key);
  if (!node) return;
  const auto* word = node->as_string();
  if (!word || std::find(choices.begin(), choices.end(), word->get()) == choices.end())
    reject(key, *node, listed(choices));
  into = word->get();
}

std::string ConfigReader::one_host(std::string_view key, const toml::node& node, bool pattern) const {
  const auto* word = node.as_string();
  const auto parsed = word ? config_host(word->get(), pattern) : std::nullopt;
  if (!parsed)
    reject(key, node,
           pattern ? "a host name such as \"llm.example.com\" or \"*.example.com\", without scheme, port or path"
                   : "a host name or address such as \"127.0.0.1\", without scheme, port or path");
  return *parsed;
}

void ConfigReader::host(std::string_view key, std::string& into, bool pattern) {
  if (const auto* node = find(key)) into = one_host(key, *node, pattern);
}

void ConfigReader::hosts(std::string_view key, std::vector<std::string>& into) {
  const auto* node = find(key);
  if (!node) return;
  if (!node->is_array()) reject(key, *node, "a list such as [\"llm.example.com\", \"*.example.com\"]");
  into.clear();
  for (const auto& element : *node->as_array()) into.push_back(one_host(key, element, true));
}

std::uint16_t ConfigReader::one_port(std::string_view key, const toml::node& node) const {
  const auto* number = node.as_integer();
  if (!number || number->get() < 1 || number->get() > 65535) reject(key, node, "a port from 1 to 65535");
  return static_cast<std::uint16_t>(number->get());
}

void ConfigReader::port(std::string_view key, std::optional<std::uint16_t>& into) {
  if (const auto* node = find(key)) into = one_port(key, *node);
}

void ConfigReader::ports(std::string_view key, std::vector<std::uint16_t>& into) {
  const auto* node = find(key);
  if (!node) return;
  const std::string wanted = "a list of 1 to " + std::to_string(HM_PORT_COUNT) + " ports such as [443, 11434]";
  const auto* list = node->as_array();
  if (!list || list->empty()) reject(key, *node, wanted);
  into.clear();
  for (const auto& element : *list) {
    const auto number = one_port(key, element);
    if (std::find(into.begin(), into.end(), number) == into.end()) into.push_back(number);
  }
  if (into.size() > HM_PORT_COUNT) reject(key, *node, wanted);
}

void ConfigReader::readable_file(std::string_view key, std::string& into) {
  text(key, into);
  const auto* node = table_.get(key);
  if (!node) return;
  into = (std::filesystem::absolute(file_).parent_path() / into).lexically_normal();  // relative to the config file
  if (::access(into.c_str(), R_OK) != 0) {
    reject(key, *node, "the path of a PEM file that can be read (" + into + ": " + std::strerror(errno) + ")");
  }
}

void ConfigReader::duration(std::string_view key, Duration& into) {
  const auto* node = find(key);
  if (!node) return;
  const auto* word = node->as_string();
  const auto parsed = word ? config_duration(word->get()) : std::nullopt;
  if (!parsed || *parsed <= Duration::zero())
    reject(key, *node, "a duration above zero such as \"500ms\", \"6s\" or \"10m\"");
  into = *parsed;
}

void ConfigReader::size(std::string_view key, std::uint64_t& into) {
  const auto* node = find(key);
  if (!node) return;
  const auto* word = node->as_string();
  const auto parsed = word ? config_size(word->get()) : std::nullopt;
  if (!parsed || *parsed == 0) reject(key, *node, "a size such as \"512KiB\" or \"64MiB\"");
  into = *parsed;
}

void ConfigReader::real(std::string_view key, double& into, Range<double> range) {
  const auto* node = find(key);
  if (!node) return;
  const auto number = node->value<double>();
  if (!node->is_number() || !number || !(*number >= range.least && *number <= range.most)) {
    reject(key, *node, "a number from " + shown(range.least) + " to " + shown(range.most));
  }
  into = *number;
}

std::optional<std::int64_t> ConfigReader::read_integer(std::string_view key, Range<std::int64_t> range) {
  const auto* node = find(key);
  if (!node) return std::nullopt;
  const auto* number = node->as_integer();
  if (!number || number->get() < range.least || number->get() > range.most) {
    reject(key, *node, "a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most));
  }
  return number->get();
}

void ConfigReader::limit(std::string_view key, std::optional<std::int64_t>& into) {
  const auto* node = find(key);
  if (!node) return;
  const auto* word = node->as_string();
  const auto* number = node->as_integer();
  if (word && word->get() == "unlimited") {
    into.reset();
  } else if (number && number->get() > 0) {
    into = number->get();
  } else if (const auto count = word ? config_count(word->get()) : std::nullopt) {
    into = *count;
  } else {
    reject(key, *node, "a whole number above zero, such as 50000 or \"10M\", or \"unlimited\"");
  }
}

const toml::table* ConfigReader::section(std::string_view key) {
  const auto* node = find(key);
  if (node && !node->is_table()) reject(key, *node, "it as a section, [" + prefix_ + std::string(key) + "]");
  return node ? node->as_table() : nullptr;
}

std::vector<const toml::table*> ConfigReader::sections(std::string_view key) {
  std::vector<const toml::table*> all;
  const auto* node = find(key);
  if (!node) return all;
  const std::string wanted = "each as a section of its own, [[" + prefix_ + std::string(key) + "]]";
  if (!node->is_array()) reject(key, *node, wanted);
  for (const auto& element : *node->as_array()) {
    if (!element.is_table()) reject(key, element, wanted);
    all.push_back(element.as_table());
  }
  return all;
}

void ConfigReader::reject_unknown() const {
  for (const auto& [key, node] : table_) {
    if (std::find(asked_.begin(), asked_.end(), key.str()) != asked_.end()) continue;
    const auto near = nearest(key.str(), asked_);
    const auto line = std::max<std::size_t>(key.source().begin.line, node.source().begin.line);
    std::string message =
        file_ + ":" + std::to_string(line) + ": unknown key \"" + prefix_ + std::string(key.str()) + "\"; ";
    if (!near.empty()) message += "did you mean \"" + prefix_ + near + "\"? ";
    message += "Keys here: ";
    for (const auto& known : asked_) message += (known == asked_.front() ? "" : ", ") + known;
    message += " (" + std::string(listed_in_) + " says what they mean)";
    throw ConfigError(message);
  }
}
}  // namespace hivemind
