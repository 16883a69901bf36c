#include "ctl/doctor.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>

#include "ctl/text_table.h"

namespace hivemind::ctl {
namespace {
namespace json = boost::json;
using Steady = std::chrono::steady_clock;
constexpr auto patience = std::chrono::seconds(30);
constexpr std::size_t most_output = 1 << 20;

// What a program beside us prints, or nothing when it cannot be run or takes too long.
std::string output_of(const std::string& name, const std::vector<std::string>& arguments) {
  std::error_code ec;
  const auto program = (std::filesystem::read_symlink("/proc/self/exe", ec).parent_path() / name).string();
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(program.c_str(), words.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  const auto until = Steady::now() + patience;
  for (std::array<char, 4096> bytes; text.size() < most_output;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Steady::now()).count();
    pollfd ready{ends[0], POLLIN, 0};
    if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) == 0) {
      if (child > 0) ::kill(child, SIGKILL);
      break;
    }
    const auto n = ::read(ends[0], bytes.data(), bytes.size());
    if (n <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  while (child > 0 && ::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return text;
}

json::object parse_answer(const std::string& text, const char* who) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  if (!ec && value.is_object() && value.get_object().contains("findings")) return std::move(value.get_object());
  return {{"findings", json::array{{{"check", who},
                                    {"state", "broken"},
                                    {"said", text.empty() ? std::string(who) + " beside hivemindctl cannot be asked"
                                                          : std::string(who) + " does not answer as it should"},
                                    {"remedy", "install or build all of HiveMind together"}}}}};
}

std::string text_of(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? printable(std::string_view(value->get_string())) : std::string();
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string program_text(const json::object& program) {
  std::string text = "\n" + text_of(program, "command") + "\n";
  if (const auto problem = text_of(program, "problem"); !problem.empty()) return text + "  " + problem + "\n";
  for (const auto& step : program.at("steps").as_array())
    text += "  " + printable(std::string_view(step.as_string())) + "\n";
  text += "  tier " + text_of(program, "tier") + ": " + text_of(program, "reason") + "\n";
  if (const auto why = text_of(program, "not_covered"); !why.empty()) text += "  NOT CAPTURED: " + why + "\n";
  const auto& uncovered = program.at("uncovered").as_array();
  if (!uncovered.empty()) text += "  stays uncaptured:\n";
  for (const auto& one : uncovered)
    text += "    " + text_of(one.as_object(), "what") + "\n      -> " + text_of(one.as_object(), "remedy") + "\n";
  return text;
}
}  // namespace

json::object diagnosis(const std::string& said_by_run, const std::string& said_by_daemon) {
  auto run = parse_answer(said_by_run, "hivemind-run"), daemon = parse_answer(said_by_daemon, "hivemindd");
  json::array findings = std::move(run.at("findings").as_array());
  for (auto& finding : daemon.at("findings").as_array()) findings.push_back(std::move(finding));
  bool good = std::none_of(findings.begin(), findings.end(), [](const json::value& finding) {
    return text_of(finding.as_object(), "state") == "broken";
  });
  json::value program = run.contains("program") ? std::move(run.at("program")) : json::value();
  if (const auto* about = program.if_object())
    good = good && !about->contains("problem") && text_of(*about, "not_covered").empty();
  return {{"good", good}, {"findings", std::move(findings)}, {"program", std::move(program)}};
}

json::object examine(const std::vector<std::string>& command) {
  std::vector<std::string> arguments{"--examine", "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  return diagnosis(output_of("hivemind-run", arguments), output_of("hivemindd", {"--examine"}));
}

std::string doctor_text(const json::object& diagnosis, bool styled) {
  std::string text;
  std::size_t broken = 0;
  for (const auto& value : diagnosis.at("findings").as_array()) {
    const auto& finding = value.as_object();
    const auto state = text_of(finding, "state"), remedy = text_of(finding, "remedy");
    const bool is_broken = state == "broken";
    broken += is_broken ? 1 : 0;
    const auto shown = padded(is_broken ? "BROKEN" : state == "note" ? "-" : state, 7);
    text += padded(text_of(finding, "check"), 13) + (styled && is_broken ? "\033[1;31m" + shown + "\033[0m" : shown) +
            " " + text_of(finding, "said") + "\n";
    if (!remedy.empty() && state != "ok") text += std::string(21, ' ') + "-> " + remedy + "\n";
  }
  if (const auto* program = diagnosis.at("program").if_object()) text += program_text(*program);
  const bool good = diagnosis.at("good").as_bool();
  const auto* about = diagnosis.at("program").if_object();
  const bool runs = !about || !about->contains("problem");
  text += broken != 0 ? "\n" + std::to_string(broken) + (broken == 1 ? " thing is" : " things are") + " broken\n"
          : good      ? "\nnothing is broken\n"
          : !runs     ? "\nnothing is broken, but there is no such command to run\n"
                      : "\nnothing is broken, but the command would not be captured\n";
  return text;
}
}  // namespace hivemind::ctl
