// program_directory.h - the folder that hivemind-run itself is in: what it needs lies beside it.
#pragma once
#include <string>

namespace hivemind::run {
std::string program_directory();
}  // namespace hivemind::run
