// options.h - the command line.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "tests/mock/simulator.h"

namespace hivemind::mock {

struct MakeCertificate {
  std::string directory;
  std::vector<std::string> names;
};
struct CommandLine {
  Options options;
  std::optional<MakeCertificate> make_certificate;
};
// nullopt: the process is to exit with `exit_status` (help, or a mistake that was explained on stderr).
std::optional<CommandLine> parse_command_line(int argc, char** argv, int& exit_status);
}  // namespace hivemind::mock
