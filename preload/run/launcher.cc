#include "preload/run/launcher.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace hivemind::run {
namespace {
constexpr int longest_chain = 8;

struct Launcher {
  std::string_view name;
  std::string_view with_value;  // its one-letter options that take a word
  std::size_t operands;         // its own words before the command
};
constexpr std::array launchers{
    Launcher{"env", "uCS", 0},     Launcher{"nohup", "", 0},     Launcher{"setsid", "", 0},
    Launcher{"nice", "n", 0},      Launcher{"timeout", "ks", 1}, Launcher{"stdbuf", "ioe", 0},
    Launcher{"ionice", "cntp", 0}, Launcher{"catchsegv", "", 0},
};

const Launcher* launcher_named(std::string_view command) {
  const auto name = command.substr(command.rfind('/') + 1);
  const auto* found = std::find_if(launchers.begin(), launchers.end(), [&](const auto& l) { return l.name == name; });
  return found == launchers.end() ? nullptr : found;
}

// As `env -S` parts a string: by blanks, with quotes and backslashes.
std::vector<std::string> split_string(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == '\0' && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
      if (in_word) words.push_back(std::move(word));
      word.clear();
      in_word = false;
      continue;
    }
    in_word = true;
    if (c == quote)
      quote = '\0';
    else if (quote == '\0' && (c == '\'' || c == '"'))
      quote = c;
    else if (c == '\\' && quote != '\'' && i + 1 < text.size())
      word += text[++i];
    else
      word += c;
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

// What stands behind `-S` or `--split-string` in word `i`; the value may be a word of its own.
std::optional<std::string> split_value(const std::vector<std::string>& words, std::size_t& i) {
  const std::string_view word = words[i];
  constexpr std::string_view long_form = "--split-string";
  if (word.starts_with(long_form) && word.size() > long_form.size())
    return std::string(word.substr(long_form.size() + 1));
  const bool short_form = word.size() > 1 && word[0] == '-' && word[1] != '-';
  const auto at = short_form ? word.find('S') : word.npos;
  if (at != word.npos && at + 1 < word.size()) return std::string(word.substr(at + 1));
  if ((at != word.npos || word == long_form) && i + 1 < words.size()) return words[++i];
  return {};
}

std::vector<std::string> rest(const std::vector<std::string>& words, std::size_t from) {
  if (from >= words.size()) return {};
  return {words.begin() + static_cast<std::ptrdiff_t>(from), words.end()};
}

std::vector<std::string> started_by(const Launcher& launcher, std::vector<std::string> words) {
  std::size_t i = 1, operands = launcher.operands;
  const bool is_env = launcher.name == "env";
  bool options = true;
  int splits = 0;
  while (i < words.size()) {
    const std::string_view word = words[i];
    const bool ends_options = options && word == "--";
    if (options && !ends_options && word.size() > 1 && word[0] == '-') {
      if (const auto value = is_env ? split_value(words, i) : std::nullopt) {
        if (++splits > longest_chain) return {};
        auto all = split_string(*value);  // in which options and assignments may stand, too
        const auto behind = rest(words, i + 1);
        all.insert(all.end(), behind.begin(), behind.end());
        words = std::move(all);
        i = 0;
        continue;
      }
      if (word.size() == 2 && launcher.with_value.find(word[1]) != launcher.with_value.npos) ++i;
    } else if (ends_options || (is_env && word.find('=') != word.npos)) {
      options = false;
    } else if (operands == 0) {
      break;
    } else {
      options = false;
      --operands;
    }
    ++i;
  }
  return rest(words, i);
}
}  // namespace

std::vector<std::string> without_launchers(std::vector<std::string> words) {
  for (int i = 0; i < longest_chain && !words.empty(); ++i) {
    const auto* launcher = launcher_named(words[0]);
    if (!launcher) break;
    words = started_by(*launcher, std::move(words));
  }
  return words;
}
}  // namespace hivemind::run
