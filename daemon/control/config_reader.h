// config_reader.h - one table of hivemind.toml, read key by key into the fields of Config.
// Invariant: a value reaches its field only after it was checked; the first mistake throws ConfigError with its line.
// ConfigReader and KeyLister have the same calls, so that one description of a table (config_file.cc) both reads it and
// names its keys.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/toml.h"
#include "core/time.h"

namespace hivemind {

template <class Number>
struct Range {
  Number least, most;
};
using Choices = std::vector<std::string>;

class ConfigReader {
public:
  // `prefix` is the table's own name in messages: "scheduler.", or empty for the file itself. `listed_in` is where a
  // user finds every key.
  ConfigReader(const toml::table& table, std::string prefix, const std::string& file,
               std::string_view listed_in = "examples/hivemind.toml")
      : table_(table), prefix_(std::move(prefix)), file_(file), listed_in_(listed_in) {}

  void flag(std::string_view key, bool& into);
  void text(std::string_view key, std::string& into);
  void texts(std::string_view key, std::vector<std::string>& into);
  void choice(std::string_view key, std::string& into, const Choices& choices);
  void host(std::string_view key, std::string& into, bool pattern);
  void hosts(std::string_view key, std::vector<std::string>& into);
  void port(std::string_view key, std::optional<std::uint16_t>& into);
  void ports(std::string_view key, std::vector<std::uint16_t>& into);
  void readable_file(std::string_view key, std::string& into);
  void duration(std::string_view key, Duration& into);  // longer than zero
  void size(std::string_view key, std::uint64_t& into);
  void real(std::string_view key, double& into, Range<double> range);
  template <class Integer>
  void integer(std::string_view key, Integer& into, Range<std::int64_t> range) {
    if (const auto value = read_integer(key, range)) into = static_cast<Integer>(*value);
  }
  // A positive number, or "unlimited".
  void limit(std::string_view key, std::optional<std::int64_t>& into);

  // The tables inside this one; absent: none.
  const toml::table* section(std::string_view key);
  std::vector<const toml::table*> sections(std::string_view key);  // [[key]]

  // Throws for the first key that nobody asked for.
  void reject_unknown() const;
  // Throws; with the line of `key`, or of the table when it has none.
  [[noreturn]] void fail(std::string_view key, const std::string& wrong) const;

private:
  const toml::node* find(std::string_view key);
  std::optional<std::int64_t> read_integer(std::string_view key, Range<std::int64_t> range);
  std::string one_host(std::string_view key, const toml::node& node, bool pattern) const;
  std::uint16_t one_port(std::string_view key, const toml::node& node) const;
  [[noreturn]] void reject(std::string_view key, const toml::node& node, const std::string& wanted) const;

  const toml::table& table_;
  std::string prefix_;
  const std::string& file_;
  std::string_view listed_in_;
  std::vector<std::string> asked_;
};

class KeyLister {
public:
  KeyLister(std::string prefix, std::vector<std::string>& keys) : prefix_(std::move(prefix)), keys_(keys) {}
  void flag(std::string_view key, bool&) { add(key); }
  void text(std::string_view key, std::string&) { add(key); }
  void texts(std::string_view key, std::vector<std::string>&) { add(key); }
  void choice(std::string_view key, std::string&, const Choices&) { add(key); }
  void host(std::string_view key, std::string&, bool) { add(key); }
  void hosts(std::string_view key, std::vector<std::string>&) { add(key); }
  void port(std::string_view key, std::optional<std::uint16_t>&) { add(key); }
  void ports(std::string_view key, std::vector<std::uint16_t>&) { add(key); }
  void readable_file(std::string_view key, std::string&) { add(key); }
  void duration(std::string_view key, Duration&) { add(key); }
  void size(std::string_view key, std::uint64_t&) { add(key); }
  void real(std::string_view key, double&, Range<double>) { add(key); }
  void integer(std::string_view key, auto&, Range<std::int64_t>) { add(key); }
  void limit(std::string_view key, std::optional<std::int64_t>&) { add(key); }

private:
  void add(std::string_view key) { keys_.push_back(prefix_ + std::string(key)); }
  std::string prefix_;
  std::vector<std::string>& keys_;
};
}  // namespace hivemind
