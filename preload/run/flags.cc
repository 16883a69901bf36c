#include "preload/run/flags.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include "preload/run/quantity.h"

namespace hivemind::run {
namespace {
using Text = const std::string&;

// Why a value is wrong, or empty.
std::string set_name(Flags& flags, Text value) {
  if (value.empty() || value.size() > sizeof(hm_hello::name) - 1) return "takes 1 to 63 bytes";
  if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return "takes no control characters";
  flags.name = value;
  return {};
}
std::string set_priority(Flags& flags, Text value) {
  constexpr std::array names{"critical", "high", "normal", "low"};
  const auto at = std::find(names.begin(), names.end(), std::string_view(value));
  if (at == names.end()) return "is critical, high, normal or low";
  flags.priority = static_cast<hm_priority>(at - names.begin());
  return {};
}
std::string set_weight(Flags& flags, Text value) {
  const auto weight = parse_weight_milli(value);
  if (!weight) return "is a share from 0.001 to 1000; 1 is the usual one";
  flags.weight_milli = *weight;
  return {};
}
std::string set_budget(Flags& flags, Text value) {
  const auto tokens = parse_tokens(value);
  if (!tokens) return "is a number of tokens such as 50000, 200k or 2M";
  flags.token_budget = *tokens;
  return {};
}
std::string set_deadline(Flags& flags, Text value) {
  flags.deadline_ms = parse_duration_ms(value);
  return flags.deadline_ms ? "" : "is a time such as 90s, 10m, 2h or 1h30m";
}
std::string set_capture(Flags& flags, Text value) {
  flags.capture = tier_named(value);
  return flags.capture || value == "auto" ? "" : "is auto, preload, seccomp, ebpf, proxy or none";
}
std::string set_fail(Flags& flags, Text value) {
  if (value != "open" && value != "closed") return "is open (run without HiveMind) or closed (refuse)";
  flags.fail_closed = value == "closed";
  return {};
}
std::string set_config(Flags& flags, Text value) {
  flags.config = value;
  return value.empty() ? "takes the path of a hivemind.toml" : "";
}

std::string set_tap(Flags& flags, Text value) {
  flags.tap = value;
  return value.empty() ? "takes the path of a file to write" : "";
}

struct Flag {
  const char* name;
  std::string (*set)(Flags&, Text);  // null: takes no value
  void (*raise)(Flags&);
};
constexpr std::array flag_table{
    Flag{"--name", set_name, nullptr},
    Flag{"--priority", set_priority, nullptr},
    Flag{"--weight", set_weight, nullptr},
    Flag{"--token-budget", set_budget, nullptr},
    Flag{"--deadline", set_deadline, nullptr},
    Flag{"--capture", set_capture, nullptr},
    Flag{"--fail", set_fail, nullptr},
    Flag{"--config", set_config, nullptr},
    Flag{"--tap", set_tap, nullptr},
    Flag{"--explain", nullptr, [](Flags& flags) { flags.explain = true; }},
    Flag{"--summary", nullptr, [](Flags& flags) { flags.summary = true; }},
    Flag{"--examine", nullptr, [](Flags& flags) { flags.ask = Flags::Ask::examine; }},
    Flag{"--help", nullptr, [](Flags& flags) { flags.ask = Flags::Ask::help; }},
    Flag{"--version", nullptr, [](Flags& flags) { flags.ask = Flags::Ask::version; }},
};

// Edits that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

std::string nearest_flag(std::string_view word) {
  const char* best = nullptr;
  std::size_t least = 3;  // further away is another word
  for (const auto& flag : flag_table) {
    const auto d = distance(word, flag.name);
    const bool begins = word.size() > 3 && std::string_view(flag.name).starts_with(word);
    if (d < least || (begins && !best)) {
      least = std::min(d, least);
      best = flag.name;
    }
  }
  return best ? best : "";
}

Problem unknown(const std::string& word) {
  const auto near = nearest_flag(word);
  return Problem{
      "unknown flag " + word +
      (near.empty() ? "; flags of CMD go after CMD, and --help lists ours" : "; did you mean " + near + "?")};
}
}  // namespace

Result<Flags> parse_flags(const std::vector<std::string>& arguments) {
  Flags flags;
  std::size_t i = 0;
  for (; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      ++i;
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') break;
    const auto equals = argument.find('=');
    const std::string word = argument == "-h" ? "--help" : argument.substr(0, equals);
    const auto flag = std::find_if(flag_table.begin(), flag_table.end(), [&](const Flag& f) { return word == f.name; });
    if (flag == flag_table.end()) return unknown(word);
    if (!flag->set) {
      if (equals != std::string::npos) return Problem{word + " takes no value"};
      flag->raise(flags);
      if (flags.ask == Flags::Ask::help || flags.ask == Flags::Ask::version) return flags;
      continue;
    }
    if (equals == std::string::npos && i + 1 == arguments.size()) return Problem{word + " needs a value"};
    const std::string value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    if (const auto wrong = flag->set(flags, value); !wrong.empty())
      return Problem{word + " " + wrong + ", not \"" + value + "\""};
  }
  flags.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
  if (flags.ask == Flags::Ask::examine && flags.command.empty()) return flags;
  if (flags.command.empty() || flags.command[0].empty())
    return Problem{"say which command to run, for example: hivemind-run claude"};
  return flags;
}

const char* const usage_text =
    R"(usage: hivemind-run [flags] [--] CMD ARGS...

Runs CMD with its LLM traffic scheduled by HiveMind, and ends as CMD ends.

  --name N            what to call the run (default: the command's name)
  --priority P        critical, high, normal (default) or low
  --weight W          share among runs of one priority, 0.001 to 1000 (default 1)
  --token-budget N    tokens the run may spend in all: 50000, 200k, 2M
  --deadline D        when the run should be done: 90s, 10m, 2h
  --capture TIER      auto (default), preload, seccomp, ebpf, proxy or none
  --fail open|closed  without HiveMind run CMD directly (default), or refuse
  --config F          hivemind.toml for a daemon that this run starts
  --explain           say what was captured, process by process, and why
  --tap FILE          record what its sockets did, as it saw them, as JSON lines (TLS payloads as ciphertext)
  --summary           at the end: requests, tokens, waiting, retries, errors
  --examine           run nothing: say as JSON what would happen here (`hivemindctl doctor` shows it)
  --help, --version

HIVEMIND_DISABLE=1 runs CMD as if hivemind-run were not there.
Exit status: CMD's own; 2 wrong flag, 125 refused (--fail closed), 126 CMD cannot run, 127 CMD not found.
)";
}  // namespace hivemind::run
